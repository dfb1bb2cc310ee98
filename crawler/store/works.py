"""The registry of protected works as the database keeps it: import, lookup, retirement, and a digest of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from attrs import evolve, frozen
from sqlalchemy import Engine, func, select, update

from crawler.items import Work
from crawler.store import schema
from crawler.store.database import from_json, read_connection, to_json, upsert, value_digest, write_transaction

_ID_BATCH_SIZE = 1000


@frozen(kw_only=True)
class ImportCounts:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class Works:
    """The registry of works as the database keeps it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def import_works(self, works: Sequence[Work], now: datetime) -> ImportCounts:
        """Take all works over in one transaction; equal ones stay untouched, retired ones come back."""
        with write_transaction(self._engine) as connection:
            stored = {
                row.id: (row.digest, row.retired_at)
                for row in connection.execute(
                    select(schema.works.c.id, schema.works.c.digest, schema.works.c.retired_at)
                )
            }
            digested = [(work, value_digest(work)) for work in works]
            changed = [
                (work, work_digest) for work, work_digest in digested if stored.get(work.id) != (work_digest, None)
            ]
            for start in range(0, len(changed), _ID_BATCH_SIZE):
                rows = [
                    _work_row(work, work_digest, now) for work, work_digest in changed[start : start + _ID_BATCH_SIZE]
                ]
                upsert(connection, schema.works, rows, keep=("added_at",))
        added = sum(work.id not in stored for work, _ in changed)
        return ImportCounts(added=added, changed=len(changed) - added, unchanged=len(works) - len(changed))

    def all_works(self, include_retired: bool = False) -> Iterator[Work]:
        """Works by id; retired ones only if asked."""
        query = select(schema.works.c.value, schema.works.c.retired_at).order_by(schema.works.c.id)
        if not include_retired:
            query = query.where(schema.works.c.retired_at.is_(None))
        with read_connection(self._engine) as connection:
            for row in connection.execute(query):
                yield evolve(from_json(row.value, Work), retired_at=row.retired_at)

    def get_many(self, ids: Iterable[str]) -> dict[str, Work]:
        """The works of these ids that exist, retired ones included."""
        wanted = sorted(set(ids))
        works: dict[str, Work] = {}
        with read_connection(self._engine) as connection:
            for start in range(0, len(wanted), _ID_BATCH_SIZE):
                query = select(schema.works).where(schema.works.c.id.in_(wanted[start : start + _ID_BATCH_SIZE]))
                for row in connection.execute(query):
                    works[row.id] = evolve(from_json(row.value, Work), retired_at=row.retired_at)
        return works

    def changed_since(self, since: datetime) -> set[str]:
        """The ids of the works that came or changed since then, retired ones left out."""
        columns = schema.works.c
        query = select(columns.id).where(columns.changed_at >= since, columns.retired_at.is_(None))
        with read_connection(self._engine) as connection:
            return {str(work_id) for work_id in connection.execute(query).scalars()}

    def titles_and_owners(self, ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
        """Title and owner of these works, retired ones included."""
        wanted = sorted(set(ids))
        titles: dict[str, tuple[str, str | None]] = {}
        with read_connection(self._engine) as connection:
            for start in range(0, len(wanted), _ID_BATCH_SIZE):
                query = select(schema.works.c.id, schema.works.c.title, schema.works.c.owner)
                for row in connection.execute(
                    query.where(schema.works.c.id.in_(wanted[start : start + _ID_BATCH_SIZE]))
                ):
                    titles[row.id] = (row.title, row.owner)
        return titles

    def get(self, work_id: str) -> Work | None:
        """One work, None if there is none."""
        return self.get_many([work_id]).get(work_id)

    def retire(self, work_id: str, now: datetime) -> bool:
        """Stop asking for a work; its hits stay. False if there is no such work."""
        with write_transaction(self._engine) as connection:
            result = connection.execute(update(schema.works).where(schema.works.c.id == work_id).values(retired_at=now))
            return bool(result.rowcount)

    def count_works(self) -> int:
        """How many works are not retired."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(func.count()).where(schema.works.c.retired_at.is_(None))).scalar_one()

    def registry_digest(self) -> str:
        """A digest of the registry as it is: equal digests, equal registries."""
        query = (
            select(schema.works.c.id, schema.works.c.digest)
            .where(schema.works.c.retired_at.is_(None))
            .order_by(schema.works.c.id)
        )
        registry_hash = sha256()
        with read_connection(self._engine) as connection:
            for row in connection.execute(query):
                registry_hash.update(f"{row.id}\0{row.digest}\n".encode())
        return registry_hash.hexdigest()


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
