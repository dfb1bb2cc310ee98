"""Batches over several processes: the same rows in the same order as one process gives."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.errors import SwordnetError
from crawler.items import Listing, ListingKind, Work
from desk.match_rows import MIN_ROWS_FOR_WORKERS, MatchJob, OfferRow
from matchers.assessor import Assessor
from matchers.matcher import Context
from screening.parallel import PARTS_AHEAD_PER_WORKER, available_cores, map_in_order

WORKS = [Work(id="w1", title="长夜里的灯塔守望者"), Work(id="w2", title="The Cartographer's Winter Garden")]
TITLES = ("长夜里的灯塔守望者 PDF", "The Cartographers Winter Garden epub", "雨林铁路", "长夜里的塔灯守望者")


def test_workers_give_what_one_process_gives() -> None:
    offers = [offer_row(number) for number in range(MIN_ROWS_FOR_WORKERS + 5)]
    context = Context(now=datetime(2026, 11, 1, tzinfo=UTC))
    matching = MatchJob(assessor=Assessor(WORKS), offers=offers, context=context, folder=Path())
    one_process, two_processes = list(matching.run_batches(1)), list(matching.run_batches(2))
    assert one_process == two_processes
    assert sum(rows for rows, _ in two_processes) == len(offers)
    results = [json.loads(line) for _, lines in two_processes for line in lines.splitlines()]
    assert [row["id"] for row in results] == [offer.id for offer in offers]
    assert [row["work_id"] for row in results[:4]] == ["w1", "w2", None, "w1"]


def test_there_is_at_least_one_core() -> None:
    assert available_cores() >= 1


def test_a_worker_that_dies_is_an_error_and_no_endless_wait() -> None:
    def kill_at_three(part: int) -> int:
        if part == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return part

    with pytest.raises(SwordnetError, match="worker process died"):
        list(map_in_order(kill_at_three, range(50), 2))


def test_parts_are_taken_a_few_at_a_time() -> None:
    consumed: list[int] = []
    parts = (consumed.append(number) or number for number in range(100))  # type: ignore[func-returns-value]
    answers = map_in_order(abs, parts, 2)
    assert next(answers) == 0
    assert len(consumed) <= 2 * PARTS_AHEAD_PER_WORKER
    assert list(answers) == list(range(1, 100))


def offer_row(number: int) -> OfferRow:
    title = TITLES[number % len(TITLES)]
    listing = Listing(platform="-", kind=ListingKind.OFFER, url=f"row:{number}", title=title)
    return OfferRow(id=str(number), listing=listing)
