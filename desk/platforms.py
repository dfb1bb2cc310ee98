"""The table of platforms, made from what each spider says of itself: docs/platforms.md is this text."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from spiders import PlatformSpider
from spiders._claims import spiders_by_name

HEAD = """# Platforms

Made by `swordnet platforms --markdown` (`make docs`) from the spiders themselves. None was tried on the live web where
it was written: each says what it was built from and when. A platform that is gated is read from your own session:
`swordnet crawl PLATFORM --replay FILE --captured`.

| platform | kind | asked by | addresses it claims | fewest listings of a healthy night |
| --- | --- | --- | --- | --- |
"""


def markdown() -> str:
    """The whole page."""
    spiders = list(spiders_by_name().values())
    rows = "".join(f"| {' | '.join(_row(spider))} |\n" for spider in spiders)
    return HEAD + rows + "".join(f"\n## {spider.name}\n\n{_told(spider)}\n" for spider in spiders)


def asked_by(spider: type[PlatformSpider]) -> str:
    """Whether a platform takes questions, addresses or both, and what it needs for it."""
    ways = "questions, addresses" if spider.search is not PlatformSpider.search else "addresses"
    return f"{ways}; Chromium" if spider.browser else ways


def _row(spider: type[PlatformSpider]) -> Iterator[str]:
    yield f"`{spider.name}`"
    yield spider.kind.value
    yield asked_by(spider)
    yield ", ".join(spider.allowed_domains) or "any that no other platform claims"
    yield str(spider.at_least)


def _told(spider: type[PlatformSpider]) -> str:
    return (sys.modules[spider.__module__].__doc__ or "").strip()
