"""The only package that speaks SQL: a Store is opened by database address and offers all that is kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import func, select

from crawler.errors import StoreError
from crawler.items import Work
from crawler.store.admin import ProgressCallback, SellerErasure, move_database
from crawler.store.backoff import Backoffs
from crawler.store.database import (
    KEEPALIVE_OPTIONS,
    analyse_tables,
    check_schema,
    hit_id,
    is_empty,
    listing_id,
    open_engine,
    read_connection,
    upgrade_schema,
)
from crawler.store.hit_query import HitQuery, SavedQueries
from crawler.store.hits import Hits
from crawler.store.listings import Listings
from crawler.store.pages import CachedPage, PageCache, RobotsCache, RobotsFile
from crawler.store.pictures import PictureCache
from crawler.store.rechecks import KnownPositive, KnownPositives, Recheck, Rechecks, RecheckState
from crawler.store.reviews import AuditSamples, Reviews, Rules
from crawler.store.run_progress import RunProgressReader
from crawler.store.runs import NamedValues, Run, Runs
from crawler.store.screening_settings import ScreeningSettings
from crawler.store.shares import Shares
from crawler.store.work_queue import ClaimLost, UnitResult, WorkQueue
from crawler.store.works import ImportCounts, Works

__all__ = [
    "CachedPage",
    "ClaimLost",
    "HitQuery",
    "ImportCounts",
    "KnownPositive",
    "Recheck",
    "RecheckState",
    "RobotsFile",
    "Run",
    "Store",
    "UnitResult",
    "hit_id",
    "listing_id",
]


class Store:
    """An opened database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = open_engine(url)
        self.works = Works(self.engine)
        self.hits = Hits(self.engine)
        self.queue = WorkQueue(self.engine)
        self.progress = RunProgressReader(self.engine)
        self.runs = Runs(self.engine)
        self.pictures = PictureCache(self.engine)
        self.shares = Shares(self.engine)
        self.backoffs = Backoffs(self.engine)
        self.robots = RobotsCache(self.engine)
        self.pages = PageCache(self.engine)
        self.rechecks = Rechecks(self.engine)
        self.listings = Listings(self.engine)
        self.known_positives = KnownPositives(self.engine)
        self.named_values = NamedValues(self.engine)
        self.reviews = Reviews(self.engine)
        self.rules = Rules(self.engine)
        self.audits = AuditSamples(self.engine)
        self.screening_settings = ScreeningSettings(self.engine)
        self.saved_queries = SavedQueries(self.engine)
        self.erasure = SellerErasure(self.engine)

    @classmethod
    def open(cls, url: str) -> Self:
        """A database with this program's schema; an empty one is set up. Raises StoreError where that cannot be."""
        _check_database_folder(url)
        store = cls(url)
        try:
            if is_empty(store.engine):
                upgrade_schema(store.engine)
            check_schema(store.engine)
        except StoreError:
            store.close()
            raise
        return store

    @property
    def conninfo(self) -> str | None:
        """How libpq reaches the database, password included; None where it is not PostgreSQL."""
        url = self.engine.url
        if url.get_backend_name() != "postgresql":
            return None
        keepalive_options = {name: str(value) for name, value in KEEPALIVE_OPTIONS.items()}
        return (
            url.set(drivername="postgresql").update_query_dict(keepalive_options).render_as_string(hide_password=False)
        )

    def current_time(self) -> datetime:
        """What time it is: by the server's clock where there is one, so that machines agree."""
        if self.engine.dialect.name != "postgresql":
            return datetime.now(UTC)
        with read_connection(self.engine) as connection:
            server_time: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return server_time

    def registered_works(self) -> list[Work]:
        """All works that are not retired, with what is known of their pictures."""
        return self.pictures.fill_pictures(self.works.all_works())

    def upgrade(self) -> None:
        """Bring the schema to this program's version."""
        upgrade_schema(self.engine)

    def analyse_tables(self) -> None:
        """Let the database count what it holds: at the end of what writes much."""
        analyse_tables(self.engine)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    def backup(self, target: Path) -> None:
        """A consistent copy of an SQLite database, also while it is written to. Raises StoreError."""
        _copy_sqlite_file(self._sqlite_file(), target)

    def restore(self, source: Path) -> None:
        """Replace the database by a copy that `backup` made. Raises StoreError; then nothing was changed."""
        if not source.is_file():
            raise StoreError(f"{source}: no such file")
        copy = Store(f"sqlite:///{source}")
        try:
            if is_empty(copy.engine):
                raise StoreError(f"{source}: not a database of swordnet")
            check_schema(copy.engine)
        finally:
            copy.close()
        self.close()
        _copy_sqlite_file(source, self._sqlite_file())

    def move_to(self, url: str, progress: ProgressCallback = lambda *_: None) -> dict[str, int]:
        """Copy everything to another, empty database; see crawler.store.admin. Raises StoreError."""
        _check_database_folder(url)
        target = open_engine(url)
        try:
            return move_database(self.engine, target, progress)
        finally:
            target.dispose()

    def _sqlite_file(self) -> Path:
        name = self.engine.url.database
        if self.engine.dialect.name != "sqlite" or not name or name == ":memory:":
            raise StoreError("backup and restore are for SQLite files; use pg_dump and pg_restore for PostgreSQL")
        return Path(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _copy_sqlite_file(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(source)) as source_connection,
            closing(sqlite3.connect(target)) as target_connection,
        ):
            source_connection.backup(target_connection)
    except sqlite3.Error as error:
        raise StoreError(f"copying {source} to {target}: {error}") from None


def _check_database_folder(url: str) -> None:
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url == prefix + ":memory:":
        return
    folder = Path(url.removeprefix(prefix)).parent
    if not folder.is_dir():
        raise StoreError(f"database {url}: there is no folder {folder}")
