"""The tables. A change here comes with a migration in crawler/store/migrations; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite has no time zones of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Mark as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


works = Table(
    "works",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("title", Text, nullable=False),
    Column("kind", String(40)),
    Column("owner", Text),
    Column("priority", Integer, nullable=False, default=0),
    Column("digest", String(64), nullable=False),  # of all fields: tells a changed work from an unchanged one
    Column("value", JSON, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime),
)

listings = Table(
    "listings",
    metadata,
    Column("id", String(32), primary_key=True),  # digest of the address
    Column("address", Text, nullable=False, unique=True),  # canonical, see crawler.urls
    Column("platform", String(60), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("value", JSON, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("run", String(40), nullable=False),
    Column("key", Text),  # folded title and text: what a rematch with new works prefilters by
    Column("looks", LargeBinary),  # the hashes of its pictures, eight bytes each
)

hits = Table(
    "hits",
    metadata,
    Column("id", String(32), primary_key=True),  # digest of work and first address
    Column("listing", String(32), ForeignKey("listings.id"), nullable=False),
    Column("work", String(200), ForeignKey("works.id"), nullable=False, index=True),
    Column("platform", String(60), nullable=False),
    Column("identity", Float, nullable=False),
    Column("offence", Float, nullable=False),
    Column("decision", String(20), nullable=False),
    Column("findings", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("run", String(40), nullable=False, index=True),
    Column("seller", String(300)),  # number or name; for filters and histories
    Column("rank", Float, nullable=False, default=0.0),  # expected harm, see matchers/harm.py
    Column("judged", String(20)),  # the current verdict
    Column("changed_at", UtcDateTime),  # when it last changed: found, decided differently, judged
    UniqueConstraint("listing", "work", name="uq_hits_listing_work"),
    Index("ix_hits_decision_platform", "decision", "platform", "rank"),
    # Every column of a query: what no other index serves is read from this one, never from the wide rows.
    Index(
        "ix_hits_order",
        *("decision", "rank", "id", "platform", "work", "seller", "run", "judged", "last_seen", "changed_at"),
    ),
    Index("ix_hits_work_decision", "work", "decision", "rank"),
    Index("ix_hits_judged", "judged", "decision", "rank"),
    Index("ix_hits_seller", "seller"),
    Index("ix_hits_changed_at", "changed_at"),
)

judgements = Table(
    "judgements",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("hit", String(32), ForeignKey("hits.id"), nullable=False, index=True),
    Column("verdict", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("undoes", Integer),  # the judgement that this one undoes
    # What the program had decided when it was judged: what calibrate and report quality learn from.
    Column("decision", String(20)),
    Column("identity", Float),
    Column("offence", Float),
    Column("channel", String(20)),
    Column("terms", JSON),  # ground -> strength
)

rules = Table(
    "rules",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(20), nullable=False),  # listing, seller, phrase, alias
    Column("work", String(200), ForeignKey("works.id"), nullable=False, index=True),
    Column("platform", String(60), nullable=False, default=""),
    Column("value", Text, nullable=False),  # what is compared
    Column("shown", Text, nullable=False, default=""),
    Column("judgement", Integer),  # the one that created it
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_by", Text),
)

quarantines = Table(
    "quarantines",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("work", String(200), ForeignKey("works.id"), nullable=False, index=True),
    Column("held", Integer, nullable=False),  # 1: put into quarantine, 0: released
    Column("why", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

samples = Table(
    "samples",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run", String(40), nullable=False, index=True),
    Column("hit", String(32), ForeignKey("hits.id"), nullable=False, index=True),
    Column("platform", String(60), nullable=False),
    Column("decision", String(20), nullable=False),  # when it was drawn
    Column("stands_for", Float, nullable=False),  # how many pairs of its kind there were for each one drawn
    Column("at", UtcDateTime, nullable=False),
)

calibrations = Table(
    "calibrations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("weights", JSON),  # None: those that ship
    Column("told", JSON, nullable=False),  # the figures before and after
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

official = Table(
    "official",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner", Text, nullable=False),
    Column("platform", Text),
    Column("seller", Text),
    Column("territory", Text),
    Column("since", String(10)),
    Column("until", String(10)),
    Column("at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
)

outlets = Table(
    "outlets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("field", String(10), nullable=False),  # seller, host or platform
    Column("platform", String(60), nullable=False, default=""),  # of a seller
    Column("value", String(300), nullable=False),
    Column("copies", Integer, nullable=False),  # judged infringing when it was confirmed
    Column("works", Integer, nullable=False),  # of how many works
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_by", Text),
)

medians = Table(
    "medians",
    metadata,
    Column("work", String(200), ForeignKey("works.id"), primary_key=True),
    Column("platform", String(60), primary_key=True),
    Column("currency", String(3), nullable=False),
    Column("price", Text, nullable=False),
    Column("count", Integer, nullable=False),
)

filters = Table(
    "filters",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

exports = Table(
    "exports",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("by", Text, nullable=False),
    Column("filter", JSON, nullable=False),
    Column("file", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

shares = Table(
    "shares",
    metadata,
    Column("platform", String(60), primary_key=True),
    Column("share_id", String(400), primary_key=True),
    Column("url", Text, nullable=False),
    Column("code", Text),
    Column("state", String(30), nullable=False),
    Column("checked_at", UtcDateTime),
)

share_checks = Table(
    "share_checks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("platform", String(60), nullable=False),
    Column("share_id", String(400), nullable=False),
    Column("code", Text),
    Column("state", String(30), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("status", String(10), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("run", String(40), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_share_checks_share", "platform", "share_id"),
)

share_sellers = Table(
    "share_sellers",
    metadata,
    Column("platform", String(60), primary_key=True),
    Column("share_id", String(400), primary_key=True),
    Column("listing", String(32), ForeignKey("listings.id"), primary_key=True),
)

pictures = Table(
    "pictures",
    metadata,
    Column("address", String(64), primary_key=True),  # digest of the canonical address
    Column("sha256", String(64), nullable=False),
    Column("value", JSON, nullable=False),
    Column("fetched_at", UtcDateTime, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("night", String(10), nullable=False),
    Column("started", UtcDateTime, nullable=False),
    Column("finished", UtcDateTime),
    Column("outcome", String(20)),
    Column("counts", JSON, nullable=False),
    Column("kind", String(10), nullable=False, default="crawl"),  # crawl, night, rematch or replay
    Column("planned", JSON, nullable=False, default=list),  # the platforms whose first wave is planned
)

units = Table(
    "units",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run", String(40), ForeignKey("runs.id"), nullable=False),
    Column("spider", String(60), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("wave", Integer, nullable=False),
    Column("key", String(64), nullable=False),  # digest of the asks
    Column("asks", JSON, nullable=False),
    Column("state", String(10), nullable=False),  # UnitState; skipped: over its platform's budget
    Column("priority", Integer, nullable=False, default=0),  # within a wave; higher ones first
    Column("holder", String(80)),
    Column("lease", UtcDateTime),
    Column("attempt", Integer, nullable=False, default=0),
    Column("not_before", UtcDateTime),
    Column("outcome", JSON),
    Column("planned_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    UniqueConstraint("run", "spider", "kind", "key", name="uq_units_content"),
    Index("ix_units_run_state", "run", "state"),
    Index("ix_units_state_spider", "state", "spider"),
)

clocks = Table(
    "clocks",
    metadata,
    Column("key", String(300), primary_key=True),  # platform:NAME or host:HOST:PORT
    Column("not_before", UtcDateTime, nullable=False),
    Column("failures", Integer, nullable=False, default=0),  # of a host, in a row
    Column("why", Text, nullable=False, default=""),
)

robots = Table(
    "robots",
    metadata,
    Column("root", String(300), primary_key=True),  # scheme and host, with the port where it is not the usual one
    Column("text", Text, nullable=False),
    Column("reached", Integer, nullable=False),  # 0: it could not be fetched, which disallows all for a while
    Column("good_until", UtcDateTime, nullable=False),
)

seen_pages = Table(
    "seen_pages",
    metadata,
    Column("id", String(64), primary_key=True),  # digest of platform and address as asked
    Column("platform", String(60), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("etag", Text),
    Column("modified", Text),
    Column("digest", String(64), nullable=False),  # of the body
    Column("reader", String(64), nullable=False),  # what read it; another reader reads it again
    Column("listings", JSON, nullable=False),  # their ids
    Column("further", JSON, nullable=False),  # further requests that the page yielded
    Column("asked", JSON, nullable=False),  # the follow-up asks of its listings
    Column("checked_at", UtcDateTime, nullable=False),
)

hit_checks = Table(
    "hit_checks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("listing", String(32), ForeignKey("listings.id"), nullable=False, index=True),
    Column("state", String(10), nullable=False),  # up, changed, gone, blocked, unknown, returned
    Column("outcome", String(20), nullable=False),
    Column("status", String(10), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of the answer; empty where none came
    Column("told", Text, nullable=False, default=""),
    Column("run", String(40), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
)

watched = Table(
    "watched",
    metadata,
    Column("listing", String(32), ForeignKey("listings.id"), primary_key=True),
    Column("platform", String(60), nullable=False),
    Column("next_check", UtcDateTime, nullable=False, index=True),
    Column("calm", Integer, nullable=False, default=0),  # checks in a row with the same result
    Column("state", String(10), nullable=False),
)

known_positives = Table(
    "known_positives",
    metadata,
    Column("listing", String(32), primary_key=True),  # digest of the address; need not be stored yet
    Column("url", Text, nullable=False),
    Column("platform", String(60), nullable=False, index=True),
    Column("work", String(200), ForeignKey("works.id"), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", Text, nullable=False),
)
