"""`report quality`: how precise hits are and how many are missed, by platform, from people's judgements.

Two sources, never mixed. *Audit*: pairs drawn at random are representative of all pairs. *All judged*: what people
chose to judge shows how their work went, not how good the program is. Every figure comes with its base.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from crawler.items import Decision, Verdict
from crawler.messages import render_message
from crawler.store import AuditSample, ReviewedHit, Store
from matchers.evaluation import Proportion, calibration_error, proportion_of

ALL_PLATFORMS = "*"


@frozen(kw_only=True)
class PlatformQuality:
    """The figures of one platform, or of all (`ALL_PLATFORMS`).

    `precision`: of sampled hits, those that infringe; `missed`: of sampled dropped pairs, those that infringe after
    all; `missed_in_all`: an estimate of how many that is among all dropped pairs; `licensed`: of sampled licensed
    pairs, those that do not infringe; `judged`: of all hits that people judged, those that infringe; `waiting`: samples
    not yet judged.
    """

    platform: str
    precision: Proportion
    missed: Proportion
    missed_in_all: float
    licensed: Proportion
    judged: Proportion
    waiting: int


@frozen(kw_only=True)
class Quality:
    """The figures by platform, `ALL_PLATFORMS` first, and the calibration error of offence probabilities (None without
    judgements), measured on `calibrated_on` judgements.
    """

    platforms: tuple[PlatformQuality, ...]
    calibration: float | None
    calibrated_on: int


def measure_quality(store: Store) -> Quality:
    """The current figures."""
    samples, judged_hits = list(store.reviews.all_samples()), list(store.reviews.reviewed_hits())
    names = sorted({row.platform for row in samples} | {row.platform for row in judged_hits})
    channels = [_platform_quality(ALL_PLATFORMS, samples, judged_hits)]
    for name in names:
        of_name = [row for row in samples if row.platform == name]
        channels.append(_platform_quality(name, of_name, [row for row in judged_hits if row.platform == name]))
    pairs = [(row.snapshot.offence, is_infringing(row)) for row in judged_hits if row.snapshot and _is_decided(row)]
    return Quality(
        platforms=tuple(channels), calibration=calibration_error(pairs) if pairs else None, calibrated_on=len(pairs)
    )


def _platform_quality(name: str, samples: Sequence[AuditSample], judged_hits: Sequence[ReviewedHit]) -> PlatformQuality:
    by_decision: Mapping[Decision, list[AuditSample]] = defaultdict(list)
    for row in samples:
        by_decision[row.decision].append(row)
    missed = _judged_samples(by_decision[Decision.DROPPED])
    hits = (row for row in judged_hits if row.snapshot and row.snapshot.decision == Decision.HIT.value)
    return PlatformQuality(
        platform=name,
        precision=proportion_of(
            row.verdict is Verdict.INFRINGING for row in _judged_samples(by_decision[Decision.HIT])
        ),
        missed=proportion_of(row.verdict is Verdict.INFRINGING for row in missed),
        missed_in_all=sum(row.stands_for for row in missed if row.verdict is Verdict.INFRINGING),
        licensed=proportion_of(row.verdict is Verdict.NOT for row in _judged_samples(by_decision[Decision.LICENSED])),
        judged=proportion_of(is_infringing(row) for row in hits if _is_decided(row)),
        waiting=sum(row.verdict is None for row in samples),
    )


def _judged_samples(samples: Iterable[AuditSample]) -> list[AuditSample]:
    return [sample for sample in samples if sample.verdict in (Verdict.INFRINGING, Verdict.NOT)]


def is_infringing(judged_hit: ReviewedHit) -> bool:
    """Whether a person judged the hit infringing."""
    return judged_hit.judgement.verdict is Verdict.INFRINGING


def _is_decided(judged_hit: ReviewedHit) -> bool:
    return judged_hit.judgement.verdict is not Verdict.UNSURE


def quality_lines(quality: Quality, language: str) -> list[str]:
    """The report as lines of text, for people."""
    lines = []
    for row in quality.platforms:
        name = render_message("desk", "quality_all", language) if row.platform == ALL_PLATFORMS else row.platform
        lines.append(render_message("desk", "quality_channel", language, platform=name, waiting=row.waiting))
        lines.extend(
            "  " + render_message("desk", f"quality_{key}", language, share=_share_text(getattr(row, key), language))
            for key in ("precision", "missed", "licensed", "judged")
        )
        if row.missed.total:
            lines.append(
                "  " + render_message("desk", "quality_missed_in_all", language, count=round(row.missed_in_all))
            )
    if quality.calibration is not None:
        figures = {"error": f"{quality.calibration:.3f}", "count": quality.calibrated_on}
        lines.append(render_message("desk", "quality_calibration", language, **figures))
    return lines


def _share_text(share: Proportion, language: str) -> str:
    return share.to_text() if share.total else render_message("desk", "quality_nothing", language)


def quality_json(quality: Quality) -> dict[str, Any]:
    """The report as JSON values, for programs."""
    names = ("precision", "missed", "licensed", "judged")
    channels = [
        {"platform": row.platform, "waiting": row.waiting, "missed_in_all": round(row.missed_in_all, 1)}
        | {name: getattr(row, name).to_dict() for name in names}
        for row in quality.platforms
    ]
    return {"channels": channels, "calibration_error": quality.calibration, "judged": quality.calibrated_on}
