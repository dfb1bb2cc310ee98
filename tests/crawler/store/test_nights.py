"""What nights keep: the rest of a unit, pages seen, checks of hits, listings that came back, who is dead."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from rich.console import Console

from crawler.blobs import BlobStore
from crawler.config import Config
from crawler.errors import Busy
from crawler.health import PlatformCounts, counts_from_dict, find_complaint
from crawler.items import (
    Ask,
    AssessedListing,
    Assessment,
    Decision,
    Listing,
    ListingKind,
    Outcome,
    Picture,
    ShareLink,
    Unit,
    UnitKind,
    Work,
)
from crawler.store import CachedPage, HitQuery, KnownPositive, Recheck, RecheckState, Store, UnitResult, listing_id
from crawler.store.rechecks import FIRST_RECHECK_PAUSE, MAX_RECHECK_PAUSE, recheck_pause
from crawler.store.work_queue import merge_outcomes
from crawler.worker_id import current_worker_id, dead_workers
from desk.nightly.progress import worker_states, worker_table

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
HIT = Assessment(work_id="W1", identity=0.97, offence=0.9, decision=Decision.HIT)
LINK = ShareLink(platform="quark", share_id="0123456789ab", url="https://pan.quark.cn/s/0123456789ab")
LISTING = Listing(
    platform="kongfz",
    kind=ListingKind.OFFER,
    url="https://book.kongfz.com/1/2/",
    title="轨道纪元 电子版",
    seller="甲店",
    pictures=(Picture(url="https://a.test/1.png", sha256="a" * 64),),
    seen_at=NOW,
)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        opened.works.import_works([Work(id="W1", title="轨道纪元")], NOW)
        opened.runs.start_run("r1", "2026-11-22", NOW, "night")
        yield opened


def claim_unit(store: Store, *asks: Ask, kind: UnitKind = UnitKind.QUESTION) -> Unit:
    store.queue.plan_units("r1", "kongfz", kind, 1, [asks or (Ask(question="轨道纪元"),)])
    unit = store.queue.claim_next("r1", current_worker_id(), NOW, 60)
    assert unit is not None
    return unit


def write_hit(store: Store, listing: Listing, now: datetime = NOW) -> None:
    assessed = AssessedListing(listing=evolve(listing, seen_at=now), assessments=(HIT,))
    store.hits.write_batch([assessed], claim_unit(store, Ask(question=listing.url + str(now))), now)


ASK_A, ASK_B = Ask(question="a"), Ask(question="b")


def test_only_what_brought_nothing_is_asked_again(store: Store) -> None:
    unit = claim_unit(store, ASK_A, ASK_B)
    first = UnitResult(
        outcome={"pages": {"live": 1, "blocked": 1}, "listings": 3}, unanswered_asks=[ASK_B], retry_at=NOW
    )
    assert store.queue.complete(unit, first) == "open"
    retried = store.queue.claim_next("r1", current_worker_id(), NOW, 60)
    assert retried is not None
    assert retried.asks == (ASK_B,)
    assert store.queue.complete(retried, UnitResult(outcome={"pages": {"live": 1}, "listings": 2})) == "done"
    ((_, _, state, outcome),) = store.queue.unit_outcomes("r1")
    assert (state, outcome) == ("done", {"planned": 2, "pages": {"live": 2, "blocked": 1}, "listings": 5})


def test_a_unit_of_which_a_part_never_answered_is_done_and_says_so(store: Store) -> None:
    unit = claim_unit(store, ASK_A, ASK_B)
    state = store.queue.complete(unit, UnitResult(outcome={"pages": {"live": 1, "error": 1}}, unanswered_asks=[ASK_B]))
    assert state == "done"
    assert store.queue.unit_outcomes("r1")[0][3]["left"] == 1


@pytest.mark.parametrize(("pages", "lost"), [({"error": 2}, False), ({}, False), ({"live": 2}, True)])
def test_a_unit_that_brought_nothing_or_lost_data_has_failed(store: Store, pages: dict[str, int], lost: bool) -> None:
    unit = claim_unit(store, ASK_A, ASK_B)
    assert (
        store.queue.complete(
            unit, UnitResult(outcome={"pages": pages}, unanswered_asks=[ASK_A, ASK_B], has_losses=lost)
        )
        == "failed"
    )


def test_outcomes_add_up() -> None:
    assert merge_outcomes(
        {"pages": {"live": 1}, "problems": ["a"]}, {"pages": {"gone": 1}, "problems": ["b"], "hits": 2}
    ) == {
        "pages": {"live": 1, "gone": 1},
        "problems": ["a", "b"],
        "hits": 2,
    }


def test_a_platform_rests_between_two_crawls(store: Store) -> None:
    store.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [[ASK_A], [ASK_B]])
    unit = store.queue.claim_next("r1", "a", NOW, 60)
    assert unit is not None
    store.queue.complete(unit, UnitResult(outcome={}, platform_paused_until=NOW + timedelta(seconds=3)))
    assert store.queue.claim_next("r1", "a", NOW + timedelta(seconds=2), 60) is None
    assert store.queue.claim_next("r1", "a", NOW + timedelta(seconds=4), 60) is not None


def test_nobody_else_works_on_a_platform_that_is_held(store: Store) -> None:
    store.runs.start_run("r2", "2026-11-22", NOW)
    claim_unit(store)
    store.queue.plan_units("r2", "kongfz", UnitKind.DETAILS, 1, [[Ask(url="https://book.kongfz.com/9/9/")]])
    assert store.queue.claim_next("r2", "b", NOW, 60, exclusive=True) is None
    assert store.queue.claim_next("r2", "b", NOW + timedelta(seconds=61), 60, exclusive=True) is not None


def test_a_clock_that_jumps_back_holds_up_nothing_for_long(store: Store) -> None:
    unit = claim_unit(store)
    store.queue.complete(unit, UnitResult(outcome={}, unanswered_asks=unit.asks, retry_at=NOW + timedelta(seconds=30)))
    assert store.queue.claim_next("r1", "b", NOW - timedelta(days=30), 60) is not None
    assert store.queue.claim_next("r1", "c", NOW - timedelta(days=60), 60) is not None, "the lease lies too far ahead"


def test_units_of_dead_processes_of_this_machine_are_free_at_once(store: Store) -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    machine, pid, started = current_worker_id().split(":")
    dead = [f"{machine}:{process.pid}:{started}", f"{machine}:{pid}:1"]
    assert dead_workers([*dead, current_worker_id(), f"elsewhere:{process.pid}:1"]) == dead
    store.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [[ASK_A]])
    assert store.queue.claim_next("r1", dead[0], NOW, 60) is not None
    assert store.queue.holders() == [dead[0]]
    assert store.queue.release(dead) == 1
    assert store.queue.claim_next("r1", current_worker_id(), NOW, 60) is not None
    assert int(pid) == os.getpid()


def test_a_platform_is_planned_once_whatever_the_registry_says_later(store: Store) -> None:
    kind = ("kongfz", UnitKind.QUESTION)
    assert store.queue.plan_platform("r1", "kongfz", {kind: [[ASK_A]], ("kongfz", UnitKind.RECHECK): [[ASK_B]]}, 5)
    assert not store.queue.plan_platform("r1", "kongfz", {kind: [[ASK_B], [ASK_A]]}, 5)
    assert store.queue.count_open_units("r1") == 2
    first = store.queue.claim_next("r1", "a", NOW, 60)
    assert first is not None
    assert first.kind is UnitKind.QUESTION, "rechecks come after what may make them needless"


def test_units_of_higher_priority_come_first(store: Store) -> None:
    store.queue.plan_platform("r1", "a", {("a", UnitKind.QUESTION): [[ASK_A]]}, 1)
    store.queue.plan_platform("r1", "b", {("b", UnitKind.QUESTION): [[ASK_A]]}, 2)
    unit = store.queue.claim_next("r1", "x", NOW, 60)
    assert unit is not None
    assert unit.spider == "b"


def test_a_page_is_remembered_with_the_end_of_its_unit_only(store: Store) -> None:
    page = CachedPage(
        platform="kongfz",
        url="https://a.test/",
        digest="d",
        reader="r",
        checked_at=NOW,
        listings=["x"],
        further=[],
        asked=[],
    )
    unit = claim_unit(store)
    other = evolve(unit, holder="somebody")
    with pytest.raises(Exception, match="taken over"):
        store.queue.complete(other, UnitResult(outcome={}, pages=[page]))
    assert store.pages.get_page("kongfz", page.url) is None
    store.queue.complete(unit, UnitResult(outcome={}, pages=[page]))
    assert store.pages.get_page("kongfz", page.url) == page
    assert store.pages.get_page("shop", page.url) is None
    assert store.pages.delete_pages_before(NOW + timedelta(days=1)) == 1


def test_one_night_at_a_time(store: Store, database: str) -> None:
    who = str(os.getpid()) if database.startswith("sqlite") else "on this database"
    with store.admin.night_lock(), pytest.raises(Busy, match=who), store.admin.night_lock():
        pass
    with Store(database) as other, other.admin.night_lock():
        pass


def record_recheck(store: Store, state: RecheckState, at: datetime, outcome: Outcome = Outcome.LIVE) -> None:
    check = Recheck(
        listing=listing_id(LISTING.url),
        state=state,
        outcome=outcome,
        endpoint=LISTING.url,
        status="200",
        run="r1",
        at=at,
    )
    unit = claim_unit(store, Ask(url=LISTING.url, question=str(at)), kind=UnitKind.RECHECK)
    store.queue.complete(unit, UnitResult(outcome={}, checks=[check]))


def test_a_hit_is_checked_after_hours_then_ever_more_rarely(store: Store) -> None:
    write_hit(store, LISTING)
    assert store.rechecks.schedule_new_hits(NOW) == 1
    assert store.rechecks.schedule_new_hits(NOW) == 0
    assert store.rechecks.due_asks(NOW) == {}
    assert store.rechecks.due_asks(NOW + FIRST_RECHECK_PAUSE) == {"kongfz": [Ask(url=LISTING.url)]}
    at = NOW + FIRST_RECHECK_PAUSE
    for calm in range(1, 10):
        record_recheck(store, RecheckState.UP, at)
        assert store.rechecks.due_asks(at + recheck_pause(calm) - timedelta(seconds=1)) == {}
        at += recheck_pause(calm)
        assert store.rechecks.due_asks(at) != {}
    assert recheck_pause(9) == MAX_RECHECK_PAUSE


@pytest.mark.parametrize(
    ("state", "outcome", "up"),
    [
        (RecheckState.GONE, Outcome.GONE, False),
        (RecheckState.BLOCKED, Outcome.CHALLENGED, None),
        (RecheckState.UNKNOWN, Outcome.ERROR, None),
        (RecheckState.CHANGED, Outcome.LIVE, True),
    ],
)
def test_what_a_check_says_of_a_hit(store: Store, state: RecheckState, outcome: Outcome, up: bool | None) -> None:
    write_hit(store, LISTING)
    record_recheck(store, RecheckState.UP, NOW + timedelta(hours=6))
    record_recheck(store, state, NOW + timedelta(hours=18), outcome)
    (hit,) = store.hits.find_hits(HitQuery())
    assert hit.still_up is up
    assert [check.state for check in store.rechecks.recheck_history(listing_id(LISTING.url))] == [
        RecheckState.UP,
        state,
    ]
    is_news = state in (RecheckState.GONE, RecheckState.CHANGED)
    assert bool(store.rechecks.due_asks(NOW + timedelta(hours=18) + FIRST_RECHECK_PAUSE)) is is_news, (
        "what is new begins anew"
    )


@pytest.mark.parametrize(
    ("change", "joins"),
    [
        ({}, True),
        ({"seller": "乙店"}, False),
        ({"pictures": ()}, False),
        ({"seller": "乙店", "pictures": (), "links": (LINK,)}, True),
    ],
)
def test_a_listing_that_comes_back_elsewhere_joins_its_old_hit(
    store: Store, change: dict[str, object], joins: bool
) -> None:
    write_hit(store, evolve(LISTING, links=(LINK,)))
    (old,) = store.hits.find_hits(HitQuery())
    record_recheck(store, RecheckState.GONE, NOW + timedelta(hours=6), Outcome.GONE)
    back = evolve(LISTING, url="https://book.kongfz.com/1/3/", **change)  # type: ignore[arg-type]
    for day in (1, 2):
        write_hit(store, back, NOW + timedelta(days=day))
        hits = list(store.hits.find_hits(HitQuery()))
        assert len(hits) == (1 if joins else 2)
        assert (old.id in [hit.id for hit in hits if hit.listing.url == back.url]) is joins
    if joins:
        (hit,) = hits
        assert (hit.first_seen, hit.still_up) == (old.first_seen, True)
        assert store.rechecks.recheck_history(listing_id(LISTING.url))[-1].state is RecheckState.RETURNED
        write_hit(store, evolve(LISTING, links=(LINK,)), NOW + timedelta(days=3))
        assert len(list(store.hits.find_hits(HitQuery()))) == 2, "both are up now: two hits"


def test_two_offers_that_are_both_up_are_two_hits(store: Store) -> None:
    write_hit(store, LISTING)
    write_hit(store, evolve(LISTING, url="https://book.kongfz.com/1/3/"))
    assert len(list(store.hits.find_hits(HitQuery()))) == 2


def test_a_known_positive_that_was_not_found_is_reported(store: Store) -> None:
    store.rechecks.add_positive(KnownPositive(url=LISTING.url, platform="kongfz", work="W1"), NOW)
    assert [positive.url for positive in store.rechecks.missing_positives("r1")] == [LISTING.url]
    write_hit(store, LISTING)
    assert store.rechecks.missing_positives("r1") == []
    assert store.rechecks.remove_positive(LISTING.url)


def test_bytes_that_nobody_needs_are_deleted_once_they_are_old(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    needed, old, young = (blobs.put(data) for data in (b"kept", b"old", b"young"))
    for digest in (needed, old):
        os.utime(tmp_path / "blobs" / digest[:2] / digest, (1000, 1000))
    assert blobs.collect_garbage({needed}, 2000) == 1
    assert [blobs.get(digest) for digest in (needed, old, young)] == [b"kept", None, b"young"]


def make_counts(**fields: object) -> PlatformCounts:
    return counts_from_dict("shop", fields)


HEALTHY_COUNTS = make_counts(
    pages={"live": 20}, lists=20, listed=200, listings=200, filled={"read": 200, "price": 190, "year": 40}
)


@pytest.mark.parametrize(
    ("tonight", "key"),
    [
        (HEALTHY_COUNTS, None),
        (make_counts(pages={"live": 9, "challenged": 11}, lists=9, listed=90, listings=90), "health_walled"),
        (make_counts(pages={"partial": 20}, asked=1), "health_blind"),
        (make_counts(pages={"live": 20}, lists=20, listed=60, listings=60), "health_fewer"),
        (make_counts(pages={"live": 10}, lists=10, listed=100, listings=100), None),
        (make_counts(pages={"unchanged": 20}, lists=20, listed=200, listings=200), None),
        (
            make_counts(pages={"live": 20}, lists=20, listed=200, listings=200, filled={"read": 200, "year": 40}),
            "health_layout",
        ),
        (make_counts(pages={"live": 1}, lists=1, listed=2, listings=2), None),
    ],
)
def test_a_platform_is_compared_with_its_last_nights(tonight: PlatformCounts, key: str | None) -> None:
    complaint = find_complaint(tonight, 1, [HEALTHY_COUNTS, HEALTHY_COUNTS])
    assert (complaint[0] if complaint else None) == key


def test_who_works_on_a_run_and_who_fell_silent(store: Store) -> None:
    store.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [[ASK_A], [ASK_B]])
    store.queue.plan_units("r1", "ebay", UnitKind.QUESTION, 1, [[ASK_A]])
    config = evolve(Config(), cluster=evolve(Config().cluster, hand_out=True), crawl=evolve(Config().crawl, lease=300))
    first = store.queue.claim_next("r1", "alpha:1:1", NOW, 300)
    assert first is not None
    store.queue.finish_unit(first, {"pages": {"live": 1}}, {})
    for name, moment in (("alpha:1:1", NOW), ("beta:2:2", NOW + timedelta(seconds=50))):
        assert store.queue.claim_next("r1", name, moment, 300) is not None
    states = worker_states(store, "r1", NOW + timedelta(seconds=100), config)
    assert [
        (state["worker"], state["done"], len(state["doing"]), state["silent"], state["alive"]) for state in states
    ] == [
        ("alpha:1:1", 1, 1, 100.0, False),
        ("beta:2:2", 0, 1, 50.0, True),
    ]
    console = Console(width=200, record=True)
    console.print(worker_table(store, "r1", NOW + timedelta(seconds=100), config))
    lines = console.export_text().splitlines()
    assert [("no sign of life" in line) for line in lines if "alpha" in line or "beta" in line] == [True, False]
