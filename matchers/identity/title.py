"""The listing's title spells a registered name; so, more weakly, does its free text.

Names of one or two characters need a second reason: a fuzzy ratio over two characters is a coin toss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.items import Finding, Listing, Polarity, Work
from matchers.findings import identity_finding
from matchers.matcher import Context
from matchers.titles import Candidate, title_matcher_for

NAME = "title"
MAX_TITLE_PROBABILITY = (
    0.985  # of what text alone says: it is never surer, as 97 titles of one list of books cover 212 works
)
TEXT_FACTOR = 0.55  # estimate: names in free text are often mentioned, not offered
MIN_TEXT_HAN_EQUIVALENTS = 3.0  # shorter names are not sought in free text


class Matcher:
    """All names of all works, asked with title and text."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = title_matcher_for(works)

    def prefetch(self, listings: Sequence[Listing]) -> None:
        """Looks up all titles at once."""
        self._engine.prefetch((listing.title, listing) for listing in listings)

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """A finding for each work named, and one against for each thing that makes it another work."""
        seen: set[int] = set()
        for candidate in sorted(
            self._engine.find((listing.title, listing.text), listing), key=lambda match: match.text_index
        ):
            if candidate.work_index in seen or (
                candidate.text_index and candidate.name.han_equivalents < MIN_TEXT_HAN_EQUIVALENTS
            ):
                continue
            seen.add(candidate.work_index)
            yield from self._findings(candidate, context)

    def _findings(self, candidate: Candidate, context: Context) -> Iterator[Finding]:
        work = self._engine.works[candidate.work_index]
        chance = MAX_TITLE_PROBABILITY * candidate.probability * (TEXT_FACTOR if candidate.text_index else 1.0)
        corroborations = [
            candidate.corroboration.creator,
            candidate.corroboration.publisher,
            candidate.corroboration.year,
        ]
        reasons = ", ".join(str(reason) for reason in corroborations if reason)
        key = _ground_key(candidate) + ("_reasoned" if reasons else "")
        yield identity_finding(
            NAME, context, work, key, chance, ours=candidate.name.spelled, theirs=candidate.quote, reasons=reasons
        )
        if candidate.rival_count:
            yield identity_finding(
                NAME,
                context,
                work,
                "title_shared",
                0.0,
                polarity=Polarity.AGAINST,
                ours=candidate.name.spelled,
                theirs=candidate.quote,
                count=candidate.rival_count,
            )
        for veto in candidate.contradictions:
            yield identity_finding(
                NAME,
                context,
                work,
                f"veto_{veto.kind}",
                veto.probability,
                polarity=Polarity.AGAINST,
                ours=veto.ours,
                theirs=veto.theirs,
            )


def _ground_key(candidate: Candidate) -> str:
    if candidate.text_index:
        return "title_in_text"
    if candidate.channel != "spelled":
        return f"title_{candidate.channel}"
    if candidate.is_homophone:
        return "title_sound"
    return "title_error" if candidate.edits else "title_exact"
