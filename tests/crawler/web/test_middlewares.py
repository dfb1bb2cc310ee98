"""The crawl's manners and its guard, without a reactor: middlewares are asked as Scrapy asks them."""

from __future__ import annotations

import asyncio
import codecs
import gzip
import zlib
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import brotli
import pytest
import scrapy
from scrapy.exceptions import NotConfigured
from scrapy.http import Response, TextResponse

from crawler.archives import Archive, RecordedResponse
from crawler.config import Config
from crawler.items import Outcome
from crawler.web.address_policy import url_refusal
from crawler.web.compression import TRUNCATED_FLAG, UNREADABLE_FLAG, TruncationMiddleware
from crawler.web.limits import NoPageError
from crawler.web.redirects import check_redirect_target
from crawler.web.replay import ReplayMiddleware
from crawler.web.requests import outcome_of_response
from crawler.web.robots import MAX_ROBOTS_BYTES, RobotsMiddleware
from crawler.web.ssrf_guard import SsrfGuardMiddleware

Download = Callable[[scrapy.Request], Awaitable[Response]]


def make_robots_middleware(download: Download) -> RobotsMiddleware:
    engine: Any = SimpleNamespace(download_async=download)
    return RobotsMiddleware(SimpleNamespace(engine=engine), "swordnet/1 (+mailto:a@b.test)")  # type: ignore[arg-type]


def robots_outcomes(middleware: RobotsMiddleware, *paths: str) -> list[Outcome | None]:
    async def outcome_of_path(path: str) -> Outcome | None:
        try:
            await middleware.process_request(scrapy.Request(f"https://shop.test{path}"))
        except NoPageError as error:
            return error.outcome
        return None

    async def gather_outcomes() -> list[Outcome | None]:
        return list(await asyncio.gather(*map(outcome_of_path, paths)))

    return asyncio.run(gather_outcomes())


def make_download(status: int, body: bytes = b"", delay: float = 0.0) -> tuple[Download, list[str]]:
    requested_urls: list[str] = []

    async def download(request: scrapy.Request) -> Response:
        requested_urls.append(request.url)
        await asyncio.sleep(delay)
        return TextResponse(request.url, status=status, body=body)

    return download, requested_urls


def test_all_requests_of_the_first_burst_wait_for_robots_txt() -> None:
    download, requested_urls = make_download(200, b"User-agent: *\nDisallow: /private\n", delay=0.05)
    paths = [f"/private/{number}" for number in range(6)] + ["/open"]
    assert robots_outcomes(make_robots_middleware(download), *paths) == [Outcome.DISALLOWED] * 6 + [None]
    assert requested_urls == ["https://shop.test/robots.txt"]


@pytest.mark.parametrize(
    ("status", "expected"), [(404, None), (403, None), (500, Outcome.DISALLOWED), (503, Outcome.DISALLOWED)]
)
def test_robots_txt_that_is_not_there_or_broken(status: int, expected: Outcome | None) -> None:
    assert robots_outcomes(make_robots_middleware(make_download(status)[0]), "/a") == [expected]


def test_no_answer_to_robots_txt_disallows() -> None:
    async def download(request: scrapy.Request) -> Response:
        raise TimeoutError

    assert robots_outcomes(make_robots_middleware(download), "/a", "/b") == [Outcome.DISALLOWED] * 2


def test_our_own_name_in_robots_txt_counts() -> None:
    download, _ = make_download(200, b"User-agent: swordnet\nDisallow: /\nUser-agent: *\nAllow: /\n")
    assert robots_outcomes(make_robots_middleware(download), "/a") == [Outcome.DISALLOWED]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://１２７.0.0.1/",
        "http://10.0.0.8/",
        "http://169.254.169.254/latest",
        "http://100.64.0.1/",
        "http://localhost/",
        "http://localhost./",
        "http://printer.local/",
        "http://intranet/",
        "http://metadata.google.internal/",
        "http://shop.test/",
        "http://user:secret@shop.example.com/",
        "http://shop.example.com:22/",
        "http://shop.example.com:99999/",
        "ftp://shop.example.com/",
        "file:///etc/passwd",
        "http:///nohost",
        "http://[::7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fec0::1]/",
        "http://[fe80::1%25eth0]/",
        "http://①②⑦.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://127.0.0.1 .com/",
        "http://224.0.0.1/",
        "http://168.63.129.16/",
        "http://100.100.100.200/",
        "http://kubernetes.default.svc/",
        "http://router/",
        "http://db.cluster.local/",
        "http://nas.localdomain/",
        "http://127.0.0.1.nip.io/",
        "http://co.uk/",
    ],
)
def test_the_guard_refuses(url: str) -> None:
    assert url_refusal(url)
    with pytest.raises(NoPageError) as refused:
        asyncio.run(SsrfGuardMiddleware(Config(), None).process_request(SimpleNamespace(url=url)))  # type: ignore[arg-type]
    assert refused.value.outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    "url", ["https://shop.example.com/a?b=1", "http://8.8.8.8/", "https://三体.cn/", "https://test.com/"]
)
def test_the_guard_lets_public_addresses_pass(url: str) -> None:
    assert url_refusal(url) is None


