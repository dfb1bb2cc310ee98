"""Tries a page: what is read from it and by which reader, what does not count and why, and what would be decided.

Nothing is stored. Pages come from `desk.site_survey.visit_site`, or from a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import Factory, evolve, frozen

from crawler.config import Config
from crawler.items import AssessedListing, Assessment, Finding, Listing, Polarity, ShareLink, Work
from crawler.page import Page
from crawler.page.field_votes import Facts
from crawler.page.main_text import LeftOut, main_text
from crawler.page.page import visible_text
from crawler.page.product import product_facts
from crawler.page.recipes import RecipeReader
from crawler.page.site_frame import SiteFrame
from crawler.page.site_profile import SiteProfile
from crawler.page.structured_data import structured_objects
from crawler.platform_settings import SiteConfig, site_name
from crawler.shares import extract_links
from crawler.store import Store
from desk.site_survey import PageReading, read_visited
from matchers.findings import finding_sentence
from screening.screener import CANDIDATE_THRESHOLD, Screener
from spiders import Platform
from spiders.catalogue import FALLBACK_PLATFORM, all_platforms, platform_for
from spiders.sites import Site

MIN_SHOWN_IDENTITY = 0.2  # of a work that a page may be: less is chance
MAX_SHOWN_WORKS = 3  # of one listing
MAX_SHOWN_GROUNDS = 8  # of one decision
RECIPE_REASON = "left out by the recipe"


class ReaderKind(StrEnum):
    """Which reader read a page, in the order in which they are tried."""

    PLATFORM = "platform"  # a file of spiders/
    RECIPE = "recipe"
    SHAPE = "shape"  # data that the page declares, or the markup of a known system
    GUESSING = "guessing"


@frozen(kw_only=True)
class PageTrial:
    """What became of one page. `left_out` are (why, text); `works` are those that `assessed` names, by id; `has_works`
    is False where no registry could be compared with.
    """

    platform: str
    reader: ReaderKind
    reading: PageReading
    recipe_fields: Sequence[str] = ()
    left_out: Sequence[tuple[str, str]] = ()
    assessed: Sequence[AssessedListing] = ()
    works: Mapping[str, Work] = Factory(dict)
    has_works: bool = False


def trial_platform(config: Config, url: str) -> tuple[Config, str]:
    """The name of the platform that reads `url`, and the settings with the site of an address that nobody claims.

    Raises BadInput for a text that is no http(s) address.
    """
    name = platform_for(url, config).name
    if name != FALLBACK_PLATFORM:
        return config, name
    place = site_name(url)
    home = f"{url.partition('://')[0]}://{url.partition('://')[2].partition('/')[0]}/"
    return _with_site(config, place, SiteConfig(address=home)), place


def _with_site(config: Config, name: str, site: SiteConfig) -> Config:
    return evolve(config, sites={**config.sites, name: site})


def try_page(
    config: Config, platform_name: str, page: Page, profile: SiteProfile | None, question: str = ""
) -> PageTrial:
    """Read a page with the platform or site of this name. Raises LayoutError if its reader finds it broken."""
    platform = all_platforms(config)[platform_name]()
    if isinstance(platform, Site):
        platform.profile = profile
    reading = read_visited(platform, page, question)
    is_generic = isinstance(platform, Site) and page.is_html
    frame = profile.frame if profile else None
    facts = product_facts(page, structured_objects(page), frame) if is_generic else Facts()
    recipe_fields = _recipe_fields(platform, reading)
    return PageTrial(
        platform=platform_name,
        reader=_reader_kind(platform, reading, facts, recipe_fields),
        reading=reading,
        recipe_fields=recipe_fields,
        left_out=list(_left_out(platform, reading, facts, frame)) if is_generic and reading.listing else (),
    )


def _recipe_fields(platform: Platform, reading: PageReading) -> list[str]:
    """The fields that the site's recipe read; "row" for the rows of a list."""
    if not isinstance(platform, Site):
        return []
    recipe = RecipeReader(platform.settings)
    if reading.listing is None:
        return ["row"] if recipe.reads_lists else []
    return sorted(recipe.fields(reading.page))


def _reader_kind(platform: Platform, reading: PageReading, facts: Facts, recipe_fields: Sequence[str]) -> ReaderKind:
    if not isinstance(platform, Site):
        return ReaderKind.PLATFORM
    if recipe_fields:
        return ReaderKind.RECIPE
    is_known_shape = facts.is_declared or facts.thread is not None
    return ReaderKind.SHAPE if is_known_shape and reading.listing is not None else ReaderKind.GUESSING


