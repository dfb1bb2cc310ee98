"""UC (UC网盘), cloud drive of the house that runs quark: state, title and files of a share, asked anonymously.

Built from notes on shares, 2026-11; never tried live. One request brings state and files; the numbers are taken to be
those of quark. Only the first 50 entries of the top folder are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crawler.items import ShareState
from crawler.shapes import quark_api
from crawler.shapes.cloud_drives import (
    json_request,
    object_at,
    parse_answer,
    parse_share,
    request_value,
    share_listing,
    share_values,
    state_of,
)
from spiders import GUESS, Listing, ListingKind, Page, Platform, Proof, Request

API = "https://pc-api.uc.cn/1/clouddrive/share/sharepage/v2/detail?pr=UCBrowser&fr=pc"


class Uc(Platform):
    """Shares of drive.uc.cn. Built from notes, 2026-11; not tried live."""

    name = "uc"
    allowed_domains = ("drive.uc.cn", "fast.uc.cn", "yun.uc.cn", "pc-api.uc.cn")
    proof = Proof(GUESS, "notes on shares: the API of quark under another name", "2026-11-22")
    limits = "The first 50 entries of the top folder."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share. Raises BadInput if `address` is not a share."""
        link = parse_share(self.name, address)
        body = {"pwd_id": link.share_id, "passcode": code or "", "force": 0, "page": 1, "size": 50, "fetch_share": 1}
        return json_request(API, body, share_values(link, code), Referer="https://drive.uc.cn/")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from one answer."""
        link = parse_share(self.name, f"https://drive.uc.cn/s/{request_value(page, 'share_id', 'pwd_id')}")
        detail = object_at(parse_answer(page), "data", "detail_info")
        state = state_of(page, self.classify)
        title = str(object_at(detail, "share").get("title") or "")
        yield share_listing(self.name, link, state, page, title=title, files=quark_api.shared_files(detail))

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share. An unrecognised answer is `unknown`, never gone."""
        if isinstance(answer, Mapping):
            answer = {"code": answer.get("code"), "data": object_at(answer, "data", "detail_info")}
        return quark_api.share_state("uc", answer)
