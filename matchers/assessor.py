"""Assesses a listing against all works: every identity matcher once, every offence judge for each candidate work.

A stored hit can be decided again without searching for works: `reassess` keeps its identity findings and asks the
offence judges, when a licence's term, a rule, a weight or a price has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import cast

from attrs import evolve, frozen

from crawler.items import Assessment, Decision, Finding, Listing, Question, Work
from matchers.decision import MIN_CANDIDATE_IDENTITY, identity_support, weigh_findings
from matchers.harm import expected_harm
from matchers.identity import title
from matchers.matcher import Context, IdentityMatcher, PrefetchingMatcher, matcher_modules
from matchers.signals.context_boost import EXACT_TITLE_GROUNDS, boost_identity, is_uncertain_name, strip_signals
from matchers.signals.work_type import work_type

MIN_JUDGED_IDENTITY = (
    0.2  # identity without what speaks against it; below, the work is rejected whatever the offer says
)

_OffenceJudge = Callable[[Listing, Work, Context], Iterable[Finding]]


@frozen(kw_only=True)
class _IdentityFindings:
    """The findings for an identity by work, and the listing to ask about once more, without sellers' words."""

    by_work: dict[str, list[Finding]]
    stripped_listing: Listing | None


class Assessor:
    """All matchers over one registry. Built once; `assess` changes nothing and may be called from any thread.

    Works whose findings for an identity, whatever speaks against them, come to less than `min_identity` are no
    candidates.
    """

    def __init__(self, works: Sequence[Work], min_identity: float = MIN_CANDIDATE_IDENTITY) -> None:
        self._min_identity = min_identity
        self._works = {work.id: work for work in works}
        self._matchers: list[IdentityMatcher] = [
            module.Matcher(works) for module in matcher_modules("matchers.identity")
        ]
        self._titles = next(matcher for matcher in self._matchers if isinstance(matcher, title.Matcher))

    def assess(self, listing: Listing, context: Context) -> tuple[Assessment, ...]:
        """An assessment for each work that comes into question, the surest identity first; () where none does."""
        return self._assess_candidates(listing, self._find_identity(listing, context), context)

    def assess_all(self, listings: Sequence[Listing], context: Context) -> list[tuple[Assessment, ...]]:
        """The same for each of many listings, whose titles are looked up together: a batch costs little more than one
        listing.
        """
        self.prefetch(listings)
        identity_findings = [self._find_identity(listing, context) for listing in listings]
        self._titles.prefetch(
            [findings.stripped_listing for findings in identity_findings if findings.stripped_listing]
        )
        return [
            self._assess_candidates(listing, findings, context)
            for listing, findings in zip(listings, identity_findings, strict=True)
        ]

    def have_candidates(self, listings: Sequence[Listing], context: Context) -> list[bool]:
        """Whether any work comes into question, for each listing; no ground is asked."""
        self.prefetch(listings)
        identity_findings = [self._find_identity(listing, context) for listing in listings]
        are_certain = [self._has_candidate(findings.by_work) for findings in identity_findings]
        self._titles.prefetch(
            [
                findings.stripped_listing
                for findings, is_certain in zip(identity_findings, are_certain, strict=True)
                if findings.stripped_listing and not is_certain
            ]
        )
        return [
            is_certain or self._has_candidate(self._find_by_bare_title(findings, context) | findings.by_work)
            for findings, is_certain in zip(identity_findings, are_certain, strict=True)
        ]

    def _has_candidate(self, by_work: Mapping[str, list[Finding]]) -> bool:
        return any(identity_support(findings) >= self._min_identity for findings in by_work.values())

    def prefetch(self, listings: Iterable[Listing]) -> None:
        """Tells the matchers which listings are asked about next; changes no answer, only the time it takes."""
        listings = list(listings)
        for matcher in self._matchers:
            if isinstance(matcher, PrefetchingMatcher):
                matcher.prefetch(listings)

    def _find_identity(self, listing: Listing, context: Context) -> _IdentityFindings:
        """What every way of recognising says."""
        by_work: dict[str, list[Finding]] = {}
        for matcher in self._matchers:
            for finding in matcher.find(listing, context):
                by_work.setdefault(finding.work_id, []).append(finding)
        return _IdentityFindings(
            by_work=by_work, stripped_listing=_strip_seller_words(listing, by_work, context) if by_work else None
        )

    def _find_by_bare_title(self, identity_findings: _IdentityFindings, context: Context) -> dict[str, list[Finding]]:
        """What the title says of works without sellers' words."""
        by_work: dict[str, list[Finding]] = {}
        for finding in (
            self._titles.find(identity_findings.stripped_listing, context) if identity_findings.stripped_listing else ()
        ):
            by_work.setdefault(finding.work_id, []).append(finding)
        return by_work

    def _assess_candidates(
        self, listing: Listing, identity_findings: _IdentityFindings, context: Context
    ) -> tuple[Assessment, ...]:
        if not identity_findings.by_work:
            return ()
        stripped_findings = self._find_by_bare_title(identity_findings, context)
        assessments = []
        for work_id, findings in (stripped_findings | identity_findings.by_work).items():
            if identity_support(findings) >= self._min_identity:
                work = self._works[work_id]
                boosted_findings = boost_identity(
                    listing,
                    work,
                    identity_findings.by_work.get(work_id, []),
                    stripped_findings.get(work_id, []),
                    context,
                )
                assessments.append(reassess(listing, work, boosted_findings, context))
        return tuple(
            sorted(assessments, key=lambda assessment: (-assessment.identity, -assessment.offence, assessment.work_id))
        )


