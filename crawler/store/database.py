"""Opening a database, and what all tables share: schema version, transactions, locks, JSON values, ids.

SQLite runs with WAL, synchronous=FULL, foreign keys on, and every writing transaction as BEGIN IMMEDIATE (a deferred
read that turns into a write fails at once with SQLITE_BUSY_SNAPSHOT, whatever the timeout is). Locks are the system's
own (a PostgreSQL advisory lock, or flock on a file beside the SQLite file), so they are released however their holder
dies. Whole values (works, listings, findings, asks) are stored as JSON, written and read by `to_json` and `from_json`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import cattrs
from cattrs.gen import make_dict_unstructure_fn
from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from crawler.errors import Busy, DatabaseMissing, StoreError
from crawler.items import Ask, Finding, Listing, Work
from crawler.urls import canonicalize_url

BUSY_TIMEOUT_SECONDS = 30
MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"  # Alembic's own
ANALYSIS_LIMIT_ROWS = 1_000  # rows of each index that are sampled: some milliseconds, whatever the size
KEEPALIVE_OPTIONS: Mapping[str, int] = {  # libpq: a lost connection is noticed within half a minute
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
_NOTHING_LOST_HINT = "nothing that was committed is lost, and swordnet night goes on where it was"
_SQLITE_ERROR_HINTS = {  # words of SQLite's error -> what to do about it
    "disk is full": f"; free some space: {_NOTHING_LOST_HINT}",
    "disk I/O error": f"; is the disk full, or the folder gone? {_NOTHING_LOST_HINT}",
    "database is locked": f"; another program holds it: end that, {_NOTHING_LOST_HINT}",
    "readonly database": "; the file or its folder may not be written",
}


class Repository:
    """The base of each door of the store and of its parts: methods over one database engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine


def open_engine(url: str) -> Engine:
    """An engine for `url`. Raises StoreError if the address is malformed or its driver is not installed."""
    try:
        kind = make_url(url).get_backend_name()
        if kind == "sqlite":
            engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_immediate)
            return engine
        return create_engine(url, pool_pre_ping=True, connect_args=KEEPALIVE_OPTIONS)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StoreError(f"database {url!r}: {error}") from None


def check_database_folder(url: str) -> None:
    """Raise StoreError if `url` names an SQLite file in a folder that does not exist."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url == prefix + ":memory:":
        return
    folder = Path(url.removeprefix(prefix)).parent
    if not folder.is_dir():
        raise StoreError(f"database {url}: there is no folder {folder}")


def check_database_exists(url: str) -> None:
    """Raise DatabaseMissing if `url` names an SQLite file that does not exist: connecting would create it."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise DatabaseMissing(str(Path(address.database or url).absolute()))


def upgrade_schema(engine: Engine) -> None:
    """Bring the schema to this program's version. Raises StoreError if that fails."""
    from alembic import command  # imported late: a tenth of a command's start-up time, and rarely needed
    from alembic.config import Config

    with translate_errors(engine), engine.connect() as connection:
        _refuse_newer_schema(connection)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS_FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def check_schema(engine: Engine) -> None:
    """Raise StoreError unless the schema has this program's version; the message says what to do."""
    with translate_errors(engine), engine.connect() as connection:
        _refuse_newer_schema(connection)
        current = _current_version(connection)
    head = schema_versions()[-1]
    if current != head:
        raise StoreError(
            f"the database is of version {current or 'none'}, this program's is {head}: run swordnet db upgrade"
        )


def is_empty(engine: Engine) -> bool:
    """Whether the database has no schema yet."""
    with translate_errors(engine), engine.connect() as connection:
        return _current_version(connection) is None


def schema_versions() -> list[str]:
    """The schema's versions, oldest first."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS_FOLDER / "versions").glob("[0-9]*.py"))


def _current_version(connection: Connection) -> str | None:
    """The schema's version in the database; None if it has no schema."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()


def _refuse_newer_schema(connection: Connection) -> None:
    current = _current_version(connection)
    if current is not None and current not in schema_versions():
        raise StoreError(
            f"the database is of version {current}, made by a newer swordnet: update swordnet, nothing was changed"
        )


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # `_begin_immediate` begins transactions, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    is_read_only = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if is_read_only else "BEGIN IMMEDIATE")


