"""A listing against all works: every way of recognising is asked once, every ground for the works in question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from crawler.items import Assessment, Finding, Listing, Work
from matchers import Context, Identifies, ReadsAhead, modules
from matchers.offers.nature import nature
from matchers.offers.rest import rest
from matchers.weigh import CONSIDERED, considered, weigh

WORTH_JUDGING = 0.2  # identity without what speaks against it; below, the work is rejected whatever the offer says

_Judge = Callable[[Listing, Work, Context], Iterable[Finding]]


class Assessor:
    """All matchers over one registry. Built once; `assess` changes nothing and may be called from any thread.

    Works whose findings for an identity, whatever speaks against them, come to less than `least` are no candidates.
    """

    def __init__(self, works: Sequence[Work], least: float = CONSIDERED) -> None:
        self._least = least
        self._works = {work.id: work for work in works}
        self._matchers: list[Identifies] = [module.Matcher(works) for module in modules("matchers.identity")]
        self._judges = [cast(_Judge, module.judge) for module in modules("matchers.offence")]

    def assess(self, listing: Listing, context: Context) -> tuple[Assessment, ...]:
        """An assessment for each work that comes into question, the surest identity first; () where none does."""
        by_work: dict[str, list[Finding]] = {}
        for matcher in self._matchers:
            for finding in matcher.find(listing, context):
                by_work.setdefault(finding.work_id, []).append(finding)
        found = [
            self._weighed(listing, work_id, findings, context)
            for work_id, findings in by_work.items()
            if considered(findings) >= self._least
        ]
        return tuple(sorted(found, key=lambda one: (-one.identity, -one.offence, one.work_id)))

    def warm(self, listings: Iterable[Listing]) -> None:
        """Tells the matchers which listings are asked about next; changes no answer, only the time it takes."""
        listings = list(listings)
        for matcher in self._matchers:
            if isinstance(matcher, ReadsAhead):
                matcher.warm(listings)

    def _weighed(self, listing: Listing, work_id: str, findings: list[Finding], context: Context) -> Assessment:
        work = self._works[work_id]
        helped = rest(listing, work, findings, context)
        about = [*findings, helped] if helped else findings
        grounds = self._grounds(listing, work, about, context)
        return weigh(work_id, [*about, *grounds], listing.kind.value, nature(work).value, context.weights)

    def _grounds(self, listing: Listing, work: Work, findings: Sequence[Finding], context: Context) -> list[Finding]:
        if considered(findings) < WORTH_JUDGING:
            return []
        return [ground for judge in self._judges for ground in judge(listing, work, context)]


CLOSE = 1e-6  # probabilities nearer than this are the same


def differs(stored: Mapping[str, tuple[str, float, float]], found: Iterable[Assessment]) -> bool:
    """Whether a decision or a probability is another than the stored one: work -> (decision, identity, offence)."""
    now = {part.work_id: (part.decision.value, part.identity, part.offence) for part in found}
    if now.keys() != stored.keys():
        return True
    pairs = [(stored[work], now[work]) for work in now]
    return any(old[0] != new[0] or abs(old[1] - new[1]) > CLOSE or abs(old[2] - new[2]) > CLOSE for old, new in pairs)
