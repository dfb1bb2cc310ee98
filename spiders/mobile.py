"""Mobile cloud (移动云盘, 和彩云, 139): state, title and files of a share, asked anonymously.

Built from memory of public tools, a guess, 2026-11; never tried live. The answer of a dead share is not known, so none
is ever called gone. Only the first 200 entries are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crawler.items import ShareState
from crawler.shapes.drives import answer_of, asked, below, entry, named, post, rows, share_at, shared, state_of
from crawler.shapes.states import by_code
from spiders import GUESS, Listing, ListingKind, Page, PlatformSpider, Proof, Request

API = "https://share-kd-njs.yun.139.com/yun-share/richlifeApp/devapp/IOutLink/getOutLinkInfoV6"
FILES = 200


class Mobile(PlatformSpider):
    """Shares of yun.139.com. Built from a guess at the public API, 2026-11; not tried live."""

    name = "mobile"
    allowed_domains = ("caiyun.139.com", "yun.139.com", "caiyun.feixin.10086.cn")
    proof = Proof(GUESS, "memory of public tools", "2026-11-22")
    limits = "The first 200 entries; never called gone."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    judges_itself = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Ask for the share. Raises BadInput where the address is no share."""
        link = share_at(self.name, address)
        wanted = {"account": "", "linkID": link.share_id, "passwd": code or "", "pCaID": "root", "bNum": 1}
        return post(API, {"getOutLinkInfoReq": {**wanted, "eNum": FILES}}, named(link, code))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One answer is the share."""
        data = below(answer_of(page), "data")
        link = share_at(self.name, asked(page, "address"), page.values.get("code"))
        files = [entry(each["caName"], None, True) for each in rows(data, "caLst")]
        files += [entry(each["coName"], each.get("coSize")) for each in rows(data, "coLst")]
        state = state_of(page, self.classify)
        yield shared(self.name, link, state, page, title=str(data.get("lkName") or ""), files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share. Unrecognised is `unknown`; no answer is calibrated as gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        code = answer.get("code")
        return by_code("mobile", int(code) if isinstance(code, str) and code.isdecimal() else code)
