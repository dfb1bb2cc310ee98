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

HERE = "https://tide.example/sitemap.xml"


def sitemap(*places: str, root: str = "urlset", entry: str = "url") -> bytes:
    entries = "".join(f"<{entry}><loc>\n {place} </loc><lastmod>2026-11-01</lastmod></{entry}>" for place in places)
    return (
        f'<?xml version="1.0"?><{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{root}>'.encode()
    )


def index(*places: str) -> bytes:
    return sitemap(*places, root="sitemapindex", entry="sitemap")


def followed(body: bytes, values: dict[str, str] | None = None) -> list[str]:
    page = Page(url=HERE, body=body, content_type="application/xml", values=values or {})
    assert is_sitemap(page)
    found = list(Shop().read(page))
    assert all(isinstance(each, Request) for each in found)
    return [each.url for each in found]


def test_a_shop_is_read_by_its_sitemap() -> None:
    body = sitemap("https://tide.example/p/1", "https://tide.example/p/2?a=1&amp;b=2", "https://tide.example/p/1")
    assert followed(body) == ["https://tide.example/p/1", "https://tide.example/p/2?a=1&b=2"]


@pytest.mark.parametrize(
    "place",
    [
        *("file:///etc/passwd", "http://tide.example/p", "https://tide.example:8443/p", "https://other.example/p"),
        *("/p/3", "", "https://[::1", f"https://tide.example/{'a' * 3000}", "javascript:alert(1)"),
    ],
)
def test_an_address_that_is_not_of_the_site_is_left_and_the_rest_read(place: str) -> None:
    assert followed(sitemap(place, "https://tide.example/p/1")) == ["https://tide.example/p/1"]


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE l [<!ENTITY a "https://tide.example/a"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
    assert followed(bomb + sitemap("&a;", "&b;", "https://tide.example/p/1")) == ["https://tide.example/p/1"]


def test_an_index_names_sitemaps_but_no_further_index() -> None:
    body = index(HERE, f"{HERE}?n=1")
    page = Page(url=HERE, body=body, content_type="application/xml")
    requests = [each for each in Shop().read(page) if isinstance(each, Request)]
    assert [each.url for each in requests] == [HERE, f"{HERE}?n=1"]
    assert followed(body, dict(requests[1].values)) == []


def test_a_page_that_speaks_of_locations_is_no_sitemap() -> None:
    assert not is_sitemap(Page(url=HERE, body=b"<html><p>&lt;loc&gt; <loc>here</loc>", content_type="text/html"))


def test_more_than_the_limit_is_left_out_and_counted() -> None:
    visit = PlatformSpider.__new__(PlatformSpider)
    visit.session = SimpleNamespace(config=Config(limits=LimitsConfig(sitemap=2, links=1)))  # type: ignore[assignment]
    visit.stats = CrawlStats()
    named = [Request(url=f"https://tide.example/p/{n}", values={SITEMAP_KEY: "page"}) for n in range(5)]
    response = SimpleNamespace(meta={"depth": 0})
    assert visit._limit_requests([*named], response) == named[:2]  # type: ignore[arg-type]
    assert visit.stats.limit_counts == {"sitemap": 3}
