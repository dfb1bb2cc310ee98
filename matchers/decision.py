"""Weighs the findings about one (listing, work) into two probabilities and one decision.

Identity: findings for it are combined as independent chances (noisy or). Each finding against it reduces them: findings
of the same matcher by its full probability, others by less, since an ISBN stays an ISBN.

Offence: the logistic function of a sum of log odds. It starts with the log odds of the listing's kind; every ground
adds its weight times its strength. `offence_terms` returns the terms of the sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from crawler.items import Assessment, Decision, Finding, ListingKind, Polarity, Question
from crawler.text import fold, is_han
from matchers.catalogue import declared_weights
from matchers.weights import Bounds, Weights, default_weights

START_PREFIX = "start_"  # of the first term of a sum: the log odds of the channel
TITLE_PREFIX = "title_"  # of the grounds of the title engine
SHARED_TITLE_GROUND = "title_shared"  # the finding of the title engine that several works have this name
# Findings of the title engine after which a name alone is not enough: other works have it, or may be meant.
AMBIGUITY_GROUNDS = frozenset({SHARED_TITLE_GROUND, "veto_other_medium", "veto_other_spelling"})
LOOSE_TITLE_GROUND = "title_loose"  # the finding that a title has most words of a name, and no second reason
MIN_REVIEW_IDENTITY = 0.29  # that a person looks: rarer than three in ten is a namesake
MIN_REVIEW_STRENGTH = 0.2  # of a ground for an offence, so that a person looks; estimate
UNSTATED_PRICE_GROUND = "price_unstated"
DOUBT_PREFIX = "doubt_"  # of the grounds that leave an offer to a person
LICENCE_MATCHER = "licence"  # the matcher whose finding against means "licensed"
TERRITORY_UNKNOWN_GROUND = "licence_territory_unknown"  # whether a licence covers the offer, a person must tell
DISMISSED_GROUND = "judged_listing"  # a person judged exactly this listing not infringing: no sum overrules that
ACCUSED_GROUND = "judged_infringing"  # a person judged exactly this listing infringing: nothing overrules that
MAX_PROBABILITY = 0.99  # no automatic finding is more certain
CROSS_MATCHER_FACTOR = 0.4  # factor on a finding against when it is applied to findings of another matcher
MIN_CANDIDATE_IDENTITY = 0.005  # below it a work is not worth a row in a list that a user asked for
MIN_STORED_IDENTITY = 0.2  # below it a work is not stored; this is half of what a person would be shown
# Identity needed for a hit if the name has two characters or several works share it. The title engine gives such a name
# alone at most .6, which is calibrated to .8, so that a person reviews it.
MIN_AMBIGUOUS_HIT_IDENTITY = 0.85
# The same if only similar words speak for the work: of such hits in bench/bulk_verdicts.csv, 2 of 2 below it name
# another work, above it none of 2.
MIN_LOOSE_HIT_IDENTITY = 0.65
# Log odds that a ground against without a weight subtracts besides its own: as much as a ground for would add.
UNWEIGHTED_LOG_ODDS = 2.0
DISPUTE_THRESHOLD = 0.5  # a finding against the identity above this needs a person, whatever speaks for the identity
MAX_TINY_HAN_CHARS, MAX_TINY_LETTERS = 2, 3  # names of at most this length are ambiguous
MIN_LICENSED_IDENTITY = 0.4  # identity needed for the decision "licensed"


@frozen(kw_only=True)
class Term:
    """One term of the sum: a ground, its weight and its strength."""

    ground: str
    weight: float
    strength: float

    @property
    def contribution(self) -> float:
        """The log odds that the term adds."""
        return self.weight * self.strength


def identity_support(findings: Iterable[Finding]) -> float:
    """The probability by the findings for an identity alone, ignoring those against it."""
    return _noisy_or(
        finding.probability
        for finding in findings
        if finding.question is Question.IDENTITY and finding.polarity is Polarity.FOR
    )


def calibrated_probability(finding: Finding, weights: Weights) -> float:
    """The probability of an identity finding, calibrated if it is from the title engine, else as stated."""
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

    A ground for without a weight (a user's own matcher) gets the weight that would make its probability the result if
    it were the only ground.
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
    """The probability of an offence by stored term strengths (ground -> strength) and these weights."""
    total = sum(_term_weight(ground, weights) * strength for ground, strength in strengths.items())
    return min(MAX_PROBABILITY, max(1.0 - MAX_PROBABILITY, _logistic(total)))


def ground_weight(ground: str, weights: Weights) -> float | None:
    """The weight of a ground in `weights`, else the one it is declared with; None if it has neither."""
    weight = weights.grounds.get(ground)
    return declared_weights().get(ground) if weight is None and ground else weight


def _term_weight(ground: str, weights: Weights) -> float:
    if ground.startswith(START_PREFIX):
        return weights.start[ground.removeprefix(START_PREFIX)]
    return ground_weight(ground, weights) or 0.0


def term_strengths(findings: Iterable[Finding], channel: str, weights: Weights) -> dict[str, float]:
    """The terms of the sum as ground -> strength, without grounds that have no weight; `calibrate` learns from them."""
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
    work_type: str = "",
    weights: Weights | None = None,
) -> Assessment:
    """The assessment of one work on a channel (the listing's kind); findings by question, the most probable first.

    Where a person judged the listing infringing it is a hit, as certain of both as findings make one.
    """
    applied_weights = weights or default_weights()
    if is_accused(findings):
        identity = offence = MAX_PROBABILITY
    else:
        identity = identity_probability(findings, applied_weights)
        offence = offence_probability(findings, channel, applied_weights)
    ordered = sorted(findings, key=lambda finding: (finding.question is Question.OFFENCE, -finding.probability))
    bounds = applied_weights.bounds_of(channel, work_type)
    return Assessment(
        work_id=work_id,
        identity=round(identity, 6),
        offence=round(offence, 4),
        decision=_decide(findings, identity, offence, bounds),
        findings=tuple(ordered),
    )


def is_accused(findings: Iterable[Finding]) -> bool:
    """Whether a person judged exactly this listing infringing."""
    return any(finding.ground == ACCUSED_GROUND for finding in findings)


def is_decided_by_person(findings: Iterable[Finding]) -> bool:
    """Whether the decision follows a person's verdict about exactly this listing."""
    return any(finding.ground in (ACCUSED_GROUND, DISMISSED_GROUND) for finding in findings)


def _decide(findings: Sequence[Finding], identity: float, offence: float, bounds: Bounds) -> Decision:
    if is_accused(findings):
        return Decision.HIT
    if _is_licensed(findings) and identity >= MIN_LICENSED_IDENTITY:
        return Decision.LICENSED
    if any(finding.ground == DISMISSED_GROUND for finding in findings):
        return Decision.DROPPED
    if identity >= MIN_LICENSED_IDENTITY and any(finding.ground == TERRITORY_UNKNOWN_GROUND for finding in findings):
        return Decision.REVIEW
    chance = identity * offence
    min_identity = max(bounds.identity, _min_hit_identity(findings))
    is_hit = identity >= min_identity and offence >= bounds.offence and chance >= bounds.chance
    if is_hit and not _rests_on_unstated_price(findings):
        return Decision.HIT
    is_likely = chance >= bounds.review and identity >= MIN_REVIEW_IDENTITY
    is_worth_a_look = is_likely and bool(_offence_grounds(findings))  # not one of which nothing is said
    if is_worth_a_look or (identity >= min_identity and _is_doubted(findings)):
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


def _min_hit_identity(findings: Sequence[Finding]) -> float:
    """The identity that findings of their kind need for a hit, whatever the channel."""
    if _is_ambiguous(findings):
        return MIN_AMBIGUOUS_HIT_IDENTITY
    grounds = {finding.ground for finding in findings if finding.question is Question.IDENTITY}
    return MIN_LOOSE_HIT_IDENTITY if grounds == {LOOSE_TITLE_GROUND} else 0.0


def _is_ambiguous(findings: Iterable[Finding]) -> bool:
    """Whether the identity rests on a tiny name, or on one that may be another work's, or is disputed by a finding."""
    identity_findings = [finding for finding in findings if finding.question is Question.IDENTITY]
    if any(
        finding.ground in AMBIGUITY_GROUNDS
        or (finding.polarity is Polarity.AGAINST and finding.probability > DISPUTE_THRESHOLD)
        for finding in identity_findings
    ):
        return True
    best = max(
        (finding for finding in identity_findings if finding.polarity is Polarity.FOR),
        key=lambda finding: finding.probability,
        default=None,
    )
    compact_name = fold(best.ours).replace(" ", "") if best and best.ground.startswith("title_") else ""
    return bool(compact_name) and len(compact_name) <= (
        MAX_TINY_HAN_CHARS if is_han(compact_name[0]) else MAX_TINY_LETTERS
    )


def _offence_grounds(findings: Iterable[Finding]) -> set[str]:
    """What speaks for an offence with some strength."""
    return {
        finding.ground
        for finding in findings
        if finding.question is Question.OFFENCE
        and finding.polarity is Polarity.FOR
        and finding.probability >= MIN_REVIEW_STRENGTH
    }


def _rests_on_unstated_price(findings: Iterable[Finding]) -> bool:
    """Whether a low price of a copy that may be used is all that speaks for an offence: alone it decides nothing."""
    return _offence_grounds(findings) == {UNSTATED_PRICE_GROUND}


def _is_doubted(findings: Iterable[Finding]) -> bool:
    """Whether two careful people could judge the offer differently (matchers/offence/doubt.py)."""
    return any(finding.ground.startswith(DOUBT_PREFIX) for finding in findings)


def _is_licensed(findings: Iterable[Finding]) -> bool:
    return any(finding.matcher == LICENCE_MATCHER and finding.polarity is Polarity.AGAINST for finding in findings)


def _remaining_share(finding: Finding, against: Iterable[Finding]) -> float:
    """The share (0..1) of a finding's probability that remains after the findings against it."""
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
