"""Weiyun (微云): state, title and files of a share, read from its page. No code is tried.

Built from notes on shares, 2026-11, completed from memory; never tried live. Quirk: what the
page shows stands in it as JSON (syncData).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from crawler.items import ShareState
from crawler.shapes.drives import entry, named, share_at, shared, state_of
from crawler.shapes.states import by_words
from spiders import GUESS, Listing, ListingKind, Page, PlatformSpider, Proof, Request

_TEXT = r'("[^"\\]{0,400}(?:\\.[^"\\]{0,400}){0,40}")'
_NAME = re.compile(rf'"share_name":{_TEXT}')
_FILE = re.compile(rf'"file_name":{_TEXT}')
_SIZE = re.compile(r'"file_size":([0-9]{1,15})')
_FOLDER = re.compile(rf'"dir_name":{_TEXT}')


class Weiyun(PlatformSpider):
    """Shares of share.weiyun.com. Built from notes, 2026-11; not tried live."""

    name = "weiyun"
    allowed_domains = ("share.weiyun.com",)
    proof = Proof(GUESS, "notes on shares, completed from memory", "2026-11-22")
    limits = "The page only; no code is tried."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    judges_itself = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Open the share's own page. Raises BadInput where the address is no share."""
        link = share_at("weiyun", address)
        return Request(url=link.url, values=named(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The page is the share."""
        link = share_at("weiyun", page.values.get("address") or page.url)
        state = state_of(page, self.classify)
        source = page.source
        title = _NAME.search(source)
        sized = zip(_FILE.findall(source), _SIZE.findall(source), strict=False)
        files = [entry(json.loads(name), int(size)) for name, size in sized]
        files += [entry(json.loads(name), None, True) for name in _FOLDER.findall(source)]
        yield shared(self.name, link, state, page, title=json.loads(title[1]) if title else "", files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from its page. Unrecognised is `unknown`, never gone."""
        return by_words("weiyun", answer) if isinstance(answer, str) else ShareState.UNKNOWN