def test_loopback_is_open_for_the_configured_port_only() -> None:
    assert url_refusal("http://127.0.0.1:8899/x", ["127.0.0.1:8899"]) is None
    assert url_refusal("http://127.0.0.1:8900/x", ["127.0.0.1:8899"])


@pytest.mark.parametrize(
    ("location", "outcome", "limit"),
    [
        ("file:///etc/passwd", Outcome.REFUSED, ""),
        ("javascript:alert(1)", Outcome.REFUSED, ""),
        ("http://10.0.0.1/", Outcome.REFUSED, ""),
        ("//127.0.0.1:8900/x", Outcome.REFUSED, ""),
        ("http://10.0.\t0.1/", Outcome.REFUSED, ""),
        ("http://10.0.0.1%00.example.com/", Outcome.REFUSED, ""),
        ("http://[half/", Outcome.REFUSED, ""),
        ("/next?x=%0d%0aX-Injected:%20yes", Outcome.ERROR, ""),
        ("/next\u2028", Outcome.ERROR, ""),
        ("/" + "a" * 5000, Outcome.ERROR, "address"),
    ],
)
def test_bad_redirect_targets_are_refused(location: str, outcome: Outcome, limit: str) -> None:
    with pytest.raises(NoPageError) as stopped:
        check_redirect_target("https://shop.example.com/a/b", location, session_of())
    assert (stopped.value.outcome, stopped.value.limit) == (outcome, limit)


def test_a_redirect_target_is_resolved() -> None:
    target = check_redirect_target("https://shop.example.com/a/b", " ../c?d=%E4%B8%89 ", session_of())
    assert target.endswith(".com/c?d=%E4%B8%89")


def test_a_replay_follows_a_redirect_to_any_host_of_the_web() -> None:
    replay = session_of(Archive([]))
    for host in ("shop.example", "10.0.0.1", "intranet"):
        assert check_redirect_target("https://shop.example/a", f"//{host}/b", replay) == f"https://{host}/b"
    for location in ("file:///etc/passwd", "javascript:alert(1)", "http://"):
        with pytest.raises(NoPageError):
            check_redirect_target("https://shop.example/a", location, replay)


def session_of(archive: Archive | None = None) -> Any:
    """As much of a session as redirects look at."""
    return SimpleNamespace(config=Config(), archive=archive)


def test_a_replay_answers_from_the_archive_and_calls_the_rest_missing() -> None:
    answer = RecordedResponse(
        url="https://shop.test/a?x=1", body=b"<h1>A</h1>", content_type="text/html; charset=utf-8"
    )
    replay = ReplayMiddleware(Archive([answer]), volatile=("t",))
    response = replay.process_request(scrapy.Request("https://shop.test/a?t=99&x=1"))
    assert response is not None
    assert (response.status, response.body) == (200, b"<h1>A</h1>")
    with pytest.raises(NoPageError) as missing:
        replay.process_request(scrapy.Request("https://shop.test/a?x=2"))
    assert missing.value.outcome is Outcome.MISSING


@pytest.mark.parametrize(
    ("coding", "body", "flags"),
    [
        ("gzip", gzip.compress(b"<h1>a</h1>" * 90, mtime=0), []),
        ("gzip", gzip.compress(b"<h1>a</h1>" * 90, mtime=0)[:-9], [TRUNCATED_FLAG]),
        ("gzip", gzip.compress(b"<h1>a</h1>" * 90, mtime=0)[:-1], [TRUNCATED_FLAG]),
        ("gzip", gzip.compress(b"<h1>a</h1>" * 90_000, mtime=0), []),
        ("gzip", b"<h1>not packed at all</h1>", []),
        ("deflate", zlib.compress(b"<h1>a</h1>" * 90), []),
        ("deflate", zlib.compress(b"<h1>a</h1>" * 90)[:-5], [TRUNCATED_FLAG]),
        ("br", brotli.compress(b"<h1>a</h1>" * 90), []),
        ("br", brotli.compress(b"<h1>a</h1>" * 90)[:-5], [TRUNCATED_FLAG]),
        ("rot13", b"<u1>n</u1>", [UNREADABLE_FLAG]),
        ("", b"<h1>a</h1>", []),
    ],
)
def test_a_stream_that_stops_short_is_flagged(coding: str, body: bytes, flags: list[str]) -> None:
    response = Response("https://shop.example.com/", headers={"Content-Encoding": coding}, body=body)
    flagged = TruncationMiddleware(limit=100_000).process_response(scrapy.Request(response.url), response)
    assert flagged.flags == flags


