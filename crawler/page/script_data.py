"""Read product data from inline scripts: the object that carries the product's name.

State objects (__NEXT_DATA__, window.__INITIAL_STATE__, dataLayer pushes) are JSON in one shop and hand-written
JavaScript in the next, so none is parsed: where the name follows a key, the braces around it delimit the object, and
its plain values are read from it. FIELD_BY_KEY lists the keys that shops use for the same field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape, unescape

from crawler.page.page import Page

MAX_OCCURRENCES = 40  # of each spelling of the name
OBJECT_REACH_CHARS = 6_000  # of an object on either side of its name
MAX_VALUE_CHARS = 200

# Key in lower case without _ and - -> field. Source: saved pages (half `tune`), the events of Google Analytics
# (id, item_id, item_brand), Shopify (vendor), and plain synonyms.
FIELD_BY_KEY = {
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
_BRACE_RE = re.compile(r"[{}]")
_NAME_KEY_RE = re.compile(
    r"""["']?(?:name|title|productname|product_name|productname|itemname|item_name|displayname|goods_?name|subject|prod_?name|"""
    r"""ecomm_pname|content_name|book_?name|novel_?name)["']?\s{0,5}[:=]\s{0,5}["'`]$""",
    re.I,
)
_KEY_VALUE_RE = re.compile(
    r"""["']?([A-Za-z_][A-Za-z0-9_-]{1,30})["']?\s{0,9}:\s{0,9}\[?\s{0,9}"""
    r"""(?:"((?:[^"\\]|\\.){0,200}+)"|'((?:[^'\\]|\\.){0,200}+)'|(-?\d{1,18}(?:\.\d{1,6})?|true|false)(?=\s{0,9}[,}\]\n])"""
    r"""|\{\s{0,9}["']?(?:@?type["']?\s{0,5}:\s{0,5}["'][A-Za-z]{1,20}["']\s{0,5},\s{0,9}["']?)?(?:name|title|label|value|amount)["']?\s{0,5}:\s{0,5}"((?:[^"\\]|\\.){1,200}+)")"""
)


def script_values(page: Page, name: str) -> dict[str, list[str]]:
    """Field -> values of the objects that carry `name`, nearest object first. `id` is kept apart from `sku`."""
    values_by_field: dict[str, list[str]] = {}
    if len(name) < 4:
        return values_by_field
    for object_source in _object_sources(page.source, name):
        for key, *values in _KEY_VALUE_RE.findall(object_source):
            field = FIELD_BY_KEY.get(key.lower().replace("_", "").replace("-", ""))
            text = _unescape_value(next(filter(None, values), "")) if field else ""
            if field and text and text not in values_by_field.setdefault(field, []):
                values_by_field[field].append(text)
    return {field: values for field, values in values_by_field.items() if values}


def _object_sources(source: str, name: str) -> Iterator[str]:
    ascii_form, unicode_form = json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1]
    forms = (
        name,
        ascii_form,
        unicode_form,
        unicode_form.replace("/", "\\/"),
        unicode_form.replace("/", "\\u002F"),
        escape(name),
    )
    for form in dict.fromkeys(forms):
        position = -1
        for _ in range(MAX_OCCURRENCES):
            position = source.find(form, position + 1)
            if position < 0:
                break
            if _NAME_KEY_RE.search(source, max(0, position - 40), position):
                yield _enclosing_object(source, position)


def _enclosing_object(source: str, position: int) -> str:
    """The innermost braces around `position`, or as much of them as is within reach, with the objects inside them."""
    begin, depth = max(0, position - OBJECT_REACH_CHARS), 0
    for brace in reversed(list(_BRACE_RE.finditer(source, begin, position))):
        depth += 1 if brace[0] == "}" else -1
        if depth < 0:
            begin = brace.start()
            break
    end, depth = position + OBJECT_REACH_CHARS, 0
    for brace in _BRACE_RE.finditer(source, position, end):
        depth += 1 if brace[0] == "{" else -1
        if depth < 0:
            end = brace.start()
            break
    return source[begin:end]


def _unescape_value(value: str) -> str:
    """A value without escapes and entities; "" if its escapes are invalid."""
    if "\\" in value:
        try:
            value = str(json.loads(f'"{value}"'))
        except ValueError:
            return ""
    return " ".join(unescape(value).split())[:MAX_VALUE_CHARS]
