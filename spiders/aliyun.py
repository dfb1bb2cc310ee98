"""Aliyun Drive (阿里云盘): state, title and files of a share, asked anonymously.

Built from notes on shares, 2026-11; never tried live. Quirks: the anonymous answer names title and count of a share
that has a code too; a share token, for which the code is sent, opens the lists of files, by folder, 200 entries a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from crawler.items import ShareState
from crawler.shapes.drives import (
    answer_of,
    asked,
    entry,
    named,
    post,
    rows,
    share_at,
    shared,
    state_of,
)
from crawler.shapes.states import by_code
from crawler.shapes.walk import Entry, Walk, walk_of
from spiders import SOURCE, Listing, ListingKind, Page, PlatformSpider, Proof, Request

API = "https://api.aliyundrive.com"
FILES = 200


class Aliyun(PlatformSpider):
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
    judges_itself = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Ask what the share is. Raises BadInput where the address is no share."""
        link = share_at(self.name, address)
        values = named(link) | ({"known_code": code} if code else {})
        return post(f"{API}/adrive/v3/share_link/get_share_by_anonymous", {"share_id": link.share_id}, values)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The anonymous answer leads to a token, the token to the list of files; the list is the share."""
        answer, step = answer_of(page), urlsplit(page.url).path.rpartition("/")[2]
        state = state_of(page, self.classify)
        code = page.values.get("known_code", "")
        title = str(answer.get("share_title") or answer.get("share_name") or "") if isinstance(answer, Mapping) else ""
        values = {**page.values, "title": title or page.values.get("title", "")}
        if step == "get_share_by_anonymous" and (
            state is ShareState.ALIVE or (state is ShareState.NEEDS_CODE and code)
        ):
            body = {"share_id": asked(page, "share_id"), "share_pwd": code}
            yield post(f"{API}/v2/share_link/get_share_token", body, values | ({"code": code} if code else {}))
        elif step == "get_share_token" and isinstance(answer, Mapping) and answer.get("share_token"):
            yield _list_of(asked(page, "share_id"), str(answer["share_token"]), Walk(), "", values)
        else:
            yield self._listed(page, state, values)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from any of the three answers. Unrecognised is `unknown`, never gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        if answer.get("code"):
            return by_code("aliyun", answer["code"])
        if "share_name" in answer or "share_title" in answer:
            return ShareState.NEEDS_CODE if answer.get("has_pwd") else ShareState.ALIVE
        if isinstance(answer.get("items"), list):
            return ShareState.PARTLY_REMOVED if answer.get("punished_file_count") else ShareState.ALIVE
        return ShareState.ALIVE if answer.get("share_token") else ShareState.UNKNOWN

    def _listed(self, page: Page, state: ShareState, values: Mapping[str, str]) -> Listing | Request:
        answer, share_id = answer_of(page), asked(page, "share_id")
        told = answer if isinstance(answer, Mapping) else {}
        walk = walk_of(page).read(_entries(rows(told, "items") or rows(told, "file_infos")))
        state = walk.state(state)
        marker = str(told.get("next_marker") or "")
        token = values.get("token", "")
        onward = walk.onward(bool(marker)) if state is ShareState.ALIVE and token else None
        if onward:
            return _list_of(share_id, token, onward, marker, values)
        link = share_at(self.name, f"https://www.alipan.com/s/{share_id}", values.get("code"))
        return shared(self.name, link, state, page, title=values["title"], files=walk.files)


def _list_of(share_id: str, token: str, walk: Walk, marker: str, values: Mapping[str, str]) -> Request:
    body = {"share_id": share_id, "parent_file_id": walk.folder or "root", "limit": FILES, "marker": marker}
    values = {**values, **walk.values(), "token": token}
    return post(f"{API}/adrive/v3/file/list", {**body, "order_by": "name"}, values, X_Share_Token=token)


def _entries(found: list[Mapping[str, Any]]) -> Iterator[Entry]:
    for each in found:
        file = entry(each.get("name") or each.get("file_name"), each.get("size"), each.get("type") == "folder")
        yield file, str(each.get("file_id", ""))
