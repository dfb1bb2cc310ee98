"""A grown database moves to another one: whole, resumable, and refused where it would mix."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.errors import Busy, StoreError
from crawler.items import (
    Ask,
    AssessedListing,
    Assessment,
    Decision,
    Listing,
    ListingKind,
    UnitKind,
    Work,
)
from crawler.store import Backoff, HitQuery, Store, database_move, schema
from tests.conftest import Swordnet
from tests.sql import connection_to

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
WORK_COUNT = 45


@pytest.fixture
def filled_store(tmp_path: Path) -> Store:
    """Works, a night with a hit, clocks and marks in SQLite."""
    store = Store.open(f"sqlite:///{tmp_path}/swordnet.db")
    store.works.import_works([Work(id=f"W{n:02}", title=f"潮汐表 第{n}卷") for n in range(WORK_COUNT)], NOW)
    store.runs.start_run("r1", "2026-11-22", NOW, "night")
    store.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [(Ask(question=f"q{n}"),) for n in range(7)])
    unit = store.queue.claim_next("r1", "a", NOW, 60)
    assert unit is not None
    listing = Listing(platform="kongfz", kind=ListingKind.OFFER, url="https://a.test/1", title="潮汐表", seen_at=NOW)
    hit = Assessment(work_id="W01", identity=0.97, offence=0.9, decision=Decision.HIT)
    store.hits.write_batch([AssessedListing(listing=listing, assessments=(hit,))], unit, NOW)
    store.queue.set_backoff(Backoff(key="host:a.test", not_before=NOW, why="429"))
    store.runs.put_named_value("registry", "abc")
    return store


def table_rows(url: str) -> dict[str, list[object]]:
    rows_by_table: dict[str, list[object]] = {}
    with connection_to(url) as connection:
        for table in schema.metadata.sorted_tables:
            key = list(table.primary_key)
            rows_by_table[table.name] = [tuple(row) for row in connection.execute(table.select().order_by(*key))]
    return rows_by_table


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_move, "MOVE_BATCH_ROWS", 10)


@pytest.mark.usefixtures("small")
def test_a_moved_database_holds_everything_and_numbers_go_on(
    filled_store: Store, database: str, tmp_path: Path
) -> None:
    url = database.replace("/s.db", "/new.db")
    progress: list[tuple[str, int, int]] = []
    counts = filled_store.admin.move_to(url, lambda *step: progress.append(step))
    assert counts["works"] == WORK_COUNT
    assert [step for step in progress if step[0] == "works"][-1] == ("works", WORK_COUNT, WORK_COUNT)
    with Store.open(url) as target:
        assert table_rows(url) == table_rows(f"sqlite:///{tmp_path}/swordnet.db")
        assert [hit.work_id for hit in target.hits.find_hits(HitQuery())] == ["W01"]
        target.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [(Ask(question="new"),)])
        assert len(target.queue.unit_outcomes("r1")) == 8


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("stop_after", [1, 3, 6])
def test_a_move_that_was_cut_off_goes_on_where_it_was(
    filled_store: Store, database: str, tmp_path: Path, stop_after: int
) -> None:
    url = database.replace("/s.db", "/new.db")
    moved_tables: list[str] = []

    def interrupt(table: str, *_: int) -> None:
        moved_tables.append(table)
        if len(moved_tables) == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filled_store.admin.move_to(url, interrupt)
    resumed_tables: list[str] = []
    filled_store.admin.move_to(url, lambda table, *_: resumed_tables.append(table))
    repeated_tables: list[str] = []
    with Store.open(url):
        assert table_rows(url) == table_rows(f"sqlite:///{tmp_path}/swordnet.db")
        with pytest.raises(StoreError, match="holds data"):
            filled_store.admin.move_to(url, lambda table, *_: repeated_tables.append(table))
    assert not repeated_tables
    assert len(moved_tables) + len(resumed_tables) == 5 + 6, "works in five portions, six more tables in one each"


def test_a_night_that_runs_is_not_moved_away(filled_store: Store, tmp_path: Path) -> None:
    with filled_store.admin.night_lock(), pytest.raises(Busy):
        filled_store.admin.move_to(f"sqlite:///{tmp_path}/new.db")


def test_the_command_moves_and_says_so(filled_store: Store, swordnet: Swordnet, tmp_path: Path) -> None:
    filled_store.close()
    result = swordnet("db", "migrate", f"sqlite:///{tmp_path}/new.db")
    assert result.returncode == 0, result.stderr
    assert "moved" in result.stderr + result.stdout
    refused = swordnet("db", "migrate", f"sqlite:///{tmp_path}/new.db")
    assert refused.returncode == 4
    assert "holds data" in refused.stderr
