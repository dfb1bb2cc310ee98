"""Lists of addresses to crawl (`crawl --urls FILE`), and the platform or site that each of them goes to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import evolve, frozen

from crawler.config import Config
from crawler.errors import BadInput, Problem
from crawler.items import Ask, ListingKind, UnitKind
from crawler.messages import render_message
from crawler.platform_settings import SiteConfig, site_name
from crawler.urls import canonicalize_url, complete_url
from desk.crawling import CrawlPlan, plan_shares
from registry.input_files import decode_text, read_bytes
from registry.tables import Tell
from registry.text_tables import MAX_HEADING_ROWS, TableError, clean_heading, read_rows
from spiders.catalogue import FALLBACK_PLATFORM, expand_names, platform_for, site_for

URL_COLUMNS = ("url", "address", "link", "href", "网址", "網址", "链接", "連結", "地址")
COMMENT_MARK = "#"
_CELL_END_RE = re.compile(r"[,;\t|]")
_LINE_END_RE = re.compile(r"\r\n|\r|\n")


@frozen(kw_only=True)
class AddressList:
    """The addresses of a file, each once and in its order, with their lines; and what is wrong with other lines."""

    addresses: list[tuple[int, str]]
    problems: list[Problem]


def read_address_list(
    file: Path, language: str, *, encoding: str | None = None, tell: Tell = lambda _: None
) -> AddressList:
    """The addresses of a file: one a line, `#` before a comment; or a CSV whose heading names a column `url`.

    `encoding` and `tell` are those of `registry.tables.read_table`. Raises BadInput if the file cannot be read, or
    holds no address.
    """
    content = _read_text(file, language, encoding, tell)
    addresses: dict[str, tuple[int, str]] = {}
    problems: list[Problem] = []
    for number, text in _entries(content, file, language):
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


def _read_text(file: Path, language: str, encoding: str | None, tell: Tell) -> str:
    """The text of a file. Addresses are ASCII: where the encoding cannot be told, the rest may be damaged."""
    data = read_bytes(file, packed=False, language=language)
    try:
        decoded = decode_text(data, str(file), language, encoding)
    except BadInput:
        if encoding:
            raise
        return data.decode("utf-8", "replace")
    if not decoded.is_utf8:
        tell(render_message("registry", "read_as", language, file=file, encoding=decoded.encoding))
    return decoded.text


def _entries(text: str, file: Path, language: str) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of each entry; lines count from 1. Raises BadInput for a table that cannot be parsed."""
    lines = [(number, line.strip()) for number, line in enumerate(_LINE_END_RE.split(text), 1)]
    kept = [(number, line) for number, line in lines if line[:1] not in ("", COMMENT_MARK)]
    heading = next(
        (line for _, line in kept[:MAX_HEADING_ROWS] if _url_column(_CELL_END_RE.split(line)) is not None), ""
    )
    if not heading:
        yield from ((number, _without_comment(line)) for number, line in kept)
    elif _CELL_END_RE.search(heading):
        yield from _table_entries(text, file, language)
    else:  # a single column: an address may hold what parts cells elsewhere
        start = next(number for number, line in kept if line == heading)
        yield from ((number, line.strip("\"'")) for number, line in kept if number > start)


def _table_entries(text: str, file: Path, language: str) -> Iterator[tuple[int, str]]:
    try:
        rows = [row for row in read_rows(text) if row.cells and not row.cells[0].lstrip().startswith(COMMENT_MARK)]
    except TableError as error:
        message = render_message("registry", error.key, language, reason=error.reason)
        raise BadInput(Problem(file=str(file), line=error.line, message=message)) from None
    columns = ((start, _url_column(row.cells)) for start, row in enumerate(rows, 1))
    start, column = next((found for found in columns if found[1] is not None), (0, None))
    if column is None:
        return
    for row in rows[start:]:
        yield row.line, row.cells[column].strip() if column < len(row.cells) else ""


def _url_column(cells: Sequence[str]) -> int | None:
    return next((index for index, cell in enumerate(cells) if clean_heading(cell.strip('"')) in URL_COLUMNS), None)


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
