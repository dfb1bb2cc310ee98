"""Cases: what links hits, and what does not, since it is the site's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest

from crawler.items import Listing, ListingKind
from crawler.page.site_frame import SiteFrame
from crawler.page.site_profile import SiteProfile
from crawler.store import HitQuery, Store
from crawler.web.site_learning import PROFILE_KEY
from desk.clusters import find_clusters
from tests.judged_store import NOW, make_works, record_crawl

WORKS = make_works(8)
FOOTER = "平台客服QQ：800712345"
Shown = tuple[str, str | None, str]  # platform, seller, words


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        opened.works.import_works(WORKS, NOW)
        yield opened


def linked_sellers(
    store: Store, shown: Sequence[Shown], others: int = 0, market: str = "market.example"
) -> list[set[str]]:
    """The sellers of each case of hits that show these words; `others` is how many innocent sellers the market has."""
    listings = [
        Listing(
            platform=platform,
            kind=ListingKind.OFFER,
            url=f"https://{platform}/{number}",
            title=f"{WORKS[number % len(WORKS)].title} 电子版 PDF 网盘秒发",
            text=words,
            seller=seller,
            seen_at=NOW,
        )
        for number, (platform, seller, words) in enumerate(shown)
    ]
    listings += [
        Listing(
            platform=market,
            kind=ListingKind.OFFER,
            url=f"https://{market}/o/{number}",
            title="旧茶壶",
            seller=f"他{number}",
        )
        for number in range(others)
    ]
    record_crawl(store, listings, "r1", NOW)
    clusters, hits = find_clusters(store, HitQuery())
    return [{hits[hit].listing.seller or hits[hit].listing.platform for hit in cluster.hits} for cluster in clusters]


def test_a_contact_on_every_page_of_a_market_joins_no_strangers(store: Store) -> None:
    shown: list[Shown] = [("market.example", f"店{number}", "联系 QQ 71234567") for number in range(4)]
    assert linked_sellers(store, [*shown, ("elsewhere.example", "远方", "QQ 71234567")], others=2) == []


def test_the_accounts_of_one_person_among_many_sellers_are_one_case(store: Store) -> None:
    shown: list[Shown] = [("market.example", f"店{number}", "加微信 haidao_88") for number in range(3)]
    shown.append(("elsewhere.example", "远方", "vx: haidao_88"))
    assert linked_sellers(store, shown, others=12) == [{"店0", "店1", "店2", "远方"}]


def test_a_service_number_of_a_market_joins_no_two_sellers(store: Store) -> None:
    shown: list[Shown] = [("market.example", f"店{number}", FOOTER) for number in range(2)]
    assert linked_sellers(store, shown, others=12) == []


def test_a_seller_may_call_an_own_number_a_service(store: Store) -> None:
    shown: list[Shown] = [
        ("market.example", "店0", "客服微信 haidao_88"),
        ("elsewhere.example", "远方", "客服微信 haidao_88"),
    ]
    assert linked_sellers(store, shown, others=3) == [{"店0", "远方"}]


def test_the_writer_of_a_blog_is_known_by_the_contact_on_each_post(store: Store) -> None:
    shown: list[Shown] = [("blog.example", None, "站长QQ 71234567") for _ in range(4)]
    assert linked_sellers(store, [*shown, ("second.example", None, "QQ 71234567")]) == [
        {"blog.example", "second.example"}
    ]


def test_a_contact_in_the_frame_of_a_learnt_site_joins_nobody(store: Store) -> None:
    profile = SiteProfile(frame=SiteFrame(contacts=("qq:71234567",)))
    store.runs.put_named_value(f"{PROFILE_KEY}market.example", json.dumps(profile.to_json()))
    shown: list[Shown] = [("market.example", f"店{number}", "QQ 71234567") for number in range(2)]
    assert linked_sellers(store, shown, others=12) == []
