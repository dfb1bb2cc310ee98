"""Lists of offers in JSON answers: where the list stands, and under which path each field of a row.

A path is written "a.b.0.c"; "|" separates alternatives, the first that says something counts; "*" walks over all
entries of a list or an object. An address may be put together: "https://shop.example/item/<itemId>". A list that is not
there at all is a changed layout and raises; an empty one is no result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from html import unescape
from typing import Any

from attrs import frozen

from crawler.items import Picture
from crawler.money import price
from crawler.page.page import LayoutError, Page
from crawler.urls import host

_MARKUP = re.compile(r"<[^<>]{0,200}>")
_PART = re.compile(r"<([^<>]{1,100})>")
_TRUE = frozenset(("true", "1", "yes"))


@frozen(kw_only=True)
class Table:
    """How a platform names the fields of a row. `divide` is for prices in cents."""

    rows: str
    title: str
    url: str
    code: str = ""
    price: str = ""
    divide: int = 1
    currency: str = ""  # a path, or a code of three capitals
    seller: str = ""
    seller_id: str = ""
    picture: str = ""
    brand: str = ""
    author: str = ""
    publisher: str = ""
    text: str = ""
    condition: str = ""
    published: str = ""
    identifiers: Mapping[str, str] = {}  # scheme -> path
    sold: str = ""  # a path to something true where the offer is gone


def rows_of(page: Page, value: Any, table: Table) -> Iterator[dict[str, Any]]:
    """The fields of each row that has a title and an address. LayoutError where the list, or all of its rows, is not
    as expected."""
    found = _at(value, table.rows)
    if not isinstance(found, list):
        raise LayoutError(f"no list at {table.rows}")
    left_out = 0
    for row in found:
        fields = _fields(page, row, table)
        if fields:
            yield fields
        left_out += not fields
    if found and left_out == len(found):
        raise LayoutError(f"no row of {table.rows} has a title and an address")


def path(value: Any, where: str) -> str:
    """The text at a path, "" where there is none; markup and entities in it are undone."""
    for each in where.split("|") if where else ():
        found = _at(value, each)
        if isinstance(found, list):
            found = ", ".join(str(part) for part in found[:5] if isinstance(part, str | int))
        if isinstance(found, str | int | float) and not isinstance(found, bool):
            text = " ".join(unescape(_MARKUP.sub("", str(found))).split())
            if text:
                return text
        if isinstance(found, bool):
            return str(found).lower()
    return ""


def embedded(page: Page, *marks: str) -> Any:
    """The JSON value that a script of the page holds behind one of these marks. LayoutError where there is none."""
    source = page.source
    for mark in marks:
        place = source.find(mark)
        if place < 0:
            continue
        begin = min((at for sign in "{[" if (at := source.find(sign, place + len(mark))) >= 0), default=-1)
        if 0 <= begin <= place + len(mark) + 200:
            try:
                return json.JSONDecoder(strict=False).raw_decode(source, begin)[0]
            except (ValueError, RecursionError):
                continue
    raise LayoutError(f"no data behind {' or '.join(marks)}")


def _fields(page: Page, row: Any, table: Table) -> dict[str, Any]:
    title, url = path(row, table.title), _address(page, row, table.url)
    if not title or url is None:
        return {}
    currency = table.currency if re.fullmatch("[A-Z]{3}", table.currency) else path(row, table.currency)
    money = price(path(row, table.price), currency or None, host(page.url)) if table.price else None
    picture = _address(page, row, table.picture)
    author = path(row, table.author)
    return {
        "url": url,
        "title": title,
        "sku": path(row, table.code) or None,
        "price": money.amount / Decimal(table.divide) if money else None,
        "currency": money.currency if money else None,
        "seller": path(row, table.seller) or None,
        "seller_id": path(row, table.seller_id) or None,
        "brand": path(row, table.brand) or None,
        "publisher": path(row, table.publisher) or None,
        "creators": tuple(filter(None, map(str.strip, re.split(r"[,，;；]", author)))),
        "text": path(row, table.text),
        "condition": path(row, table.condition) or None,
        "published": path(row, table.published) or None,
        "identifiers": {name: (known,) for name, where in table.identifiers.items() if (known := path(row, where))},
        "pictures": (Picture(url=picture),) if picture else (),
        "availability": "SoldOut" if path(row, table.sold).lower() in _TRUE else None,
        "whole": False,
    }


def _address(page: Page, row: Any, where: str) -> str | None:
    """The address at a path, or one put together from paths; None where a part of it is missing."""
    parts = _PART.findall(where)
    if not parts:
        address = path(row, where)
        return page.link(address) if address else None
    known = {part: path(row, part) for part in parts}
    return page.link(_PART.sub(lambda found: known[found[1]], where)) if all(known.values()) else None


def _at(value: Any, where: str) -> Any:
    steps = where.split(".") if where else []
    for number, step in enumerate(steps):
        if step == "*":
            inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
            rest = ".".join(steps[number + 1 :])
            flat = [_at(each, rest) if rest else each for each in inner]
            return [part for each in flat for part in (each if isinstance(each, list) else [each]) if part is not None]
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.lstrip("-").isdigit() and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
