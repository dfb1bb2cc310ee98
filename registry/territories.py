"""Where an offer is made: hints by platform, address, seller's name, currency and language (territories.csv).

A territory is an ISO 3166 country. A hint names those it allows. Where it is strong, a licence for none of them does
not cover the offer; a strong hint for nothing but licensed ones places it inside. The language of a text is weak, since
books of other languages are sold everywhere, and so are US dollars, which shops elsewhere quote too: they place an
offer inside only where the licence names its seller or platform.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from crawler.text import fold, is_han
from crawler.urls import url_host

MAX_LANGUAGE_CHARS = 2_000  # of a text that is looked at for its language
MIN_SCRIPT_SHARE = 0.3  # of the letters that are of a script
MIN_KANA_SHARE = 0.08  # Japanese texts are half Han characters
MIN_SCRIPT_LETTERS = 4
MIN_VARIANT_CHARS = 3  # Han characters of only simplified or only traditional writing
MIN_COMMON_WORDS = 3  # different common words of a language in a text of Latin letters
MIN_WORD_LEAD = 2  # more than of the next language
MAX_PATH_SEGMENTS = 2  # of an address that may name a country
_WORLD = frozenset({"*"})
_COUNTRY_PARAMS = frozenset({"country", "region", "market", "mkt", "gl", "cc", "storefront", "locale", "site"})
_LOCALE_RE = re.compile(r"^[a-z]{2}[-_](?:[a-z]{4}[-_])?([a-z]{2})$")
_SEPARATORS_RE = re.compile(r"[,，、/;；+&|]|\band\b|和|及")
_SHOP_TAIL_RE = re.compile(
    r"(?:官方)?(?:旗舰|專營|专营|专卖|分|直营)?店$|官方$|站$|\s(?:official|store|shop|books)$", re.IGNORECASE
)
_CLOSING = " )）]】.·"
_OPENING = "_-–—·.(（[【 @/|"
_SCRIPTS = (
    (re.compile(r"[\u0e00-\u0e7f]"), "TH"),
    (re.compile(r"[\uac00-\ud7a3]"), "KR"),
    (re.compile(r"[\u0370-\u03ff]"), "GR|CY"),
    (re.compile(r"[\u0590-\u05ff]"), "IL"),
    (re.compile(r"[\u0900-\u097f]"), "IN"),
    (re.compile(r"[\u0980-\u09ff]"), "BD|IN"),
    (re.compile(r"[\u0400-\u04ff]"), "RU|BY|KZ|UA|BG"),
    (re.compile(r"[\u0600-\u06ff]"), "SA|AE|EG|PK"),
)
_KANA_RE = re.compile(r"[\u3041-\u30ff]")


class HintKind(StrEnum):
    """By what a territory is known, the most reliable first."""

    STATED = "stated"
    STOREFRONT = "storefront"  # the platform or shop sells in one country
    DOMAIN = "domain"
    ADDRESS = "address"  # a subdomain, a path or a parameter
    SELLER = "seller"
    CURRENCY = "currency"
    LANGUAGE = "language"


class TerritoryFit(StrEnum):
    """How an offer relates to a licensed territory."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"  # nothing places it, or hints contradict each other


@frozen(kw_only=True)
class TerritoryHint:
    """The territories that something about the offer allows, as it is written there (`quote`)."""

    kind: HintKind
    territories: frozenset[str]
    quote: str
    supports: bool = True  # strong enough to place the offer inside
    excludes: bool = True  # strong enough to place it outside


@frozen(kw_only=True)
class TerritoryMatch:
    """The result of a comparison, with the hint that decided it; None where nothing did."""

    fit: TerritoryFit
    hint: TerritoryHint | None = None


def find_hints(
    *,
    platform: str,
    url: str,
    territory: str | None = None,
    seller: str | None = None,
    currency: str | None = None,
    text: str = "",
) -> list[TerritoryHint]:
    """All hints of an offer, the most reliable first. `text` is its words without the name of the work."""
    hints = [
        _stated_hint(territory),
        _row_hint(HintKind.STOREFRONT, "platform", platform),
        *_address_hints(url),
        _seller_hint(seller),
        _currency_hint(currency),
        _language_hint(text),
    ]
    return sorted((hint for hint in hints if hint), key=lambda hint: list(HintKind).index(hint.kind))


