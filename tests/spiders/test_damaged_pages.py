"""Damaged copies of every saved page give listings or an outcome, never an exception that ends the unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.archives import open_archive
from crawler.errors import SwordnetError
from crawler.items import Listing
from crawler.page import Page
from crawler.page.outcome import outcome_of
from crawler.page.reader import read_page
from crawler.page.sanitize import sanitize_listing
from spiders.catalogue import platforms
from tests.page_mutations import mutate
from tests.spiders.test_saved_pages import CASES

FAST_SEEDS, ALL_SEEDS = 5, 200


def read_mutations(case: Path, seeds: range) -> None:
    (answer,) = open_archive(case)
    for seed in seeds:
        body = mutate(answer.body, seed)
        outcome_of(answer.status, body, answer.content_type, answer.url)
        page = Page(
            url=answer.url,
            body=body,
            content_type=answer.content_type,
            status=answer.status,
            values=answer.values,
        )
        try:
            results = read_page(platforms()[case.parent.name](), page)
        except SwordnetError:
            continue
        for listing in results:
            if isinstance(listing, Listing):
                sanitize_listing(listing)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_damaged_pages(case: Path) -> None:
    read_mutations(case, range(FAST_SEEDS))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_many_damaged_pages(case: Path) -> None:
    read_mutations(case, range(FAST_SEEDS, ALL_SEEDS))
