"""Normalise identifiers of works and validate their check digits.

ISBNs become 13 digits, ISRCs and EIDRs their compact upper-case forms, package names and bundle identifiers keep their
letters. Values of an unknown scheme are kept unchanged, unless the scheme looks like a misspelling of a known one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from stdnum import ean, isan, isbn, ismn, isrc, issn
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.iso7064 import mod_37_36

from crawler.spreadsheet_cells import plain_text
from registry.fields import FieldError, parse_text, parse_texts, split_bars

_SCHEME_RE = re.compile(r"[a-z][a-z0-9_-]{1,20}")
_ROUNDED_RE = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,3}|\d[.,]\d+E\d{1,3}", re.IGNORECASE | re.ASCII)
_DASHES_RE = re.compile(r"\s{0,9}[\u2010-\u2015\u2212\ufe58\ufe63-]\s{0,9}")
_DIGIT_COUNTS = {"isbn": 10, "issn": 8, "ean": 13}  # of the form that may begin with a zero
EAN_DIGITS = 13
_APOSTROPHES = "'’‘′`"  # in front of what shall stay text; the wide one is folded before
_EIDR_RE = re.compile(r"10\.5240/((?:[0-9A-F]{4}-){5}[0-9A-Z])")
_FORM_RES = {
    "package": re.compile(r"[A-Za-z][A-Za-z0-9_]{0,80}(?:\.[A-Za-z][A-Za-z0-9_]{0,80}){1,20}"),
    "bundle": re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,80}(?:\.[A-Za-z0-9-]{1,80}){1,20}"),
    "imdb": re.compile(r"tt\d{7,9}", re.ASCII),
    "doi": re.compile(r"10\.\d{4,9}/\S{1,200}", re.ASCII),
}


def _checked_digits(text: str) -> str:
    """`text`. Raises FieldError if it is a number as spreadsheets round it: 9.78E+12."""
    if _ROUNDED_RE.fullmatch(unicodedata.normalize("NFKC", text)):
        raise FieldError("rounded_number", value=text)
    return text


def _typed_plainly(scheme: str, value: str) -> str:
    """`value` in usual widths, without what people and spreadsheets put around it."""
    if scheme in _FORM_RES or (value.isascii() and value.isdecimal() and len(value) == EAN_DIGITS):
        return value
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", value) if unicodedata.category(sign) != "Cf")
    plain = _DASHES_RE.sub("-", plain).strip().lstrip(_APOSTROPHES).strip()
    plain = re.sub(rf"^{scheme}(?:-?1[03])?\s*[:.]?\s*", "", plain, flags=re.IGNORECASE)
    plain = re.sub(r"\.0+$", "", plain) if plain.count(".") == 1 and scheme in _DIGIT_COUNTS else plain
    digits = _DIGIT_COUNTS.get(scheme, 0)
    return plain.zfill(digits) if len(plain) == digits - 1 and plain[:-1].isdecimal() else plain


def _validate_isbn(value: str) -> str:
    return str(isbn.to_isbn13(isbn.validate(value))).replace("-", "")


def _validate_eidr(value: str) -> str:
    match = _EIDR_RE.fullmatch(value.upper().removeprefix("DOI:"))
    if match is None:
        raise ValidationError
    mod_37_36.validate(match[1].replace("-", ""))
    return match[0]


def _form_validator(scheme: str) -> Callable[[str], str]:
    def validate(value: str) -> str:
        if not _FORM_RES[scheme].fullmatch(value):
            raise ValidationError
        return value

    return validate


_VALIDATORS: Mapping[str, Callable[[str], str]] = {
    "isbn": _validate_isbn,
    "isrc": isrc.validate,
    "eidr": _validate_eidr,
    "ean": ean.validate,
    "issn": issn.validate,
    "ismn": lambda value: str(ismn.to_ismn13(ismn.validate(value))),
    "isan": isan.validate,
} | {scheme: _form_validator(scheme) for scheme in _FORM_RES}

KNOWN_SCHEMES = tuple(_VALIDATORS)


def parse_id(value: Any) -> str | None:
    """A text that names something, without the apostrophe that keeps it text in a spreadsheet. Raises FieldError for a
    number whose digits a spreadsheet lost.
    """
    text = parse_text(value)
    return _checked_digits(text.removeprefix("'").strip()) or None if text else None


def normalise_identifier(scheme: str, value: str) -> str:
    """`value` in the canonical spelling of its scheme: digits and hyphens in any width, a label or apostrophe before
    them, the zeros that a spreadsheet took away. Raises FieldError where the form or a check digit is wrong.
    """
    value = _checked_digits(plain_text(value).strip())
    validate = _VALIDATORS.get(scheme)
    if validate is None:
        return value
    try:
        return validate(_typed_plainly(scheme, value))
    except InvalidChecksum:
        raise FieldError("bad_check_digit", value=value, scheme=scheme) from None
    except (ValidationError, ValueError):
        raise FieldError("bad_identifier", value=value, scheme=scheme) from None


def parse_pairs(value: Any) -> Iterable[tuple[str, str]]:
    """The (scheme, value) pairs of an `identifiers` cell: `isbn:978...|package:com.x`, or an object in JSON."""
    if value is None or isinstance(value, str):
        for part in split_bars(value or ""):
            scheme, separator, written = part.partition(":")
            if part.strip() and not separator:
                raise FieldError("bad_identifiers", value=part)
            if written.strip():
                yield _parse_scheme(scheme), written.strip()
        return
    if not isinstance(value, Mapping):
        raise FieldError("bad_identifiers", value=value)
    for scheme, written in value.items():
        items = written if isinstance(written, list) else [written]
        yield from ((_parse_scheme(scheme), item_text) for item in items if (item_text := parse_text(item)))


def parse_column(scheme: str, value: Any) -> Iterable[tuple[str, str]]:
    """The (scheme, value) pairs of a column named after a scheme."""
    return (
        (scheme, item_text)
        for item_text in (parse_texts(value) if isinstance(value, (str, list)) else parse_texts([value]))
    )


def _parse_scheme(written: str) -> str:
    scheme = written.strip().lower()
    if scheme in _VALIDATORS:
        return scheme
    nearest = get_close_matches(scheme, KNOWN_SCHEMES, n=1, cutoff=0.7)
    if nearest:
        raise FieldError("unknown_key_near", name=written, near=nearest[0])
    if not _SCHEME_RE.fullmatch(scheme):
        raise FieldError("bad_identifiers", value=written)
    return scheme
