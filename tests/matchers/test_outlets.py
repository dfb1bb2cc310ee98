"""What sellers and outlets are: by platform, address, name or structure, and which rows the list may hold."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from crawler.items import Listing, ListingKind, Work
from matchers.signals.outlets import COPY_KINDS, OutletKind, file_hosts, load_outlets, seller_kind, title_tag

WORK = Work(id="w", title="轨道纪元", publisher="北辰出版社", creators=("沈岚",))


def listing(**values: Any) -> Listing:
    defaults: dict[str, Any] = {
        "platform": "market",
        "kind": ListingKind.OFFER,
        "url": "https://market.example/1",
        "title": "轨道纪元",
    }
    return Listing(**defaults | values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"platform": "dangdang", "url": "https://product.dangdang.com/1.html"}, OutletKind.SELF_RUN_BOOKSHOP),
        ({"platform": "dangdang", "seller": "当当网"}, OutletKind.SELF_RUN_BOOKSHOP),
        ({"platform": "dangdang", "seller": "半亩图书专营店"}, OutletKind.BOOKSHOP),
        ({"platform": "dangdang", "seller": "小圆百货店"}, None),
        ({"platform": "jd", "seller": "京东自营"}, OutletKind.SELF_RUN_BOOKSHOP),
        ({"platform": "jd"}, None),
        ({"platform": "tmall", "seller": "博库网官方旗舰店"}, OutletKind.SELF_RUN_BOOKSHOP),
        ({"platform": "taobao", "seller": "非博库网的小店"}, None),
        ({"platform": "tmall", "seller": "北辰出版社旗舰店"}, OutletKind.PUBLISHER_SHOP),
        ({"platform": "tmall", "seller": "南溟出版社官方旗舰店", "publisher": "南溟出版社"}, OutletKind.PUBLISHER_SHOP),
        ({"platform": "tmall", "seller": "南溟出版社代购小铺", "publisher": "南溟出版社"}, None),
        ({"url": "https://www.amazon.de/dp/1", "seller": "Amazon"}, OutletKind.SELF_RUN_BOOKSHOP),
        ({"url": "https://www.amazon.de/dp/1", "seller": "lantern goods"}, None),
        ({"platform": "tmall", "seller": "南溟出版社官方旗舰店"}, OutletKind.BOOKSHOP),
        ({"platform": "taobao", "seller": "半亩图书专营"}, OutletKind.BOOKSHOP),
        ({"platform": "taobao", "seller": "半亩教育专营店"}, None),
        ({"seller": "Old Quay Books"}, OutletKind.BOOKSHOP),
        ({"seller": "云帆書店"}, OutletKind.BOOKSHOP),
        ({"seller": "Buchhandlung am Kai"}, OutletKind.BOOKSHOP),
        ({"seller": "책마루서점"}, OutletKind.BOOKSHOP),
        ({"seller": "bookmark_cat"}, None),
        ({"platform": "xianyu", "seller": "当当网"}, OutletKind.PERSON_MARKET),
        ({"platform": "goofish", "seller": "云帆书店"}, OutletKind.PERSON_MARKET),
        ({"url": "https://lib.harbour.edu.cn/opac/1"}, OutletKind.LIBRARY),
        ({"url": "https://library.harbour.ac.uk/1"}, OutletKind.LIBRARY),
        ({"url": "https://lib.harbour.edu/1"}, OutletKind.LIBRARY),
        ({"url": "https://lib.harbour.example/1"}, None),
        ({"seller": "滨海市图书馆"}, OutletKind.LIBRARY),
        ({"url": "https://study.163.com/course/1.htm"}, OutletKind.COURSE_OWN_SITE),
        ({"platform": "altstore"}, OutletKind.SIDE_LOADING_LIST),
        ({"platform": "readmoo"}, OutletKind.EBOOK_STORE),
        ({"url": "https://gofile.io/d/1"}, OutletKind.FILE_HOST),
        ({"url": "https://fitgirl-repacks.site/1", "kind": ListingKind.POST}, OutletKind.REPACKER),
    ],
)
def test_a_seller_has_a_kind(values: dict[str, Any], expected: OutletKind | None) -> None:
    kind = seller_kind(listing(**values), WORK)
    assert (kind.kind if kind else None) == expected
    assert kind is None or (kind.source and kind.quote)


def test_the_territory_of_a_shop_is_known() -> None:
    kind = seller_kind(listing(url="https://www.amazon.co.jp/dp/1", seller="Amazon"), WORK)
    assert kind is not None
    assert kind.territory == "JP"


def test_the_list_is_whole() -> None:
    outlets = load_outlets()
    kinds = Counter(outlet.kind for outlet in outlets)
    structural = {OutletKind.PUBLISHER_SHOP, OutletKind.BOOKSHOP}
    assert set(kinds) == set(OutletKind) - structural
    keys = Counter((outlet.field, outlet.pattern.casefold()) for outlet in outlets)
    assert not [key for key, count in keys.items() if count > 1]
    assert not [outlet for outlet in outlets if outlet.kind in COPY_KINDS and outlet.sellers]
    assert all(outlet.territory is None or len(outlet.territory) == 2 for outlet in outlets)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Tidewater.Salvage.v1.4-TENOKE", "TENOKE"),
        ("Tidewater Salvage v1.4-RUNE [harbour]", "RUNE"),
        ("Tidewater Salvage-rune", None),
        ("Tidewater Salvage (RUNE)", None),
        ("Tidewater Salvage [FitGirl Repack]", "FitGirl"),
        ("Tidewater Salvage RePack by xatab", "Xatab"),
        ("Tidewater Salvage DODI Repack", "DODI"),
        ("Tidewater Salvage online-fix", None),
        ("Letters of a repacker", None),
    ],
)
def test_titles_are_signed(title: str, expected: str | None) -> None:
    tag = title_tag(title)
    assert (tag[0].pattern if tag else None) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gofile, Pixeldrain", ("Gofile", "Pixeldrain")),
        ("Download links: DataNodes + VikingFile", ("DataNodes", "VikingFile")),
        ("gofile.io / 1fichier.com", ("gofile.io", "1fichier.com")),
        ("Gofile", ()),
        ("torrent, magnet", ()),
        ("see https://www.rapidgator.net/file/1", ("rapidgator.net",)),
        ("Our savegames are kept by Gofile and by me, Pixeldrain was too slow", ()),
    ],
)
def test_lists_of_file_hosts_are_read(text: str, expected: tuple[str, ...]) -> None:
    assert file_hosts(text) == expected
