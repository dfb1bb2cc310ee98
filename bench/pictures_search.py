"""Compare search alone: our banded index against faiss' flat scan over the same codes, one thread each, in one run.

    python ../shared/bench/images/speed_registry.py --out SPEED --n 1000000
    python -m bench.pictures_search SPEED [--radius 31] [--queries 200]

Both return every row within the radius, and the results are compared. Prints CPU milliseconds per query, and the
seconds that writing and opening take.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import faiss
import numpy as np

from matchers.images.hamming import HammingIndex


def main() -> None:
    """Run the comparison and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--radius", type=int, default=31)
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    codes = np.load(options.folder / "hashes256.npy")
    asked = np.load(options.folder / "queries256.npy")[: options.queries]
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        begun = time.perf_counter()
        HammingIndex.write(Path(place), codes)
        written = time.perf_counter()
        ours = HammingIndex.open(Path(place))
        opened = time.perf_counter()
        ours.search(asked[0], options.radius)
        first = time.perf_counter()
        flat = faiss.IndexBinaryFlat(256)
        flat.add(codes)
        mine, banded, theirs, scanned = [], 0.0, [], 0.0
        for query in asked:
            start = time.process_time()
            mine.append(ours.search(query, options.radius)[0])
            middle = time.process_time()
            limits, _, rows = flat.range_search(query[None], options.radius + 1)
            theirs.append(np.sort(rows[limits[0] : limits[1]]))
            banded, scanned = banded + middle - start, scanned + time.process_time() - middle
    same = all(np.array_equal(one, other) for one, other in zip(mine, theirs, strict=True))
    count = len(asked)
    print(
        f"{len(codes)} codes, radius {options.radius}, {count} queries, {sum(map(len, mine))} rows found, same: {same}"
    )
    print(
        f"written in {written - begun:.1f} s, opened in {opened - written:.3f} s, first answer {first - opened:.3f} s"
    )
    print(
        f"ours {1000 * banded / count:.2f} ms, flat scan {1000 * scanned / count:.2f} ms: {scanned / banded:.1f} times"
    )


if __name__ == "__main__":
    main()
