"""Looks at a site that no spider knows, once: how it is searched, how its lists and pages look, what is its frame.

The requests pass robots.txt, throttle and SSRF guard as in a crawl; what they bring is kept in a temporary store only.
`survey_section` says it as a [sites.NAME] section of swordnet.toml.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from attrs import Factory, evolve, frozen

from crawler.config import Config
from crawler.errors import SwordnetError
from crawler.items import Ask, Listing, ListingKind, Outcome, UnitKind
from crawler.messages import render_message
from crawler.page import Page, Request
from crawler.page.outcome import outcome_of
from crawler.page.page_links import address_shape, linked_files
from crawler.page.product import product_facts
from crawler.page.reader import read_page
from crawler.page.search_forms import SearchForm, search_forms
from crawler.page.site_profile import WALK_KEY, SiteProfile
from crawler.platform_settings import SiteConfig
from crawler.store import Store
from crawler.urls import canonicalize_url
from crawler.web.site_learning import PROFILE_KEY, load_profile
from desk import crawling
from spiders import Platform
from spiders.shop import LIST_KEY
from spiders.sites import Site, site_platform

SURVEY_PAGES = 20  # opened from the home page, beside those that the look before the first question opens
MAX_VISIT_PAGES = 60  # that one visit keeps in memory
MAX_SHOWN_SHAPES = 4
MAX_SHOWN_CHARS = 100  # of a title or an address in a comment
MIN_KIND_SHARE = 0.5  # of the pages of listings, from which what they are decides what the site is
MIN_TOKEN_CHARS = 16  # from which a mixed value of a field counts as one that is made for each page


@frozen(kw_only=True)
class Visit:
    """What a visit brought: every page that arrived whole, once; the site's profile; sentences on what went wrong."""

    pages: Sequence[Page]
    profile: SiteProfile | None
    outcomes: Mapping[str, int]
    problems: Sequence[str]


@frozen(kw_only=True)
class PageReading:
    """What a site's reader finds on a page: its listing, or the rows of a list and the address of its next page."""

    page: Page
    listing: Listing | None = None
    rows: Sequence[Listing] = ()
    next_address: str | None = None


@frozen(kw_only=True)
class SiteSurvey:
    """What is known of a site after one look. `kind` is "" where nothing decides; `search` None where it has none, or
    one whose fields change from page to page (`is_search_unstable`).
    """

    address: str
    kind: str
    profile: SiteProfile
    search: SearchForm | None
    is_search_unstable: bool
    lists: Sequence[PageReading] = Factory(tuple)
    listings: Sequence[PageReading] = Factory(tuple)


def visit_site(
    config: Config,
    name: str,
    asks: Mapping[UnitKind, Sequence[Ask]],
    *,
    now: Callable[[], datetime],
    replay: Path | None = None,
    profile: SiteProfile | None = None,
) -> Visit:
    """Make the requests of `asks` to one platform or site. `profile` is what is known of the site already.

    Only once per process, like every crawl. Raises BadInput without a contact address.
    """
    pages: dict[str, Page] = {}

    def keep(page: Page, method: str, body: bytes) -> None:
        is_whole = outcome_of(page.status, page.body, page.content_type, page.url) is Outcome.LIVE
        if is_whole and len(pages) < MAX_VISIT_PAGES:
            pages.setdefault(f"{method} {canonicalize_url(page.url)} {body!r}", page)

    with tempfile.TemporaryDirectory() as scratch:
        store_config = evolve(config.store, url=f"sqlite:///{scratch}/visit.db", blobs=f"{scratch}/blobs")
        with Store.open(store_config.url) as store:
            if profile is not None:
                store.runs.put_named_value(PROFILE_KEY + name, json.dumps(profile.to_json()))
        plan = crawling.CrawlPlan(asks={name: asks}, enforce_floors=False)
        scratch_config = evolve(config, store=store_config)
        result = crawling.crawl(scratch_config, plan, now=now, replay=replay, follow=False, keep=keep)
        with Store.open(store_config.url) as store:
            learned = load_profile(store, name)
    outcomes: Counter[str] = Counter()
    problems: list[str] = []
    for counts in result.platforms:
        outcomes += counts.pages
        problems += counts.problems
    return Visit(pages=list(pages.values()), profile=learned, outcomes=outcomes, problems=list(dict.fromkeys(problems)))


