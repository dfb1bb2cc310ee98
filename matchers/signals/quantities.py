"""Find quantities sold at once: 500册, 三百多门课, 3万本, 1.2T, "2,000 bestsellers", "18k channels"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

MAX_TEXT_CHARS = 4_000  # of a text; the rest is not searched
_PIECE_PATTERN = (
    "册|本书|本|部|套|种|个课|门课|门|首|张专辑|款游戏|个频道|频道"
    "|(?:books?|e-?books?|titles?|bestsellers?|novels?|epubs?|pdfs?|comics?|courses?|volumes|textbooks?|magazines?"
    "|audiobooks?|channels|films|movies|shows|songs|albums|games|plugins|fonts|patterns|others"
    "|other (?:shows|books|games|courses|titles))(?![a-z])"
)
_FILLER_PATTERN = r"(?:(?:电子|绘|小|图|好)?(?:书|说)?|(?:[a-z&]{1,14} ){0,2})"
_PIECE_COUNT_RE = re.compile(
    r"(?<![\d.])(?P<number>\d{1,3}(?:,\d{3}){1,2}|\d{1,7}(?:\.\d{1,2})?)"
    r" ?(?P<scale>万|千|百|k)?(?:多|余|\+)? ?"
    rf"{_FILLER_PATTERN}(?P<piece>{_PIECE_PATTERN})",
    re.IGNORECASE,
)
_SIZE_RE = re.compile(
    r"(?<![\d.a-z])(?P<number>\d{1,4}(?:\.\d{1,2})?) ?(?P<unit>tb|t|gb|g|个g)(?![a-z0-9])", re.IGNORECASE
)
_TOP_LIST_RE = re.compile(r"(?<![a-z])top ?(?P<number>\d{2,5})(?!\d)", re.IGNORECASE)
_ROUND_NUMERAL_RE = re.compile(
    r"(?P<word>百余|数百|上百|几百|上千|数千|几千|上万|数万|几万|万|千|近百|近千)(?P<piece>本|册|部|种|套|门|首|款)"
)
_HAN_NUMERAL_RE = re.compile(
    r"(?P<number>[一二两三四五六七八九十百千万零]{2,7})(?:多|余|来|几)? ?(?P<piece>本|册|部|门|套|首|款|种)"
)
_SCALE_FACTORS = {"万": 10_000, "千": 1_000, "百": 100, "k": 1_000}
_ROUND_NUMERALS = {
    "百余": 100,
    "数百": 300,
    "上百": 100,
    "几百": 300,
    "近百": 90,
    "千": 1_000,
    "近千": 900,
    "上千": 1_000,
    "数千": 3_000,
    "几千": 3_000,
}
_HAN_DIGITS = {numeral: number for number, numeral in enumerate("零一二三四五六七八九")} | {"两": 2}
_HAN_PLACES = {"十": 10, "百": 100, "千": 1_000}
_GIGABYTES_PER_UNIT = {"t": 1_000, "tb": 1_000}


@frozen(kw_only=True)
class Quantity:
    """A number of pieces (gigabytes if `is_size`) that an offer states, and how it writes it (`quote`, at `start`)."""

    number: int
    quote: str
    start: int
    is_size: bool = False


def find_quantities(text: str) -> Iterator[Quantity]:
    """The quantities in a text, kind by kind, in text order within each kind."""
    head = text[:MAX_TEXT_CHARS]
    for match in _PIECE_COUNT_RE.finditer(head):
        number = Decimal(match["number"].replace(",", "")) * _SCALE_FACTORS.get((match["scale"] or "").lower(), 1)
        yield Quantity(number=int(number), quote=match.group().strip(), start=match.start())
    for match in _TOP_LIST_RE.finditer(head):
        yield Quantity(number=int(match["number"]), quote=match.group(), start=match.start())
    for match in _ROUND_NUMERAL_RE.finditer(head):
        yield Quantity(number=_ROUND_NUMERALS.get(match["word"], 10_000), quote=match.group(), start=match.start())
    for match in _HAN_NUMERAL_RE.finditer(head):
        yield Quantity(number=_parse_han_numeral(match["number"]), quote=match.group(), start=match.start())
    for match in _SIZE_RE.finditer(head):
        number = Decimal(match["number"]) * _GIGABYTES_PER_UNIT.get(match["unit"].lower(), 1)
        yield Quantity(number=int(number), quote=match.group(), start=match.start(), is_size=True)


def _parse_han_numeral(numeral: str) -> int:
    """The number of a Han numeral: 350 for 三百五十; for a malformed one, the sum of its parts."""
    total = section = digit = 0
    for letter in numeral:
        if letter == "万":
            total += max(1, section + digit) * 10_000
            section = digit = 0
        elif letter in _HAN_PLACES:
            section += max(1, digit) * _HAN_PLACES[letter]
            digit = 0
        else:
            digit = _HAN_DIGITS[letter]
    return total + section + digit
