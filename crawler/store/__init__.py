"""The only place that speaks SQL. A Store is opened by address and offers works, hits, units, runs and pictures."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import func, select

from crawler.errors import StoreError
from crawler.items import Work
from crawler.store.audits import Audits
from crawler.store.checks import Check, Checks, CheckState
from crawler.store.clocks import Clocks
from crawler.store.engine import LIVELY, analyse, check, is_empty, open_engine, reading, upgrade
from crawler.store.filters import Filter
from crawler.store.forgetting import Forgetting
from crawler.store.hits import Hits
from crawler.store.judgements import Judgements
from crawler.store.listings import Listings
from crawler.store.marks import Marks
from crawler.store.moving import Progress, move
from crawler.store.pictures import Pictures
from crawler.store.positives import KnownPositive, Positives
from crawler.store.robots import RobotsAnswer, RobotsAnswers
from crawler.store.rules import Rules
from crawler.store.runs import Run, Runs
from crawler.store.seen import SeenPage, SeenPages
from crawler.store.shares import Shares
from crawler.store.standing import Standing
from crawler.store.trust import Trust
from crawler.store.units import ClaimLost, Settlement, Units
from crawler.store.values import hit_id, listing_id
from crawler.store.views import Views
from crawler.store.works import Imported, Works

__all__ = [
    "Check",
    "CheckState",
    "ClaimLost",
    "Filter",
    "Imported",
    "KnownPositive",
    "RobotsAnswer",
    "Run",
    "SeenPage",
    "Settlement",
    "Store",
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
        self.units = Units(self.engine)
        self.standing = Standing(self.engine)
        self.runs = Runs(self.engine)
        self.pictures = Pictures(self.engine)
        self.shares = Shares(self.engine)
        self.clocks = Clocks(self.engine)
        self.robots = RobotsAnswers(self.engine)
        self.seen = SeenPages(self.engine)
        self.checks = Checks(self.engine)
        self.listings = Listings(self.engine)
        self.positives = Positives(self.engine)
        self.marks = Marks(self.engine)
        self.judgements = Judgements(self.engine)
        self.rules = Rules(self.engine)
        self.audits = Audits(self.engine)
        self.trust = Trust(self.engine)
        self.views = Views(self.engine)
        self.forgetting = Forgetting(self.engine)

    @classmethod
    def open(cls, url: str) -> Self:
        """A database with this program's schema; an empty one is set up. Raises StoreError where that cannot be."""
        _writable_folder(url)
        store = cls(url)
        try:
            if is_empty(store.engine):
                upgrade(store.engine)
            check(store.engine)
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
        lively = {name: str(value) for name, value in LIVELY.items()}
        return url.set(drivername="postgresql").update_query_dict(lively).render_as_string(hide_password=False)

    def moment(self) -> datetime:
        """What time it is: by the server's clock where there is one, so that machines agree."""
        if self.engine.dialect.name != "postgresql":
            return datetime.now(UTC)
        with reading(self.engine) as connection:
            told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return told

    def registry(self) -> list[Work]:
        """All works that are not retired, with what is known of their pictures."""
        return self.pictures.complete(self.works.all())

    def upgrade(self) -> None:
        """Bring the schema to this program's version."""
        upgrade(self.engine)

    def analyse(self) -> None:
        """Let the database count what it holds: at the end of what writes much."""
        analyse(self.engine)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    def backup(self, target: Path) -> None:
        """A consistent copy of an SQLite database, also while it is written to. Raises StoreError."""
        _copy(self._file(), target)

    def restore(self, source: Path) -> None:
        """Replace the database by a copy that `backup` made. Raises StoreError; then nothing was changed."""
        if not source.is_file():
            raise StoreError(f"{source}: no such file")
        copy = Store(f"sqlite:///{source}")
        try:
            if is_empty(copy.engine):
                raise StoreError(f"{source}: not a database of swordnet")
            check(copy.engine)
        finally:
            copy.close()
        self.close()
        _copy(source, self._file())

    def move_to(self, url: str, progress: Progress = lambda *_: None) -> dict[str, int]:
        """Copy everything to another, empty database; see crawler.store.moving. Raises StoreError."""
        _writable_folder(url)
        target = open_engine(url)
        try:
            return move(self.engine, target, progress)
        finally:
            target.dispose()

    def _file(self) -> Path:
        name = self.engine.url.database
        if self.engine.dialect.name != "sqlite" or not name or name == ":memory:":
            raise StoreError("backup and restore are for SQLite files; use pg_dump and pg_restore for PostgreSQL")
        return Path(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _copy(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        raise StoreError(f"copying {source} to {target}: {error}") from None


def _writable_folder(url: str) -> None:
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url == prefix + ":memory:":
        return
    folder = Path(url.removeprefix(prefix)).parent
    if not folder.is_dir():
        raise StoreError(f"database {url}: there is no folder {folder}")
