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
    query_codes = np.load(options.folder / "queries256.npy")[: options.queries]
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        begun = time.perf_counter()
        HammingIndex.write(Path(place), codes)
        written_at = time.perf_counter()
        banded_index = HammingIndex.open(Path(place))
        opened_at = time.perf_counter()
        banded_index.search(query_codes[0], options.radius)
        answered_at = time.perf_counter()
        flat_index = faiss.IndexBinaryFlat(256)
        flat_index.add(codes)
        banded_rows, banded_seconds, flat_rows, flat_seconds = [], 0.0, [], 0.0
        for query in query_codes:
            start = time.process_time()
            banded_rows.append(banded_index.search(query, options.radius)[0])
            middle = time.process_time()
            limits, _, rows = flat_index.range_search(query[None], options.radius + 1)
            flat_rows.append(np.sort(rows[limits[0] : limits[1]]))
            banded_seconds, flat_seconds = banded_seconds + middle - start, flat_seconds + time.process_time() - middle
    is_same = all(np.array_equal(left, right) for left, right in zip(banded_rows, flat_rows, strict=True))
    count = len(query_codes)
    row_count = sum(map(len, banded_rows))
    print(f"{len(codes)} codes, radius {options.radius}, {count} queries, {row_count} rows found, same: {is_same}")
    write_seconds, open_seconds = written_at - begun, opened_at - written_at
    first_seconds = answered_at - opened_at
    print(f"written in {write_seconds:.1f} s, opened in {open_seconds:.3f} s, first answer {first_seconds:.3f} s")
    banded_ms, flat_ms = 1000 * banded_seconds / count, 1000 * flat_seconds / count
    print(f"ours {banded_ms:.2f} ms, flat scan {flat_ms:.2f} ms: {flat_ms / banded_ms:.1f} times")


if __name__ == "__main__":
    main()
