"""Measure the CPU time of a listing's picture against many registered ones, without making that many pictures.

    python bench/pictures_stream.py ../shared/bench/images OUT --works 2000
    python -m bench.pictures OUT/works.jsonl OUT/queries.jsonl --index OUT/looks -o OUT/predictions.jsonl
    python -m bench.pictures_many OUT/looks OUT/queries.jsonl MANY --pictures 10000

The descriptors under OUT/looks are indexed, then the same ones with the bits of all codes permuted, until there are
enough: distances within a round stay the same, and rounds are unrelated to one another. Prints CPU milliseconds by what
was found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean, median

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from crawler.pictures.hashing import PDQ, PHASH
from matchers.images.descriptors import DescriptorStore, PictureDescriptor
from matchers.images.image_index import ImageIndex
from matchers.images.image_matcher import open_image_matcher
from matchers.images.indexing import INDEX_BATCH_SIZE, segment_contents
from matchers.images.keypoints import Keypoints

Bits = NDArray[np.uint8]


def main() -> None:
    """Build the index, inspect the queries, print the times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("many", type=Path)
    parser.add_argument("--pictures", type=int, default=10_000)
    options = parser.parse_args()
    begun = time.process_time()
    _index(options.source, options.many, options.pictures)
    print(f"indexed in {time.process_time() - begun:.1f} s CPU")
    looker = open_image_matcher(options.many)
    queries = [json.loads(line) for line in options.queries.read_text(encoding="utf-8").splitlines()]
    looker.inspect((options.queries.parent / queries[0]["image"]).read_bytes(), "first")
    spent: dict[str, list[float]] = defaultdict(list)
    for query in queries:
        data = (options.queries.parent / query["image"]).read_bytes()
        begun = time.process_time()
        seen = looker.inspect(data, query["query_id"]).picture.sightings
        took = 1000 * (time.process_time() - begun)
        found = f"{seen[0].verdict} by {seen[0].how}" if seen else "nothing"
        spent[f"{query['role']}: {found}"].append(took)
        spent["all"].append(took)
    for way, times in sorted(spent.items()):
        print(f"{way:34}{len(times):6}  CPU ms mean {mean(times):6.1f}  median {median(times):6.1f}")


def _index(source: Path, many: Path, count: int) -> None:
    shelf, goal = DescriptorStore(source), DescriptorStore(many)
    index = ImageIndex(goal.folder / "index")
    digests = sorted(path.name for path in (shelf.folder / "sketches").glob("*/*") if len(path.name) == 64)
    turn = 0
    while len(index) < count:
        order = np.random.default_rng(turn).permutation(256) if turn else np.arange(256)
        for first in range(0, min(len(digests), count - len(index)), INDEX_BATCH_SIZE):
            rows = digests[first : first + min(INDEX_BATCH_SIZE, count - len(index))]
            _add(index, shelf, goal, rows, order, turn)
        turn += 1


def _add(
    index: ImageIndex,
    shelf: DescriptorStore,
    goal: DescriptorStore,
    digests: list[str],
    order: NDArray[np.int64],
    turn: int,
) -> None:
    portion = []
    for digest in digests:
        sketch = shelf.read(digest)
        if not sketch.hashes:
            continue
        name = hashlib.sha256(f"{digest} {turn}".encode()).hexdigest() if turn else digest
        place = goal.folder / "sketches" / name[:2] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            os.link(shelf.folder / "sketches" / digest[:2] / digest, place)
        portion.append((name, _reordered(sketch, order)))
    index.extend(segment_contents(portion, 1 << 34)[0])


def _reordered(sketch: PictureDescriptor, order: NDArray[np.int64]) -> PictureDescriptor:
    points = {kind: Keypoints(found.places, _bits(found.codes, order)) for kind, found in sketch.keypoints.items()}
    pdq = _bits(np.frombuffer(sketch.hashes[PDQ], np.uint8)[None], order).tobytes()
    phash = _bits(np.frombuffer(sketch.hashes[PHASH], np.uint8)[None], order[order < 64]).tobytes()
    return evolve(sketch, points=points, hashes={PHASH: phash, PDQ: pdq})


def _bits(codes: Bits, order: NDArray[np.int64]) -> Bits:
    return np.packbits(np.unpackbits(codes, axis=1)[:, order], axis=1)


if __name__ == "__main__":
    main()
