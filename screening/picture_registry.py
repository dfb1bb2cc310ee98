"""Reads, sketches and indexes the registered pictures of works on all cores, and finds pictures without features and
designs that works share.

What is sketched stays sketched, so an interrupted import resumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from crawler.blobs import open_blobs
from crawler.config import Config, PicturesConfig, StoreConfig
from crawler.items import Picture, Work
from crawler.pictures import PictureError, PictureInspector, PlainInspector
from registry.work_pictures import read_picture_bytes
from screening.parallel import available_cores, map_in_order

SINGLE_PROCESS_PICTURES = 8  # pictures that one process looks at before others have begun

type_picture_or_error = Picture | PictureError


@frozen
class PictureReader:
    """Reads a picture's file and keeps its sketch under a folder."""

    root: Path

    def __call__(self, path: Path) -> type_picture_or_error:
        """The picture, or what is wrong with it."""
        from matchers.images.indexing import DescriptorExtractor

        try:
            return DescriptorExtractor(self.root)(read_picture_bytes(path), str(path))
        except PictureError as error:
            return error


def read_pictures(paths: Sequence[Path], root: Path) -> Iterable[type_picture_or_error]:
    """What each file shows, in their order; sketches are kept."""
    return map_in_order(PictureReader(root), paths, available_cores() if len(paths) > SINGLE_PROCESS_PICTURES else 1)


def picture_reader(settings: PicturesConfig) -> Callable[[Sequence[Path]], Iterable[type_picture_or_error]]:
    """How `read_works` looks at the pictures of a list."""
    return lambda paths: read_pictures(paths, Path(settings.index))


@frozen
class StoredPictureSketcher:
    """Sketches a registered picture whose bytes are kept; may be pickled."""

    root: Path
    store: StoreConfig

    def __call__(self, digest: str) -> None:
        """What cannot be read is not found; nothing else is lost."""
        from matchers.images.indexing import DescriptorExtractor

        data = open_blobs(self.store).get(digest)
        with suppress(PictureError):
            if data is not None:
                DescriptorExtractor(self.root)(data, "")


def sketch_missing(works: Iterable[Work], config: Config) -> int:
    """Sketch what this version has not sketched yet, from the bytes that are kept; returns how many were missing."""
    from matchers.images.indexing import find_missing_descriptors, owners_by_digest

    root = Path(config.pictures.index)
    missing = find_missing_descriptors(root, owners_by_digest(works))
    for _ in map_in_order(
        StoredPictureSketcher(root, config.store),
        missing,
        available_cores() if len(missing) > SINGLE_PROCESS_PICTURES else 1,
    ):
        pass
    return len(missing)


def featureless_pictures(works: Iterable[Work], settings: PicturesConfig) -> list[tuple[Work, Picture]]:
    """Pictures that show nothing by which they could be recognised: they are kept, and never found."""
    from matchers.images.indexing import find_featureless

    by_digest = {picture.sha256: (work, picture) for work in works for picture in work.images if picture.sha256}
    unhashed = [digest for digest, (_, picture) in by_digest.items() if digest and not picture.hashes]
    return [by_digest[digest] for digest in find_featureless(Path(settings.index), unhashed)]


def works_sharing_designs(works: Iterable[Work], settings: PicturesConfig) -> dict[str, set[str]]:
    """For each work those whose registered pictures share a part of its own: volumes of a series, one brand."""
    from matchers.images import indexing

    owners = indexing.owners_by_digest(works)
    related_works: dict[str, set[str]] = {}
    for digest, others in indexing.related_pictures(Path(settings.index), owners):
        for work in owners[digest]:
            related_works.setdefault(work, set()).update(*(owners.get(other, frozenset()) for other in others))
    return related_works


def index_pictures(works: Iterable[Work], settings: PicturesConfig) -> PictureInspector:
    """Index the works' pictures as far as they are sketched; returns what compares with them."""
    root = Path(settings.index)
    from matchers.images import embeddings, image_matcher, indexing

    owners = indexing.owners_by_digest(works)
    if not owners:
        return PlainInspector()
    indexing.index_pictures(
        root, owners, settings.index_room << 20, lambda task, parts: map_in_order(task, parts, available_cores())
    )
    model = embeddings.EmbeddingModel(Path(settings.embedding)) if settings.embedding else None
    if model is not None:
        embeddings.embed_all(root, model)
    return image_matcher.open_image_matcher(root, model)
