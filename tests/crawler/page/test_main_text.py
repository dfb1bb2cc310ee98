"""The words of a page that count: not those of menus, of other listings, of replies; never joined across cells."""

from __future__ import annotations

import time

import pytest

from crawler.page import Page
from crawler.page.main_text import LeftOut, main_text
from crawler.page.product import product_facts
from crawler.page.related_items import is_other_listing
from crawler.page.site_frame import learn_frame
from crawler.page.text_lines import page_lines

SITE = "https://moss.example"


def page(body: str, path: str = "/item/7001.html", title: str = "") -> Page:
    return Page(url=SITE + path, body=f"<html><head><title>{title}</title></head><body>{body}</body></html>".encode())


def lines(body: str) -> list[str]:
    return [line.text for line in page_lines(page(body), {}).lines]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<table><tr><td>15.00</td><td>2026-11-02</td></tr></table>", ["15.00", "2026-11-02"]),
        ("<p>Version: 5.9</p><p>Updated</p>", ["Version: 5.9", "Updated"]),
        ("<dl><dt>Size</dt><dd>4 MB</dd></dl>", ["Size", "4 MB"]),
        ("<p>one<br>two</p>", ["one", "two"]),
        ("<p>Pay <button>Buy now</button> later</p>", ["Pay", "Buy now", "later"]),
        ('<a href="/a">设为首页</a><a href="/b">收藏本站</a>', ["设为首页", "收藏本站"]),
        ('<p>see <a href="/a">here</a>for more</p>', ["see here for more"]),
        ("<p>提取<b>码</b>：<span>k9</span><span>x2</span></p>", ["提取码： k9 x2"]),
        ("<p>h<b>e</b>llo <em>One</em><em>Two</em></p>", ["hello One Two"]),
        ("<p>找到<span>海雾</span>相关</p>", ["找到海雾相关"]),
        ("<p>a<!-- b --><script>c</script><style>d</style></p><select><option>e</select>", ["a"]),
    ],
)
def test_lines_are_what_a_reader_sees_as_one(body: str, expected: list[str]) -> None:
    assert lines(body) == expected


def test_the_address_of_a_share_is_written_behind_its_words() -> None:
    share = "https://pan.baidu.com/s/1q2W3e4R5t6Y7u8I9o0P"
    assert lines(f'<p>链接 <a href="{share}">点此</a> 提取码 k9x2</p>') == [f"链接 点此 {share} 提取码 k9x2"]
    assert lines(f'<p><a href="{share}">{share}</a></p>') == [share]
    assert lines('<p><a href="https://elsewhere.example/s/1q2W3e4R5t6Y7u8">more</a></p>') == ["more"]


@pytest.mark.parametrize(
    ("address", "own", "expected"),
    [
        ("/thread-81-1-1.html", "/thread-20-1-1.html", True),
        ("/space-uid-81.html", "/thread-20-1-1.html", False),
        ("/archives/81", "/archives/20", True),
        ("/author/81", "/archives/20", False),
        ("/app/red-kiln.html", "/app/quiet.html", True),
        ("/app/red-kiln-5.html", "/app/quiet.html", True),
        ("/category/games/", "/app/quiet.html", False),
        ("/show.asp?id=81", "/show.asp?id=20", True),
        ("/buy.asp?id=20", "/show.asp?id=20", False),
        ("/show.asp?id=20&page=2", "/show.asp?id=20", False),
        ("/index.php?route=p/p&id=81", "/index.php?route=p/p&id=20", True),
        ("/index.php?route=p/cart", "/index.php?route=p/p&id=20", False),
        ("/products/a-b?_pos=1", "/products/c-d", True),
        ("/products/c-d", "/products/c-d", False),
        ("https://other.example/products/a-b", "/products/c-d", False),
    ],
)
def test_another_listing_has_an_address_of_the_same_shape(address: str, own: str, expected: bool) -> None:
    link = address if "://" in address else SITE + address
    assert is_other_listing(link, SITE + own) is expected


CARD = '<div class="card"><a href="/item/{}.html"><img src="/p.jpg"><b>{}</b></a><span>$4.00</span></div>'
CARDS = "".join(CARD.format(number, name) for number, name in ((7002, "Red Kiln"), (7003, "Blue Note")))


