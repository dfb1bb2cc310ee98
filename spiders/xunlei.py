"""Xunlei (迅雷云盘), cloud drive: state, title and files of a share, asked anonymously.

Built from notes on shares, 2026-11; never tried live. Quirk: without a token of its captcha service the API may answer
captcha_invalid; that token needs a client of the platform's own, so the state is `captcha` then; nothing is bypassed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.items import ShareState
from crawler.shapes import xunlei_api
from crawler.shapes.cloud_drives import object_at, parse_answer, parse_share, request_value, share_listing, state_of
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

API = "https://api-pan.xunlei.com"


class Xunlei(Platform):
    """Shares of pan.xunlei.com. Built from notes, 2026-11; not tried live."""

    name = "xunlei"
    allowed_domains = (
        "pan.xunlei.com",
        "api-pan.xunlei.com",
    )
    proof = Proof(SOURCE, "ten public tools that ask api-pan.xunlei.com/drive/v1/share", "2026-11-22")
    limits = "A captcha service guards it; nothing is bypassed."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share. Raises BadInput if `address` is not a share."""
        return xunlei_api.share_request(API, parse_share(self.name, address), code)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from one answer."""
        answer = parse_answer(page)
        data, files = object_at(answer), xunlei_api.shared_files(answer)
        link = parse_share(
            self.name,
            f"https://pan.xunlei.com/s/{request_value(page, 'share_id')}",
            request_value(page, "code", "pass_code"),
        )
        sharer = str(object_at(answer, "user_info").get("nickname") or "") or None
        state = state_of(page, self.classify)
        yield share_listing(
            self.name, link, state, page, title=str(data.get("title") or ""), files=files, sharer=sharer
        )

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share. An unrecognised answer is `unknown`, never gone."""
        return xunlei_api.share_state("xunlei", answer)
