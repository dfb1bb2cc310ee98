"""What an assessed listing leads to: its own page, and the shares that it links to."""

from __future__ import annotations

from attrs import evolve

from crawler.items import Ask, Assessment, Decision, Listing, ListingKind, ShareLink, UnitKind
from screening.screener import follow_ups


def list_row(whole: bool = False, *links: ShareLink, platform: str = "kongfz") -> Listing:
    return Listing(
        platform=platform, kind=ListingKind.OFFER, url="https://a.test/1", title="x", whole=whole, links=links
    )


def assessment(identity: float, decision: Decision = Decision.DROPPED) -> Assessment:
    return Assessment(work_id="W", identity=identity, offence=0.1, decision=decision)


LINK = ShareLink(platform="quark", share_id="0123456789ab", url="https://pan.quark.cn/s/0123456789ab", code="ab12")
DETAILS_ASK = ("kongfz", UnitKind.DETAILS, Ask(url="https://a.test/1"))
SHARE_ASK = ("quark", UnitKind.SHARES, Ask(url=LINK.url, code="ab12"))


def test_a_row_that_looks_like_a_candidate_has_its_own_page_read() -> None:
    assert follow_ups(list_row(), [assessment(0.9)], ["quark"]) == [DETAILS_ASK]


def test_rows_that_are_none_or_licensed_and_whole_listings_are_not_asked_again() -> None:
    assert follow_ups(list_row(), [], ["quark"]) == []
    assert follow_ups(list_row(), [assessment(0.3)], ["quark"]) == []
    assert follow_ups(list_row(), [assessment(0.9, Decision.LICENSED)], ["quark"]) == []
    assert follow_ups(list_row(whole=True), [assessment(0.9)], ["quark"]) == []


def test_a_share_in_a_listing_is_asked_where_its_platform_is_known() -> None:
    assert follow_ups(list_row(True, LINK), [], ["quark"]) == [SHARE_ASK]
    assert follow_ups(list_row(True, LINK), [], ["kongfz"]) == []
    assert follow_ups(list_row(True, LINK, platform="quark"), [], ["quark"]) == []


def test_a_share_that_a_share_leads_to_is_asked_too() -> None:
    own = ShareLink(platform="baidu", share_id="x" * 22, url=f"https://pan.baidu.com/s/1{'x' * 22}")
    share = evolve(list_row(True, own, LINK, platform="baidu"), kind=ListingKind.SHARE)
    assert follow_ups(share, [], ["quark", "baidu"]) == [SHARE_ASK]
