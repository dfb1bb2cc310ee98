"""Small facts that outlive a run: with which registry the stored listings were compared last."""

from __future__ import annotations

from sqlalchemy import Engine, select

from crawler.store import schema
from crawler.store.engine import read_connection, upsert, write_transaction


class NamedValues:
    """Names and values in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get_value(self, name: str) -> str | None:
        """The value of a name."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(schema.marks.c.value).where(schema.marks.c.name == name)).scalar()

    def put_value(self, name: str, value: str) -> None:
        """Set a value."""
        with write_transaction(self._engine) as connection:
            upsert(connection, schema.marks, [{"name": name, "value": value}])
