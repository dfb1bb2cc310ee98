"""The night's side: hand out the units of a run until none is open; the work is done by workers elsewhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from procrastinate.exceptions import ConnectorException

from crawler.cluster.queue import hand_out, opened, prepare
from crawler.cluster.silence import Silence
from crawler.errors import StoreError
from crawler.web.session import Session
from crawler.work import steady

logger = logging.getLogger(__name__)
OFTEN = 1.0  # seconds between two looks for units that have become due
SELDOM = 10  # times as long as such a look takes, so that it costs at most a tenth of a core


def oversee(session: Session, run: str, look: Callable[[str], None] = lambda _: None) -> None:
    """Hand out, and take back from the dead; `look` is called with the run after each look of ours.

    Raises StoreError where the database is away for `cluster.patience`.
    """
    config, store = session.config, session.store

    async def main() -> None:
        clock = steady(await asyncio.to_thread(store.moment))
        async with opened(store).open_async() as queue:
            await prepare(queue)
            silence = Silence(queue=queue, store=store, config=config)
            looked = answered = clock()
            while session.until is None or clock() < session.until:
                begun = clock()
                try:
                    if not await asyncio.to_thread(store.units.unfinished, run):
                        return
                    if (begun - looked).total_seconds() >= config.cluster.sweep:
                        looked = begun
                        await silence.take_back(looked)
                    await hand_out(queue, store, run, config, begun, replayed=session.archive is not None)
                    await asyncio.to_thread(look, run)
                    answered = clock()
                except (StoreError, ConnectorException) as error:
                    if (clock() - answered).total_seconds() > config.cluster.patience:
                        raise StoreError(f"the database has not answered for long: {error}") from error
                    logger.warning("the database does not answer; trying again: %s", error)
                await asyncio.sleep(max(OFTEN, SELDOM * (clock() - begun).total_seconds()))

    asyncio.run(main())
