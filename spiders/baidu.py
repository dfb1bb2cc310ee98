"""Baidu (百度网盘): state, title, files and sharer of a share, asked anonymously.

Built from notes on shares, 2026-11; never tried live. Quirks: the share's page answers 200 whatever became of it and
names an errortype; /error/404.html answers 200 too; a code is verified first, and what that answers opens the list.
A share's name lacks the leading 1 of its address; older ones are named by shareid and uk, albums by album_id and uk,
also where the site leads on to a newer address. Lists come by folder (`dir`, its entry's path), 100 entries a page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

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
        if code is None or link.share_id.startswith("album_id="):
            return Request(url=link.url, values=share_values(link))
        url = f"{SITE}/share/verify?{urlencode({**_share_query(link.share_id, 'surl'), 'web': '1'})}"
        fields = {"pwd": code, "vcode": "", "vcode_str": ""}
        return form_request(url, fields, share_values(link, code), Referer=f"{SITE}/")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """After a verified code request the list of files; the list, or the share's own page, gives the listing."""
        path, answer = urlsplit(page.url).path, parse_answer(page)
        state = state_of(page, self.classify)
        if path == "/error/404.html":
            state = ShareState.NOT_FOUND
        if path == "/share/verify" and isinstance(answer, Mapping) and state is ShareState.ALIVE:
            yield _list_request(_share_id(page), unquote(str(answer.get("randsk") or "")), FolderWalk(), page.values)
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
            return _list_request(
                _share_id(page), request_value(page, "sekey"), next_step, {**page.values, "title": title}
            )
        return self._share(page, state, walk.files, None, title)

    def _share(
        self,
        page: Page,
        state: ShareState,
        files: tuple[SharedFile, ...],
        sharer: str | None,
        title: str = "",
    ) -> Listing:
        link = parse_share(self.name, _address(_share_id(page)), page.values.get("code"))
        return share_listing(self.name, link, state, page, title=title.rpartition("/")[2], files=files, sharer=sharer)


def _list_request(share_id: str, key: str, walk: FolderWalk, values: Mapping[str, str]) -> Request:
    query = _share_query(share_id, "shorturl") | {"root": "0" if walk.folder else "1", "page": str(walk.page)}
    query |= {"num": str(FILES_PER_PAGE), "web": "1", "sekey": key} | ({"dir": walk.folder} if walk.folder else {})
    return Request(url=f"{SITE}/share/list?{urlencode(query)}", values={**values, **walk.request_values()})


def _share_id(page: Page) -> str:
    """The name of the share that was asked for; without a request's own values, the one in the page's address."""
    if "share_id" in page.values:
        return page.values["share_id"]
    if urlsplit(page.url).path.startswith("/s/1"):
        return urlsplit(page.url).path[4:]
    query = dict(parse_qsl(urlsplit(page.url).query))
    first = next((name for name in ("shareid", "album_id") if name in query), None)
    return f"{first}={query[first]}&uk={query['uk']}" if first else request_value(page, "surl", "shorturl")


def _share_query(share_id: str, name: str) -> dict[str, str]:
    """The parameters that name a share: its own numbers, or `name` with its short name."""
    return dict(parse_qsl(share_id)) if "=" in share_id else {name: share_id}


def _address(share_id: str) -> str:
    if share_id.startswith("album_id="):
        return f"{SITE}/pcloud/album/info?{share_id}"
    return f"{SITE}/share/link?{share_id}" if "=" in share_id else f"{SITE}/s/1{share_id}"


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