def survey_site(
    config: Config, name: str, address: str, *, now: Callable[[], datetime], replay: Path | None = None
) -> tuple[SiteSurvey | None, Visit]:
    """Look at a site; None where its home page could not be read: the visit says why."""
    settings = evolve(config.sites.get(name) or SiteConfig(address=address), browse=SURVEY_PAGES)
    settings = evolve(settings, pages=min(settings.pages, SURVEY_PAGES))
    scratch_config = evolve(config, sites={**config.sites, name: settings})
    visit = visit_site(scratch_config, name, {UnitKind.WALK: [Ask(url=address)]}, now=now, replay=replay)
    if visit.profile is None:
        return None, visit
    platform = site_platform(name, settings)()
    platform.profile = visit.profile
    return _survey(platform, address, visit), visit


def read_visited(platform: Platform, page: Page, question: str = "") -> PageReading:
    """What a platform reads from a page that was opened by its address.

    A site's page is read as a list if it is none of a listing. Raises LayoutError as the platform does.
    """
    if not isinstance(platform, Site):
        entries = read_page(platform, page)
        listings = [entry for entry in entries if isinstance(entry, Listing)]
        is_own = len(listings) == 1 and listings[0].whole
        return PageReading(
            page=page,
            listing=listings[0] if is_own else None,
            rows=() if is_own else listings,
            next_address=_next_address(entries),
        )
    walked = read_page(platform, _with_values(page, {WALK_KEY: "1"}))
    listing = next((entry for entry in walked if isinstance(entry, Listing) and entry.whole), None)
    if listing is not None:
        return PageReading(page=page, listing=listing)
    entries = read_page(platform, _with_values(page, {LIST_KEY: question}))
    rows = [entry for entry in entries if isinstance(entry, Listing)]
    return PageReading(page=page, rows=rows, next_address=_next_address(entries))


def _next_address(entries: Sequence[Listing | Request]) -> str | None:
    return next((entry.url for entry in entries if isinstance(entry, Request) and entry.page > 1), None)


def _with_values(page: Page, values: Mapping[str, str]) -> Page:
    return Page(
        url=page.url,
        body=page.body,
        content_type=page.content_type,
        status=page.status,
        values=values,
        scanned=page.scanned,
    )


def _survey(platform: Site, address: str, visit: Visit) -> SiteSurvey:
    profile = visit.profile or SiteProfile()
    form = profile.form
    lists: list[PageReading] = []
    listings: list[PageReading] = []
    for page in visit.pages:
        if not page.is_html or (form is not None and form.answers_at(page.url)):
            continue
        try:
            reading = read_visited(platform, page)
        except SwordnetError:
            continue  # a page that is no page of a site: the look has counted it
        if reading.listing is not None and canonicalize_url(page.url) != canonicalize_url(address):
            listings.append(reading)
        elif reading.rows:
            lists.append(reading)
    is_stable = form is None or _is_stable(form, visit.pages)
    return SiteSurvey(
        address=address,
        kind=guess_kind(listings),
        profile=profile,
        search=form if is_stable else None,
        is_search_unstable=not is_stable,
        lists=lists,
        listings=listings,
    )


def _is_stable(form: SearchForm, pages: Sequence[Page]) -> bool:
    """Whether a search can be written down: the pages that show its form all show the same, without a token."""
    place = urlsplit(form.address)._replace(query="").geturl()
    shown = {
        (other.address, other.body)
        for page in pages
        if page.is_html
        for other in search_forms(page)
        if other.source == form.source and urlsplit(other.address)._replace(query="").geturl() == place
    }
    fields = re.split(r"[&?]", f"{urlsplit(form.address).query}&{form.body}")
    values = [field.partition("=")[2] for field in fields]
    return not any(map(_is_token, values)) and not shown - {(form.address, form.body)}


def _is_token(value: str) -> bool:
    """Whether a field's value looks made for one page: long, one word, of letters and digits."""
    is_mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return len(value) >= MIN_TOKEN_CHARS and is_mixed and all(sign.isalnum() or sign in "-_" for sign in value)


