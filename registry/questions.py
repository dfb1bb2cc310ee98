"""The questions worth asking a platform: names of works, most important work first, the same for the same registry.

A name of one character finds everything and a name of two almost everything, so those are asked together with a
creator, and not at all where none is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crawler.items import ListingKind, Work

SHORT = 2  # characters; measured nowhere yet, chosen because Chinese names of two characters are everyday words


def questions(
    works: Iterable[Work], platform: str, kind: ListingKind | None = None, limit: int | None = None
) -> list[str]:
    """At most `limit` questions for `platform`, by priority, then work id; titles of all works come before aliases.

    `kind` is what the platform lists: on an app store only works are asked that may be apps.
    """
    chosen = [work for work in works if work.retired_at is None and _suits(work, kind)]
    chosen.sort(key=lambda work: (-work.priority, work.id))
    found: dict[str, str] = {}
    for asked in (*_by_title(chosen), *_by_alias(chosen)):
        found.setdefault(asked.casefold(), asked)
    return list(found.values())[:limit]


def _suits(work: Work, kind: ListingKind | None) -> bool:
    return kind is not ListingKind.APP or work.kind in (None, "app", "game", "software")


def _by_title(works: Iterable[Work]) -> Iterator[str]:
    return (asked for work in works if (asked := _question(work.title, work)))


def _by_alias(works: Iterable[Work]) -> Iterator[str]:
    return (asked for work in works for alias in work.aliases if (asked := _question(alias, work)))


def _question(name: str, work: Work) -> str | None:
    name = " ".join(name.split())
    if sum(character.isalnum() for character in name) > SHORT:
        return name
    return f"{name} {work.creators[0]}" if work.creators and any(map(str.isalnum, name)) else None
