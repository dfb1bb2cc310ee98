"""Parsers of single values in a list of works. A wrong value raises FieldError with the key of its message.

Empty means "not stated" and gives None or an empty tuple. A list is written `a|b|c` in tables and as a list in JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from crawler.items import Licence

MIN_YEAR, MAX_YEAR = -3000, 2100
LICENCE_FIELDS = ("platform", "seller", "territory", "since", "until")

_DAY_RE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00)?)?", re.ASCII)
_PRICE_RE = re.compile(r"\d{1,12}(?:\.\d{1,6})?", re.ASCII)
_INTEGER_RE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_CONTROL_RE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]|[\ud800-\udfff]")


class FieldError(Exception):
    """A value cannot be used. `key` names the message in messages.toml, `values` fill its placeholders."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def parse_text(value: Any) -> str | None:
    """A text without outer white space, with inner white space collapsed; JSON numbers become their digits."""
    if value is None:
        return None
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise FieldError("bad_text", value=value)
        value = str(value)
    if _CONTROL_RE.search(value):
        raise FieldError("control_characters", value=value)
    return " ".join(value.split()) or None


def parse_texts(value: Any) -> tuple[str, ...]:
    """A list of texts without duplicates, in order."""
    if isinstance(value, str):
        value = value.split("|")
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise FieldError("bad_list", value=value)
    return tuple(dict.fromkeys(item_text for item in value if (item_text := parse_text(item))))


def parse_day(value: Any) -> date | None:
    """A calendar day: 2026-01-31, or as spreadsheets write it, 2026/1/31."""
    day_text = parse_text(value)
    if day_text is None:
        return None
    if match := _DAY_RE.fullmatch(day_text):
        try:
            return date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            pass
    raise FieldError("bad_date", value=day_text)


def parse_year(value: Any) -> int | None:
    """A year of the common era, negative before it."""
    number = _parse_integer(value, "bad_year", low=MIN_YEAR, high=MAX_YEAR)
    if number is not None and not MIN_YEAR <= number <= MAX_YEAR:
        raise FieldError("bad_year", value=value, low=MIN_YEAR, high=MAX_YEAR)
    return number


def parse_priority(value: Any) -> int:
    """A whole number, 0 if not stated; works with higher numbers are searched for first."""
    return _parse_integer(value, "bad_priority") or 0


def _parse_integer(value: Any, key: str, **values: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not _INTEGER_RE.fullmatch(str(value).strip()):
        raise FieldError(key, value=value, **values)
    return int(value)


def parse_price(value: Any) -> Decimal | None:
    """A price written without sign, currency or thousands separators."""
    price_text = (
        str(value).strip() if isinstance(value, (int, float)) and not isinstance(value, bool) else parse_text(value)
    )
    if price_text is None:
        return None
    if not _PRICE_RE.fullmatch(price_text):
        raise FieldError("bad_price", value=value)
    try:
        return Decimal(price_text)
    except InvalidOperation:
        raise FieldError("bad_price", value=value) from None


@cache
def currency_codes() -> frozenset[str]:
    """The ISO 4217 codes that a list price may have."""
    lines = (resources.files("registry") / "currencies.txt").read_text(encoding="ascii").splitlines()
    return frozenset(code for line in lines if not line.startswith("#") for code in line.split())


def parse_currency(value: Any) -> str | None:
    """An ISO 4217 code, in upper case."""
    code = parse_text(value)
    if code is not None and code.upper() not in currency_codes():
        raise FieldError("bad_currency", value=code)
    return code.upper() if code else None


def parse_licences(value: Any) -> tuple[Licence, ...]:
    """Licences: in tables `platform=kongfz;seller=X;until=2026-12-31|...`, in JSON a list of objects."""
    if value is None:
        return ()
    if isinstance(value, str):
        value = [_split_licence(part) for part in value.split("|") if part.strip()]
    if not isinstance(value, list):
        raise FieldError("bad_licence", value=value)
    return tuple(_parse_licence(item) for item in value)


def _split_licence(part: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in part.split(";") if pair.strip()]
    if not all(separator for _, separator, _ in pairs):
        raise FieldError("bad_licence", value=part)
    return {name.strip().lower(): field_value for name, _, field_value in pairs}


def _parse_licence(licence_fields: Any) -> Licence:
    if not isinstance(licence_fields, Mapping):
        raise FieldError("bad_licence", value=licence_fields)
    for name in licence_fields:
        if name not in LICENCE_FIELDS:
            raise unknown_name_error(name, LICENCE_FIELDS)
    since, until = parse_day(licence_fields.get("since")), parse_day(licence_fields.get("until"))
    if since and until and since > until:
        raise FieldError("since_after_until", since=since, until=until)
    names = {name: parse_text(licence_fields.get(name)) for name in ("platform", "seller", "territory")}
    return Licence(since=since, until=until, **names)


def unknown_name_error(name: object, known_names: tuple[str, ...], key: str = "unknown_key") -> FieldError:
    """The error for a name that is not in `known_names`: it suggests the nearest one, or else lists them all."""
    nearest = get_close_matches(str(name).lower(), known_names, n=1)
    if nearest:
        return FieldError(f"{key}_near", name=name, near=nearest[0])
    return FieldError(key, name=name, known=", ".join(known_names))
