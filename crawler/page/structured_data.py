"""Structured data of a page and the votes it casts: schema.org in JSON-LD and microdata, Open Graph meta tags.

JSON-LD and microdata become one list of objects in the shape of JSON-LD (values, lists, nested mappings with "@type").
Pages that have neither cost only two substring searches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

from attrs import evolve, frozen

from crawler.money import StatedPrice, choose_price, find_prices, parse_currency, parse_price
from crawler.page.creators import without_role
from crawler.page.field_votes import OPENGRAPH_WEIGHT, STRUCTURED_WEIGHT, Ballot
from crawler.page.jsonld import MAX_NESTING, jsonld_objects
from crawler.page.microdata import ShownText, microdata_items
from crawler.page.page import Page

MAX_ENTITY_ROUNDS = 3  # a text may be escaped more than once: &amp;amp;#8211;
_ENTITY_RE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAG_RE = re.compile(r"</?(?:[abiu]|p|br|em|strong|span|div|li|ul|ol|h[1-6]|font|su[bp]|img)\b[^<>]{0,300}>", re.I)


@frozen(kw_only=True)
class StructuredObject:
    """One object: the last part of its types ("Product"), its fields, and its source, JSON-LD or microdata."""

    types: tuple[str, ...]
    fields: Mapping[str, Any]
    source: str


def structured_objects(page: Page) -> list[StructuredObject]:
    """The objects of a page, outer before inner, JSON-LD before microdata."""
    jsonld_items = [
        StructuredObject(types=_type_names(item["@type"]), fields=item, source="json-ld")
        for item in jsonld_objects(page)
    ]
    return jsonld_items + [item for value in microdata_items(page) for item in _microdata_objects(value)]


def opengraph(page: Page) -> dict[str, list[str]]:
    """Open Graph and similar meta tags (og:, product:, book:, twitter:, description): name -> non-empty contents."""
    table: dict[str, list[str]] = {}
    for tag in page.css("meta[content]"):
        attributes = tag.attrib
        name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
        content = resolve_entities(attributes["content"]).strip()
        if content and name.startswith(("og:", "product:", "book:", "twitter:", "description")):
            table.setdefault(name, []).append(content)
    return table


def texts(value: Any) -> list[str]:
    """All texts in a value of any shape: plain, a list, or an object with a name, a value or an address."""
    if isinstance(value, str):
        text = _plain_text(value)
        return [text] if text else []
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | float):
        return [str(value)]
    if isinstance(value, Mapping):
        keys = ("name", "@value", "value", "url", "contentUrl", "@id")
        return next((inner_texts for key in keys if (inner_texts := texts(value.get(key)))), [])
    return [text for item in value for text in texts(item)] if isinstance(value, list) else []


def resolve_entities(text: str) -> str:
    """A text without the entities that a template left in it, escaped once or several times.

    They count with their semicolon only: "?a=1&copy=2" has none.
    """
    for _ in range(MAX_ENTITY_ROUNDS):
        if "&" not in text or (resolved := _ENTITY_RE.sub(lambda match: unescape(match[0]), text)) == text:
            break
        text = resolved
    return text


def _plain_text(text: str) -> str:
    """A text in one line without entities and tags, which do not belong into data."""
    text = resolve_entities(text)
    return " ".join((_TAG_RE.sub(" ", text) if "<" in text else text).split())


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a value that is a mapping or a list of them."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Mapping)]


def _microdata_objects(value: Any, depth: int = 0) -> Iterator[StructuredObject]:
    if not isinstance(value, Mapping) or depth > MAX_NESTING:
        return
    yield StructuredObject(types=_type_names(value["@type"]), fields=value, source="microdata")
    for key in ("itemListElement", "item", "mainEntity"):
        inner = value.get(key)
        for item in inner if isinstance(inner, list) else [inner]:
            yield from _microdata_objects(item, depth + 1)


def _type_names(value: Any) -> tuple[str, ...]:
    return tuple(text.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1] for text in texts(value))


MAX_OFFERS = 50
_LIST_PRICE_TYPES = ("ListPrice", "StrikethroughPrice", "MSRP", "SRP")  # of a specification: not what is paid
_GTIN_KEYS = ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "ean", "isbn")
_AVAILABILITY_NAMES = {
    **{"instock": "InStock", "in stock": "InStock", "available": "InStock", "yes": "InStock", "1": "InStock"},
    **{"available for order": "InStock", "true": "InStock"},
    **{"oos": "OutOfStock", "outofstock": "OutOfStock", "out of stock": "OutOfStock", "false": "OutOfStock"},
    **{"preorder": "PreOrder", "pending": "PreOrder", "soldout": "SoldOut", "sold out": "SoldOut"},
}


def vote_object(ballot: Ballot, main: StructuredObject, region: str) -> None:
    """Add the votes of the object that the page is about."""
    fields, source = main.fields, main.source
    ballot.add_vote("text", " ".join(texts(fields.get("description"))[:1]), source, STRUCTURED_WEIGHT)
    ballot.add_vote("brand", _first_text(fields, "brand", "manufacturer"), source, STRUCTURED_WEIGHT)
    for name in ("sku", "productID", "productId"):
        ballot.add_vote(
            "sku",
            _shop_code(_first_text(fields, name)),
            source,
            STRUCTURED_WEIGHT if name == "sku" else STRUCTURED_WEIGHT / 2,
        )
    ballot.add_vote("publisher", _first_text(fields, "publisher"), source, STRUCTURED_WEIGHT)
    ballot.add_vote(
        "creators", tuple(_person_names(fields.get("author") or fields.get("byArtist"))), source, STRUCTURED_WEIGHT
    )
    ballot.add_vote("images", tuple(texts(fields.get("image"))[:20]), source, STRUCTURED_WEIGHT)
    ballot.add_vote("published", _first_text(fields, "datePublished", "releaseDate"), source, STRUCTURED_WEIGHT)
    _vote_identifiers(ballot, fields, source)
    for part in objects(fields.get("workExample"))[:5]:
        _vote_identifiers(ballot, part, source)
    for number, offer in enumerate(_offers(fields)):
        _vote_offer(ballot, offer, region, source, first=number == 0)


def _offers(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The offers, including those of an AggregateOffer or of variants."""
    direct_offers = objects(fields.get("offers"))
    inner = [nested for offer in direct_offers for nested in objects(offer.get("offers"))]
    variants = [nested for variant in objects(fields.get("hasVariant")) for nested in objects(variant.get("offers"))]
    return (direct_offers + inner + variants)[:MAX_OFFERS]


