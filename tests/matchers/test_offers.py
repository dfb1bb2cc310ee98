"""The labelled offers of fixtures/offers: frozen, whole, and decided as well as the target says, on either half."""

from __future__ import annotations

import hashlib
import json

import pytest

from bench.offers import OFFERS_FOLDER, assess_rows, figures
from registry.works_reader import read_works

DIGESTS = {
    "tune.jsonl": "d170e4151de1657433f3d50570cfe5026d772265b7ba44e4faf1d260715be392",
    "check.jsonl": "3f5c69010211440bb399fb86b26ef026b9f7d8302cd1c20b7b80e84bf62b1a66",
    "works-tune.jsonl": "a9b1fc692e7ac0c206627104f55d6fdf88553bddcfbba0446453ae3b799fd872",
    "works-check.jsonl": "f3d8626419d9605ff2baf91383c5cd01a175f7a5a45d4935c87ed36b3c7c27f3",
    "others-a.jsonl": "9d9d0b05df9e2b28c522a528096b51b643c12478ee0e399db7c53a295d4baabc",
    "others-b.jsonl": "97b23f137db6ecda28003f35ef962b53dd8bb3c74725faf61535f5c00d569c66",
    "works-others-a.jsonl": "6933f0628378591ce10a2930d13cd04652749f7589807d180956fcda141b505c",
    "works-others-b.jsonl": "7636cc7696c609f0cc98167a89df44299c844370d8e6ce58cf9d16d394e90184",
    "others-c.jsonl": "50125572037044884244929beb39e903d7f64e492c7ad18633d2dea6bb5c6735",
    "works-others-c.jsonl": "04634e185ac79fcb553c16b79644f9246ef1f664eb8ca9488b9cf4dbd4851af4",
    "others-d.jsonl": "ebe5cc4a984f49cd1b724db676778c54d0db03d7573920b6554bc648513b2089",
    "works-others-d.jsonl": "3a24df5abe12c3016531ad81c8c348821ef5edfd62bce651db3c3c0a6fff903e",
    "market-a.jsonl": "4ece42e44c2a64c7f6fa894408c67a025233df8edb72ed25c853a2f1207b7149",
    "market-b.jsonl": "7791c00b91ea0ec828c2bd3e9f0620de3c92467935c611715d1b7847e821ccfd",
    "works-market-a.jsonl": "147cd992641e33ff755d3fdbe7177092353ee7745605ae4c4b52758fe13c38a1",
    "works-market-b.jsonl": "2f2b5bd3f4e71131818b7319ad1768b030f9427647235e7ce880408ff07799b8",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_the_labelled_offers_are_frozen(name: str) -> None:
    assert hashlib.sha256((OFFERS_FOLDER / name).read_bytes()).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("half", ["tune", "check", "others-a", "others-b"])
def test_every_row_has_its_work_its_decision_and_its_reason(half: str) -> None:
    works = {work.id for work in read_works(OFFERS_FOLDER / f"works-{half}.jsonl")}
    rows = [json.loads(line) for line in (OFFERS_FOLDER / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) > 300
    assert len({row["set"] for row in rows}) >= 24
    assert {row["expected"] for row in rows} == {"hit", "licensed", "dropped", "review"}
    assert all(row["work"] in works and row["reason"] and row["language"] in ("zh", "en") for row in rows)


@pytest.mark.parametrize("half", ["tune", "check", "others-a", "others-b"])
def test_decisions_are_as_good_as_the_target(half: str) -> None:
    quality = figures(list(assess_rows(half)))
    assert quality["precision"] >= 0.95
    assert quality["recall"] >= 0.85
    assert quality["licensed as hit"] == 0
    assert quality["review"] < 0.12


@pytest.mark.parametrize("half", ["others-c", "others-d"])
def test_decisions_on_informal_english_fall_no_further(half: str) -> None:
    """Below the target, and known to be (docs/benchmarks-trust.md): the floor that is held."""
    quality = figures(list(assess_rows(half)))
    assert quality["precision"] >= 0.9
    assert quality["recall"] >= 0.75
    assert quality["licensed as hit"] == 0
    assert quality["review"] < 0.12
