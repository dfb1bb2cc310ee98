"""Sitemaps: the addresses that a site publishes for crawlers, each checked on its own.

Read by the HTML parser, which resolves no entities and fetches nothing. Only addresses of the sitemap's own scheme,
host and port count, and an index may name sitemaps but no further index (https://www.sitemaps.org/protocol.html, 2008):
so a sitemap that lists itself, or fresh copies of itself, is left after one round.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from crawler.page.page import Page
from crawler.page.request import Request

SITEMAP_KEY = "by_sitemap"  # in the values of a request: what a sitemap named it as
_MAP_KIND, _PAGE_KIND = "map", "page"
_MAX_ADDRESS_CHARS = 2048  # by the protocol


def is_sitemap(page: Page) -> bool:
    """Whether a page is a sitemap or an index of sitemaps."""
    return page.is_html and "<loc" in page.source and bool(len(page.css("urlset, sitemapindex")))


def sitemap_requests(page: Page) -> Iterator[Request]:
    """Yield requests for the pages of a sitemap, or for the sitemaps of an index; each address once."""
    kinds = [("url > loc", _PAGE_KIND)]
    if page.values.get(SITEMAP_KEY) != _MAP_KIND:
        kinds.append(("sitemap > loc", _MAP_KIND))
    for selector, kind in kinds:
        for address in dict.fromkeys(element.text("") for element in page.css(selector)):
            if _is_same_origin(page.url, address):
                yield Request(url=address, values={SITEMAP_KEY: kind})


def _is_same_origin(sitemap_address: str, address: str) -> bool:
    """Whether `address` is absolute, short enough and of the same scheme, host and port."""
    try:
        return len(address) <= _MAX_ADDRESS_CHARS and urlsplit(address)[:2] == urlsplit(sitemap_address)[:2]
    except ValueError:
        return False
