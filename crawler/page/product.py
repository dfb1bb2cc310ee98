"""What a page of any shop says about its one product, and where on the page it says so.

Sources in order of trust: JSON-LD and microdata, Open Graph, what the page shows people (the title apart: there people
come first). Knowledge about one site does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import Factory, define

from crawler.money import Money, currency, price
from crawler.page import visible
from crawler.page.metadata import Described, described, objects, opengraph, texts
from crawler.page.page import Page
from crawler.page.subject import main_object, region, title

_GTIN = ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "ean", "isbn")
_SKU_LABELS = (
    *("sku", "item no", "item number", "article number", "artikelnummer", "référence", "asin"),
    *("货号", "商品编号", "商品編號"),
)
_BRAND_LABELS = (
    *("brand", "brand name", "marke", "marque", "marca", "brend", "merk", "producător", "výrobca"),
    *("品牌", "бренд"),
)


@define(kw_only=True)
class Facts:
    """Named values of one product; `sources` says where each was read."""

    values: dict[str, Any] = Factory(dict)
    sources: dict[str, str] = Factory(dict)
    types: tuple[str, ...] = ()

    def put(self, name: str, value: Any, source: str) -> None:
        """Keep a value unless it is empty or a better source has said it already."""
        if value not in (None, "", (), {}) and name not in self.values:
            self.values[name], self.sources[name] = value, source


def product_facts(page: Page) -> Facts:
    """Named as the fields of a Listing, and `images` (absolute addresses); what the page does not say is absent."""
    facts = Facts()
    shown = visible.heading(page)
    graph = opengraph(page)
    main = main_object(described(page), shown or _first(graph, "og:title") or "", page.url)
    facts.put("title", *title(main, shown, graph, page))
    place = region(page, graph)
    if main:
        facts.types = main.types
        _structured(facts, main, place)
    _graph(facts, graph, place)
    _shown(facts, page, place)
    images = facts.values.get("images", ())
    facts.values["images"] = tuple(dict.fromkeys(page.urljoin(image) for image in images if len(image) < 2000))
    return facts


def _structured(facts: Facts, main: Described, place: str) -> None:
    fields, source = main.fields, main.source
    facts.put("text", " ".join(texts(fields.get("description"))[:1]), source)
    facts.put("brand", _one(fields, "brand", "manufacturer"), source)
    facts.put("sku", _one(fields, "sku", "productID", "productId"), source)
    facts.put("publisher", _one(fields, "publisher"), source)
    facts.put("creators", tuple(texts(fields.get("author"))[:20]), source)
    facts.put("images", tuple(texts(fields.get("image"))[:20]), source)
    facts.put("published", _one(fields, "datePublished", "releaseDate"), source)
    facts.put("identifiers", _identifiers(fields), source)
    for offer in _offers(fields):
        _offer(facts, offer, place, source)


def _offers(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The offers, those of an AggregateOffer or of variants included, at most 50."""
    found = objects(fields.get("offers"))
    inner = [each for offer in found for each in objects(offer.get("offers"))]
    variants = [each for variant in objects(fields.get("hasVariant")) for each in objects(variant.get("offers"))]
    return (found + inner + variants)[:50]


def _offer(facts: Facts, offer: Mapping[str, Any], place: str, source: str) -> None:
    stated = " ".join(texts(offer.get("priceCurrency"))[:1])
    money = _money(offer, stated, place)
    for part in objects(offer.get("priceSpecification")):
        if not any("ListPrice" in kind for kind in texts(part.get("priceType"))):
            money = money or _money(part, stated or _one(part, "priceCurrency") or "", place)
    _put_money(facts, money, source)
    facts.put("availability", _ending(_one(offer, "availability")), source)
    facts.put("condition", _ending(_one(offer, "itemCondition")), source)
    facts.put("seller", _one(offer, "seller", "offeredBy"), source)
    facts.put("sku", _one(offer, "sku"), source)
    facts.put("identifiers", _identifiers(offer), source)


def _money(fields: Mapping[str, Any], stated: str, place: str) -> Money | None:
    for name in ("price", "lowPrice"):
        for text in texts(fields.get(name))[:1]:
            return price(text, stated, place)
    return None


def _put_money(facts: Facts, money: Money | None, source: str) -> None:
    if money and "price" not in facts.values:
        facts.put("price", money.amount, source)
        facts.put("currency", money.currency, source)


def _graph(facts: Facts, graph: Mapping[str, list[str]], place: str) -> None:
    for name in ("product:sale_price", "product:price", "og:price"):
        stated = _first(graph, f"{name}:currency") or ""
        _put_money(facts, price(_first(graph, f"{name}:amount"), stated, place), f"{name}:amount")
        facts.put("currency", currency(stated, place) if "price" in facts.values else None, f"{name}:currency")
    state = (_first(graph, "product:availability") or _first(graph, "og:availability") or "").lower().replace(" ", "")
    known = {"instock": "InStock", "oos": "OutOfStock", "outofstock": "OutOfStock", "preorder": "PreOrder"}
    facts.put("availability", known.get(state), "product:availability")
    for name, tag in (("brand", "product:brand"), ("sku", "product:retailer_item_id"), ("text", "og:description")):
        facts.put(name, _first(graph, tag), tag)
    facts.put("text", _first(graph, "description"), "description")
    facts.put("images", tuple((graph.get("og:image") or graph.get("og:image:url") or [])[:20]), "og:image")


def _shown(facts: Facts, page: Page, place: str) -> None:
    if "price" not in facts.values:
        _put_money(facts, visible.shown_price(page, place), "shown price")
    facts.put("availability", visible.availability(page), "buy button")
    main_image = page.css("#landingImage[src], [itemprop=image][src]")
    if main_image:
        attributes = main_image.attrib
        facts.put("images", (attributes.get("data-old-hires") or attributes["src"],), "main image")
    if "brand" in facts.values and "sku" in facts.values:
        return
    table = visible.properties(page)
    for name, labels in (("brand", _BRAND_LABELS), ("sku", _SKU_LABELS)):
        facts.put(name, next((table[label] for label in labels if label in table), None), "table of properties")


def _identifiers(fields: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """gtin, isbn (a gtin that begins with 978 or 979, or an ISBN of ten) and mpn, digits only but for mpn."""
    found: dict[str, tuple[str, ...]] = {}
    for name in _GTIN:
        for text in texts(fields.get(name))[:1]:
            digits = re.sub(r"[^0-9Xx]", "", text).upper()
            book = name == "isbn" or digits.startswith(("978", "979"))
            if 8 <= len(digits) <= 14:
                found.setdefault("isbn" if book and len(digits) in (10, 13) else "gtin", (digits,))
    for text in texts(fields.get("mpn"))[:1]:
        found["mpn"] = (text,)
    return found


def _one(fields: Mapping[str, Any], *names: str) -> str | None:
    return next((text for name in names for text in texts(fields.get(name))[:1]), None)


def _first(graph: Mapping[str, list[str]], name: str) -> str | None:
    return graph[name][0] if name in graph else None


def _ending(value: str | None) -> str | None:
    """InStock out of http://schema.org/InStock; None for anything that is no such name."""
    name = (value or "").rstrip("/").rsplit("/", 1)[-1]
    return name if name.isalpha() and name.isascii() and name[:1].isupper() else None
