"""What one page, one host and one answer may cost: each limit is asked as Scrapy asks it, without a reactor."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
import scrapy
from attrs import evolve
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError
from scrapy.http import Headers, Response
from scrapy.settings import Settings
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed

from crawler.config import Config, CrawlConfig, LimitsConfig
from crawler.items import Outcome
from crawler.web.budget import UNCOUNTED_META, BudgetMiddleware, url_template
from crawler.web.compression import CompressionMiddleware
from crawler.web.cookies import HostCookiesMiddleware
from crawler.web.dns import NonPublicAddressError, PublicResolver
from crawler.web.header_limits import _LimitedParser, find_exceeded_limit
from crawler.web.limits import LimitExceededError, NoPageError
from crawler.web.redirects import GuardedMetaRefreshMiddleware, GuardedRedirectMiddleware
from crawler.web.session import CrawlStats

SHOP_URL = "https://shop.example.com"


def make_crawler(**limits: Any) -> Any:
    config = Config(limits=LimitsConfig(**limits), crawl=CrawlConfig(loopback=("127.0.0.1:8899",)))
    session = SimpleNamespace(config=config, archive=None)
    settings = Settings({"DOWNLOAD_MAXSIZE": 4_000_000, "REDIRECT_MAX_TIMES": config.limits.redirects})
    spider = SimpleNamespace(session=session, stats=CrawlStats(), name="shop")
    signals = SimpleNamespace(connect=lambda *_, **__: None)
    return SimpleNamespace(
        settings=settings, spider=spider, signals=signals, stats=None, get_spider_middleware=lambda _: None
    )


def make_response(url: str, *cookies: str, status: int = 200, **headers: str) -> Response:
    header_fields = Headers(headers)
    header_fields.setlist("Set-Cookie", cookies)
    return Response(url, status=status, headers=header_fields)


def sent_cookies(middleware: HostCookiesMiddleware, url: str) -> bytes:
    request = scrapy.Request(url)
    middleware.process_request(request)
    return request.headers.get("Cookie") or b""


def test_a_flood_of_cookies_and_a_huge_one_are_not_sent_back() -> None:
    shop = make_crawler(cookies=20, cookie=100)
    middleware = HostCookiesMiddleware.from_crawler(shop)
    request = scrapy.Request(SHOP_URL)
    middleware.process_request(request)
    flood = [f"c{number}={'v' * 50}; Path=/" for number in range(300)]
    middleware.process_response(request, make_response(SHOP_URL, f"big={'v' * 1_000_000}; Path=/", *flood))
    assert len(sent_cookies(middleware, SHOP_URL)) < 20 * 60
    assert shop.spider.stats.limit_counts == Counter(cookies=280, cookie=1)


@pytest.mark.parametrize(
    ("cookie", "target", "crosses"),
    [
        ("wall=1; Path=/", f"{SHOP_URL}/next", True),
        ("wall=1; Path=/", "http://shop.example.com/next", True),
        ("wall=1; Path=/; Secure", "http://shop.example.com/next", False),
        ("wall=1; Path=/", f"{SHOP_URL}:8443/next", False),
        ("wall=1; Domain=example.com; Path=/", "https://pay.example.com/", False),
        ("wall=1; Domain=.example.com; Path=/", f"{SHOP_URL}/", True),
        ("wall=1; Domain=.com; Path=/", f"{SHOP_URL}/", False),
        ("wall=1; Domain=other.com; Path=/", "https://other.com/", False),
        ("wall=\x01\x02; Path=/", f"{SHOP_URL}/", False),
    ],
)
def test_a_cookie_stays_with_its_host_and_port(cookie: str, target: str, crosses: bool) -> None:
    middleware = HostCookiesMiddleware.from_crawler(make_crawler())
    request = scrapy.Request(SHOP_URL)
    middleware.process_request(request)
    middleware.process_response(request, make_response(SHOP_URL, cookie))
    assert (b"wall=1" in sent_cookies(middleware, target)) is crosses


def test_what_was_sent_to_one_host_does_not_reach_another() -> None:
    secret = {"Authorization": "Bearer SECRET", "X-Token": "SECRET", "Accept-Language": "zh"}
    middleware = GuardedRedirectMiddleware.from_crawler(make_crawler())
    request = scrapy.Request(SHOP_URL, headers=secret)
    for target, is_same_origin in (
        (f"{SHOP_URL}/next", True),
        (f"{SHOP_URL}:8443/", False),
        ("https://other.com/", False),
    ):
        redirected = middleware.process_response(request, make_response(SHOP_URL, status=302, Location=target))
        assert redirected.url.startswith(target)
        assert (b"X-Token" in redirected.headers, b"Authorization" in redirected.headers) == (
            is_same_origin,
            is_same_origin,
        )
        assert redirected.headers["Accept-Language"] == b"zh"


def test_a_body_does_not_cross_hosts() -> None:
    middleware = GuardedRedirectMiddleware.from_crawler(make_crawler())
    posted = scrapy.Request(SHOP_URL, method="POST", body=b"code=ab12")
    with pytest.raises(NoPageError) as refused:
        middleware.process_response(posted, make_response(SHOP_URL, status=307, Location="https://other.com/"))
    assert refused.value.outcome is Outcome.REFUSED
    assert middleware.process_response(posted, make_response(SHOP_URL, status=307, Location="/b")).body == b"code=ab12"


def test_redirects_are_limited() -> None:
    middleware = GuardedRedirectMiddleware.from_crawler(make_crawler(redirects=3))
    request = scrapy.Request(SHOP_URL)
    for number in range(3):
        request = middleware.process_response(request, make_response(request.url, status=302, Location=f"/{number}"))
    with pytest.raises(LimitExceededError) as stopped:
        middleware.process_response(request, make_response(request.url, status=302, Location="/x"))
    assert stopped.value.limit == "redirects"


@pytest.mark.parametrize("target", ["javascript:alert(1)", "http://127.0.0.1/", "file:///etc/passwd"])
def test_a_meta_refresh_to_inside_is_not_followed(target: str) -> None:
    body = f'<meta http-equiv="refresh" content="0;url={target}">'.encode()
    page = scrapy.http.HtmlResponse(SHOP_URL, body=body, encoding="utf-8")
    middleware = GuardedMetaRefreshMiddleware.from_crawler(make_crawler())
    with pytest.raises(NoPageError) as refused:
        middleware.process_response(scrapy.Request(SHOP_URL), page)
    assert refused.value.outcome is Outcome.REFUSED


def test_compression_is_bounded_in_layers_size_and_ratio() -> None:
    request = scrapy.Request(SHOP_URL)
    small, large = gzip.compress(bytes(2_000_000)), gzip.compress(bytes(9_000_000))
    for body, coding, limit in (
        (small, "gzip, gzip, gzip, gzip", "codings"),
        (large, "gzip", "page_limit"),
        (small, "gzip", "ratio"),
        (large, "", "page_limit"),
    ):
        packed = Response(SHOP_URL, body=body, headers={"Content-Encoding": coding} if coding else {})
        with pytest.raises(LimitExceededError) as stopped:
            CompressionMiddleware.from_crawler(make_crawler()).process_response(request, packed)
        assert stopped.value.limit == limit
    plain = Response(SHOP_URL, body=gzip.compress(b"<urlset/>"))
    assert CompressionMiddleware.from_crawler(make_crawler()).process_response(request, plain).body == b"<urlset/>"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("/calendar?m=1", "/calendar?m=-7", True),
        ("/deep/a/b/a", "/deep/a/b/a/b/a/a", True),
        ("/list?PHPSESSID=8f3a&page=1", "/list?PHPSESSID=77&page=9", True),
        ("/facets?f1=2&f3=4", "/facets?f2=1&f6=2&f7=7", True),
        ("/item/12345", "/item/777", True),
        ("/item/12345", "/shop/12345", False),
        ("/search?q=a", "/help", False),
    ],
)
def test_addresses_that_differ_in_values_share_a_template(first: str, second: str, same: bool) -> None:
    assert (url_template(SHOP_URL + first) == url_template(SHOP_URL + second)) is same


def test_a_crawler_trap_ends_at_its_limits() -> None:
    middleware = BudgetMiddleware(LimitsConfig(template_pages=3, host_pages=5), timeout=60)
    for path in ("/c?m=1", "/c?m=2", "/c?m=3", "/a", "/b"):
        middleware.process_request(scrapy.Request(SHOP_URL + path))
    for path, limit in (("/d", "host_pages"), ("/c?m=4", "host_pages")):
        with pytest.raises(LimitExceededError) as stopped:
            middleware.process_request(scrapy.Request(SHOP_URL + path))
        assert stopped.value.limit == limit
    middleware.process_request(scrapy.Request(f"{SHOP_URL}/e", meta={UNCOUNTED_META: True}))
    middleware.process_request(scrapy.Request("https://other.example.com/"))


def test_time_is_counted_over_redirects_and_repetitions() -> None:
    middleware = BudgetMiddleware(LimitsConfig(seconds=30), timeout=60)
    request = scrapy.Request(SHOP_URL)
    middleware.process_request(request)
    assert request.meta["download_timeout"] <= 30
    late = scrapy.Request(SHOP_URL, meta={**request.meta, "swordnet_begun": request.meta["swordnet_begun"] - 31})
    with pytest.raises(LimitExceededError):
        middleware.process_request(late)


def test_a_limit_is_found_behind_an_error() -> None:
    exceeded = LimitExceededError("head", "too long")
    error = DownloadFailedError("x")
    error.__cause__ = ResponseFailed([Failure(exceeded)])  # type: ignore[no-untyped-call]
    assert find_exceeded_limit(error) is exceeded
    cut = find_exceeded_limit(DownloadCancelledError("more than the size"))
    assert cut is not None
    assert cut.limit == "page_limit"
    assert find_exceeded_limit(ValueError("x")) is None


def parse_lines(*lines: bytes, **limits: int) -> _LimitedParser:
    parser: Any = _LimitedParser(SimpleNamespace(method=b"GET", absoluteURI=None), lambda _: None)
    parser.limits = LimitsConfig(**limits)
    parser.MAX_LENGTH = parser.limits.head
    parser.makeConnection(SimpleNamespace(disconnecting=False, pauseProducing=lambda: None))
    for line in lines:
        parser.dataReceived(line + b"\r\n")
    result: _LimitedParser = parser
    return result


def test_a_header_that_is_too_long_is_skipped_and_a_head_that_is_too_long_ends_it() -> None:
    status = b"HTTP/1.1 200 OK"
    parser = parse_lines(status, b"Set-Cookie: " + b"v" * 70_000, b"X-Small: 1", b"X-Next: 2")
    assert parser.headers.getRawHeaders(b"x-small") == [b"1"]  # type: ignore[attr-defined]
    assert not parser.headers.hasHeader(b"set-cookie")  # type: ignore[attr-defined]
    with pytest.raises(LimitExceededError):
        parse_lines(status, *(b"X-%d: v" % number for number in range(2_000)), head=16_384)
    with pytest.raises(LimitExceededError):
        parse_lines(status, b"X: " + b"v" * 20_000, head=16_384)
    with pytest.raises(LimitExceededError):
        parse_lines(*(b"HTTP/1.1 103 Early Hints\r\n" for _ in range(30)))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd00::1", "169.254.169.254", "64:ff9b::a00:1"])
def test_one_address_inside_refuses_a_name(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = PublicResolver()

    async def lookup(_name: str) -> list[str]:
        return ["93.184.216.34", address]

    monkeypatch.setattr(resolver, "_lookup", lookup)
    with pytest.raises(NonPublicAddressError):
        asyncio.run(resolver.resolve("shop.example.com", 443))
    assert asyncio.run(resolver.cached_refusal("shop.example.com", 443))


def test_loopback_is_let_through_for_its_port_only() -> None:
    resolver = PublicResolver(("127.0.0.1:8899",))
    assert asyncio.run(resolver.resolve("127.0.0.1", 8899)) == ["127.0.0.1"]
    with pytest.raises(NonPublicAddressError):
        asyncio.run(resolver.resolve("127.0.0.1", 8900))


def test_limits_are_counted_in_the_stats_of_a_unit() -> None:
    stats = CrawlStats()
    stats.limit_counts["page_limit"] += 2
    assert stats.to_dict()["limits"] == {"page_limit": 2}
    assert evolve(Config(), limits=LimitsConfig(links=3)).limits.links == 3
