from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crawler.errors import StoreError
from crawler.items import (
    Ask,
    AssessedListing,
    Assessment,
    Decision,
    Finding,
    Judgement,
    Licence,
    Listing,
    ListingKind,
    Outcome,
    Picture,
    PictureHash,
    Question,
    ShareLink,
    ShareState,
    Unit,
    UnitKind,
    Verdict,
    Work,
)
from crawler.store import ClaimLost, HitQuery, KnownPositive, Store, from_json, hit_id, to_json
from crawler.store.database import MIGRATIONS_FOLDER
from crawler.store.schema import metadata
from tests.conftest import on_sqlite
from tests.postgres import PostgresServer
from tests.sql import connection_to

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
WORK = Work(
    id="W1",
    title="轨道纪元",
    aliases=("Orbit Era",),
    identifiers={"isbn": ("9787000000018",)},
    list_price=Decimal("59.00"),
    currency="CNY",
    licences=(Licence(platform="kongfz", until=date(2026, 12, 31)),),
    images=(
        Picture(url="/covers/a.png", hashes=(PictureHash(hasher="phash", version="1", settings="8", value="ff00"),)),
    ),
    released_on=date(2025, 5, 1),
)
LINK = ShareLink(
    platform="quark", share_id="0123456789ab", url="https://pan.quark.cn/s/0123456789ab", code="x7y8", span=(3, 40)
)
LISTING = Listing(
    platform="kongfz",
    kind=ListingKind.OFFER,
    url="https://book.kongfz.com/1/2/",
    title="轨道纪元 电子版",
    price=Decimal("3.50"),
    currency="CNY",
    links=(LINK,),
    seen_at=NOW,
)
FINDING = Finding(
    matcher="title", question=Question.IDENTITY, work_id="W1", probability=0.97, why="the title", ours="a", theirs="b"
)
HIT = Assessment(work_id="W1", identity=0.97, offence=0.9, decision=Decision.HIT, findings=(FINDING,))


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        opened.works.import_works([WORK], NOW)
        opened.runs.start_run("r1", "2026-11-22", NOW)
        yield opened


def claim_unit(store: Store, *asks: Ask, holder: str = "a") -> Unit:
    store.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [asks or (Ask(question="轨道纪元"),)])
    unit = store.queue.claim_next("r1", holder, NOW, 60)
    assert unit is not None
    return unit


@pytest.mark.parametrize("value", [WORK, LISTING, FINDING, Ask(url="https://a.test/", code="1")])
def test_values_survive_json(value: object) -> None:
    assert from_json(to_json(value), type(value)) == value


def test_a_store_offers_eleven_doors_and_nothing_else() -> None:
    doors = {"works", "queue", "listings", "hits", "reviews", "runs", "pages", "shares", "rechecks", "outlets", "admin"}
    with Store("sqlite:///:memory:") as opened:
        assert {name for name in dir(opened) if not name.startswith("_")} == doors | {"open", "close"}


def migrate_to(database: str, revision: str) -> None:
    with connection_to(database) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS_FOLDER))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        connection.commit()


def test_findings_keep_their_sentence_over_the_migration_and_get_one_on_the_way_back(
    store: Store, database: str
) -> None:
    """A program before migration 0008 needs a sentence in every finding; this one keeps those there are."""
    keyed = Finding(
        matcher="delivery",
        question=Question.OFFENCE,
        work_id="W1",
        probability=0.9,
        theirs="电子版",
        ground="delivery_file",
        values={"count": 1},
    )
    assessed = AssessedListing(listing=LISTING, assessments=(evolve(HIT, findings=(FINDING, keyed)),))
    store.hits.write_batch([assessed], claim_unit(store), NOW)
    migrate_to(database, "0007")
    with connection_to(database) as connection:
        (findings,) = connection.execute(select(metadata.tables["hits"].c.findings)).scalars()
    assert [finding["why"] for finding in findings] == ["the title", "delivery_file: 电子版"]
    assert "values" not in findings[1]
    store.admin.upgrade()
    (hit,) = store.hits.find_hits(HitQuery())
    assert hit.findings == (FINDING, evolve(keyed, values={}, why="delivery_file: 电子版"))


@pytest.mark.usefixtures("store")
def test_migrations_make_the_tables_of_the_schema(database: str) -> None:
    with connection_to(database) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_importing_twice_changes_nothing_and_a_changed_row_changes_its_work(store: Store) -> None:
    repeated = store.works.import_works([WORK], LATER)
    assert (repeated.added, repeated.changed, repeated.unchanged) == (0, 0, 1)
    before = store.works.registry_digest()
    changed = store.works.import_works([evolve(WORK, publisher="星图社")], LATER)
    assert (changed.added, changed.changed, changed.unchanged) == (0, 1, 0)
    assert store.works.get("W1") == evolve(WORK, publisher="星图社")
    assert store.works.registry_digest() != before


