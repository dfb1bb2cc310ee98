"""What scripts of a page know of its product: the object in them that bears the product's name.

State objects (__NEXT_DATA__, window.__INITIAL_STATE__, dataLayer pushes) are JSON in one shop and hand-written
JavaScript in the next, so none is parsed: where the name stands behind a key, the braces around it bound the object,
and its plain values are read from it. Keys that shops use for the same thing are listed below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape, unescape

from crawler.page.page import Page

MOST = 40  # places of the name looked at
REACH = 6_000  # characters of an object on either side of its name
LONGEST = 200  # characters of a value

# Key in lower case without _ and - -> field. Source: saved pages (half `tune`), the events of Google Analytics
# (id, item_id, item_brand), Shopify (vendor), and plain names for the same.
KEYS = {
    **dict.fromkeys(("brand", "brandname", "itembrand", "manufacturer", "manufacturername", "productbrand"), "brand"),
    **dict.fromkeys(("vendor", "subbrand", "marca"), "brand"),
    **dict.fromkeys(("sku", "skuid", "productsku", "articlenumber", "itemnumber", "productcode", "partnumber"), "sku"),
    **dict.fromkeys(("id", "itemid", "productid", "goodsid", "prodid", "offerid", "articleid", "code"), "id"),
    **dict.fromkeys(("price", "saleprice", "salesprice", "currentprice", "finalprice", "sellingprice"), "price"),
    **dict.fromkeys(("offerprice", "specialprice", "discountedprice", "nowprice", "priceamount"), "price"),
    **dict.fromkeys(("currency", "currencycode", "pricecurrency"), "currency"),
    **dict.fromkeys(("gtin", "gtin13", "ean", "ean13", "barcode", "upc", "eans"), "gtin"),
    **dict.fromkeys(("mpn", "manufacturerpartnumber", "manufacturerpartnumbers"), "mpn"),
    **dict.fromkeys(("isbn", "isbn13"), "isbn"),
    **dict.fromkeys(("seller", "sellername", "shopname", "storename", "merchantname"), "seller"),
    **dict.fromkeys(("author", "authorname", "authors"), "author"),
    **dict.fromkeys(("publisher", "publishername"), "publisher"),
    **dict.fromkeys(
        ("availability", "stockstatus", "instock", "isinstock", "available", "isavailable"), "availability"
    ),
    **dict.fromkeys(("soldout", "issoldout", "outofstock"), "sold"),
}
_BRACE = re.compile(r"[{}]")
_NAME_KEY = re.compile(
    r"""["']?(?:name|title|productname|product_name|productname|itemname|item_name|displayname|goods_?name|subject|prod_?name|"""
    r"""ecomm_pname|content_name|book_?name|novel_?name)["']?\s{0,5}[:=]\s{0,5}["'`]$""",
    re.I,
)
_PAIR = re.compile(
    r"""["']?([A-Za-z_][A-Za-z0-9_-]{1,30})["']?\s{0,9}:\s{0,9}\[?\s{0,9}"""
    r"""(?:"((?:[^"\\]|\\.){0,200}+)"|'((?:[^'\\]|\\.){0,200}+)'|(-?\d{1,18}(?:\.\d{1,6})?|true|false)(?=\s{0,9}[,}\]\n])"""
    r"""|\{\s{0,9}["']?(?:@?type["']?\s{0,5}:\s{0,5}["'][A-Za-z]{1,20}["']\s{0,5},\s{0,9}["']?)?(?:name|title|label|value|amount)["']?\s{0,5}:\s{0,5}"((?:[^"\\]|\\.){1,200}+)")"""
)


def scripted(page: Page, name: str) -> dict[str, list[str]]:
    """Field -> values of the objects that bear this name, nearest object first. `id` is kept apart from `sku`."""
    found: dict[str, list[str]] = {}
    if len(name) < 4:
        return found
    for part in _objects(page.source, name):
        for key, *values in _PAIR.findall(part):
            field = KEYS.get(key.lower().replace("_", "").replace("-", ""))
            text = _text(next(filter(None, values), "")) if field else ""
            if field and text and text not in found.setdefault(field, []):
                found[field].append(text)
    return {field: values for field, values in found.items() if values}


def _objects(source: str, name: str) -> Iterator[str]:
    plain, wide = json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1]
    forms = (name, plain, wide, wide.replace("/", "\\/"), wide.replace("/", "\\u002F"), escape(name))
    for written in dict.fromkeys(forms):
        place = -1
        for _ in range(MOST):
            place = source.find(written, place + 1)
            if place < 0:
                break
            if _NAME_KEY.search(source, max(0, place - 40), place):
                yield _around(source, place)


def _around(source: str, place: int) -> str:
    """The innermost braces around a place, or as much of them as lies within reach; objects in them are kept."""
    begin, depth = max(0, place - REACH), 0
    for brace in reversed(list(_BRACE.finditer(source, begin, place))):
        depth += 1 if brace[0] == "}" else -1
        if depth < 0:
            begin = brace.start()
            break
    end, depth = place + REACH, 0
    for brace in _BRACE.finditer(source, place, end):
        depth += 1 if brace[0] == "{" else -1
        if depth < 0:
            end = brace.start()
            break
    return source[begin:end]


def _text(value: str) -> str:
    """A value without escapes and entities."""
    if "\\" in value:
        try:
            value = str(json.loads(f'"{value}"'))
        except ValueError:
            return ""
    return " ".join(unescape(value).split())[:LONGEST]
