"""Goofish (闲鱼): rows of the recorded answer of its search, 30 a page, with seller, place and how many want it.

Built from a recorded answer in public code (z-m-x/xianyupp, data1.js, read 2026-11-22) and the project's notes; not
tried live. Quirks: the price is a list of pieces of text, whole only together; the day of publication is a number of
milliseconds in `clickParam`. The answer is signed (mtop.taobao.idlemtopsearch.pc.search): own session only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from attrs import evolve

from crawler.items import Reach
from crawler.page.page import LayoutError
from crawler.shapes.json_list import JsonList, json_rows, text_at
from spiders import SOURCE, Listing, Page, Platform, Proof, Request

_MAIN_PATH = "data.item.main"
LIST = JsonList(
    rows="",
    title=f"{_MAIN_PATH}.exContent.title",
    url=f"https://www.goofish.com/item?id=<{_MAIN_PATH}.exContent.itemId>",
    code=f"{_MAIN_PATH}.exContent.itemId",
    price=f"{_MAIN_PATH}.clickParam.args.price|price",
    currency="CNY",
    seller=f"{_MAIN_PATH}.exContent.userNickName|{_MAIN_PATH}.exContent.detailParams.userNick",
    seller_id=f"{_MAIN_PATH}.clickParam.args.seller_id",
    picture=f"{_MAIN_PATH}.exContent.picUrl",
)


class Goofish(Platform):
    """Offers of goofish.com. Built from a recorded answer in public code, 2026-11; not tried live."""

    name = "goofish"
    allowed_domains = ("goofish.com", "2.taobao.com", "xianyu.com")
    proof = Proof(SOURCE, "github.com/z-m-x/xianyupp data1.js: a recorded answer of the search", "2026-11-22")
    limits = "Own session only (HAR): the search is signed, so there is none here. Offers' own pages are not read."
    gated = True
    off_by_default = True

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The rows of an answer."""
        answer = page.json()
        results = answer.get("data", {}).get("resultList")
        if not isinstance(results, list):
            raise LayoutError(f"goofish: no list, but {str(answer.get('ret'))[:100]}")
        for row in results:
            for fields in json_rows(page, [row | {"price": _price_text(row)}], LIST):
                yield _with_details(self.listing(**fields), row)


def _with_details(listing: Listing, row: Any) -> Listing:
    """`listing` with the day of publication, the place and the number of people who want it."""
    args = f"{_MAIN_PATH}.clickParam.args"
    when, wants = text_at(row, f"{args}.publishTime"), text_at(row, f"{args}.wantNum")
    published = datetime.fromtimestamp(int(when) / 1000, UTC).date().isoformat() if when.isdecimal() else None
    return evolve(
        listing,
        published=published,
        territory=text_at(row, f"{_MAIN_PATH}.exContent.area") or None,
        reach=Reach(wants=int(wants)) if wants.isdecimal() else Reach(),
    )


def _price_text(row: Any) -> str:
    """The pieces of a price ("¥", "25", ".50") as one text."""
    pieces = row.get("data", {}).get("item", {}).get("main", {}).get("exContent", {}).get("price") or []
    return "".join(str(piece.get("text") or "") for piece in pieces if isinstance(piece, dict))
