"""The registry of protected works as the database keeps it: import, lookup, retirement, a digest, pictures of works.

Works are read with the names that people taught as rules; an import neither brings nor removes these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from attrs import evolve, frozen
from sqlalchemy import Connection, func, or_, select, update

from crawler.items import Picture, Work
from crawler.store import schema
from crawler.store.database import (
    Repository,
    from_json,
    read_connection,
    to_json,
    upsert,
    value_digest,
    write_transaction,
)
from crawler.store.pages import read_picture
from crawler.store.screening_settings import ScreeningSettings

_ID_BATCH_SIZE = 1000
_works, _rules = schema.works, schema.rules
ALIAS_RULE = "alias"  # kind of the rules that say what people call a work; see crawler/store/reviews.py


@frozen(kw_only=True)
class ImportCounts:
    """How many works an import added, changed and left unchanged."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class Registry(Repository):
    """The registry of works."""

    def import_works(self, works: Sequence[Work], now: datetime) -> ImportCounts:
        """Store all works in one transaction; equal ones stay untouched, retired ones become current again."""
        with write_transaction(self._engine) as connection:
            stored = {
                row.id: (row.digest, row.retired_at)
                for row in connection.execute(select(_works.c.id, _works.c.digest, _works.c.retired_at))
            }
            digested = [(work, value_digest(work)) for work in works]
            changed = [
                (work, work_digest) for work, work_digest in digested if stored.get(work.id) != (work_digest, None)
            ]
            for start in range(0, len(changed), _ID_BATCH_SIZE):
                rows = [
                    _work_row(work, work_digest, now) for work, work_digest in changed[start : start + _ID_BATCH_SIZE]
                ]
                upsert(connection, _works, rows, keep=("added_at",))
        added = sum(work.id not in stored for work, _ in changed)
        return ImportCounts(added=added, changed=len(changed) - added, unchanged=len(works) - len(changed))

    def all_works(self, include_retired: bool = False) -> Iterator[Work]:
        """All works in the order of their ids; retired ones only with `include_retired`."""
        query = select(_works.c.id, _works.c.value, _works.c.retired_at).order_by(_works.c.id)
        if not include_retired:
            query = query.where(_works.c.retired_at.is_(None))
        with read_connection(self._engine) as connection:
            taught = _taught_names(connection)
            for row in connection.execute(query):
                yield _work_from_row(row, taught.get(row.id, ()))

    def get(self, work_id: str) -> Work | None:
        """The work of an id, retired or not; None if there is none."""
        return self.get_many([work_id]).get(work_id)

    def get_many(self, ids: Iterable[str]) -> dict[str, Work]:
        """The works of these ids that exist, by id, retired ones included."""
        wanted = sorted(set(ids))
        works: dict[str, Work] = {}
        with read_connection(self._engine) as connection:
            taught = _taught_names(connection) if wanted else {}
            for start in range(0, len(wanted), _ID_BATCH_SIZE):
                query = select(_works).where(_works.c.id.in_(wanted[start : start + _ID_BATCH_SIZE]))
                for row in connection.execute(query):
                    works[row.id] = _work_from_row(row, taught.get(row.id, ()))
        return works

    def imported_works(self, ids: Iterable[str] | None = None) -> dict[str, Work]:
        """Works as an import stored them, without names that people taught, by id, retired ones included; None: all."""
        wanted = None if ids is None else sorted(set(ids))
        starts = range(0, 1 if wanted is None else len(wanted), _ID_BATCH_SIZE)
        query = select(_works.c.id, _works.c.value, _works.c.retired_at).order_by(_works.c.id)
        works: dict[str, Work] = {}
        with read_connection(self._engine) as connection:
            for start in starts:
                part = query if wanted is None else query.where(_works.c.id.in_(wanted[start : start + _ID_BATCH_SIZE]))
                works |= {row.id: _work_from_row(row, ()) for row in connection.execute(part)}
        return works

    def changed_since(self, since: datetime) -> set[str]:
        """The ids of the current works that were added or changed, or got another name, since then."""
        renamed = select(_rules.c.work).where(*_IN_FORCE, _rules.c.at >= since)
        is_changed = or_(_works.c.changed_at >= since, _works.c.id.in_(renamed))
        query = select(_works.c.id).where(is_changed, _works.c.retired_at.is_(None))
        with read_connection(self._engine) as connection:
            return {str(work_id) for work_id in connection.execute(query).scalars()}

    def titles_and_owners(self, ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
        """Title and owner of these works, by id, retired ones included."""
        wanted = sorted(set(ids))
        titles: dict[str, tuple[str, str | None]] = {}
        with read_connection(self._engine) as connection:
            for start in range(0, len(wanted), _ID_BATCH_SIZE):
                query = select(_works.c.id, _works.c.title, _works.c.owner)
                for row in connection.execute(query.where(_works.c.id.in_(wanted[start : start + _ID_BATCH_SIZE]))):
                    titles[row.id] = (row.title, row.owner)
        return titles

    def retire(self, work_id: str, now: datetime) -> bool:
        """Stop looking for a work; its hits stay. False if there is no such work."""
        with write_transaction(self._engine) as connection:
            result = connection.execute(update(_works).where(_works.c.id == work_id).values(retired_at=now))
            return bool(result.rowcount)

    def count_works(self) -> int:
        """The number of works that are not retired."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(func.count()).where(_works.c.retired_at.is_(None))).scalar_one()

    def registry_digest(self) -> str:
        """A digest of all current works and the names taught for them: equal digests, equal registries."""
        query = select(_works.c.id, _works.c.digest).where(_works.c.retired_at.is_(None)).order_by(_works.c.id)
        registry_hash = sha256()
        with read_connection(self._engine) as connection:
            for row in connection.execute(query):
                registry_hash.update(f"{row.id}\0{row.digest}\n".encode())
            for work_id, names in sorted(_taught_names(connection).items()):
                registry_hash.update("\0".join((work_id, *names, "\n")).encode())
        return registry_hash.hexdigest()

    def registered_works(self) -> list[Work]:
        """All current works, with what was fetched from their pictures' addresses filled in."""
        return self.fill_pictures(self.all_works())

    def unfetched_pictures(self, works: Iterable[Work]) -> tuple[Picture, ...]:
        """The pictures that works name by address and that were never fetched."""
        pictures_by_url = {picture.url: picture for work in works for picture in work.images if _is_remote(picture)}
        with read_connection(self._engine) as connection:
            return tuple(
                picture for picture in pictures_by_url.values() if read_picture(connection, picture.url) is None
            )

    def fill_pictures(self, works: Iterable[Work]) -> list[Work]:
        """The works with what was fetched from their pictures' addresses filled in."""
        all_works = list(works)
        with read_connection(self._engine) as connection:
            return [
                evolve(work, images=tuple(_fill_picture(connection, picture) for picture in work.images))
                if any(map(_is_remote, work.images))
                else work
                for work in all_works
            ]


_IN_FORCE = (_rules.c.kind == ALIAS_RULE, _rules.c.withdrawn_at.is_(None))


def _taught_names(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The names that people taught, by work, in the order they came."""
    names: dict[str, tuple[str, ...]] = {}
    for row in connection.execute(select(_rules.c.work, _rules.c.shown).where(*_IN_FORCE).order_by(_rules.c.id)):
        names[row.work] = (*names.get(row.work, ()), row.shown)
    return names


def _work_from_row(row: Any, taught: tuple[str, ...]) -> Work:
    work = from_json(row.value, Work)
    new_names = tuple(name for name in taught if name not in work.aliases)
    return evolve(work, retired_at=row.retired_at, aliases=(*work.aliases, *new_names))


class Works(Registry, ScreeningSettings):
    """The registry of works, and what screening takes into account besides."""


def _fill_picture(connection: Connection, picture: Picture) -> Picture:
    stored = read_picture(connection, picture.url) if _is_remote(picture) else None
    return picture if stored is None else evolve(stored, url=picture.url)


def _is_remote(picture: Picture) -> bool:
    return picture.sha256 is None and picture.url.startswith(("http://", "https://"))


def _work_row(work: Work, work_digest: str, now: datetime) -> dict[str, object]:
    return {
        "id": work.id,
        "title": work.title,
        "kind": work.kind,
        "owner": work.owner,
        "priority": work.priority,
        "digest": work_digest,
        "value": to_json(work),
        "added_at": now,
        "changed_at": now,
        "retired_at": None,
    }