def guess_kind(listings: Sequence[PageReading]) -> str:
    """What a site is, by what most of its pages of listings are; "" where nothing decides.

    Posts of a thread make a forum, apps or files to install a mirror, offers with a price a shop, articles a blog; bare
    pages that lead to files a directory.
    """
    votes: Counter[str] = Counter()
    for reading in listings:
        facts, listing = product_facts(reading.page), reading.listing
        links = [node.attributes.get("href") or "" for node in reading.page.nodes("a[href]", 1_000)]
        installs = any(
            urlsplit(link).path.lower().endswith((".apk", ".xapk", ".ipa", ".exe", ".dmg")) for link in links
        )
        if facts.thread is not None:
            votes["forum"] += 1
        elif installs or (listing is not None and listing.kind is ListingKind.APP):
            votes["mirror"] += 1
        elif listing is not None and listing.price is not None:
            votes["shop"] += 1
        elif facts.is_article or any(reading.page.nodes("article", 1)):
            votes["blog"] += 1
        elif linked_files(reading.page):
            votes["directory"] += 1
    kind, count = votes.most_common(1)[0] if votes else ("", 0)
    return kind if count >= MIN_KIND_SHARE * len(listings) else ""


def survey_section(survey: SiteSurvey, name: str, day: date, language: str) -> str:
    """The section of swordnet.toml for a site, with comments of what was seen; ends with a line break."""
    lines = [_comment("site_added_on", language, day=day.isoformat()), f"[sites.{toml_text(name)}]"]
    lines.append(f"address = {toml_text(survey.address)}")
    kind_line = f"kind = {toml_text(survey.kind)}"
    lines.append(kind_line if survey.kind else _comment("site_kind_unknown", language))
    lines += _search_lines(survey, language)
    lines += _seen_lines(survey, language)
    return "\n".join(lines) + "\n"


def _search_lines(survey: SiteSurvey, language: str) -> Iterator[str]:
    form = survey.search
    if form is None:
        yield _comment("site_search_changes" if survey.is_search_unstable else "site_no_search", language)
        return
    yield _comment("site_search_found", language, source=_shown(form.source or "-"))
    yield f"search = {toml_text(form.address)}"
    if form.body:
        yield f"search_body = {toml_text(form.body)}"
    yield f"charset = {toml_text(form.charset)}"


def _seen_lines(survey: SiteSurvey, language: str) -> Iterator[str]:
    frame = survey.profile.frame
    yield _comment("site_seen_name", language, name=", ".join(map(_shown, frame.names[:3])) or "-")
    blocks = len(frame.list_blocks) + len(frame.page_blocks)
    yield _comment("site_seen_frame", language, blocks=blocks, contacts=len(frame.contacts))
    rows = sum(len(reading.rows) for reading in survey.lists)
    yield _comment("site_seen_lists", language, pages=len(survey.lists), rows=rows)
    yield from (f"#   {line}" for line in _shape_lines(survey.lists))
    next_address = next((reading.next_address for reading in survey.lists if reading.next_address), None)
    yield _comment("site_seen_next", language, address=_shown(next_address or "-"))
    yield _comment("site_seen_listings", language, pages=len(survey.listings))
    yield from (f"#   {line}" for line in _shape_lines(survey.listings))


def _shape_lines(readings: Sequence[PageReading]) -> Iterator[str]:
    """One line for each kind of address: its shape, how many pages, and one of them with its title."""
    by_shape: dict[str, list[PageReading]] = {}
    for reading in readings:
        by_shape.setdefault(address_shape(reading.page.url), []).append(reading)
    for shape, group in sorted(by_shape.items(), key=lambda item: -len(item[1]))[:MAX_SHOWN_SHAPES]:
        listing = group[0].listing
        title = f' "{_shown(listing.title)}"' if listing is not None else ""
        yield f"{_shown(shape).removesuffix('?')} ({len(group)}): {_shown(group[0].page.url)}{title}"


def _comment(key: str, language: str, **values: object) -> str:
    return "# " + render_message("desk.cli", key, language, **values)


def _shown(text: str) -> str:
    """A text of a stranger for a comment: on one line, without control characters, cut."""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(line.split())[:MAX_SHOWN_CHARS]


def toml_text(text: str) -> str:
    """A text as a basic string of TOML (https://toml.io/en/v1.0.0#string)."""
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\x7f", "")
    return json.dumps(clean, ensure_ascii=False)