@pytest.mark.parametrize(
    "related",
    [
        f'<div class="x"><h4>You may also like</h4>{CARDS}</div>',
        f"<p>看过本品的人还看了</p><div>{CARDS}</div>",
        '<p>看过的人还看了</p><table><tr><td><a href="/item/7002.html">Red Kiln</a></td><td>15.00</td></tr>'
        '<tr><td><a href="/item/7003.html">Blue Note</a></td><td>2026-11-02</td></tr></table>',
        '<p>See also: <a href="/item/7002.html">Red Kiln</a> <a href="/item/7003.html">Blue Note</a></p>',
        '<ul><li><a href="/item/7002.html">Red Kiln</a><p>A long word about the kiln, its maker, 3 firings.</p></li>'
        '<li><a href="/item/7003.html">Blue Note</a><p>A long word about the note, its ink, 12 papers.</p></li></ul>',
    ],
)
def test_other_listings_do_not_count_wherever_they_stand(related: str) -> None:
    for body in (
        f"<h1>Winter Brass</h1><p>All 9 parts, sent by link.</p>{related}",
        f"<div>{related}</div><div><h1>Winter Brass</h1><div><p>All 9 parts, sent by link.</p></div></div>",
    ):
        read = main_text(page(body, title="Winter Brass"), None, "Winter Brass")
        assert read.text == "All 9 parts, sent by link."
        assert (LeftOut.PATH, "Winter Brass") in read.left_out
        assert {why for why, _ in read.left_out} <= {LeftOut.RELATED, LeftOut.PATH, LeftOut.LINKS}


def test_a_sentence_with_a_link_to_another_listing_stays() -> None:
    sentence = (
        'This is the second part; the first one, <a href="/item/7002.html">Red Kiln</a>, is still to be had from me.'
    )
    read = main_text(page(f"<h1>Winter Brass</h1><p>{sentence}</p>"), None, "Winter Brass")
    assert "the first one, Red Kiln , is still" in read.text


def test_an_access_code_beside_a_link_to_another_listing_stays() -> None:
    body = '<h1>Winter Brass</h1><div>Code: 8k2x <a href="/item/7002.html">Red Kiln</a></div><p>And so on for all.</p>'
    assert "Code: 8k2x" in main_text(page(body), None, "Winter Brass").text


def test_replies_and_comments_do_not_count() -> None:
    body = (
        "<h1>Winter Brass</h1><p>All 9 parts, sent by link.</p>"
        '<ol id="comments" class="comment-list"><li>Is this Red Kiln?</li></ol><div class="reviews">5 of 5</div>'
    )
    read = main_text(page(body), None, "Winter Brass")
    assert read.text == "All 9 parts, sent by link."
    assert [text for why, text in read.left_out if why is LeftOut.REPLIES] == ["Is this Red Kiln?", "5 of 5"]


def test_a_page_whose_only_words_stand_in_reviews_keeps_them() -> None:
    body = '<h1>Winter Brass</h1><p>$3</p><div class="review">All 9 parts of it, sent by link.</div>'
    assert "All 9 parts" in main_text(page(body), None, "Winter Brass").text


def framed_page(path: str, main: str) -> Page:
    return page(
        f'<div class="t"><a href="/">Moss Shelf</a><a href="/all">All things</a></div>{main}'
        f'<div class="s"><b>Newest</b><a href="/item/7002.html">Red Kiln</a></div><p>Moss Shelf</p><p>© Moss Shelf</p>',
        path,
    )


def test_with_a_frame_all_counts_that_the_page_has_of_its_own() -> None:
    frame = learn_frame(
        [framed_page("/", "<p>Welcome</p>"), framed_page("/s?q=x", "<p>Nothing</p>")],
        [framed_page(f"/item/700{n}.html", f"<h1>Thing {n}</h1><p>Words {n}</p><i>Terms</i>") for n in (4, 5, 6)],
    )
    main = "<h1>Winter Brass</h1><p>Parts</p><ul><li>epub</li><li>$3</li></ul><p>Moss Shelf</p><i>Terms</i>"
    read = main_text(framed_page("/item/7001.html", main), frame, "Winter Brass")
    assert read.text == "Parts\nepub\n$3"
    assert {"Newest Red Kiln", "Terms"} <= {text for why, text in read.left_out if why is LeftOut.FRAME}