def _vote_offer(ballot: Ballot, offer: Mapping[str, Any], region: str, source: str, first: bool) -> None:
    """Add the votes of an offer. The first counts in full; the prices of others may confirm what the page shows."""
    weight = STRUCTURED_WEIGHT if first else 1.0
    stated_currency = " ".join(texts(offer.get("priceCurrency") or offer.get("pricecurrency"))[:1])
    for price in _offer_prices(offer, stated_currency, region):
        add_price_vote(ballot, price, source, weight)
        weight = min(weight, 1.0)
    ballot.add_vote("currency", parse_currency(stated_currency, region), source, STRUCTURED_WEIGHT)
    ballot.add_vote(
        "availability", _schema_name(_first_text(offer, "availability")), source, STRUCTURED_WEIGHT if first else 0.1
    )
    ballot.add_vote("condition", _schema_name(_first_text(offer, "itemCondition")), source, STRUCTURED_WEIGHT)
    ballot.add_vote("seller", _first_text(offer, "seller", "offeredBy"), source, STRUCTURED_WEIGHT)
    if first:
        ballot.add_vote("sku", _shop_code(_first_text(offer, "sku")), source, STRUCTURED_WEIGHT / 2)
        _vote_identifiers(ballot, offer, source)


def _offer_prices(fields: Mapping[str, Any], stated_currency: str, region: str) -> Iterator[StatedPrice]:
    """Yield the `price` or `lowPrice` of an offer, else the prices of its specifications except list prices.

    A price such as "1.299" is 1.299 by schema.org; as shops also mean thousands, that reading follows.
    """
    for name in ("price", "lowPrice"):
        prices = read_price(fields.get(name), stated_currency, region)
        if prices:
            high = read_price(fields.get("highPrice"), stated_currency, region)
            if high and high[0].money.amount > prices[0].money.amount:
                prices[0] = evolve(prices[0], high=high[0].money.amount)
            yield from prices
            return
    parts = objects(fields.get("priceSpecification"))
    for part in sorted(parts, key=lambda part: "referenceQuantity" in part):  # prices of 100 g come last
        if not any(kind.endswith(_LIST_PRICE_TYPES) for kind in texts(part.get("priceType"))):
            currency = stated_currency or _first_text(part, "priceCurrency") or ""
            yield from read_price(part.get("price") or part.get("minPrice"), currency, region)


def read_price(value: Any, stated_currency: str, region: str) -> list[StatedPrice]:
    """The price that a property states, and a second reading if it has one; [] without a price."""
    value = value[0] if isinstance(value, list) and value else value
    if isinstance(value, int | float):
        money = parse_price(value, stated_currency, region)
        return [StatedPrice(money)] if money else []
    text = value if isinstance(value, str) else next(iter(texts(value)), "")
    readings = (False,) if isinstance(value, ShownText) else (True, False)
    prices = [choose_price(find_prices(text, stated_currency, region, is_machine_written=way)) for way in readings]
    stated = [price for price in prices if price]
    return stated if len({price.money for price in stated}) > 1 else stated[:1]


