"""Indexing: computes the descriptors of registered pictures and adds them to the index; what exists already is kept.

Keypoints take 52 bytes each in the index, 42 kB for a picture: when the room for them is used up, further pictures
(works of lower priority come last) are found by their hashes only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from attrs import frozen

from crawler.items import Picture, Work
from crawler.pictures import decode_picture, describe_picture
from crawler.pictures.hashing import PDQ, PHASH
from matchers.images.descriptors import DescriptorStore, PictureDescriptor, extract_descriptor, pack_places
from matchers.images.image_index import ImageIndex, KeypointTable, SegmentContents
from matchers.images.keypoints import CODE_BYTES, KEYPOINT_KINDS, KeypointKind
from matchers.images.shared_designs import RelatedPair, SharedDesigns, find_relatives

KEYPOINT_BYTES = CODE_BYTES + 8 + 4 + 8  # code, number, owner, place
CHECKPOINT_PICTURES = 500  # pictures compared with the others between two saves: about 25 s of work
INDEX_BATCH_SIZE = 2_000  # pictures added to the index at a time: 110 MB of descriptors

ParallelMap = Callable[[Callable[[str], list[RelatedPair]], Iterable[str]], Iterable[list[RelatedPair]]]


@frozen
class DescriptorExtractor:
    """Describes a picture of a work and stores its descriptor; may be pickled."""

    root: Path

    def __call__(self, data: bytes, url: str) -> Picture:
        """The picture; its descriptor is computed and stored unless it exists. Raises PictureError."""
        decoded = decode_picture(data)
        picture = describe_picture(decoded, data, url)
        store = DescriptorStore(self.root)
        if picture.sha256 and not store.has(picture.sha256):
            store.put(picture.sha256, extract_descriptor(decoded))
        return picture


def owners_by_digest(works: Iterable[Work]) -> dict[str, frozenset[str]]:
    """The digests of all pictures of works that are not retired, by falling priority, with the ids of their works."""
    works_by_digest: dict[str, set[str]] = {}
    for work in sorted(works, key=lambda registered_work: -registered_work.priority):
        for picture in work.images if work.retired_at is None else ():
            if picture.sha256:
                works_by_digest.setdefault(picture.sha256, set()).add(work.id)
    return {digest: frozenset(ids) for digest, ids in works_by_digest.items()}


def find_missing_descriptors(root: Path, digests: Iterable[str]) -> list[str]:
    """The digests without a descriptor of the current version."""
    store = DescriptorStore(root)
    return [digest for digest in digests if not store.has(digest)]


def index_pictures(
    root: Path, owners: Mapping[str, frozenset[str]], room_bytes: int, parallel_map: ParallelMap = map
) -> None:
    """Add the pictures of `owners` that have a descriptor with hashes to the index, and compare them with each other.

    `room_bytes` bounds the keypoints in the index. Pictures already in the index stay, whether in `owners` or not.
    """
    store = DescriptorStore(root)
    index = ImageIndex(store.folder / "index")
    indexed = set(index.digests)
    room_left = room_bytes - index.keypoint_count * KEYPOINT_BYTES
    missing = [digest for digest in owners if digest not in indexed and store.has(digest)]
    for first in range(0, len(missing), INDEX_BATCH_SIZE):
        descriptors = [(digest, store.read(digest)) for digest in missing[first : first + INDEX_BATCH_SIZE]]
        recognisable = [(digest, descriptor) for digest, descriptor in descriptors if descriptor.hashes]
        if recognisable:
            contents, room_left = segment_contents(recognisable, room_left)
            index.extend(contents)
    _compare_registry(root, index, owners, parallel_map)


def related_pictures(root: Path, digests: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The digests of pictures that share a part with others, each with the digests of those others."""
    designs = SharedDesigns(DescriptorStore(root).folder / "index")
    for digest in digests:
        design = designs.get(digest)
        if design is not None:
            yield digest, tuple(design.others)


def find_featureless(root: Path, digests: Iterable[str]) -> list[str]:
    """The digests whose descriptor has no hashes: the picture shows nothing, or too little to distinguish it."""
    store = DescriptorStore(root)
    return [digest for digest in digests if store.has(digest) and not store.read(digest).hashes]


def _compare_registry(
    root: Path, index: ImageIndex, owners: Mapping[str, frozenset[str]], parallel_map: ParallelMap
) -> None:
    designs = SharedDesigns(index.folder)
    missing = designs.missing(index.digests)
    if not missing:
        return
    for count, (digest, pairs) in enumerate(zip(missing, parallel_map(RelativeFinder(root), missing), strict=True), 1):
        designs.record_comparison(digest)
        for pair in pairs:
            if owners.get(pair.first, frozenset()).isdisjoint(owners.get(pair.second, frozenset())):
                designs.add(pair.first, pair.second, pair.first_overlap)
                designs.add(pair.second, pair.first, pair.second_overlap)
        if count % CHECKPOINT_PICTURES == 0:
            designs.write()
    designs.write()


@frozen
class RelativeFinder:
    """Finds the relatives of one registered picture; may be pickled."""

    root: Path

    def __call__(self, digest: str) -> list[RelatedPair]:
        """The pairs of the picture with others that share a part with it."""
        index, store, numbers = _open_index(self.root, _segments_list(self.root))
        return find_relatives(index, store, digest, numbers)


def _segments_list(root: Path) -> str:
    return (DescriptorStore(root).folder / "index" / "parts.json").read_text(encoding="ascii")


@lru_cache(maxsize=1)
def _open_index(root: Path, segments_list: str) -> tuple[ImageIndex, DescriptorStore, dict[str, int]]:
    store = DescriptorStore(root)
    index = ImageIndex(store.folder / "index")
    return index, store, {digest: number for number, digest in enumerate(index.digests)}


def segment_contents(
    descriptors: Sequence[tuple[str, PictureDescriptor]], room_bytes: int
) -> tuple[SegmentContents, int]:
    """Descriptors as contents of a segment, and the room left; where it runs out, later ones get no keypoints."""
    sizes = np.cumsum([KEYPOINT_BYTES * sum(map(len, descriptor.keypoints.values())) for _, descriptor in descriptors])
    keypoint_pictures = int(np.searchsorted(sizes, room_bytes, side="right"))
    contents = SegmentContents(
        [digest for digest, _ in descriptors],
        np.array([int.from_bytes(descriptor.hashes[PHASH], "big") for _, descriptor in descriptors], np.uint64),
        np.stack([np.frombuffer(descriptor.hashes[PDQ], np.uint8) for _, descriptor in descriptors]),
        {
            kind: _keypoint_table([descriptor for _, descriptor in descriptors[:keypoint_pictures]], kind)
            for kind in KEYPOINT_KINDS
        },
    )
    return contents, room_bytes - (int(sizes[keypoint_pictures - 1]) if keypoint_pictures else 0)


def _keypoint_table(descriptors: Sequence[PictureDescriptor], kind: KeypointKind) -> KeypointTable:
    tables = [descriptor.keypoints[kind] for descriptor in descriptors]
    owners = [np.full(len(keypoints), row, np.int32) for row, keypoints in enumerate(tables)]
    return KeypointTable(
        np.concatenate([np.zeros(0, np.int32), *owners]),
        np.concatenate([np.zeros((0, 4), np.uint16), *(pack_places(keypoints.places) for keypoints in tables)]),
        np.concatenate([np.zeros((0, CODE_BYTES), np.uint8), *(keypoints.codes for keypoints in tables)]),
    )