@pytest.mark.parametrize(
    ("status", "headers", "flags", "expected"),
    [
        (302, {"Location": "/next"}, [], None),
        (304, {}, [], Outcome.ERROR),
        (200, {}, [TRUNCATED_FLAG], Outcome.PARTIAL),
        (200, {}, [UNREADABLE_FLAG], Outcome.ERROR),
        (206, {"Content-Range": "bytes 0-399/90000"}, [], Outcome.PARTIAL),
        (200, {}, [], None),
    ],
)
def test_incomplete_answers_have_an_outcome(
    status: int, headers: dict[str, str], flags: list[str], expected: Outcome | None
) -> None:
    response = Response("https://shop.example.com/", status=status, headers=headers, flags=flags)
    assert outcome_of_response(response) is expected


def test_robots_and_replay_exclude_each_other() -> None:
    def crawler(archive: Archive | None) -> Any:
        return SimpleNamespace(
            spider=SimpleNamespace(session=SimpleNamespace(archive=archive), volatile=()), settings={"USER_AGENT": "x"}
        )

    with pytest.raises(NotConfigured):
        RobotsMiddleware.from_crawler(crawler(Archive([])))
    with pytest.raises(NotConfigured):
        ReplayMiddleware.from_crawler(crawler(None))


def test_of_a_huge_robots_txt_whole_lines_of_the_first_part_count() -> None:
    body = b"User-agent: *\nDisallow: /private\n" + b"# filling\n" * 1_000_000
    assert len(body) > 10_000_000
    shortened = body[: MAX_ROBOTS_BYTES - 10] + b"\nAllow: /private/secret\n" * 9
    for content in (body, shortened):
        assert robots_outcomes(make_robots_middleware(make_download(200, content)[0]), "/private/1", "/open") == [
            Outcome.DISALLOWED,
            None,
        ]


def test_a_line_of_robots_txt_that_the_limit_cuts_counts_for_nothing() -> None:
    head = b"User-agent: *\nDisallow: /private\n"
    filling = b"#" * (MAX_ROBOTS_BYTES - len(head) - len(b"Disallow: /") - 1) + b"\n"
    body = head + filling + b"Disallow: /only-this\n" + b"# more\n" * 1_000
    assert robots_outcomes(make_robots_middleware(make_download(200, body)[0]), "/open", "/private/1") == [
        None,
        Outcome.DISALLOWED,
    ]


ROBOTS_RULES = "User-agent: *\nDisallow: /private\nCrawl-delay: 9\n"


@pytest.mark.parametrize(
    "body",
    [
        codecs.BOM_UTF8 + ROBOTS_RULES.encode(),
        codecs.BOM_UTF8 * 2 + ROBOTS_RULES.encode(),
        codecs.BOM_UTF8 + b"\r\n" + ROBOTS_RULES.replace("\n", "\r\n").encode(),
        b"Sitemap: https://shop.test/map.xml\n" + codecs.BOM_UTF8 + ROBOTS_RULES.encode(),
        codecs.BOM_UTF16_LE + ROBOTS_RULES.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + ROBOTS_RULES.encode("utf-16-be"),
        ROBOTS_RULES.encode("utf-16-le"),
        ROBOTS_RULES.replace("\n", "\r").encode(),
        "# caf\xe9\n".encode("latin-1") + ROBOTS_RULES.encode(),
        b"# \0\0\n" + ROBOTS_RULES.encode(),
        ROBOTS_RULES.replace("\n", "\r").encode() + b"# filling\r" * 120_000,
    ],
    ids=[
        *("utf-8 mark", "two marks", "mark and blank line", "mark within", "utf-16-le", "utf-16-be", "utf-16 unmarked"),
        *("cr", "latin-1", "nul", "cr, more than 1 MB"),
    ],
)
def test_a_robots_txt_is_obeyed_however_it_is_written(body: bytes) -> None:
    download, _ = make_download(200, body)
    middleware = make_robots_middleware(download)
    assert robots_outcomes(middleware, "/private/1", "/open") == [Outcome.DISALLOWED, None]
    robots = asyncio.run(middleware._rules_for("https://shop.test"))
    assert robots.parser.crawl_delay("swordnet") == 9


def test_a_path_in_another_encoding_is_disallowed_as_it_is_requested() -> None:
    body = codecs.BOM_UTF8 + "User-agent: *\nDisallow: /caf\xe9/".encode("latin-1")
    assert robots_outcomes(make_robots_middleware(make_download(200, body)[0]), "/caf%E9/1", "/cafe/1") == [
        Outcome.DISALLOWED,
        None,
    ]


def test_a_page_in_place_of_robots_txt_disallows_nothing() -> None:
    body = codecs.BOM_UTF8 + b"<!DOCTYPE html><title>Not found</title><p>Disallow: / is what we never say</p>"
    assert robots_outcomes(make_robots_middleware(make_download(200, body)[0]), "/a") == [None]


def test_a_robots_txt_that_failed_is_requested_again_later() -> None:
    middleware = make_robots_middleware(make_download(500)[0])

    async def request_twice() -> list[bool]:
        retryable = []
        for _ in range(2):
            try:
                await middleware.process_request(scrapy.Request("https://shop.test/a"))
            except NoPageError as error:
                retryable.append(error.is_retryable)
        return retryable

    assert asyncio.run(request_twice()) == [True, True], "not for good: the unit asks again"
