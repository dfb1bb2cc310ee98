"""Baidu (百度网盘): state, title, files and sharer of a share, asked anonymously.

Built from notes on shares, 2026-11; never tried live. Quirks: the share's page answers 200 whatever became of it and
names an errortype; /error/404.html answers 200 too; a code is verified first, and what that answers opens the list.
The names of a share are kept without the leading 1 that addresses bear. Lists come by folder (`dir`, the path that its
entry states; public tools ask so), 100 entries a page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from crawler.items import SharedFile, ShareState
from crawler.shapes.cloud_drives import (
    form_request,
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
from crawler.shapes.share_states import state_by_code, state_by_words
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request

SITE = "https://pan.baidu.com"
FILES_PER_PAGE = 100
_FILE_LIST_MARK = '"file_list":'  # followed by JSON; a regular expression for its end would be quadratic
_SHARER_RE = re.compile(r'"linkusername":"([^"]{1,100})"')


class Baidu(Platform):
    """Shares of pan.baidu.com. Built from notes, 2026-11; not tried live."""

    name = "baidu"
    allowed_domains = ("pan.baidu.com", "yun.baidu.com", "eyun.baidu.com")
    proof = Proof(PAGE, "a page that asks for the code of a share in bench/pages.py; the API from notes", "2026-11-22")
    limits = "Asked anonymously; a captcha is not answered."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True
    volatile = ("t", "sekey")

    def open(self, address: str, code: str | None = None) -> Request:
        """Verify the code, or open the page of a share without one. Raises BadInput if `address` is not a share."""
        link = parse_share(self.name, address)
        if code is None:
            return Request(url=link.url, values=share_values(link))
        url = f"{SITE}/share/verify?{urlencode({'surl': link.share_id, 'web': '1'})}"
        return form_request(
            url, {"pwd": code, "vcode": "", "vcode_str": ""}, share_values(link, code), Referer=f"{SITE}/"
        )

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """After a verified code request the list of files; the list, or the share's own page, gives the listing."""
        path, answer = urlsplit(page.url).path, parse_answer(page)
        state = state_of(page, self.classify)
        if path == "/error/404.html":
            state = ShareState.NOT_FOUND
        if path == "/share/verify" and isinstance(answer, Mapping) and state is ShareState.ALIVE:
            yield _list_request(_surl(page), unquote(str(answer.get("randsk") or "")), FolderWalk(), page.values)
        elif isinstance(answer, Mapping):
            yield self._read_list(page, answer, state)
        else:
            yield self._share(page, state, _embedded_files(page.source), _first_match(_SHARER_RE, page.source))

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from an API answer or its page. An unrecognised answer is `unknown`, never gone."""
        if isinstance(answer, Mapping):
            return state_by_code("baidu", answer.get("errno"))
        return state_by_words("baidu", answer) if isinstance(answer, str) else ShareState.UNKNOWN

    def _read_list(self, page: Page, answer: Mapping[str, Any], state: ShareState) -> Listing | Request:
        entries = objects_at(answer, "list")
        walk = resume_walk(page).with_entries((_file_entry(item), str(item.get("path") or "")) for item in entries)
        state = walk.share_state(state)
        next_step = walk.next_step(len(entries) == FILES_PER_PAGE) if state is ShareState.ALIVE else None
        title = str(page.values.get("title") or answer.get("title") or "")
        if next_step:
            return _list_request(_surl(page), request_value(page, "sekey"), next_step, {**page.values, "title": title})
        return self._share(page, state, walk.files, None, title)

    def _share(
        self,
        page: Page,
        state: ShareState,
        files: tuple[SharedFile, ...],
        sharer: str | None,
        title: str = "",
    ) -> Listing:
        link = parse_share(self.name, f"{SITE}/s/1{_surl(page)}", page.values.get("code"))
        return share_listing(self.name, link, state, page, title=title.rpartition("/")[2], files=files, sharer=sharer)


def _list_request(surl: str, key: str, walk: FolderWalk, values: Mapping[str, str]) -> Request:
    query = {"shorturl": surl, "root": "0" if walk.folder else "1", "page": str(walk.page), "num": str(FILES_PER_PAGE)}
    query |= {"web": "1", "sekey": key} | ({"dir": walk.folder} if walk.folder else {})
    return Request(url=f"{SITE}/share/list?{urlencode(query)}", values={**values, **walk.request_values()})


def _surl(page: Page) -> str:
    path = urlsplit(page.url).path
    return path[4:] if path.startswith("/s/1") else request_value(page, "share_id", "surl", "shorturl")


def _embedded_files(source: str) -> tuple[SharedFile, ...]:
    start = source.find(_FILE_LIST_MARK)
    try:
        entries, _end = json.JSONDecoder().raw_decode(source, start + len(_FILE_LIST_MARK)) if start >= 0 else ([], 0)
    except ValueError:
        return ()
    return tuple(_file_entry(item) for item in entries) if isinstance(entries, list) else ()


def _file_entry(item: Mapping[str, Any]) -> SharedFile:
    return shared_file(item["server_filename"], item.get("size"), str(item.get("isdir", 0)) == "1")


def _first_match(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None
