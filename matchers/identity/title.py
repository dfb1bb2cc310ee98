"""The listing's title spells a registered name; so, more weakly, does its free text.

Names of one or two characters need a second reason: a fuzzy ratio over two characters is a coin toss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.items import Finding, Listing, Polarity, Work
from matchers import Context
from matchers.reasons import identified
from matchers.titles import Candidate, engine_of

NAME = "title"
MOST = 0.985  # of what text alone says: it is never surer, as 97 titles of one list of books cover 212 works
IN_TEXT = 0.55  # estimate: names in free text are often mentioned, not offered
TEXT_UNITS = 3.0  # shorter names are not sought in free text


class Matcher:
    """All names of all works, asked with title and text."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = engine_of(works)

    def warm(self, listings: Sequence[Listing]) -> None:
        """Looks up all titles at once."""
        self._engine.warm((listing.title, listing) for listing in listings)

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """A finding for each work named, and one against for each thing that makes it another work."""
        seen: set[int] = set()
        for candidate in sorted(self._engine.find((listing.title, listing.text), listing), key=lambda one: one.text):
            if candidate.work in seen or (candidate.text and candidate.name.units < TEXT_UNITS):
                continue
            seen.add(candidate.work)
            yield from self._findings(candidate, context)

    def _findings(self, candidate: Candidate, context: Context) -> Iterator[Finding]:
        work = self._engine.works[candidate.work]
        chance = MOST * candidate.probability * (IN_TEXT if candidate.text else 1.0)
        second = [candidate.mentions.creator, candidate.mentions.publisher, candidate.mentions.year]
        reasons = ", ".join(str(reason) for reason in second if reason)
        key = _key(candidate) + ("_reasoned" if reasons else "")
        yield identified(
            NAME, context, work, key, chance, ours=candidate.name.spelled, theirs=candidate.quote, reasons=reasons
        )
        if candidate.rivals:
            yield identified(
                NAME,
                context,
                work,
                "title_shared",
                0.0,
                polarity=Polarity.AGAINST,
                ours=candidate.name.spelled,
                theirs=candidate.quote,
                count=candidate.rivals,
            )
        for veto in candidate.vetoes:
            yield identified(
                NAME,
                context,
                work,
                f"veto_{veto.kind}",
                veto.probability,
                polarity=Polarity.AGAINST,
                ours=veto.ours,
                theirs=veto.theirs,
            )


def _key(candidate: Candidate) -> str:
    if candidate.text:
        return "title_in_text"
    if candidate.channel != "spelled":
        return f"title_{candidate.channel}"
    if candidate.by_sound:
        return "title_sound"
    return "title_error" if candidate.errors else "title_exact"
