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
from crawler.urls import canonicalize_url

T = TypeVar("T")


def _build_converter() -> cattrs.Converter:
    converter = cattrs.Converter(omit_if_default=True)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    converter.register_unstructure_hook(date, lambda value: value.isoformat())
    converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    converter.register_unstructure_hook(datetime, lambda value: value.isoformat())
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    for kind in (Work, Listing, Finding, Ask):
        converter.register_unstructure_hook(
            kind, make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True)
        )
    return converter


_CONVERTER = _build_converter()


def to_json(value: Any) -> Any:
    """A value as JSON types; fields that have their default are left out."""
    return _CONVERTER.unstructure(value)


def from_json(data: Any, kind: type[T]) -> T:
    """The value of `kind` that `to_json` made. Raises cattrs.BaseValidationError on foreign data."""
    return _CONVERTER.structure(data, kind)


def listing_id(address: str) -> str:
    """The stable identity of a listing: a digest of its canonical address."""
    return _short_digest(canonicalize_url(address))


def hit_id(work_id: str, address: str) -> str:
    """The stable identity of a hit: a digest of the work and the listing's canonical address."""
    return _short_digest(f"{work_id}\0{canonicalize_url(address)}")


def _short_digest(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def value_digest(value: Any) -> str:
    """SHA-256 of a value's JSON, the same on every machine."""
    serialised = json.dumps(to_json(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(serialised.encode("utf-8", "surrogatepass")).hexdigest()
