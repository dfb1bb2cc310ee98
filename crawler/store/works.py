"""Works in the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from attrs import evolve, frozen
from sqlalchemy import Engine, func, select, update

from crawler.items import Work
from crawler.store import schema
from crawler.store.engine import reading, upsert, writing
from crawler.store.values import digest, made, plain

_BATCH = 1000


@frozen(kw_only=True)
class Imported:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class Works:
    """The registry of works as the database keeps it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def upsert(self, works: Sequence[Work], now: datetime) -> Imported:
        """Take all works over in one transaction; equal ones stay untouched, retired ones come back."""
        with writing(self._engine) as connection:
            known = {
                row.id: (row.digest, row.retired_at)
                for row in connection.execute(
                    select(schema.works.c.id, schema.works.c.digest, schema.works.c.retired_at)
                )
            }
            fresh = [(work, digest(work)) for work in works]
            changed = [(work, mark) for work, mark in fresh if known.get(work.id) != (mark, None)]
            for start in range(0, len(changed), _BATCH):
                rows = [_row(work, mark, now) for work, mark in changed[start : start + _BATCH]]
                upsert(connection, schema.works, rows, keep=("added_at",))
        added = sum(work.id not in known for work, _ in changed)
        return Imported(added=added, changed=len(changed) - added, unchanged=len(works) - len(changed))

    def all(self, retired: bool = False) -> Iterator[Work]:
        """Works by id; retired ones only if asked."""
        query = select(schema.works.c.value, schema.works.c.retired_at).order_by(schema.works.c.id)
        if not retired:
            query = query.where(schema.works.c.retired_at.is_(None))
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                yield evolve(made(row.value, Work), retired_at=row.retired_at)

    def some(self, ids: Iterable[str]) -> dict[str, Work]:
        """The works of these ids that exist, retired ones included."""
        wanted = sorted(set(ids))
        found: dict[str, Work] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _BATCH):
                query = select(schema.works).where(schema.works.c.id.in_(wanted[start : start + _BATCH]))
                for row in connection.execute(query):
                    found[row.id] = evolve(made(row.value, Work), retired_at=row.retired_at)
        return found

    def brief(self, ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
        """Title and owner of these works, retired ones included."""
        wanted = sorted(set(ids))
        found: dict[str, tuple[str, str | None]] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _BATCH):
                query = select(schema.works.c.id, schema.works.c.title, schema.works.c.owner)
                for row in connection.execute(query.where(schema.works.c.id.in_(wanted[start : start + _BATCH]))):
                    found[row.id] = (row.title, row.owner)
        return found

    def get(self, work_id: str) -> Work | None:
        """One work, None if there is none."""
        return self.some([work_id]).get(work_id)

    def retire(self, work_id: str, now: datetime) -> bool:
        """Stop asking for a work; its hits stay. False if there is no such work."""
        with writing(self._engine) as connection:
            result = connection.execute(update(schema.works).where(schema.works.c.id == work_id).values(retired_at=now))
            return bool(result.rowcount)

    def count(self) -> int:
        """How many works are not retired."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.count()).where(schema.works.c.retired_at.is_(None))).scalar_one()

    def version(self) -> str:
        """A digest of the registry as it is: equal digests, equal registries."""
        query = (
            select(schema.works.c.id, schema.works.c.digest)
            .where(schema.works.c.retired_at.is_(None))
            .order_by(schema.works.c.id)
        )
        total = sha256()
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                total.update(f"{row.id}\0{row.digest}\n".encode())
        return total.hexdigest()


def _row(work: Work, mark: str, now: datetime) -> dict[str, object]:
    return {
        "id": work.id,
        "title": work.title,
        "kind": work.kind,
        "owner": work.owner,
        "priority": work.priority,
        "digest": mark,
        "value": plain(work),
        "added_at": now,
        "changed_at": now,
        "retired_at": None,
    }
