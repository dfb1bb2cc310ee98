"""The work is in a public share of a cloud drive: the listing is one, or links to one.

A share infringes without a price or any words.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher

SHARE_PROBABILITY = 0.95  # estimates: public shares of a registered work rarely have a licence
LINK_PROBABILITY = 0.92
FILE_PROBABILITY = 0.85  # a file beside a page's words about the work: mostly the work, else a sample or a patch
GROUP_LINK_PROBABILITY = 0.6  # a channel or group of a messenger: its contents are unknown
MAX_QUOTED_LINKS = 3  # links in one reason
SHARE_IS = Ground("share_is", Polarity.FOR, 3.0)
SHARE_LINK = Ground("share_link", Polarity.FOR, 4.5)
SHARE_FILE = Ground("share_file", Polarity.FOR, 3.0)


class Matcher(OffenceMatcher):
    """Shares, links to them, and files that a page hands out itself."""

    name = "share"
    grounds = (SHARE_IS, SHARE_LINK, SHARE_FILE)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding."""
        if listing.kind is ListingKind.SHARE:
            yield make_finding(self.name, work, SHARE_IS, SHARE_PROBABILITY, theirs=listing.url)
        elif listing.links:
            is_group = all(link.platform == "telegram" for link in listing.links)
            yield make_finding(
                self.name,
                work,
                SHARE_LINK,
                GROUP_LINK_PROBABILITY if is_group else LINK_PROBABILITY,
                theirs="、".join(link.url for link in listing.links[:MAX_QUOTED_LINKS]),
                count=len(listing.links),
            )
        elif listing.kind is ListingKind.POST and listing.whole and listing.files:
            names = "、".join(file.name for file in listing.files[:MAX_QUOTED_LINKS])
            yield make_finding(self.name, work, SHARE_FILE, FILE_PROBABILITY, theirs=names)
