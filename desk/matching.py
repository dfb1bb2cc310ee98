"""Listings of a list against works, in batches over all cores, with the results in the order of the input."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import Factory, frozen

from crawler.pictures import Looker, Plain
from desk.batch import Offered, result_rows
from desk.cores import in_order
from matchers import Context
from matchers.assess import Assessor

BATCH = 512  # rows whose titles are looked up together: a batch costs little more than a row
PICTURED = 8  # rows of a batch where some have pictures, which take a hundred times as long as titles
LEAST_ROWS = 1_024  # fewer rows are done before workers have begun
LEAST_PICTURES = 16


@frozen(kw_only=True)
class Matching:
    """What is done with every batch: rows of files in `folder`; works under the identity `least` are left out."""

    assessor: Assessor
    offers: Sequence[Offered]
    context: Context
    folder: Path
    least: float = 0.0
    looker: Looker = Factory(Plain)

    def batches(self, workers: int) -> Iterator[tuple[int, str]]:
        """For each batch how many rows it had, and their results as JSON Lines."""
        pictures = sum(len(offer.listing.pictures) for offer in self.offers)
        alone = len(self.offers) < LEAST_ROWS and pictures < LEAST_PICTURES
        return in_order(self._batch, range(0, len(self.offers), self._size), 1 if alone else workers)

    @property
    def _size(self) -> int:
        return PICTURED if any(offer.listing.pictures for offer in self.offers) else BATCH

    def _batch(self, start: int) -> tuple[int, str]:
        offers = self.offers[start : start + self._size]
        listings = [offer.looked_at(self.folder, self.looker) for offer in offers]
        lines: list[str] = []
        for offer, found in zip(offers, self.assessor.assess_all(listings, self.context), strict=True):
            kept = tuple(one for one in found if one.identity >= self.least)
            lines.extend(json.dumps(row, ensure_ascii=False) + "\n" for row in result_rows(offer.id, kept))
        return len(offers), "".join(lines)