@contextmanager
def read_connection(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads: on SQLite it neither waits for a writer nor blocks one."""
    with translate_errors(engine), engine.connect().execution_options(reading=True) as connection:
        yield connection


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """A connection in one transaction, committed at the end of the block; rolled back if the block raises."""
    with translate_errors(engine), engine.begin() as connection:
        yield connection


def analyse_tables(engine: Engine) -> None:
    """Update SQLite's index statistics, so that queries take the right index; PostgreSQL does so by itself."""
    if engine.dialect.name == "sqlite":
        with write_transaction(engine) as connection:
            connection.exec_driver_sql(f"PRAGMA analysis_limit={ANALYSIS_LIMIT_ROWS}")
            connection.exec_driver_sql("ANALYZE")


@contextmanager
def translate_errors(engine: Engine) -> Iterator[None]:
    """Turn the driver's errors into StoreError with the database's address."""
    try:
        yield
    except DatabaseError as error:
        name = engine.url.render_as_string(hide_password=True)
        message = str(error.orig)
        hint = next((advice for error_words, advice in _SQLITE_ERROR_HINTS.items() if error_words in message), "")
        raise StoreError(f"database {name}: {message}{hint}") from error


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], keep: Collection[str] = ()) -> None:
    """Insert rows; where a primary key exists already, overwrite all other columns except those in `keep`."""
    if not rows:
        return
    dialect_insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = dialect_insert(table)
    key_columns = [column.name for column in table.primary_key]
    updated_columns = {
        name: statement.excluded[name] for name in rows[0] if name not in key_columns and name not in keep
    }
    connection.execute(statement.on_conflict_do_update(index_elements=key_columns, set_=updated_columns), list(rows))


_NIGHT_LOCK_KEY = 0x5377_6F72  # PostgreSQL: the advisory lock of nights
_NAMED_LOCK_KEY = 0x5746  # PostgreSQL: with a name, the advisory locks of `named_lock`


@contextmanager
def night_lock(engine: Engine) -> Iterator[None]:
    """Hold the lock of nights for the block. Raises Busy if another process holds it."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.execute(text(f"SELECT pg_try_advisory_lock({_NIGHT_LOCK_KEY})")).scalar():
                raise Busy("another night is running on this database; nothing was started")
            try:
                yield
            finally:  # the connection returns to the pool and would keep the lock
                with suppress(DatabaseError):
                    connection.execute(text(f"SELECT pg_advisory_unlock({_NIGHT_LOCK_KEY})"))
        return
    name = engine.url.database
    if not name or name == ":memory:":
        yield
        return
    with _file_lock(Path(f"{name}.night")):
        yield


@contextmanager
def named_lock(engine: Engine, name: str) -> Iterator[None]:
    """Wait for the lock of this name and hold it for the block, across machines; on SQLite (one machine) do nothing."""
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        parameters = {"key": _NAMED_LOCK_KEY, "name": name}
        connection.execute(text("SELECT pg_advisory_lock(:key, hashtext(:name))"), parameters)
        try:
            yield
        finally:
            with suppress(DatabaseError):
                connection.execute(text("SELECT pg_advisory_unlock(:key, hashtext(:name))"), parameters)


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 100, 0).decode("ascii", "replace").strip()
            raise Busy(f"another night is running (process {holder or '?'}); nothing was started") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


T = TypeVar("T")


def _build_converter() -> cattrs.Converter:
    converter = cattrs.Converter(omit_if_default=True)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    converter.register_unstructure_hook(date, lambda value: value.isoformat())
    converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    converter.register_unstructure_hook(datetime, lambda value: value.isoformat())
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    for kind in (Work, Listing, Finding, Ask):
        converter.register_unstructure_hook(
            kind, make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True)
        )
    return converter


_CONVERTER = _build_converter()


def to_json(value: Any) -> Any:
    """A value as JSON types; fields equal to their default are left out."""
    return _CONVERTER.unstructure(value)


def from_json(data: Any, kind: type[T]) -> T:
    """The value of type `kind` that `to_json` wrote. Raises cattrs.BaseValidationError on other data."""
    return _CONVERTER.structure(data, kind)


def listing_id(address: str) -> str:
    """The stable identity of a listing: a digest of its canonical address."""
    return _short_digest(canonicalize_url(address))


def hit_id(work_id: str, address: str) -> str:
    """The stable identity of a hit: a digest of the work and the listing's canonical address."""
    return _short_digest(f"{work_id}\0{canonicalize_url(address)}")


def _short_digest(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def value_digest(value: Any) -> str:
    """SHA-256 of a value's JSON, the same on every machine."""
    serialised = json.dumps(to_json(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(serialised.encode("utf-8", "surrogatepass")).hexdigest()
