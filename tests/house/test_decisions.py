"""What is decided is what was recorded; `python -m bench.decisions` compares much more than this test."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from bench import decisions
from bench.decisions import Comparison, Row

OFFER_SETS = ("tune", "check", "others-a", "others-b", "others-c", "others-d")


def list_differences(part: str, rows: Iterable[Row], is_whole: bool = True) -> str:
    comparison = Comparison.compare(part, rows, is_whole)
    assert comparison.rows, "nothing was compared"
    return "\n".join(comparison.differing[:10])


def test_the_tables_of_pairs_are_decided_as_recorded(tmp_path: Path) -> None:
    assert not list_differences("pairs", decisions.pairs(tmp_path))


@pytest.mark.parametrize("name", OFFER_SETS)
def test_offers_are_decided_as_recorded(name: str) -> None:
    assert not list_differences("offers", decisions.offer_rows(name, limit=100), is_whole=False)


@pytest.mark.slow
@pytest.mark.browser
def test_the_demo_night_is_as_recorded(demo_night: Path) -> None:
    assert not list_differences("demo", decisions.demo_rows(demo_night / "hits.csv"))


def test_what_differs_is_reported_and_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "RECORD_FOLDER", tmp_path)
    rows = [Row(id=str(number), word="hit", values=["a", "b"]) for number in range(4)]
    decisions.record("part", rows)
    assert decisions.check("part", rows) == ("4 rows, 0 differ", True)
    changed = [
        Row(id="0", word="review", values=["a", "c"]),
        Row(id="1", word="hit", values=["b", "a"]),
        rows[2],
        Row(id="4"),
    ]
    report, is_well = decisions.check("part", changed)
    assert not is_well
    assert report.split("\n  ") == [
        "4 rows, 4 differ, 1 only in their order",
        "0: hit -> review; now a | c",
        "1: the same in another order; now b | a",
        "4: not recorded; now nothing",
        "3: no longer there",
    ]


def test_nothing_of_a_row_but_digests_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "RECORD_FOLDER", tmp_path)
    decisions.record("part", [Row(id="1", word="none", values=["a text of others"], about="https://example.com")])
    id_, digest, word = (tmp_path / "part.txt").read_text(encoding="utf-8").strip().split("\t")
    assert (id_, len(digest), word) == ("1", 8, "none")
