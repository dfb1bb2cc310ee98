"""Prepares the session's picture matcher: registered pictures without a sketch are sketched first, then all are
indexed, in the picture processes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import TimeoutError as DeadlineError
from pathlib import Path
from threading import Lock

from pebble import ProcessExpired, ProcessPool

from crawler.items import Picture
from crawler.pictures import PictureError, PictureInspector, PlainInspector
from crawler.web.picture_fetch import picture_process_pool
from crawler.web.session import Session
from screening.index_cache import PICTURE_INDEX, ensure_index, picture_index_digest

INDEX_TIMEOUT_SECONDS = 80_000  # seconds that indexing may take; it is bounded by the size of the registry


def prepare_looker(session: Session) -> None:
    """From now on pictures of listings are compared with those of the session's registry. To be called in a thread."""
    built: dict[str, PictureInspector] = session.get_or_build("looker", dict)
    with session.get_or_build("looking", Lock):  # not the session's own lock: this may take long
        if "looker" not in built:
            built["looker"] = session.picture_inspector = _build_looker(session, picture_process_pool(session))


def _build_looker(session: Session, pool: ProcessPool) -> PictureInspector:
    from matchers.images import embeddings, image_matcher, indexing
    from matchers.images.descriptors import descriptor_version

    settings = session.config.pictures
    root = Path(settings.index)
    owners = indexing.owners_by_digest(session.store.works.registered_works())
    if not owners:
        return PlainInspector()

    def build() -> None:
        sketcher = indexing.DescriptorExtractor(root)
        for digest in indexing.find_missing_descriptors(root, owners):
            data = session.blobs.get(digest)
            if data is not None:
                _sketch_picture(pool, sketcher, data, settings.deadline)
        memory_bytes = settings.index_room << 20
        pool.schedule(
            indexing.index_pictures, args=[root, owners, memory_bytes], timeout=INDEX_TIMEOUT_SECONDS
        ).result()

    if session.config.cluster.hand_out and session.archive is None:
        version = picture_index_digest(owners, f"{descriptor_version()} {settings.index_room}")
        ensure_index(session, PICTURE_INDEX, version, root / descriptor_version(), build)
    else:
        build()
    model = embeddings.EmbeddingModel(Path(settings.embedding)) if settings.embedding else None
    if model is not None:
        pool.schedule(embeddings.embed_all, args=[root, model], timeout=INDEX_TIMEOUT_SECONDS).result()
    return image_matcher.open_image_matcher(root, model)


def _sketch_picture(pool: ProcessPool, sketch: Callable[[bytes, str], Picture], data: bytes, deadline: float) -> None:
    """A picture that cannot be sketched is not found; it was a problem of its own when it was fetched."""
    try:
        pool.schedule(sketch, args=[data, ""], timeout=deadline).result()
    except (PictureError, DeadlineError, ProcessExpired):
        return
