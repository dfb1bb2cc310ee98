"""One value of a list of works, validated once: what is wrong raises FieldError with the key of its sentence.

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

OLDEST_YEAR, LATEST_YEAR = -3000, 2100
LICENCE_FIELDS = ("platform", "seller", "territory", "since", "until")

_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00)?)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,6})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]|[\ud800-\udfff]")


class FieldError(Exception):
    """A value cannot be used. `key` names the sentence in messages.toml, `values` fill it."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def text(value: Any) -> str | None:
    """A text without outer white space, inner white space folded; numbers of JSON count as their digits."""
    if value is None:
        return None
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise FieldError("bad_text", value=value)
        value = str(value)
    if _CONTROL.search(value):
        raise FieldError("control_characters", value=value)
    return " ".join(value.split()) or None


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts without repetitions, in its order."""
    if isinstance(value, str):
        value = value.split("|")
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise FieldError("bad_list", value=value)
    return tuple(dict.fromkeys(found for item in value if (found := text(item))))


def day(value: Any) -> date | None:
    """A calendar day: 2026-01-31, or as spreadsheets write it, 2026/1/31."""
    written = text(value)
    if written is None:
        return None
    if match := _DAY.fullmatch(written):
        try:
            return date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            pass
    raise FieldError("bad_date", value=written)


def year(value: Any) -> int | None:
    """A year of our era, negative before it."""
    number = _whole(value, "bad_year", low=OLDEST_YEAR, high=LATEST_YEAR)
    if number is not None and not OLDEST_YEAR <= number <= LATEST_YEAR:
        raise FieldError("bad_year", value=value, low=OLDEST_YEAR, high=LATEST_YEAR)
    return number


def priority(value: Any) -> int:
    """A whole number; higher is asked first."""
    return _whole(value, "bad_priority") or 0


def _whole(value: Any, key: str, **values: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not _WHOLE.fullmatch(str(value).strip()):
        raise FieldError(key, value=value, **values)
    return int(value)


def price(value: Any) -> Decimal | None:
    """A price without sign, currency or thousands separators."""
    written = str(value).strip() if isinstance(value, (int, float)) and not isinstance(value, bool) else text(value)
    if written is None:
        return None
    if not _NUMBER.fullmatch(written):
        raise FieldError("bad_price", value=value)
    try:
        return Decimal(written)
    except InvalidOperation:
        raise FieldError("bad_price", value=value) from None


@cache
def currencies() -> frozenset[str]:
    """The ISO 4217 codes that a list price may have."""
    lines = (resources.files("registry") / "currencies.txt").read_text(encoding="ascii").splitlines()
    return frozenset(code for line in lines if not line.startswith("#") for code in line.split())


def currency(value: Any) -> str | None:
    """An ISO 4217 code, in capitals."""
    written = text(value)
    if written is not None and written.upper() not in currencies():
        raise FieldError("bad_currency", value=written)
    return written.upper() if written else None


def licences(value: Any) -> tuple[Licence, ...]:
    """Licences: in tables `platform=kongfz;seller=X;until=2026-12-31|...`, in JSON a list of objects."""
    if value is None:
        return ()
    if isinstance(value, str):
        value = [_written_licence(part) for part in value.split("|") if part.strip()]
    if not isinstance(value, list):
        raise FieldError("bad_licence", value=value)
    return tuple(_licence(item) for item in value)


def _written_licence(part: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in part.split(";") if pair.strip()]
    if not all(separator for _, separator, _ in pairs):
        raise FieldError("bad_licence", value=part)
    return {name.strip().lower(): found for name, _, found in pairs}


def _licence(stated: Any) -> Licence:
    if not isinstance(stated, Mapping):
        raise FieldError("bad_licence", value=stated)
    for name in stated:
        if name not in LICENCE_FIELDS:
            raise unknown_name(name, LICENCE_FIELDS)
    since, until = day(stated.get("since")), day(stated.get("until"))
    if since and until and since > until:
        raise FieldError("since_after_until", since=since, until=until)
    names = {name: text(stated.get(name)) for name in ("platform", "seller", "territory")}
    return Licence(since=since, until=until, **names)


def unknown_name(name: object, known: tuple[str, ...], key: str = "unknown_key") -> FieldError:
    """What to say about a name that is none of `known`: the nearest one, else all of them."""
    near = get_close_matches(str(name).lower(), known, n=1)
    if near:
        return FieldError(f"{key}_near", name=name, near=near[0])
    return FieldError(key, name=name, known=", ".join(known))
