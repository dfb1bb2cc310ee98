"""The request that a platform yields: our own class, so that platforms do not know Scrapy and `read` runs anywhere."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, field, frozen, validators


@frozen(kw_only=True)
class Request:
    """One request. `values` are passed on to `Page.values` (plain picklable values only).

    `browser` asks for rendering in Chromium until `wait_for` (a CSS selector) appears or the wait times out. `page`
    counts result pages from 1; the crawl refuses pages beyond the configured number.
    """

    url: str = field(validator=validators.min_len(1))
    method: str = "GET"
    headers: Mapping[str, str] = Factory(dict)
    body: bytes = b""
    values: Mapping[str, str] = Factory(dict)
    browser: bool = False
    wait_for: str = ""
    page: int = 1
