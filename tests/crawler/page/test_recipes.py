"""Recipes: selectors from the settings read lists and listings, and what is wrong with them is said."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crawler.page.page import Page
from crawler.page.recipes import MAX_ROWS, RecipeReader, selector_problem, site_problems, split_selector
from crawler.platform_settings import Recipe, SiteConfig

LIST = """<table><tr class="r"><td><span data-name="The Lantern on the Weir">The Lantern...</span></td>
<td class="who">reed</td>
<td class="cost">€3.20</td><td><a class="go" href="/v?id=31">open</a></td></tr>
<tr class="r"><td>no link at all</td></tr>
<tr class="r"><td><span data-name="">nothing</span></td><td><a class="go" href="/v?id=32">open</a></td></tr></table>
<a class="more" href="/l?p=2">&rarr;</a>"""
RECIPE = Recipe(
    row="tr.r", row_title="span @data-name", row_link="a.go", row_price=".cost", row_seller=".who", next="a.more"
)
OFFER = """<h1>Attic</h1><h2>The Lantern on the Weir</h2><p class="cost">€3.20</p><a class="who">reed</a>
<div class="words"><p>As a PDF.</p></div><div class="words">Ask  me.</div><div class="also">Another lamp</div>
<img class="shot" src="/p/1.jpg"><img class="shot" data-src="/p/2.jpg" src="/p/1.jpg"><img class="shot">"""


def page(content: str) -> Page:
    return Page(url="https://attic.example/l", body=content.encode(), content_type="text/html; charset=utf-8")


def test_rows_are_those_with_a_link_and_a_title() -> None:
    found = RecipeReader(RECIPE).rows(page(LIST))
    (row,) = found.rows
    assert (row.url, row.title, row.seller) == ("https://attic.example/v?id=31", "The Lantern on the Weir", "reed")
    assert row.money is not None
    assert (row.money.amount, row.money.currency) == (Decimal("3.20"), "EUR")
    assert found.next_address == "https://attic.example/l?p=2"


def test_without_a_title_the_text_of_the_link_is_taken_and_rows_are_bounded() -> None:
    rows = "".join(f"<li><a href='/v?id={n}'>Lantern {n}</a></li>" for n in range(500))
    found = RecipeReader(Recipe(row="li")).rows(page(rows))
    assert (len(found.rows), found.rows[0].title, found.next_address) == (MAX_ROWS, "Lantern 0", None)


def test_fields_of_a_listing() -> None:
    recipe = Recipe(title="h2", price=".cost", seller=".who", text=".words", pictures=".shot", left_out=".also")
    fields = RecipeReader(recipe).fields(page(OFFER))
    assert (fields["title"], fields["seller"], fields["text"]) == (
        "The Lantern on the Weir",
        "reed",
        "As a PDF.\nAsk me.",
    )
    assert (fields["price"], fields["currency"]) == (Decimal("3.20"), "EUR")
    assert [picture.url for picture in fields["pictures"]] == ["https://attic.example/p/1.jpg"]
    assert len(RecipeReader(recipe).left_out(page(OFFER))) == 1


def test_what_a_page_lacks_is_left_to_guessing() -> None:
    recipe = Recipe(title=".none", price=".none", seller=".none", pictures=".none")
    assert RecipeReader(recipe).fields(page(OFFER)) == {"pictures": ()}
    assert RecipeReader(Recipe()).fields(page(OFFER)) == {}
    assert RecipeReader(Recipe()).left_out(page(OFFER)) == frozenset()
    assert not RecipeReader(Recipe()).reads_lists


@pytest.mark.parametrize(
    ("settings", "problems"),
    [
        ({}, []),
        ({"title": "h1 > b, h2 @title", "follow": r"/item/\d+"}, []),
        ({"title": "h1[["}, ["title"]),
        ({"follow": "(item"}, ["follow"]),
        ({"search": "https://attic.example/find?q="}, ["search"]),
        ({"search": "https://attic.example/find", "search_body": "q={query}"}, []),
        ({"charset": "gb2312"}, []),
        ({"charset": "idna"}, ["charset"]),
        ({"charset": "gbk2312"}, ["charset"]),
    ],
)
def test_problems_of_settings_are_named(settings: dict[str, str], problems: list[str]) -> None:
    site = SiteConfig(address="https://attic.example/", **settings)
    assert [key for key, _ in site_problems(site)] == problems


@pytest.mark.parametrize(
    ("selector", "parts"),
    [("h1", ("h1", "")), ("a.go @href", ("a.go", "href")), ("a[href='x @y']", ("a[href='x", "y']"))],
)
def test_a_selector_may_end_with_an_attribute(selector: str, parts: tuple[str, str]) -> None:
    assert split_selector(selector) == parts


def test_a_good_selector_has_no_problem() -> None:
    assert selector_problem("div:has(> a.go) @href") is None
    assert selector_problem("div:::") is not None


def test_a_price_in_a_sentence_is_the_number_with_a_currency() -> None:
    sentence = "绘图教程 2025 版，共 46 讲，原盘无水印，一口价 20 元 不议价"
    source = f"<html><body><p class=a>{sentence}</p><b class=c>15.00</b></body></html>"
    page = Page(url="https://attic.example/31", body=source.encode(), content_type="text/html; charset=utf-8")
    assert RecipeReader(Recipe(price=".a")).fields(page)["price"] == 20
    assert RecipeReader(Recipe(price=".c")).fields(page)["price"] == 15
