"""Indexes the registered pictures of works and builds the inspector that compares pictures of listings with them.

An import uses all cores; a crawl uses its picture processes, with a deadline for each picture. Descriptors are kept, so
that both can resume after an interruption. Also finds pictures without features and designs that works share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import TimeoutError as DeadlineError
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import Factory, define, field, frozen

from crawler.blobs import BlobStore, open_blobs
from crawler.config import Config, PicturesConfig, StoreConfig
from crawler.items import Picture, Work
from crawler.pictures import PictureError, PictureInspector, PlainInspector
from registry.work_pictures import read_picture_bytes
from screening.index_cache import PICTURE_INDEX, IndexCache, picture_index_digest
from screening.parallel import available_cores, map_in_order

if TYPE_CHECKING:
    from pebble import ProcessPool

    from matchers.images.embeddings import EmbeddingModel

# Up to this many, one process is done before others have started: 1.2 s to start, 0.1 s a picture (2026-11-30).
MAX_SINGLE_PROCESS_PICTURES = 24
INDEX_TIMEOUT_SECONDS = 80_000  # for indexing; it is bounded by the size of the registry

Key = TypeVar("Key")  # a picture's path or digest
Result = TypeVar("Result")

PictureOrError = Picture | PictureError


@frozen
class PictureFileReader:
    """Reads a picture's file and keeps its descriptor under `root`."""

    root: Path

    def __call__(self, path: Path) -> PictureOrError:
        """The picture, or the error in reading it."""
        from matchers.images.indexing import DescriptorExtractor

        try:
            return DescriptorExtractor(self.root)(read_picture_bytes(path), str(path))
        except PictureError as error:
            return error


def read_pictures(paths: Sequence[Path], root: Path) -> Iterable[PictureOrError]:
    """The picture of each file, or its error, in the order of `paths`; descriptors are kept under `root`."""
    return _map_pictures(PictureFileReader(root), paths)


def _map_pictures(task: Callable[[Key], Result], keys: Iterable[Key]) -> Iterator[Result]:
    """The task's result for each picture, on all cores if there are many."""
    keys = list(keys)
    return map_in_order(task, keys, available_cores() if len(keys) > MAX_SINGLE_PROCESS_PICTURES else 1)


def picture_reader(settings: PicturesConfig) -> Callable[[Sequence[Path]], Iterable[PictureOrError]]:
    """The function with which `read_works` reads the pictures of a list."""
    return lambda paths: read_pictures(paths, Path(settings.index))


@frozen
class StoredDescriptorExtractor:
    """Extracts the descriptor of a registered picture from its stored bytes; can be pickled."""

    root: Path
    store: StoreConfig

    def __call__(self, digest: str) -> None:
        """Extract the descriptor; a picture that cannot be read gets none and will not be recognised."""
        from matchers.images.indexing import DescriptorExtractor

        data = open_blobs(self.store).get(digest)
        with suppress(PictureError):
            if data is not None:
                DescriptorExtractor(self.root)(data, "")


def extract_missing_descriptors(works: Iterable[Work], config: Config) -> int:
    """Extract descriptors of this version that are missing, from stored bytes; returns how many were missing."""
    from matchers.images.indexing import find_missing_descriptors, owners_by_digest

    root = Path(config.pictures.index)
    missing = find_missing_descriptors(root, owners_by_digest(works))
    for _ in _map_pictures(StoredDescriptorExtractor(root, config.store), missing):
        pass
    return len(missing)


def featureless_pictures(works: Iterable[Work], settings: PicturesConfig) -> list[tuple[Work, Picture]]:
    """The pictures without features by which they could be recognised: they are kept, but never found."""
    from matchers.images.indexing import find_featureless

    by_digest = {picture.sha256: (work, picture) for work in works for picture in work.images if picture.sha256}
    unhashed = [digest for digest, (_, picture) in by_digest.items() if digest and not picture.hashes]
    return [by_digest[digest] for digest in find_featureless(Path(settings.index), unhashed)]


