"""Outlets: the migration, the record of a place, what is proposed, confirmed, withdrawn and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from crawler.items import (
    Ask,
    AssessedListing,
    Assessment,
    Decision,
    Judgement,
    Listing,
    ListingKind,
    UnitKind,
    Verdict,
    Work,
)
from crawler.store import HitQuery, Place, Store
from crawler.store.database import MIGRATIONS_FOLDER, open_engine
from crawler.store.screening_settings import MIN_JUDGED_COPIES, MIN_JUDGED_WORKS

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
WORKS = [Work(id=f"W{number}", title=f"潮汐表{number}") for number in range(6)]
BLOG = "https://copies.example"


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        opened.works.import_works(WORKS, NOW)
        opened.runs.start_run("r1", "2026-11-22", NOW, "night")
        yield opened


def write_hits(
    store: Store, verdicts: list[Verdict | None], host: str = BLOG, seller: str | None = None, platform: str = "blog"
) -> None:
    """A hit of another work for each verdict, judged so where it is not None."""
    for number, verdict in enumerate(verdicts):
        url = f"{host}/{seller}/{number}"
        listing = Listing(platform=platform, kind=ListingKind.POST, url=url, title="潮汐表", seller=seller, seen_at=NOW)
        assessment = Assessment(work_id=WORKS[number % len(WORKS)].id, identity=0.9, offence=0.9, decision=Decision.HIT)
        store.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [(Ask(question=url),)])
        unit = store.queue.claim_next("r1", "a", NOW, 60)
        assert unit is not None
        store.hits.write_batch([AssessedListing(listing=listing, assessments=(assessment,))], unit, NOW)
        if verdict is not None:
            (hit,) = [hit for hit in store.hits.find_hits(HitQuery()) if hit.listing.url == url]
            store.reviews.add_judgement(Judgement(hit=hit.id, verdict=verdict, reason="seen", by="li", at=NOW))


def proposed_places(store: Store) -> list[Place]:
    return [record.place for record in store.outlets.proposed_outlets()]


def test_the_migration_keeps_what_is_stored(database: str) -> None:
    engine = open_engine(database)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS_FOLDER))
        config.attributes["connection"] = connection
        if engine.dialect.name == "sqlite":
            command.upgrade(config, "0005")
        else:
            command.downgrade(config, "0005")  # a PostgreSQL of the tests begins with the newest schema
        connection.execute(text("INSERT INTO official (owner, at) VALUES ('北岸出版社', '2026-11-22 01:00:00+00:00')"))
        connection.commit()
    engine.dispose()
    with Store(database) as upgraded:
        upgraded.admin.upgrade()
        assert [shop.owner for shop in upgraded.works.official_shops()] == ["北岸出版社"]
        assert upgraded.outlets.confirmed_outlets() == []


def test_a_place_is_proposed_by_enough_copies_of_enough_works(store: Store) -> None:
    write_hits(store, [Verdict.INFRINGING] * (MIN_JUDGED_COPIES - 1))
    assert proposed_places(store) == []
    write_hits(store, [Verdict.INFRINGING], seller="再来")
    assert proposed_places(store) == [Place(field="host", value="copies.example")], "the platform is the same outlet"
    (record,) = store.outlets.proposed_outlets()
    assert (record.infringing, record.innocent, len(record.judged_works)) == (5, 0, 4)


def test_copies_of_few_works_propose_nothing(store: Store) -> None:
    for number in range(MIN_JUDGED_COPIES):
        write_hits(store, [Verdict.INFRINGING] * (MIN_JUDGED_WORKS - 1), host=f"{BLOG}/{number}")
    assert proposed_places(store) == []


@pytest.mark.parametrize("others", [[Verdict.NOT], [Verdict.UNSURE] * 3])
def test_an_innocent_offer_or_many_open_ones_propose_nothing(store: Store, others: list[Verdict | None]) -> None:
    write_hits(store, [Verdict.INFRINGING] * 6)
    write_hits(store, others, host=f"{BLOG}/2")
    assert proposed_places(store) == []


def test_a_place_of_several_sellers_is_a_market_and_its_sellers_are_proposed(store: Store) -> None:
    write_hits(store, [Verdict.INFRINGING] * 5, "https://market.example", "甲店", "market")
    write_hits(store, [Verdict.INFRINGING, None], "https://market.example", "乙店", "market")
    assert proposed_places(store) == [Place(field="seller", platform="market", value="甲店")]


def test_a_confirmed_outlet_is_proposed_no_more_until_it_is_withdrawn(store: Store) -> None:
    write_hits(store, [Verdict.INFRINGING] * 5, "https://market.example", "甲店", "market")
    record = store.outlets.proposed_outlets()[0]
    number = store.outlets.confirm_outlet(record, "only copies", "li", NOW)
    assert store.outlets.confirm_outlet(record, "again", "wang", NOW) == number
    (outlet,) = store.outlets.confirmed_outlets()
    assert (outlet.field, outlet.platform, outlet.value, outlet.copies, outlet.works) == (
        *("seller", "market", "甲店"),
        *(5, 5),
    )
    assert record.place not in proposed_places(store)
    later = NOW + timedelta(days=1)
    assert store.outlets.withdraw_outlet(number, "wang", later) == outlet
    assert store.outlets.withdraw_outlet(number, "wang", later) is None
    assert store.outlets.confirmed_outlets() == []
    assert [row.withdrawn_by for row in store.outlets.confirmed_outlets(include_withdrawn=True)] == ["wang"]
    assert record.place in proposed_places(store)


def test_a_forgotten_seller_is_no_outlet_any_more(store: Store) -> None:
    write_hits(store, [Verdict.INFRINGING] * 5, "https://market.example", "甲店", "market")
    store.outlets.confirm_outlet(store.outlets.proposed_outlets()[0], "", "li", NOW)
    assert store.admin.forget_seller("甲店", "other").outlets == 0
    assert store.admin.forget_seller("甲店", "market").outlets == 1
    assert store.outlets.confirmed_outlets(include_withdrawn=True) == []
    assert store.outlets.place_records() == []
