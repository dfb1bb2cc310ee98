"""The listing's title contains a registered name, or its free text does, which counts less.

Names of one or two characters need a second reason: the similarity of two characters says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from crawler.items import Finding, Listing, Work
from matchers.matcher import Candidates, Context, IdentityMatcher
from matchers.stated_creators import with_stated_creators
from matchers.title_findings import title_findings
from matchers.title_grounds import TITLE_GROUNDS, TITLE_MATCHER
from matchers.titles import open_title_matcher, title_matcher_for
from matchers.titles.index.build import works_digest

MAX_PREFETCHED_CHARS = 2_000  # characters of a description that is looked up with others; longer ones gain little


class Matcher(IdentityMatcher):
    """All names of all works, looked up in title and text."""

    name = TITLE_MATCHER
    grounds = TITLE_GROUNDS

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = title_matcher_for(works)

    def prefetch(self, batch: Sequence[tuple[Listing, Candidates]], context: Context) -> None:
        """Look up all titles at once."""
        stating = [with_stated_creators(listing) for listing, _ in batch]
        descriptions = [listing.text for listing in stating if len(listing.text) <= MAX_PREFETCHED_CHARS]
        self._engine.prefetch([(listing.title, listing) for listing in stating], descriptions)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """A finding for each work named, and one against it for each contradiction."""
        yield from title_findings(self._engine, listing)

    @classmethod
    def open_index(cls, works: Sequence[Work], folder: Path) -> str:
        """Open, extend or build the index of all names, which every matcher of names shares."""
        return open_title_matcher(works, folder)

    @classmethod
    def index_digest(cls, works: Sequence[Work]) -> str:
        """A digest of all names."""
        return works_digest(works)
