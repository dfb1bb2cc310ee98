"""The title names the work without its edition, version, year or article: "Organic Chemistry 3e", CadForge for
CadForge Pro 2026.

Names that end in such a mark are registered whole, sellers write the mark otherwise or not at all. So the bare name is
sought, and the marks are compared: the same one, none, or another one, which speaks against the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.items import Finding, Listing, Polarity, Work
from matchers import Context
from matchers.reasons import identified
from matchers.titles import Candidate, engine_of
from matchers.titles.editions import Mark, bare, stated

NAME = "edition"
# What is left of the engine's chance for the bare name. Estimates; over all title sets 1,323 pairs with such a finding
# were stated .98 on average and .97 were right.
SAME, UNSTATED, ARTICLE = 0.97, 0.85, 0.97
OTHER = 0.93  # another edition is another book to whoever registered this one
COUNTED = frozenset({"other_number", "sequel", "volume"})  # vetoes that only read the number of the same edition
LEAST = 0.5  # chance of the bare name; below it the title says something else


class Matcher:
    """The bare names of the works that have one."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = engine_of(works)

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """At most one finding a work."""
        for candidate in self._engine.bare(listing.title, listing):
            work = self._engine.works[candidate.work]
            found = bare(work.title)
            if found and candidate.probability >= LEAST:
                yield from _findings(candidate, work, found[1], listing.title, context)


def _findings(candidate: Candidate, work: Work, mark: Mark, title: str, context: Context) -> Iterator[Finding]:
    numbers = stated(mark, title)
    if numbers and mark.value not in numbers:
        yield identified(
            NAME,
            context,
            work,
            "edition_other",
            OTHER,
            polarity=Polarity.AGAINST,
            ours=work.title,
            theirs=title,
        )
        return
    if any(veto.kind not in COUNTED or not numbers for veto in candidate.vetoes):
        return
    left = ARTICLE if mark.kind == "article" else SAME if numbers else UNSTATED
    key = "edition_article" if mark.kind == "article" else "edition_same" if numbers else "edition_unstated"
    yield identified(NAME, context, work, key, candidate.probability * left, ours=work.title, theirs=candidate.quote)
