"""Registered pictures get their sketches and their places in the index; what is there already is left alone.

Key points take 52 bytes each in the index, 42 kB for a picture: where the room for them is used up, further pictures
(works of lower priority come last) are found by their hashes only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from attrs import frozen

from crawler.items import Picture, Work
from crawler.pictures import decode, described
from crawler.pictures.hashing import PDQ, PHASH
from matchers.looks.index import Index
from matchers.looks.keypoints import CODE_BYTES, KINDS, Kind
from matchers.looks.relating import Related, related
from matchers.looks.segment import Contents, Points
from matchers.looks.series import Relatives
from matchers.looks.shelf import Shelf
from matchers.looks.sketch import Sketch, packed, sketched

POINT_BYTES = CODE_BYTES + 8 + 4 + 8  # code, number, owner, place
KEPT = 500  # pictures compared with the others after which that is written down: about 25 s of work
PORTION = 2_000  # pictures that are put into the index at a time: 110 MB of sketches

Mapped = Callable[[Callable[[str], list[Related]], Iterable[str]], Iterable[list[Related]]]


@frozen
class Sketcher:
    """Looks at a picture of a work and keeps its sketch; may be pickled."""

    root: Path

    def __call__(self, data: bytes, url: str) -> Picture:
        """The picture; its sketch is made unless it is there. Raises PictureError."""
        decoded = decode(data)
        picture = described(decoded, data, url)
        shelf = Shelf(self.root)
        if picture.sha256 and not shelf.has(picture.sha256):
            shelf.put(picture.sha256, sketched(decoded))
        return picture


def owners_of(works: Iterable[Work]) -> dict[str, frozenset[str]]:
    """The digests of all pictures of works that are not retired, those of urgent works first, and whose they are."""
    found: dict[str, set[str]] = {}
    for work in sorted(works, key=lambda each: -each.priority):
        for picture in work.images if work.retired_at is None else ():
            if picture.sha256:
                found.setdefault(picture.sha256, set()).add(work.id)
    return {digest: frozenset(ids) for digest, ids in found.items()}


def unsketched(root: Path, digests: Iterable[str]) -> list[str]:
    """Those that have no sketch of this program's making."""
    shelf = Shelf(root)
    return [digest for digest in digests if not shelf.has(digest)]


def index_all(root: Path, owners: Mapping[str, frozenset[str]], room: int, mapped: Mapped = map) -> None:
    """Put all of these pictures that have a sketch and show something into the index, and compare them with each other.

    `room` is in bytes. Pictures that are in the index stay, asked for or not.
    """
    shelf = Shelf(root)
    index = Index(shelf.folder / "index")
    known = set(index.digests)
    left = room - index.points * POINT_BYTES
    wanted = [digest for digest in owners if digest not in known and shelf.has(digest)]
    for first in range(0, len(wanted), PORTION):
        sketches = [(digest, shelf.read(digest)) for digest in wanted[first : first + PORTION]]
        shown = [(digest, sketch) for digest, sketch in sketches if sketch.hashes]
        if shown:
            contents, left = _contents(shown, left)
            index.extend(contents)
    _relate(root, index, owners, mapped)


def relatives(root: Path, digests: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Those that share a part with others, and with which."""
    known = Relatives(Shelf(root).folder / "index")
    for digest in digests:
        alike = known.of(digest)
        if alike is not None:
            yield digest, tuple(alike.others)


def nothing_to_see(root: Path, digests: Iterable[str]) -> list[str]:
    """Those whose sketch shows nothing, or so little that it cannot be told from others."""
    shelf = Shelf(root)
    return [digest for digest in digests if shelf.has(digest) and not shelf.read(digest).hashes]


def _relate(root: Path, index: Index, owners: Mapping[str, frozenset[str]], mapped: Mapped) -> None:
    relatives = Relatives(index.folder)
    missing = relatives.missing(index.digests)
    if not missing:
        return
    for count, (digest, found) in enumerate(zip(missing, mapped(Relating(root), missing), strict=True), 1):
        relatives.compared(digest)
        for pair in found:
            if owners.get(pair.one, frozenset()).isdisjoint(owners.get(pair.other, frozenset())):
                relatives.add(pair.one, pair.other, pair.of_one)
                relatives.add(pair.other, pair.one, pair.of_other)
        if count % KEPT == 0:
            relatives.write()
    relatives.write()


@frozen
class Relating:
    """Finds the relatives of one registered picture; may be pickled."""

    root: Path

    def __call__(self, digest: str) -> list[Related]:
        """What it shares with others."""
        index, shelf, numbers = _opened(self.root, _parts(self.root))
        return related(index, shelf, digest, numbers)


def _parts(root: Path) -> str:
    return (Shelf(root).folder / "index" / "parts.json").read_text(encoding="ascii")


@lru_cache(maxsize=1)
def _opened(root: Path, parts: str) -> tuple[Index, Shelf, dict[str, int]]:
    shelf = Shelf(root)
    index = Index(shelf.folder / "index")
    return index, shelf, {digest: number for number, digest in enumerate(index.digests)}


def _contents(sketches: Sequence[tuple[str, Sketch]], room: int) -> tuple[Contents, int]:
    """Sketches as a part of the index, and the room that is left: key points of the first ones only where it ends."""
    sizes = np.cumsum([POINT_BYTES * sum(map(len, sketch.points.values())) for _, sketch in sketches])
    pointed = int(np.searchsorted(sizes, room, side="right"))
    contents = Contents(
        [digest for digest, _ in sketches],
        np.array([int.from_bytes(sketch.hashes[PHASH], "big") for _, sketch in sketches], np.uint64),
        np.stack([np.frombuffer(sketch.hashes[PDQ], np.uint8) for _, sketch in sketches]),
        {kind: _points([sketch for _, sketch in sketches[:pointed]], kind) for kind in KINDS},
    )
    return contents, room - (int(sizes[pointed - 1]) if pointed else 0)


def _points(sketches: Sequence[Sketch], kind: Kind) -> Points:
    found = [sketch.points[kind] for sketch in sketches]
    owners = [np.full(len(each), row, np.int32) for row, each in enumerate(found)]
    return Points(
        np.concatenate([np.zeros(0, np.int32), *owners]),
        np.concatenate([np.zeros((0, 4), np.uint16), *(packed(each.places) for each in found)]),
        np.concatenate([np.zeros((0, CODE_BYTES), np.uint8), *(each.codes for each in found)]),
    )