def test_without_a_frame_the_extractor_leaves_out_what_surrounds_an_article() -> None:
    article = "".join(
        f"<p>The kiln was fired for the {n}th time, and the brass was poured at noon.</p>" for n in range(9)
    )
    body = (
        f"<div class='newsletter'><p>Sign up for our letter</p></div><div id='content'><h1>Winter</h1>{article}</div>"
        "<div id='sidebar'><p>The mayor opened the fair</p></div><div id='footer'><p>Imprint and terms of use</p></div>"
    )
    read = main_text(page(body), None, "Winter")
    assert read.text.count("The kiln was fired") == 9
    outside = [text for why, text in read.left_out if why is LeftOut.OUTSIDE]
    assert "The mayor opened the fair" in outside
    assert "Imprint and terms of use" in outside


def test_pictures_are_those_of_the_text_and_no_ornaments() -> None:
    body = """<h1>Winter Brass</h1><p>Scan the code in the picture, it leads to all parts of it.
    <img src="/static/none.gif" file="/attach/1.png" zoomfile="/attach/1big.png">
    <img data-src="/lazy/2.jpg" src="x.gif"><img src="/static/image/smiley/default/1.gif" smilieid="1">
    <img src="/a/avatar.php?uid=1"><img src="/q.png" width=16>
    <img src="data:image/png;base64,AA"><img srcset="/3.jpg 1x, /3b.jpg 2x"></p>
    <div><a href="/item/7002.html"><img src="/other.jpg">Red Kiln</a></div>"""
    read = main_text(page(body), None, "Winter Brass")
    assert read.pictures == tuple(f"{SITE}{path}" for path in ("/attach/1big.png", "/lazy/2.jpg", "/3.jpg"))


def test_a_share_in_a_list_of_links_stays() -> None:
    share = "https://pan.quark.cn/s/0a1b2c3d4e5f"
    body = f'<h1>Winter Brass</h1><ul><li><a href="/x">A</a><li><a href="/y">B</a><li><a href="{share}">Get</a>'
    assert share in main_text(page(body), None, "Winter Brass").text


def test_hostile_pages_stay_within_bounds() -> None:
    links = "".join(f'<div><a href="/item/{n}.html">Thing {n}</a><b>x</b></div>' for n in range(20_000))
    deep = "<span>" * 400 + "x" + "</span>" * 400
    hostile = page(f"<h1>Winter</h1>{deep}{links}{'<td>' * 5_000}")
    assert hostile.tree.body is not None
    started = time.process_time()
    main_text(hostile, None, "Winter")
    assert time.process_time() - started < 10


def shop_page(path: str, main: str, description: str = "Moss Shelf, a shop of many things") -> Page:
    head = f'<title>x</title><meta name="description" content="{description}">'
    menu = '<ul><li><a href="/">Home</a></li><li><a href="/new">New</a></li><li><a href="/all">All</a></li></ul>'
    return Page(url=SITE + path, body=f"<head>{head}</head><body>{menu}<div class=m>{main}</div></body>".encode())


def shop_item(number: int, words: str = "Words") -> Page:
    values = (("Article:", f"MS-{number}"), ("Clicks:", f"{number}7"), ("Code:", f"k9x{number}"))
    rows = "".join(f"<li><b>{label}</b> {value}</li>" for label, value in values)
    dated = (
        f"<table><tr><td>Added</td><td>2026-11-0{number}</td></tr><tr><td>QQ:</td><td>55123{number}9</td></tr></table>"
    )
    return shop_page(f"/item/{number}", f"<h1>Thing {number}</h1><ul>{rows}</ul>{dated}<p>{words} {number}</p>")


SHOP_LISTS = [shop_page("/", "<p>Welcome</p>"), shop_page("/s?q=x", "<i>Nothing</i>")]
SHOP_FRAME = learn_frame(SHOP_LISTS, [shop_item(number) for number in (1, 2, 3)])


