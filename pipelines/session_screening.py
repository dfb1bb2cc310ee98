"""Builds the screening objects from a worker's session: its store, clock, settings, blobs and picture processes."""

from __future__ import annotations

from pathlib import Path

from crawler.web.picture_fetch import picture_process_pool
from crawler.web.session import Session
from screening.index_cache import IndexCache
from screening.picture_screening import PictureScreening
from screening.screener import Screener


def screener_of(session: Session) -> Screener:
    """The one screener of all crawls of a session."""

    def build() -> Screener:
        cache = index_cache_of(session)
        prepare_titles = cache.ensure_title_index if cache else None
        return Screener(store=session.store, now=session.now, prepare_titles=prepare_titles)

    return session.get_or_build("screener", build)


def picture_screening_of(session: Session) -> PictureScreening:
    """The one picture screening of all crawls of a session."""
    pool = picture_process_pool(session)  # outside `build`: the session's lock is held there

    def build() -> PictureScreening:
        return PictureScreening(
            works=session.store.works.registered_works,
            blobs=session.blobs,
            settings=session.config.pictures,
            pool=pool,
            index_cache=index_cache_of(session),
        )

    return session.get_or_build("picture_screening", build)


def index_cache_of(session: Session) -> IndexCache | None:
    """The cache of indexes that the workers of a cluster share; None without a cluster and in a replay."""
    cluster = session.config.cluster
    if not cluster.hand_out or session.archive is not None:
        return None
    return IndexCache(lock=session.store.admin.named_lock, blobs=session.blobs, folder=Path(cluster.index))
