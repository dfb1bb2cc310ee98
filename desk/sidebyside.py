"""Pictures of a hit beside those of its work, shrunk for a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import frozen

from crawler.blobs import Blobs, blobs_of
from crawler.config import Config
from crawler.items import Picture
from crawler.store import Store

SIDE = 160  # pixels of the longer side in a workbook
MOST = 300  # hits of one workbook that are shown with pictures; more would make it too large to mail


@frozen(kw_only=True)
class Pair:
    """The first kept picture of a hit's listing and of its work, as PNG; None where none is kept."""

    hit_id: str
    title: str
    theirs: bytes | None
    ours: bytes | None


type_pairs = Callable[[Sequence[str]], Iterator[Pair]]


def pairs_of(store: Store, config: Config) -> type_pairs:
    """What gives the pairs of some hits: those that have any picture, at most MOST."""
    blobs = blobs_of(config.store)

    def found(ids: Sequence[str]) -> Iterator[Pair]:
        shown = 0
        for start in range(0, len(ids), MOST):
            hits = store.hits.some(ids[start : start + MOST])
            works = store.works.some(hit.work_id for hit in hits.values())
            complete = {work.id: work for work in store.pictures.complete(works.values())}
            for hit in hits.values():
                theirs, ours = _first(hit.listing.pictures, blobs), _first(complete[hit.work_id].images, blobs)
                if theirs and shown < MOST:
                    shown += 1
                    yield Pair(hit_id=hit.id, title=hit.listing.title, theirs=theirs, ours=ours)
            if shown >= MOST:
                return

    return found


def _first(pictures: Iterable[Picture], blobs: Blobs) -> bytes | None:
    """The first picture that is kept and can be decoded, shrunk."""
    from crawler.pictures import PictureError, preview

    for picture in pictures:
        data = blobs.get(picture.sha256) if picture.sha256 else None
        try:
            if data:
                return preview(data, SIDE)
        except PictureError:
            continue
    return None
