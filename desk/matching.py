"""Listings of a list against works, in batches over all cores, with the results in the order of the input."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import Factory, frozen

from crawler.pictures import PictureInspector, PlainInspector
from desk.batch import OfferRow, result_rows
from desk.cores import map_in_order
from matchers import Context
from matchers.assess import Assessor

ROWS_PER_BATCH = 512  # rows whose titles are looked up together: a batch costs little more than a row
PICTURED_ROWS_PER_BATCH = 8  # rows of a batch where some have pictures, which take a hundred times as long as titles
MIN_ROWS_FOR_WORKERS = 1_024  # fewer rows are done before workers have begun
MIN_PICTURES_FOR_WORKERS = 16


@frozen(kw_only=True)
class MatchJob:
    """What is done with every batch: rows of files in `folder`; works under the identity `min_identity` are left
    out.
    """

    assessor: Assessor
    offers: Sequence[OfferRow]
    context: Context
    folder: Path
    min_identity: float = 0.0
    looker: PictureInspector = Factory(PlainInspector)

    def run_batches(self, workers: int) -> Iterator[tuple[int, str]]:
        """For each batch how many rows it had, and their results as JSON Lines."""
        pictures = sum(len(offer.listing.pictures) for offer in self.offers)
        is_small = len(self.offers) < MIN_ROWS_FOR_WORKERS and pictures < MIN_PICTURES_FOR_WORKERS
        return map_in_order(self._match_batch, range(0, len(self.offers), self._batch_size), 1 if is_small else workers)

    @property
    def _batch_size(self) -> int:
        return PICTURED_ROWS_PER_BATCH if any(offer.listing.pictures for offer in self.offers) else ROWS_PER_BATCH

    def _match_batch(self, start: int) -> tuple[int, str]:
        offers = self.offers[start : start + self._batch_size]
        listings = [offer.with_pictures(self.folder, self.looker) for offer in offers]
        lines: list[str] = []
        for offer, assessments in zip(offers, self.assessor.assess_all(listings, self.context), strict=True):
            candidates = tuple(assessment for assessment in assessments if assessment.identity >= self.min_identity)
            lines.extend(json.dumps(row, ensure_ascii=False) + "\n" for row in result_rows(offer.id, candidates))
        return len(offers), "".join(lines)
