"""The fields of a page of a shop, a blog or a mirror nobody wrote code for, read with the frame of its site."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crawler.items import ListingKind
from crawler.page import Page
from crawler.page.product import product_facts
from crawler.page.site_frame import SiteFrame, learn_frame
from crawler.shapes.listing_fields import page_fields

SITE = "https://192.0.2.7"


def shop_page(path: str, main: str) -> Page:
    """A shop of tables: one <title> for all pages, no heading, no class."""
    html = f"""<html lang="zh"><title>青苔书铺 欢迎光临</title><body><table>
    <tr><td colspan=2><font size=5>青苔书铺</font></td></tr>
    <tr><td><p>热销</p><p><a href="/show.asp?id=903">红窑 全集</a> 9.00元</p><p>客服QQ：800099111</p></td>
    <td>{main}</td></tr>
    <tr><td colspan=2>青苔书铺 版权所有</td></tr></table></body></html>"""
    return Page(url=SITE + path, body=html.encode("gb18030"), content_type="text/html; charset=gb2312")


def offer(number: int, title: str, price: str, text: str) -> Page:
    row = f"<tr><td>价格</td><td>{price}</td><td>2026-11-02</td></tr>" if price else ""
    return shop_page(
        f"/show.asp?id={number}",
        f"<table><tr><td>名称</td><td>{title}</td></tr>{row}<tr><td>{text}</td></tr></table>"
        "<p>看过本品的人还看了</p><table><tr><td><a href='/show.asp?id=905'>蓝调</a></td><td>77.00元</td></tr></table>",
    )


LISTS = [shop_page("/", "<p>新到</p>"), shop_page("/so.asp?key=zz", "<p>没有找到</p>")]
SAMPLES = [
    offer(901, "冬铜 扫描", "3.00元", "网盘发"),
    offer(902, "夜渡 全新", "25.00元", "现货"),
    offer(904, "苔原", "4.5元", "旧"),
]
FRAME = learn_frame(LISTS, SAMPLES)


def read(page: Page, frame: SiteFrame | None) -> dict[str, object]:
    return page_fields(page, product_facts(page, frame=frame), frame)


def test_a_shop_of_tables_is_read_with_its_frame() -> None:
    fields = read(offer(911, "海雾 电子版", "6.00元", "拍下自动发网盘链接"), FRAME)
    assert (fields["title"], fields["seller"], fields["kind"]) == ("海雾 电子版", "青苔书铺", ListingKind.OFFER)
    assert (fields["price"], fields["currency"]) == (Decimal("6.00"), "CNY")
    assert "拍下自动发网盘链接" in str(fields["text"]).splitlines()
    for foreign in ("红窑", "蓝调", "看过本品", "800099111", "青苔书铺"):
        assert foreign not in str(fields["text"])


def test_a_listing_without_a_price_is_an_offer_where_the_others_have_one() -> None:
    page = offer(912, "旧台历 面议", "", "面议")
    assert FRAME.sells
    assert (read(page, FRAME)["kind"], read(page, FRAME)["seller"]) == (ListingKind.OFFER, "青苔书铺")
    assert read(page, learn_frame(LISTS, []))["kind"] is ListingKind.POST


def test_the_price_is_that_of_the_listing_even_if_only_others_carry_a_class() -> None:
    body = """<html lang=en><h1>Red Kiln</h1><h2>$4.99</h2><p>Sent by mail</p><h3>Related</h3>
    <div><a href="/item?id=2">Blue Note</a><p class="price">$77.00</p></div>
    <div><a href="/item?id=3">Long Ferry</a><p class="price">$12.00</p></div>"""
    fields = read(Page(url=f"{SITE}/item?id=1", body=body.encode()), None)
    assert (fields["price"], fields["currency"], fields["title"]) == (Decimal("4.99"), "USD", "Red Kiln")


POST = """<html><head><title>红窑 全集 - 小窗</title></head><body>
<header><h1 class="t"><a href="/">小窗</a></h1></header>
<article><h1>红窑 全集</h1><p class="meta"><time>2026-11-02</time> <a rel="author" href="/author/1">窗主</a></p>
<p>解压即看，自取。</p><p>失效请留言，补链。</p></article></body></html>"""


def test_who_writes_a_post_is_its_seller_and_not_the_creator_of_a_work() -> None:
    fields = read(Page(url=f"{SITE}/archives/77", body=POST.encode()), SiteFrame(names=("小窗",)))
    assert (fields["title"], fields["kind"]) == ("红窑 全集", ListingKind.POST)
    assert fields["seller"] == "窗主"
    assert "creators" not in fields


def test_an_app_is_known_by_its_package_and_its_developer_does_not_sell_it() -> None:
    body = "<h1>Kilnote</h1><p>Developer: Ash Works</p><p>Package: org.example.kilnote</p>"
    body += "<p>Version: 5.9</p><p>Updated</p>"
    fields = read(Page(url=f"{SITE}/app/kilnote.html", body=body.encode()), None)
    assert fields["kind"] is ListingKind.APP
    assert fields["identifiers"] == {"package": ("org.example.kilnote",)}
    assert not fields.get("seller")
    assert {"Version: 5.9", "Updated"} <= set(str(fields["text"]).splitlines())


@pytest.mark.parametrize("value", ["blue and white", "www", "2.0.1", "Kraft paper"])
def test_a_package_of_another_kind_is_no_app(value: str) -> None:
    body = f"<h1>Tea bowl</h1><p>Package: {value}</p><p>$3.00</p>"
    assert read(Page(url=f"{SITE}/item/1.html", body=body.encode()), None)["kind"] is ListingKind.OFFER


def test_a_price_in_an_article_does_not_make_it_an_offer() -> None:
    head = '<head><meta property="og:type" content="article"><title>A kiln at noon</title></head>'
    text = "<h1>A kiln at noon</h1><p>The town bought it.</p><div class=price>$900</div>"
    article = Page(url=f"{SITE}/news/1", body=f"{head}<body>{text}</body>".encode())
    sold = Page(url=f"{SITE}/news/1", body=f"{head}<body>{text}<button>Add to cart</button></body>".encode())
    assert read(article, None)["kind"] is ListingKind.POST
    assert read(sold, None)["kind"] is ListingKind.OFFER


def test_the_name_of_a_folder_is_the_title_of_its_page() -> None:
    body = """<title>Index of /books/Red.Kiln.epub.set</title><h1>Index of /books/Red.Kiln.epub.set</h1><table>
    <tr><td><a href="/books/">Parent Directory</a></td></tr><tr><td><a href="part1.epub">part1.epub</a></td>
    <td>4M</td></tr></table>"""
    fields = read(Page(url=f"{SITE}/books/Red.Kiln.epub.set/", body=body.encode()), None)
    assert fields["title"] == "Red.Kiln.epub.set"
    assert "part1.epub" in str(fields["text"])
