"""Clean a Listing read from a page, so that databases, exports, logs and reports can hold all its strings.

Every string goes through `crawler.text.clean_text`, whatever spider made it; lengths are limited too.
"""

from __future__ import annotations

from typing import Any, TypeVar, get_type_hints

from attrs import AttrsInstance, evolve, fields, has

from crawler.items import Listing
from crawler.text import clean_text

MAX_STRING_CHARS = 2_000  # of a title, an address, a name
MAX_TEXT_CHARS = 200_000
MAX_LIST_ENTRIES = 5_000  # pictures, links, files

_FIELD_TYPES = get_type_hints(Listing)
_TEXT_FIELDS = frozenset(name for name, kind in _FIELD_TYPES.items() if kind in (str, str | None))
_TEXT_LIST_FIELDS = frozenset(name for name, kind in _FIELD_TYPES.items() if kind == tuple[str, ...])

T = TypeVar("T", bound=AttrsInstance)


def sanitize_listing(listing: Listing) -> Listing:
    """`listing` with every string cleaned and no list longer than MAX_LIST_ENTRIES."""
    text = clean_text(listing.text, MAX_TEXT_CHARS)
    return evolve(_sanitize_object(listing), text=text)


def check_types(listing: Listing) -> Listing:
    """`listing` unchanged. Raises TypeError if a text field holds no text: the page had true or a number there."""
    for name in _TEXT_FIELDS:
        if not isinstance(getattr(listing, name), str | None):
            raise TypeError(f"{name} is no text")
    for name in _TEXT_LIST_FIELDS:
        if not all(isinstance(entry, str) for entry in getattr(listing, name)):
            raise TypeError(f"{name} holds what is no text")
    return listing


def _sanitize_object(value: T) -> T:
    changes = {}
    for attribute in fields(type(value)):
        old = getattr(value, attribute.name)
        new = _sanitize_value(old)
        if new is not old:
            changes[attribute.name] = new
    return evolve(value, **changes) if changes else value  # type: ignore[misc]


def _sanitize_value(value: Any) -> Any:
    if type(value) is str:
        cleaned = clean_text(value, MAX_STRING_CHARS)
        return value if cleaned == value else cleaned
    if isinstance(value, tuple) and value:
        return tuple(_sanitize_value(entry) for entry in value[:MAX_LIST_ENTRIES])
    if isinstance(value, dict) and value:
        return {_sanitize_value(key): _sanitize_value(entry) for key, entry in value.items()}
    return _sanitize_object(value) if has(type(value)) else value
