"""One entry of a list: what feeds, JSON answers and repeated blocks of a page have in common."""

from __future__ import annotations

import re

from attrs import frozen

from crawler.money import Money

MOST = 500  # rows taken from one page
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
SIZE = re.compile(r"(?<![\w.])([0-9]{1,7}(?:[.,][0-9]{1,3})?)\s?([KMGT])i?B(?![A-Za-z])", re.I)


@frozen(kw_only=True)
class Row:
    """An entry with an address and a title; the rest as far as the list says it. `size` is in bytes, `links` are
    addresses that are no page (magnet, torrent)."""

    url: str
    title: str
    source: str
    text: str = ""
    money: Money | None = None
    seller: str | None = None
    author: str | None = None
    published: str | None = None
    code: str | None = None
    pictures: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    size: int | None = None
    offered: bool = False  # told to be a product, whether or not a price is known


def size_in(text: str) -> int | None:
    """The first size that a text states, in bytes."""
    found = SIZE.search(text)
    if found is None:
        return None
    return int(float(found[1].replace(",", ".")) * _UNITS[found[2].lower()])
