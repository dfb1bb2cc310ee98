"""Runs: one for each night or on-demand crawl."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert, select, update

from crawler.store import schema
from crawler.store.engine import reading, writing


class Runs:
    """Runs in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, run: str, night: str, now: datetime) -> None:
        """Open a run."""
        with writing(self._engine) as connection:
            connection.execute(insert(schema.runs).values(id=run, night=night, started=now, counts={}))

    def finish(self, run: str, outcome: str, counts: Mapping[str, Any], now: datetime) -> None:
        """Close a run."""
        with writing(self._engine) as connection:
            values = {"finished": now, "outcome": outcome, "counts": dict(counts)}
            connection.execute(update(schema.runs).where(schema.runs.c.id == run).values(**values))

    def last(self) -> str | None:
        """The id of the run that started last."""
        with reading(self._engine) as connection:
            return connection.execute(select(schema.runs.c.id).order_by(schema.runs.c.started.desc()).limit(1)).scalar()
