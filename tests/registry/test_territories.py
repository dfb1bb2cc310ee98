"""Where an offer is made: what each part of it tells, and when that lies in a licensed territory."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from registry.territories import TerritoryFit, find_hints, match_territory, parse_territory, without_territory
from tests import ROOT

INSIDE, OUTSIDE, UNKNOWN = TerritoryFit.INSIDE, TerritoryFit.OUTSIDE, TerritoryFit.UNKNOWN


def fit(licensed: str, is_named: bool = False, **offer: Any) -> TerritoryFit:
    facts: dict[str, Any] = {"platform": "shop", "url": "https://shop.example/1"}
    return match_territory(licensed, find_hints(**facts | offer), is_named).fit


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CN", {"CN"}),
        ("中国大陆", {"CN"}),
        ("浙江 杭州", {"CN"}),
        ("臺灣", {"TW"}),
        ("United Kingdom", {"GB"}),
        ("uk", {"GB"}),
        ("DE, AT, CH", {"DE", "AT", "CH"}),
        ("UK and Ireland", {"GB", "IE"}),
        ("worldwide", {"*"}),
        ("*", {"*"}),
        ("Atlantis", set()),
        ("DE, Atlantis", set()),
    ],
)
def test_territories_are_read(name: str, expected: set[str]) -> None:
    assert parse_territory(name) == expected


@pytest.mark.parametrize(
    ("seller", "rest"),
    [
        ("Quay Books_UK", "Quay Books"),
        ("Quay Books (Japan)", "Quay Books"),
        ("Quay Books - DE", "Quay Books"),
        ("云帆书店（日本）", "云帆书店"),
        ("云帆书店香港", "云帆书店"),
        ("雲帆書店 TW", "雲帆書店"),
        ("Made in", "Made in"),
        ("Look at it", "Look at it"),
        ("美国往事书店", "美国往事书店"),
        ("UK", "UK"),
    ],
)
def test_the_territory_of_a_sellers_name_stands_at_its_end(seller: str, rest: str) -> None:
    assert without_territory(seller) == rest


@pytest.mark.parametrize(
    ("licensed", "offer", "expected"),
    [
        ("CN", {"platform": "kongfz"}, INSIDE),
        ("TW", {"platform": "kongfz"}, OUTSIDE),
        ("CN", {"territory": "浙江"}, INSIDE),
        ("CN", {"territory": "香港"}, OUTSIDE),
        ("GB", {"url": "https://www.quaybooks.co.uk/1"}, INSIDE),
        ("DE", {"url": "https://www.quaybooks.co.uk/1"}, OUTSIDE),
        ("DE", {"url": "https://quaybooks.io/1"}, UNKNOWN),
        ("DE", {"url": "https://quaybooks.eu/1"}, UNKNOWN),
        ("FR", {"url": "https://jp.quaybooks.example/1"}, OUTSIDE),
        ("FR", {"url": "https://quaybooks.example/de-at/1"}, OUTSIDE),
        ("AT", {"url": "https://quaybooks.example/de-at/1"}, INSIDE),
        ("FR", {"url": "https://quaybooks-uk.example/1"}, OUTSIDE),
        ("FR", {"url": "https://quaybooks.example/item?country=JP"}, OUTSIDE),
        ("US", {"seller": "Quay Books_UK"}, OUTSIDE),
        ("CN", {"seller": "云帆书店（日本）"}, OUTSIDE),
        ("JP", {"seller": "云帆书店（日本）"}, INSIDE),
        ("CN", {"currency": "TWD"}, OUTSIDE),
        ("CN", {"currency": "USD"}, OUTSIDE),
        ("US", {"currency": "USD"}, UNKNOWN),
        ("DE", {"currency": "EUR"}, UNKNOWN),
        ("EU", {"currency": "EUR"}, INSIDE),
        ("CN", {"text": "新書 現貨 購買後聯絡 書況良好"}, OUTSIDE),
        ("FR", {"text": "Das Buch ist neu und wird sofort mit der Post versendet"}, OUTSIDE),
        ("FR", {"text": "A new copy, sent at once"}, UNKNOWN),
        ("CN", {}, UNKNOWN),
        ("worldwide", {"currency": "JPY"}, INSIDE),
        ("Atlantis", {"currency": "JPY"}, UNKNOWN),
        ("JP", {"url": "https://quaybooks.jp/1", "currency": "EUR"}, UNKNOWN),
        ("JP", {"url": "https://quaybooks.jp/1", "text": "Das Buch ist neu und wird mit der Post versendet"}, INSIDE),
        ("GB", {"url": "https://quaybooks.de/1", "seller": "Quay Books_UK", "currency": "EUR"}, OUTSIDE),
    ],
)
def test_offers_lie_inside_or_outside_a_territory(licensed: str, offer: dict[str, Any], expected: TerritoryFit) -> None:
    assert fit(licensed, **offer) is expected


@pytest.mark.parametrize(
    ("licensed", "offer", "expected"),
    [
        ("DE", {"currency": "EUR"}, INSIDE),
        ("US", {"currency": "USD"}, INSIDE),
        ("CN", {"text": "全新正版现货 买两本包邮 书页无划线"}, INSIDE),
        ("DE", {"currency": "EUR", "url": "https://quaybooks.it/1"}, OUTSIDE),
        ("CN", {}, UNKNOWN),
    ],
)
def test_a_licence_that_names_its_seller_needs_less(
    licensed: str, offer: dict[str, Any], expected: TerritoryFit
) -> None:
    assert fit(licensed, is_named=True, **offer) is expected


def test_every_row_has_a_source_and_known_countries() -> None:
    with (ROOT / "registry" / "territories.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = {row["territories"] for row in rows if row["kind"] == "name" and row["value"] == row["territories"]}
    assert not [row for row in rows if not row["source"]]
    assert not [row for row in rows if not set(filter(None, row["territories"].split("|"))) <= codes]
