"""What is known of pages asked before: validators for conditional requests with what was read, and hosts' robots.txt.

A cached page keeps ETag, Last-Modified, its digest, and the listings and requests it gave, so that an unchanged page
gives the same without being read. Its row is written together with the end of its unit, never before the listings of
the page are committed. A robots.txt is shared by all crawls and machines: each host is asked once while the answer is
fresh.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import asdict, frozen
from sqlalchemy import Connection, Engine, delete, select

from crawler.store import schema
from crawler.store.backoff import is_too_far_ahead
from crawler.store.database import read_connection, upsert, write_transaction

_pages = schema.seen_pages


@frozen(kw_only=True)
class CachedPage:
    """A page as it was last read. `further` are requests as plain values; `asked` (spider, kind, address, code)."""

    platform: str
    url: str
    digest: str
    reader: str
    checked_at: datetime
    etag: str | None = None
    modified: str | None = None
    listings: Sequence[str] = ()
    further: Sequence[Any] = ()
    asked: Sequence[Sequence[str | None]] = ()


class PageCache:
    """Pages in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get_page(self, platform: str, url: str) -> CachedPage | None:
        """The page of an address as this platform last read it."""
        with read_connection(self._engine) as connection:
            row = connection.execute(select(_pages).where(_pages.c.id == _page_id(platform, url))).first()
        if row is None:
            return None
        return CachedPage(**{name: value for name, value in row._mapping.items() if name != "id"})

    def delete_pages_before(self, moment: datetime) -> int:
        """Drop what was not asked since; returns how many pages."""
        with write_transaction(self._engine) as connection:
            return connection.execute(delete(_pages).where(_pages.c.checked_at < moment)).rowcount


def write_pages(connection: Connection, pages: Sequence[CachedPage]) -> None:
    """Keep pages inside a transaction, the last of an address."""
    rows = {_page_id(page.platform, page.url): asdict(page) for page in pages}
    upsert(connection, _pages, [{"id": key, **row} for key, row in rows.items()])


def _page_id(platform: str, url: str) -> str:
    return hashlib.sha256(f"{platform}\0{url}".encode("utf-8", "surrogatepass")).hexdigest()


_robots = schema.robots


@frozen(kw_only=True)
class RobotsFile:
    """A robots.txt as text, empty where the host has none; `reached` False: it could not be had."""

    root: str
    text: str
    reached: bool = True
    good_until: datetime


class RobotsCache:
    """Answers in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get_robots(self, root: str, now: datetime) -> RobotsFile | None:
        """The answer of a host, if it is still good."""
        is_fresh = (_robots.c.good_until > now) & ~is_too_far_ahead(_robots.c.good_until, now)
        with read_connection(self._engine) as connection:
            row = connection.execute(select(_robots).where(_robots.c.root == root, is_fresh)).first()
        if row is None:
            return None
        return RobotsFile(root=row.root, text=row.text, reached=bool(row.reached), good_until=row.good_until)

    def put_robots(self, robots_file: RobotsFile) -> None:
        """Keep an answer in place of the one before."""
        row = {"root": robots_file.root, "text": robots_file.text, "reached": int(robots_file.reached)}
        with write_transaction(self._engine) as connection:
            upsert(connection, _robots, [row | {"good_until": robots_file.good_until}])

    def delete_robots_before(self, moment: datetime) -> int:
        """Delete answers that were no longer good at that moment; returns how many."""
        with write_transaction(self._engine) as connection:
            return connection.execute(delete(_robots).where(_robots.c.good_until < moment)).rowcount
