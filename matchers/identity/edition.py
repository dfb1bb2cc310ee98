"""The title names the work without its edition, version, year or article: "Organic Chemistry 3e", CadForge for
CadForge Pro 2026.

Names that end in such a mark are registered whole, but sellers write the mark differently or not at all. So the bare
name is searched for, and the marks are compared: the same one, none, or another one, which speaks against the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.items import Finding, Listing, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Candidates, Context, Ground, IdentityMatcher
from matchers.titles import Candidate, title_matcher_for
from matchers.titles.title_names import EditionMark, stated_numbers, strip_mark

# Share of the engine's probability for the bare name that is kept. Estimates; over all title sets 1,323 pairs with such
# a finding were stated .98 on average and .97 were right.
SAME_EDITION_FACTOR, UNSTATED_EDITION_FACTOR, ARTICLE_FACTOR = 0.97, 0.85, 0.97
OTHER_EDITION_PROBABILITY = 0.93  # another edition is another book to whoever registered this one
# Contradictions that only read the number of the same edition.
NUMBER_VETO_KINDS = frozenset({"other_number", "sequel", "volume"})
MIN_BARE_PROBABILITY = 0.5  # probability of the bare name; below it the title means something else
EDITION_SAME = Ground("edition_same", Polarity.FOR, None)
EDITION_UNSTATED = Ground("edition_unstated", Polarity.FOR, None)
EDITION_ARTICLE = Ground("edition_article", Polarity.FOR, None)
EDITION_OTHER = Ground("edition_other", Polarity.AGAINST, None)


class Matcher(IdentityMatcher):
    """The bare names of the works that have one."""

    name = "edition"
    grounds = (EDITION_SAME, EDITION_UNSTATED, EDITION_ARTICLE, EDITION_OTHER)

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = title_matcher_for(works)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """At most one finding for a work."""
        for candidate in self._engine.find_bare(listing.title, listing):
            work = self._engine.works[candidate.work_index]
            bare_name = strip_mark(work.title)
            if bare_name and candidate.probability >= MIN_BARE_PROBABILITY:
                yield from self._compare_editions(candidate, work, bare_name[1], listing.title)

    def _compare_editions(self, candidate: Candidate, work: Work, mark: EditionMark, title: str) -> Iterator[Finding]:
        numbers = stated_numbers(mark, title)
        if numbers and mark.value not in numbers:
            yield make_finding(self.name, work, EDITION_OTHER, OTHER_EDITION_PROBABILITY, ours=work.title, theirs=title)
            return
        if any(veto.kind not in NUMBER_VETO_KINDS or not numbers for veto in candidate.contradictions):
            return
        if mark.kind == "article":
            ground, factor = EDITION_ARTICLE, ARTICLE_FACTOR
        else:
            ground, factor = (
                (EDITION_SAME, SAME_EDITION_FACTOR) if numbers else (EDITION_UNSTATED, UNSTATED_EDITION_FACTOR)
            )
        probability = candidate.probability * factor
        yield make_finding(self.name, work, ground, probability, ours=work.title, theirs=candidate.quote)
