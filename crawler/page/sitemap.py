"""Sitemaps: the addresses that a site publishes for crawlers, each looked at alone.

Read by the parser of pages, which knows no entities and fetches nothing. Only addresses of the sitemap's own scheme,
host and port count, and an index may name sitemaps but no further index (https://www.sitemaps.org/protocol.html, 2008):
so a map that lists itself, or fresh copies of itself, is left after one round.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from crawler.page.page import Page
from crawler.page.request import Request

BY_SITEMAP = "by_sitemap"  # value of a request: a sitemap named it, as this
_MAP, _PAGE = "map", "page"
_LONGEST = 2048  # characters of an address, by the protocol


def is_sitemap(page: Page) -> bool:
    """Whether a page is a sitemap or an index of sitemaps."""
    return page.is_html and "<loc" in page.source and bool(len(page.css("urlset, sitemapindex")))


def named(page: Page) -> Iterator[Request]:
    """What a sitemap names: requests for its pages, of an index those for its sitemaps; each address once."""
    kinds = [("url > loc", _PAGE)]
    if page.values.get(BY_SITEMAP) != _MAP:
        kinds.append(("sitemap > loc", _MAP))
    for selector, kind in kinds:
        for place in dict.fromkeys(each.text("") for each in page.css(selector)):
            if _belongs(page.url, place):
                yield Request(url=place, values={BY_SITEMAP: kind})


def _belongs(here: str, place: str) -> bool:
    """Whether an address is whole, short enough and of the same scheme, host and port."""
    try:
        return len(place) <= _LONGEST and urlsplit(place)[:2] == urlsplit(here)[:2]
    except ValueError:
        return False
