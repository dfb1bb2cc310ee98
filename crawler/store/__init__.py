"""The only package that speaks SQL: a `Store` is opened by database address and offers everything through eleven doors.

Each door is a repository: methods over the database, grouped by what they keep. Other packages import from here only.
"""

from __future__ import annotations

from typing import Self

from crawler.errors import DatabaseMissing, StoreError
from crawler.store.admin import Admin
from crawler.store.backoff import Backoff
from crawler.store.calibration import AppliedCalibration, AuditSample
from crawler.store.database import (
    check_database_exists,
    check_database_folder,
    check_schema,
    from_json,
    hit_id,
    is_empty,
    listing_id,
    open_engine,
    to_json,
    upgrade_schema,
)
from crawler.store.erasure import ErasureCounts, WorkErasureCounts
from crawler.store.hit_query import NO_VERDICT, HitQuery, query_from_dict
from crawler.store.hits import Hits, HitSummary, StoredHit, is_up, listing_share_states
from crawler.store.listings import STORED_LISTINGS_BATCH, Listings, ScreeningKeys, StoredListing
from crawler.store.pages import CachedPage, Pages, RobotsFile
from crawler.store.queue_status import DueUnit, WorkerActivity
from crawler.store.rechecks import KnownPositive, Recheck, Rechecks, RecheckState, recheck_ask
from crawler.store.reviews import DecisionSnapshot, ReviewedHit, ReviewEntry, Reviews, StoredRule
from crawler.store.runs import CRAWL_RUN, NIGHT_RUN, REMATCH_RUN, REPLAY_RUN, Run, RunProgress, Runs
from crawler.store.screening_settings import (
    MIN_JUDGED_COPIES,
    MIN_JUDGED_WORKS,
    PLACE_FIELDS,
    OfficialShop,
    OutletRecords,
    Place,
    PlaceRecord,
    StoredOutlet,
)
from crawler.store.shares import Shares
from crawler.store.work_queue import ClaimLost, UnitResult, WorkQueue
from crawler.store.works import ALIAS_RULE, ImportCounts, Works

__all__ = [
    "ALIAS_RULE",
    "CRAWL_RUN",
    "MIN_JUDGED_COPIES",
    "MIN_JUDGED_WORKS",
    "NIGHT_RUN",
    "NO_VERDICT",
    "PLACE_FIELDS",
    "REMATCH_RUN",
    "REPLAY_RUN",
    "STORED_LISTINGS_BATCH",
    "AppliedCalibration",
    "AuditSample",
    "Backoff",
    "CachedPage",
    "ClaimLost",
    "DecisionSnapshot",
    "DueUnit",
    "ErasureCounts",
    "HitQuery",
    "HitSummary",
    "ImportCounts",
    "KnownPositive",
    "OfficialShop",
    "OutletRecords",
    "Place",
    "PlaceRecord",
    "Recheck",
    "RecheckState",
    "ReviewEntry",
    "ReviewedHit",
    "RobotsFile",
    "Run",
    "RunProgress",
    "ScreeningKeys",
    "Store",
    "StoredHit",
    "StoredListing",
    "StoredOutlet",
    "StoredRule",
    "UnitResult",
    "WorkErasureCounts",
    "WorkerActivity",
    "from_json",
    "hit_id",
    "is_up",
    "listing_id",
    "listing_share_states",
    "query_from_dict",
    "recheck_ask",
    "to_json",
]


class Store:
    """An opened database, through eleven doors.

    `works`: the registry, pictures of works, quarantine, official shops, median prices. `queue`: units of work and
    back-off. `listings`: what was read. `hits`: what was decided about it, saved queries, exports. `reviews`: verdicts,
    rules, audit samples, calibrations. `runs`: runs, their progress, named values. `pages`: pages, robots.txt and
    pictures fetched before. `shares`: shares of cloud drives. `rechecks`: known hits checked again, known positives.
    `outlets`: outlets of copies, proposed and confirmed. `admin`: the database as a whole.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self.works = Works(self._engine)
        self.queue = WorkQueue(self._engine)
        self.listings = Listings(self._engine)
        self.hits = Hits(self._engine)
        self.reviews = Reviews(self._engine)
        self.runs = Runs(self._engine)
        self.pages = Pages(self._engine)
        self.shares = Shares(self._engine)
        self.rechecks = Rechecks(self._engine)
        self.outlets = OutletRecords(self._engine)
        self.admin = Admin(self._engine)

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Open a database with this program's schema; an empty one is set up. Raises StoreError if that fails.

        Without `create` nothing is made: raises DatabaseMissing if there is no database, or an empty one.
        """
        check_database_folder(url)
        store = cls(url)
        try:
            if not create:
                check_database_exists(url)
            if is_empty(store._engine):
                if not create:
                    raise DatabaseMissing(store.admin.display_url)
                upgrade_schema(store._engine)
            check_schema(store._engine)
        except StoreError:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
