"""Opening a database, SQLite with the settings that keep every acknowledged commit or PostgreSQL, and its schema.

SQLite: WAL, synchronous=FULL, foreign keys on, every transaction BEGIN IMMEDIATE (a deferred read that turns into a
write fails at once with SQLITE_BUSY_SNAPSHOT whatever the timeout says).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from crawler.errors import StoreError

BUSY_SECONDS = 30
MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"  # Alembic's own
ANALYSED = 1_000  # rows of each index that are looked at: some milliseconds, whatever the size
LIVELY: Mapping[str, int] = {  # libpq: a server that is cut off is known to be so within half a minute
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
_KEPT = "nothing that was committed is lost, and swordnet night goes on where it was"
_HINTS = {  # what SQLite says -> what to do about it
    "disk is full": f"; free some space: {_KEPT}",
    "disk I/O error": f"; is the disk full, or the folder gone? {_KEPT}",
    "database is locked": f"; another program holds it: end that, {_KEPT}",
    "readonly database": "; the file or its folder may not be written",
}


def open_engine(url: str) -> Engine:
    """An engine for `url`. Raises StoreError for an address that is none or a driver that is not installed."""
    try:
        kind = make_url(url).get_backend_name()
        if kind == "sqlite":
            engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_immediate)
            return engine
        return create_engine(url, pool_pre_ping=True, connect_args=LIVELY)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StoreError(f"database {url!r}: {error}") from None


def upgrade(engine: Engine) -> None:
    """Bring the schema to this program's version. Raises StoreError where that cannot be."""
    from alembic import command  # a tenth of the time that a command needs to start, and rarely needed
    from alembic.config import Config

    with translated(engine), engine.connect() as connection:
        _refuse_newer(connection)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def check(engine: Engine) -> None:
    """Raise StoreError unless the schema is this program's: older ones say `swordnet db upgrade`, newer ones say so."""
    with translated(engine), engine.connect() as connection:
        _refuse_newer(connection)
        current = _version(connection)
    head = versions()[-1]
    if current != head:
        raise StoreError(
            f"the database is of version {current or 'none'}, this program's is {head}: run swordnet db upgrade"
        )


def is_empty(engine: Engine) -> bool:
    """Whether the database holds no schema yet."""
    with translated(engine), engine.connect() as connection:
        return _version(connection) is None


def versions() -> list[str]:
    """The schema's versions, the latest one last."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _version(connection: Connection) -> str | None:
    """The schema's version in the database; None where there is none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()


def _refuse_newer(connection: Connection) -> None:
    current = _version(connection)
    if current is not None and current not in versions():
        raise StoreError(
            f"the database is of version {current}, made by a newer swordnet: update swordnet, nothing was changed"
        )


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads: on SQLite it neither waits for the writer nor keeps it waiting."""
    with translated(engine), engine.connect().execution_options(reading=True) as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection in one transaction, committed at the end of the block."""
    with translated(engine), engine.begin() as connection:
        yield connection


def analyse(engine: Engine) -> None:
    """Let SQLite count what its indexes hold, so that a query takes the right one; PostgreSQL does so by itself."""
    if engine.dialect.name == "sqlite":
        with writing(engine) as connection:
            connection.exec_driver_sql(f"PRAGMA analysis_limit={ANALYSED}")
            connection.exec_driver_sql("ANALYZE")


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn the driver's errors into StoreError with the database's name."""
    try:
        yield
    except DatabaseError as error:
        name = engine.url.render_as_string(hide_password=True)
        said = str(error.orig)
        hint = next((told for words, told in _HINTS.items() if words in said), "")
        raise StoreError(f"database {name}: {said}{hint}") from error


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], keep: Collection[str] = ()) -> None:
    """Insert rows or, where their primary key exists, overwrite all other columns but `keep`."""
    if not rows:
        return
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    key = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key and name not in keep}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), list(rows))