def add_price_vote(ballot: Ballot, price: StatedPrice, source: str, weight: float) -> None:
    """Vote for a price, and for the upper end of its range."""
    ballot.add_vote("money", price.money, source, weight)
    ballot.add_vote("range", (price.money.amount, price.high) if price.high else None, source, weight)


def vote_opengraph(ballot: Ballot, graph: Mapping[str, list[str]], region: str) -> None:
    """Add the votes of meta tags."""
    for name in ("product:sale_price", "product:price", "og:price"):
        stated_currency = _first_content(graph, f"{name}:currency") or ""
        for number, price in enumerate(read_price(_first_content(graph, f"{name}:amount"), stated_currency, region)):
            add_price_vote(ballot, price, f"{name}:amount", 1.0 if number else OPENGRAPH_WEIGHT)
        ballot.add_vote("currency", parse_currency(stated_currency, region), f"{name}:currency", OPENGRAPH_WEIGHT)
    state = _first_content(graph, "product:availability") or _first_content(graph, "og:availability") or ""
    ballot.add_vote(
        "availability", _AVAILABILITY_NAMES.get(state.casefold().strip()), "product:availability", OPENGRAPH_WEIGHT
    )
    for name, tag in (("brand", "product:brand"), ("brand", "og:brand"), ("sku", "product:retailer_item_id")):
        ballot.add_vote(name, _first_content(graph, tag), tag, OPENGRAPH_WEIGHT)
    for tag in ("og:novel:author", "book:author", "books:author"):
        author = _first_content(graph, tag) or ""
        ballot.add_vote("creators", (author,) if author and "://" not in author else (), tag, OPENGRAPH_WEIGHT)
    for tag in ("book:isbn", "books:isbn"):
        vote_identifier(ballot, "isbn", _first_content(graph, tag) or "", tag, OPENGRAPH_WEIGHT)
    for tag in ("og:description", "description"):
        ballot.add_vote("text", _first_content(graph, tag), tag, OPENGRAPH_WEIGHT / 2)
    ballot.add_vote(
        "images", tuple((graph.get("og:image") or graph.get("og:image:url") or [])[:20]), "og:image", OPENGRAPH_WEIGHT
    )


def vote_identifier(ballot: Ballot, scheme: str, text: str, source: str, weight: float) -> None:
    """Vote for a GTIN, an ISBN (a GTIN that begins with 978 or 979 is one) or an MPN."""
    if scheme == "mpn":
        ballot.add_vote("mpn", text[:60], source, weight)
        return
    for digits in re.findall(r"[0-9]{7,14}[0-9Xx]?", re.sub(r"(?<=[0-9])[-– ](?=[0-9Xx])", "", text))[:2]:
        is_book = scheme == "isbn" or (digits.startswith(("978", "979")) and len(digits) == 13)
        if (len(digits) in (10, 13)) if is_book else 8 <= len(digits) <= 14:
            ballot.add_vote("isbn" if is_book else "gtin", digits.upper(), source, weight)


def parse_availability(text: str) -> str | None:
    """An availability (InStock, ...) from a word, an address or true and false; None for anything else."""
    return _AVAILABILITY_NAMES.get(text.rstrip("/").rsplit("/", 1)[-1].casefold().strip()) or _schema_name(text)


def _vote_identifiers(ballot: Ballot, fields: Mapping[str, Any], source: str) -> None:
    for name in _GTIN_KEYS:
        for text in texts(fields.get(name))[:1]:
            vote_identifier(ballot, "isbn" if name == "isbn" else "gtin", text, source, STRUCTURED_WEIGHT)
    for text in texts(fields.get("mpn"))[:1]:
        vote_identifier(ballot, "mpn", text, source, STRUCTURED_WEIGHT)


def _person_names(value: Any) -> list[str]:
    """Names of authors; addresses are left out."""
    return [without_role(name) for name in texts(value)[:20] if "://" not in name]


def _first_text(fields: Mapping[str, Any], *names: str) -> str | None:
    return next((text for name in names for text in texts(fields.get(name))[:1]), None)


def _shop_code(text: str | None) -> str | None:
    """`text` as a number of the shop's own; None for an address or a long text."""
    return text if text and "://" not in text and len(text) <= 60 else None


def _first_content(graph: Mapping[str, list[str]], name: str) -> str | None:
    return graph[name][0] if name in graph else None


def _schema_name(value: str | None) -> str | None:
    """InStock from http://schema.org/InStock; None for anything that is not such a name."""
    name = (value or "").rstrip("/").rsplit("/", 1)[-1]
    return name if name.isalpha() and name.isascii() and name[:1].isupper() else None
