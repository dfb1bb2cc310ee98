"""Filters that somebody saved under a name, and what was exported when, so that the next export brings only what is
new.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, insert, select

from crawler.store import schema
from crawler.store.engine import reading, upsert, writing

_filters, _exports = schema.filters, schema.exports


class Views:
    """Saved filters and past exports."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, name: str, value: Mapping[str, Any], at: datetime) -> None:
        """Keep a filter under a name; an older one of this name is replaced."""
        with writing(self._engine) as connection:
            upsert(connection, _filters, [{"name": name, "value": dict(value), "at": at}])

    def get(self, name: str) -> Mapping[str, Any] | None:
        """The filter of a name, None where there is none."""
        with reading(self._engine) as connection:
            found: Mapping[str, Any] | None = connection.execute(
                select(_filters.c.value).where(_filters.c.name == name)
            ).scalar()
            return found

    def all(self) -> dict[str, Mapping[str, Any]]:
        """All saved filters by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_filters).order_by(_filters.c.name))
            return {row.name: row.value for row in rows}

    def remove(self, name: str) -> bool:
        """Forget a filter; False where there is none of this name."""
        with writing(self._engine) as connection:
            return bool(connection.execute(delete(_filters).where(_filters.c.name == name)).rowcount)

    def exported(self, by: str, filtered: Mapping[str, Any], file: str, count: int, at: datetime) -> None:
        """Note an export."""
        row = {"by": by, "filter": dict(filtered), "file": file, "count": count, "at": at}
        with writing(self._engine) as connection:
            connection.execute(insert(_exports).values(**row))

    def last_export(self, by: str, filtered: Mapping[str, Any]) -> datetime | None:
        """When this person exported with this filter last; None if never."""
        query = select(_exports.c.filter, _exports.c.at).where(_exports.c.by == by).order_by(_exports.c.id.desc())
        with reading(self._engine) as connection:
            return next((row.at for row in connection.execute(query) if row.filter == dict(filtered)), None)