def test_a_retired_work_is_not_listed_and_comes_back_by_import(store: Store) -> None:
    assert store.works.retire("W1", LATER)
    assert list(store.works.all_works()) == []
    assert [work.retired_at for work in store.works.all_works(include_retired=True)] == [LATER]
    assert store.works.import_works([WORK], LATER).changed == 1
    assert store.works.count_works() == 1


def test_a_unit_is_planned_once_and_held_by_one(store: Store) -> None:
    unit = claim_unit(store)
    assert store.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [unit.asks]) == 0
    assert store.queue.claim_next("r1", "b", NOW, 60) is None
    store.queue.finish_unit(unit, {}, {})
    assert store.queue.count_open_units("r1") == 0


def test_busy_platforms_are_left_alone(store: Store) -> None:
    store.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [(Ask(question="a"),)])
    assert store.queue.claim_next("r1", "a", NOW, 60, busy_platforms=["kongfz"]) is None


def test_a_silent_holder_loses_its_unit_and_may_not_write_any_more(store: Store) -> None:
    first = claim_unit(store)
    second = store.queue.claim_next("r1", "b", NOW + timedelta(seconds=61), 60)
    assert second is not None
    assert (second.id, second.attempt) == (first.id, 2)
    with pytest.raises(ClaimLost):
        store.hits.write_batch([AssessedListing(listing=LISTING, assessments=(HIT,))], first, NOW)
    with pytest.raises(ClaimLost):
        store.queue.finish_unit(first, {}, {})
    assert list(store.hits.find_hits(HitQuery())) == []
    assert store.queue.heartbeat(second, NOW, 60)
    assert not store.queue.heartbeat(first, NOW, 60)


def test_finishing_plans_the_next_wave(store: Store) -> None:
    unit = claim_unit(store)
    store.queue.finish_unit(unit, {}, {("quark", UnitKind.SHARES): [(Ask(url=LINK.url, code="x7y8"),)]})
    following = store.queue.claim_next("r1", "a", NOW, 60)
    assert following is not None
    assert (following.spider, following.kind, following.wave) == ("quark", UnitKind.SHARES, 2)
    assert following.asks == (Ask(url=LINK.url, code="x7y8"),)


def test_a_failed_unit_waits_for_its_time(store: Store) -> None:
    unit = claim_unit(store)
    store.queue.retry_or_fail(unit, {}, NOW + timedelta(seconds=30))
    assert store.queue.claim_next("r1", "a", NOW + timedelta(seconds=29), 60) is None
    retried = store.queue.claim_next("r1", "a", NOW + timedelta(seconds=31), 60)
    assert retried is not None
    store.queue.retry_or_fail(retried, {}, None)
    assert store.queue.count_open_units("r1") == 0


def test_the_same_hit_on_two_nights_is_one_hit(store: Store) -> None:
    store.hits.write_batch([AssessedListing(listing=LISTING, assessments=(HIT,))], claim_unit(store), NOW)
    elsewhere = evolve(LISTING, url="https://BOOK.kongfz.com:443/1/2/?utm_source=x#top", seen_at=LATER)
    store.hits.write_batch(
        [AssessedListing(listing=elsewhere, assessments=(HIT,))], claim_unit(store, Ask(question="b")), LATER
    )
    (hit,) = store.hits.find_hits(HitQuery())
    assert hit.id == hit_id("W1", LISTING.url)
    assert (hit.first_seen, hit.last_seen, hit.still_up) == (NOW, LATER, True)
    assert hit.findings == (FINDING,)


def test_what_a_listing_no_longer_carries_goes_unless_it_was_judged(store: Store) -> None:
    unit = claim_unit(store)
    store.hits.write_batch([AssessedListing(listing=LISTING, assessments=(HIT,))], unit, NOW)
    store.hits.write_batch([AssessedListing(listing=LISTING)], unit, NOW)
    assert list(store.hits.find_hits(HitQuery())) == []
    store.hits.write_batch([AssessedListing(listing=LISTING, assessments=(HIT,))], unit, NOW)
    key = hit_id("W1", LISTING.url)
    store.reviews.add_judgement(Judgement(hit=key, verdict=Verdict.NOT, reason="own shop", by="li", at=NOW))
    store.hits.write_batch([AssessedListing(listing=LISTING)], unit, NOW)
    assert [hit.id for hit in store.hits.find_hits(HitQuery())] == [key]
    assert store.reviews.current_judgements([key])[key].reason == "own shop"


