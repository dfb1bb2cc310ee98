"""Pages seen: what an answer said of itself (ETag, Last-Modified), its digest, and what was read from it.

So the next night asks "only if changed", and an unchanged page gives the same listings and requests without being read.
A row is written together with the end of its unit, never before the listings of the page are committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import asdict, frozen
from sqlalchemy import Connection, Engine, delete, select

from crawler.store import schema
from crawler.store.engine import read_connection, upsert, write_transaction

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
