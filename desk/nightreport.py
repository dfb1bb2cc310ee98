"""What a run did, gathered for the report: figures by platform, hits with the pictures behind them."""

from __future__ import annotations

from pathlib import Path

from crawler.blobs import Blobs
from crawler.config import Config
from crawler.items import Hit, Picture, Work
from crawler.messages import say
from crawler.store import Filter, Store
from desk.crawling import Ran
from desk.report import PlatformRow, ReportData, ReportHit


def report_data(store: Store, ran: Ran, config: Config) -> ReportData:
    """The report of one run."""
    found = list(store.hits.find(Filter(run=ran.run)))
    works = store.works.some(hit.work_id for hit in found)
    blobs = Blobs(Path(config.store.blobs))
    return ReportData(
        title=say("desk.cli", "report_title", config.language),
        started=ran.started,
        finished=ran.finished,
        platforms=tuple(_platforms(ran)),
        hits=tuple(_beside(hit, works[hit.work_id], blobs) for hit in found),
        language=config.language,
    )


def _platforms(ran: Ran) -> list[PlatformRow]:
    return [
        PlatformRow(
            name=each.platform,
            asked=each.asked,
            pages=each.pages,
            listings=each.listings,
            hits=each.hits,
            healthy=each.platform not in ran.complaints,
            note=ran.complaints.get(each.platform, ""),
        )
        for each in ran.platforms
    ]


def _beside(hit: Hit, work: Work, blobs: Blobs) -> ReportHit:
    theirs = next((data for picture in hit.listing.pictures if (data := _kept(picture, blobs))), None)
    return ReportHit(hit=hit, work=work, listing_picture=theirs, work_picture=_first_file(work))


def _kept(picture: Picture, blobs: Blobs) -> bytes | None:
    return blobs.get(picture.sha256) if picture.sha256 else None


def _first_file(work: Work) -> bytes | None:
    for picture in work.images:
        path = Path(picture.url)
        if path.is_file():
            return path.read_bytes()
    return None