def _left_out(
    platform: Platform, reading: PageReading, facts: Facts, frame: SiteFrame | None
) -> Sequence[tuple[str, str]]:
    """What of a listing's page does not count: (why, text)."""
    page, title = reading.page, reading.listing.title if reading.listing else ""
    parts: list[tuple[str, str]] = []
    if isinstance(platform, Site) and platform.settings.left_out:
        nodes = page.nodes(platform.settings.left_out.partition(" @")[0], 100)
        parts += [(RECIPE_REASON, visible_text(node)) for node in nodes]
    words = main_text(page, frame, title)
    if facts.thread is None:
        return parts + [(reason.value, text) for reason, text in words.left_out]
    around = (LeftOut.FRAME, LeftOut.MENU, LeftOut.RELATED)
    parts += [(reason.value, text) for reason, text in words.left_out if reason in around]
    replies = (" ".join(facts.thread.post_lines(post)) for post in facts.thread.posts[1:])
    return parts + [(LeftOut.REPLIES.value, text) for text in replies]


def decide(trial: PageTrial, store: Store, now: Callable[[], datetime]) -> PageTrial:
    """The trial with what would be decided of its listing or rows, by the works of a store that is only read."""
    listings = [trial.reading.listing] if trial.reading.listing else list(trial.reading.rows)
    has_works = next(iter(store.works.all_works()), None) is not None
    if not listings or not has_works:
        return evolve(trial, has_works=has_works)
    assessed = Screener(store=store, now=now).assess_batch(listings)
    names = {assessment.work_id for entry in assessed for assessment in shown_assessments(entry)}
    return evolve(trial, assessed=assessed, works=store.works.get_many(names), has_works=True)


def shown_assessments(entry: AssessedListing) -> list[Assessment]:
    """The works that a listing may be, the most probable first."""
    likely = [entry for entry in entry.assessments if entry.identity >= MIN_SHOWN_IDENTITY]
    return likely[:MAX_SHOWN_WORKS]


def shown_findings(assessment: Assessment) -> list[Finding]:
    """The findings behind a decision, the surest first."""
    return sorted(assessment.findings, key=lambda finding: -finding.probability)[:MAX_SHOWN_GROUNDS]


def share_links(listing: Listing) -> Sequence[ShareLink]:
    """The share links of a listing with their codes."""
    return listing.links or extract_links(f"{listing.title}\n{listing.text}")


def is_opened(entry: AssessedListing) -> bool:
    """Whether a night would open the page of this row of a list, as it may carry a work."""
    return any(assessment.identity >= CANDIDATE_THRESHOLD for assessment in entry.assessments)


def trial_json(trial: PageTrial, language: str) -> dict[str, Any]:
    """A trial as JSON types."""
    listing = trial.reading.listing
    return {
        "url": trial.reading.page.url,
        "platform": trial.platform,
        "reader": trial.reader.value,
        "recipe_fields": list(trial.recipe_fields),
        "listing": _listing_json(listing) if listing else None,
        "left_out": [{"why": why, "text": text} for why, text in trial.left_out],
        "rows": [_listing_json(row) for row in trial.reading.rows],
        "next": trial.reading.next_address,
        "decisions": [
            {
                "url": entry.listing.url,
                "title": entry.listing.title,
                "opened": listing is not None or is_opened(entry),
                "works": [
                    _assessment_json(assessment, trial.works, language) for assessment in shown_assessments(entry)
                ],
            }
            for entry in trial.assessed
        ],
    }


def _listing_json(listing: Listing) -> dict[str, Any]:
    return {
        "url": listing.url,
        "kind": listing.kind.value,
        "title": listing.title,
        "seller": listing.seller,
        "price": None if listing.price is None else f"{listing.price:f}",
        "currency": listing.currency,
        "text": listing.text,
        "published": listing.published,
        "pictures": [picture.url for picture in listing.pictures],
        "links": [{"url": link.url, "code": link.code} for link in share_links(listing)],
        "sources": dict(listing.sources),
    }


def _assessment_json(assessment: Assessment, works: Mapping[str, Work], language: str) -> dict[str, Any]:
    return {
        "work": assessment.work_id,
        "title": works[assessment.work_id].title if assessment.work_id in works else "",
        "identity": round(assessment.identity, 4),
        "offence": round(assessment.offence, 4),
        "decision": assessment.decision.value,
        "reasons": [
            {
                "for": finding.polarity is Polarity.FOR,
                "matcher": finding.matcher,
                "why": finding_sentence(finding, language),
            }
            for finding in shown_findings(assessment)
        ],
    }
