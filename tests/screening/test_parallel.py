"""Batches over several processes: the same rows in the same order as one process gives."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve

from crawler.errors import SwordnetError
from crawler.items import Listing, ListingKind, Picture, Work
from desk.match_rows import ROWS_PER_BATCH, MatchJob, OfferRow
from matchers.assessor import Assessor
from matchers.matcher import Context
from screening.parallel import (
    MIN_LISTINGS_FOR_WORKERS,
    PARTS_AHEAD_PER_WORKER,
    available_cores,
    map_in_order,
    worker_count,
)
from screening.picture_screening import MAX_SINGLE_PROCESS_PICTURES
from tests.cover_pictures import cover, encode_picture

ROOT = Path(__file__).parents[2]

WORKS = [Work(id="w1", title="长夜里的灯塔守望者"), Work(id="w2", title="The Cartographer's Winter Garden")]
TITLES = ("长夜里的灯塔守望者 PDF", "The Cartographers Winter Garden epub", "雨林铁路", "长夜里的塔灯守望者")


@pytest.mark.parametrize("has_index", [False, True])
def test_workers_give_what_one_process_gives(has_index: bool, tmp_path: Path) -> None:
    offers = [offer_row(number) for number in range(ROWS_PER_BATCH + 5)]
    context = Context(now=datetime(2026, 11, 1, tzinfo=UTC))
    assessor = Assessor(WORKS, index_folder=tmp_path / "index" if has_index else None)
    job = MatchJob(assessor=assessor, offers=offers, context=context, folder=Path())
    one_process, two_processes = list(job.run_batches()), list(evolve(job, workers=2).run_batches())
    assert one_process == two_processes
    assert sum(batch.rows for batch in two_processes) == len(offers)
    results = [json.loads(line) for batch in two_processes for line in batch.lines.splitlines()]
    assert [row["id"] for row in results] == [offer.id for offer in offers]
    assert [row["work_id"] for row in results[:4]] == ["w1", "w2", None, "w1"]


@pytest.mark.parametrize(
    ("listings", "works", "workers"),
    [(MIN_LISTINGS_FOR_WORKERS - 1, 10, 1), (MIN_LISTINGS_FOR_WORKERS, 10, 8), (MIN_LISTINGS_FOR_WORKERS, 10**6, 1)],
)
def test_workers_start_only_where_they_save_time(listings: int, works: int, workers: int) -> None:
    assert worker_count(listings, works, 8) == workers


def test_rows_with_pictures_take_longer() -> None:
    pictured = evolve(offer_row(0), listing=evolve(offer_row(0).listing, pictures=(Picture(url="a.jpg"),)))
    assert MatchJob.worker_count([offer_row(0)] * 60, 10, 8) == 1
    assert MatchJob.worker_count([pictured] * 60, 10, 8) == 8


def test_an_assessor_opens_its_kept_index_again(tmp_path: Path) -> None:
    assessor = Assessor(WORKS, 0.25, tmp_path / "index")
    copy = pickle.loads(pickle.dumps(assessor))
    assert (assessor.index_origin, copy.index_origin) == ("built", "opened")
    listing, context = offer_row(1).listing, Context(now=datetime(2026, 11, 1, tzinfo=UTC))
    assert copy.assess(listing, context) == assessor.assess(listing, context) != ()


def test_a_single_part_starts_no_process() -> None:
    assert list(map_in_order(process_id, [0], 2)) == [os.getpid()]
    assert os.getpid() not in list(map_in_order(process_id, range(3), 2))


HANGING_SCRIPT = """
import sys
from pathlib import Path
import cv2
from screening.picture_screening import read_pictures
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    pictures = sorted(folder.glob("*.jpg"))
    cv2.setNumThreads(4)
    # Descriptors that exist are not computed again, which would limit OpenCV to one thread.
    first = list(read_pictures(pictures[:2], folder / "index"))
    cv2.setNumThreads(4)
    first = list(read_pictures(pictures[:2], folder / "index"))
    print(len(first), len(list(read_pictures(pictures, folder / "index"))))
"""


def test_pictures_are_read_in_processes_after_opencv_has_run_threads(tmp_path: Path) -> None:
    # As a list of works that is refused, then imported again with more pictures: a copied process waits for ever.
    for number in range(MAX_SINGLE_PROCESS_PICTURES + 1):
        (tmp_path / f"{number:02}.jpg").write_bytes(encode_picture(cover(number).resize((1_400, 2_000))))
    script = tmp_path / "script.py"
    script.write_text(HANGING_SCRIPT, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, script, tmp_path], stdout=subprocess.PIPE, env=environment, start_new_session=True
    ) as process:
        try:
            output, _ = process.communicate(timeout=60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert output.split() == [b"2", b"%d" % (MAX_SINGLE_PROCESS_PICTURES + 1)]


def test_there_is_at_least_one_core() -> None:
    assert available_cores() >= 1


def test_a_worker_that_dies_is_an_error_and_no_endless_wait() -> None:
    with pytest.raises(SwordnetError, match="worker process died"):
        list(map_in_order(kill_at_three, range(50), 2))


def test_parts_are_taken_a_few_at_a_time() -> None:
    consumed: list[int] = []
    parts = (consumed.append(number) or number for number in range(100))  # type: ignore[func-returns-value]
    answers = map_in_order(abs, parts, 2)
    assert next(answers) == 0
    assert len(consumed) <= 2 * PARTS_AHEAD_PER_WORKER
    assert list(answers) == list(range(1, 100))


def kill_at_three(part: int) -> int:
    if part == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return part


def process_id(_: int) -> int:
    return os.getpid()


def offer_row(number: int) -> OfferRow:
    title = TITLES[number % len(TITLES)]
    listing = Listing(platform="-", kind=ListingKind.OFFER, url=f"row:{number}", title=title)
    return OfferRow(id=str(number), listing=listing)
