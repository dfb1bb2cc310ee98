"""An inverted file (IVF) of binary codes: which keypoints of many registered pictures lie near those of a query.

Every code is kept in the list of the nearest of some hundred or thousand centres, and a query probes only the lists of
its nearest centres. The centres are codes sampled from the data; nothing is trained. The lists are memory-mapped files,
so all processes share one copy and opening costs nothing.
"""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from matchers.images.keypoints import CODE_BYTES, BinaryCodes

PROBED_LISTS = 8  # lists searched for each code
# Lists = this times the root of the number of codes: comparing centres and codes then costs the same
LISTS_PER_ROOT = 4
MIN_LISTS, MAX_LISTS = 16, 16_384
CENTRES_SEED = 1

_ID_DTYPE = np.dtype("<i8")  # faiss keeps the ids of a list as 64 bit numbers behind its codes

SearchResult = tuple[NDArray[np.int32], NDArray[np.int64]]


class InvertedFile:
    """The codes of one immutable segment; rows are numbered in the order they were written."""

    def __init__(self, folder: Path) -> None:
        """Open what `write` wrote. Raises OSError or ValueError for anything else."""
        faiss.omp_set_num_threads(1)
        centres, sizes = np.load(folder / "centres.npy"), np.load(folder / "sizes.npy")
        self._lists = faiss.OnDiskInvertedLists(len(centres), CODE_BYTES, str(folder / "lists"))
        self._lists.read_only = True
        self._lists.prefetch_nthread = 0  # lists are read in the thread that asks
        self._lists.totsize = (folder / "lists").stat().st_size
        if self._lists.totsize != int(sizes.sum()) * (CODE_BYTES + _ID_DTYPE.itemsize):
            raise ValueError(f"{folder}: lists of another size")
        self._lists.set_all_lists_sizes(faiss.swig_ptr(sizes))
        if self._lists.totsize:
            self._lists.do_mmap()
        self._quantizer = faiss.IndexBinaryFlat(CODE_BYTES * 8)
        self._quantizer.add(centres)
        self._index = faiss.IndexBinaryIVF(self._quantizer, CODE_BYTES * 8, len(centres))
        self._index.replace_invlists(self._lists, False)
        self._index.is_trained = True
        self._index.nprobe = min(PROBED_LISTS, len(centres))
        self._index.ntotal = int(sizes.sum())

    @staticmethod
    def write(folder: Path, codes: BinaryCodes) -> None:
        """Sort codes into lists and write them."""
        faiss.omp_set_num_threads(1)
        folder.mkdir(parents=True, exist_ok=True)
        list_count = int(
            np.clip(2 ** round(np.log2(LISTS_PER_ROOT * np.sqrt(max(1, len(codes))))), MIN_LISTS, MAX_LISTS)
        )
        sample = np.random.default_rng(CENTRES_SEED).permutation(len(codes))[: min(list_count, len(codes))]
        centres = np.ascontiguousarray(codes[np.sort(sample)]) if len(sample) else np.zeros((1, CODE_BYTES), np.uint8)
        quantizer = faiss.IndexBinaryFlat(CODE_BYTES * 8)
        quantizer.add(centres)
        lists = quantizer.search(codes, 1)[1][:, 0] if len(codes) else np.zeros(0, np.int64)
        order = np.argsort(lists, kind="stable")
        sizes = np.bincount(lists, minlength=len(centres)).astype(np.uint64)
        with (folder / "lists").open("wb") as file:
            for end, size in zip(np.cumsum(sizes), sizes, strict=True):
                rows = order[int(end - size) : int(end)]
                file.write(codes[rows].tobytes())
                file.write(rows.astype(_ID_DTYPE).tobytes())
        np.save(folder / "centres.npy", centres)
        np.save(folder / "sizes.npy", sizes)

    def read_codes(self) -> BinaryCodes:
        """All codes by row, read back for merging segments."""
        sizes = np.load(Path(self._lists.filename).with_name("sizes.npy")).astype(np.int64)
        data = np.fromfile(self._lists.filename, dtype=np.uint8)
        codes = np.zeros((int(sizes.sum()), CODE_BYTES), np.uint8)
        start = 0
        for size in sizes:
            middle, end = start + size * CODE_BYTES, start + size * (CODE_BYTES + _ID_DTYPE.itemsize)
            codes[data[middle:end].view(_ID_DTYPE)] = data[start:middle].reshape(-1, CODE_BYTES)
            start = end
        return codes

    def search(self, codes: BinaryCodes, limit: int) -> SearchResult:
        """Distances in bits and rows of the codes nearest to each code, [n, limit]; row -1 where there are fewer."""
        distances, rows = self._index.search(np.ascontiguousarray(codes), limit)
        return distances, rows