def test_a_deleted_work_leaves_nothing_but_the_listings(store: Store, database: str) -> None:
    other = evolve(HIT, work_id="W2")
    store.works.import_works([evolve(WORK, id="W2")], NOW)
    store.hits.write_batch([AssessedListing(listing=LISTING, assessments=(HIT, other))], claim_unit(store), NOW)
    key = hit_id("W1", LISTING.url)
    store.reviews.add_judgement(Judgement(hit=key, verdict=Verdict.NOT, reason="own shop", by="li", at=NOW))
    store.works.set_quarantine("W1", True, "many", "li", NOW)
    store.rechecks.add_positive(KnownPositive(url=LISTING.url, platform="kongfz", work="W1"), NOW)
    expected = store.admin.delete_works(["W1"], dry_run=True)
    assert store.works.get("W1") == WORK
    removed = store.admin.delete_works(["W1"])
    assert removed == expected
    assert (removed.works, removed.hits, removed.judgements, removed.known_positives) == (1, 1, 1, 1)
    assert [hit.work_id for hit in store.hits.find_hits(HitQuery())] == ["W2"]
    assert store.works.get("W1") is None
    with connection_to(database) as connection:
        for table, column in [("judgements", "hit"), ("quarantines", "work"), ("known_positives", "work")]:
            column_of = metadata.tables[table].c[column]
            assert list(connection.execute(select(column_of).where(column_of.in_([key, "W1"])))) == []
        assert len(list(connection.execute(select(metadata.tables["listings"].c.id)))) == 1


def test_a_list_row_keeps_what_the_listings_own_page_said(store: Store) -> None:
    own_page = evolve(LISTING, text="完整描述", seller="书虫")
    store.hits.write_batch([AssessedListing(listing=own_page)], claim_unit(store), NOW)
    row = evolve(LISTING, whole=False, price=Decimal("4.00"), links=(), seen_at=LATER)
    (merged,) = store.listings.merge_stored([row])
    assert (merged.text, merged.seller, merged.price, merged.links, merged.seen_at) == (
        "完整描述",
        "书虫",
        Decimal("4.00"),
        (LINK,),
        LATER,
    )
    assert merged.whole


def test_a_page_keeps_what_only_the_row_of_a_list_said(store: Store) -> None:
    picture = Picture(url="https://cdn.example/1.jpg")
    row = evolve(LISTING, whole=False, seller="书虫", price=Decimal("4.00"), price_high=Decimal("6.00"), currency="CNY")
    row = evolve(row, pictures=(picture,), text="")
    store.hits.write_batch([AssessedListing(listing=row)], claim_unit(store), NOW)
    page = evolve(row, whole=True, seller=None, price=None, currency=None, pictures=(), text="完整描述", links=())
    page = evolve(page, price_high=None)
    (merged,) = store.listings.merge_stored([page])
    assert merged.price_high == Decimal("6.00")
    assert (merged.seller, merged.price, merged.currency, merged.pictures) == (
        "书虫",
        Decimal("4.00"),
        "CNY",
        (picture,),
    )
    assert (merged.text, merged.links, merged.whole) == ("完整描述", (), True), "what a page shows is as it shows it"
    dearer = evolve(page, price=Decimal("9.00"), seller="书虫二手")
    (merged,) = store.listings.merge_stored([dearer])
    assert (merged.price, merged.currency, merged.seller) == (Decimal("9.00"), None, "书虫二手")
    assert merged.price_high is None
    (merged,) = store.listings.merge_stored([evolve(page, title="全然另外的一件东西 Kettle")])
    assert (merged.seller, merged.price) == (None, None), "the address has another offer now"


def test_rows_and_pages_read_together_complete_each_other(store: Store) -> None:
    row = evolve(LISTING, whole=False, seller="书虫", price=None, text="", links=())
    other_row = evolve(row, seller=None, price=Decimal("4.00"))
    page = evolve(row, whole=True, seller=None, text="完整描述")
    *_, both_rows, merged = store.listings.merge_stored([row, other_row, page])
    assert (both_rows.seller, both_rows.price, both_rows.whole) == ("书虫", Decimal("4.00"), False)
    assert (merged.seller, merged.price, merged.text, merged.whole) == ("书虫", Decimal("4.00"), "完整描述", True)