def works_sharing_designs(works: Iterable[Work], settings: PicturesConfig) -> dict[str, set[str]]:
    """For each work, the works whose registered pictures share a part of its own: volumes of a series, one brand."""
    from matchers.images import indexing

    owners = indexing.owners_by_digest(works)
    related_works: dict[str, set[str]] = {}
    for digest, others in indexing.related_pictures(Path(settings.index), owners):
        for work in owners[digest]:
            related_works.setdefault(work, set()).update(*(owners.get(other, frozenset()) for other in others))
    return related_works


def index_pictures(works: Iterable[Work], settings: PicturesConfig) -> PictureInspector:
    """Index the works' pictures that have descriptors; returns the inspector that compares with them."""
    from matchers.images import embeddings, image_matcher, indexing

    root = Path(settings.index)
    owners = indexing.owners_by_digest(works)
    if not owners:
        return PlainInspector()
    indexing.index_pictures(root, owners, settings.index_room << 20, _map_pictures)
    model = _embedding_model(settings)
    if model is not None:
        embeddings.embed_all(root, model)
    return image_matcher.open_image_matcher(root, model)


@define(kw_only=True, eq=False)
class PictureScreening:
    """Builds the inspector that compares pictures of listings with those of the registered works, at the first call.

    One is shared by all crawls of a worker. Without `index_cache` the index is built on this machine.
    """

    works: Callable[[], Sequence[Work]]
    blobs: BlobStore
    settings: PicturesConfig
    pool: ProcessPool
    index_cache: IndexCache | None = None
    _inspector: PictureInspector | None = field(default=None, init=False)
    _lock: Any = field(default=Factory(Lock), init=False)

    def inspector(self) -> PictureInspector:
        """The inspector. Call it in a thread: the first call may take long."""
        with self._lock:
            if self._inspector is None:
                self._inspector = self._build_inspector()
            return self._inspector

    def _build_inspector(self) -> PictureInspector:
        from matchers.images import embeddings, image_matcher, indexing
        from matchers.images.descriptors import descriptor_version

        root = Path(self.settings.index)
        owners = indexing.owners_by_digest(self.works())
        if not owners:
            return PlainInspector()

        def build() -> None:
            sketch = indexing.DescriptorExtractor(root)
            for digest in indexing.find_missing_descriptors(root, owners):
                data = self.blobs.get(digest)
                if data is not None:
                    self._extract_descriptor(sketch, data)
            self._run_in_pool(indexing.index_pictures, root, owners, self.settings.index_room << 20)

        if self.index_cache is not None:
            version = picture_index_digest(owners, f"{descriptor_version()} {self.settings.index_room}")
            self.index_cache.ensure_index(PICTURE_INDEX, version, root / descriptor_version(), build)
        else:
            build()
        model = _embedding_model(self.settings)
        if model is not None:
            self._run_in_pool(embeddings.embed_all, root, model)
        return image_matcher.open_image_matcher(root, model)

    def _extract_descriptor(self, extractor: Callable[[bytes, str], Picture], data: bytes) -> None:
        """Extract a picture's descriptor; errors are ignored, since they were reported when the picture was fetched."""
        from pebble import ProcessExpired

        with suppress(PictureError, DeadlineError, ProcessExpired):
            self.pool.schedule(extractor, args=[data, ""], timeout=self.settings.deadline).result()

    def _run_in_pool(self, task: Callable[..., object], *arguments: object) -> None:
        self.pool.schedule(task, args=arguments, timeout=INDEX_TIMEOUT_SECONDS).result()


def _embedding_model(settings: PicturesConfig) -> EmbeddingModel | None:
    from matchers.images.embeddings import EmbeddingModel

    return EmbeddingModel(Path(settings.embedding)) if settings.embedding else None
