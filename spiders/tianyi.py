"""Tianyi (天翼云盘): state, title and files of a share, asked anonymously.

Built from notes on shares and public tools, 2026-11; never tried live. Quirks: the API answers XML unless JSON is asked
for; a code is checked by a request of its own, then the lists are open, by folder, 60 entries a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from crawler.items import ShareState
from crawler.shapes.cloud_drives import (
    object_at,
    objects_at,
    parse_answer,
    parse_share,
    request_value,
    share_listing,
    share_values,
    shared_file,
    state_of,
)
from crawler.shapes.folder_walk import Entry, FolderWalk, resume_walk
from crawler.shapes.share_states import state_by_code
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

API = "https://api.cloud.189.cn/open/share"
FILES_PER_PAGE = 60
_JSON_HEADERS = {"Accept": "application/json;charset=UTF-8"}


class Tianyi(Platform):
    """Shares of cloud.189.cn. Built from notes, 2026-11; not tried live."""

    name = "tianyi"
    allowed_domains = ("cloud.189.cn",)
    proof = Proof(SOURCE, "ten public tools that ask open/share/getShareInfoByCodeV2.action", "2026-11-22")
    limits = "Asked anonymously; nothing is downloaded."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request what the share is. Raises BadInput if `address` is not a share."""
        link = parse_share(self.name, address)
        values = share_values(link) | ({"known_code": code} if code else {})
        return _api_request("getShareInfoByCodeV2", values, shareCode=link.share_id)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """After the share's details request the check of its code, then its files; their list gives the listing."""
        answer, state = parse_answer(page), state_of(page, self.classify)
        code, data = page.values.get("known_code", ""), object_at(answer)
        step = urlsplit(page.url).path.rpartition("/")[2].removesuffix(".action")
        values = {**page.values, "title": str(data.get("fileName") or page.values.get("title", ""))}
        if step == "getShareInfoByCodeV2" and state is ShareState.NEEDS_CODE and code:
            code_query = {"shareCode": request_value(page, "share_id", "shareCode"), "accessCode": code}
            yield _api_request(
                "checkAccessCode", {**values, "code": code, "file": str(data.get("fileId", ""))}, **code_query
            )
        elif step != "listShareDir" and state is ShareState.ALIVE:
            file = str(data.get("fileId") or page.values.get("file", ""))
            yield _list_request(str(data.get("shareId", "")), file, FolderWalk(), values)
        else:
            yield self._read_list(page, data, state)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from any of the three answers. An unrecognised answer is `unknown`, never gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        state = state_by_code("tianyi", answer.get("res_code", answer.get("code")))
        if state is ShareState.ALIVE and answer.get("needAccessCode"):
            return ShareState.NEEDS_CODE
        if state is ShareState.ALIVE and not ("shareId" in answer or "fileListAO" in answer):
            return ShareState.UNKNOWN
        return state

    def _read_list(self, page: Page, answer: Mapping[str, Any], state: ShareState) -> Listing | Request:
        file_list = object_at(answer, "fileListAO")
        walk = resume_walk(page).with_entries(_entries(file_list))
        state = walk.share_state(state)
        count = file_list.get("count")
        has_more = isinstance(count, int) and bool(objects_at(file_list, "fileList")) and walk.entries_read < count
        next_step = walk.next_step(has_more) if state is ShareState.ALIVE else None
        if next_step:
            return _list_request(
                request_value(page, "shareId"), request_value(page, "top", "fileId"), next_step, page.values
            )
        share_id = request_value(page, "share_id", "shareCode")
        link = parse_share(self.name, f"https://cloud.189.cn/t/{share_id}", page.values.get("code"))
        return share_listing(self.name, link, state, page, title=page.values.get("title", ""), files=walk.files)


def _api_request(action: str, values: Mapping[str, str], **query: str) -> Request:
    return Request(url=f"{API}/{action}.action?{urlencode(query)}", headers=_JSON_HEADERS, values=values)


def _list_request(share: str, top: str, walk: FolderWalk, values: Mapping[str, str]) -> Request:
    folder = walk.folder or top
    query = {"pageNum": str(walk.page), "pageSize": str(FILES_PER_PAGE), "shareId": share, "fileId": folder}
    query |= {"isFolder": "true", "shareDirFileId": folder, "accessCode": values.get("code", "")}
    return _api_request("listShareDir", {**values, **walk.request_values(), "top": top}, **query)


def _entries(file_list: Mapping[str, Any]) -> Iterator[Entry]:
    yield from (
        (shared_file(item["name"], None, True), str(item.get("id", ""))) for item in objects_at(file_list, "folderList")
    )
    yield from ((shared_file(item["name"], item.get("size")), "") for item in objects_at(file_list, "fileList"))
