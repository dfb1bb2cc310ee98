"""The seller has a history: people judged earlier offers of this seller infringing, or innocent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.items import Finding, Listing, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher

MIN_VERDICTS = 2  # needed for a history
PRIOR_VERDICTS = 1  # of either kind, added to every seller's verdicts, so that two verdicts count less than twenty
HISTORY_REPEAT = Ground(
    "history_repeat",
    Polarity.FOR,
    2.0,
    en="people judged {infringing} offers of {theirs} infringing and {innocent} not",
    zh="{theirs}有 {infringing} 个商品被判侵权，{innocent} 个被判不侵权",
)
HISTORY_CLEAN = Ground(
    "history_clean",
    Polarity.AGAINST,
    -1.5,
    en="people judged {innocent} offers of {theirs} innocent and {infringing} infringing",
    zh="{theirs}有 {innocent} 个商品被判不侵权，{infringing} 个被判侵权",
)


class Matcher(OffenceMatcher):
    """The verdicts about a seller, from the context."""

    name = "history"
    grounds = (HISTORY_REPEAT, HISTORY_CLEAN)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding, by the share of the seller's judged offers that are infringing."""
        seller = listing.seller_id or listing.seller
        record = context.sellers.get((listing.platform, seller)) if seller else None
        if record is None or record.infringing + record.innocent < MIN_VERDICTS:
            return
        values: dict[str, Any] = {"infringing": record.infringing, "innocent": record.innocent}
        values["theirs"] = listing.seller or seller or ""
        share = (record.infringing + PRIOR_VERDICTS) / (record.infringing + record.innocent + 2 * PRIOR_VERDICTS)
        if record.infringing >= record.innocent:
            yield make_finding(self.name, context, work, HISTORY_REPEAT, share, **values)
        else:
            yield make_finding(self.name, context, work, HISTORY_CLEAN, 1 - share, **values)
