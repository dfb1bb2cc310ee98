"""The findings about one (listing, work) become two probabilities and one decision.

Identity: findings for it are joined as independent chances (noisy or); each finding against takes its share away, in
full from findings of the same matcher, less from others: an ISBN stays an ISBN.

Offence: a sum. A listing of a kind starts with the log odds that such listings have; every ground adds its weight times
its strength, and the sum is made a probability (logistic). `terms_of` gives the sum line by line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from crawler.items import Assessment, Decision, Finding, ListingKind, Polarity, Question
from crawler.text import fold, is_han
from matchers.weights import Bounds, Weights, shipped

START = "start_"  # the first term of a sum: the log odds of the channel
STATED = "title_"  # grounds of the title engine
SHARED = "title_shared"  # what the title engine says of a name that several works have
LICENCE = "licence"  # the judge whose finding against means "licensed"
DISMISSED = "judged_listing"  # a person said of this very listing that it is no infringement: no sum overrules it
MOST = 0.99  # nothing that a machine reads is surer
ELSEWHERE = 0.4  # what a finding against weighs for findings of another matcher
CONSIDERED = 0.005  # findings for an identity below it are not worth a row of a list that someone asked about
STORED = 0.2  # nor below this one of the database: it is half of what a person would be shown
UNAMBIGUOUS = (
    0.85  # identity of a hit where the name is two characters, or another work's too: the title engine says at
)
# most .6 of such a name alone, which is calibrated to .8, so that a person looks
UNWEIGHED = 2.0  # log odds that a ground against without a weight takes away beside its own: what one for would bring
DISPUTED = 0.5  # a finding against the identity from which on a person should look, whatever speaks for it
TINY_HAN, TINY_LETTERS = 2, 3  # characters of such names
COVERED = 0.4  # identity from which on a licence makes it licensed


@frozen(kw_only=True)
class Term:
    """One line of the sum: a ground, its weight, how strongly it stands, and what it adds."""

    ground: str
    weight: float
    strength: float

    @property
    def added(self) -> float:
        """What it adds to the log odds."""
        return self.weight * self.strength


def considered(findings: Iterable[Finding]) -> float:
    """The probability by the findings for an identity alone, whatever speaks against them."""
    return _joined(
        one.probability for one in findings if one.question is Question.IDENTITY and one.polarity is Polarity.FOR
    )


def chance_of(finding: Finding, weights: Weights) -> float:
    """What a finding for an identity is worth: the title engine's chances are calibrated, others mean what they say."""
    is_stated = finding.ground.startswith(STATED)
    return weights.calibrated(finding.probability) if is_stated else finding.probability


def identity_of(findings: Sequence[Finding], weights: Weights) -> float:
    """The probability (0..0.99) that the listing carries the work."""
    against = [one for one in findings if one.question is Question.IDENTITY and one.polarity is Polarity.AGAINST]
    return _joined(
        chance_of(one, weights) * _left(one, against)
        for one in findings
        if one.question is Question.IDENTITY and one.polarity is Polarity.FOR
    )


def terms_of(findings: Iterable[Finding], channel: str, weights: Weights) -> list[Term]:
    """The sum: the start of the channel, then each ground once, by its strongest finding.

    A ground that has no weight (a matcher of one's own) counts as if it stood alone: with its chance p as the whole.
    """
    start = Term(ground=f"{START}{channel}", weight=weights.start[channel], strength=1.0)
    strongest: dict[str, Finding] = {}
    for one in findings:
        key = one.ground or f"{one.matcher}_{one.polarity.value}_{id(one)}"
        if one.question is Question.OFFENCE and (key not in strongest or one.probability > strongest[key].probability):
            strongest[key] = one
    return [start, *(_term(one, start.weight, weights.grounds) for one in strongest.values())]


def probability_of(terms: Mapping[str, float], weights: Weights) -> float:
    """The offence that weights make of a kept sum (ground -> strength)."""
    total = sum(_weight(ground, weights) * strength for ground, strength in terms.items())
    return min(MOST, max(1.0 - MOST, _logistic(total)))


