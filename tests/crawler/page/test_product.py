"""What a page says of its one product: the price that is asked, who sells, who wrote it."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from crawler.page import Page
from crawler.page.product import product_facts
from crawler.shapes.listing_fields import page_fields


def page(body: str, head: str = "") -> Page:
    return Page(
        url="https://moss.example/goods.php?id=7",
        body=f"<head><title>红窑 全集 - 苔藓书屋</title>{head}</head><body><h1>红窑 全集</h1>{body}</body>".encode(),
        content_type="text/html; charset=utf-8",
    )


@pytest.mark.parametrize(
    "body",
    [
        "<dd><strong>市场价：</strong><font class=market>￥36.00元</font></dd>"
        "<dd><strong>本店价：</strong><font class=shop id=ECS_SHOPPRICE>￥15.00元</font></dd>",
        "<li><b>市场价格：</b><i class=price>￥36.00</i></li><li><b>售价：</b><i class=price>￥15.00</i></li>",
        "<p class='market price'>￥36.00</p><p class='price'>￥15.00</p>",
        "<p class=price>￥36.00</p><p id=shop_price>￥15.00</p>",
        "<table><tr><td>市场价</td><td>￥36.00</td></tr><tr><td>本站价</td><td>￥15.00</td></tr></table>",
        "<p>市场价格：￥36.00</p><p>售价：￥15.00</p>",
    ],
)
def test_the_price_of_the_shop_counts_and_not_that_of_the_market(body: str) -> None:
    assert product_facts(page(body)).values["price"] == Decimal(15)


def offer(seller: str) -> str:
    declared = {
        "@type": "Product",
        "name": "红窑 全集",
        "offers": {"price": "15", "priceCurrency": "CNY", "seller": {"name": seller}},
    }
    script = f"<script type='application/ld+json'>{json.dumps(declared)}</script>"
    return f'<meta property="og:site_name" content="Moss Market">{script}'


@pytest.mark.parametrize(
    ("body", "declared", "expected"),
    [
        ('<p>Sold by: <a href="/store/ferrywoman/">Ferry Woman</a></p>', "Moss Market", "Ferry Woman"),
        ('<p><b>Vendor:</b> <a href="/store/ferrywoman/">Ferry Woman</a></p>', "Moss Market", "Ferry Woman"),
        ('<p>Sold by: <a href="/store/moss/">Moss Market</a></p>', "Moss Market", "Moss Market"),
        ('<p>See <a href="/store/ferrywoman/">Ferry Woman</a></p>', "Moss Market", "Moss Market"),
        ("<p>Words</p>", "Moss Market", "Moss Market"),
    ],
)
def test_the_vendor_sells_and_not_the_market(body: str, declared: str, expected: str) -> None:
    assert product_facts(page(body, offer(declared))).values["seller"] == expected


@pytest.mark.parametrize("label", ["作者：", "文 / ", "Words by "])
def test_the_name_of_an_author_is_read_without_the_label_beside_it(label: str) -> None:
    marked = f'<ul><li itemprop="author">{label}<a itemprop="name" rel="author" href="/a/1">摆渡人</a></li></ul>'
    document = page(f"{marked}<p>全套 epub，扫码自取。</p>")
    assert page_fields(document, product_facts(document))["seller"] == "摆渡人"
    unlinked = f'<p itemprop="author">{label}<span itemprop="name">摆渡人</span></p><p>全套 epub。</p>'
    assert page_fields(page(unlinked), product_facts(page(unlinked)))["seller"] == "摆渡人"
