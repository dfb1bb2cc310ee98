"""The price that a page shows or states, and its currency."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from crawler.money import Money
from crawler.page import Page
from crawler.page.json_answers import answer_subject
from crawler.page.product import product_facts
from crawler.page.result_list import result_list
from crawler.shapes.listing_fields import row_fields
from tests.conftest import slowdown


def facts(
    body: str, head: str = "", *, lang: str = "", url: str = "https://kiln.example.com/goods/7"
) -> dict[str, Any]:
    opening = f'<html lang="{lang}">' if lang else "<html>"
    source = (
        f'<!DOCTYPE html>{opening}<head><meta charset="utf-8"><title>红窑 全集</title>{head}</head><body>{body}</body>'
    )
    return product_facts(Page(url=url, body=source.encode(), content_type="text/html")).values


def shown(price: str, **page: Any) -> tuple[Decimal | None, str | None]:
    values = facts(f"<h1>红窑 全集</h1>{price}<button>Add to cart</button>", **page)
    return values.get("price"), values.get("currency")


def jsonld(text: str, script_type: str = "application/ld+json") -> dict[str, Any]:
    return facts("", f'<script type="{script_type}">{text}</script>')


PRODUCT: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "Product",
    "name": "红窑 全集",
    "offers": {"@type": "Offer", "price": "39.80", "priceCurrency": "CNY"},
}


@pytest.mark.parametrize(
    ("body", "amount", "currency"),
    [
        ("<p class=price>2 pairs from $349</p>", "349", "USD"),
        ("<p class=price><b>2本</b> <i>￥39.80</i></p>", "39.80", "CNY"),
        ("<div class=price><span>5</span><span>349.00 €</span></div>", "349", "EUR"),
        ("<table class=prices><tr><td>5</td><td>39.80 €</td></tr></table>", "39.80", "EUR"),
        ("<p class=price>€ <span>12</span><sup>99</sup></p>", "12.99", "EUR"),
        ("<p class=price><span>12,</span><sup>99</sup> €</p>", "12.99", "EUR"),
        ("<p class=price>$<b>12<i>.</i></b><b class=price-fraction>99</b></p>", "12.99", "USD"),
        ("<p class=price>￥<em>39</em><i>.80</i></p>", "39.80", "CNY"),
        ("<p class=price>1’299.00 CHF</p>", "1299", "CHF"),
        ("<p class=price>1&#8239;299,00 €</p>", "1299", "EUR"),
        ("<p class=price>99¢</p>", "0.99", "USD"),
        ("<p class=price>$,75</p>", "0.75", "USD"),
        ("<p class=price><del>59.80 €</del> 39.80 €</p>", "39.80", "EUR"),
        ("<p class=price>39.80 € <s>59.80 €</s></p>", "39.80", "EUR"),
        ('<p class=price><span class="line-through">$59.80</span> $39.80</p>', "39.80", "USD"),
        ('<p class=price><span style="text-decoration: line-through">$59.80</span> $39.80</p>', "39.80", "USD"),
        ("<p class=price>Was $59.80 Now $39.80</p>", "39.80", "USD"),
        ("<p class=price>原价59.80元 现价39.80元</p>", "39.80", "CNY"),
        ("<p class=price><b>12,99 €</b> <small>(1,30 €/100 g)</small></p>", "12.99", "EUR"),
        ("<p class=price><small>1,30 €/100 g</small> <b>12,99 €</b></p>", "12.99", "EUR"),
        ("<p class=price>140.000 €</p>", "140000", "EUR"),
        ('<p class=price content="140.000">140,00 €</p>', "140", "EUR"),
    ],
)
def test_the_price_in_an_element(body: str, amount: str, currency: str) -> None:
    assert shown(body) == (Decimal(amount), currency)


@pytest.mark.parametrize(
    ("price", "page", "amount", "currency"),
    [
        ("¥12,800（税込）", {}, "12800", "JPY"),
        ("￥12,800</p><p>税込</p><p>", {}, "12800", "JPY"),
        ("¥12,800", {"lang": "ja"}, "12800", "JPY"),
        ("&yen;12,800", {"lang": "ja-JP"}, "12800", "JPY"),
        (
            "¥12,800</p><p>在庫あり。送料無料でお届けします。くわしくはこちらをごらんください。",
            {"lang": "en"},
            "12800",
            "JPY",
        ),
        ("¥12,800</p><p>在庫あり。送料無料でお届けします。くわしくはこちらをごらんください。", {}, "12800", "JPY"),
        ("¥39.80", {"lang": "zh-CN"}, "39.80", "CNY"),
        ("￥39.80</p><p>海の味 现货，全国包邮，支持七天无理由退货，欢迎选购。", {"lang": "zh"}, "39.80", "CNY"),
        ("¥12,800", {"url": "https://kiln.example.jp/goods/7"}, "12800", "JPY"),
        ("¥39.80（税込）", {"url": "https://kiln.example.cn/goods/7"}, "39.80", "JPY"),
        ("$12.80", {"lang": "ja"}, "12.80", "USD"),
        ("199 kr", {"lang": "sv"}, "199", "SEK"),
        ("199 kr", {"lang": "nb-NO"}, "199", "NOK"),
        ("280元", {"lang": "zh-Hant-TW"}, "280", "TWD"),
        ("280元", {"lang": "zh-Hans"}, "280", "CNY"),
    ],
)
def test_the_page_decides_between_the_currencies_of_a_sign(
    price: str, page: dict[str, Any], amount: str, currency: str
) -> None:
    assert shown(f"<p class=price>{price}</p>", **page) == (Decimal(amount), currency)


@pytest.mark.parametrize(
    ("price", "currency", "amount"),
    [
        ("140.000", "EUR", "140"),
        ("1299.00", "EUR", "1299"),
        ("1.299,00", "EUR", "1299"),
        ("39,80", "EUR", "39.80"),
        ("39.80 CNY", "", "39.80"),
        ("¥39.80", "CNY", "39.80"),
        (39.8, "CNY", "39.8"),
        (12.345, "EUR", "12.345"),
        (["39.80"], "CNY", "39.80"),
        ({"@value": "39.80"}, "CNY", "39.80"),
        ("24.990", "CLP", "24990"),
    ],
)
def test_the_dot_in_structured_data_is_the_mark_of_decimals(price: Any, currency: str, amount: str) -> None:
    offer = {"@type": "Offer", "price": price, "priceCurrency": currency}
    assert jsonld(json.dumps(PRODUCT | {"offers": offer}))["price"] == Decimal(amount)


@pytest.mark.parametrize(
    ("markup", "amount"),
    [
        ('<meta itemprop=price content="140.000">', "140"),
        ("<b itemprop=price>1.299</b>", "1299"),
        ("<b itemprop=price>1.299,00</b>", "1299"),
    ],
)
def test_the_dot_in_microdata_counts_as_it_is_written_for(markup: str, amount: str) -> None:
    currency = "<meta itemprop=priceCurrency content=EUR>"
    offer = f"<p itemprop=offers itemscope itemtype='https://schema.org/Offer'>{markup}{currency}</p>"
    body = f"<div itemscope itemtype='https://schema.org/Product'><h1 itemprop=name>红窑 全集</h1>{offer}</div>"
    assert facts(body)["price"] == Decimal(amount)


def test_a_shown_price_tells_that_a_stated_dot_parts_thousands() -> None:
    stated = json.dumps(PRODUCT | {"offers": {"price": "1.299", "priceCurrency": "EUR"}})
    head = f'<script type="application/ld+json">{stated}</script>'
    assert shown("<p class=price>1.299,00 €</p>", head=head) == (Decimal(1299), "EUR")
    assert shown("<p class=price>1,30 €</p><p class=price>1,299 €/l</p>", head=head)[0] == Decimal("1.299")


@pytest.mark.parametrize(
    "offers",
    [
        {"@type": "AggregateOffer", "lowPrice": "39.80", "highPrice": "59.80", "priceCurrency": "CNY"},
        {"priceSpecification": {"price": "39.80", "priceCurrency": "CNY"}},
        {
            "priceSpecification": [
                {"priceType": "https://schema.org/ListPrice", "price": "59.80", "priceCurrency": "CNY"},
                {"priceType": "https://schema.org/StrikethroughPrice", "price": "69.80", "priceCurrency": "CNY"},
                {"price": "3.98", "priceCurrency": "CNY", "referenceQuantity": {"value": "100"}},
                {"price": "39.80", "priceCurrency": "CNY"},
            ]
        },
        [{"price": "39.80", "priceCurrency": "CNY"}, {"price": "59.80", "priceCurrency": "CNY"}],
    ],
)
def test_offers_of_all_shapes_state_what_is_paid(offers: Any) -> None:
    values = jsonld(json.dumps(PRODUCT | {"offers": offers}))
    assert (values["price"], values["currency"]) == (Decimal("39.80"), "CNY")


OTHER = json.dumps({"@type": "Organization", "name": "Kiln & Sons"})


@pytest.mark.parametrize(
    "text",
    [
        f"/* product */ {json.dumps(PRODUCT)}",
        f"{OTHER}\n{json.dumps(PRODUCT)}",
        f"{OTHER},{json.dumps(PRODUCT)}",
        json.dumps(PRODUCT).replace("}", ",}"),
        json.dumps(PRODUCT).replace('"', "&quot;"),
        json.dumps([json.loads(OTHER), PRODUCT]),
        json.dumps({"@context": "https://schema.org", "@graph": [json.loads(OTHER), PRODUCT]}),
        json.dumps(PRODUCT | {"@type": ["Thing", "http://schema.org/Product"]}),
        json.dumps({"@graph": [PRODUCT | {"offers": {"@id": "#o"}}, {"@id": "#o", **PRODUCT["offers"]}]}),
    ],
)
def test_the_product_of_a_script_is_found(text: str) -> None:
    values = jsonld(text)
    assert (values["title"], values["price"], values["currency"]) == ("红窑 全集", Decimal("39.80"), "CNY")


@pytest.mark.parametrize(
    "script_type",
    ["APPLICATION/LD+JSON", "application/ld+json; charset=utf-8", "application/LD+json", "application/ld&#x2B;json"],
)
def test_the_type_of_the_script_is_known_in_any_spelling(script_type: str) -> None:
    assert jsonld(json.dumps(PRODUCT), script_type)["price"] == Decimal("39.80")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("红窑 &amp; 摆渡 &#8211; 全集", "红窑 & 摆渡 – 全集"),
        ("红窑 &amp;amp; 摆渡 &amp;#8211; 全集", "红窑 & 摆渡 – 全集"),
        ("红窑&nbsp;全集", "红窑 全集"),
        ("红窑 &quot;摆渡&quot; 全集", '红窑 "摆渡" 全集'),
        ("红窑 &lt;b&gt;全集&lt;/b&gt;", "红窑 全集"),
        ("红窑 <br/>全集", "红窑 全集"),
        ("红窑 AT&T; &copy 1 < 2", "红窑 AT&T; &copy 1 < 2"),
    ],
)
def test_names_have_no_entities(name: str, title: str) -> None:
    assert jsonld(json.dumps(PRODUCT | {"name": name}))["title"] == title
    meta = name.replace("&", "&amp;").replace('"', "&quot;")
    if "<" not in name and "&lt;" not in name:
        assert facts("", f'<meta property="og:title" content="{meta}">')["title"].replace("\xa0", " ") == title


def test_addresses_keep_their_parameters() -> None:
    image = "https://kiln.example.com/p?a=1&copy=2&amp;b=3"
    assert jsonld(json.dumps(PRODUCT | {"image": image}))["images"] == ("https://kiln.example.com/p?a=1&copy=2&b=3",)


@pytest.mark.parametrize(
    ("cells", "amount", "currency"),
    [
        ("<td>5</td><td>349.00 €</td>", "349", "EUR"),
        ("<td>4.8</td><td>120</td><td>¥39.80</td>", "39.80", "CNY"),
        ("<td>2本 ￥39.80</td><td>349</td>", "39.80", "CNY"),
        ("<td>12 500 ₽</td>", "12500", "RUB"),
        ("<td>1’299.00 CHF</td>", "1299", "CHF"),
        ("<td>NT$1,280</td>", "1280", "TWD"),
        ("<td><del>59.80 €</del> 39.80 €</td>", "39.80", "EUR"),
        ('<td><span class="old-price">$59.80</span> <span>$39.80</span></td>', "39.80", "USD"),
        ("<td>99¢</td>", "0.99", "USD"),
        ("<td>¥12,800（税込）</td>", "12800", "JPY"),
    ],
)
def test_the_price_in_a_row(cells: str, amount: str, currency: str) -> None:
    source = f"<body><table><tr><td><a href='/item/31.html'>The Lantern on the Weir</a></td>{cells}</tr></table></body>"
    page = Page(
        url="https://kiln.example.com/find?q=lantern", body=source.encode(), content_type="text/html; charset=utf-8"
    )
    (row,) = result_list(page, "lantern").rows
    assert row.money == Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("body", "amount", "currency"),
    [
        ("<p>¥12,800（税込）</p>", "12800", "JPY"),
        ("<p>12,800円（税込14,080円）</p>", "12800", "JPY"),
        ("<p>CHF 1’299.–</p>", "1299", "CHF"),
        ("<p>12,– €</p>", "12", "EUR"),
        ("<p>99¢</p>", "0.99", "USD"),
        ("<p>from $10.00 to $20.00</p><p>Price: $10.00</p>", "10", "USD"),
        ("<p>Price: &yen;39.80</p>", "39.80", "CNY"),
        ("<p>Preis: <b>1&#8239;299,00</b>&nbsp;&euro; inkl. MwSt.</p>", "1299", "EUR"),
        ("<p>价格：<b>NT$1,280</b></p>", "1280", "TWD"),
    ],
)
def test_the_price_in_a_line_or_behind_a_label(body: str, amount: str, currency: str) -> None:
    assert shown(body) == (Decimal(amount), currency)


@pytest.mark.parametrize("name", ["bold", "threshold", "gold-frame", "folder"])
def test_old_is_no_part_of_a_word(name: str) -> None:
    body = f'<p class=price><span class="{name}">$39.80</span> <span>(12)</span></p><p class="price {name}">$39.80</p>'
    assert shown(body) == (Decimal("39.80"), "USD")


@pytest.mark.parametrize(
    ("body", "low", "high"),
    [
        ("<p class=price>¥39.8-59.8</p>", "39.8", "59.8"),
        ("<p class=price><b>$39.80</b> – <b>$59.80</b></p>", "39.80", "59.80"),
        ("<p class=price>from 39,80 to 59,80 €</p>", "39.80", "59.80"),
        ("<p>￥39.80 ~ ￥59.80</p>", "39.80", "59.80"),
        ("<p class=price>39.80 €</p><p class=price>59.80 €</p>", "39.80", None),
        ("<p class=price><del>59.80 €</del> 39.80 €</p>", "39.80", None),
    ],
)
def test_a_range_keeps_both_ends(body: str, low: str, high: str | None) -> None:
    values = facts(f"<h1>红窑 全集</h1>{body}<button>Add to cart</button>")
    assert (values["price"], values.get("price_high")) == (Decimal(low), Decimal(high) if high else None)


def test_an_aggregate_offer_and_a_row_keep_both_ends() -> None:
    offers = {"@type": "AggregateOffer", "lowPrice": "39.80", "highPrice": "59.80", "priceCurrency": "CNY"}
    values = jsonld(json.dumps(PRODUCT | {"offers": offers}))
    assert (values["price"], values["price_high"]) == (Decimal("39.80"), Decimal("59.80"))
    source = "<body><p><a href='/item/31.html'>The Lantern on the Weir</a> <b>$10.00</b> - <b>$20.00</b></p></body>"
    page = Page(url="https://kiln.example.com/find?q=lantern", body=source.encode(), content_type="text/html")
    (row,) = result_list(page, "lantern").rows
    assert (row.money, row.price_high) == (Money(Decimal("10.00"), "USD"), Decimal("20.00"))
    assert row_fields(row)["price_high"] == Decimal("20.00")


def test_the_dot_in_scripts_and_answers_is_the_mark_of_decimals() -> None:
    script = '<script>var shop = {"name": "红窑 全集", "price": "140.000", "currency": "EUR"}</script>'
    assert facts(f"<h1>红窑 全集</h1>{script}")["price"] == Decimal(140)
    answer = {"title": "The Lantern on the Weir", "price": "140.000", "currency": "EUR"}
    row = answer_subject(Page(url="https://kiln.example.com/api/7", body=b"{}"), answer)
    assert row is not None
    assert row.money == Money(Decimal(140), "EUR")


def test_prices_nested_in_each_other_are_read_in_linear_time() -> None:
    def read(text: str) -> None:
        facts(f"<h1>红窑 全集</h1>{'<div class=price>' * 100}{text}")

    assert slowdown(read, ("", "<b class=x>$5 </b>", 8_000, "")) < 9