def _weight(ground: str, weights: Weights) -> float:
    if ground.startswith(START):
        return weights.start[ground.removeprefix(START)]
    return weights.grounds.get(ground, 0.0)


def snapshot_terms(findings: Iterable[Finding], channel: str, weights: Weights) -> dict[str, float]:
    """What stood in the sum, ground -> strength: what `calibrate` learns from. Grounds need a weight."""
    terms = terms_of(findings, channel, weights)
    return {term.ground: term.strength for term in terms if term.ground in weights.grounds or term is terms[0]}


def offence_of(findings: Iterable[Finding], channel: str, weights: Weights) -> float:
    """The probability (0.01..0.99) that the offer infringes, if it is the work."""
    total = sum(term.added for term in terms_of(findings, channel, weights))
    return min(MOST, max(1.0 - MOST, _logistic(total)))


def weigh(
    work_id: str,
    findings: Sequence[Finding],
    channel: str = ListingKind.OFFER.value,
    nature: str = "",
    weights: Weights | None = None,
) -> Assessment:
    """The assessment of one work, offered on a channel (the listing's kind). Reasons stand with the surest first."""
    used = weights or shipped()
    identity, offence = identity_of(findings, used), offence_of(findings, channel, used)
    ordered = sorted(findings, key=lambda one: (one.question is Question.OFFENCE, -one.probability))
    bounds = used.bound(channel, nature)
    return Assessment(
        work_id=work_id,
        identity=round(identity, 6),
        offence=round(offence, 4),
        decision=_decided(findings, identity, offence, bounds),
        findings=tuple(ordered),
    )


def _decided(findings: Sequence[Finding], identity: float, offence: float, bounds: Bounds) -> Decision:
    if _is_licensed(findings) and identity >= COVERED:
        return Decision.LICENSED
    if any(one.ground == DISMISSED for one in findings):
        return Decision.DROPPED
    chance = identity * offence
    least = max(bounds.identity, UNAMBIGUOUS) if _is_ambiguous(findings) else bounds.identity
    if identity >= least and offence >= bounds.offence and chance >= bounds.chance:
        return Decision.HIT
    if chance >= bounds.review:
        return Decision.REVIEW
    return Decision.DROPPED


def _term(finding: Finding, start: float, grounds: Mapping[str, float]) -> Term:
    if finding.ground in grounds:
        return Term(ground=finding.ground, weight=grounds[finding.ground], strength=finding.probability)
    chance = min(MOST, max(1.0 - MOST, finding.probability))
    odds = math.log(chance / (1.0 - chance))
    weight = max(0.0, odds - start) if finding.polarity is Polarity.FOR else min(0.0, -odds - UNWEIGHED)
    return Term(ground=finding.ground or finding.matcher, weight=weight, strength=1.0)


def _is_ambiguous(findings: Iterable[Finding]) -> bool:
    """Whether the surest finding for the identity stands on a name that alone says little, or another one disputes
    it.
    """
    about = [one for one in findings if one.question is Question.IDENTITY]
    if any(one.ground == SHARED or (one.polarity is Polarity.AGAINST and one.probability > DISPUTED) for one in about):
        return True
    best = max((one for one in about if one.polarity is Polarity.FOR), key=lambda one: one.probability, default=None)
    key = fold(best.ours).replace(" ", "") if best and best.ground.startswith("title_") else ""
    return bool(key) and len(key) <= (TINY_HAN if is_han(key[0]) else TINY_LETTERS)


def _is_licensed(findings: Iterable[Finding]) -> bool:
    return any(one.matcher == LICENCE and one.polarity is Polarity.AGAINST for one in findings)


def _left(finding: Finding, against: Iterable[Finding]) -> float:
    """What is left of a finding's chance after all that speaks against it."""
    left = 1.0
    for other in against:
        left *= 1.0 - other.probability * (1.0 if other.matcher == finding.matcher else ELSEWHERE)
    return left


def _joined(chances: Iterable[float]) -> float:
    missed = 1.0
    for chance in chances:
        missed *= 1.0 - chance
    return min(MOST, 1.0 - missed)


def _logistic(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, log_odds))))
