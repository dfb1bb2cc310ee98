"""The listing carries a number that names the work: an ISBN in any spelling, a package name, an ISRC, an EIDR.

Identifiers are compared in one spelling each. ISBN are also sought in sku, title and text, with or without hyphens, and
with ten digits or thirteen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stdnum import isbn
from stdnum.exceptions import ValidationError

from crawler.items import Finding, Listing, Work
from crawler.text import fold
from matchers.findings import identity_finding
from matchers.matcher import Context

NAME = "identifier"
STATED_PROBABILITY, SPELLED_OUT_PROBABILITY = 0.985, 0.96  # in the platform's own field; found in title or text
MAX_SCANNED_CHARS = 20_000  # characters of a text that are searched for ISBN
MIN_NUMERIC_CHARS = 5  # numeric characters of a text that may hold one: none stands for more than two digits

_ISBN13_RE = re.compile(r"(?<!\d)(?=(97[89](?: ?\d){10})(?!\d))")
_ISBN10_RE = re.compile(r"(?<!\d)(?=(\d(?: ?\d){8} ?[\dx])(?![\da-z]))")
_SEPARATOR_RE = re.compile(r"[\s\-–—./]+")


class Matcher:
    """Every identifier of every work."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        self._owners: dict[tuple[str, str], list[int]] = {}
        for position, work in enumerate(works):
            if work.retired_at is not None:
                continue
            for scheme, values in work.identifiers.items():
                for value in values:
                    self._owners.setdefault(_fold_identifier(scheme, value), []).append(position)

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """One finding for each work and identifier, by the surest place it stands in."""
        if not self._owners:
            return
        seen: set[tuple[int, str]] = set()
        for scheme, value, written, key in _find_identifiers(listing):
            for position in self._owners.get((scheme, value), ()):
                if (position, value) in seen:
                    continue
                seen.add((position, value))
                owner_count = len(self._owners[scheme, value])
                chance = (
                    SPELLED_OUT_PROBABILITY if key == "identifier_spelled_out" else STATED_PROBABILITY
                ) / owner_count
                yield identity_finding(
                    NAME,
                    context,
                    self._works[position],
                    key,
                    chance,
                    ours=value,
                    theirs=written,
                    scheme=scheme.upper(),
                )


def _find_identifiers(listing: Listing) -> Iterator[tuple[str, str, str, str]]:
    """(scheme, value in one spelling, as written, key of the reason) of all identifiers that a listing carries."""
    for scheme, values in listing.identifiers.items():
        for value in values:
            yield (*_fold_identifier(scheme, value), value, "identifier_stated")
    if listing.sku:
        yield (*_fold_identifier("isbn", listing.sku), listing.sku, "identifier_stated")
    for text in (listing.title, listing.text):
        if sum(map(str.isnumeric, text[:MAX_SCANNED_CHARS])) < MIN_NUMERIC_CHARS:
            continue
        key = fold(text[:MAX_SCANNED_CHARS])
        for pattern in (_ISBN13_RE, _ISBN10_RE):
            for match in pattern.finditer(key):
                scheme, value = _fold_identifier("isbn", match[1])
                yield scheme, value, match[1], "identifier_spelled_out"


def _fold_identifier(scheme: str, value: str) -> tuple[str, str]:
    """An identifier in the one spelling of its scheme; a misprinted ISBN meets only the very same digits."""
    scheme = "isbn" if scheme.casefold() in ("isbn10", "isbn13", "isbn-10", "isbn-13", "ean", "gtin13") else scheme
    scheme = scheme.casefold()
    if scheme == "isbn":
        try:
            return scheme, str(isbn.to_isbn13(isbn.compact(isbn.validate(value.upper())))).replace("-", "")
        except ValidationError:
            return scheme, _SEPARATOR_RE.sub("", value).casefold()
    if scheme in ("package", "bundle"):
        return "app", value.strip().casefold()
    return scheme, _SEPARATOR_RE.sub("", value).casefold()
