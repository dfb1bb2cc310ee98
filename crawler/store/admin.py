"""The database as a whole: schema, backup and restore, moving, locks, the server's clock, and erasing a seller
or works.
"""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from crawler.errors import StoreError
from crawler.store.database import (
    KEEPALIVE_OPTIONS,
    analyse_tables,
    check_database_folder,
    check_schema,
    is_empty,
    named_lock,
    night_lock,
    open_engine,
    read_connection,
    upgrade_schema,
)
from crawler.store.database_move import ProgressCallback, move_database
from crawler.store.erasure import SellerErasure, WorkErasure


class Admin(SellerErasure, WorkErasure):
    """Administration of the database."""

    @property
    def display_url(self) -> str:
        """The database's address for people, without the password."""
        return self._engine.url.render_as_string(hide_password=True)

    @property
    def conninfo(self) -> str | None:
        """The address as libpq reads it, password included; None for a database that is not PostgreSQL."""
        url = self._engine.url
        if url.get_backend_name() != "postgresql":
            return None
        keepalive_options = {name: str(value) for name, value in KEEPALIVE_OPTIONS.items()}
        return (
            url.set(drivername="postgresql").update_query_dict(keepalive_options).render_as_string(hide_password=False)
        )

    def current_time(self) -> datetime:
        """The current time: by the server's clock where there is a server, so that machines agree."""
        if self._engine.dialect.name != "postgresql":
            return datetime.now(UTC)
        with read_connection(self._engine) as connection:
            server_time: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return server_time

    def night_lock(self) -> AbstractContextManager[None]:
        """A lock that one night at a time holds for a block. Entering raises Busy if another process holds it."""
        return night_lock(self._engine)

    def named_lock(self, name: str) -> AbstractContextManager[None]:
        """A lock that one process at a time, on any machine, holds for a block; SQLite (one machine) has none."""
        return named_lock(self._engine, name)

    def upgrade(self) -> None:
        """Bring the schema to this program's version. Raises StoreError."""
        upgrade_schema(self._engine)

    def analyse_tables(self) -> None:
        """Update the database's statistics; call it after writing much."""
        analyse_tables(self._engine)

    def backup(self, target: Path) -> None:
        """Write a consistent copy of an SQLite database, also while others write to it. Raises StoreError."""
        _copy_sqlite_file(self._sqlite_file(), target)

    def restore(self, source: Path) -> None:
        """Replace the database by a copy that `backup` made. Raises StoreError; then nothing was changed."""
        if not source.is_file():
            raise StoreError(f"{source}: no such file")
        copy = open_engine(f"sqlite:///{source}")
        try:
            if is_empty(copy):
                raise StoreError(f"{source}: not a database of swordnet")
            check_schema(copy)
        finally:
            copy.dispose()
        self._engine.dispose()
        _copy_sqlite_file(source, self._sqlite_file())

    def move_to(self, url: str, progress: ProgressCallback = lambda *_: None) -> dict[str, int]:
        """Copy everything to another, empty database; see crawler.store.database_move. Raises StoreError, Busy."""
        check_database_folder(url)
        target = open_engine(url)
        try:
            return move_database(self._engine, target, progress)
        finally:
            target.dispose()

    def _sqlite_file(self) -> Path:
        name = self._engine.url.database
        if self._engine.dialect.name != "sqlite" or not name or name == ":memory:":
            raise StoreError("backup and restore are for SQLite files; use pg_dump and pg_restore for PostgreSQL")
        return Path(name)


def _copy_sqlite_file(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(source)) as source_connection,
            closing(sqlite3.connect(target)) as target_connection,
        ):
            source_connection.backup(target_connection)
    except sqlite3.Error as error:
        raise StoreError(f"copying {source} to {target}: {error}") from None
