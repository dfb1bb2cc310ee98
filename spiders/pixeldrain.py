"""Pixeldrain: state, name and size of a shared file, asked of its public API.

Built from notes on shares and the published API, from memory, 2026-11; never tried live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from crawler.items import ShareState
from crawler.shapes.cloud_drives import (
    object_at,
    objects_at,
    parse_answer,
    parse_share,
    share_listing,
    share_values,
    shared_file,
    state_of,
)
from crawler.shapes.share_states import state_by_code
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

API = "https://pixeldrain.com/api"


class Pixeldrain(Platform):
    """Shares of pixeldrain.com. Built from the published API, 2026-11; not tried live."""

    name = "pixeldrain"
    allowed_domains = ("pixeldrain.com",)
    proof = Proof(SOURCE, "github.com/pyload/pyload PixeldrainCom.py: api/file/ID/info", "2026-11-22")
    limits = "Files; lists by the same API."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request a file or a list of files. Raises BadInput if `address` is not a share."""
        link = parse_share(self.name, address)
        is_list = "/l/" in link.url
        path = f"list/{link.share_id}" if is_list else f"file/{link.share_id}/info"
        return Request(url=f"{API}/{path}", values=share_values(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from one answer."""
        data = object_at(parse_answer(page))
        kind, share_id = urlsplit(page.url).path.split("/")[2:4]
        address = f"https://pixeldrain.com/{'l' if kind == 'list' else 'u'}/{share_id}"
        files = [shared_file(item["name"], item.get("size")) for item in objects_at(data, "files")]
        if not files and data.get("name"):
            files = [shared_file(data["name"], data.get("size"))]
        title = str(data.get("title") or data.get("name") or "")
        link = parse_share(self.name, address)
        yield share_listing(self.name, link, state_of(page, self.classify), page, title=title, files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share. An unrecognised answer is `unknown`, never gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        if answer.get("success") is False:
            return state_by_code("pixeldrain", answer.get("value"))
        return ShareState.ALIVE if "name" in answer or "files" in answer else ShareState.UNKNOWN
