"""A rematch on many machines: all stored listings as units, split by ranges of their ids, done by all workers.

It is a run of its own kind. Nothing is asked of the web, and what an interrupted one left is not gone on with: the
registry may have changed since.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from crawler.config import Config
from crawler.errors import Interrupted
from crawler.items import UnitKind
from crawler.messages import render_message
from crawler.store import Store
from crawler.store.lock import night_lock
from crawler.store.runs import REMATCH_RUN
from crawler.web.session import Session
from desk.rematching import RematchCounts


def rematch_on_cluster(store: Store, config: Config, now: Callable[[], datetime]) -> RematchCounts:
    """Plan, hand out, wait. Raises Busy while a night runs, Interrupted where units could not be done."""
    from crawler.cluster import supervise_run

    with night_lock(store.engine):
        _close_stale_runs(store, now())
        date = f"{now().astimezone(config.zone):%Y-%m-%d}"
        run = f"{now().astimezone(config.zone):%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
        store.runs.start_run(run, date, now(), REMATCH_RUN)
        for name, id_prefixes in store.listings.portion_asks().items():
            store.queue.plan_platform(run, name, {(name, UnitKind.REMATCH): [(ask,) for ask in id_prefixes]})
        supervise_run(Session(config=config, store=store, now=now), run)
        outcomes = store.queue.unit_outcomes(run)
        undone = sum(state != "done" for _, _, state, _ in outcomes)
        store.runs.finish_run(run, "unhealthy" if undone else "done", {}, now())
    if undone:
        raise Interrupted(render_message("desk.cli", "rematch_undone", config.language, units=undone))
    numbers = [[outcome.get(name, 0) for _, _, _, outcome in outcomes] for name in ("matched", "changed", "hits")]
    listings, changed, hits = map(sum, numbers)
    return RematchCounts(listings=listings, changed=changed, hits=hits)


def _close_stale_runs(store: Store, now: datetime) -> None:
    for run in store.runs.latest_runs(kind=REMATCH_RUN):
        if run.finished is None:
            store.queue.skip_units(run.id)
            store.runs.finish_run(run.id, "unhealthy", {}, now)
