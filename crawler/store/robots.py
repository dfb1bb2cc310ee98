"""What hosts' robots.txt say, for all crawls and machines: each host is asked for it once while the answer is good."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen
from sqlalchemy import Engine, delete, select

from crawler.store import schema
from crawler.store.clocks import is_too_far_ahead
from crawler.store.engine import read_connection, upsert, write_transaction

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
