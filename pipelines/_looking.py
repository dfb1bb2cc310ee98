"""The session's looker: pictures of the registry that nobody has sketched yet are sketched first, then all are indexed.

Done once for each session, in the processes that look at pictures, so neither the loop nor its thread is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import TimeoutError as DeadlineError
from pathlib import Path
from threading import Lock

from pebble import ProcessExpired, ProcessPool

from crawler.items import Picture
from crawler.pictures import Looker, PictureError, Plain
from crawler.web.pictures import picture_processes
from crawler.web.session import Session
from pipelines._sharing import LOOKS, digest_of_pictures, share

UNDER_A_DAY = 80_000  # seconds that indexing may take; it is bounded by the size of the registry


def prepare(session: Session) -> None:
    """From now on pictures of listings are compared with those of the session's registry. To be called in a thread."""
    once: dict[str, Looker] = session.shared("looker", dict)
    with session.shared("looking", Lock):  # not the session's own lock: this may take long
        if "looker" not in once:
            once["looker"] = session.looker = _prepared(session, picture_processes(session))


def _prepared(session: Session, pool: ProcessPool) -> Looker:
    from matchers.looks import embedding, looker, registering
    from matchers.looks.sketch import mark

    settings = session.config.pictures
    root = Path(settings.index)
    owners = registering.owners_of(session.store.registry())
    if not owners:
        return Plain()

    def build() -> None:
        sketch = registering.Sketcher(root)
        for digest in registering.unsketched(root, owners):
            data = session.blobs.get(digest)
            if data is not None:
                _sketch(pool, sketch, data, settings.deadline)
        room = settings.index_room << 20
        pool.schedule(registering.index_all, args=[root, owners, room], timeout=UNDER_A_DAY).result()

    if session.config.cluster.hand_out and session.archive is None:
        version = digest_of_pictures(owners, f"{mark()} {settings.index_room}")
        share(session, LOOKS, version, root / mark(), build)
    else:
        build()
    model = embedding.Model(Path(settings.embedding)) if settings.embedding else None
    if model is not None:
        pool.schedule(embedding.embed_all, args=[root, model], timeout=UNDER_A_DAY).result()
    return looker.looker_of(root, model)


def _sketch(pool: ProcessPool, sketch: Callable[[bytes, str], Picture], data: bytes, deadline: float) -> None:
    """A picture that cannot be sketched is not found; it was a problem of its own when it was fetched."""
    try:
        pool.schedule(sketch, args=[data, ""], timeout=deadline).result()
    except (PictureError, DeadlineError, ProcessExpired):
        return
