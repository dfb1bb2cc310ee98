"""Pictures of a hit beside those of its work, shrunk for a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import frozen

from crawler.blobs import BlobStore, open_blobs
from crawler.config import Config
from crawler.items import Picture
from crawler.store import Store

PREVIEW_PIXELS = 160  # pixels of the longer side in a workbook
MAX_PICTURE_ROWS = 300  # hits of one workbook that are shown with pictures; more would make it too large to mail


@frozen(kw_only=True)
class PicturePair:
    """The first kept picture of a hit's listing and of its work, as PNG; None where none is kept."""

    hit_id: str
    title: str
    listing_picture: bytes | None
    work_picture: bytes | None


type_pair_source = Callable[[Sequence[str]], Iterator[PicturePair]]


def picture_pairs(store: Store, config: Config) -> type_pair_source:
    """What gives the pairs of some hits: those that have any picture, at most MOST."""
    blobs = open_blobs(config.store)

    def pairs(ids: Sequence[str]) -> Iterator[PicturePair]:
        count = 0
        for start in range(0, len(ids), MAX_PICTURE_ROWS):
            hits = store.hits.get_many(ids[start : start + MAX_PICTURE_ROWS])
            works = store.works.get_many(hit.work_id for hit in hits.values())
            complete = {work.id: work for work in store.pictures.fill_pictures(works.values())}
            for hit in hits.values():
                listing_picture, work_picture = (
                    _first_preview(hit.listing.pictures, blobs),
                    _first_preview(complete[hit.work_id].images, blobs),
                )
                if listing_picture and count < MAX_PICTURE_ROWS:
                    count += 1
                    yield PicturePair(
                        hit_id=hit.id,
                        title=hit.listing.title,
                        listing_picture=listing_picture,
                        work_picture=work_picture,
                    )
            if count >= MAX_PICTURE_ROWS:
                return

    return pairs


def _first_preview(pictures: Iterable[Picture], blobs: BlobStore) -> bytes | None:
    """The first picture that is kept and can be decoded, shrunk."""
    from crawler.pictures import PictureError, render_preview

    for picture in pictures:
        data = blobs.get(picture.sha256) if picture.sha256 else None
        try:
            if data:
                return render_preview(data, PREVIEW_PIXELS)
        except PictureError:
            continue
    return None
