"""Listings against works in batches, over all cores, with the results in the order of the input.

Workers are forked from the process that holds works and index, so they share its memory and nothing is built twice.
Where the system cannot fork, or few rows wait, one process does it all.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from desk.batch import Offered, result_rows
from matchers import Context
from matchers.assess import Assessor

BATCH = 128  # rows whose titles are looked up together: a batch costs little more than a row
LEAST_ROWS = 1_024  # fewer rows are done before workers have begun


@frozen(kw_only=True)
class Matching:
    """What is done with every batch: rows of files in `folder`; works under the identity `least` are left out."""

    assessor: Assessor
    offers: Sequence[Offered]
    context: Context
    folder: Path
    least: float = 0.0

    def batches(self, workers: int) -> Iterator[tuple[int, str]]:
        """For each batch how many rows it had, and their results as JSON Lines."""
        starts = range(0, len(self.offers), BATCH)
        if workers < 2 or len(self.offers) < LEAST_ROWS or "fork" not in multiprocessing.get_all_start_methods():
            yield from map(self._batch, starts)
            return
        _shared[:] = [self]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # no thread of ours runs here
            pool = multiprocessing.get_context("fork").Pool(workers)
        with pool:
            yield from pool.imap(_in_worker, starts)
        _shared.clear()

    def _batch(self, start: int) -> tuple[int, str]:
        offers = self.offers[start : start + BATCH]
        self.assessor.warm([offer.listing for offer in offers])
        lines: list[str] = []
        for offer in offers:
            found = self.assessor.assess(offer.looked_at(self.folder), self.context)
            kept = tuple(one for one in found if one.identity >= self.least)
            lines.extend(json.dumps(row, ensure_ascii=False) + "\n" for row in result_rows(offer.id, kept))
        return len(offers), "".join(lines)


_shared: list[Matching] = []  # what forked workers find in their memory


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _in_worker(start: int) -> tuple[int, str]:
    return _shared[0]._batch(start)
