"""Sitemaps: what is followed of them, and what is not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from crawler.config import Config, LimitsConfig
from crawler.page import Page, Request
from crawler.page.sitemap import SITEMAP_KEY, is_sitemap
from crawler.web.platform_spider import PlatformSpider
from crawler.web.session import CrawlStats
from spiders.shop import Shop

SITEMAP_URL = "https://tide.example/sitemap.xml"


def sitemap(*addresses: str, root: str = "urlset", entry: str = "url") -> bytes:
    entries = "".join(
        f"<{entry}><loc>\n {address} </loc><lastmod>2026-11-01</lastmod></{entry}>" for address in addresses
    )
    return (
        f'<?xml version="1.0"?><{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{root}>'.encode()
    )


def sitemap_index(*addresses: str) -> bytes:
    return sitemap(*addresses, root="sitemapindex", entry="sitemap")


def request_urls(body: bytes, values: dict[str, str] | None = None) -> list[str]:
    page = Page(url=SITEMAP_URL, body=body, content_type="application/xml", values=values or {})
    assert is_sitemap(page)
    requests = list(Shop().read(page))
    assert all(isinstance(request, Request) for request in requests)
    return [request.url for request in requests]


def test_a_shop_is_read_by_its_sitemap() -> None:
    body = sitemap("https://tide.example/p/1", "https://tide.example/p/2?a=1&amp;b=2", "https://tide.example/p/1")
    assert request_urls(body) == ["https://tide.example/p/1", "https://tide.example/p/2?a=1&b=2"]


@pytest.mark.parametrize(
    "place",
    [
        *("file:///etc/passwd", "http://tide.example/p", "https://tide.example:8443/p", "https://other.example/p"),
        *("/p/3", "", "https://[::1", f"https://tide.example/{'a' * 3000}", "javascript:alert(1)"),
    ],
)
def test_an_address_that_is_not_of_the_site_is_left_and_the_rest_read(place: str) -> None:
    assert request_urls(sitemap(place, "https://tide.example/p/1")) == ["https://tide.example/p/1"]


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE l [<!ENTITY a "https://tide.example/a"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
    assert request_urls(bomb + sitemap("&a;", "&b;", "https://tide.example/p/1")) == ["https://tide.example/p/1"]


def test_an_index_names_sitemaps_but_no_further_index() -> None:
    body = sitemap_index(SITEMAP_URL, f"{SITEMAP_URL}?n=1")
    page = Page(url=SITEMAP_URL, body=body, content_type="application/xml")
    requests = [request for request in Shop().read(page) if isinstance(request, Request)]
    assert [request.url for request in requests] == [SITEMAP_URL, f"{SITEMAP_URL}?n=1"]
    assert request_urls(body, dict(requests[1].values)) == []


def test_a_page_that_speaks_of_locations_is_no_sitemap() -> None:
    assert not is_sitemap(Page(url=SITEMAP_URL, body=b"<html><p>&lt;loc&gt; <loc>here</loc>", content_type="text/html"))


def test_more_than_the_limit_is_left_out_and_counted() -> None:
    spider = PlatformSpider.__new__(PlatformSpider)
    spider.session = SimpleNamespace(config=Config(limits=LimitsConfig(sitemap=2, links=1)))  # type: ignore[assignment]
    spider.stats = CrawlStats()
    requests = [Request(url=f"https://tide.example/p/{n}", values={SITEMAP_KEY: "page"}) for n in range(5)]
    response = SimpleNamespace(meta={"depth": 0})
    assert spider._limit_requests([*requests], response) == requests[:2]  # type: ignore[arg-type]
    assert spider.stats.limit_counts == {"sitemap": 3}
