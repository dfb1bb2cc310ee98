"""Tianyi (天翼云盘): state, title and files of a share, asked anonymously.

Built from notes on shares and public tools, 2026-11; never tried live. Quirks: the API answers XML unless JSON is asked
for; a code is checked by a request of its own, then the list is open. Five pages of 60 entries are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from crawler.items import SharedFile, ShareState
from crawler.shapes.drives import (
    answer_of,
    asked,
    below,
    entry,
    further,
    gathered,
    named,
    rows,
    share_at,
    shared,
    state_of,
)
from crawler.shapes.states import by_code
from spiders import Listing, ListingKind, Page, PlatformSpider, Request

API = "https://api.cloud.189.cn/open/share"
FILES = 60
_AS_JSON = {"Accept": "application/json;charset=UTF-8"}


class Tianyi(PlatformSpider):
    """Shares of cloud.189.cn. Built from notes, 2026-11; not tried live."""

    name = "tianyi"
    allowed_domains = ("cloud.189.cn",)
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
            yield _list_of(str(told.get("shareId", "")), file, 1, values)
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
        files = gathered(page, _files(listed))
        count = listed.get("count")
        if state is ShareState.ALIVE and isinstance(count, int) and rows(listed, "fileList") and len(files) < count:
            number = int(page.values.get("list_page", "1")) + 1
            share, file = asked(page, "shareId"), asked(page, "fileId")
            more = further(_list_of(share, file, number, page.values), page, files)
            if more is not None:
                return more
        share_id = asked(page, "share_id", "shareCode")
        link = share_at(self.name, f"https://cloud.189.cn/t/{share_id}", page.values.get("code"))
        return shared(self.name, link, state, page, title=page.values.get("title", ""), files=files)


def _ask(what: str, values: Mapping[str, str], **query: str) -> Request:
    return Request(url=f"{API}/{what}.action?{urlencode(query)}", headers=_AS_JSON, values=values)


def _list_of(share: str, file: str, number: int, values: Mapping[str, str]) -> Request:
    query = {"pageNum": str(number), "pageSize": str(FILES), "shareId": share, "fileId": file, "isFolder": "true"}
    return _ask("listShareDir", values, **query, shareDirFileId=file, accessCode=values.get("code", ""))


def _files(listed: Mapping[str, Any]) -> Iterator[SharedFile]:
    yield from (entry(each["name"], None, True) for each in rows(listed, "folderList"))
    yield from (entry(each["name"], each.get("size")) for each in rows(listed, "fileList"))
