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
    _build_index(options.source, options.many, options.pictures)
    print(f"indexed in {time.process_time() - begun:.1f} s CPU")
    matcher = open_image_matcher(options.many)
    queries = [json.loads(line) for line in options.queries.read_text(encoding="utf-8").splitlines()]
    matcher.inspect((options.queries.parent / queries[0]["image"]).read_bytes(), "first")
    times_by_kind: dict[str, list[float]] = defaultdict(list)
    for query in queries:
        data = (options.queries.parent / query["image"]).read_bytes()
        begun = time.process_time()
        matches = matcher.inspect(data, query["query_id"]).picture.sightings
        milliseconds = 1000 * (time.process_time() - begun)
        result = f"{matches[0].verdict} by {matches[0].how}" if matches else "nothing"
        times_by_kind[f"{query['role']}: {result}"].append(milliseconds)
        times_by_kind["all"].append(milliseconds)
    for kind, times in sorted(times_by_kind.items()):
        print(f"{kind:34}{len(times):6}  CPU ms mean {mean(times):6.1f}  median {median(times):6.1f}")


def _build_index(source: Path, target: Path, count: int) -> None:
    source_store, target_store = DescriptorStore(source), DescriptorStore(target)
    index = ImageIndex(target_store.folder / "index")
    digests = sorted(path.name for path in (source_store.folder / "sketches").glob("*/*") if len(path.name) == 64)
    round_number = 0
    while len(index) < count:
        order = np.random.default_rng(round_number).permutation(256) if round_number else np.arange(256)
        for first in range(0, min(len(digests), count - len(index)), INDEX_BATCH_SIZE):
            rows = digests[first : first + min(INDEX_BATCH_SIZE, count - len(index))]
            _add_pictures(index, source_store, target_store, rows, order, round_number)
        round_number += 1


def _add_pictures(
    index: ImageIndex,
    source_store: DescriptorStore,
    target_store: DescriptorStore,
    digests: list[str],
    order: NDArray[np.int64],
    round_number: int,
) -> None:
    descriptors = []
    for digest in digests:
        descriptor = source_store.read(digest)
        if not descriptor.hashes:
            continue
        name = hashlib.sha256(f"{digest} {round_number}".encode()).hexdigest() if round_number else digest
        path = target_store.folder / "sketches" / name[:2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            os.link(source_store.folder / "sketches" / digest[:2] / digest, path)
        descriptors.append((name, _permute_descriptor(descriptor, order)))
    index.extend(segment_contents(descriptors, 1 << 34)[0])


def _permute_descriptor(descriptor: PictureDescriptor, order: NDArray[np.int64]) -> PictureDescriptor:
    keypoints_by_kind = {
        kind: Keypoints(kind_keypoints.places, _permute_codes(kind_keypoints.codes, order))
        for kind, kind_keypoints in descriptor.keypoints.items()
    }
    pdq = _permute_codes(np.frombuffer(descriptor.hashes[PDQ], np.uint8)[None], order).tobytes()
    phash = _permute_codes(np.frombuffer(descriptor.hashes[PHASH], np.uint8)[None], order[order < 64]).tobytes()
    return evolve(descriptor, keypoints=keypoints_by_kind, hashes={PHASH: phash, PDQ: pdq})


def _permute_codes(codes: Bits, order: NDArray[np.int64]) -> Bits:
    return np.packbits(np.unpackbits(codes, axis=1)[:, order], axis=1)


if __name__ == "__main__":
    main()
