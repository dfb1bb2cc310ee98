"""Rows of any JSON answer: its largest list of objects with a title, or the one object that it is about.

Fields are recognised by the names of their keys (FIELD_KEYS). A list counts if most of its objects have a title;
without such a list, the outermost object with a title is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define

from crawler.money import Money, parse_price
from crawler.page.list_row import MAX_ROWS, ListRow
from crawler.page.page import Page

MAX_NESTING = 8

# Field -> keys in lower case without _ and -, the most certain first. Source: saved pages (half `tune`) and the public
# answers that the docstrings of spiders name; "name" comes late because everything has one.
FIELD_KEYS: dict[str, tuple[str, ...]] = {
    "title": (
        *("title", "rawtitle", "productname", "goodsname", "itemname", "skuname", "bookname", "novelname", "trackname"),
        *("fullname", "displayname", "appname", "filename", "subject", "offertitle", "name", "label"),
    ),
    "url": (
        *(
            "url",
            "link",
            "href",
            "detailurl",
            "producturl",
            "itemurl",
            "permalink",
            "weburl",
            "infopage",
            "canonicalurl",
        ),
        *("trackviewurl", "goodsurl", "pageurl", "frontendlink", "alturl", "uri"),
    ),
    "price": (
        *(
            "saleprice",
            "currentprice",
            "finalprice",
            "viewprice",
            "discountprice",
            "promotionprice",
            "minprice",
            "price",
        ),
        *("pricevalue", "amount", "lowprice"),
    ),
    "currency": ("currency", "currencycode", "currencyid", "pricecurrency"),
    "seller": ("sellername", "shopname", "storename", "nick", "nickname", "merchantname", "vendor", "seller", "shop"),
    "author": ("author", "authors", "authorname", "artist", "artists", "artistname", "creator", "developer", "persons"),
    "publisher": ("publisher", "publishers", "press", "publishername"),
    "published": ("published", "publishedat", "pubdate", "releasedate", "publishdate", "createdat", "date", "ctime"),
    "picture": (
        "image",
        "imageurl",
        "picurl",
        "img",
        "imgurl",
        "cover",
        "coverurl",
        "thumbnail",
        "icon",
        "picture",
        "pic",
    ),
    "code": (
        "id",
        "itemid",
        "productid",
        "goodsid",
        "skuid",
        "nid",
        "sku",
        "bundleid",
        "packagename",
        "pkgname",
        "asin",
    ),
    "text": ("description", "summary", "desc", "intro", "content", "body", "snippet"),
    "magnet": ("magnet", "magneturi", "download", "downloadurl", "torrent"),
    "infohash": ("infohash", "hash", "btih"),
    "size": ("size", "filesize", "sizebytes", "length"),
}


@define
class AnswerObject:
    """One object of an answer, its keys in lower case without _ and -."""

    values_by_key: dict[str, Any]

    def text(self, field: str) -> str:
        """The text of a field, "" if there is none; of a list or an object its first plain text."""
        for key in FIELD_KEYS[field]:
            value = self.values_by_key.get(key)
            if value is not None and (text := _first_text(value)):
                return text
        return ""


def answer_rows(page: Page, value: Any) -> list[ListRow]:
    """The rows of the largest list of objects with a title, [] if there is no such list."""
    best: list[ListRow] = []
    for objects in _object_lists(value, 0):
        if min(len(objects), MAX_ROWS) <= len(best):
            continue
        candidate_rows = [row for item in objects[:MAX_ROWS] if (row := _build_row(page, _normalize_keys(item)))]
        if len(candidate_rows) > len(best) and 2 * len(candidate_rows) > len(objects):
            best = candidate_rows
    return best


def answer_subject(page: Page, value: Any, max_depth: int = MAX_NESTING) -> ListRow | None:
    """The row of the object that an answer is about: the outermost with a title, at most `max_depth` layers down."""
    layer = [value]
    for _ in range(max_depth):
        for node in layer:
            if isinstance(node, Mapping):
                row = _build_row(page, _normalize_keys(node), page.url)
                if row is not None:
                    return row
        layer = [inner for node in layer[:50] for inner in _child_containers(node)]
    return None


def _child_containers(value: Any) -> list[Any]:
    inner = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return [child for child in inner[:200] if isinstance(child, Mapping | list)]


def _object_lists(value: Any, depth: int) -> Iterator[list[Any]]:
    """Yield lists of objects, outer before inner; an object whose values are objects with shared keys counts as one."""
    if depth > MAX_NESTING:
        return
    inner = _child_containers(value)
    objects = [child for child in inner if isinstance(child, Mapping)]
    if len(objects) > 1 and (isinstance(value, list) or _share_keys(objects)):
        yield objects
    for child in inner:
        yield from _object_lists(child, depth + 1)


def _share_keys(objects: list[Mapping[str, Any]]) -> bool:
    first = objects[0].keys()
    return (
        len(objects) > 2
        and len(first) > 2
        and all(len(first & candidate.keys()) * 2 > len(first) for candidate in objects[:20])
    )


def _normalize_keys(value: Any) -> AnswerObject:
    return AnswerObject(
        {str(key).lower().replace("_", "").replace("-", ""): field_value for key, field_value in value.items()}
    )


def _build_row(page: Page, item: AnswerObject, default_url: str | None = None) -> ListRow | None:
    title = item.text("title")
    if len(title) < 2:
        return None
    magnet, digest = item.text("magnet"), item.text("infohash")
    links = (magnet,) if magnet.startswith("magnet:") else ()
    if not links and len(digest) == 40:
        links = (f"magnet:?xt=urn:btih:{digest.lower()}",)
    code = item.text("code")
    address = page.link(item.text("url")) or default_url or (f"{page.url}#/{code or title}" if code or links else None)
    if address is None:
        return None
    picture = page.link(item.text("picture")) if "/" in item.text("picture") else None
    size = item.text("size")
    return ListRow(
        url=address,
        title=title[:500],
        source="answer",
        text="\n".join(filter(None, (item.text("text")[:5_000], *links))),
        money=_item_price(item),
        seller=item.text("seller") or None,
        author=item.text("author") or None,
        published=item.text("published") or None,
        code=code or None,
        pictures=(picture,) if picture else (),
        links=links,
        size=int(size) if size.isdecimal() else None,
    )


def _item_price(item: AnswerObject) -> Money | None:
    stated_price = next(
        (item.values_by_key[key] for key in FIELD_KEYS["price"] if item.values_by_key.get(key) not in (None, "")), None
    )
    return parse_price(
        stated_price if isinstance(stated_price, int | float) else _first_text(stated_price),
        item.text("currency") or None,
        is_machine_written=True,
    )


def _first_text(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return next((text for item in value[:3] if (text := _first_text(item))), "")
    keys = ("name", "title", "text", "value", "url", "zh-CN", "en-US", "en")
    return (
        next((text for key in keys if (text := _first_text(value.get(key)))), "") if isinstance(value, Mapping) else ""
    )
