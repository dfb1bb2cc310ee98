"""Mobile cloud (移动云盘, 和彩云, 139): state, title and files of a share, asked anonymously.

Built from memory of public tools, a guess, 2026-11; never tried live. The answer of a dead share is not known, so none
is ever called gone. Only the first 200 entries are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crawler.items import ShareState
from crawler.shapes.cloud_drives import (
    json_request,
    object_at,
    objects_at,
    parse_answer,
    parse_share,
    request_value,
    share_listing,
    share_values,
    shared_file,
    state_of,
)
from crawler.shapes.share_states import state_by_code
from spiders import GUESS, Listing, ListingKind, Page, Platform, Proof, Request

API = "https://share-kd-njs.yun.139.com/yun-share/richlifeApp/devapp/IOutLink/getOutLinkInfoV6"
MAX_ENTRIES = 200


class Mobile(Platform):
    """Shares of yun.139.com. Built from a guess at the public API, 2026-11; not tried live."""

    name = "mobile"
    allowed_domains = ("caiyun.139.com", "yun.139.com", "caiyun.feixin.10086.cn")
    proof = Proof(GUESS, "memory of public tools", "2026-11-22")
    limits = "The first 200 entries; never called gone."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share. Raises BadInput if `address` is not a share."""
        link = parse_share(self.name, address)
        body = {"account": "", "linkID": link.share_id, "passwd": code or "", "pCaID": "root", "bNum": 1}
        return json_request(API, {"getOutLinkInfoReq": {**body, "eNum": MAX_ENTRIES}}, share_values(link, code))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from one answer."""
        data = object_at(parse_answer(page), "data")
        link = parse_share(self.name, request_value(page, "address"), page.values.get("code"))
        files = [shared_file(item["caName"], None, True) for item in objects_at(data, "caLst")]
        files += [shared_file(item["coName"], item.get("coSize")) for item in objects_at(data, "coLst")]
        state = state_of(page, self.classify)
        yield share_listing(self.name, link, state, page, title=str(data.get("lkName") or ""), files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share. An unrecognised answer is `unknown`; none is calibrated as gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        code = answer.get("code")
        return state_by_code("mobile", int(code) if isinstance(code, str) and code.isdecimal() else code)
