"""Tianyi (天翼云盘): state, title and files of a share, asked anonymously.

Built from notes on shares and public tools, 2026-11; never tried live. Quirks: the API answers XML unless JSON is asked
for; a code is checked by a request of its own, then the lists are open, by folder, 60 entries a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from crawler.items import ShareState
from crawler.shapes.drives import (
    answer_of,
    asked,
    below,
    entry,
    named,
    rows,
    share_at,
    shared,
    state_of,
)
from crawler.shapes.states import by_code
from crawler.shapes.walk import Entry, Walk, walk_of
from spiders import SOURCE, Listing, ListingKind, Page, PlatformSpider, Proof, Request

API = "https://api.cloud.189.cn/open/share"
FILES = 60
_AS_JSON = {"Accept": "application/json;charset=UTF-8"}


class Tianyi(PlatformSpider):
    """Shares of cloud.189.cn. Built from notes, 2026-11; not tried live."""

    name = "tianyi"
    allowed_domains = ("cloud.189.cn",)
    proof = Proof(SOURCE, "ten public tools that ask open/share/getShareInfoByCodeV2.action", "2026-11-22")
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
        return _ask("getShareInfoByCodeV2", values, shareCode=link.share_id)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """What the share is leads to the check of its code, that to its files; the list of files is the share."""
        answer, state = answer_of(page), state_of(page, self.classify)
        code, told = page.values.get("known_code", ""), below(answer)
        step = urlsplit(page.url).path.rpartition("/")[2].removesuffix(".action")
        values = {**page.values, "title": str(told.get("fileName") or page.values.get("title", ""))}
        if step == "getShareInfoByCodeV2" and state is ShareState.NEEDS_CODE and code:
            sent = {"shareCode": asked(page, "share_id", "shareCode"), "accessCode": code}
            yield _ask("checkAccessCode", {**values, "code": code, "file": str(told.get("fileId", ""))}, **sent)
        elif step != "listShareDir" and state is ShareState.ALIVE:
            file = str(told.get("fileId") or page.values.get("file", ""))
            yield _list_of(str(told.get("shareId", "")), file, Walk(), values)
        else:
            yield self._listed(page, told, state)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from any of the three answers. Unrecognised is `unknown`, never gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        state = by_code("tianyi", answer.get("res_code", answer.get("code")))
        if state is ShareState.ALIVE and answer.get("needAccessCode"):
            return ShareState.NEEDS_CODE
        if state is ShareState.ALIVE and not ("shareId" in answer or "fileListAO" in answer):
            return ShareState.UNKNOWN
        return state

    def _listed(self, page: Page, answer: Mapping[str, Any], state: ShareState) -> Listing | Request:
        listed = below(answer, "fileListAO")
        walk = walk_of(page).read(_entries(listed))
        state = walk.state(state)
        count = listed.get("count")
        more = isinstance(count, int) and bool(rows(listed, "fileList")) and walk.seen < count
        onward = walk.onward(more) if state is ShareState.ALIVE else None
        if onward:
            return _list_of(asked(page, "shareId"), asked(page, "top", "fileId"), onward, page.values)
        share_id = asked(page, "share_id", "shareCode")
        link = share_at(self.name, f"https://cloud.189.cn/t/{share_id}", page.values.get("code"))
        return shared(self.name, link, state, page, title=page.values.get("title", ""), files=walk.files)


def _ask(what: str, values: Mapping[str, str], **query: str) -> Request:
    return Request(url=f"{API}/{what}.action?{urlencode(query)}", headers=_AS_JSON, values=values)


def _list_of(share: str, top: str, walk: Walk, values: Mapping[str, str]) -> Request:
    folder = walk.folder or top
    query = {"pageNum": str(walk.page), "pageSize": str(FILES), "shareId": share, "fileId": folder}
    query |= {"isFolder": "true", "shareDirFileId": folder, "accessCode": values.get("code", "")}
    return _ask("listShareDir", {**values, **walk.values(), "top": top}, **query)


def _entries(listed: Mapping[str, Any]) -> Iterator[Entry]:
    yield from ((entry(each["name"], None, True), str(each.get("id", ""))) for each in rows(listed, "folderList"))
    yield from ((entry(each["name"], each.get("size")), "") for each in rows(listed, "fileList"))
