"""What Visit turns into what: answers into pages, recorded answers into requests, listings into items."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import scrapy
from attrs import field, frozen
from scrapy.http import Response, TextResponse

from crawler.archives import Answer
from crawler.items import Listing
from crawler.page import Page, Request

_FIELDS = ("title", "text", "price", "seller", "creators", "publisher", "identifiers", "pictures")


@frozen(kw_only=True)
class Seen:
    """A listing on its way through the pipelines, with the bytes of the page it was read from."""

    listing: Listing
    body: bytes = field(repr=False)
    asked: str = ""  # the address that was asked for the page
    form: str | None = None  # of the question that led to it


def rebased(url: str, base: str) -> str:
    """The address that is asked: in one spelling, and of another host where the configuration names one."""
    url = scrapy.Request(url).url
    return urlunsplit((*urlsplit(base)[:2], *urlsplit(url)[2:])) if base else url


def filled(listing: Listing) -> list[str]:
    """Which fields a listing states; a layout that changed loses some of them on every page."""
    return ["read"] + [name for name in _FIELDS if getattr(listing, name) not in (None, "", (), {})]


def as_asked(answer: Answer) -> Request:
    """The request that a recorded answer belongs to; what was sent stands in its values for `read`."""
    sent = {"request_body": answer.request_body.decode("utf-8", "replace")} if answer.request_body else {}
    return Request(url=answer.url, method=answer.method, body=answer.request_body, values={**sent, **answer.values})


def page_of(response: Response) -> Page:
    """The page of an answer; one that Chromium drew is UTF-8."""
    kind = response.headers.get("Content-Type") or b""
    body = response.body
    if isinstance(response, TextResponse) and response.meta.get("playwright"):
        body, kind = response.text.encode("utf-8"), b"text/html; charset=utf-8"
    return Page(
        url=response.url,
        body=body,
        content_type=kind.decode("latin-1"),
        status=response.status,
        values=response.meta.get("values", {}),
    )
