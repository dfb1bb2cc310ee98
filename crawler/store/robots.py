"""What hosts' robots.txt say, for all crawls and machines: each host is asked for it once while the answer is good."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen
from sqlalchemy import Engine, delete, select

from crawler.store import schema
from crawler.store.clocks import ahead
from crawler.store.engine import reading, upsert, writing

_robots = schema.robots


@frozen(kw_only=True)
class RobotsAnswer:
    """A robots.txt as text, empty where the host has none; `reached` False: it could not be had."""

    root: str
    text: str
    reached: bool = True
    good_until: datetime


class RobotsAnswers:
    """Answers in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, root: str, now: datetime) -> RobotsAnswer | None:
        """The answer of a host, if it is still good."""
        good = (_robots.c.good_until > now) & ~ahead(_robots.c.good_until, now)
        with reading(self._engine) as connection:
            row = connection.execute(select(_robots).where(_robots.c.root == root, good)).first()
        if row is None:
            return None
        return RobotsAnswer(root=row.root, text=row.text, reached=bool(row.reached), good_until=row.good_until)

    def put(self, answer: RobotsAnswer) -> None:
        """Keep an answer in place of the one before."""
        row = {"root": answer.root, "text": answer.text, "reached": int(answer.reached)}
        with writing(self._engine) as connection:
            upsert(connection, _robots, [row | {"good_until": answer.good_until}])

    def forget_before(self, then: datetime) -> int:
        """Delete answers that were no longer good at that moment; returns how many."""
        with writing(self._engine) as connection:
            return connection.execute(delete(_robots).where(_robots.c.good_until < then)).rowcount
