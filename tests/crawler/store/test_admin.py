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
WORKS = 45


@pytest.fixture
def grown(tmp_path: Path) -> Store:
    """Works, a night with a hit, clocks and marks in SQLite."""
    store = Store.open(f"sqlite:///{tmp_path}/swordnet.db")
    store.works.import_works([Work(id=f"W{n:02}", title=f"潮汐表 第{n}卷") for n in range(WORKS)], NOW)
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


def rows(url: str) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    with connection_to(url) as connection:
        for table in schema.metadata.sorted_tables:
            key = list(table.primary_key)
            found[table.name] = [tuple(row) for row in connection.execute(table.select().order_by(*key))]
    return found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_move, "MOVE_BATCH_ROWS", 10)


@pytest.mark.usefixtures("small")
def test_everything_is_there_afterwards_and_numbers_go_on(grown: Store, database: str, tmp_path: Path) -> None:
    url = database.replace("/s.db", "/new.db")
    told: list[tuple[str, int, int]] = []
    counts = grown.admin.move_to(url, lambda *each: told.append(each))
    assert counts["works"] == WORKS
    assert [each for each in told if each[0] == "works"][-1] == ("works", WORKS, WORKS)
    with Store.open(url) as there:
        assert rows(url) == rows(f"sqlite:///{tmp_path}/swordnet.db")
        assert [hit.work_id for hit in there.hits.find_hits(HitQuery())] == ["W01"]
        there.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [(Ask(question="new"),)])
        assert len(there.queue.unit_outcomes("r1")) == 8


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("place", [1, 3, 6])
def test_a_move_that_was_cut_off_goes_on_where_it_was(grown: Store, database: str, tmp_path: Path, place: int) -> None:
    url = database.replace("/s.db", "/new.db")
    portions: list[str] = []

    def cut(table: str, *_: int) -> None:
        portions.append(table)
        if len(portions) == place:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grown.admin.move_to(url, cut)
    again: list[str] = []
    grown.admin.move_to(url, lambda table, *_: again.append(table))
    everything: list[str] = []
    with Store.open(url):
        assert rows(url) == rows(f"sqlite:///{tmp_path}/swordnet.db")
        with pytest.raises(StoreError, match="holds data"):
            grown.admin.move_to(url, lambda table, *_: everything.append(table))
    assert not everything
    assert len(portions) + len(again) == 5 + 6, "works in five portions, six more tables in one each"


def test_a_night_that_runs_is_not_moved_away(grown: Store, tmp_path: Path) -> None:
    with grown.admin.night_lock(), pytest.raises(Busy):
        grown.admin.move_to(f"sqlite:///{tmp_path}/new.db")


def test_the_command_moves_and_says_so(grown: Store, swordnet: Swordnet, tmp_path: Path) -> None:
    grown.close()
    done = swordnet("db", "migrate", f"sqlite:///{tmp_path}/new.db")
    assert done.returncode == 0, done.stderr
    assert "moved" in done.stderr + done.stdout
    refused = swordnet("db", "migrate", f"sqlite:///{tmp_path}/new.db")
    assert refused.returncode == 4
    assert "holds data" in refused.stderr
