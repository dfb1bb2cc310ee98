"""Batches over several processes: the same rows in the same order as one process gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from crawler.items import Listing, ListingKind, Work
from desk.batch import Offered
from desk.cores import cores
from desk.matching import LEAST_ROWS, Matching
from matchers import Context
from matchers.assess import Assessor

WORKS = [Work(id="w1", title="长夜里的灯塔守望者"), Work(id="w2", title="The Cartographer's Winter Garden")]
TITLES = ("长夜里的灯塔守望者 PDF", "The Cartographers Winter Garden epub", "雨林铁路", "长夜里的塔灯守望者")


def test_workers_give_what_one_process_gives() -> None:
    offers = [offered(number) for number in range(LEAST_ROWS + 5)]
    context = Context(now=datetime(2026, 11, 1, tzinfo=UTC))
    matching = Matching(assessor=Assessor(WORKS), offers=offers, context=context, folder=Path())
    alone, together = list(matching.batches(1)), list(matching.batches(2))
    assert alone == together
    assert sum(rows for rows, _ in together) == len(offers)
    found = [json.loads(line) for _, lines in together for line in lines.splitlines()]
    assert [row["id"] for row in found] == [offer.id for offer in offers]
    assert [row["work_id"] for row in found[:4]] == ["w1", "w2", None, "w1"]


def test_there_is_at_least_one_core() -> None:
    assert cores() >= 1


def offered(number: int) -> Offered:
    title = TITLES[number % len(TITLES)]
    listing = Listing(platform="-", kind=ListingKind.OFFER, url=f"row:{number}", title=title)
    return Offered(id=str(number), listing=listing)
