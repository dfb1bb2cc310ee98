"""Quark (夸克网盘), cloud drive: state, title and files of a share, asked anonymously. Nothing is downloaded or saved.

Built from public tools that ask the same two addresses and from notes on shares; never tried live, 2026-11. Quirks: the
token answer says the state of a share, only a live one gets the list of its files; codes 41004 and 41010 have been seen
for dead shares but are not confirmed, so they stay `unknown`; /g/ addresses are groups, not shares. Only the first 50
entries of the top folder are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from crawler.errors import BadInput, Problem
from crawler.items import Outcome, SharedFile, ShareState
from crawler.page import LayoutError
from spiders import Listing, ListingKind, Page, PlatformSpider, Request

API = "https://drive-h.quark.cn/1/clouddrive/share/sharepage"
FILES = 50
_SHARE = re.compile(r"/s/([0-9A-Za-z]{6,32})")
_STATES = {
    0: ShareState.ALIVE,
    41008: ShareState.NEEDS_CODE,
    41011: ShareState.EXPIRED,
    41012: ShareState.CANCELLED,
    41031: ShareState.AUDIT_PENDING,
}
_OUTCOMES = {
    ShareState.EXPIRED: Outcome.GONE,
    ShareState.CANCELLED: Outcome.GONE,
    ShareState.RATE_LIMITED: Outcome.BLOCKED,
    ShareState.CAPTCHA: Outcome.CHALLENGED,
    ShareState.UNKNOWN: Outcome.PARTIAL,
}


class Quark(PlatformSpider):
    """Shares of pan.quark.cn. Built from public tools and notes, 2026-11; not tried live."""

    name = "quark"
    allowed_domains = ("pan.quark.cn", "pan.qoark.cn", "drive-h.quark.cn", "drive-pc.quark.cn")
    kind = ListingKind.SHARE
    rows_suffice = True
    judges_itself = True  # the code in the answer says more than its status
    volatile = ("stoken", "__t", "__dt")

    def open(self, address: str, code: str | None = None) -> Request:
        """Ask for the share's token. Raises BadInput where the address is no share."""
        found = _SHARE.search(urlsplit(address).path)
        if found is None:
            raise BadInput(Problem(file=address, message="not the address of a Quark share"))
        body = {"pwd_id": found[1], "passcode": code or "", "support_visit_limit_private_share": True}
        return Request(
            url=f"{API}/token?pr=ucpro&fr=pc",
            method="POST",
            headers={"Content-Type": "application/json", "Referer": "https://pan.quark.cn/"},
            body=json.dumps(body, separators=(",", ":")).encode(),
            values={"share_id": found[1]} | ({"code": code} if code else {}),
        )

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """A token answer leads to the list of files, or says why there is none; the list of files is the share."""
        answer = page.json()
        parts = urlsplit(page.url)
        if parts.path.endswith("/token"):
            yield self._known(page, answer)
        elif parts.path.endswith("/detail"):
            share_id = page.values.get("share_id") or parse_qs(parts.query)["pwd_id"][0]
            yield self._listed(answer, share_id, page.values)
        else:
            raise LayoutError("quark: neither a token nor a list of files")

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from a token answer or a list of files. Unrecognised is `unknown`, never gone."""
        if not isinstance(answer, Mapping) or not isinstance(answer.get("code"), int):
            return ShareState.UNKNOWN
        state = _STATES.get(answer["code"], ShareState.UNKNOWN)
        data = answer.get("data")
        share = data.get("share") if isinstance(data, Mapping) else None
        if state is ShareState.ALIVE and isinstance(share, Mapping):
            if share.get("status", 1) != 1:
                return ShareState.UNKNOWN
            return ShareState.PARTLY_REMOVED if share.get("partial_violation") else state
        return state

    def _known(self, page: Page, answer: Any) -> Listing | Request:
        share_id = page.values.get("share_id") or str(json.loads(page.values["request_body"])["pwd_id"])
        state = self.classify(answer)
        if state is ShareState.NEEDS_CODE and page.values.get("code"):
            state = ShareState.WRONG_CODE  # asked with a code, and still asked for one
        data = (answer.get("data") or {}) if isinstance(answer, Mapping) else {}
        title = str(data.get("title") or "")
        if state is not ShareState.ALIVE or not data.get("stoken"):
            alive_without_token = state is ShareState.ALIVE
            return self._share(share_id, title, ShareState.UNKNOWN if alive_without_token else state)
        asked = {"pwd_id": share_id, "stoken": data["stoken"], "pdir_fid": "0", "_page": "1", "_size": str(FILES)}
        asked |= {"_fetch_share": "1", "_fetch_total": "1"}
        return Request(url=f"{API}/detail?{urlencode(asked)}", values={**page.values, "title": title})

    def _listed(self, answer: Any, share_id: str, values: Mapping[str, str]) -> Listing:
        state = self.classify(answer)
        data = (answer.get("data") or {}) if isinstance(answer, Mapping) else {}
        files = tuple(
            SharedFile(
                name=str(each["file_name"]),
                size=each.get("size") if isinstance(each.get("size"), int) else None,
                folder=bool(each.get("dir")) or each.get("file") is False,
            )
            for each in data.get("list") or ()
        )
        share = data.get("share") or {}
        title = str(share.get("title") or values.get("title") or (files[0].name if files else ""))
        return self._share(share_id, title, state, files)

    def _share(self, share_id: str, title: str, state: ShareState, files: tuple[SharedFile, ...] = ()) -> Listing:
        return self.listing(
            url=f"https://pan.quark.cn/s/{share_id}",
            title=title,
            files=files,
            share_state=state,
            outcome=_OUTCOMES.get(state, Outcome.LIVE),
        )
