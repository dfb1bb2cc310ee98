"""Lists of addresses to crawl (`crawl --urls FILE`), and the platform or site that each of them goes to."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from attrs import evolve, frozen

from crawler.config import Config
from crawler.errors import BadInput, Problem
from crawler.items import Ask, ListingKind, UnitKind
from crawler.messages import render_message
from crawler.platform_settings import SiteConfig, site_name
from crawler.urls import canonicalize_url, complete_url
from desk.crawling import CrawlPlan, plan_shares
from spiders.catalogue import FALLBACK_PLATFORM, expand_names, platform_for, site_for

URL_COLUMNS = ("url", "address", "link", "href", "网址", "链接", "地址")
COMMENT_MARK = "#"
_DELIMITERS = ",;\t"


@frozen(kw_only=True)
class AddressList:
    """The addresses of a file, each once and in its order, with their lines; and what is wrong with other lines."""

    addresses: list[tuple[int, str]]
    problems: list[Problem]


def read_address_list(file: Path, language: str) -> AddressList:
    """The addresses of a file: one a line, `#` before a comment; or a CSV whose first line names a column `url`.

    Raises BadInput if the file cannot be read, or holds no address.
    """
    lines = _decode(file).splitlines()
    addresses: dict[str, tuple[int, str]] = {}
    problems: list[Problem] = []
    for number, text in _entries(lines):
        url = complete_url(text)
        if url is None:
            message = render_message("desk.cli", "no_address", language, text=text[:200])
            problems.append(Problem(file=str(file), line=number, message=message))
        else:
            addresses.setdefault(canonicalize_url(url), (number, url))
    if not addresses:
        empty = Problem(file=str(file), message=render_message("desk.cli", "urls_none", language))
        raise BadInput(problems or [empty])
    return AddressList(addresses=list(addresses.values()), problems=problems)


def plan_addresses(listed: AddressList, platform: str, config: Config, file: Path) -> tuple[CrawlPlan, list[Problem]]:
    """A plan that opens each address with the platform or site that claims it, and the problems of the list.

    With another platform than `shop` only its own addresses are opened; the others are problems. Raises BadInput
    where none is left.
    """
    wanted = set(expand_names([platform], config)) if platform != FALLBACK_PLATFORM else None
    asks: dict[str, dict[UnitKind, list[Ask]]] = {}
    problems = list(listed.problems)
    for number, url in listed.addresses:
        owner = platform_for(url, config)
        if wanted is not None and owner.name not in wanted:
            values = {"url": url, "owner": owner.name, "platform": platform}
            message = render_message("desk.cli", "urls_elsewhere", config.language, **values)
            problems.append(Problem(file=str(file), line=number, message=message))
            continue
        entries = {owner.name: [Ask(url=url)]}
        if owner.kind is ListingKind.SHARE:
            try:
                planned = plan_shares([url]).asks
            except BadInput as error:
                problems += [Problem(file=str(file), line=number, message=item.message) for item in error.problems]
                continue
            entries = {name: list(kinds[UnitKind.DETAILS]) for name, kinds in planned.items()}
        for name, own_asks in entries.items():
            asks.setdefault(name, {}).setdefault(UnitKind.DETAILS, []).extend(own_asks)
    if not asks:
        raise BadInput(problems)
    return CrawlPlan(asks=asks, enforce_floors=False), problems


def _decode(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadInput(Problem(file=str(file), message=error.strerror or str(error))) from None
    for charset in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(charset)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace")


def _entries(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of each entry; lines count from 1."""
    kept = [(number, line) for number, line in enumerate(lines, 1) if line.strip()[:1] not in ("", COMMENT_MARK)]
    if not kept:
        return
    heading = kept[0][1]
    delimiter = max(_DELIMITERS, key=heading.count)
    names = [name.strip().casefold() for name in next(csv.reader([heading], delimiter=delimiter))]
    column = next((index for index, name in enumerate(names) if name in URL_COLUMNS), None)
    if column is None:
        yield from ((number, _without_comment(line)) for number, line in kept)
        return
    for number, line in kept[1:]:
        cells = next(csv.reader([line], delimiter=delimiter))
        yield number, cells[column].strip() if column < len(cells) else ""


def _without_comment(line: str) -> str:
    """A line without what follows a blank and `#`: in an address `#` begins a fragment."""
    return line.partition(f" {COMMENT_MARK}")[0].strip()


def plan_site_walk(config: Config, start: str, depth: int | None, follow: str | None) -> tuple[Config, CrawlPlan]:
    """A plan that walks a whole site once from a page, a feed or a sitemap, and the settings for it.

    The site is the one of the configuration with this host, else one with the defaults. Raises BadInput for a pattern
    that is none, and for an address that a platform with a file of its own claims.
    """
    owner = platform_for(start, config).name
    name = site_for(start, config) or site_name(start)
    if owner not in (FALLBACK_PLATFORM, name):
        message = render_message("desk.cli", "walk_platform", config.language, url=start, platform=owner)
        raise BadInput(Problem(file="--from", message=message))
    try:
        re.compile(follow or "")
    except re.error as error:
        raise BadInput(Problem(file="--follow", message=str(error))) from None
    home = "/".join(canonicalize_url(start).split("/")[:3]) + "/"
    site = config.sites.get(name) or SiteConfig(address=home)
    site = evolve(site, start=(start,), browse=site.pages, depth=depth or site.depth)
    site = evolve(site, follow=follow) if follow is not None else site
    plan = CrawlPlan(asks={name: {UnitKind.WALK: [Ask(url=start)]}}, enforce_floors=False)
    return evolve(config, sites={**config.sites, name: site}), plan
