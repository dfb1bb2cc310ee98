"""Assesses a listing against all works: runs the matchers of each stage in turn and weighs their findings.

A stored hit can be decided again without searching for works: `reassess` keeps its identity findings and runs only the
matchers of stage offence, for when a licence's term, a rule, a weight or a price has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from attrs import evolve

from crawler.items import Assessment, Decision, Finding, Listing, Question, Work
from matchers.catalogue import declared_keys, matcher_classes, open_indexes
from matchers.decision import MIN_CANDIDATE_IDENTITY, identity_support, is_accused, weigh_findings
from matchers.harm import expected_harm
from matchers.matcher import Candidates, Context, Stage, works_by_id
from matchers.signals.work_type import work_type

# By the findings for an identity alone; below it the work is rejected without judging the offer.
MIN_JUDGED_IDENTITY = 0.2
PROBABILITY_TOLERANCE = 1e-6  # probabilities that differ by no more are equal


class Assessor:
    """All matchers over one registry. Built once; `assess` changes nothing and may be called from any thread.

    A work is considered if the findings of stage identity (or boost, if only that found it) support it with at least
    `min_identity`, whatever speaks against it, or if a person judged that the listing infringes it. With `index_folder`
    the indexes are opened from that folder, or built and kept there. Pickled, an assessor is its arguments, and is
    built again where it is unpickled: with an index folder in a quarter of the time.
    """

    def __init__(
        self,
        works: Sequence[Work],
        min_identity: float = MIN_CANDIDATE_IDENTITY,
        index_folder: Path | None = None,
    ) -> None:
        self._arguments = (works, min_identity, index_folder)
        self.index_origin = "built" if index_folder is None else open_indexes(works, index_folder)
        self._min_identity = min_identity
        self._works = works_by_id(works)
        self._identity, self._boost, self._offence = (_StageMatchers(stage, works) for stage in Stage)

    def __reduce__(self) -> tuple[Callable[..., Assessor], tuple[Sequence[Work], float, Path | None]]:
        return Assessor, self._arguments

    def assess(self, listing: Listing, context: Context) -> tuple[Assessment, ...]:
        """An assessment for each work considered, the most probable identity first; () if there is none."""
        candidates = self._identity.find(listing, {}, context)
        considered = self._boost_considered(listing, candidates, context)
        return self._weigh_considered(listing, considered, context)

    def assess_all(self, listings: Sequence[Listing], context: Context) -> list[tuple[Assessment, ...]]:
        """The result of `assess` for each listing; the joint lookup costs little more than that of one listing."""
        self.prefetch(listings, context)
        with_candidates = [(listing, self._identity.find(listing, {}, context)) for listing in listings]
        self._boost.prefetch(with_candidates, context)
        considered = [
            (listing, self._boost_considered(listing, by_work, context)) for listing, by_work in with_candidates
        ]
        judged = [(listing, _select_judged(listing, by_work, context)) for listing, by_work in considered]
        self._offence.prefetch(judged, context)
        return [self._weigh_considered(listing, by_work, context) for listing, by_work in considered]

    def have_candidates(self, listings: Sequence[Listing], context: Context) -> list[bool]:
        """For each listing, whether any work is considered; no offence is judged."""
        self.prefetch(listings, context)
        with_candidates = [(listing, self._identity.find(listing, {}, context)) for listing in listings]
        are_certain = [self._is_any_supported(by_work) for _, by_work in with_candidates]
        uncertain = [entry for entry, is_certain in zip(with_candidates, are_certain, strict=True) if not is_certain]
        self._boost.prefetch(uncertain, context)
        return [
            is_certain or bool(self._boost_considered(listing, by_work, context))
            for (listing, by_work), is_certain in zip(with_candidates, are_certain, strict=True)
        ]

    def prefetch(self, listings: Iterable[Listing], context: Context | None = None) -> None:
        """Let the identity matchers look up these listings in advance; changes no result, only the time it takes."""
        self._identity.prefetch([(listing, {}) for listing in listings], context or Context())

    def _is_any_supported(self, by_work: Candidates) -> bool:
        return any(identity_support(findings) >= self._min_identity for findings in by_work.values())

    def _boost_considered(self, listing: Listing, candidates: Candidates, context: Context) -> Candidates:
        """The works considered, with their findings after stage boost."""
        boosted = self._boost.find(listing, candidates, context) if candidates else {}
        found: dict[str, Sequence[Finding]] = {**boosted, **candidates}
        accused = {entry.work for entry in context.accusations_of(listing)} & self._works.keys()
        found |= dict.fromkeys(accused - found.keys(), ())
        return {
            work_id: boosted.get(work_id, first_findings)
            for work_id, first_findings in found.items()
            if work_id in accused or identity_support(first_findings) >= self._min_identity
        }

    def _weigh_considered(self, listing: Listing, considered: Candidates, context: Context) -> tuple[Assessment, ...]:
        if not considered:
            return ()
        offence_findings = self._offence.find(listing, _select_judged(listing, considered, context), context)
        assessments = [
            _weigh(listing, self._works[work_id], [*findings, *offence_findings.get(work_id, ())], context)
            for work_id, findings in considered.items()
        ]
        return tuple(
            sorted(assessments, key=lambda assessment: (-assessment.identity, -assessment.offence, assessment.work_id))
        )


def reassess(listing: Listing, work: Work, findings: Sequence[Finding], context: Context) -> Assessment:
    """The assessment of a work by the identity findings among `findings` and new findings of the offence matchers."""
    identity_findings = [finding for finding in findings if finding.question is Question.IDENTITY]
    judged = _select_judged(listing, {work.id: identity_findings}, context)
    offence_findings = _StageMatchers(Stage.OFFENCE, (work,)).find(listing, judged, context)
    return _weigh(listing, work, [*identity_findings, *offence_findings.get(work.id, ())], context)


class _StageMatchers:
    """The matchers of one stage over the same works."""

    def __init__(self, stage: Stage, works: Sequence[Work]) -> None:
        self._matchers = [matcher(works) for matcher in matcher_classes(stage)]
        self._declared = declared_keys(stage)

    def prefetch(self, batch: Sequence[tuple[Listing, Candidates]], context: Context) -> None:
        for matcher in self._matchers:
            matcher.prefetch(batch, context)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> dict[str, list[Finding]]:
        """The findings of all matchers by work. Raises ValueError for a finding whose ground is not declared."""
        by_work: dict[str, list[Finding]] = {}
        for matcher in self._matchers:
            for finding in matcher.find(listing, candidates, context):
                if (finding.matcher, finding.ground) not in self._declared:
                    raise ValueError(
                        f"{matcher.name} yields ground {finding.ground!r}, which {finding.matcher} does not declare"
                    )
                by_work.setdefault(finding.work_id, []).append(finding)
        return by_work


def _select_judged(listing: Listing, considered: Candidates, context: Context) -> Candidates:
    """The works whose offer is judged: with a support of at least MIN_JUDGED_IDENTITY, or judged by a person before."""
    accused = {entry.work for entry in context.accusations_of(listing)}
    return {
        work_id: findings
        for work_id, findings in considered.items()
        if work_id in accused or identity_support(findings) >= MIN_JUDGED_IDENTITY
    }


def _weigh(listing: Listing, work: Work, findings: Sequence[Finding], context: Context) -> Assessment:
    assessment = weigh_findings(work.id, findings, listing.kind.value, work_type(work).value, context.weights)
    is_held = work.id in context.quarantined and not is_accused(findings)
    if is_held and assessment.decision is Decision.HIT:
        assessment = evolve(assessment, decision=Decision.REVIEW)
    return evolve(assessment, harm=expected_harm(assessment.identity, assessment.offence, listing, work))


def differs(stored: Mapping[str, tuple[str, float, float]], assessments: Iterable[Assessment]) -> bool:
    """Whether any decision or probability differs from `stored`: work -> (decision, identity, offence)."""
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
