"""Lists of offers in HTML: a CSS selector for the rows, and one for each field of a row.

A field is written "css" for the text of the first match, "css@name" for an attribute, "@name" for one of the row
itself; "|" separates alternatives. If there are no rows, and not even the container that an empty result has, the
layout changed and reading raises LayoutError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from crawler.items import Picture
from crawler.money import parse_price
from crawler.page.currency_region import currency_region
from crawler.page.page import LayoutError, Page, Selection


@frozen(kw_only=True)
class HtmlList:
    """How a platform marks up its list. `url` may be a template with {code}."""

    container: str  # on every page of results, an empty one too
    row: str
    title: str
    url: str
    code: str = ""
    price: str = ""
    currency: str = ""
    seller: str = ""
    picture: str = ""
    author: str = ""
    publisher: str = ""
    text: str = ""


def html_rows(page: Page, layout: HtmlList) -> Iterator[dict[str, Any]]:
    """Yield the fields of each row that has a title and an address. Raises LayoutError if it is no page of results."""
    elements = page.css(layout.row)
    if not len(elements) and not len(page.css(layout.container)):
        raise LayoutError(f"neither {layout.row!r} nor {layout.container!r}")
    seen_addresses: set[str] = set()
    skipped = 0
    region = currency_region(page)
    for row in elements:
        fields = _row_fields(page, row, layout, region)
        skipped += not fields
        if fields and fields["url"] not in seen_addresses:
            seen_addresses.add(fields["url"])
            yield fields
    if len(elements) and skipped == len(elements):
        raise LayoutError(f"no {layout.row!r} has a title and an address")


def text_in(row: Selection, where: str) -> str:
    """The text that `where` selects in a row, "" if there is none."""
    for alternative in where.split("|") if where else ():
        selector, _, name = alternative.strip().partition("@")
        element = row.css(selector.strip()) if selector.strip() else row
        if not len(element):
            continue
        text = element.attrib.get(name, "") if name else element.text()
        if text.strip():
            return " ".join(text.split())
    return ""


def _row_fields(page: Page, row: Selection, layout: HtmlList, region: str) -> dict[str, Any]:
    title, code = text_in(row, layout.title), text_in(row, layout.code)
    address = layout.url.replace("{code}", code) if "{code}" in layout.url else text_in(row, layout.url)
    url = page.link(address) if address and ("{code}" not in layout.url or code) else None
    if not title or url is None:
        return {}
    money = parse_price(text_in(row, layout.price), layout.currency or None, region)
    picture = page.link(text_in(row, layout.picture)) if text_in(row, layout.picture) else None
    author = text_in(row, layout.author)
    return {
        "url": url,
        "title": title,
        "sku": code or None,
        "price": money.amount if money else None,
        "currency": money.currency if money else None,
        "seller": text_in(row, layout.seller) or None,
        "creators": tuple(filter(None, map(str.strip, re.split(r"[,，;；]", author)))),
        "publisher": text_in(row, layout.publisher) or None,
        "text": text_in(row, layout.text),
        "pictures": (Picture(url=picture),) if picture else (),
        "whole": False,
    }
