"""115 (115网盘): state, title and files of a share, asked anonymously, with ten seconds between two requests.

Built from notes on shares, 2026-11; never tried live. Quirks: one answer is state and list; share_state 7 means expired
even where `state` is true and the list is full, so it is looked at first. Lists come by folder, 100 entries a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

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
from crawler.shapes.share_states import state_by_code
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

API = "https://115cdn.com/webapi/share/snap"
FILES_PER_PAGE = 100
EXPIRED_STATE = 7  # data.share_state


class Pan115(Platform):
    """Shares of 115.com. Built from notes, 2026-11; not tried live."""

    name = "pan115"
    share_platform = "115"
    allowed_domains = ("115.com", "115cdn.com", "anxia.com")
    proof = Proof(SOURCE, "ten public tools that ask 115cdn.com/webapi/share/snap", "2026-11-22")
    limits = "Ten seconds between two requests."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 10.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share. Raises BadInput if `address` is not a share."""
        link = parse_share("115", address)
        return Request(url=_list_address(link.share_id, code or "", FolderWalk()), values=share_values(link, code))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from one answer, or the request for the next page of its list."""
        answer, state = parse_answer(page), state_of(page, self.classify)
        share_id, code = request_value(page, "share_id", "share_code"), request_value(page, "code", "receive_code")
        data = object_at(answer, "data")
        entries = objects_at(data, "list")
        walk = resume_walk(page).with_entries(
            (shared_file(item["n"], item.get("s"), "fid" not in item), _folder_id(item)) for item in entries
        )
        state = walk.share_state(state)
        count = data.get("count")
        has_more = isinstance(count, int) and bool(entries) and walk.entries_read < count
        next_step = walk.next_step(has_more) if state is ShareState.ALIVE else None
        title = page.values.get("title") or str(object_at(data, "shareinfo").get("share_title") or "")
        if next_step:
            yield Request(
                url=_list_address(share_id, code, next_step),
                values={**page.values, **next_step.request_values(), "title": title},
            )
            return
        link = parse_share("115", f"https://115cdn.com/s/{share_id}", code)
        sharer = str(object_at(data, "userinfo").get("user_name") or "") or None
        yield share_listing(self.name, link, state, page, title=title, files=walk.files, sharer=sharer)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share. An unrecognised answer is `unknown`, never gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        data = object_at(answer, "data")
        if data.get("share_state") == EXPIRED_STATE:
            return ShareState.EXPIRED
        if answer.get("state") is True:
            if object_at(data, "shareinfo").get("forbid_reason"):
                return ShareState.REMOVED_VIOLATION
            return ShareState.ALIVE if isinstance(data.get("list"), list) else ShareState.UNKNOWN
        state = state_by_code("115", answer.get("errno"))
        return ShareState.UNKNOWN if state is ShareState.ALIVE else state


def _list_address(share_id: str, code: str, walk: FolderWalk) -> str:
    query = {"share_code": share_id, "receive_code": code, "cid": walk.folder or "0"}
    return f"{API}?{urlencode({**query, 'offset': str(walk.entries_read), 'limit': str(FILES_PER_PAGE)})}"


def _folder_id(item: Mapping[str, Any]) -> str:
    return str(item.get("cid", ""))
