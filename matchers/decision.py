"""From the findings about one (listing, work) to two probabilities and one decision.

Identity: findings for it are combined as independent chances (noisy or); each finding against takes its share away, in
full from findings of the same matcher, less from others: an ISBN stays an ISBN.

Offence: a logistic sum. A listing of a kind starts with the log odds that such listings have; every ground adds its
weight times its strength. `offence_terms` gives the sum line by line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from crawler.items import Assessment, Decision, Finding, ListingKind, Polarity, Question
from crawler.text import fold, is_han
from matchers.catalogue import declared_weights
from matchers.weights import Bounds, Weights, default_weights

START_PREFIX = "start_"  # the first term of a sum: the log odds of the channel
TITLE_PREFIX = "title_"  # grounds of the title engine
SHARED_TITLE_GROUND = "title_shared"  # what the title engine says of a name that several works have
LICENCE_MATCHER = "licence"  # the judge whose finding against means "licensed"
DISMISSED_GROUND = (
    "judged_listing"  # a person said of this very listing that it is no infringement: no sum overrules it
)
MAX_PROBABILITY = 0.99  # nothing that a machine reads is surer
CROSS_MATCHER_FACTOR = 0.4  # what a finding against weighs for findings of another matcher
MIN_CANDIDATE_IDENTITY = (
    0.005  # findings for an identity below it are not worth a row of a list that someone asked about
)
MIN_STORED_IDENTITY = 0.2  # nor below this one of the database: it is half of what a person would be shown
MIN_AMBIGUOUS_HIT_IDENTITY = (
    0.85  # identity of a hit where the name is two characters, or another work's too: the title engine says at
)
# most .6 of such a name alone, which is calibrated to .8, so that a person looks
UNWEIGHTED_LOG_ODDS = (
    2.0  # log odds that a ground against without a weight takes away beside its own: what one for would bring
)
DISPUTE_THRESHOLD = 0.5  # a finding against the identity from which on a person should look, whatever speaks for it
MAX_TINY_HAN_CHARS, MAX_TINY_LETTERS = 2, 3  # characters of such names
MIN_LICENSED_IDENTITY = 0.4  # identity from which on a licence makes it licensed


@frozen(kw_only=True)
class Term:
    """One line of the sum: a ground, its weight, how strongly it stands, and what it adds."""

    ground: str
    weight: float
    strength: float

    @property
    def contribution(self) -> float:
        """What it adds to the log odds."""
        return self.weight * self.strength


def identity_support(findings: Iterable[Finding]) -> float:
    """The probability by the findings for an identity alone, whatever speaks against them."""
    return _noisy_or(
        finding.probability
        for finding in findings
        if finding.question is Question.IDENTITY and finding.polarity is Polarity.FOR
    )


def calibrated_probability(finding: Finding, weights: Weights) -> float:
    """What a finding for an identity is worth: the title engine's chances are calibrated, others mean what they say."""
    is_stated = finding.ground.startswith(TITLE_PREFIX)
    return weights.calibrate(finding.probability) if is_stated else finding.probability


def identity_probability(findings: Sequence[Finding], weights: Weights) -> float:
    """The probability (0..0.99) that the listing carries the work."""
    against = [
        finding
        for finding in findings
        if finding.question is Question.IDENTITY and finding.polarity is Polarity.AGAINST
    ]
    return _noisy_or(
        calibrated_probability(finding, weights) * _remaining_share(finding, against)
        for finding in findings
        if finding.question is Question.IDENTITY and finding.polarity is Polarity.FOR
    )


def offence_terms(findings: Iterable[Finding], channel: str, weights: Weights) -> list[Term]:
    """The sum: the start of the channel, then each ground once, by its strongest finding.

    A ground that has no weight (a matcher of one's own) counts as if it stood alone: with its chance p as the whole.
    """
    start = Term(ground=f"{START_PREFIX}{channel}", weight=weights.start[channel], strength=1.0)
    strongest: dict[str, Finding] = {}
    for finding in findings:
        key = finding.ground or f"{finding.matcher}_{finding.polarity.value}_{id(finding)}"
        if finding.question is Question.OFFENCE and (
            key not in strongest or finding.probability > strongest[key].probability
        ):
            strongest[key] = finding
    return [start, *(_term(finding, start.weight, weights) for finding in strongest.values())]


def offence_from_strengths(strengths: Mapping[str, float], weights: Weights) -> float:
    """The offence that weights make of a kept sum (ground -> strength)."""
    total = sum(_term_weight(ground, weights) * strength for ground, strength in strengths.items())
    return min(MAX_PROBABILITY, max(1.0 - MAX_PROBABILITY, _logistic(total)))


def ground_weight(ground: str, weights: Weights) -> float | None:
    """The weight of a ground: that of the set, else the one it was declared with; None where it has neither."""
    weight = weights.grounds.get(ground)
    return declared_weights().get(ground) if weight is None and ground else weight


