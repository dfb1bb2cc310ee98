"""A listing against all works: every way of recognising is asked once, every ground for the works in question.

What was found once can be decided again without looking for works anew: `again` keeps the findings for the identity and
asks the grounds, when a licence's term, a rule, a weight or a price has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import cast

from attrs import evolve, frozen

from crawler.items import Assessment, Decision, Finding, Listing, Question, Work
from matchers import Context, Identifies, ReadsAhead, modules
from matchers.harm import harm
from matchers.identity import title
from matchers.offers.nature import nature
from matchers.offers.rest import NAMED, is_weak, rest, without_signs
from matchers.weigh import CONSIDERED, considered, weigh

WORTH_JUDGING = 0.2  # identity without what speaks against it; below, the work is rejected whatever the offer says

_Judge = Callable[[Listing, Work, Context], Iterable[Finding]]


@frozen(kw_only=True)
class _Found:
    """The findings for an identity by work, and the listing to ask about once more, without sellers' words."""

    by_work: dict[str, list[Finding]]
    plain: Listing | None


class Assessor:
    """All matchers over one registry. Built once; `assess` changes nothing and may be called from any thread.

    Works whose findings for an identity, whatever speaks against them, come to less than `least` are no candidates.
    """

    def __init__(self, works: Sequence[Work], least: float = CONSIDERED) -> None:
        self._least = least
        self._works = {work.id: work for work in works}
        self._matchers: list[Identifies] = [module.Matcher(works) for module in modules("matchers.identity")]
        self._titles = next(matcher for matcher in self._matchers if isinstance(matcher, title.Matcher))

    def assess(self, listing: Listing, context: Context) -> tuple[Assessment, ...]:
        """An assessment for each work that comes into question, the surest identity first; () where none does."""
        return self._assessed(listing, self._found(listing, context), context)

    def assess_all(self, listings: Sequence[Listing], context: Context) -> list[tuple[Assessment, ...]]:
        """The same for each of many listings, whose titles are looked up together: a batch costs little more than one
        listing.
        """
        self.warm(listings)
        found = [self._found(listing, context) for listing in listings]
        self._titles.warm([each.plain for each in found if each.plain])
        return [self._assessed(listing, each, context) for listing, each in zip(listings, found, strict=True)]

    def considering(self, listings: Sequence[Listing], context: Context) -> list[bool]:
        """Whether any work comes into question, for each listing; no ground is asked."""
        self.warm(listings)
        found = [self._found(listing, context) for listing in listings]
        known = [self._any(each.by_work) for each in found]
        self._titles.warm([each.plain for each, sure in zip(found, known, strict=True) if each.plain and not sure])
        return [
            sure or self._any(self._plainly(each, context) | each.by_work)
            for each, sure in zip(found, known, strict=True)
        ]

    def _any(self, by_work: Mapping[str, list[Finding]]) -> bool:
        return any(considered(findings) >= self._least for findings in by_work.values())

    def warm(self, listings: Iterable[Listing]) -> None:
        """Tells the matchers which listings are asked about next; changes no answer, only the time it takes."""
        listings = list(listings)
        for matcher in self._matchers:
            if isinstance(matcher, ReadsAhead):
                matcher.warm(listings)

    def _found(self, listing: Listing, context: Context) -> _Found:
        """What every way of recognising says."""
        by_work: dict[str, list[Finding]] = {}
        for matcher in self._matchers:
            for finding in matcher.find(listing, context):
                by_work.setdefault(finding.work_id, []).append(finding)
        return _Found(by_work=by_work, plain=_without_sellers_words(listing, by_work, context) if by_work else None)

    def _plainly(self, found: _Found, context: Context) -> dict[str, list[Finding]]:
        """What the title says of works without sellers' words."""
        by_work: dict[str, list[Finding]] = {}
        for finding in self._titles.find(found.plain, context) if found.plain else ():
            by_work.setdefault(finding.work_id, []).append(finding)
        return by_work

    def _assessed(self, listing: Listing, found: _Found, context: Context) -> tuple[Assessment, ...]:
        if not found.by_work:
            return ()
        plainly = self._plainly(found, context)
        assessed = []
        for work_id, findings in (plainly | found.by_work).items():
            if considered(findings) >= self._least:
                work = self._works[work_id]
                said = rest(listing, work, found.by_work.get(work_id, []), plainly.get(work_id, []), context)
                assessed.append(again(listing, work, said, context))
        return tuple(sorted(assessed, key=lambda one: (-one.identity, -one.offence, one.work_id)))


def _without_sellers_words(listing: Listing, by_work: Mapping[str, list[Finding]], context: Context) -> Listing | None:
    """The listing with its title alone, bare of sellers' words; None where that names no work, or says enough."""
    weak = [findings for findings in by_work.values() if is_weak(findings, context)]
    if not weak:
        return None
    plain = without_signs(listing, [one.theirs for findings in weak for one in findings if one.ground in NAMED])
    return None if plain == listing.title else evolve(listing, title=plain, text="")


def again(listing: Listing, work: Work, findings: Sequence[Finding], context: Context) -> Assessment:
    """The assessment of a work by what was found for its identity and what the grounds say now."""
    about = [one for one in findings if one.question is Question.IDENTITY]
    grounds = [] if considered(about) < WORTH_JUDGING else _grounds(listing, work, context)
    found = weigh(work.id, [*about, *grounds], listing.kind.value, nature(work).value, context.weights)
    if work.id in context.quarantined and found.decision is Decision.HIT:
        found = evolve(found, decision=Decision.REVIEW)
    return evolve(found, harm=harm(found.identity, found.offence, listing, work))


def _grounds(listing: Listing, work: Work, context: Context) -> list[Finding]:
    return [ground for judge in _judges() for ground in judge(listing, work, context)]


@cache
def _judges() -> tuple[_Judge, ...]:
    return tuple(cast(_Judge, module.judge) for module in modules("matchers.offence"))


CLOSE = 1e-6  # probabilities nearer than this are the same


def differs(stored: Mapping[str, tuple[str, float, float]], found: Iterable[Assessment]) -> bool:
    """Whether a decision or a probability is another than the stored one: work -> (decision, identity, offence)."""
    now = {part.work_id: (part.decision.value, part.identity, part.offence) for part in found}
    if now.keys() != stored.keys():
        return True
    pairs = [(stored[work], now[work]) for work in now]
    return any(old[0] != new[0] or abs(old[1] - new[1]) > CLOSE or abs(old[2] - new[2]) > CLOSE for old, new in pairs)
