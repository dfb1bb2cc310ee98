"""What a run did, gathered for the report: figures by platform, hits with the pictures behind them."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.blobs import Blobs, blobs_of
from crawler.config import Config
from crawler.items import Hit, Picture, Work
from crawler.messages import say
from crawler.store import Filter, Store
from crawler.store.runs import NIGHT
from desk.crawling import Ran
from desk.report import PlatformRow, ReportData, ReportHit

NIGHTS = 14  # on the chart of the last nights


def report_data(store: Store, ran: Ran, config: Config) -> ReportData:
    """The report of one run."""
    found = list(store.hits.find(Filter(run=ran.run)))
    works = {work.id: work for work in store.pictures.complete(store.works.some(h.work_id for h in found).values())}
    blobs = blobs_of(config.store)
    return ReportData(
        title=say("desk.cli", "report_title", config.language),
        started=ran.started,
        finished=ran.finished,
        platforms=tuple(_platforms(ran)),
        hits=tuple(_beside(hit, works[hit.work_id], blobs) for hit in found),
        past=tuple(_past(store)),
        language=config.language,
    )


def _platforms(ran: Ran) -> list[PlatformRow]:
    return [
        PlatformRow(
            name=each.platform,
            asked=each.asked,
            pages=each.pages,
            cut=each.limits,
            listings=each.listings,
            hits=each.hits,
            answered=each.answered,
            blocked=each.blocked,
            new=each.new,
            changed=each.changed,
            gone=each.gone,
            healthy=each.platform not in ran.complaints,
            note=ran.complaints.get(each.platform, ""),
        )
        for each in ran.platforms
    ]


def _past(store: Store) -> list[tuple[str, int, int]]:
    """The last nights, the oldest first: date, hits, new ones."""
    nights = [run for run in store.runs.latest(NIGHTS, NIGHT) if run.finished]
    total = [
        (run, [sum(each.get(name, 0) for each in run.counts.values()) for name in ("hits", "new")]) for run in nights
    ]
    return [(run.night, hits, new) for run, (hits, new) in reversed(total)]


def _beside(hit: Hit, work: Work, blobs: Blobs) -> ReportHit:
    theirs, ours = _first(hit.listing.pictures, blobs), _first(work.images, blobs)
    seen = (one.sighting for one in hit.findings if one.sighting is not None)
    drawn = next((data for each in seen if each.beside and (data := blobs.get(each.beside))), None)
    return ReportHit(hit=hit, work=work, listing_picture=theirs, work_picture=ours, beside=drawn)


def _first(pictures: Sequence[Picture], blobs: Blobs) -> bytes | None:
    """The bytes of the first picture that is kept."""
    return next((data for picture in pictures if picture.sha256 and (data := blobs.get(picture.sha256))), None)
