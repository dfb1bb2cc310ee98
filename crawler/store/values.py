"""Nouns to JSON and back, for the columns that keep a whole value."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import cattrs
from cattrs.gen import make_dict_unstructure_fn

from crawler.items import Ask, Finding, Listing, Work
from crawler.urls import canonical

T = TypeVar("T")


def _converter() -> cattrs.Converter:
    made = cattrs.Converter(omit_if_default=True)
    made.register_unstructure_hook(Decimal, str)
    made.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    made.register_unstructure_hook(date, lambda value: value.isoformat())
    made.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    made.register_unstructure_hook(datetime, lambda value: value.isoformat())
    made.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    for kind in (Work, Listing, Finding, Ask):
        made.register_unstructure_hook(kind, make_dict_unstructure_fn(kind, made, _cattrs_omit_if_default=True))
    return made


_CONVERTER = _converter()


def plain(value: Any) -> Any:
    """A value as JSON types; fields that have their default are left out."""
    return _CONVERTER.unstructure(value)


def made(data: Any, kind: type[T]) -> T:
    """The value of `kind` that `plain` made. Raises cattrs.BaseValidationError on foreign data."""
    return _CONVERTER.structure(data, kind)


def listing_id(address: str) -> str:
    """The stable identity of a listing: a digest of its canonical address."""
    return _short(canonical(address))


def hit_id(work_id: str, address: str) -> str:
    """The stable identity of a hit: a digest of the work and the listing's canonical address."""
    return _short(f"{work_id}\0{canonical(address)}")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def digest(value: Any) -> str:
    """SHA-256 of a value's JSON, the same on every machine."""
    text = json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
