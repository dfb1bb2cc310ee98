"""Observe a night of many workers: every change of a unit, every request to the web, every worker's CPU time.

A trigger in the database logs each change of a unit, so that no overlap on a platform goes unnoticed; the web records
when each request arrived, so that politeness is measured where it matters.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

LOG = """
CREATE TABLE unit_log (unit integer, spider text, state text, holder text, attempt integer, at timestamptz);
CREATE FUNCTION log_unit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.state <> NEW.state OR OLD.attempt <> NEW.attempt THEN
    INSERT INTO unit_log VALUES (NEW.id, NEW.spider, NEW.state, NEW.holder, NEW.attempt, clock_timestamp());
  END IF; RETURN NEW; END $$;
CREATE TRIGGER log_unit AFTER UPDATE ON units FOR EACH ROW EXECUTE FUNCTION log_unit();
"""
HITS = "SELECT h.work, l.address, h.decision FROM hits h JOIN listings l ON l.id = h.listing"
CHANGES = "SELECT spider, state, unit, attempt, at, holder FROM unit_log ORDER BY at"


def plain(url: str) -> str:
    """The database URL in the form that libpq accepts."""
    return url.replace("postgresql+psycopg", "postgresql")


def watch(url: str) -> None:
    """Start logging the changes of units."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute(LOG.encode())


def held_by(url: str, pid: int) -> list[int]:
    """The ids of the units that the process `pid` is doing."""
    with psycopg.connect(plain(url)) as connection:
        rows = connection.execute("SELECT id, holder FROM units WHERE state = 'doing'").fetchall()
    return [unit for unit, holder in rows if holder.split(":")[1] == str(pid)]


def seen(url: str) -> dict[str, Any]:
    """The log of changes, the number of units by state, and the hits."""
    with psycopg.connect(plain(url)) as connection:
        log = connection.execute(CHANGES).fetchall()
        states = Counter(row[0] for row in connection.execute("SELECT state FROM units").fetchall())
        found = connection.execute(HITS.encode()).fetchall()
    return {"log": log, "states": dict(states), "hits": found}


def cpu(pid: int) -> float:
    """Seconds of CPU that a running process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def overlaps(log: list[Any], slots: int = 1) -> list[Any]:
    """The starts of a unit while as many others of its platform were in progress as it has `slots`."""
    doing: dict[str, set[int]] = {}
    found = []
    for spider, state, unit, attempt, at, _ in log:
        held = doing.setdefault(spider, set())
        if state == "doing":
            if len(held - {unit}) >= slots:
                found.append([round((at - log[0][4]).total_seconds(), 1), spider, unit, attempt, sorted(held)])
            held.add(unit)
        else:
            held.discard(unit)
    return found


def manners(told: dict[str, Any], delay: float) -> dict[str, Any]:
    """What the web saw: the smallest gap between two requests to a host, gaps below half the delay, robots.txt."""
    gaps = [after - before for times in told["times"].values() for before, after in pairwise(sorted(times))]
    return {
        "requests": sum(map(len, told["times"].values())),
        "smallest_gap_ms": round(1000 * min(gaps, default=0)),
        "gaps_below_half": sum(gap < delay / 2 for gap in gaps),
        "robots_asked": sum(told["robots"].values()),
    }


def taken_over(log: list[Any], units: list[int], at: Any) -> list[float]:
    """Seconds from the time `at` until each of these units was started again; -1.0 for one that never was."""
    begun = [
        next((when for _, state, unit, _, when, _ in log if unit == each and state == "doing" and when > at), None)
        for each in units
    ]
    return [round((when - at).total_seconds(), 1) if when else -1.0 for when in begun]
