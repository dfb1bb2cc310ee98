"""The title names the work without its edition, version, year or article: "Organic Chemistry 3e", CadForge for
CadForge Pro 2026.

Names that end in such a mark are registered whole, sellers write the mark otherwise or not at all. So the bare name is
sought, and the marks are compared: the same one, none, or another one, which speaks against the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.items import Finding, Listing, Polarity, Work
from matchers.findings import identity_finding
from matchers.matcher import Context
from matchers.titles import Candidate, title_matcher_for
from matchers.titles.title_names import EditionMark, stated_numbers, strip_mark

NAME = "edition"
# What is left of the engine's chance for the bare name. Estimates; over all title sets 1,323 pairs with such a finding
# were stated .98 on average and .97 were right.
SAME_EDITION_FACTOR, UNSTATED_EDITION_FACTOR, ARTICLE_FACTOR = 0.97, 0.85, 0.97
OTHER_EDITION_PROBABILITY = 0.93  # another edition is another book to whoever registered this one
NUMBER_VETO_KINDS = frozenset(
    {"other_number", "sequel", "volume"}
)  # vetoes that only read the number of the same edition
MIN_BARE_PROBABILITY = 0.5  # chance of the bare name; below it the title says something else


class Matcher:
    """The bare names of the works that have one."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = title_matcher_for(works)

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """At most one finding a work."""
        for candidate in self._engine.find_bare(listing.title, listing):
            work = self._engine.works[candidate.work_index]
            bare_name = strip_mark(work.title)
            if bare_name and candidate.probability >= MIN_BARE_PROBABILITY:
                yield from _edition_findings(candidate, work, bare_name[1], listing.title, context)


def _edition_findings(
    candidate: Candidate, work: Work, mark: EditionMark, title: str, context: Context
) -> Iterator[Finding]:
    numbers = stated_numbers(mark, title)
    if numbers and mark.value not in numbers:
        yield identity_finding(
            NAME,
            context,
            work,
            "edition_other",
            OTHER_EDITION_PROBABILITY,
            polarity=Polarity.AGAINST,
            ours=work.title,
            theirs=title,
        )
        return
    if any(veto.kind not in NUMBER_VETO_KINDS or not numbers for veto in candidate.contradictions):
        return
    factor = ARTICLE_FACTOR if mark.kind == "article" else SAME_EDITION_FACTOR if numbers else UNSTATED_EDITION_FACTOR
    key = "edition_article" if mark.kind == "article" else "edition_same" if numbers else "edition_unstated"
    yield identity_finding(
        NAME, context, work, key, candidate.probability * factor, ours=work.title, theirs=candidate.quote
    )
