"""Explains one hit: which work and why, what is wrong with the offer, how sure, and what would change the decision.

An explanation is a value without language or layout: `hits show` writes it as lines (`explanation_text`), the report as
a card.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from attrs import Factory, frozen

from crawler.items import Decision, Finding, Hit, Judgement, Picture, Polarity, Question, ShareCheck, ShareLink, Work
from crawler.store import Store
from matchers.decision import ACCUSED_GROUND, LICENCE_MATCHER, Term, calibrated_probability, offence_terms
from matchers.signals.work_type import work_type
from matchers.weights import Bounds, Weights, default_weights
from screening.match_context import current_weights

MAX_NEEDED_OFFENCE = 0.98  # the highest probability of infringing that a hit can need
MIN_DIVISOR_IDENTITY = 0.01  # a lower identity counts as this one, as the chance is divided by it


@frozen(kw_only=True)
class WeightedGround:
    """A line of the sum, and the strongest finding of its ground."""

    term: Term
    finding: Finding


@frozen(kw_only=True)
class Change:
    """A single change that would change the decision: a message key with its values, and the finding in question."""

    key: str
    values: Mapping[str, str] = Factory(dict)
    finding: Finding | None = None


@frozen(kw_only=True)
class ExplainedShare:
    """A share link of the listing, its last known state, and all checks of it, oldest first."""

    link: ShareLink
    state: str
    checks: tuple[ShareCheck, ...] = ()


@frozen(kw_only=True)
class Explanation:
    """A hit with its work, the reasons for its decision, the checks of its shares, and its judgements."""

    hit: Hit
    work: Work
    weights: Weights = Factory(default_weights)
    share_checks: tuple[ShareCheck, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    quarantine_reason: str = ""  # why the work is held for people to look at

    @property
    def channel(self) -> str:
        """The kind of listing, which decides where the sum starts."""
        return self.hit.listing.kind.value

    @property
    def bounds(self) -> Bounds:
        """The bounds of the decision for this kind of listing and work."""
        return self.weights.bounds_of(self.channel, work_type(self.work).value)

    def findings(self, question: Question | str) -> tuple[Finding, ...]:
        """The findings that answer one question, the strongest first."""
        answers = (finding for finding in self.hit.findings if finding.question is Question(question))
        return tuple(sorted(answers, key=lambda finding: -finding.probability))

    def identity_reasons(self) -> Iterator[tuple[Finding, float]]:
        """Yield the findings on the identity, each with its calibrated probability."""
        for finding in self.findings(Question.IDENTITY):
            is_for = finding.polarity is Polarity.FOR
            yield finding, calibrated_probability(finding, self.weights) if is_for else finding.probability

    def offence_terms(self) -> list[Term]:
        """The terms of the sum: the start of the channel, then one term for each ground."""
        return offence_terms(self.hit.findings, self.channel, self.weights)

    def weighted_grounds(self) -> list[WeightedGround]:
        """The grounds of the sum, heaviest first."""
        strongest = self._strongest_by_ground()
        terms = sorted(self.offence_terms()[1:], key=lambda term: -abs(term.contribution))
        return [WeightedGround(term=term, finding=strongest[term.ground]) for term in terms]

    def changes(self) -> Iterator[Change]:
        """Yield the single changes that would change the decision."""
        licence = self._licence()
        if licence is not None and self.hit.decision is Decision.LICENSED:
            yield Change(key="told_change_licence", finding=licence)
            return
        verdict = next((finding for finding in self.hit.findings if finding.ground == ACCUSED_GROUND), None)
        if verdict is not None:
            yield Change(key="told_change_ground", finding=verdict)
            return
        hit, bounds, terms = self.hit, self.bounds, self.offence_terms()
        total = sum(term.contribution for term in terms)
        needed = _needed_log_odds(hit, bounds)
        yield from self._decisive_grounds(terms, total, needed)
        if hit.decision is Decision.HIT:
            yield Change(key="told_change_new_licence", values={"id": hit.id})
        elif hit.identity < bounds.identity:
            yield Change(key="told_change_identity", values={"least": f"{bounds.identity:.2f}"})
        elif total < needed:
            yield Change(key="told_change_more", values={"points": f"{needed - total:.2f}"})

    def shares(self) -> tuple[ExplainedShare, ...]:
        """The share links of the listing; the state is "unknown" if none is stored."""
        links = self.hit.listing.links
        states = (*self.hit.share_states, *["unknown"] * len(links))
        return tuple(
            ExplainedShare(link=link, state=state, checks=tuple(self._checks_of(link)))
            for link, state in zip(links, states, strict=False)
        )

    def unread_pictures(self) -> tuple[Picture, ...]:
        """The pictures of the listing that were not read, or not whole."""
        return tuple(picture for picture in self.hit.listing.pictures if picture.problem)

    def unfetched_pictures(self) -> int:
        """The number of pictures beyond those that are fetched of a listing; 0 where none was fetched."""
        pictures = self.hit.listing.pictures
        asked = sum(bool(picture.sha256 or picture.problem) for picture in pictures)
        return len(pictures) - asked if asked else 0

    def _checks_of(self, link: ShareLink) -> Iterator[ShareCheck]:
        for check in self.share_checks:
            if (check.platform, check.share_id) == (link.platform, link.share_id):
                yield check

    def _licence(self) -> Finding | None:
        for finding in self.hit.findings:
            if finding.matcher == LICENCE_MATCHER and finding.polarity is Polarity.AGAINST:
                return finding
        return None

    def _strongest_by_ground(self) -> dict[str, Finding]:
        weakest_first = sorted(self.findings(Question.OFFENCE), key=lambda finding: finding.probability)
        return {finding.ground or finding.matcher: finding for finding in weakest_first}

    def _decisive_grounds(self, terms: Sequence[Term], total: float, needed: float) -> Iterator[Change]:
        """Yield the grounds without which the decision would be different."""
        strongest, hit = self._strongest_by_ground(), self.hit
        for term in terms[1:]:
            total_without = total - term.contribution
            if hit.decision is Decision.HIT:
                is_decisive = total_without < needed
            else:
                is_decisive = total_without >= needed and hit.identity >= self.bounds.identity
            if is_decisive:
                yield Change(key="told_change_ground", finding=strongest[term.ground])


def explain_hit(store: Store, hit: Hit) -> Explanation:
    """The explanation of a hit, with its checks and judgements from the store."""
    return Explanation(
        hit=hit,
        work=store.works.get_many([hit.work_id])[hit.work_id],
        weights=current_weights(store) or default_weights(),
        share_checks=tuple(store.shares.share_history(hit.listing.links)),
        judgements=tuple(store.reviews.judgement_history(hit.id)),
        quarantine_reason=store.works.quarantined_works().get(hit.work_id, ""),
    )


def _needed_log_odds(hit: Hit, bounds: Bounds) -> float:
    """The sum of terms from which on the offer counts as infringing."""
    chance = bounds.chance / max(hit.identity, MIN_DIVISOR_IDENTITY)
    needed_offence = max(bounds.offence, min(MAX_NEEDED_OFFENCE, chance))
    return math.log(needed_offence / (1.0 - needed_offence))
