"""Quark (夸克网盘), cloud drive: state, title and files of a share, asked anonymously. Nothing is downloaded or saved.

Built from public tools that ask the same two addresses and from notes on shares; never tried live, 2026-11. Quirks: the
token answer says the state of a share, only a live one gets the list of its files; codes 41004 and 41010 have been seen
for dead shares but are not confirmed, so they stay `unknown`; /g/ addresses are groups, not shares. Lists come by
folder, 50 entries a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from crawler.items import SharedFile, ShareState
from crawler.page import LayoutError
from crawler.shapes import quark_api
from crawler.shapes.cloud_drives import (
    json_request,
    object_at,
    parse_answer,
    parse_share,
    request_value,
    share_listing,
    state_of,
)
from crawler.shapes.folder_walk import FolderWalk, resume_walk
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

API = "https://drive-h.quark.cn/1/clouddrive/share/sharepage"
FILES_PER_PAGE = 50


class Quark(Platform):
    """Shares of pan.quark.cn. Built from public tools and notes, 2026-11; not tried live."""

    name = "quark"
    allowed_domains = ("pan.quark.cn", "pan.qoark.cn", "drive-h.quark.cn", "drive-pc.quark.cn")
    proof = Proof(
        SOURCE,
        "ten public tools that ask clouddrive/share/sharepage/token (Cp0204/quark-auto-save among them)",
        "2026-11-22",
    )
    limits = "Asked anonymously; groups (/g/) are no shares."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True  # the code in the answer says more than its status
    volatile = ("stoken", "__t", "__dt")

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share's token. Raises BadInput if `address` is not a share."""
        link = parse_share(self.name, address)
        body = {"pwd_id": link.share_id, "passcode": code or "", "support_visit_limit_private_share": True}
        values = {"share_id": link.share_id} | ({"code": code} if code else {})
        return json_request(f"{API}/token?pr=ucpro&fr=pc", body, values, Referer="https://pan.quark.cn/")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """After a token answer request the list of files; the list, or why there is none, gives the listing."""
        path = urlsplit(page.url).path
        if path.endswith("/token"):
            yield self._from_token(page)
        elif path.endswith("/detail"):
            yield self._read_list(page)
        else:
            raise LayoutError("quark: neither a token nor a list of files")

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from a token answer or a list of files. The unrecognised is `unknown`, never gone."""
        return quark_api.share_state("quark", answer)

    def _from_token(self, page: Page) -> Listing | Request:
        share_id = request_value(page, "share_id", "pwd_id")
        state = state_of(page, self.classify)
        data = object_at(parse_answer(page), "data")
        title = str(data.get("title") or "")
        if state is ShareState.ALIVE and data.get("stoken"):
            return _list_request(share_id, str(data["stoken"]), FolderWalk(), {**page.values, "title": title})
        return self._share(page, share_id, ShareState.UNKNOWN if state is ShareState.ALIVE else state, title)

    def _read_list(self, page: Page) -> Listing | Request:
        share_id, answer = request_value(page, "share_id", "pwd_id"), parse_answer(page)
        data = object_at(answer, "data")
        entries = quark_api.folder_entries(data)
        walk = resume_walk(page).with_entries(entries)
        state = walk.share_state(state_of(page, self.classify))
        title = str(page.values.get("title") or object_at(data, "share").get("title") or "")
        total = object_at(answer, "metadata").get("_total")
        has_more = isinstance(total, int) and bool(entries) and walk.entries_read < total
        next_step = walk.next_step(has_more) if state is ShareState.ALIVE else None
        if next_step:
            return _list_request(share_id, request_value(page, "stoken"), next_step, {**page.values, "title": title})
        return self._share(page, share_id, state, title, walk.files)

    def _share(
        self, page: Page, share_id: str, state: ShareState, title: str, files: tuple[SharedFile, ...] = ()
    ) -> Listing:
        link = parse_share(self.name, f"https://pan.quark.cn/s/{share_id}", page.values.get("code"))
        return share_listing(self.name, link, state, page, title=title, files=files)


def _list_request(share_id: str, stoken: str, walk: FolderWalk, values: Mapping[str, str]) -> Request:
    query = {"pwd_id": share_id, "stoken": stoken, "pdir_fid": walk.folder or "0", "_page": str(walk.page)}
    query |= {"_size": str(FILES_PER_PAGE), "_fetch_share": "1", "_fetch_total": "1"}
    return Request(url=f"{API}/detail?{urlencode(query)}", values={**values, **walk.request_values()})