def match_territory(licensed: str, hints: Sequence[TerritoryHint], is_named: bool = False) -> TerritoryMatch:
    """Whether an offer with these hints (the most reliable first) lies in the territory of a licence.

    `is_named`: the licence names the offer's seller or platform, so that a hint for several countries, one of them
    licensed, is enough where nothing contradicts it.
    """
    territories = parse_territory(licensed)
    if territories == _WORLD:
        return TerritoryMatch(fit=TerritoryFit.INSIDE)
    excluding = [hint for hint in hints if territories and territories.isdisjoint(hint.territories)]
    supporting = [
        hint
        for hint in hints
        if (hint.supports and hint.territories <= territories) or (is_named and hint.territories & territories)
    ]
    strong = [hint for hint in excluding if hint.excludes]
    if strong and (not supporting or hints.index(strong[0]) < hints.index(supporting[0])):
        return TerritoryMatch(fit=TerritoryFit.OUTSIDE, hint=strong[0])
    if supporting and not strong:
        return TerritoryMatch(fit=TerritoryFit.INSIDE, hint=supporting[0])
    if excluding and not supporting:
        return TerritoryMatch(fit=TerritoryFit.OUTSIDE, hint=excluding[0])
    return TerritoryMatch(fit=TerritoryFit.UNKNOWN, hint=strong[0] if strong else None)


@lru_cache(maxsize=1_024)
def parse_territory(name: str) -> frozenset[str]:
    """The countries of a territory as people write it: CN, "Hong Kong", "DE, AT, CH", EU, 中国大陆; {"*"} is the world.

    Empty for an unknown name. A Chinese province or a place in one (浙江 杭州) is China.
    """
    key = fold(name) or name.strip()
    if key in _values("world"):
        return _WORLD
    whole = _values("name").get(key)
    if whole:
        return whole
    province = next((countries for place, countries in _values("province").items() if key.startswith(place)), None)
    if province:
        return province
    parts = [fold(part) for part in _SEPARATORS_RE.split(name) if part.strip()]
    found = [_values("name").get(part, frozenset()) for part in parts]
    return frozenset().union(*found) if found and all(found) else frozenset()


def without_territory(seller: str) -> str:
    """A seller's name without the territory at its end: Quay Books for Quay Books_UK, 云帆书店 for 云帆书店（日本）."""
    ending = _territory_ending(seller)
    return seller if ending is None else seller[: ending[0]].rstrip(_OPENING)


def _stated_hint(territory: str | None) -> TerritoryHint | None:
    countries = parse_territory(territory) if territory else frozenset()
    if not territory or not countries or countries == _WORLD:
        return None
    return TerritoryHint(kind=HintKind.STATED, territories=countries, quote=territory)


def _row_hint(kind: HintKind, row_kind: str, value: str) -> TerritoryHint | None:
    countries = _values(row_kind).get(fold(value))
    return TerritoryHint(kind=kind, territories=countries, quote=value) if countries else None


def _address_hints(url: str) -> Iterator[TerritoryHint]:
    host = url_host(url)
    labels = host.split(".")
    country = _domain_countries(labels[-1])
    if country and len(labels) > 1:
        yield TerritoryHint(kind=HintKind.DOMAIN, territories=country, quote=f".{labels[-1]}")
    for quote in _address_names(labels[:-1], url):
        countries = _values("segment").get(quote) or _locale_countries(quote)
        if countries:
            yield TerritoryHint(kind=HintKind.ADDRESS, territories=countries, quote=quote)


def _domain_countries(top: str) -> frozenset[str]:
    """The country of a top-level domain; none for those that are sold as generic ones."""
    if top in _values("generic_domain"):
        return frozenset()
    named = _values("domain").get(top)
    return named or (_values("name").get(top, frozenset()) if len(top) == 2 else frozenset())


def _address_names(labels: Sequence[str], url: str) -> Iterator[str]:
    """What may name a country in an address: subdomains, the end of the domain's name, first segments, parameters."""
    yield from labels[:-1]
    for label in labels[-1:]:
        name, hyphen, last = label.rpartition("-")
        if hyphen and name:
            yield last
    parts = urlsplit(url)
    yield from (segment.lower() for segment in parts.path.strip("/").split("/")[:MAX_PATH_SEGMENTS] if segment)
    yield from (value.lower() for name, value in parse_qsl(parts.query) if name.lower() in _COUNTRY_PARAMS)


def _locale_countries(name: str) -> frozenset[str]:
    match = _LOCALE_RE.match(name)
    return _values("name").get(match[1], frozenset()) if match else frozenset()


def _seller_hint(seller: str | None) -> TerritoryHint | None:
    ending = _territory_ending(seller) if seller else None
    if ending is None:
        return None
    return TerritoryHint(kind=HintKind.SELLER, territories=ending[1], quote=seller or "")


