"""One entry of a list: the result type shared by feeds, JSON answers and repeated blocks."""

from __future__ import annotations

import re
from decimal import Decimal

from attrs import frozen

from crawler.money import Money

MAX_ROWS = 500  # per page
_UNIT_BYTES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
SIZE_RE = re.compile(r"(?<![\w.])([0-9]{1,7}(?:[.,][0-9]{1,3})?)\s?([KMGT])i?B(?![A-Za-z])", re.I)


@frozen(kw_only=True)
class ListRow:
    """An entry with an address and a title; other fields as far as the list has them.

    `size` is in bytes; `links` are addresses that are not pages (magnet, torrent).
    """

    url: str
    title: str
    source: str
    text: str = ""
    money: Money | None = None
    price_high: Decimal | None = None  # the upper end of a range
    seller: str | None = None
    author: str | None = None
    published: str | None = None
    code: str | None = None
    pictures: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    size: int | None = None
    is_product: bool = False  # declared as a product, whether or not a price is known


def find_size(text: str) -> int | None:
    """The first size stated in `text`, in bytes; None if there is none."""
    match = SIZE_RE.search(text)
    if match is None:
        return None
    return int(float(match[1].replace(",", ".")) * _UNIT_BYTES[match[2].lower()])
