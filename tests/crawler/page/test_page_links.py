"""Links of a page: kinds of addresses, menus and services told apart, files and other hosts left out."""

from __future__ import annotations

import pytest

from crawler.page.page import Page
from crawler.page.page_links import (
    address_shape,
    contains_question,
    is_service_address,
    linked_files,
    page_links,
    shown_letters,
)

HOME = "https://attic.example/"


def page(content: str, url: str = HOME) -> Page:
    return Page(url=url, body=f"<html><body>{content}</body></html>".encode(), content_type="text/html; charset=utf-8")


@pytest.mark.parametrize(
    "addresses",
    [
        ("/thread-31-1-1.html", "/thread-408-1-1.html"),
        ("/item/31.html", "/item/4.html"),
        ("/products/tin-lantern", "/products/lamp-of-1950"),
        ("/topic/the-red-kite/", "/topic/a-lamp/"),
        ("/index.php?route=product/product&product_id=3", "/index.php?product_id=9&route=product/product"),
        ("/viewtopic.php?t=3&f=1", "/viewtopic.php?f=2&t=88"),
        ("/2026/10/a-lamp-for-all/", "/2025/01/some-other-lamp/"),
        ("/书/潮汐钟楼.html", "/书/借来的河.html"),
    ],
)
def test_pages_of_one_kind_have_one_shape(addresses: tuple[str, str]) -> None:
    assert len({address_shape(HOME.rstrip("/") + address) for address in addresses}) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ("/thread-31-1-1.html", "/space-uid-31.html"),
        ("/products/tin-lantern", "/collections/tin-lanterns"),
        ("/index.php?route=product/product&product_id=3", "/index.php?route=product/category&path=3"),
        ("/viewtopic.php?t=3", "/viewforum.php?f=3"),
        ("/item/31.html", "/item/31.html?sort=price"),
    ],
)
def test_pages_of_two_kinds_have_two(addresses: tuple[str, str]) -> None:
    assert len({address_shape(HOME.rstrip("/") + address) for address in addresses}) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/log-in.php",
        "/cart",
        "/members/reed",
        "/account/orders",
        "/?replytocom=4",
        "/list?sort=price",
        "/ucp.php?mode=x",
    ],
)
def test_services_and_views(path: str) -> None:
    assert is_service_address(HOME.rstrip("/") + path)


@pytest.mark.parametrize(
    "path",
    [
        "/item/31.html",
        "/cartography-of-rooms",
        "/blogging-in-1990",
        "/the-registrar/1",
        "/thread-9-1-1.html",
        "/lists?page=2",
    ],
)
def test_offers_are_no_services(path: str) -> None:
    assert not is_service_address(HOME.rstrip("/") + path)


def test_only_pages_of_the_site_outside_menus_count() -> None:
    content = """<nav><a href="/boards">Boards of the attic</a></nav><footer><a href="/imprint">Imprint</a></footer>
    <div class="sidebar-widget"><a href="/tag/tin">Tin</a></div>
    <article><header><a href="/item/1">The first lantern</a></header></article>
    <p><a href="/item/2"><img alt="The second lantern"></a><a href="https://other.example/item/3">Elsewhere</a>
    <a href="http://attic.example:8080/item/4">Another port</a>
    <a href="https://forum.attic.example/item/5">The fifth</a>
    <a href="/lamp.pdf">A file</a><a href="javascript:x()">Script</a><a href="">Nothing</a></p>"""
    links = {link.url: link.text for link in page_links(page(content))}
    assert links == {
        f"{HOME}item/1": "The first lantern",
        f"{HOME}item/2": "The second lantern",
        "https://forum.attic.example/item/5": "The fifth",
    }
    with_menus = {link.url for link in page_links(page(content), with_menus=True)}
    assert with_menus - set(links) == {f"{HOME}boards", f"{HOME}imprint", f"{HOME}tag/tin"}


def test_a_shortened_text_is_completed_from_the_title() -> None:
    (link,) = page_links(page('<a href="/item/1" title="The Lantern on the Weir">The Lantern on…</a>'))
    assert link.text == "The Lantern on the Weir"


def test_letters_that_a_page_shows() -> None:
    content = "<nav>menu</nav><script>var a</script><p>Ab 潮汐 12</p><select><option>x</option></select>"
    assert shown_letters(page(content)) == 4
    assert shown_letters(page("")) == 0


@pytest.mark.parametrize(
    ("title", "question", "expected"),
    [
        ("THE LANTERN, on the weir!", "the lantern on the weir", True),
        ("《潮汐鐘樓》全本", "潮汐钟楼", True),
        ("The lantern", "the lantern on the weir", False),
    ],
)
def test_a_question_in_a_title_however_it_is_spelt(title: str, question: str, expected: bool) -> None:
    assert contains_question(title, question) is expected


@pytest.mark.parametrize(
    ("address", "shape"),
    [
        ("/lamp-reader-pro/com.oilworks.lamp.pro", "attic.example/*/*?"),
        ("/goods.php?id=31", "attic.example/goods.php?id"),
        ("/category.php?id=3", "attic.example/category.php?id"),
        ("/thread-31-1-1.html", "attic.example/thread-*.html?"),
        ("/space-uid-7.html", "attic.example/space-*.html?"),
    ],
)
def test_addresses_of_one_kind_of_page_have_one_shape(address: str, shape: str) -> None:
    assert address_shape(f"https://attic.example{address}") == shape


def test_a_class_that_names_the_page_is_no_menu_and_a_release_is_no_file() -> None:
    source = """<div class="page-q"><a href="/lamp/com.oilworks.lamp">Lamp Reader</a> 61 MB
    <a href="/video/The.Lamp.2025.1080p.x264">The.Lamp.2025.1080p.x264</a> <a href="/up/lamp.zip">lamp.zip</a></div>"""
    page = Page(url="https://attic.example/", body=source.encode(), content_type="text/html")
    assert [link.text for link in page_links(page)][:1] == ["Lamp Reader"]
    assert [file.name for file in linked_files(page)] == ["lamp.zip"]


@pytest.mark.parametrize("address", ["/topic/how-to-buy-a-lamp/", "/share-of-the-week.html", "/post/weekly-report-31"])
def test_a_word_of_a_title_makes_no_service(address: str) -> None:
    assert not is_service_address(f"{HOME.rstrip('/')}{address}")
