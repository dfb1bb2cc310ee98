"""Identifiers of works in one spelling each, with their check digits proved.

ISBN become 13 digits, ISRC and EIDR their compact upper-case forms, package names and bundle identifiers keep their
letters. A scheme that is not known here is kept as it stands, unless its name is a slip of a known one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from stdnum import ean, isan, isbn, ismn, isrc, issn
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.iso7064 import mod_37_36

from registry.fields import FieldError, text, texts

_SCHEME = re.compile(r"[a-z][a-z0-9_-]{1,20}")
_EIDR = re.compile(r"10\.5240/((?:[0-9A-F]{4}-){5}[0-9A-Z])")
_SHAPES = {
    "package": re.compile(r"[A-Za-z][A-Za-z0-9_]{0,80}(?:\.[A-Za-z][A-Za-z0-9_]{0,80}){1,20}"),
    "bundle": re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,80}(?:\.[A-Za-z0-9-]{1,80}){1,20}"),
    "imdb": re.compile(r"tt\d{7,9}", re.ASCII),
    "doi": re.compile(r"10\.\d{4,9}/\S{1,200}", re.ASCII),
}


def _isbn(value: str) -> str:
    return str(isbn.to_isbn13(isbn.validate(value))).replace("-", "")


def _eidr(value: str) -> str:
    found = _EIDR.fullmatch(value.upper().removeprefix("DOI:"))
    if found is None:
        raise ValidationError
    mod_37_36.validate(found[1].replace("-", ""))
    return found[0]


def _shaped(scheme: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not _SHAPES[scheme].fullmatch(value):
            raise ValidationError
        return value

    return check


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "isbn": _isbn,
    "isrc": isrc.validate,
    "eidr": _eidr,
    "ean": ean.validate,
    "issn": issn.validate,
    "ismn": lambda value: str(ismn.to_ismn13(ismn.validate(value))),
    "isan": isan.validate,
} | {scheme: _shaped(scheme) for scheme in _SHAPES}

SCHEMES = tuple(_CHECKS)


def normalised(scheme: str, value: str) -> str:
    """`value` in the one spelling of its scheme. Raises FieldError where form or check digit are wrong."""
    check = _CHECKS.get(scheme)
    if check is None:
        return value
    try:
        return check(value)
    except InvalidChecksum:
        raise FieldError("bad_check_digit", value=value, scheme=scheme) from None
    except (ValidationError, ValueError):
        raise FieldError("bad_identifier", value=value, scheme=scheme) from None


def pairs(value: Any) -> Iterable[tuple[str, str]]:
    """The (scheme, value) pairs of an `identifiers` cell: `isbn:978...|package:com.x`, or an object in JSON."""
    if value is None or isinstance(value, str):
        for part in (value or "").split("|"):
            scheme, separator, written = part.partition(":")
            if part.strip() and not separator:
                raise FieldError("bad_identifiers", value=part)
            if written.strip():
                yield _scheme(scheme), written.strip()
        return
    if not isinstance(value, Mapping):
        raise FieldError("bad_identifiers", value=value)
    for scheme, written in value.items():
        found = written if isinstance(written, list) else [written]
        yield from ((_scheme(scheme), one) for item in found if (one := text(item)))


def column(scheme: str, value: Any) -> Iterable[tuple[str, str]]:
    """The (scheme, value) pairs of a column named after a scheme."""
    return ((scheme, one) for one in (texts(value) if isinstance(value, (str, list)) else texts([value])))


def _scheme(written: str) -> str:
    scheme = written.strip().lower()
    if scheme in _CHECKS:
        return scheme
    near = get_close_matches(scheme, SCHEMES, n=1, cutoff=0.7)
    if near:
        raise FieldError("unknown_key_near", name=written, near=near[0])
    if not _SCHEME.fullmatch(scheme):
        raise FieldError("bad_identifiers", value=written)
    return scheme
