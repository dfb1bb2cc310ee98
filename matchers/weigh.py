"""The findings about one (listing, work) become two probabilities and one decision.

Findings for something are joined as independent chances (noisy or); each finding against takes its share away. What
speaks against a way of recognising (another volume in the title) counts in full against that way, less against others:
an ISBN stays an ISBN.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crawler.items import Assessment, Decision, Finding, Polarity, Question

LICENCE = "licence"  # the judge whose finding against means "licensed"
MOST = 0.99  # nothing that a machine reads is surer
ELSEWHERE = 0.4  # what a finding against weighs for findings of another matcher
CONSIDERED = 0.005  # findings for an identity below it are not worth a row of a list that someone asked about
STORED = 0.2  # nor below this one of the database: it is half of what a person would be shown
IDENTIFIED = 0.7  # from here on it is the work
PERHAPS = 0.4  # from here on a person may tell
OFFENDS = 0.5  # from here on a ground stands
SUSPECT = 0.3  # from here on a person may tell


def considered(findings: Iterable[Finding]) -> float:
    """The probability by the findings for an identity alone, whatever speaks against them."""
    return _joined(_chances(findings, Question.IDENTITY, Polarity.FOR))


def identity_of(findings: Sequence[Finding]) -> float:
    """The probability (0..0.99) that the listing carries the work."""
    against = [one for one in findings if one.question is Question.IDENTITY and one.polarity is Polarity.AGAINST]
    return _joined(
        one.probability * _left(one, against)
        for one in findings
        if one.question is Question.IDENTITY and one.polarity is Polarity.FOR
    )


def offence_of(findings: Sequence[Finding]) -> float:
    """The probability (0..0.99) that the offer infringes, if it is the work."""
    chance = _joined(_chances(findings, Question.OFFENCE, Polarity.FOR))
    for against in _chances(findings, Question.OFFENCE, Polarity.AGAINST):
        chance *= 1.0 - against
    return chance


def weigh(work_id: str, findings: Sequence[Finding]) -> Assessment:
    """The assessment of one work. Reasons stand with the surest first."""
    identity, offence = identity_of(findings), offence_of(findings)
    ordered = sorted(findings, key=lambda one: (one.question is Question.OFFENCE, -one.probability))
    return Assessment(
        work_id=work_id,
        identity=round(identity, 6),
        offence=round(offence, 4),
        decision=_decided(identity, offence, _is_licensed(findings)),
        findings=tuple(ordered),
    )


def _decided(identity: float, offence: float, licensed: bool) -> Decision:
    if identity < PERHAPS:
        return Decision.DROPPED
    if licensed:
        return Decision.LICENSED
    if identity >= IDENTIFIED and offence >= OFFENDS:
        return Decision.HIT
    if offence >= (OFFENDS if identity < IDENTIFIED else SUSPECT):
        return Decision.REVIEW
    return Decision.DROPPED


def _is_licensed(findings: Iterable[Finding]) -> bool:
    return any(one.matcher == LICENCE and one.polarity is Polarity.AGAINST for one in findings)


def _left(finding: Finding, against: Iterable[Finding]) -> float:
    """What is left of a finding's chance after all that speaks against it."""
    left = 1.0
    for other in against:
        left *= 1.0 - other.probability * (1.0 if other.matcher == finding.matcher else ELSEWHERE)
    return left


def _chances(findings: Iterable[Finding], question: Question, polarity: Polarity) -> list[float]:
    return [one.probability for one in findings if one.question is question and one.polarity is polarity]


def _joined(chances: Iterable[float]) -> float:
    missed = 1.0
    for chance in chances:
        missed *= 1.0 - chance
    return min(MOST, 1.0 - missed)
