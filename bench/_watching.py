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

LOG_SCHEMA_SQL = """
CREATE TABLE unit_log (unit integer, spider text, state text, holder text, attempt integer, at timestamptz);
CREATE FUNCTION log_unit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.state <> NEW.state OR OLD.attempt <> NEW.attempt THEN
    INSERT INTO unit_log VALUES (NEW.id, NEW.spider, NEW.state, NEW.holder, NEW.attempt, clock_timestamp());
  END IF; RETURN NEW; END $$;
CREATE TRIGGER log_unit AFTER UPDATE ON units FOR EACH ROW EXECUTE FUNCTION log_unit();
"""
HITS_SQL = "SELECT h.work, l.address, h.decision FROM hits h JOIN listings l ON l.id = h.listing"
CHANGES_SQL = "SELECT spider, state, unit, attempt, at, holder FROM unit_log ORDER BY at"


def libpq_url(url: str) -> str:
    """The database URL in the form that libpq accepts."""
    return url.replace("postgresql+psycopg", "postgresql")


def start_unit_log(url: str) -> None:
    """Start logging the changes of units."""
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute(LOG_SCHEMA_SQL.encode())


def claimed_units(url: str, pid: int) -> list[int]:
    """The ids of the units that the process `pid` is doing."""
    with psycopg.connect(libpq_url(url)) as connection:
        rows = connection.execute("SELECT id, holder FROM units WHERE state = 'doing'").fetchall()
    return [unit for unit, holder in rows if holder.split(":")[1] == str(pid)]


def night_records(url: str) -> dict[str, Any]:
    """The log of changes, the number of units by state, and the hits."""
    with psycopg.connect(libpq_url(url)) as connection:
        log = connection.execute(CHANGES_SQL).fetchall()
        states = Counter(row[0] for row in connection.execute("SELECT state FROM units").fetchall())
        hits = connection.execute(HITS_SQL.encode()).fetchall()
    return {"log": log, "states": dict(states), "hits": hits}


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that a running process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def find_overlaps(log: list[Any], slots: int = 1) -> list[Any]:
    """The starts of a unit while as many others of its platform were in progress as it has `slots`."""
    claimed_by_platform: dict[str, set[int]] = {}
    overlap_rows = []
    for spider, state, unit, attempt, at, _ in log:
        claimed = claimed_by_platform.setdefault(spider, set())
        if state == "doing":
            if len(claimed - {unit}) >= slots:
                overlap_rows.append(
                    [round((at - log[0][4]).total_seconds(), 1), spider, unit, attempt, sorted(claimed)]
                )
            claimed.add(unit)
        else:
            claimed.discard(unit)
    return overlap_rows


def politeness_figures(web_report: dict[str, Any], delay: float) -> dict[str, Any]:
    """What the web saw: the smallest gap between two requests to a host, gaps below half the delay, robots.txt."""
    gaps = [after - before for times in web_report["times"].values() for before, after in pairwise(sorted(times))]
    return {
        "requests": sum(map(len, web_report["times"].values())),
        "smallest_gap_ms": round(1000 * min(gaps, default=0)),
        "gaps_below_half": sum(gap < delay / 2 for gap in gaps),
        "robots_asked": sum(web_report["robots"].values()),
    }


def takeover_seconds(log: list[Any], units: list[int], at: Any) -> list[float]:
    """Seconds from the time `at` until each of these units was started again; -1.0 for one that never was."""
    restarts = [
        next((when for _, state, unit, _, when, _ in log if unit == unit_id and state == "doing" and when > at), None)
        for unit_id in units
    ]
    return [round((when - at).total_seconds(), 1) if when else -1.0 for when in restarts]
