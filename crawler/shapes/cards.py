"""Lists of offers in markup: which element is a row, and where in it each field stands.

A place is written "css" for the text of the first such element, "css@name" for an attribute, "@name" for one of the row
itself; "|" separates alternatives. Where the element around the rows is missing, and no sign of an empty result is
there either, the layout changed and reading raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from crawler.items import Picture
from crawler.money import price
from crawler.page.page import LayoutError, Page, Selection
from crawler.urls import host


@frozen(kw_only=True)
class Cards:
    """How a platform's list is marked up. `url` may be a template with {code}."""

    around: str  # what every page of results has, an empty one too
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


def rows_on(page: Page, cards: Cards) -> Iterator[dict[str, Any]]:
    """The fields of each row that has a title and an address. LayoutError where the page is no page of results."""
    found = page.css(cards.row)
    if not len(found) and not len(page.css(cards.around)):
        raise LayoutError(f"neither {cards.row!r} nor {cards.around!r}")
    seen: set[str] = set()
    left_out = 0
    for row in found:
        fields = _fields(page, row, cards)
        left_out += not fields
        if fields and fields["url"] not in seen:
            seen.add(fields["url"])
            yield fields
    if len(found) and left_out == len(found):
        raise LayoutError(f"no {cards.row!r} has a title and an address")


def place(row: Selection, where: str) -> str:
    """The text at a place of a row, "" where there is none."""
    for each in where.split("|") if where else ():
        selector, _, name = each.strip().partition("@")
        element = row.css(selector.strip()) if selector.strip() else row
        if not len(element):
            continue
        text = element.attrib.get(name, "") if name else element.text()
        if text.strip():
            return " ".join(text.split())
    return ""


def _fields(page: Page, row: Selection, cards: Cards) -> dict[str, Any]:
    title, code = place(row, cards.title), place(row, cards.code)
    address = cards.url.replace("{code}", code) if "{code}" in cards.url else place(row, cards.url)
    url = page.link(address) if address and ("{code}" not in cards.url or code) else None
    if not title or url is None:
        return {}
    money = price(place(row, cards.price), cards.currency or None, host(page.url))
    picture = page.link(place(row, cards.picture)) if place(row, cards.picture) else None
    author = place(row, cards.author)
    return {
        "url": url,
        "title": title,
        "sku": code or None,
        "price": money.amount if money else None,
        "currency": money.currency if money else None,
        "seller": place(row, cards.seller) or None,
        "creators": tuple(filter(None, map(str.strip, re.split(r"[,，;；]", author)))),
        "publisher": place(row, cards.publisher) or None,
        "text": place(row, cards.text),
        "pictures": (Picture(url=picture),) if picture else (),
        "whole": False,
    }
