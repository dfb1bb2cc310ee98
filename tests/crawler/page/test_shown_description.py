"""What sellers hide in the description that a page shows is found, whatever else the page states for machines."""

from __future__ import annotations

import pytest

from crawler.page import Page
from crawler.page.product import product_facts
from crawler.page.shown_description import description_elements
from crawler.page.text_lines import MAX_HELD_CHARS, all_lines
from crawler.shapes.listing_fields import offer_fields, page_fields
from crawler.shares import extract_links

LINK = "https://pan.quark.cn/s/0b1c2d3e4f5a"
SHARE = f"{LINK} 提取码：Hw4t"
ESCAPED = f"&lt;p&gt;{SHARE}&lt;/p&gt;"
PRODUCT = (
    '<script type="application/ld+json">{"@type": "Product", "name": "潮汐灯塔 电子版", "image": "/1.jpg",'
    '"description": "DESCRIPTION", "offers": {"price": "6.00", "priceCurrency": "CNY"}}</script>'
)
STATED = "高清完整，当天发出"
SHOWN = [
    f"<div class=product-description><p>拍下自动发 {SHARE}</p></div>",
    f"<div itemprop=description>拍下自动发 {SHARE}</div>",
    f"<div id=description>拍下自动发 {SHARE}</div>",
    f"<div class=goodsDesc><p>链接 {LINK}</p><p>提取码：Hw4t</p></div>",
    f"<div><p>拍下自动发 {SHARE}</p></div>",
    f"<div><span>{LINK}</span><span>提取码</span><span>Hw4t</span></div>",
    f"<div><p>{LINK}</p><p>提取码</p><p>Hw4t</p></div>",
    f"<dl><dt>商品描述</dt><dd>自动发 {LINK}</dd><dt>提取码</dt><dd>Hw4t</dd></dl>",
    f"<table><tr><th>链接</th><td>{LINK}</td></tr><tr><th>提取码</th><td>Hw4t</td></tr></table>",
    f"<div><a href={LINK}>点此下载</a> 提取码 <b>Hw4t</b></div>",
    "<div><span>https://pan.quark.cn/s/</span><span>0b1c2d3e4f5a</span> 提取码：Hw4t</div>",
    "<div>https://pan.quark<wbr>.cn/s/0b1c2d<b>3e4f</b>5a 提取码：<i>Hw</i>4t</div>",
    "<div>https://pan.quark.cn/s/<br>0b1c2d3e4f5a<br>提取码：Hw4t</div>",
    f"<details><summary>商品详情</summary>{SHARE}</details>",
    f"<ul><li><a href=#t1>商品详情</a></li></ul><div id=t1 style=display:none>{SHARE}</div>",
    f"<button role=tab aria-controls=t2>详情</button><section id=t2 hidden>{SHARE}</section>",
    f"<textarea readonly>{SHARE}</textarea>",
    f"<textarea class=lazy>{ESCAPED}</textarea>",
    f'<iframe srcdoc="{ESCAPED}"></iframe>',
    f'<input readonly value="{SHARE}">',
    f'<button data-clipboard-text="{SHARE}">复制</button>',
    f"<noscript><div>{SHARE}</div></noscript>",
    f"<aside class=description>{SHARE}</aside>",
]


def offer_page(shown: str, stated: str = STATED) -> Page:
    words = "<p>本店支持七天无理由，全国包邮，欢迎选购更多好物。</p>"
    source = (
        f"<html><head><title>潮汐灯塔 电子版 - 小店</title>{PRODUCT.replace('DESCRIPTION', stated)}</head><body>"
        f"<h1>潮汐灯塔 电子版</h1><span class=price>￥6.00</span>{shown}{words}</body></html>"
    )
    return Page(url="https://shop.example/item/1.html", body=source.encode(), content_type="text/html; charset=utf-8")


def text_of(page: Page) -> str:
    text: str = page_fields(page, product_facts(page))["text"]
    return text


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("stated", [STATED, ""], ids=["stated", "not stated"])
def test_a_share_in_the_shown_description_is_found_with_its_code(shown: str, stated: str) -> None:
    text = text_of(offer_page(shown, stated))
    assert [(link.share_id, link.code) for link in extract_links(text)] == [("0b1c2d3e4f5a", "Hw4t")]
    assert stated in text


@pytest.mark.parametrize(
    "shown",
    [
        "<div class=product-description>扫描版 PDF，付款后秒发</div>",
        "<div itemprop=description>扫描版 PDF，付款后秒发</div>",
        "<dl><dt>商品描述：</dt><dd>扫描版 PDF，付款后秒发</dd></dl>",
        "<h3>Description</h3><p>扫描版 PDF，付款后秒发</p><h3>Delivery</h3>",
        "<div><h3>宝贝详情</h3></div><div>扫描版 PDF，付款后秒发</div>",
        "<details><summary>商品详情</summary><p>扫描版 PDF，付款后秒发</p></details>",
        '<iframe srcdoc="&lt;p&gt;扫描版 PDF，付款后秒发&lt;/p&gt;"></iframe>'.replace(
            "<iframe", "<div id=desc><iframe"
        )
        + "</div>",
    ],
)
def test_the_stated_and_the_shown_description_both_count(shown: str) -> None:
    for text in (text_of(offer_page(shown)), offer_fields(offer_page(shown))["text"]):
        assert text.splitlines() == [STATED, "扫描版 PDF，付款后秒发"]


@pytest.mark.parametrize(
    "shown",
    [
        f"<div class=reviews><p class=review-description>别买，网上有 {SHARE}</p></div>",
        f"<div id=comments><div class=description>有人发 {SHARE}</div></div>",
        f"<footer><p class=site-description>小店 {SHARE}</p></footer>",
        "<p class=site-description>小店，专营电子书</p>",
        "<ul>"
        + "".join(f"<li><a href=/item/{n}.html>书 {n}</a><p class=desc>第 {n} 本</p></li>" for n in (2, 3, 4))
        + "</ul>",
        "<div class=card><a href=/item/2.html>雾中列车</a><div class=description>雾中列车</div></div>",
    ],
)
def test_what_others_say_and_what_speaks_of_others_is_no_description(shown: str) -> None:
    assert text_of(offer_page(shown)) == STATED


def test_a_description_said_twice_counts_once() -> None:
    shown = f"<div class=description>{STATED}</div><div id=description>{STATED}</div>"
    assert text_of(offer_page(shown)) == STATED


def test_empty_and_hostile_fields_cost_nothing() -> None:
    shown = "<textarea></textarea><iframe></iframe><input value=''><textarea>回复 主题</textarea>"
    assert text_of(offer_page(shown)) == STATED
    bomb = "&lt;div&gt;" * (2 * MAX_HELD_CHARS)
    assert len(all_lines(offer_page(f"<textarea>{bomb}</textarea><iframe srcdoc='{bomb}'></iframe>"))) < 10
    nested = ESCAPED
    for _ in range(3):
        nested = f"&lt;iframe srcdoc='{nested.replace('&', '&amp;')}'&gt;&lt;/iframe&gt;"
    assert all_lines(offer_page(f'<iframe srcdoc="{nested}"></iframe>'))
    assert not description_elements(offer_page("<a href='#\"]'>Description</a>"))
