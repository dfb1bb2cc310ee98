"""Stored listings are compared again when works come, change or are judged; nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from sqlalchemy import select, update
from typer.testing import CliRunner

from crawler.items import (
    Ask,
    AssessedListing,
    Decision,
    Judgement,
    Licence,
    Listing,
    ListingKind,
    Outcome,
    Picture,
    UnitKind,
    Verdict,
    Work,
)
from crawler.store import HitQuery, Store, hit_id
from crawler.store.schema import hits
from desk.cli import application
from desk.export.rows import export_rows
from matchers.assessor import Assessor
from matchers.findings import finding_sentence
from matchers.matcher import Context
from screening.redecide_hits import redecide_hits
from screening.rematch_listings import RematchCounts, rematch_all, rematch_new_works
from tests.sql import connection_to

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
WORK = Work(id="W1", title="长夜里的灯塔守望者")
NEW_WORK = Work(id="W2", title="远山之外的那一封信")
LISTINGS = [
    Listing(platform="kongfz", kind=ListingKind.OFFER, url=f"https://a.test/{number}", title=title, seen_at=NOW)
    for number, title in enumerate(("长夜里的灯塔守望者 电子版 PDF", "远山之外的那一封信 epub 电子版", "雨伞"))
]


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        opened.works.import_works([WORK], NOW)
        opened.runs.start_run("r1", "2026-11-22", NOW)
        opened.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [(Ask(question="x"),)])
        unit = opened.queue.claim_next("r1", "a", NOW, 60)
        assert unit is not None
        assessor = Assessor(opened.works.registered_works())
        batch = [
            AssessedListing(listing=listing, assessments=assessor.assess(listing, Context(now=NOW)))
            for listing in LISTINGS
        ]
        opened.hits.write_batch(batch, unit, NOW)
        yield opened


def rematch(store: Store, workers: int = 1) -> RematchCounts:
    return rematch_all(store, Assessor(store.works.registered_works()), Context(now=LATER), workers)


def hit_urls(store: Store) -> dict[str, str]:
    return {hit.work_id: hit.listing.url for hit in store.hits.find_hits(HitQuery())}


def test_nothing_changes_where_no_work_did(store: Store) -> None:
    before = list(store.hits.find_hits(HitQuery()))
    assert rematch(store) == RematchCounts(listings=3, changed=0, hits=0)
    assert list(store.hits.find_hits(HitQuery())) == before


def test_a_hit_stored_with_sentences_is_no_change_and_keeps_those_of_its_identity(store: Store, database: str) -> None:
    (hit,) = store.hits.find_hits(HitQuery(decisions=(Decision.HIT,)))
    with connection_to(database) as connection:
        (stored,) = connection.execute(select(hits.c.findings).where(hits.c.id == hit.id)).scalars()
        old = [
            {key: value for key, value in finding.items() if key != "values"} | {"why": f"once: {finding['ground']}"}
            for finding in stored
        ]
        connection.execute(update(hits).where(hits.c.id == hit.id).values(findings=old))
        connection.commit()
    assert rematch(store) == RematchCounts(listings=3, changed=0, hits=0)
    assert redecide_hits(store, None, Context(now=LATER)) == 0
    (kept,) = store.hits.find_by_id_prefix(hit.id)
    assert {finding_sentence(finding, "zh") for finding in kept.findings} == {finding["why"] for finding in old}
    (row,) = export_rows(store, HitQuery(decisions=(Decision.HIT,)), "zh")
    assert row.reasons == tuple(finding["why"] for finding in old)

    licence = Licence(platform="kongfz")
    store.works.import_works([evolve(WORK, licences=(licence,))], LATER)
    assert redecide_hits(store, ["W1"], Context(now=LATER)) == 1
    (licensed,) = store.hits.find_by_id_prefix(hit.id)
    sentences = {finding.ground: finding_sentence(finding, "zh") for finding in licensed.findings}
    assert sentences["title_exact"] == "once: title_exact", "what was not found again keeps its sentence"
    assert sentences["licence_covers"] == "kongfz 已获授权（kongfz）"


def test_only_what_may_carry_a_new_work_is_read_again(store: Store) -> None:
    store.works.import_works([NEW_WORK], LATER)
    assert store.works.changed_since(LATER) == {"W2"}
    counts = rematch_new_works(
        store, [NEW_WORK], lambda: Assessor(store.works.registered_works()), Context(now=LATER), 1
    )
    assert counts == RematchCounts(listings=3, changed=1, hits=1)
    assert hit_urls(store) == {"W1": "https://a.test/0", "W2": "https://a.test/1"}
    second_counts = rematch_new_works(
        store, [NEW_WORK], lambda: Assessor(store.works.registered_works()), Context(now=LATER), 1
    )
    assert second_counts == RematchCounts(listings=3, changed=0, hits=0)


def test_without_a_listing_that_may_carry_them_no_index_is_built(store: Store) -> None:
    def never() -> Assessor:
        raise AssertionError

    other = Work(id="W3", title="无人提起的书名")
    assert rematch_new_works(store, [other], never, Context(now=LATER), 1) == RematchCounts(listings=3)
    assert rematch_new_works(store, [], never, Context(now=LATER), 1) == RematchCounts(listings=3)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_work_that_came_later_meets_old_listings(store: Store, workers: int) -> None:
    store.works.import_works([NEW_WORK], LATER)
    assert rematch(store, workers) == RematchCounts(listings=3, changed=1, hits=1)
    assert hit_urls(store) == {"W1": "https://a.test/0", "W2": "https://a.test/1"}
    (hit,) = store.hits.find_by_id_prefix(hit_id("W2", "https://a.test/1"))
    assert hit.last_seen == NOW  # compared again is not seen again


def test_a_hit_of_a_renamed_work_goes_unless_a_person_judged_it(store: Store) -> None:
    store.works.import_works([evolve(WORK, title="完全不同的另外一本书")], LATER)
    key = hit_id("W1", "https://a.test/0")
    store.reviews.add_judgement(Judgement(hit=key, verdict=Verdict.INFRINGING, reason="seen", by="li", at=NOW))
    assert rematch(store) == RematchCounts(listings=3)  # it stays, which is no change
    assert hit_urls(store) == {"W1": "https://a.test/0"}


def test_a_hit_that_was_drawn_for_an_audit_stays_without_being_a_change(store: Store) -> None:
    assert store.reviews.draw_samples("r1", 10, NOW) > 0
    store.works.retire("W1", LATER)
    rematch(store)
    assert rematch(store) == RematchCounts(listings=3)
    assert hit_urls(store) == {"W1": "https://a.test/0"}


def test_a_hit_that_moved_to_a_new_address_is_not_fetched_back(store: Store) -> None:
    """The seller lists again what was taken down; the old address still carries the work when it is compared again."""
    old, picture = hit_id("W1", "https://a.test/0"), Picture(url="https://a.test/p.jpg", sha256="ab" * 32)
    assessor = Assessor(store.works.registered_works())
    for number, url in ((2, "https://a.test/0"), (3, "https://a.test/9")):
        store.runs.start_run(f"r{number}", "2026-11-23", LATER)
        store.queue.plan_units(f"r{number}", "kongfz", UnitKind.QUESTION, 1, [(Ask(question="x"),)])
        unit = store.queue.claim_next(f"r{number}", "a", LATER, 60)
        assert unit is not None
        listing = evolve(LISTINGS[0], url=url, seller="店一", pictures=(picture,), seen_at=LATER)
        listing = evolve(listing, outcome=Outcome.GONE if number == 2 else Outcome.LIVE)
        assessments = assessor.assess(listing, Context(now=LATER))
        store.hits.write_batch([AssessedListing(listing=listing, assessments=assessments)], unit, LATER)
    assert hit_urls(store) == {"W1": "https://a.test/9"}
    assert rematch(store) == RematchCounts(listings=4)
    assert [(hit.id, hit.listing.url) for hit in store.hits.find_hits(HitQuery())] == [(old, "https://a.test/9")]


def test_the_command_says_what_changed(
    store: Store, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWORDNET_DATABASE", database)
    store.works.import_works([NEW_WORK], LATER)
    result = CliRunner().invoke(application(), ["rematch", "--json", "--workers", "1", "--now", "2026-11-23T03:00:00Z"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"listings": 3, "changed": 1, "hits": 1}
    assert hit_urls(store)["W2"] == "https://a.test/1"
