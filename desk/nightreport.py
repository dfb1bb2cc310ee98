"""What a run did, gathered for the report: figures by platform, hits with the pictures behind them."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.blobs import BlobStore, open_blobs
from crawler.config import Config
from crawler.items import Hit, Picture, Work
from crawler.messages import render_message
from crawler.store import HitQuery, Store
from crawler.store.runs import NIGHT_RUN
from desk.crawling import RunResult
from desk.report import PlatformRow, ReportData, ReportHit

CHART_NIGHTS = 14  # on the chart of the last nights


def report_data(store: Store, result: RunResult, config: Config) -> ReportData:
    """The report of one run."""
    run_hits = list(store.hits.find_hits(HitQuery(run=result.run)))
    works = {
        work.id: work
        for work in store.pictures.fill_pictures(store.works.get_many(h.work_id for h in run_hits).values())
    }
    blobs = open_blobs(config.store)
    return ReportData(
        title=render_message("desk.cli", "report_title", config.language),
        started=result.started,
        finished=result.finished,
        platforms=tuple(_platform_rows(result)),
        hits=tuple(_report_hit(hit, works[hit.work_id], blobs) for hit in run_hits),
        past=tuple(_past_nights(store)),
        language=config.language,
    )


def _platform_rows(result: RunResult) -> list[PlatformRow]:
    return [
        PlatformRow(
            name=counts.platform,
            asked=counts.asked,
            pages=counts.pages,
            limits=counts.limits,
            listings=counts.listings,
            hits=counts.hits,
            answered=counts.answered,
            blocked=counts.blocked,
            new=counts.new,
            changed=counts.changed,
            gone=counts.gone,
            healthy=counts.platform not in result.complaints,
            note=result.complaints.get(counts.platform, ""),
        )
        for counts in result.platforms
    ]


def _past_nights(store: Store) -> list[tuple[str, int, int]]:
    """The last nights, the oldest first: date, hits, new ones."""
    nights = [run for run in store.runs.latest_runs(CHART_NIGHTS, NIGHT_RUN) if run.finished]
    totals = [
        (run, [sum(counts.get(name, 0) for counts in run.counts.values()) for name in ("hits", "new")])
        for run in nights
    ]
    return [(run.night, hits, new) for run, (hits, new) in reversed(totals)]


def _report_hit(hit: Hit, work: Work, blobs: BlobStore) -> ReportHit:
    listing_picture, work_picture = (
        _first_picture_bytes(hit.listing.pictures, blobs),
        _first_picture_bytes(work.images, blobs),
    )
    sightings = (finding.sighting for finding in hit.findings if finding.sighting is not None)
    comparison = next(
        (data for sighting in sightings if sighting.beside and (data := blobs.get(sighting.beside))), None
    )
    return ReportHit(
        hit=hit, work=work, listing_picture=listing_picture, work_picture=work_picture, comparison=comparison
    )


def _first_picture_bytes(pictures: Sequence[Picture], blobs: BlobStore) -> bytes | None:
    """The bytes of the first picture that is kept."""
    return next((data for picture in pictures if picture.sha256 and (data := blobs.get(picture.sha256))), None)