def _term_weight(ground: str, weights: Weights) -> float:
    if ground.startswith(START_PREFIX):
        return weights.start[ground.removeprefix(START_PREFIX)]
    return ground_weight(ground, weights) or 0.0


def term_strengths(findings: Iterable[Finding], channel: str, weights: Weights) -> dict[str, float]:
    """What stood in the sum, ground -> strength: what `calibrate` learns from. Grounds need a weight."""
    terms = offence_terms(findings, channel, weights)
    return {
        term.ground: term.strength
        for term in terms
        if term is terms[0] or ground_weight(term.ground, weights) is not None
    }


def offence_probability(findings: Iterable[Finding], channel: str, weights: Weights) -> float:
    """The probability (0.01..0.99) that the offer infringes, if it is the work."""
    total = sum(term.contribution for term in offence_terms(findings, channel, weights))
    return min(MAX_PROBABILITY, max(1.0 - MAX_PROBABILITY, _logistic(total)))


def weigh_findings(
    work_id: str,
    findings: Sequence[Finding],
    channel: str = ListingKind.OFFER.value,
    nature: str = "",
    weights: Weights | None = None,
) -> Assessment:
    """The assessment of one work, offered on a channel (the listing's kind). Reasons stand with the surest first."""
    applied_weights = weights or default_weights()
    identity, offence = (
        identity_probability(findings, applied_weights),
        offence_probability(findings, channel, applied_weights),
    )
    ordered = sorted(findings, key=lambda finding: (finding.question is Question.OFFENCE, -finding.probability))
    bounds = applied_weights.bounds_of(channel, nature)
    return Assessment(
        work_id=work_id,
        identity=round(identity, 6),
        offence=round(offence, 4),
        decision=_decide(findings, identity, offence, bounds),
        findings=tuple(ordered),
    )


def _decide(findings: Sequence[Finding], identity: float, offence: float, bounds: Bounds) -> Decision:
    if _is_licensed(findings) and identity >= MIN_LICENSED_IDENTITY:
        return Decision.LICENSED
    if any(finding.ground == DISMISSED_GROUND for finding in findings):
        return Decision.DROPPED
    chance = identity * offence
    min_identity = max(bounds.identity, MIN_AMBIGUOUS_HIT_IDENTITY) if _is_ambiguous(findings) else bounds.identity
    if identity >= min_identity and offence >= bounds.offence and chance >= bounds.chance:
        return Decision.HIT
    if chance >= bounds.review:
        return Decision.REVIEW
    return Decision.DROPPED


def _term(finding: Finding, start: float, weights: Weights) -> Term:
    known_weight = ground_weight(finding.ground, weights)
    if known_weight is not None:
        return Term(ground=finding.ground, weight=known_weight, strength=finding.probability)
    chance = min(MAX_PROBABILITY, max(1.0 - MAX_PROBABILITY, finding.probability))
    odds = math.log(chance / (1.0 - chance))
    weight = max(0.0, odds - start) if finding.polarity is Polarity.FOR else min(0.0, -odds - UNWEIGHTED_LOG_ODDS)
    return Term(ground=finding.ground or finding.matcher, weight=weight, strength=1.0)


def _is_ambiguous(findings: Iterable[Finding]) -> bool:
    """Whether the surest finding for the identity stands on a name that alone says little, or another one disputes
    it.
    """
    identity_findings = [finding for finding in findings if finding.question is Question.IDENTITY]
    if any(
        finding.ground == SHARED_TITLE_GROUND
        or (finding.polarity is Polarity.AGAINST and finding.probability > DISPUTE_THRESHOLD)
        for finding in identity_findings
    ):
        return True
    best = max(
        (finding for finding in identity_findings if finding.polarity is Polarity.FOR),
        key=lambda finding: finding.probability,
        default=None,
    )
    key = fold(best.ours).replace(" ", "") if best and best.ground.startswith("title_") else ""
    return bool(key) and len(key) <= (MAX_TINY_HAN_CHARS if is_han(key[0]) else MAX_TINY_LETTERS)


def _is_licensed(findings: Iterable[Finding]) -> bool:
    return any(finding.matcher == LICENCE_MATCHER and finding.polarity is Polarity.AGAINST for finding in findings)


def _remaining_share(finding: Finding, against: Iterable[Finding]) -> float:
    """What is left of a finding's chance after all that speaks against it."""
    remaining = 1.0
    for opposing in against:
        remaining *= 1.0 - opposing.probability * (1.0 if opposing.matcher == finding.matcher else CROSS_MATCHER_FACTOR)
    return remaining


def _noisy_or(chances: Iterable[float]) -> float:
    miss_probability = 1.0
    for chance in chances:
        miss_probability *= 1.0 - chance
    return min(MAX_PROBABILITY, 1.0 - miss_probability)


def _logistic(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, log_odds))))
