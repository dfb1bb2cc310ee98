"""A few variants of each kind of input: nothing of them is lost in silence, and what judges them would see it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench._variants import Reading, Variant, Verdict, judge
from bench.variants import groups, run_variant

SEED = 20
MAKERS = [
    pytest.param(group, group.makers.index(maker), id=f"{group.name} {maker.__name__}")
    for group in groups()
    for maker in group.makers
    if not maker.__name__.startswith("xlsx_")  # each starts a process: tests/registry has them
]


@pytest.mark.parametrize(("group", "number"), MAKERS)
def test_no_loss_is_silent(group, number, tmp_path: Path) -> None:
    variant = group.variant(SEED, number)
    verdict, note = run_variant(group, variant, tmp_path)
    assert not verdict.is_failure, f"{variant.kind}: {note}"


def test_variants_are_the_same_for_a_seed() -> None:
    for group in groups():
        assert group.variant(SEED, 1) == group.variant(SEED, 1)


RIGHT = {"1": {"title": "雾港来信", "price": "39.80"}, "2": {"title": "Blue Tiles", "price": "3.00"}}


def read_as(changes: Mapping[str, Mapping[str, str] | None], **fields) -> Reading:
    """What is right with some items changed, or (None) lost."""
    items = {name: {**item, **(changes.get(name) or {})} for name, item in RIGHT.items()}
    return Reading({name: item for name, item in items.items() if changes.get(name, {}) is not None}, **fields)


@pytest.mark.parametrize(
    ("reading", "plain_bytes", "verdict"),
    [
        (read_as({}), 0, Verdict.WHOLE),
        (read_as({"2": None}), 0, Verdict.SILENT),
        (read_as({"2": None}, is_reported=lambda item: item == "2"), 0, Verdict.REPORTED),
        (read_as({"2": None}, is_reported=lambda item: item == "1"), 0, Verdict.SILENT),
        (read_as({"1": {"price": "3980"}}), 0, Verdict.WRONG),
        (read_as({"1": {"price": "39.90"}}), 1, Verdict.UNSEEN),
        (read_as({"1": {"title": "another work, another text"}}), 1, Verdict.WRONG),
        (read_as({"1": {"price": "39.90"}, "2": None}), 1, Verdict.SILENT),
        (Reading(refusal="w.csv: line 3 is not UTF-8"), 0, Verdict.REFUSED),
        (Reading(refusal="a.warc: record 2\na.warc: record 3"), 0, Verdict.REFUSED),
        (Reading(refusal="w.csv: \x1f\x8b\x08"), 0, Verdict.SILENT),
    ],
)
def test_judge(reading: Reading, plain_bytes: int, verdict: Verdict) -> None:
    assert judge(Variant("", {}, "", RIGHT, plain_bytes), reading)[0] is verdict


def test_item_that_nobody_wrote_is_wrong() -> None:
    reading = Reading({**RIGHT, "3": {"title": "x"}})
    assert judge(Variant("", {}, "", RIGHT), reading)[0] is Verdict.WRONG
    assert judge(Variant("", {}, "", RIGHT, others=frozenset({"3"})), reading)[0] is Verdict.WHOLE


def test_damage_changes_the_bytes() -> None:
    from bench._variants import DAMAGES, damage

    data = bytes(1_000)
    for number in range(40):
        chance = random.Random(number)
        assert damage(data, chance, (sorted(DAMAGES)[number % len(DAMAGES)],))[1] != data
