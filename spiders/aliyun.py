"""Aliyun Drive (阿里云盘): state, title and files of a share, asked anonymously.

Built from notes on shares, 2026-11; never tried live. Quirks: the anonymous answer names title and count of a share
that has a code too; a share token, for which the code is sent, opens the lists of files, by folder, 200 entries a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from crawler.items import ShareState
from crawler.shapes.cloud_drives import (
    json_request,
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

API = "https://api.aliyundrive.com"
FILES_PER_PAGE = 200


class Aliyun(Platform):
    """Shares of alipan.com. Built from notes, 2026-11; not tried live."""

    name = "aliyun"
    allowed_domains = ("alipan.com", "aliyundrive.com", "alywp.net")
    proof = Proof(
        SOURCE, "github.com/alist-org/alist drivers/aliyundrive_share: share token and lists of a share", "2026-11-22"
    )
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
        return json_request(f"{API}/adrive/v3/share_link/get_share_by_anonymous", {"share_id": link.share_id}, values)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """After the anonymous answer request a token, after that the list of files; the list gives the listing."""
        answer, step = parse_answer(page), urlsplit(page.url).path.rpartition("/")[2]
        state = state_of(page, self.classify)
        code = page.values.get("known_code", "")
        title = str(answer.get("share_title") or answer.get("share_name") or "") if isinstance(answer, Mapping) else ""
        values = {**page.values, "title": title or page.values.get("title", "")}
        if step == "get_share_by_anonymous" and (
            state is ShareState.ALIVE or (state is ShareState.NEEDS_CODE and code)
        ):
            body = {"share_id": request_value(page, "share_id"), "share_pwd": code}
            yield json_request(f"{API}/v2/share_link/get_share_token", body, values | ({"code": code} if code else {}))
        elif step == "get_share_token" and isinstance(answer, Mapping) and answer.get("share_token"):
            yield _list_request(request_value(page, "share_id"), str(answer["share_token"]), FolderWalk(), "", values)
        else:
            yield self._read_list(page, state, values)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from any of the three answers. An unrecognised answer is `unknown`, never gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        if answer.get("code"):
            return state_by_code("aliyun", answer["code"])
        if "share_name" in answer or "share_title" in answer:
            return ShareState.NEEDS_CODE if answer.get("has_pwd") else ShareState.ALIVE
        if isinstance(answer.get("items"), list):
            return ShareState.PARTLY_REMOVED if answer.get("punished_file_count") else ShareState.ALIVE
        return ShareState.ALIVE if answer.get("share_token") else ShareState.UNKNOWN

    def _read_list(self, page: Page, state: ShareState, values: Mapping[str, str]) -> Listing | Request:
        answer, share_id = parse_answer(page), request_value(page, "share_id")
        data = answer if isinstance(answer, Mapping) else {}
        walk = resume_walk(page).with_entries(_entries(objects_at(data, "items") or objects_at(data, "file_infos")))
        state = walk.share_state(state)
        marker = str(data.get("next_marker") or "")
        token = values.get("token", "")
        next_step = walk.next_step(bool(marker)) if state is ShareState.ALIVE and token else None
        if next_step:
            return _list_request(share_id, token, next_step, marker, values)
        link = parse_share(self.name, f"https://www.alipan.com/s/{share_id}", values.get("code"))
        return share_listing(self.name, link, state, page, title=values["title"], files=walk.files)


def _list_request(share_id: str, token: str, walk: FolderWalk, marker: str, values: Mapping[str, str]) -> Request:
    body = {"share_id": share_id, "parent_file_id": walk.folder or "root", "limit": FILES_PER_PAGE, "marker": marker}
    values = {**values, **walk.request_values(), "token": token}
    return json_request(f"{API}/adrive/v3/file/list", {**body, "order_by": "name"}, values, X_Share_Token=token)


def _entries(items: list[Mapping[str, Any]]) -> Iterator[Entry]:
    for item in items:
        file = shared_file(item.get("name") or item.get("file_name"), item.get("size"), item.get("type") == "folder")
        yield file, str(item.get("file_id", ""))
