"""The questions worth asking a platform: names of works, most important work first, the same for the same registry.

A name of one character finds everything and a name of two almost everything, so those are asked together with a
creator, and not at all where none is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crawler.items import ListingKind, Work

TITLE_FORM, ALIAS_FORM = "title", "alias"
MAX_SHORT_NAME_CHARS = (
    2  # characters; measured nowhere yet, chosen because Chinese names of two characters are everyday words
)


def name_queries(works: Iterable[Work], kind: ListingKind | None = None, limit: int | None = None) -> list[str]:
    """At most `limit` questions, by priority, then work id; titles of all works come before aliases.

    `kind` is what the platform lists: on an app store only works are asked that may be apps.
    """
    unique_queries: dict[str, str] = {}
    for _, query, _ in iter_name_queries(works, kind):
        unique_queries.setdefault(query.casefold(), query)
    return list(unique_queries.values())[:limit]


def iter_name_queries(works: Iterable[Work], kind: ListingKind | None) -> Iterator[tuple[str, str, Work]]:
    """(TITLE or ALIAS, question, its work), important works first, in the order in which they are asked."""
    askable_works = [work for work in works if work.retired_at is None and is_listable(work, kind)]
    askable_works.sort(key=lambda work: (-work.priority, work.id))
    yield from ((TITLE_FORM, query, work) for work in askable_works if (query := query_by_name(work.title, work)))
    yield from (
        (ALIAS_FORM, query, work)
        for work in askable_works
        for name in work.aliases
        if (query := query_by_name(name, work))
    )


def is_listable(work: Work, kind: ListingKind | None) -> bool:
    """Whether a work may be found on a platform that lists this kind."""
    return kind is not ListingKind.APP or work.kind in (None, "app", "game", "software")


def query_by_name(name: str, work: Work) -> str | None:
    """The question by one of a work's names; None where it is too short to be asked."""
    name = " ".join(name.split())
    if sum(character.isalnum() for character in name) > MAX_SHORT_NAME_CHARS:
        return name
    return f"{name} {work.creators[0]}" if work.creators and any(map(str.isalnum, name)) else None
