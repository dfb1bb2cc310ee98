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
from crawler.shapes.drives import (
    answer_of,
    asked,
    entry,
    form,
    named,
    rows,
    share_at,
    shared,
    state_of,
)
from crawler.shapes.states import by_code, by_words
from crawler.shapes.walk import Walk, walk_of
from spiders import PAGE, Listing, ListingKind, Page, PlatformSpider, Proof, Request

SITE = "https://pan.baidu.com"
FILES = 100
_LOCALS = '"file_list":'  # what follows is JSON; an expression for its end would be quadratic
_SHARER = re.compile(r'"linkusername":"([^"]{1,100})"')


class Baidu(PlatformSpider):
    """Shares of pan.baidu.com. Built from notes, 2026-11; not tried live."""

    name = "baidu"
    allowed_domains = ("pan.baidu.com", "yun.baidu.com", "eyun.baidu.com")
    proof = Proof(PAGE, "a page that asks for the code of a share in bench/pages.py; the API from notes", "2026-11-22")
    limits = "Asked anonymously; a captcha is not answered."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    judges_itself = True
    volatile = ("t", "sekey")

    def open(self, address: str, code: str | None = None) -> Request:
        """Verify the code, or open the page of a share without one. Raises BadInput where the address is no share."""
        link = share_at(self.name, address)
        if code is None:
            return Request(url=link.url, values=named(link))
        url = f"{SITE}/share/verify?{urlencode({'surl': link.share_id, 'web': '1'})}"
        return form(url, {"pwd": code, "vcode": "", "vcode_str": ""}, named(link, code), Referer=f"{SITE}/")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """A verified code leads to the list of files; the list, or the share's own page, is the share."""
        path, answer = urlsplit(page.url).path, answer_of(page)
        state = state_of(page, self.classify)
        if path == "/error/404.html":
            state = ShareState.NOT_FOUND
        if path == "/share/verify" and isinstance(answer, Mapping) and state is ShareState.ALIVE:
            yield _list_of(_surl(page), unquote(str(answer.get("randsk") or "")), Walk(), page.values)
        elif isinstance(answer, Mapping):
            yield self._listed(page, answer, state)
        else:
            yield self._share(page, state, _of_locals(page.source), _first(_SHARER, page.source))

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from an API answer or its page. Unrecognised is `unknown`, never gone."""
        if isinstance(answer, Mapping):
            return by_code("baidu", answer.get("errno"))
        return by_words("baidu", answer) if isinstance(answer, str) else ShareState.UNKNOWN

    def _listed(self, page: Page, answer: Mapping[str, Any], state: ShareState) -> Listing | Request:
        here = rows(answer, "list")
        walk = walk_of(page).read((_file(each), str(each.get("path") or "")) for each in here)
        state = walk.state(state)
        onward = walk.onward(len(here) == FILES) if state is ShareState.ALIVE else None
        title = str(page.values.get("title") or answer.get("title") or "")
        if onward:
            return _list_of(_surl(page), asked(page, "sekey"), onward, {**page.values, "title": title})
        return self._share(page, state, walk.files, None, title)

    def _share(
        self,
        page: Page,
        state: ShareState,
        files: tuple[SharedFile, ...],
        sharer: str | None,
        title: str = "",
    ) -> Listing:
        link = share_at(self.name, f"{SITE}/s/1{_surl(page)}", page.values.get("code"))
        return shared(self.name, link, state, page, title=title.rpartition("/")[2], files=files, sharer=sharer)


def _list_of(surl: str, key: str, walk: Walk, values: Mapping[str, str]) -> Request:
    query = {"shorturl": surl, "root": "0" if walk.folder else "1", "page": str(walk.page), "num": str(FILES)}
    query |= {"web": "1", "sekey": key} | ({"dir": walk.folder} if walk.folder else {})
    return Request(url=f"{SITE}/share/list?{urlencode(query)}", values={**values, **walk.values()})


def _surl(page: Page) -> str:
    path = urlsplit(page.url).path
    return path[4:] if path.startswith("/s/1") else asked(page, "share_id", "surl", "shorturl")


def _of_locals(source: str) -> tuple[SharedFile, ...]:
    start = source.find(_LOCALS)
    try:
        written, _end = json.JSONDecoder().raw_decode(source, start + len(_LOCALS)) if start >= 0 else ([], 0)
    except ValueError:
        return ()
    return tuple(_file(each) for each in written) if isinstance(written, list) else ()


def _file(each: Mapping[str, Any]) -> SharedFile:
    return entry(each["server_filename"], each.get("size"), str(each.get("isdir", 0)) == "1")


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[1] if found else None
