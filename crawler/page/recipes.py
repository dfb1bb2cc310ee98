"""Recipes: what a configuration says about the pages of one site, where guessing fails (docs/recipes.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from attrs import frozen
from selectolax.lexbor import LexborNode, SelectolaxError

from crawler.items import Picture
from crawler.money import Money, parse_price
from crawler.page.list_row import ListRow
from crawler.page.page import Page, visible_text
from crawler.page.repeated_blocks import sentence_price
from crawler.page.result_list import ResultList
from crawler.page.search_forms import QUERY_PLACEHOLDER, form_charset
from crawler.platform_settings import RECIPE_KEYS, Recipe, SiteConfig
from crawler.urls import canonicalize_url, url_host

MAX_ROWS = 200  # of one list
MAX_PRICE_CELL_CHARS = 24  # of a text that is a price and no sentence
MAX_ELEMENTS = 500  # that one selector may match on a page
ATTRIBUTE_MARK = " @"  # between a selector and the attribute that is wanted in place of the text


@frozen
class RecipeReader:
    """Reads pages by a recipe; fields without a selector are left to guessing."""

    recipe: Recipe

    @property
    def reads_lists(self) -> bool:
        """Whether the recipe says what a row is."""
        return bool(self.recipe.row)

    def rows(self, page: Page) -> ResultList:
        """The rows of a list, each with a link and a title."""
        rows = []
        for node in page.nodes(self.recipe.row, MAX_ROWS):
            reference = _value(node, self.recipe.row_link or "a[href]", "href")
            url = page.link(reference) if reference else None
            title = _value(node, self.recipe.row_title or self.recipe.row_link or "a[href]")
            if url and title:
                price = _value(node, self.recipe.row_price) if self.recipe.row_price else None
                seller = _value(node, self.recipe.row_seller) if self.recipe.row_seller else None
                money = _stated_price(price, url) if price else None
                rows.append(
                    ListRow(
                        url=canonicalize_url(url),
                        title=title,
                        source="recipe",
                        money=money,
                        seller=seller,
                        text="\n".join(_values(node, self.recipe.row_text)) if self.recipe.row_text else "",
                        published=_value(node, self.recipe.row_date),
                    )
                )
        return ResultList(rows, self.next_address(page))

    def next_address(self, page: Page) -> str | None:
        """The address of the next page of a list, None where the recipe does not say or the page has none."""
        reference = _value(page.tree.body, self.recipe.next, "href") if self.recipe.next else None
        return page.link(reference) if reference else None

    def fields(self, page: Page) -> dict[str, Any]:
        """The fields of a listing that the recipe reads from its page."""
        body, recipe = page.tree.body, self.recipe
        if body is None:
            return {}
        fields: dict[str, Any] = {}
        for name in ("title", "seller"):
            if (selector := getattr(recipe, name)) and (value := _value(body, selector)):
                fields[name] = value
        if recipe.date and (value := _value(body, recipe.date)):
            fields["published"] = value
        if recipe.text:
            fields["text"] = "\n".join(_values(body, recipe.text))
        if recipe.price and (text := _value(body, recipe.price)):
            money = _stated_price(text, page.url)
            fields |= {"price": money.amount, "price_high": None, "currency": money.currency} if money else {}
        if recipe.pictures:
            addresses = (page.link(value) for value in _values(body, recipe.pictures, "src"))
            fields["pictures"] = tuple(Picture(url=address) for address in dict.fromkeys(addresses) if address)
        return fields

    def trim(self, page: Page) -> Page:
        """The page without the elements that are nobody's offer."""
        if not self.recipe.left_out or not page.is_html:
            return page
        copy = _copy(page, page.source)
        nodes = list(copy.nodes(self.recipe.left_out, MAX_ELEMENTS))
        for node in reversed(nodes):
            node.decompose()
        return _copy(page, copy.tree.html or "") if nodes else page

    def left_out(self, page: Page) -> frozenset[int]:
        """The `mem_id` of the elements that are nobody's offer."""
        if not self.recipe.left_out:
            return frozenset()
        return frozenset(node.mem_id for node in page.nodes(self.recipe.left_out, MAX_ELEMENTS))


def site_problems(site: SiteConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with the settings of a site, as (setting, message)."""
    yield from selector_problems(site)
    if site.search and QUERY_PLACEHOLDER not in f"{site.search} {site.search_body}":
        yield "search", f"must contain {QUERY_PLACEHOLDER}"
    if site.charset and form_charset(site.charset) is None:
        yield "charset", f"not a charset that forms are sent in: {site.charset!r}"
    try:
        re.compile(site.follow)
    except re.error as error:
        yield "follow", f"not a regular expression: {error}"


def selector_problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What is wrong with the selectors of a recipe, as (setting, message)."""
    for key in RECIPE_KEYS:
        if (selector := getattr(recipe, key)) and (problem := selector_problem(selector)):
            yield key, problem


def _copy(page: Page, source: str) -> Page:
    return Page(
        url=page.url,
        body=source.encode("utf-8", "replace"),
        content_type="text/html; charset=utf-8",
        status=page.status,
        values=page.values,
        scanned=True,
    )


def selector_problem(selector: str) -> str | None:
    """What is wrong with a selector of a recipe, None if nothing is."""
    try:
        Page(url="https://a.example/", body=b"<p>a</p>").css(split_selector(selector)[0])
    except (SelectolaxError, ValueError) as error:
        return f"not a CSS selector: {selector!r} ({error})"
    return None


def split_selector(selector: str) -> tuple[str, str]:
    """The CSS selector and the name of the wanted attribute, "" where the text is wanted."""
    css, _, attribute = selector.partition(ATTRIBUTE_MARK)
    return css.strip(), attribute.strip()


def _values(node: LexborNode, selector: str, default_attribute: str = "") -> list[str]:
    css, attribute = split_selector(selector)
    attribute = attribute or default_attribute
    values = []
    for element in node.css(css)[:MAX_ELEMENTS]:
        value = element.attributes.get(attribute) or "" if attribute else visible_text(element)
        values.append(" ".join(value.split()))
    return [value for value in values if value]


def _stated_price(text: str, url: str) -> Money | None:
    """The price in the text of an element: in a sentence a number with a currency, in a cell the number."""
    if len(text) > MAX_PRICE_CELL_CHARS:
        return sentence_price(text, url_host(url))
    return parse_price(text, None, url_host(url))


def _value(node: LexborNode | None, selector: str, default_attribute: str = "") -> str | None:
    return next(iter(_values(node, selector, default_attribute)), None) if node is not None and selector else None
