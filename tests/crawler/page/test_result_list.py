"""Rows of pages that are known to be lists: whatever they look like, and none where nothing was found."""

from __future__ import annotations

import pytest

from crawler.page.page import Page
from crawler.page.result_list import MAX_ROWS, next_page, result_list, without_question
from crawler.page.site_frame import framed_elements, learn_frame

SEARCH = "https://attic.example/find?q=lantern"
MENU = """<ul class="menu"><li><a href="/">Home</a></li><li><a href="/lamps-and-lighting">Lamps and lighting</a></li>
<li><a href="/second-hand-books">Second hand books</a></li><li><a href="/cart">Basket</a></li></ul>
<form action="/find"><input name="q" value="lantern"></form>"""
FOOTER = '<div id="footer"><a href="/terms">Terms of use</a> <a href="/imprint">Imprint of the shop</a></div>'


def page(content: str, url: str = SEARCH) -> Page:
    body = (
        f"<html><head><title>Search</title></head><body>{MENU}<h1>Search: lantern</h1>{content}{FOOTER}</body></html>"
    )
    return Page(url=url, body=body.encode(), content_type="text/html; charset=utf-8")


def rows(content: str, question: str = "lantern", url: str = SEARCH) -> list[tuple[str, str]]:
    found = result_list(page(content, url), question, asked_addresses=("https://attic.example/",))
    return [(row.url.removeprefix("https://attic.example"), row.title) for row in found.rows]


ONE = ("/item/31.html", "The Lantern on the Weir")
TWO = ("/item/32.html", "A Lantern for Every Season")


@pytest.mark.parametrize(
    "content",
    [
        "<div><a href='{0}'>{1}</a></div>",
        "<h2><a href='{0}'>{1}</a></h2><p>by <a href='/seller/reed'>reed</a></p>",
        "<table><tr><th>Title</th><th>Date</th></tr><tr><td><a href='{0}'>{1}</a></td><td>2026-10-02</td></tr></table>",
        "<article><a href='{0}'><img src='/p/31.jpg' alt='{1}'></a><p>$3.20</p></article>",
        "<p>1 result</p><dl><dt><a href='{0}'>{1}</a></dt><dd>in <a href='/board/7'>Swaps</a></dd></dl>",
        "<a href='{0}'>{1}</a>",
    ],
)
def test_a_single_result_is_a_list(content: str) -> None:
    assert rows(content.format(*ONE)) == [ONE]


@pytest.mark.parametrize(
    "row",
    [
        "<li><a href='{0}'>{1}</a></li>",
        "<tr><td><a href='{0}'>{1}</a></td><td><a href='/user/9'>reed</a></td><td>4 replies</td></tr>",
        "<a href='{0}'>{1}</a><br>",
        "<div class='x'><h3><a href='{0}'>{1}</a></h3><a href='{0}'>Read more</a> <a href='/tag/lamp'>lamp</a></div>",
    ],
)
def test_two_rows_without_prices_are_a_list(row: str) -> None:
    content = row.format(*ONE) + row.format(*TWO)
    assert rows(f"<table>{content}</table>" if row.startswith("<tr") else f"<div>{content}</div>") == [ONE, TWO]


def test_rows_that_do_not_repeat_the_question_are_rows_too() -> None:
    others = [(f"/item/{number}.html", f"Brass fittings for boats, lot {number}") for number in range(40, 46)]
    content = "".join(f"<li><a href='{url}'>{title}</a></li>" for url, title in [ONE, *others])
    assert rows(f"<ul>{content}</ul>") == [ONE, *others]


@pytest.mark.parametrize(
    "content",
    [
        "<p>Your search for <b>lantern</b> found nothing.</p>",
        "<p>No results for lantern. <a href='/find?q=lantern&amp;in=all'>Search lantern everywhere</a></p>",
        "<p>Nothing.</p><p><a href='/'>Back to home</a></p>",
    ],
)
def test_an_empty_answer_that_repeats_the_question_has_no_rows(content: str) -> None:
    empty = page("<p>Your search for <b>qzxv</b> found nothing.</p>", "https://attic.example/find?q=qzxv")
    home = page("<p>Welcome to the attic of lamps.</p>", "https://attic.example/")
    frame = learn_frame([home, empty], ())
    answer = page(content)
    found = result_list(answer, "lantern", framed_elements(answer, frame), ("https://attic.example/",))
    assert found.rows == []


def test_what_a_search_adds_to_the_links_of_its_rows_is_no_part_of_their_address() -> None:
    content = (
        "<li><a href='/item/31.html?_pos=1&amp;_sid=7ab&amp;q=lantern&amp;variant=2'>The Lantern on the Weir</a></li>"
    )
    assert rows(content) == [("/item/31.html?variant=2", ONE[1])]


