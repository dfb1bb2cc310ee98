"""What a page tells machines of its one product: schema.org in JSON-LD and microdata, Open Graph and its kin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crawler.money import Money, currency, price
from crawler.page.evidence import GRAPH, LINKED, Ballot
from crawler.page.metadata import Described, objects, texts

MOST_OFFERS = 50
_GTIN = ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "ean", "isbn")
_STATES = {
    **{"instock": "InStock", "in stock": "InStock", "available": "InStock", "yes": "InStock", "1": "InStock"},
    **{"available for order": "InStock", "true": "InStock"},
    **{"oos": "OutOfStock", "outofstock": "OutOfStock", "out of stock": "OutOfStock", "false": "OutOfStock"},
    **{"preorder": "PreOrder", "pending": "PreOrder", "soldout": "SoldOut", "sold out": "SoldOut"},
}


def from_object(ballot: Ballot, main: Described, place: str) -> None:
    """The votes of the object that the page is about."""
    fields, source = main.fields, main.source
    ballot.say("text", " ".join(texts(fields.get("description"))[:1]), source, LINKED)
    ballot.say("brand", _one(fields, "brand", "manufacturer"), source, LINKED)
    for name in ("sku", "productID", "productId"):
        ballot.say("sku", _code(_one(fields, name)), source, LINKED if name == "sku" else LINKED / 2)
    ballot.say("publisher", _one(fields, "publisher"), source, LINKED)
    ballot.say("creators", tuple(_people(fields.get("author") or fields.get("byArtist"))), source, LINKED)
    ballot.say("images", tuple(texts(fields.get("image"))[:20]), source, LINKED)
    ballot.say("published", _one(fields, "datePublished", "releaseDate"), source, LINKED)
    _identifiers(ballot, fields, source)
    for part in objects(fields.get("workExample"))[:5]:
        _identifiers(ballot, part, source)
    for number, offer in enumerate(_offers(fields)):
        _offer(ballot, offer, place, source, first=number == 0)


def _offers(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The offers, those of an AggregateOffer or of variants included."""
    found = objects(fields.get("offers"))
    inner = [each for offer in found for each in objects(offer.get("offers"))]
    variants = [each for variant in objects(fields.get("hasVariant")) for each in objects(variant.get("offers"))]
    return (found + inner + variants)[:MOST_OFFERS]


def _offer(ballot: Ballot, offer: Mapping[str, Any], place: str, source: str, first: bool) -> None:
    """The first offer counts whole; what the others ask may still agree with what the page shows."""
    weight = LINKED if first else 1.0
    stated = " ".join(texts(offer.get("priceCurrency") or offer.get("pricecurrency"))[:1])
    for money in _monies(offer, stated, place):
        ballot.say("money", money, source, weight)
        weight = min(weight, 1.0)
    ballot.say("currency", currency(stated, place), source, LINKED)
    ballot.say("availability", _ending(_one(offer, "availability")), source, LINKED if first else 0.1)
    ballot.say("condition", _ending(_one(offer, "itemCondition")), source, LINKED)
    ballot.say("seller", _one(offer, "seller", "offeredBy"), source, LINKED)
    if first:
        ballot.say("sku", _code(_one(offer, "sku")), source, LINKED / 2)
        _identifiers(ballot, offer, source)


def _monies(fields: Mapping[str, Any], stated: str, place: str) -> Iterator[Money]:
    """The prices of an offer, its lowest first; a list price is none."""
    for name in ("price", "lowPrice"):
        for text in texts(fields.get(name))[:1]:
            money = price(text, stated, place)
            if money:
                yield money
                return
    for part in objects(fields.get("priceSpecification")):
        if not any("ListPrice" in kind for kind in texts(part.get("priceType"))):
            for text in texts(part.get("price"))[:1]:
                money = price(text, stated or _one(part, "priceCurrency"), place)
                if money:
                    yield money


def from_graph(ballot: Ballot, graph: Mapping[str, list[str]], place: str) -> None:
    """The votes of meta tags."""
    for name in ("product:sale_price", "product:price", "og:price"):
        stated = _first(graph, f"{name}:currency") or ""
        money = price(_first(graph, f"{name}:amount"), stated, place)
        ballot.say("money", money, f"{name}:amount", GRAPH)
        ballot.say("currency", currency(stated, place), f"{name}:currency", GRAPH)
    state = _first(graph, "product:availability") or _first(graph, "og:availability") or ""
    ballot.say("availability", _STATES.get(state.casefold().strip()), "product:availability", GRAPH)
    for name, tag in (("brand", "product:brand"), ("brand", "og:brand"), ("sku", "product:retailer_item_id")):
        ballot.say(name, _first(graph, tag), tag, GRAPH)
    for tag in ("og:novel:author", "book:author", "books:author"):
        author = _first(graph, tag) or ""
        ballot.say("creators", (author,) if author and "://" not in author else (), tag, GRAPH)
    for tag in ("book:isbn", "books:isbn"):
        identifier(ballot, "isbn", _first(graph, tag) or "", tag, GRAPH)
    for tag in ("og:description", "description"):
        ballot.say("text", _first(graph, tag), tag, GRAPH / 2)
    ballot.say("images", tuple((graph.get("og:image") or graph.get("og:image:url") or [])[:20]), "og:image", GRAPH)


def identifier(ballot: Ballot, scheme: str, text: str, source: str, weight: float) -> None:
    """A vote for a GTIN, an ISBN (a GTIN that begins with 978 or 979 is one) or an MPN."""
    if scheme == "mpn":
        ballot.say("mpn", text[:60], source, weight)
        return
    for digits in re.findall(r"[0-9]{7,14}[0-9Xx]?", re.sub(r"(?<=[0-9])[-– ](?=[0-9Xx])", "", text))[:2]:
        book = scheme == "isbn" or (digits.startswith(("978", "979")) and len(digits) == 13)
        if (len(digits) in (10, 13)) if book else 8 <= len(digits) <= 14:
            ballot.say("isbn" if book else "gtin", digits.upper(), source, weight)


def state_named(text: str) -> str | None:
    """InStock and its like out of a word, an address or true and false; None for anything else."""
    return _STATES.get(text.rstrip("/").rsplit("/", 1)[-1].casefold().strip()) or _ending(text)


def _identifiers(ballot: Ballot, fields: Mapping[str, Any], source: str) -> None:
    for name in _GTIN:
        for text in texts(fields.get(name))[:1]:
            identifier(ballot, "isbn" if name == "isbn" else "gtin", text, source, LINKED)
    for text in texts(fields.get("mpn"))[:1]:
        identifier(ballot, "mpn", text, source, LINKED)


def _people(value: Any) -> list[str]:
    """Names of authors; an address is none."""
    return [name for name in texts(value)[:20] if "://" not in name]


def _one(fields: Mapping[str, Any], *names: str) -> str | None:
    return next((text for name in names for text in texts(fields.get(name))[:1]), None)


def _code(text: str | None) -> str | None:
    """A number of the shop's own; an address is none."""
    return text if text and "://" not in text and len(text) <= 60 else None


def _first(graph: Mapping[str, list[str]], name: str) -> str | None:
    return graph[name][0] if name in graph else None


def _ending(value: str | None) -> str | None:
    """InStock out of http://schema.org/InStock; None for anything that is no such name."""
    name = (value or "").rstrip("/").rsplit("/", 1)[-1]
    return name if name.isalpha() and name.isascii() and name[:1].isupper() else None
