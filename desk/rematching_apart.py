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
from crawler.messages import say
from crawler.store import Store
from crawler.store.lock import night_lock
from crawler.store.runs import REMATCH
from crawler.web.session import Session
from desk.rematching import Rematched


def rematch_apart(store: Store, config: Config, now: Callable[[], datetime]) -> Rematched:
    """Plan, hand out, wait. Raises Busy while a night runs, Interrupted where units could not be done."""
    from crawler.cluster import oversee

    with night_lock(store.engine):
        _give_up_older(store, now())
        date = f"{now().astimezone(config.zone):%Y-%m-%d}"
        run = f"{now().astimezone(config.zone):%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
        store.runs.start(run, date, now(), REMATCH)
        for name, beginnings in store.listings.portions().items():
            store.units.plan_platform(run, name, {(name, UnitKind.REMATCH): [(each,) for each in beginnings]})
        oversee(Session(config=config, store=store, now=now), run)
        told = store.units.outcomes(run)
        undone = sum(state != "done" for _, _, state, _ in told)
        store.runs.finish(run, "unhealthy" if undone else "done", {}, now())
    if undone:
        raise Interrupted(say("desk.cli", "rematch_undone", config.language, units=undone))
    numbers = [[outcome.get(name, 0) for _, _, _, outcome in told] for name in ("matched", "changed", "hits")]
    listings, changed, hits = map(sum, numbers)
    return Rematched(listings=listings, changed=changed, hits=hits)


def _give_up_older(store: Store, now: datetime) -> None:
    for run in store.runs.latest(kind=REMATCH):
        if run.finished is None:
            store.units.skip(run.id)
            store.runs.finish(run.id, "unhealthy", {}, now)
