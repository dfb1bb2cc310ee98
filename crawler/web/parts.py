"""What Visit turns into what: answers into pages, recorded answers into requests, listings into items."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import scrapy
from attrs import field, frozen
from scrapy.http import Response, TextResponse

from crawler.archives import RecordedResponse
from crawler.items import Listing
from crawler.page import Page, Request

_COUNTED_FIELDS = ("title", "text", "price", "seller", "creators", "publisher", "identifiers", "pictures")


@frozen(kw_only=True)
class ListingItem:
    """A listing on its way through the pipelines, with the bytes of the page it was read from."""

    listing: Listing
    body: bytes = field(repr=False)
    requested_url: str = ""  # the address that was asked for the page
    form: str | None = None  # of the question that led to it


def rebase_url(url: str, base: str) -> str:
    """The address that is asked: in one spelling, and of another host where the configuration names one."""
    url = scrapy.Request(url).url
    return urlunsplit((*urlsplit(base)[:2], *urlsplit(url)[2:])) if base else url


def stated_fields(listing: Listing) -> list[str]:
    """Which fields a listing states; a layout that changed loses some of them on every page."""
    return ["read"] + [name for name in _COUNTED_FIELDS if getattr(listing, name) not in (None, "", (), {})]


def recorded_request(recorded: RecordedResponse) -> Request:
    """The request that a recorded answer belongs to; what was sent stands in its values for `read`."""
    request_values = {"request_body": recorded.request_body.decode("utf-8", "replace")} if recorded.request_body else {}
    return Request(
        url=recorded.url,
        method=recorded.method,
        body=recorded.request_body,
        values={**request_values, **recorded.values},
    )


def page_from_response(response: Response) -> Page:
    """The page of an answer; one that Chromium drew is UTF-8."""
    content_type = response.headers.get("Content-Type") or b""
    body = response.body
    if isinstance(response, TextResponse) and response.meta.get("playwright"):
        body, content_type = response.text.encode("utf-8"), b"text/html; charset=utf-8"
    return Page(
        url=response.url,
        body=body,
        content_type=content_type.decode("latin-1"),
        status=response.status,
        values=response.meta.get("values", {}),
    )
