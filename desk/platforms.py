"""Generates the page of platforms (docs/platforms.md) from the spiders and their saved pages; no row is written by
hand.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import resources
from urllib.parse import urlsplit

from attrs import fields

from crawler.items import Listing
from spiders import Platform, ProofKind
from spiders.catalogue import platforms

PAGE_HEAD = """# Platforms

Made by `swordnet platforms --markdown` (`make docs`) from the spiders themselves and their saved pages. None was tried
on the live web where it was written. *Proof* says what a spider was built from: a **page** (the reader was run over
real saved pages of the platform), a **source** (public code or documentation shows its addresses and answers), or a
**guess** (memory and likeness; off by default). A platform that is *gated* is read from your own session:
`swordnet crawl PLATFORM --replay FILE --captured`; a login wall or a captcha is `challenged`, never "no hits".

Most platforms are off on nights until you switch them on (`[platforms.NAME]`, `enabled = true`): nobody's site is asked
unless you chose it. `swordnet crawl PLATFORM` asks whatever it is told. On from the start: {on}.

"""
TABLE_HEAD = "| platform | kind | route | fields | limits | proof |\n| --- | --- | --- | --- | --- | --- |\n"
SAMPLE_QUESTION = "question"
_COMMON_FIELDS = frozenset(  # every listing has them, or the crawl fills them in
    {"platform", "kind", "url", "title", "sources", "whole", "outcome", "seen_at", "page_digest"}
)
_SHOWN_FIELDS = tuple(attribute.name for attribute in fields(Listing) if attribute.name not in _COMMON_FIELDS)


def platforms_markdown() -> str:
    """The whole page as Markdown."""
    spiders = list(platforms().values())
    kinds = Counter(spider.proof.kind for spider in spiders)
    summary = f"{len(spiders)} platforms: {', '.join(f'{kinds[kind]} by {kind}' for kind in ProofKind)}.\n\n"
    rows = "".join(f"| {' | '.join(_table_cells(spider))} |\n" for spider in spiders)
    on = ", ".join(f"`{spider.name}`" for spider in spiders if not spider.off_by_default)
    return (
        PAGE_HEAD.replace("{on}", on)
        + summary
        + TABLE_HEAD
        + rows
        + "".join(f"\n## {spider.name}\n\n{_platform_section(spider)}\n" for spider in spiders)
    )


def accepted_inputs(spider: type[Platform]) -> str:
    """Whether a platform accepts questions, addresses or both, and whether it needs Chromium."""
    ways = "questions, addresses" if spider.search is not Platform.search else "addresses"
    return f"{ways}; Chromium" if spider.browser else ways


@cache
def fixture_fields(name: str) -> tuple[str, ...]:
    """The listing fields besides title and address that the saved pages of a platform yield."""
    names: set[str] = set()
    for case in (resources.files("fixtures") / "pages" / name).iterdir():
        for listing in json.loads((case / "expected.json").read_text(encoding="utf-8"))["listings"]:
            names |= {field for field, value in listing.items() if value}
    return tuple(field for field in _SHOWN_FIELDS if field in names)


def search_route(spider: type[Platform]) -> str:
    """How a platform is queried: the address of its search, single addresses, Chromium, the user's own session."""
    first_requests = spider().search(SAMPLE_QUESTION)
    requests = list(first_requests) if not hasattr(first_requests, "url") else [first_requests]
    parts = [urlsplit(request.url) for request in requests]
    ways = [f"search {part.netloc}{part.path.replace(SAMPLE_QUESTION, '…')}" for part in parts]
    ways += ["search as configured (`templates`, `sites`)"] * spider.search_configured
    ways += ["addresses"] + ["Chromium"] * spider.browser + ["gated: own session"] * spider.gated
    return ", ".join(ways)


def _table_cells(spider: type[Platform]) -> Iterator[str]:
    yield f"`{spider.name}`"
    yield spider.kind.value
    yield search_route(spider)
    yield ", ".join(fixture_fields(spider.name))
    yield spider.limits
    yield f"**{spider.proof.kind}**: {spider.proof.basis}, {spider.proof.date}"


def _platform_section(spider: type[Platform]) -> str:
    docstring = (sys.modules[spider.__module__].__doc__ or "").strip()
    domains = ", ".join(spider.allowed_domains) or "any that no other platform claims"
    state = "off unless switched on" if spider.off_by_default else "on"
    return f"{docstring}\n\nAddresses: {domains}. At least {spider.min_listings} listing a night; {state}."
