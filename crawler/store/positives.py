"""Known positives: listings that a healthy night must find, so that "no hits" is told from "blind"."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen
from sqlalchemy import Engine, delete, select

from crawler.items import Decision
from crawler.store import schema
from crawler.store.engine import reading, upsert, writing
from crawler.store.values import listing_id

_positives, _hits = schema.known_positives, schema.hits


@frozen(kw_only=True)
class KnownPositive:
    """A listing that carries a work for certain."""

    url: str
    platform: str
    work: str


class Positives:
    """Known positives in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, known: KnownPositive, now: datetime) -> None:
        """Register a listing as "must be found"."""
        row = {"listing": listing_id(known.url), "url": known.url, "platform": known.platform, "work": known.work}
        with writing(self._engine) as connection:
            upsert(connection, _positives, [{**row, "added_at": now}])

    def drop(self, url: str) -> bool:
        """Take one back; False if there is none."""
        with writing(self._engine) as connection:
            gone = delete(_positives).where(_positives.c.listing == listing_id(url))
            return bool(connection.execute(gone).rowcount)

    def all(self) -> list[KnownPositive]:
        """All of them, by platform and address."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_positives).order_by(_positives.c.platform, _positives.c.url))
            return [KnownPositive(url=row.url, platform=row.platform, work=row.work) for row in rows]

    def missing(self, run: str) -> list[KnownPositive]:
        """Those that a run did not find as a hit of their work."""
        shown = (Decision.HIT.value, Decision.REVIEW.value, Decision.LICENSED.value)
        found = select(_hits.c.listing, _hits.c.work).where(_hits.c.run == run, _hits.c.decision.in_(shown))
        with reading(self._engine) as connection:
            pairs = {(row.listing, row.work) for row in connection.execute(found)}
        return [each for each in self.all() if (listing_id(each.url), each.work) not in pairs]
