"""Filters that somebody saved under a name, and what was exported when, so that the next export brings only what is
new.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, insert, select

from crawler.store import schema
from crawler.store.engine import read_connection, upsert, write_transaction

_filters, _exports = schema.filters, schema.exports


class SavedQueries:
    """Saved filters and past exports."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save_query(self, name: str, value: Mapping[str, Any], at: datetime) -> None:
        """Keep a filter under a name; an older one of this name is replaced."""
        with write_transaction(self._engine) as connection:
            upsert(connection, _filters, [{"name": name, "value": dict(value), "at": at}])

    def get_query(self, name: str) -> Mapping[str, Any] | None:
        """The filter of a name, None where there is none."""
        with read_connection(self._engine) as connection:
            saved_query: Mapping[str, Any] | None = connection.execute(
                select(_filters.c.value).where(_filters.c.name == name)
            ).scalar()
            return saved_query

    def all_queries(self) -> dict[str, Mapping[str, Any]]:
        """All saved filters by name."""
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(_filters).order_by(_filters.c.name))
            return {row.name: row.value for row in rows}

    def remove_query(self, name: str) -> bool:
        """Forget a filter; False where there is none of this name."""
        with write_transaction(self._engine) as connection:
            return bool(connection.execute(delete(_filters).where(_filters.c.name == name)).rowcount)

    def record_export(self, by: str, filter_fields: Mapping[str, Any], file: str, count: int, at: datetime) -> None:
        """Note an export."""
        row = {"by": by, "filter": dict(filter_fields), "file": file, "count": count, "at": at}
        with write_transaction(self._engine) as connection:
            connection.execute(insert(_exports).values(**row))

    def last_export_time(self, by: str, filter_fields: Mapping[str, Any]) -> datetime | None:
        """When this person exported with this filter last; None if never."""
        query = select(_exports.c.filter, _exports.c.at).where(_exports.c.by == by).order_by(_exports.c.id.desc())
        with read_connection(self._engine) as connection:
            return next((row.at for row in connection.execute(query) if row.filter == dict(filter_fields)), None)
