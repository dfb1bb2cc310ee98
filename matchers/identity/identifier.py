"""The listing carries an identifier of the work: an ISBN in any spelling, a package name, an ISRC, an EIDR.

Identifiers are compared in one spelling for each scheme. ISBN are also searched for in sku, title and text, with or
without hyphens, with ten digits or thirteen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from stdnum import isbn
from stdnum.exceptions import ValidationError

from crawler.items import Finding, Listing, Polarity, Work
from crawler.text import fold
from matchers.findings import make_finding
from matchers.matcher import Candidates, Context, Ground, IdentityMatcher

STATED_PROBABILITY, SPELLED_OUT_PROBABILITY = 0.985, 0.96  # in the platform's own field; found in title or text
MAX_SCANNED_CHARS = 20_000  # characters of a text that are searched for ISBN
MIN_NUMERIC_CHARS = 5  # numeric characters of a text that may hold one: none stands for more than two digits
IDENTIFIER_STATED = Ground("identifier_stated", Polarity.FOR, None)
IDENTIFIER_SPELLED_OUT = Ground("identifier_spelled_out", Polarity.FOR, None)

_ISBN13_RE = re.compile(r"(?<!\d)(?=(97[89](?: ?\d){10})(?!\d))")
_ISBN10_RE = re.compile(r"(?<!\d)(?=(\d(?: ?\d){8} ?[\dx])(?![\da-z]))")
_SEPARATOR_RE = re.compile(r"[\s\-–—./]+")


class Matcher(IdentityMatcher):
    """Every identifier of every work."""

    name = "identifier"
    grounds = (IDENTIFIER_STATED, IDENTIFIER_SPELLED_OUT)

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        self._owners: dict[tuple[str, str], list[int]] = {}
        for position, work in enumerate(works):
            if work.retired_at is not None:
                continue
            for scheme, values in work.identifiers.items():
                for value in values:
                    self._owners.setdefault(_fold_identifier(scheme, value), []).append(position)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """One finding for each work and identifier, by the most reliable place where it is written."""
        if not self._owners:
            return
        seen: set[tuple[int, str]] = set()
        for scheme, value, written, ground in _find_identifiers(listing):
            for position in self._owners.get((scheme, value), ()):
                if (position, value) in seen:
                    continue
                seen.add((position, value))
                owner_count = len(self._owners[scheme, value])
                probability = (
                    SPELLED_OUT_PROBABILITY if ground is IDENTIFIER_SPELLED_OUT else STATED_PROBABILITY
                ) / owner_count
                yield make_finding(
                    self.name,
                    self._works[position],
                    ground,
                    probability,
                    ours=value,
                    theirs=written,
                    scheme=scheme.upper(),
                )

    @classmethod
    def prefilter_keys(cls, work: Work) -> Iterable[str]:
        """The work's identifiers."""
        return [value for values in work.identifiers.values() for value in values]


def _find_identifiers(listing: Listing) -> Iterator[tuple[str, str, str, Ground]]:
    """(scheme, value in one spelling, as written, ground) of all identifiers that a listing carries."""
    for scheme, values in listing.identifiers.items():
        for value in values:
            yield (*_fold_identifier(scheme, value), value, IDENTIFIER_STATED)
    if listing.sku:
        yield (*_fold_identifier("isbn", listing.sku), listing.sku, IDENTIFIER_STATED)
    for text in (listing.title, listing.text):
        if sum(map(str.isnumeric, text[:MAX_SCANNED_CHARS])) < MIN_NUMERIC_CHARS:
            continue
        key = fold(text[:MAX_SCANNED_CHARS])
        for pattern in (_ISBN13_RE, _ISBN10_RE):
            for match in pattern.finditer(key):
                scheme, value = _fold_identifier("isbn", match[1])
                yield scheme, value, match[1], IDENTIFIER_SPELLED_OUT


def _fold_identifier(scheme: str, value: str) -> tuple[str, str]:
    """An identifier in the one spelling of its scheme; a misprinted ISBN matches only exactly the same digits."""
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
