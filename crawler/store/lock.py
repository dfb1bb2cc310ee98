"""One night at a time on one database: a lock that the system takes back when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from crawler.errors import Busy, StoreError

_NIGHT_LOCK_KEY = 0x5377_6F72  # PostgreSQL: the advisory lock of nights
_NAMED_LOCK_KEY = 0x5746  # with a name: those of `alone`


@contextmanager
def night_lock(engine: Engine) -> Iterator[None]:
    """Hold the lock for the block. Raises Busy where another process holds it."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.execute(text(f"SELECT pg_try_advisory_lock({_NIGHT_LOCK_KEY})")).scalar():
                raise Busy("another night is running on this database; nothing was started")
            try:
                yield
            finally:  # the connection goes back to the pool, and would keep the lock
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
    """Wait until nobody else on this database, on any machine, is at what has this name; SQLite has one machine."""
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