def test_a_bare_value_goes_with_its_label_but_codes_of_access_and_contacts_stay() -> None:
    text = main_text(shop_item(8), SHOP_FRAME, "Thing 8").text
    assert text.splitlines() == ["k9x8", "5512389", "Words 8"]


def test_a_description_that_pages_share_is_no_word_of_a_listing() -> None:
    said = product_facts(shop_item(8), frame=SHOP_FRAME).values
    assert "text" not in said
    own = shop_page("/item/9", "<h1>Thing 9</h1>", "All nine parts of thing 9")
    assert product_facts(own, frame=SHOP_FRAME).values["text"] == "All nine parts of thing 9"


@pytest.mark.parametrize(
    "extra",
    [
        '<p><a href="/books">Books</a> Winter Brass</p>',
        '<div class="product_meta">SKU: 7 Category: <a href="/books">Books</a> Tags: <a href="/t">brass</a></div>',
        '<span class="posted_in">Category: <a href="/books">Books</a></span>',
        '<p>Filed in <a rel="tag" href="/t/brass">brass rips</a></p>',
        '<ul class="post-meta"><li>2026-11-02</li><li><a href="/books">Books</a></li></ul>',
        '<p itemprop="keywords">Tags: <a href="/t/brass">brass</a></p>',
    ],
)
def test_paths_categories_and_tags_do_not_count(extra: str) -> None:
    body = f"<div><h1>Winter Brass</h1>{extra}<p>All 9 parts, sent by link.</p></div>"
    text = main_text(page(body), None, "Winter Brass").text
    assert not {"Books", "brass"} & set(text.replace(",", " ").split())
    assert "All 9 parts, sent by link." in text


def test_what_a_class_for_tags_hands_out_stays() -> None:
    body = '<h1>Winter Brass</h1><div class="post-meta">https://pan.quark.cn/s/0a1b2c3d4e5f</div>'
    assert "0a1b2c3d4e5f" in main_text(page(body), None, "Winter Brass").text


def test_of_a_row_of_cards_none_stays_when_one_is_left_out() -> None:
    card = '<div class="goodsItem"><a href="{0}"><img src="/p.jpg"></a><p><a href="{0}">{1}</a></p><i>$4.00</i></div>'
    cards = "".join(
        card.format(address, name)
        for address, name in (
            ("/item/7002.html", "Red Kiln"),
            ("/sale/blue-note", "Blue Note, a long evening by the river in nine parts"),
            ("/promo.php?x=3", "Quay, the story of a town and of its boats and bells"),
        )
    )
    body = f"<h1>Winter Brass</h1><p>All 9 parts, sent by link.</p><div><h3>Bought together</h3>{cards}</div>"
    for read_page, frame in ((page(body), None), (shop_page("/item/7001.html", body), SHOP_FRAME)):
        assert main_text(read_page, frame, "Winter Brass").text == "All 9 parts, sent by link."


def test_cards_of_pictures_that_nothing_of_the_kind_left_out_stay() -> None:
    card = (
        '<div class="part"><a href="/scan/{0}"><img src="/p{0}.jpg"></a><p><a href="/scan/{0}">Part {0}</a></p></div>'
    )
    body = (
        f"<h1>Winter Brass</h1><p>All 9 parts, sent by link.</p><div>{card.format(1)}<p>and</p>{card.format(2)}</div>"
    )
    assert "Part 2" in main_text(shop_page("/item/7001.html", body), SHOP_FRAME, "Winter Brass").text


def test_an_excerpt_on_lists_is_still_the_opening_of_its_own_page() -> None:
    opening = "The first part of the brass was poured at noon, and all of the town was there to see it."
    excerpt = f'<article><h2><a href="/item/1">Thing 1</a></h2><p class="x">{opening}</p></article>'

    def post(number: int, words: str) -> Page:
        article = f'<article><h2>Thing {number}</h2><p class="x">{words}</p><p>More of {number}</p></article>'
        return shop_page(f"/item/{number}", article)

    lists = [shop_page("/", excerpt), shop_page("/s?q=x", excerpt)]
    frame = learn_frame(lists, [post(1, opening), post(2, "Another opening"), post(3, "A third one")])
    assert main_text(post(1, opening), frame, "Thing 1").text == f"{opening}\nMore of 1"
