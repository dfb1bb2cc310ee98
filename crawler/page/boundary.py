"""What a page said becomes a Listing whose strings every database, export, log and report survives.

The text door (`crawler.text.clean`) for each string of a listing, whatever spider made it; lengths are bounded too.
"""

from __future__ import annotations

from typing import Any, TypeVar, get_type_hints

from attrs import AttrsInstance, evolve, fields, has

from crawler.items import Listing
from crawler.text import clean

LONGEST = 2_000  # characters of a title, an address, a name
LONGEST_TEXT = 200_000
MOST = 5_000  # entries of a list: pictures, links, files

_TYPES = get_type_hints(Listing)
_TEXTS = frozenset(name for name, kind in _TYPES.items() if kind in (str, str | None))
_LISTS = frozenset(name for name, kind in _TYPES.items() if kind == tuple[str, ...])

T = TypeVar("T", bound=AttrsInstance)


def bounded(listing: Listing) -> Listing:
    """The listing with every string cleaned and no list longer than MOST."""
    text = clean(listing.text, LONGEST_TEXT)
    return evolve(_noun(listing), text=text)


def checked(listing: Listing) -> Listing:
    """The listing as it is. Raises TypeError where what should be text is not: a page said true, or a number, there."""
    for name in _TEXTS:
        if not isinstance(getattr(listing, name), str | None):
            raise TypeError(f"{name} is no text")
    for name in _LISTS:
        if not all(isinstance(each, str) for each in getattr(listing, name)):
            raise TypeError(f"{name} holds what is no text")
    return listing


def _noun(value: T) -> T:
    changed = {}
    for part in fields(type(value)):
        old = getattr(value, part.name)
        new = _value(old)
        if new is not old:
            changed[part.name] = new
    return evolve(value, **changed) if changed else value  # type: ignore[misc]


def _value(value: Any) -> Any:
    if type(value) is str:
        cleaned = clean(value, LONGEST)
        return value if cleaned == value else cleaned
    if isinstance(value, tuple) and value:
        return tuple(_value(each) for each in value[:MOST])
    if isinstance(value, dict) and value:
        return {_value(key): _value(each) for key, each in value.items()}
    return _noun(value) if has(type(value)) else value
