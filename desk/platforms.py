"""The table of platforms, made from what each spider says of itself and from its saved pages: docs/platforms.md is
this.

Nothing in it is written by hand: the route is what `search` asks, the fields are those that the saved pages of the
platform give, limits and proof stand in the spider.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import resources
from urllib.parse import urlsplit

from spiders import PlatformSpider, ProofKind
from spiders._claims import spiders_by_name

HEAD = """# Platforms

Made by `swordnet platforms --markdown` (`make docs`) from the spiders themselves and their saved pages. None was tried
on the live web where it was written. *Proof* says what a spider was built from: a **page** (the reader was run over
real saved pages of the platform), a **source** (public code or documentation shows its addresses and answers), or a
**guess** (memory and likeness; off by default). A platform that is *gated* is read from your own session:
`swordnet crawl PLATFORM --replay FILE --captured`; a login wall or a captcha is `challenged`, never "no hits".

Most platforms are off on nights until you switch them on (`[platforms.NAME]`, `enabled = true`): nobody's site is asked
unless you chose it. `swordnet crawl PLATFORM` asks whatever it is told. On from the start: {on}.

"""
COLUMNS = "| platform | kind | route | fields | limits | proof |\n| --- | --- | --- | --- | --- | --- |\n"
QUESTION = "question"
_ALWAYS = frozenset({"platform", "kind", "url", "title", "sources", "whole", "outcome", "seen_at", "page_digest"})
_FIELDS = (
    *("price", "currency", "seller", "seller_id", "availability", "condition", "brand", "sku", "identifiers"),
    *("creators", "publisher", "year", "published", "text", "pictures", "reach", "territory"),
    *("share_state", "files", "links"),
)


def markdown() -> str:
    """The whole page."""
    spiders = list(spiders_by_name().values())
    kinds = Counter(spider.proof.kind for spider in spiders)
    counted = f"{len(spiders)} platforms: {', '.join(f'{kinds[kind]} by {kind}' for kind in ProofKind)}.\n\n"
    rows = "".join(f"| {' | '.join(_row(spider))} |\n" for spider in spiders)
    on = ", ".join(f"`{spider.name}`" for spider in spiders if not spider.off_by_default)
    return (
        HEAD.replace("{on}", on)
        + counted
        + COLUMNS
        + rows
        + "".join(f"\n## {spider.name}\n\n{_told(spider)}\n" for spider in spiders)
    )


def asked_by(spider: type[PlatformSpider]) -> str:
    """Whether a platform takes questions, addresses or both, and what it needs for it."""
    ways = "questions, addresses" if spider.search is not PlatformSpider.search else "addresses"
    return f"{ways}; Chromium" if spider.browser else ways


@cache
def fields_of(name: str) -> tuple[str, ...]:
    """The fields beside title and address that the saved pages of a platform give."""
    found: set[str] = set()
    for case in (resources.files("fixtures") / "pages" / name).iterdir():
        for listing in json.loads((case / "expected.json").read_text(encoding="utf-8"))["listings"]:
            found |= {field for field, value in listing.items() if value}
    return tuple(field for field in _FIELDS if field in found - _ALWAYS)


def route_of(spider: type[PlatformSpider]) -> str:
    """How a platform is asked: the place its search leads to, addresses, saved answers."""
    asked = spider().search(QUESTION)
    requests = list(asked) if not hasattr(asked, "url") else [asked]
    parts = [urlsplit(request.url) for request in requests]
    ways = [f"search {part.netloc}{part.path.replace(QUESTION, '…')}" for part in parts]
    ways += ["search as configured (`templates`, `sites`)"] * spider.searched_as_told
    ways += ["addresses"] + ["Chromium"] * spider.browser + ["gated: own session"] * spider.gated
    return ", ".join(ways)


def _row(spider: type[PlatformSpider]) -> Iterator[str]:
    yield f"`{spider.name}`"
    yield spider.kind.value
    yield route_of(spider)
    yield ", ".join(fields_of(spider.name))
    yield spider.limits
    yield f"**{spider.proof.kind}**: {spider.proof.what}, {spider.proof.date}"


def _told(spider: type[PlatformSpider]) -> str:
    said = (sys.modules[spider.__module__].__doc__ or "").strip()
    claimed = ", ".join(spider.allowed_domains) or "any that no other platform claims"
    state = "off unless switched on" if spider.off_by_default else "on"
    return f"{said}\n\nAddresses: {claimed}. At least {spider.at_least} listing a night; {state}."
