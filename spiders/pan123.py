"""123 (123云盘): state, title and files of a share, asked anonymously.

Built from notes on shares, 2026-11; never tried live. Quirks: the first answer says whether there is a code, the second
is sent with it; 5103 in the second, after the first found the share, is taken for a wrong code. Lists come by folder,
100 entries a page.
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
from crawler.shapes.folder_walk import FolderWalk, resume_walk
from crawler.shapes.share_states import GONE_STATES, state_by_code
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

API = "https://www.123pan.com/api/share"
FILES_PER_PAGE = 100
LAST_PAGE = "-1"  # data.Next of the last page


class Pan123(Platform):
    """Shares of 123pan.com. Built from notes, 2026-11; not tried live."""

    name = "pan123"
    share_platform = "123"
    allowed_domains = (
        "123pan.com",
        "123pan.cn",
        "123684.com",
        "123685.com",
        "123865.com",
        "123912.com",
        "123592.com",
        "123652.com",
        "123952.com",
    )
    proof = Proof(SOURCE, "github.com/alist-org/alist drivers/123_share/util.go: lists of a share", "2026-11-22")
    limits = "Asked anonymously; nothing is downloaded."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request what the share is. Raises BadInput if `address` is not a share."""
        link = parse_share("123", address)
        values = share_values(link) | ({"known_code": code} if code else {})
        return Request(url=f"{API}/info?{urlencode({'shareKey': link.share_id})}", values=values)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """After the first answer request the list of files; the list, or why there is none, gives the listing."""
        answer, state = parse_answer(page), state_of(page, self.classify)
        share_id, code = request_value(page, "share_id", "shareKey"), page.values.get("known_code", "")
        if urlsplit(page.url).path.endswith("/info"):
            title = str(object_at(answer, "data").get("ShareName") or "")
            if state is ShareState.ALIVE or (state is ShareState.NEEDS_CODE and code):
                code_values = {"code": code} if code else {}
                yield Request(
                    url=_list_address(share_id, code, FolderWalk()),
                    values={**page.values, **code_values, "title": title},
                )
            else:
                yield self._share(page, state, title=title)
            return
        data = object_at(answer, "data")
        walk = resume_walk(page).with_entries(
            (_file_entry(item), str(item.get("FileId", ""))) for item in objects_at(data, "InfoList")
        )
        state = walk.share_state(ShareState.WRONG_CODE if state in GONE_STATES and code else state)
        has_more = str(data.get("Next", LAST_PAGE)) != LAST_PAGE
        next_step = walk.next_step(has_more) if state is ShareState.ALIVE else None
        if next_step:
            yield Request(
                url=_list_address(share_id, code, next_step), values={**page.values, **next_step.request_values()}
            )
        else:
            yield self._share(page, state, title=page.values.get("title", ""), files=walk.files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from either answer. An unrecognised answer is `unknown`, never gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        state = state_by_code("123", answer.get("code"))
        if state is not ShareState.ALIVE:
            return state
        data = object_at(answer, "data")
        if not data:
            return ShareState.UNKNOWN
        return ShareState.NEEDS_CODE if data.get("HasPwd") and "InfoList" not in data else ShareState.ALIVE

    def _share(self, page: Page, state: ShareState, **fields: Any) -> Listing:
        share_id, code = request_value(page, "share_id", "shareKey"), page.values.get("code", "")
        link = parse_share("123", f"https://www.123pan.com/s/{share_id}", code)
        return share_listing(self.name, link, state, page, **fields)


def _list_address(share_id: str, code: str, walk: FolderWalk) -> str:
    query = {
        "limit": str(FILES_PER_PAGE),
        "next": "0",
        "orderBy": "file_name",
        "orderDirection": "asc",
        "shareKey": share_id,
    }
    query |= {"SharePwd": code, "ParentFileId": walk.folder or "0", "Page": str(walk.page)}
    return f"{API}/get?{urlencode(query)}"


def _file_entry(item: Mapping[str, Any]) -> Any:
    return shared_file(item["FileName"], item.get("Size"), item.get("Type") == 1)