def _strip_seller_words(listing: Listing, by_work: Mapping[str, list[Finding]], context: Context) -> Listing | None:
    """The listing with its title alone, bare of sellers' words; None where that names no work, or says enough."""
    weak_findings = [findings for findings in by_work.values() if is_uncertain_name(findings, context)]
    if not weak_findings:
        return None
    bare_title = strip_signals(
        listing,
        [finding.theirs for findings in weak_findings for finding in findings if finding.ground in EXACT_TITLE_GROUNDS],
    )
    return None if bare_title == listing.title else evolve(listing, title=bare_title, text="")


def reassess(listing: Listing, work: Work, findings: Sequence[Finding], context: Context) -> Assessment:
    """The assessment of a work by what was found for its identity and what the grounds say now."""
    identity_findings = [finding for finding in findings if finding.question is Question.IDENTITY]
    offence_findings = (
        [] if identity_support(identity_findings) < MIN_JUDGED_IDENTITY else _judge_offence(listing, work, context)
    )
    assessment = weigh_findings(
        work.id, [*identity_findings, *offence_findings], listing.kind.value, work_type(work).value, context.weights
    )
    if work.id in context.quarantined and assessment.decision is Decision.HIT:
        assessment = evolve(assessment, decision=Decision.REVIEW)
    return evolve(assessment, harm=expected_harm(assessment.identity, assessment.offence, listing, work))


def _judge_offence(listing: Listing, work: Work, context: Context) -> list[Finding]:
    return [finding for judge in _offence_judges() for finding in judge(listing, work, context)]


@cache
def _offence_judges() -> tuple[_OffenceJudge, ...]:
    return tuple(cast(_OffenceJudge, module.judge) for module in matcher_modules("matchers.offence"))


PROBABILITY_TOLERANCE = 1e-6  # probabilities nearer than this are the same


def differs(stored: Mapping[str, tuple[str, float, float]], assessments: Iterable[Assessment]) -> bool:
    """Whether a decision or a probability is another than the stored one: work -> (decision, identity, offence)."""
    current = {
        assessment.work_id: (assessment.decision.value, assessment.identity, assessment.offence)
        for assessment in assessments
    }
    if current.keys() != stored.keys():
        return True
    pairs = [(stored[work], current[work]) for work in current]
    return any(
        old[0] != new[0] or abs(old[1] - new[1]) > PROBABILITY_TOLERANCE or abs(old[2] - new[2]) > PROBABILITY_TOLERANCE
        for old, new in pairs
    )