@pytest.mark.parametrize(
    ("url", "question", "expected"),
    [
        ("https://a.example/p?id=3&highlight=red+kite", "Red Kite", "https://a.example/p?id=3"),
        ("https://a.example/p?id=3&w=%B3%B1%CF%AB", "潮汐", "https://a.example/p?id=3"),
        ("https://a.example/p?id=3&w=%E6%BD%AE%E6%B1%90", "潮汐", "https://a.example/p?id=3"),
        ("https://a.example/p?id=3&year=1984", "kite", "https://a.example/p?id=3&year=1984"),
        ("https://a.example/p?id=3&note=", "???", "https://a.example/p?id=3&note="),  # a question without letters
        ("https://a.example/p", "kite", "https://a.example/p"),
    ],
)
def test_parameters_of_the_question(url: str, question: str, expected: str) -> None:
    assert without_question(url, question) == expected


@pytest.mark.parametrize(
    ("content", "url", "expected"),
    [
        ("<a rel='next' href='/find?q=lantern&amp;page=2'>&gt;</a>", SEARCH, "/find?q=lantern&page=2"),
        ("<a href='/find?q=lantern&amp;page=2'>Next »</a>", SEARCH, "/find?q=lantern&page=2"),
        ("<a href='/find?q=lantern&amp;page=2'>下一页</a>", SEARCH, "/find?q=lantern&page=2"),
        (
            "<b>2</b> <a href='/find?q=lantern&amp;page=1'>1</a> <a href='/find?q=lantern&amp;page=3'>3</a>",
            f"{SEARCH}&page=2",
            "/find?q=lantern&page=3",
        ),
        ("<a href='/item/3.html'>3</a> <a href='/item/2.html'>2</a>", f"{SEARCH}&page=2", None),
        (
            "<a href='/find?q=lantern&amp;page=1'>1</a> <a href='/find?q=lantern&amp;page=2'>2</a> <b>3</b>",
            f"{SEARCH}&page=3",
            None,
        ),
        ("<a rel='next' href='https://elsewhere.example/find?page=2'>next</a>", SEARCH, None),
        (f"<a rel='next' href='{SEARCH}'>next</a>", SEARCH, None),
        ("<a rel='next' href='javascript:go(2)'>next</a>", SEARCH, None),
        ("<a href='/find?q=lantern&amp;page=1'>« Previous</a>", f"{SEARCH}&page=2", None),
    ],
)
def test_the_next_page(content: str, url: str, expected: str | None) -> None:
    address = next_page(page(content, url))
    assert address == (expected and f"https://attic.example{expected}")


def test_links_to_pages_of_the_list_are_no_rows() -> None:
    numbers = "".join(f"<a href='/find?q=lantern&amp;page={n}'>Page number {n} of lantern</a> " for n in range(2, 9))
    assert rows(f"<li><a href='{ONE[0]}'>{ONE[1]}</a></li>{numbers}") == [ONE]


def test_a_page_of_twenty_thousand_links_gives_a_bounded_list() -> None:
    links = "".join(f"<li><a href='/item/{n}.html'>Lantern number {n} of many</a></li>" for n in range(20_000))
    assert len(rows(f"<ul>{links}</ul>")) == MAX_ROWS


@pytest.mark.parametrize(
    "reference",
    [
        "https://[::1/x",
        "//",
        "http://",
        "/%ff%fe?%ff=%00",
        "/a?" + "&" * 500,
        "\u2028",
        "/" + "a/" * 4000,
        "https://attic.example:99999/x",
    ],
)
def test_a_broken_link_does_not_spoil_the_others(reference: str) -> None:
    assert ONE in rows(
        f"<li><a href='{reference}'>A lantern that leads nowhere</a></li><li><a href='{ONE[0]}'>{ONE[1]}</a></li>"
    )


def test_one_script_for_everything_is_asked_for_its_rows_too() -> None:
    url = "https://attic.example/index.php?route=find&q=lantern"
    first, second = ("/index.php?id=31&route=item", ONE[1]), ("/index.php?id=32&route=item", TWO[1])
    pages = "<a href='/index.php?route=find&amp;q=lantern&amp;page=2'>More lanterns on page two</a>"
    orders = "<a href='/index.php?route=find&amp;q=lantern&amp;sort=price'>Lanterns, cheapest first</a>"
    content = "".join(f"<li><a href='{link}&amp;q=lantern'>{title}</a></li>" for link, title in (first, second))
    assert rows(content + pages + orders, url=url) == [first, second]


@pytest.mark.parametrize(
    ("own", "following"),
    [
        ("/board-7.html", "/board-7-2.html"),
        ("/board-7-1.html", "/board-7-2.html"),
        ("/lamps", "/lamps/page/2/"),
        ("/?q=lantern", "/page/2/?q=lantern"),
        ("/find.php?id=4411", "/find.php?id=4411&page=2"),
        ("/lamps.html", "/lamps_2.html"),
    ],
)
def test_numbers_lead_to_the_next_page_of_the_same_list(own: str, following: str) -> None:
    links = f"<a href='/item/2.html'>2</a><a href='{following}'>2</a><a href='/item/3.html'>3</a>"
    assert next_page(page(links, f"https://attic.example{own}")) == f"https://attic.example{following}"
