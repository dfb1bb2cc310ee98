"""115 (115网盘): state, title and files of a share, asked anonymously, with ten seconds between two requests.

Built from notes on shares, 2026-11; never tried live. Quirks: one answer is state and list; share_state 7 means expired
even where `state` is true and the list is full, so it is looked at first. Lists come by folder, 100 entries a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

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
from crawler.shapes.walk import Walk, walk_of
from spiders import SOURCE, Listing, ListingKind, Page, PlatformSpider, Proof, Request

API = "https://115cdn.com/webapi/share/snap"
FILES = 100
EXPIRED = 7  # data.share_state


class Pan115(PlatformSpider):
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
    judges_itself = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Ask for the share. Raises BadInput where the address is no share."""
        link = share_at("115", address)
        return Request(url=_snap(link.share_id, code or "", Walk()), values=named(link, code))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One answer is the share, or one page of its list."""
        answer, state = answer_of(page), state_of(page, self.classify)
        share_id, code = asked(page, "share_id", "share_code"), asked(page, "code", "receive_code")
        data = below(answer, "data")
        here = rows(data, "list")
        walk = walk_of(page).read((entry(each["n"], each.get("s"), "fid" not in each), _folder(each)) for each in here)
        state = walk.state(state)
        count = data.get("count")
        more = isinstance(count, int) and bool(here) and walk.seen < count
        onward = walk.onward(more) if state is ShareState.ALIVE else None
        title = page.values.get("title") or str(below(data, "shareinfo").get("share_title") or "")
        if onward:
            yield Request(url=_snap(share_id, code, onward), values={**page.values, **onward.values(), "title": title})
            return
        link = share_at("115", f"https://115cdn.com/s/{share_id}", code)
        sharer = str(below(data, "userinfo").get("user_name") or "") or None
        yield shared(self.name, link, state, page, title=title, files=walk.files, sharer=sharer)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share. Unrecognised is `unknown`, never gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        data = below(answer, "data")
        if data.get("share_state") == EXPIRED:
            return ShareState.EXPIRED
        if answer.get("state") is True:
            if below(data, "shareinfo").get("forbid_reason"):
                return ShareState.REMOVED_VIOLATION
            return ShareState.ALIVE if isinstance(data.get("list"), list) else ShareState.UNKNOWN
        state = by_code("115", answer.get("errno"))
        return ShareState.UNKNOWN if state is ShareState.ALIVE else state


def _snap(share_id: str, code: str, walk: Walk) -> str:
    query = {"share_code": share_id, "receive_code": code, "cid": walk.folder or "0"}
    return f"{API}?{urlencode({**query, 'offset': str(walk.seen), 'limit': str(FILES)})}"


def _folder(each: Mapping[str, Any]) -> str:
    return str(each.get("cid", ""))