def test_a_gone_listing_is_no_longer_up(store: Store) -> None:
    gone = evolve(LISTING, outcome=Outcome.GONE)
    store.hits.write_batch([AssessedListing(listing=gone, assessments=(HIT,))], claim_unit(store), NOW)
    assert [hit.still_up for hit in store.hits.find_hits(HitQuery())] == [False]


def test_the_state_of_a_share_stands_beside_the_listing_that_sells_it(store: Store) -> None:
    unit = claim_unit(store)
    share = Listing(
        platform="quark",
        kind=ListingKind.SHARE,
        url=LINK.url,
        title="",
        links=(LINK,),
        share_state=ShareState.CANCELLED,
        seen_at=NOW,
    )
    store.hits.write_batch([AssessedListing(listing=LISTING, assessments=(HIT,))], unit, NOW)
    assert [hit.share_states for hit in store.hits.find_hits(HitQuery())] == [("unknown",)]
    store.hits.write_batch([AssessedListing(listing=share)], unit, NOW)
    store.hits.write_batch([AssessedListing(listing=LISTING, assessments=(HIT,))], unit, LATER)
    assert [hit.share_states for hit in store.hits.find_hits(HitQuery())] == [("cancelled",)]


def test_hits_are_filtered(store: Store) -> None:
    store.hits.write_batch([AssessedListing(listing=LISTING, assessments=(HIT,))], claim_unit(store), NOW)

    def count(**criteria: object) -> int:
        return len(list(store.hits.find_hits(HitQuery(**criteria))))  # type: ignore[arg-type]

    assert (
        count(platforms=("kongfz",), works=("W1",), decisions=(Decision.HIT,), since=NOW.date(), until=NOW.date()) == 1
    )
    assert count(platforms=("quark",)) == count(works=("W2",)) == count(decisions=(Decision.REVIEW,)) == 0
    assert count(since=LATER.date()) == count(until=(NOW - timedelta(days=1)).date()) == count(run="r2") == 0


@given(st.text(max_size=40), st.text(max_size=40))
def test_hit_ids_tell_works_and_addresses_apart(work: str, other: str) -> None:
    assert (hit_id(work, LISTING.url) == hit_id(other, LISTING.url)) == (work == other)


@on_sqlite
def test_backup_and_restore(store: Store, tmp_path: Path) -> None:
    store.admin.backup(tmp_path / "copy.db")
    store.works.retire("W1", NOW)
    store.admin.restore(tmp_path / "copy.db")
    assert store.works.count_works() == 1


def test_restore_refuses_what_is_no_database_of_ours(store: Store, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("create table t (a)")
    other.close()
    for name in ("other.db", "missing.db"):
        with pytest.raises(StoreError, match=name):
            store.admin.restore(tmp_path / name)
    assert store.works.count_works() == 1


def test_a_database_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    Store.open(url).close()
    with sqlite3.connect(tmp_path / "s.db") as raw:
        raw.execute("update alembic_version set version_num = '9999'")
    raw.close()
    before = (tmp_path / "s.db").read_bytes()
    with pytest.raises(StoreError, match="newer"):
        Store.open(url)
    with Store(url) as unopened, pytest.raises(StoreError, match="newer"):
        unopened.admin.upgrade()
    assert (tmp_path / "s.db").read_bytes() == before


def test_a_database_without_a_folder_or_driver_is_refused(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/none/s.db", "nonsense://x", "no address"):
        with pytest.raises(StoreError):
            Store.open(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_bytes(b"not a database, but long enough to look at" * 10)
    with pytest.raises(StoreError, match=r"s\.db"):
        Store.open(f"sqlite:///{tmp_path}/s.db")


@pytest.mark.slow
def test_postgresql_has_tools_of_its_own_for_backup(postgres: PostgresServer, tmp_path: Path) -> None:
    with Store.open(postgres.url("empty")) as store, pytest.raises(StoreError, match="pg_dump"):
        store.admin.backup(tmp_path / "copy.db")


def test_only_units_of_silent_holders_are_freed(store: Store) -> None:
    unit = claim_unit(store)
    silent = NOW + timedelta(seconds=60 - 10)  # a lease of 60 s, and nobody may be silent for more than 10
    assert store.queue.release_silent_units([unit.id], silent) == set(), "just taken"
    assert store.queue.release_silent_units([unit.id], silent + timedelta(seconds=11)) == {unit.id}
    assert isinstance(store.queue.claim(unit.id, "b", NOW, 60), Unit)
    with pytest.raises(ClaimLost):
        store.queue.finish_unit(unit, {}, {})
