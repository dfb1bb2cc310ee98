"""What was fetched before: pages with validators for conditional requests, hosts' robots.txt, and pictures by address.

A cached page keeps ETag, Last-Modified, its digest, and the listings and requests it yielded, so that an unchanged page
yields the same without being read. Its row is written together with the end of its unit, never before the page's
listings are committed. A robots.txt is shared by all crawls and machines: a host is asked once while the answer is
fresh.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import asdict, frozen
from sqlalchemy import Connection, delete, select

from crawler.items import Picture
from crawler.store import schema
from crawler.store.backoff import is_too_far_ahead
from crawler.store.database import Repository, from_json, read_connection, to_json, upsert, write_transaction
from crawler.urls import canonicalize_url

_pages, _robots, _pictures = schema.seen_pages, schema.robots, schema.pictures


@frozen(kw_only=True)
class CachedPage:
    """A page as it was last read.

    `reader` is what read it, `listings` are ids, `further` requests as plain values, `asked` the follow-up asks of its
    listings as tuples (spider, kind, address, code).
    """

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


@frozen(kw_only=True)
class RobotsFile:
    """A robots.txt as text, empty if the host has none; `reached` is False if it could not be fetched."""

    root: str
    text: str
    reached: bool = True
    good_until: datetime


class Pages(Repository):
    """Pages, robots.txt files and pictures that were fetched before."""

    def get_page(self, platform: str, url: str) -> CachedPage | None:
        """The page at an address as this platform last read it; None if it never was."""
        with read_connection(self._engine) as connection:
            row = connection.execute(select(_pages).where(_pages.c.id == _page_id(platform, url))).first()
        if row is None:
            return None
        return CachedPage(**{name: value for name, value in row._mapping.items() if name != "id"})

    def delete_pages_before(self, moment: datetime) -> int:
        """Delete pages last requested before `moment`; returns how many."""
        with write_transaction(self._engine) as connection:
            return connection.execute(delete(_pages).where(_pages.c.checked_at < moment)).rowcount

    def get_robots(self, root: str, now: datetime) -> RobotsFile | None:
        """A host's robots.txt; None if there is none that is still fresh."""
        is_fresh = (_robots.c.good_until > now) & ~is_too_far_ahead(_robots.c.good_until, now)
        with read_connection(self._engine) as connection:
            row = connection.execute(select(_robots).where(_robots.c.root == root, is_fresh)).first()
        if row is None:
            return None
        return RobotsFile(root=row.root, text=row.text, reached=bool(row.reached), good_until=row.good_until)

    def put_robots(self, robots_file: RobotsFile) -> None:
        """Store a host's robots.txt in place of the one before."""
        row = {"root": robots_file.root, "text": robots_file.text, "reached": int(robots_file.reached)}
        with write_transaction(self._engine) as connection:
            upsert(connection, _robots, [row | {"good_until": robots_file.good_until}])

    def delete_robots_before(self, moment: datetime) -> int:
        """Delete robots.txt files that expired before `moment`; returns how many."""
        with write_transaction(self._engine) as connection:
            return connection.execute(delete(_robots).where(_robots.c.good_until < moment)).rowcount

    def get_picture(self, url: str) -> Picture | None:
        """The picture fetched from an address; None if it never was."""
        with read_connection(self._engine) as connection:
            return read_picture(connection, url)

    def put_picture(self, picture: Picture, now: datetime) -> None:
        """Store a fetched picture under its address."""
        row = {
            "address": _picture_id(picture.url),
            "sha256": picture.sha256,
            "value": to_json(picture),
            "fetched_at": now,
        }
        with write_transaction(self._engine) as connection:
            upsert(connection, _pictures, [row])


def write_pages(connection: Connection, pages: Sequence[CachedPage]) -> None:
    """Store pages inside a transaction; of several with one address, the last."""
    rows = {_page_id(page.platform, page.url): asdict(page) for page in pages}
    upsert(connection, _pages, [{"id": key, **row} for key, row in rows.items()])


def read_picture(connection: Connection, url: str) -> Picture | None:
    """The picture fetched from an address; None if it never was."""
    value = connection.execute(select(_pictures.c.value).where(_pictures.c.address == _picture_id(url))).scalar()
    return None if value is None else from_json(value, Picture)


def _page_id(platform: str, url: str) -> str:
    return hashlib.sha256(f"{platform}\0{url}".encode("utf-8", "surrogatepass")).hexdigest()


def _picture_id(url: str) -> str:
    return hashlib.sha256(canonicalize_url(url).encode("utf-8", "surrogatepass")).hexdigest()
