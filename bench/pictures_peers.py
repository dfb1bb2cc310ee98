"""Compare our picture matching with what is commonly used alone, on the same queries: ImageHash, PDQ, ORB and SIFT.

    python -m bench.pictures_peers WORKS QUERIES SCORER --index looks [--every 4]

WORKS and SCORER are in ../shared/bench/images; the works must be registered under --index (bench/pictures.py does it).
Hashes rank by distance, keypoints by the number of pairs that agree on a homography (MAGSAC), found in our own index.
Scored are the recall without any wrong query, the recall without any wrong query but siblings, and CPU milliseconds per
query.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pdqhash
from PIL import Image

from bench.pictures import QueryInspector, register_works
from crawler.pictures import decode_picture
from matchers.identity.image import Matcher
from matchers.images import keypoints
from matchers.images.alignment import align_keypoints
from matchers.images.descriptors import DescriptorStore, to_grey
from matchers.images.image_index import ImageIndex
from matchers.images.keypoints import KeypointKind
from matchers.images.voting import rank_candidates

WorkScores = Iterator[tuple[str, float]]  # (work id, score)
Pictures = Mapping[str, Path]


def main() -> None:
    """Score every method, ours last."""
    parser = argparse.ArgumentParser()
    parser.add_argument("works", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("scorer", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.queries.read_text(encoding="utf-8").splitlines()][:: options.every]
    works = [json.loads(line) for line in options.works.read_text(encoding="utf-8").splitlines()]
    pictures = {row["work_id"]: options.works.parent / row["images"][0] for row in works}
    registered_works, inspector = register_works(options.works, options.index)
    inspect_query = QueryInspector(inspector, Matcher(registered_works), options.queries.parent)
    owners = {picture.sha256: work.id for work in registered_works for picture in work.images}
    index = ImageIndex(DescriptorStore(options.index).folder / "index")
    work_ids = [owners[digest] for digest in index.digests]
    methods: dict[str, Callable[[Mapping[str, Any], bytes], WorkScores]] = {
        "phash, 64 bits": _hash_method(pictures, lambda image: imagehash.phash(image).hash),
        "dhash, 64 bits": _hash_method(pictures, lambda image: imagehash.dhash(image).hash),
        "PDQ": _hash_method(pictures, lambda image: pdqhash.compute(np.asarray(image))[0]),
        "ORB": _keypoint_method(index, work_ids, "orb"),
        "SIFT": _keypoint_method(index, work_ids, "sift"),
    }
    for name, method in methods.items():
        _print_score(name, method, rows, options)
    _print_score(
        "ours",
        lambda row, _: ((prediction["work_id"], prediction["score"]) for prediction in inspect_query(row)[1]),
        rows,
        options,
    )


def _hash_method(
    pictures: Pictures, make: Callable[[Image.Image], Any]
) -> Callable[[Mapping[str, Any], bytes], WorkScores]:
    reference_hashes = np.stack([_flatten(make(_decode(path.read_bytes()))) for path in pictures.values()])
    names = list(pictures)

    def find(_: Mapping[str, Any], data: bytes) -> WorkScores:
        distances = (reference_hashes != _flatten(make(_decode(data)))).sum(1)
        best = int(np.argmin(distances))
        yield names[best], -float(distances[best])

    return find


def _keypoint_method(
    index: ImageIndex, work_ids: list[str], kind: KeypointKind
) -> Callable[[Mapping[str, Any], bytes], WorkScores]:
    def find(_: Mapping[str, Any], data: bytes) -> WorkScores:
        points = keypoints.extract_query(to_grey(decode_picture(data).pixels), kind).keypoints
        for candidate in rank_candidates(index.search_keypoints(points, kind), 6) if len(points) else ():
            alignment = align_keypoints(candidate)
            if alignment is not None:
                yield work_ids[candidate.picture], float(alignment.inliers)

    return find


def _print_score(
    name: str, find: Callable[[Mapping[str, Any], bytes], WorkScores], rows: list[Any], options: Any
) -> None:
    cpu_seconds = 0.0
    with tempfile.TemporaryDirectory() as folder:
        predictions, queries = Path(folder) / "predictions.jsonl", Path(folder) / "queries.jsonl"
        queries.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        with predictions.open("w", encoding="utf-8") as file:
            for row in rows:
                data = (options.queries.parent / row["image"]).read_bytes()
                begun = time.process_time()
                for work, score in find(row, data):
                    prediction = {"query_id": row["query_id"], "work_id": work, "score": score}
                    file.write(json.dumps(prediction) + "\n")
                cpu_seconds += time.process_time() - begun
        command = [sys.executable, str(options.scorer), str(predictions), str(queries), "--works", str(options.works)]
        output = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=True).stdout
    lines = [line for line in output.splitlines() if line.startswith("zero wrong")]
    recalls = [next(part for part in line.split() if part.replace(".", "").isdigit()) for line in lines]
    print(f"{name:18}{recalls[0]:>8}{recalls[1]:>8}{1000 * cpu_seconds / len(rows):9.1f} CPU ms", flush=True)


def _decode(data: bytes) -> Image.Image:
    return decode_picture(data).image


def _flatten(bits: Any) -> Any:
    return np.asarray(bits, dtype=bool).reshape(-1)


if __name__ == "__main__":
    main()
