"""Combines the findings about one (listing, work) into two probabilities and one decision.

Identity: findings for it are combined as independent probabilities (noisy or); each finding against reduces them, in
full those of the same matcher, less those of others: an ISBN stays an ISBN.

Offence: a logistic sum. A listing starts with the log odds of its kind; every ground adds its weight times its
strength. `offence_terms` gives the sum term by term.
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
SHARED_TITLE_GROUND = "title_shared"  # the ground of a name that several works have
LICENCE_MATCHER = "licence"  # the matcher whose finding against means "licensed"
DISMISSED_GROUND = "judged_listing"  # a person judged this listing no infringement, which no sum overrules
MAX_PROBABILITY = 0.99  # no machine is more certain
CROSS_MATCHER_FACTOR = 0.4  # share of a finding against that counts for findings of other matchers
MIN_CANDIDATE_IDENTITY = 0.005  # below it, not worth a row of output that someone asked for
MIN_STORED_IDENTITY = 0.2  # below it, not stored: half of what a person is shown
# For a hit by a name of two characters, or one that another work has too. The title engine states at most .6 for such a
# name alone, which is calibrated to .8, so that a person decides.
MIN_AMBIGUOUS_HIT_IDENTITY = 0.85
UNWEIGHTED_LOG_ODDS = 2.0  # subtracted by a ground against without a weight, beyond its own: what one for would add
DISPUTE_THRESHOLD = 0.5  # probability of a finding against the identity above which a person should decide
MAX_TINY_HAN_CHARS, MAX_TINY_LETTERS = 2, 3  # length of such names
MIN_LICENSED_IDENTITY = 0.4  # from which on a licence makes an offer licensed


@frozen(kw_only=True)
class Term:
    """One term of the sum: a ground, its weight and its strength."""

    ground: str
    weight: float
    strength: float

    @property
    def contribution(self) -> float:
        """Its part of the log odds."""
        return self.weight * self.strength


def identity_support(findings: Iterable[Finding]) -> float:
    """The identity by the findings for it alone, ignoring those against it."""
    return _noisy_or(
        finding.probability
        for finding in findings
        if finding.question is Question.IDENTITY and finding.polarity is Polarity.FOR
    )


def calibrated_probability(finding: Finding, weights: Weights) -> float:
    """The probability of a finding for an identity: those of the title engine are calibrated, others unchanged."""
    is_stated = finding.ground.startswith(TITLE_PREFIX)
    return weights.calibrate(finding.probability) if is_stated else finding.probability


def identity_probability(findings: Sequence[Finding], weights: Weights) -> float:
    """The probability (0 to 0.99) that the listing carries the work."""
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
    """The terms of the sum: the start of the channel, then each ground once, by its strongest finding.

    A ground without any weight counts as if it were alone: the sum then gives its own probability.
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
    """The offence probability of a stored sum (ground -> strength) under these weights."""
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
    """The sum as ground -> strength, for `calibrate` to learn from; grounds without a weight are left out."""
    terms = offence_terms(findings, channel, weights)
    return {
        term.ground: term.strength
        for term in terms
        if term is terms[0] or ground_weight(term.ground, weights) is not None
    }


def offence_probability(findings: Iterable[Finding], channel: str, weights: Weights) -> float:
    """The probability (0.01 to 0.99) that the offer infringes, if it is the work."""
    total = sum(term.contribution for term in offence_terms(findings, channel, weights))
    return min(MAX_PROBABILITY, max(1.0 - MAX_PROBABILITY, _logistic(total)))


def weigh_findings(
    work_id: str,
    findings: Sequence[Finding],
    channel: str = ListingKind.OFFER.value,
    nature: str = "",
    weights: Weights | None = None,
) -> Assessment:
    """The assessment of one work offered on a channel (the listing's kind); findings by probability, highest first."""
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
    """Whether the most probable finding for the identity rests on a tiny or shared name, or another disputes it."""
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
    """The share of a finding's probability that remains after all findings against it."""
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
