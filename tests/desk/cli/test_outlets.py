"""The command `outlets`: what judged hits suggest is confirmed by a person, and withdrawn; hits are redecided."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crawler.items import Decision, Listing, ListingKind, Verdict
from crawler.store import HitQuery, Store
from tests.conftest import Swordnet
from tests.judged_store import NOW, judge_hit, make_works, record_crawl


@pytest.fixture
def store_of_posts(tmp_path: Path) -> None:
    """Posts of one blog with nothing but names; five of them judged infringing, two not yet judged."""
    works = make_works(7)
    posts = [
        Listing(
            platform="blog",
            kind=ListingKind.POST,
            url=f"https://copies.example/{number}",
            title=work.title,
            seller="夜航",
            seen_at=NOW,
        )
        for number, work in enumerate(works)
    ]
    with Store.open(f"sqlite:///{tmp_path}/swordnet.db") as store:
        store.works.import_works(works, NOW)
        record_crawl(store, posts, "r1", NOW)
        for hit in sorted(store.hits.find_hits(HitQuery()), key=lambda hit: hit.listing.url)[:5]:
            judge_hit(store, hit, Verdict.INFRINGING)


def decisions(tmp_path: Path) -> list[Decision]:
    """The decisions of the posts that nobody judged."""
    with Store.open(f"sqlite:///{tmp_path}/swordnet.db") as store:
        return [hit.decision for hit in store.hits.find_hits(HitQuery()) if hit.judged is None]


@pytest.mark.usefixtures("store_of_posts")
def test_an_outlet_is_proposed_confirmed_and_withdrawn(swordnet: Swordnet, tmp_path: Path) -> None:
    assert decisions(tmp_path) == [Decision.DROPPED] * 2
    (proposal,) = json.loads(swordnet("outlets", "propose", "--json").stdout)
    assert (proposal["field"], proposal["value"], proposal["infringing"]) == ("seller", "夜航", 5)
    confirmed = swordnet(
        "outlets", "confirm", "seller", "夜航", "--platform", "blog", "--reason", "only copies", "--by", "li"
    )
    assert confirmed.returncode == 0, confirmed.stderr
    assert "Confirmed outlet 1" in confirmed.stdout
    assert decisions(tmp_path) == [Decision.HIT] * 2
    assert "夜航" in swordnet("outlets", "list").stdout
    withdrawn = swordnet("outlets", "withdraw", "1").stdout
    assert "2 decisions changed" in withdrawn, "of the five others a person's verdict decides"
    assert decisions(tmp_path) == [Decision.REVIEW] * 2, "what remains is the seller's record"
    assert swordnet("outlets", "list").returncode != 0


@pytest.mark.usefixtures("store_of_posts")
def test_what_nobody_judged_or_somebody_found_innocent_is_not_confirmed(swordnet: Swordnet, tmp_path: Path) -> None:
    unknown = swordnet("outlets", "confirm", "host", "other.example")
    assert unknown.returncode == 2
    assert "other.example" in unknown.stderr
    assert swordnet("outlets", "confirm", "seller", "夜航").returncode == 2, "a seller without its platform"
    assert swordnet("outlets", "confirm", "shop", "夜航").returncode == 2
    with Store.open(f"sqlite:///{tmp_path}/swordnet.db") as store:
        open_hit = next(hit for hit in store.hits.find_hits(HitQuery()) if hit.judged is None)
        judge_hit(store, open_hit, Verdict.NOT)
    innocent = swordnet("outlets", "confirm", "host", "www.copies.example")
    assert innocent.returncode == 2
    assert "innocent" in innocent.stderr
    assert "3 works" in swordnet("outlets", "propose").stderr
    assert swordnet("outlets", "withdraw", "7").returncode == 2


def test_the_outlets_that_ship_are_listed_with_their_sources(swordnet: Swordnet) -> None:
    rows = json.loads(swordnet("outlets", "list", "--shipped", "--json").stdout)
    assert len(rows) > 120
    assert all("http" in row["source"] for row in rows)
    assert "fitgirl-repacks.site" in swordnet("outlets", "list", "--shipped").stdout
