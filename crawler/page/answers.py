"""JSON answers of any API: the list of things in them, or the one thing they are about.

What a key means is told by its name; names are listed below. A list counts where most of its objects have a title; the
largest such list wins. Without one, the outermost object with a title is the thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define

from crawler.money import Money, price
from crawler.page.page import Page
from crawler.page.row import MOST, Row

DEEPEST = 8
MOST_OBJECTS = 20_000

# Field -> keys in lower case without _ and -, the more certain first. Source: saved pages (half `tune`) and the public
# answers that the docstrings of spiders name; "name" stands last because everything has one.
KEYS: dict[str, tuple[str, ...]] = {
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
class Thing:
    """One object with its keys in one spelling."""

    keys: dict[str, Any]

    def text(self, field: str) -> str:
        """The text of a field, "" where there is none; of a list or an object its first plain text."""
        for key in KEYS[field]:
            value = self.keys.get(key)
            if value is not None and (found := _plain(value)):
                return found
        return ""


def rows(page: Page, value: Any) -> list[Row]:
    """The things of the largest list, [] where there is no list of titled things."""
    best: list[Row] = []
    for each in _lists(value, 0):
        if min(len(each), MOST) <= len(best):
            continue
        found = [row for thing in each[:MOST] if (row := _row(page, _thing(thing)))]
        if len(found) > len(best) and 2 * len(found) > len(each):
            best = found
    return best


def subject(page: Page, value: Any, deepest: int = DEEPEST) -> Row | None:
    """The one thing that an answer is about: the outermost object with a title, at most `deepest` layers down."""
    layer = [value]
    for _ in range(deepest):
        for each in layer:
            if isinstance(each, Mapping):
                row = _row(page, _thing(each), page.url)
                if row is not None:
                    return row
        layer = [inner for each in layer[:50] for inner in _inside(each)]
    return None


def _inside(value: Any) -> list[Any]:
    inner = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return [each for each in inner[:200] if isinstance(each, Mapping | list)]


def _lists(value: Any, depth: int) -> Iterator[list[Any]]:
    """Lists of objects, outer before inner; the values of an object with many alike count as one."""
    if depth > DEEPEST:
        return
    inner = _inside(value)
    objects = [each for each in inner if isinstance(each, Mapping)]
    if len(objects) > 1 and (isinstance(value, list) or _alike(objects)):
        yield objects
    for each in inner:
        yield from _lists(each, depth + 1)


def _alike(objects: list[Mapping[str, Any]]) -> bool:
    first = objects[0].keys()
    return (
        len(objects) > 2 and len(first) > 2 and all(len(first & each.keys()) * 2 > len(first) for each in objects[:20])
    )


def _thing(value: Any) -> Thing:
    return Thing({str(key).lower().replace("_", "").replace("-", ""): each for key, each in value.items()})


def _row(page: Page, thing: Thing, here: str | None = None) -> Row | None:
    title = thing.text("title")
    if len(title) < 2:
        return None
    magnet, digest = thing.text("magnet"), thing.text("infohash")
    links = (magnet,) if magnet.startswith("magnet:") else ()
    if not links and len(digest) == 40:
        links = (f"magnet:?xt=urn:btih:{digest.lower()}",)
    code = thing.text("code")
    address = page.link(thing.text("url")) or here or (f"{page.url}#/{code or title}" if code or links else None)
    if address is None:
        return None
    picture = page.link(thing.text("picture")) if "/" in thing.text("picture") else None
    size = thing.text("size")
    return Row(
        url=address,
        title=title[:500],
        source="answer",
        text="\n".join(filter(None, (thing.text("text")[:5_000], *links))),
        money=_money(thing),
        seller=thing.text("seller") or None,
        author=thing.text("author") or None,
        published=thing.text("published") or None,
        code=code or None,
        pictures=(picture,) if picture else (),
        links=links,
        size=int(size) if size.isdecimal() else None,
    )


def _money(thing: Thing) -> Money | None:
    stated = next((thing.keys[key] for key in KEYS["price"] if thing.keys.get(key) not in (None, "")), None)
    return price(stated if isinstance(stated, int | float) else _plain(stated), thing.text("currency") or None)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return next((text for each in value[:3] if (text := _plain(each))), "")
    keys = ("name", "title", "text", "value", "url", "zh-CN", "en-US", "en")
    return next((text for key in keys if (text := _plain(value.get(key)))), "") if isinstance(value, Mapping) else ""
