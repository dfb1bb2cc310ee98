"""A plain connection to a database, for tests that look at its rows past the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from crawler.store.database import open_engine


@contextmanager
def connection_to(url: str) -> Iterator[Connection]:
    """A connection that is closed at the end of the block."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
