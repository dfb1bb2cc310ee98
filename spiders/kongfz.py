"""Kongfz (孔夫子旧书网), the second-hand book market: ISBN, seller and picture of an offer in one answer.

Built from public code that reads its search answer and its offer pages, and from the project's notes on platforms;
never tried live, 2026-11. Quirks: `sortType=7` is newest first; most clients pass a cookie of their own session, an
answer without `status: 1` asks for it; `imgUrl` may lack the scheme; a page of results is full at 50 rows. Offer pages
keep their name in an attribute of the heading and list author, press and ISBN as label and text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from crawler.items import Picture
from crawler.page import LayoutError
from spiders import SOURCE, Listing, Page, Platform, Proof, Request, parse_price

SEARCH_ADDRESS = "https://search.kongfz.com/pc-gw/search-web/client/pc/product/keyword/list"
ROWS_PER_PAGE = 50
_MARKUP_RE = re.compile(r"<[^<>]{1,100}>")
_ROLE_RE = re.compile(r"\s(编著|主编|著|编|译|绘|校)\s{0,3}$")
_OFFER_RE = re.compile(r"/(\d{1,12})/(\d{1,15})")


class Kongfz(Platform):
    """Offers of kongfz.com. Built from public code and notes, 2026-11; not tried live."""

    name = "kongfz"
    allowed_domains = ("kongfz.com",)
    proof = Proof(SOURCE, "ten public clients of pc-gw/search-web/client/pc/product/keyword/list", "2026-11-22")
    limits = "Often a cookie is asked for: then the outcome is an error or challenged."

    def search(self, question: str) -> Request:
        """Request the results, newest first."""
        return self._search_request(
            {"dataType": "0", "keyword": question, "page": "1", "size": str(ROWS_PER_PAGE), "sortType": "7"}
        )

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """Rows of the search answer and its next page, or one offer's own page."""
        if page.is_html:
            yield self._offer(page)
            return
        answer = page.json()
        if answer["status"] != 1:
            raise LayoutError(f"kongfz answered status {answer['status']!r}: {str(answer.get('message'))[:100]}")
        rows = answer["data"]["itemResponse"]["list"] or []
        for row in rows:
            yield self._row(page, row)
        if len(rows) >= ROWS_PER_PAGE:
            query = dict(parse_qsl(urlsplit(page.url).query))
            query["page"] = str(int(query.get("page", "1")) + 1)
            yield self._search_request(query)

    def _search_request(self, query: Mapping[str, str]) -> Request:
        return Request(url=f"{SEARCH_ADDRESS}?{urlencode(query)}", page=int(query["page"]))

    def _row(self, page: Page, row: Mapping[str, Any]) -> Listing:
        money = parse_price(row.get("price"), "CNY") or parse_price(str(row.get("price") or ""), "CNY")
        picture = row.get("imgBigUrl") or row.get("imgUrl")
        return self.listing(
            url=_address(str(row["shopId"]), str(row["itemId"])),
            title=_plain_text(row["title"]),
            text=_plain_text(row.get("importantDesc") or ""),
            creators=_split_names(row.get("author")),
            publisher=_plain_text(row.get("press") or "") or None,
            identifiers=_isbn_identifiers(row.get("isbn")),
            sku=str(row["itemId"]),
            seller=row.get("shopName"),
            seller_id=str(row["shopId"]),
            price=money.amount if money else None,
            currency="CNY" if money else None,
            condition=row.get("qualityText") or None,
            availability="SoldOut" if row.get("isSoldOut") else "InStock",
            pictures=(Picture(url=page.urljoin(picture)),) if picture else (),
            whole=False,
        )

    def _offer(self, page: Page) -> Listing:
        heading = page.css(".title-box h1, h1.title, h1.detail-title")
        tag = page.css(".now-price-text-cont[price]")
        money = parse_price(tag.attrib["price"] if tag else page.css(".now-price-text").text(default=""), "CNY")
        match = _OFFER_RE.search(urlsplit(page.url).path)
        properties = _properties(page)
        shop = page.css(".shop-name a, a.shop-name, .shop-top-name")
        parts = (page.css(selector).text(default="") for selector in (".book-quality-desc", ".major-info-text"))
        return self.listing(
            url=_address(match[1], match[2]) if match else page.url,
            title=heading.attrib.get("itemname", "").strip() or heading.text(),
            text="\n".join(part for part in parts if part),
            creators=_split_names(properties.get("作者")),
            publisher=properties.get("出版社"),
            year=_parse_year(properties.get("出版时间")),
            identifiers=_isbn_identifiers(properties.get("ISBN")),
            sku=match[2] if match else None,
            seller=shop.text(default=None),
            seller_id=match[1] if match else None,
            price=money.amount if money else None,
            currency="CNY" if money else None,
            condition=page.css(".quality-text-cot i, .quality-text-cot").text(default=None),
            pictures=_pictures(page),
        )


def _address(shop: str, item: str) -> str:
    return f"https://book.kongfz.com/{shop}/{item}/"


def _properties(page: Page) -> dict[str, str]:
    """Label -> text in the list of properties, in both layouts of the offer page."""
    table: dict[str, str] = {}
    for line in page.css(".keywords-define li, .detail-lists li, .detail-list1 li"):
        label, _, text = line.text().replace("：", ":").partition(":")
        table.setdefault("".join(label.split()), text.strip())
    return {label: text for label, text in table.items() if text}


def _pictures(page: Page) -> tuple[Picture, ...]:
    images = (item.attrib for item in page.css(".exhibition img, .img-list img, meta[property='og:image']"))
    addresses = (
        item.get("_viewpic") or item.get("data-src") or item.get("src") or item.get("content") for item in images
    )
    return tuple(Picture(url=url) for url in dict.fromkeys(page.urljoin(item) for item in addresses if item))


def _plain_text(text: str) -> str:
    return " ".join(unescape(_MARKUP_RE.sub("", text)).split())


def _split_names(text: str | None) -> tuple[str, ...]:
    """Split "林未名 著；周渡 绘" into names without their roles."""
    parts = re.split(r"[;；、,，]", _plain_text(text or ""))
    return tuple(name for part in parts if (name := _ROLE_RE.sub("", part).strip()))


def _isbn_identifiers(text: object) -> dict[str, tuple[str, ...]]:
    digits = re.sub(r"[^0-9Xx]", "", str(text or "")).upper()
    return {"isbn": (digits,)} if len(digits) in (10, 13) else {}


def _parse_year(text: str | None) -> int | None:
    match = re.match(r"(1[5-9]|20)\d\d", text or "")
    return int(match[0]) if match else None
