"""`report quality`: how precise hits are and how many are missed, by platform, from what people judged.

Two sources, never mixed. *Audit*: pairs that were drawn at random say what holds for all pairs. *All judged*: what
people chose to judge says how the work went, not how good the program is. Every figure comes with what it is a share
of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from crawler.items import Decision, Verdict
from crawler.messages import say
from crawler.store import Store
from crawler.store.audits import Sample
from crawler.store.judgements import Judged
from matchers.calibration import error
from matchers.quality import Share, tallied

ALL = "*"


@frozen(kw_only=True)
class Channel:
    """The figures of one platform, or of all (`ALL`).

    `precision`: of drawn hits, those that infringe; `missed`: of drawn dropped pairs, those that infringe after all;
    `missed_in_all`: how many that would be of all dropped ones; `licensed`: of drawn licensed pairs, those that are no
    infringement; `judged`: of all hits that people judged, those that infringe; `waiting`: drawn and not yet judged.
    """

    platform: str
    precision: Share
    missed: Share
    missed_in_all: float
    licensed: Share
    judged: Share
    waiting: int


@frozen(kw_only=True)
class Quality:
    """The figures by platform, `ALL` first, and whether stated offences came true."""

    channels: tuple[Channel, ...]
    calibration: float | None
    calibrated_on: int


def quality_of(store: Store) -> Quality:
    """The figures as they are now."""
    samples, judged = list(store.audits.all()), list(store.judgements.all_standing())
    names = sorted({each.platform for each in samples} | {each.platform for each in judged})
    channels = [_channel(ALL, samples, judged)]
    for name in names:
        of_name = [each for each in samples if each.platform == name]
        channels.append(_channel(name, of_name, [each for each in judged if each.platform == name]))
    pairs = [(each.snapshot.offence, infringes(each)) for each in judged if each.snapshot and _is_decided(each)]
    return Quality(channels=tuple(channels), calibration=error(pairs) if pairs else None, calibrated_on=len(pairs))


def _channel(name: str, samples: Sequence[Sample], judged: Sequence[Judged]) -> Channel:
    drawn: Mapping[Decision, list[Sample]] = defaultdict(list)
    for each in samples:
        drawn[each.decision].append(each)
    missed = _known(drawn[Decision.DROPPED])
    hits = (each for each in judged if each.snapshot and each.snapshot.decision == Decision.HIT.value)
    return Channel(
        platform=name,
        precision=tallied(each.verdict is Verdict.INFRINGING for each in _known(drawn[Decision.HIT])),
        missed=tallied(each.verdict is Verdict.INFRINGING for each in missed),
        missed_in_all=sum(each.stands_for for each in missed if each.verdict is Verdict.INFRINGING),
        licensed=tallied(each.verdict is Verdict.NOT for each in _known(drawn[Decision.LICENSED])),
        judged=tallied(infringes(each) for each in hits if _is_decided(each)),
        waiting=sum(each.verdict is None for each in samples),
    )


def _known(samples: Iterable[Sample]) -> list[Sample]:
    return [each for each in samples if each.verdict in (Verdict.INFRINGING, Verdict.NOT)]


def infringes(judged: Judged) -> bool:
    """Whether a person said so."""
    return judged.judgement.verdict is Verdict.INFRINGING


def _is_decided(judged: Judged) -> bool:
    return judged.judgement.verdict is not Verdict.UNSURE


def as_lines(quality: Quality, language: str) -> list[str]:
    """The report for people."""
    lines = []
    for each in quality.channels:
        name = say("desk", "quality_all", language) if each.platform == ALL else each.platform
        lines.append(say("desk", "quality_channel", language, platform=name, waiting=each.waiting))
        lines.extend(
            "  " + say("desk", f"quality_{key}", language, share=_said(getattr(each, key), language))
            for key in ("precision", "missed", "licensed", "judged")
        )
        if each.missed.total:
            lines.append("  " + say("desk", "quality_missed_in_all", language, count=round(each.missed_in_all)))
    if quality.calibration is not None:
        figures = {"error": f"{quality.calibration:.3f}", "count": quality.calibrated_on}
        lines.append(say("desk", "quality_calibration", language, **figures))
    return lines


def _said(share: Share, language: str) -> str:
    if share.value is None:
        return say("desk", "quality_nothing", language)
    low, high = share.interval
    return f"{share.value:.3f} ({share.right}/{share.total}; .95: {low:.3f}-{high:.3f})"


def as_json(quality: Quality) -> dict[str, Any]:
    """The report for programs."""
    names = ("precision", "missed", "licensed", "judged")
    channels = [
        {"platform": each.platform, "waiting": each.waiting, "missed_in_all": round(each.missed_in_all, 1)}
        | {name: getattr(each, name).plain() for name in names}
        for each in quality.channels
    ]
    return {"channels": channels, "calibration_error": quality.calibration, "judged": quality.calibrated_on}
