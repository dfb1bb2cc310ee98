"""Pixeldrain: state, name and size of a shared file, asked of its public API.

Built from notes on shares and the published API, from memory, 2026-11; never tried live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from crawler.items import ShareState
from crawler.shapes.drives import answer_of, below, entry, named, rows, share_at, shared, state_of
from crawler.shapes.states import by_code
from spiders import SOURCE, Listing, ListingKind, Page, PlatformSpider, Proof, Request

API = "https://pixeldrain.com/api"


class Pixeldrain(PlatformSpider):
    """Shares of pixeldrain.com. Built from the published API, 2026-11; not tried live."""

    name = "pixeldrain"
    allowed_domains = ("pixeldrain.com",)
    proof = Proof(SOURCE, "github.com/pyload/pyload PixeldrainCom.py: api/file/ID/info", "2026-11-22")
    limits = "Files; lists by the same API."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    judges_itself = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Ask for a file or a list of files. Raises BadInput where the address is no share."""
        link = share_at(self.name, address)
        whole = "/l/" in link.url
        path = f"list/{link.share_id}" if whole else f"file/{link.share_id}/info"
        return Request(url=f"{API}/{path}", values=named(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One answer is the share."""
        told = below(answer_of(page))
        kind, share_id = urlsplit(page.url).path.split("/")[2:4]
        address = f"https://pixeldrain.com/{'l' if kind == 'list' else 'u'}/{share_id}"
        files = [entry(each["name"], each.get("size")) for each in rows(told, "files")]
        if not files and told.get("name"):
            files = [entry(told["name"], told.get("size"))]
        title = str(told.get("title") or told.get("name") or "")
        link = share_at(self.name, address)
        yield shared(self.name, link, state_of(page, self.classify), page, title=title, files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share. Unrecognised is `unknown`, never gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        if answer.get("success") is False:
            return by_code("pixeldrain", answer.get("value"))
        return ShareState.ALIVE if "name" in answer or "files" in answer else ShareState.UNKNOWN
