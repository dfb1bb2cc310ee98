"""Cookies within limits: none crosses a host or a port, none is huge, none applies to a whole domain.

Scrapy keeps all cookies in one jar, whatever port set them, sends 172 KB of them back after a flood, and fetches the
list of public suffixes from the live web. Here every host and port has a bounded jar of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from http.cookiejar import Cookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import scrapy
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.http.cookies import CookieJar

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

# RFC 6265, and what browsers send besides.
_COOKIE_CHARS_RE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e\x22 ,]*")


class HostCookiesMiddleware(CookiesMiddleware):
    """Downloader middleware: host-only cookies within [limits]."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware with the session's limits; exceeded limits are counted in the spider's stats."""
        middleware = super().from_crawler(crawler)
        spider: Any = crawler.spider
        limits = spider.session.config.limits
        middleware.max_cookies, middleware.max_cookie_chars, middleware.limit_counts = (
            limits.cookies,
            limits.cookie,
            spider.stats.limit_counts,
        )
        return middleware

    max_cookies: int
    max_cookie_chars: int
    limit_counts: Counter[str]

    def process_request(self, request: scrapy.Request, spider: Any = None) -> None:
        """Add the cookies of the request's host and port."""
        request.meta["cookiejar"] = _host_and_port(request.url)
        super().process_request(request)

    def _process_cookies(self, cookies: Iterable[Cookie], *, jar: CookieJar, request: scrapy.Request) -> None:
        host = urlsplit(request.url).hostname or ""
        for cookie in cookies:
            size = len(cookie.name) + len(cookie.value or "")
            if size > self.max_cookie_chars or len(jar) >= self.max_cookies:
                self.limit_counts["cookie" if size > self.max_cookie_chars else "cookies"] += 1
            elif _COOKIE_CHARS_RE.fullmatch(f"{cookie.name}{cookie.value or ''}") and _domain_covers(cookie, host):
                cookie.domain, cookie.domain_initial_dot, cookie.domain_specified = host, False, False
                jar.set_cookie(cookie)


def _domain_covers(cookie: Cookie, host: str) -> bool:
    """Whether `host` may set this cookie: the cookie's domain is the host or a parent domain of it."""
    domain = cookie.domain.removeprefix(".").lower()
    return domain in ("", host, f"{host}.local") or (host.endswith(f".{domain}") and "." in domain)


def _host_and_port(url: str) -> str:
    """The key of a cookie jar. http and https without a port share one, since sites redirect from one to the other."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 'web'}"