@lru_cache(maxsize=1_024)
def _territory_ending(seller: str) -> tuple[int, frozenset[str]] | None:
    """Where a territory at the end of a seller's name begins, and its countries.

    It stands apart from the name, unless it is in Han characters; a code of two letters is in capitals (Quay Books_UK).
    """
    name = seller.rstrip(_CLOSING)
    for text in (name, _SHOP_TAIL_RE.sub("", name).rstrip(_CLOSING)):
        for place, countries in _places_by_length():
            if not text.casefold().endswith(place.casefold()) or len(text) <= len(place):
                continue
            start = len(text) - len(place)
            is_code = len(place) <= 3 and place.isascii()
            stands_apart = text[start - 1] in _OPENING or (is_han(place[0]) and not is_code)
            if stands_apart and (not is_code or text[start:].isupper() or text[start - 1] == "."):
                return start, countries
    return None


@cache
def _places_by_length() -> list[tuple[str, frozenset[str]]]:
    """Names of countries as they are written, the longest first, in both ways of writing Han characters."""
    rows = [(row["value"], row["territories"]) for row in _rows() if row["kind"] == "name"]
    rows += [("臺灣", "TW"), ("台灣", "TW"), ("韓國", "KR"), ("德國", "DE"), ("法國", "FR"), ("澳門", "MO")]
    return sorted(((name, _split(countries)) for name, countries in rows), key=lambda row: -len(row[0]))


def _currency_hint(currency: str | None) -> TerritoryHint | None:
    countries = _values("currency").get(fold(currency)) if currency else None
    if not countries:
        return None
    is_quoted_abroad = countries == frozenset({"US"})
    return TerritoryHint(
        kind=HintKind.CURRENCY, territories=countries, quote=currency or "", supports=not is_quoted_abroad
    )


@lru_cache(maxsize=256)
def _language_hint(text: str) -> TerritoryHint | None:
    """A weak hint by the script of a text, by its way of writing Han characters, or by its common words."""
    searched = text[:MAX_LANGUAGE_CHARS]
    countries = _script_countries(searched) or _word_countries(searched)
    if not countries:
        return None
    quote = " ".join(searched.split())[:40]
    return TerritoryHint(kind=HintKind.LANGUAGE, territories=countries, quote=quote, supports=False, excludes=False)


def _script_countries(text: str) -> frozenset[str]:
    letters = sum(character.isalpha() for character in text)
    kana = len(_KANA_RE.findall(text))
    if kana >= max(MIN_SCRIPT_LETTERS, MIN_KANA_SHARE * letters):
        return frozenset({"JP"})
    for pattern, countries in _SCRIPTS:
        if len(pattern.findall(text)) >= max(MIN_SCRIPT_LETTERS, MIN_SCRIPT_SHARE * letters):
            return _split(countries)
    traditional = sum(is_han(character) and fold(character) != character for character in text)
    simplified = sum(character in _simplified_characters() for character in text)
    if max(traditional, simplified) < MIN_VARIANT_CHARS:
        return frozenset()
    return frozenset({"TW", "HK", "MO"}) if traditional > simplified else frozenset({"CN", "SG", "MY"})


def _word_countries(text: str) -> frozenset[str]:
    words = set(re.findall(r"[^\W\d_]+", text.casefold()))
    counts = sorted(
        ((len(words & set(common.split())), countries) for common, countries in _common_words()),
        key=lambda row: -row[0],
    )
    (most, countries), (next_most, _) = counts[0], counts[1]
    return countries if most >= MIN_COMMON_WORDS and most - next_most >= MIN_WORD_LEAD else frozenset()


@cache
def _simplified_characters() -> frozenset[str]:
    """The Han characters that other ones are folded to: simplified forms."""
    han = (chr(codepoint) for codepoint in range(0x4E00, 0xA000))
    return frozenset(folded for character in han if (folded := fold(character)) != character)


@cache
def _common_words() -> list[tuple[str, frozenset[str]]]:
    return [(row["value"], _split(row["territories"])) for row in _rows() if row["kind"] == "words"]


@cache
def _values(kind: str) -> Mapping[str, frozenset[str]]:
    """The rows of a kind: folded value -> countries."""
    return {fold(row["value"]) or row["value"]: _split(row["territories"]) for row in _rows() if row["kind"] == kind}


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    text = (resources.files("registry") / "territories.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _split(countries: str) -> frozenset[str]:
    return frozenset(filter(None, countries.split("|")))
