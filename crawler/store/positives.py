"""Known positives: listings that a healthy night must find, so that "no hits" is told from "blind"."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen
from sqlalchemy import Engine, delete, select

from crawler.items import Decision
from crawler.store import schema
from crawler.store.engine import read_connection, upsert, write_transaction
from crawler.store.values import listing_id

_positives, _hit_table = schema.known_positives, schema.hits


@frozen(kw_only=True)
class KnownPositive:
    """A listing that carries a work for certain."""

    url: str
    platform: str
    work: str


class KnownPositives:
    """Known positives in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_positive(self, positive: KnownPositive, now: datetime) -> None:
        """Register a listing as "must be found"."""
        row = {
            "listing": listing_id(positive.url),
            "url": positive.url,
            "platform": positive.platform,
            "work": positive.work,
        }
        with write_transaction(self._engine) as connection:
            upsert(connection, _positives, [{**row, "added_at": now}])

    def remove_positive(self, url: str) -> bool:
        """Take one back; False if there is none."""
        with write_transaction(self._engine) as connection:
            deletion = delete(_positives).where(_positives.c.listing == listing_id(url))
            return bool(connection.execute(deletion).rowcount)

    def all_positives(self) -> list[KnownPositive]:
        """All of them, by platform and address."""
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(_positives).order_by(_positives.c.platform, _positives.c.url))
            return [KnownPositive(url=row.url, platform=row.platform, work=row.work) for row in rows]

    def missing_positives(self, run: str) -> list[KnownPositive]:
        """Those that a run did not find as a hit of their work."""
        shown_decisions = (Decision.HIT.value, Decision.REVIEW.value, Decision.LICENSED.value)
        found_query = select(_hit_table.c.listing, _hit_table.c.work).where(
            _hit_table.c.run == run, _hit_table.c.decision.in_(shown_decisions)
        )
        with read_connection(self._engine) as connection:
            pairs = {(row.listing, row.work) for row in connection.execute(found_query)}
        return [positive for positive in self.all_positives() if (listing_id(positive.url), positive.work) not in pairs]
