"""Lists of offers in JSON: a path to the list, and one to each field of a row.

A path is written "a.b.0.c"; "|" separates alternatives, the first that is not empty counts; "*" stands for all entries
of a list or an object. An address may be composed: "https://shop.example/item/<itemId>". A list that is missing means a
changed layout and raises LayoutError; an empty one means no results.
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
from crawler.money import parse_price
from crawler.page.page import LayoutError, Page
from crawler.urls import url_host

_MARKUP_RE = re.compile(r"<[^<>]{0,200}>")
_PATH_PART_RE = re.compile(r"<([^<>]{1,100})>")
_TRUE_WORDS = frozenset(("true", "1", "yes"))


@frozen(kw_only=True)
class JsonList:
    """The paths of a platform's rows and their fields. `price_divisor` is for prices in cents."""

    rows: str
    title: str
    url: str
    code: str = ""
    price: str = ""
    price_divisor: int = 1
    currency: str = ""  # a path, or a code of three capital letters
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
    sold: str = ""  # path of a value that is true if the offer is gone


def json_rows(page: Page, value: Any, layout: JsonList) -> Iterator[dict[str, Any]]:
    """Yield the fields of each row that has a title and an address.

    Raises LayoutError if there is no list, or no row of it has both.
    """
    entries = _value_at(value, layout.rows)
    if not isinstance(entries, list):
        raise LayoutError(f"no list at {layout.rows}")
    skipped = 0
    for row in entries:
        fields = _row_fields(page, row, layout)
        if fields:
            yield fields
        skipped += not fields
    if entries and skipped == len(entries):
        raise LayoutError(f"no row of {layout.rows} has a title and an address")


def text_at(value: Any, where: str) -> str:
    """The text at a path, "" if there is none; markup is removed, entities are decoded."""
    for alternative in where.split("|") if where else ():
        target = _value_at(value, alternative)
        if isinstance(target, list):
            target = ", ".join(str(part) for part in target[:5] if isinstance(part, str | int))
        if isinstance(target, str | int | float) and not isinstance(target, bool):
            text = " ".join(unescape(_MARKUP_RE.sub("", str(target))).split())
            if text:
                return text
        if isinstance(target, bool):
            return str(target).lower()
    return ""


def embedded_json(page: Page, *marks: str) -> Any:
    """The JSON value after one of `marks` in the source of the page. Raises LayoutError if there is none."""
    source = page.source
    for mark in marks:
        position = source.find(mark)
        if position < 0:
            continue
        begin = min((at for sign in "{[" if (at := source.find(sign, position + len(mark))) >= 0), default=-1)
        if 0 <= begin <= position + len(mark) + 200:
            try:
                return json.JSONDecoder(strict=False).raw_decode(source, begin)[0]
            except (ValueError, RecursionError):
                continue
    raise LayoutError(f"no data behind {' or '.join(marks)}")


def _row_fields(page: Page, row: Any, layout: JsonList) -> dict[str, Any]:
    title, url = text_at(row, layout.title), _build_address(page, row, layout.url)
    if not title or url is None:
        return {}
    currency = layout.currency if re.fullmatch("[A-Z]{3}", layout.currency) else text_at(row, layout.currency)
    money = parse_price(text_at(row, layout.price), currency or None, url_host(page.url)) if layout.price else None
    picture = _build_address(page, row, layout.picture)
    author = text_at(row, layout.author)
    return {
        "url": url,
        "title": title,
        "sku": text_at(row, layout.code) or None,
        "price": money.amount / Decimal(layout.price_divisor) if money else None,
        "currency": money.currency if money else None,
        "seller": text_at(row, layout.seller) or None,
        "seller_id": text_at(row, layout.seller_id) or None,
        "brand": text_at(row, layout.brand) or None,
        "publisher": text_at(row, layout.publisher) or None,
        "creators": tuple(filter(None, map(str.strip, re.split(r"[,，;；]", author)))),
        "text": text_at(row, layout.text),
        "condition": text_at(row, layout.condition) or None,
        "published": text_at(row, layout.published) or None,
        "identifiers": {
            name: (identifier,) for name, where in layout.identifiers.items() if (identifier := text_at(row, where))
        },
        "pictures": (Picture(url=picture),) if picture else (),
        "availability": "SoldOut" if text_at(row, layout.sold).lower() in _TRUE_WORDS else None,
        "whole": False,
    }


def _build_address(page: Page, row: Any, where: str) -> str | None:
    """The address at a path, or one composed from paths; None if a part of it is missing."""
    parts = _PATH_PART_RE.findall(where)
    if not parts:
        address = text_at(row, where)
        return page.link(address) if address else None
    values = {part: text_at(row, part) for part in parts}
    return page.link(_PATH_PART_RE.sub(lambda match: values[match[1]], where)) if all(values.values()) else None


def _value_at(value: Any, where: str) -> Any:
    steps = where.split(".") if where else []
    for number, step in enumerate(steps):
        if step == "*":
            inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
            remaining_path = ".".join(steps[number + 1 :])
            flat = [_value_at(item, remaining_path) if remaining_path else item for item in inner]
            return [part for item in flat for part in (item if isinstance(item, list) else [item]) if part is not None]
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.lstrip("-").isdigit() and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
