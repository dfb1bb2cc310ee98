"""Prices as a page shows them: elements that a class or an id calls a price and that hold a number with a currency.

Never taken from running text. A struck-out, former or per-unit price is kept as a former one: it speaks against itself
where machines were told it. Prices beside other products (related, carousel, basket) are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ahocorasick_rs import AhoCorasick, MatchKind
from attrs import frozen
from selectolax.lexbor import LexborNode

from crawler.money import Money, price
from crawler.page.evidence import SHOWN, Ballot
from crawler.page.page import Page, visible_text
from crawler.page.words import lowered, saying, words

MOST = 300  # elements looked at
NEAR = 6  # prices below the heading that may speak for a stated one
AROUND = 6  # elements around a price that are asked what they hold
_PRICED = (
    "h1, [itemprop=price], [itemprop=lowPrice], [class*=price], [class*=Price], [class*=PRICE], [id*=price], "
    "[id*=Price], [class*=preis], [class*=prix], [class*=precio], [class*=preco], [class*=cena], [class*=prezzo], "
    "[data-price], [data-test*=price], [data-testid*=price]"
)
_FORMER = re.compile(
    r"old|was\b|strike|stroke|cross|before|former|original|regular|list-?price|rrp|msrp|uvp|saving|discount-?(?:amount|"
    r"percent|rate)|you-?save|bas(?:e|is)-?price|per-?unit|unit-?price|price-?unit|market-?price|retail-?price|barre\b|tachado",
    re.I,
)
_ASIDE = re.compile(
    r"related|recommend|similar|carousel|upsell|up-sell|cross-?sell|also-|-also|recently|viewed|mini-?cart|minibasket"
    r"|basket|filter|facet|shipping|deliver|versand|livraison|envio|warranty|insur|instal+ment|financ|footer|sponsor"
    r"|suggest|bundle|accessor|range|total|tooltip|dropdown|login|avivid",
    re.I,
)
_SIGNED = r"(?:[$€£¥￥₹₽₩]|NT\$|R\$|元|円|EUR|USD|zł|Kč|kr|lei)"
_BEHIND = re.compile(
    rf"(?:\s|&nbsp;|[:：]|<[^<>]{{1,200}}>){{0,12}}"
    rf"({_SIGNED}(?:\s|&nbsp;|<[^<>]{{1,200}}>){{0,6}}[0-9][0-9.,]{{0,12}}|[0-9][0-9.,]{{0,12}}(?:\s|&nbsp;|<[^<>]{{1,200}}>){{0,6}}{_SIGNED})"
)
_TAG = re.compile(r"<[^<>]{1,200}>")
_STRUCK = frozenset(("del", "s", "strike"))
_LONGEST = 60  # characters of an element that is a price and nothing else


@frozen
class ShownPrice:
    """A price on the page: whether it is a former one, and whether it stands below the heading."""

    money: Money
    former: bool
    below: bool
    node: LexborNode

    def around(self) -> tuple[int, ...]:
        """The element and those around it, by identity."""
        found, node = [], self.node
        while node is not None:
            found.append(node.mem_id)
            node = node.parent  # type: ignore[assignment]
        return tuple(found)


def from_prices(ballot: Ballot, page: Page, place: str) -> tuple[int, ...]:
    """The votes of shown prices: the first below the heading counts most, a former price counts against itself.

    Gives the elements around that first one, by identity.
    """
    found = list(shown_prices(page, place))
    current = [each for each in found if not each.former]
    current = [each for each in current if each.below] or current
    signed = [each.money for each in current if each.money.currency and each.money.amount]
    for number, money in enumerate(signed[:NEAR]):
        ballot.say("money", money, "shown price", SHOWN if number == 0 else 0.3)
    if not signed:
        bare = [each.money for each in current if each.money.amount]
        for number, money in enumerate(bare[:NEAR]):
            ballot.say("money", money, "shown price without currency", 1.0 if number == 0 else 0.2)
    if not signed:
        _labelled_price(ballot, page, place)
    standing = {money.amount for money in signed[:NEAR]}
    for amount in {each.money.amount for each in found if each.former} - standing:
        ballot.say("money", Money(amount), "former price", -2.0)
    first = next((each for each in current if each.money.amount), None)
    return first.around() if first else ()


def _labelled_price(ballot: Ballot, page: Page, place: str) -> None:
    """The first price behind a word for price, with its currency, in the description or on the page."""
    described = [
        node.attributes.get("content") or ""
        for node in page.tree.css("meta[name=description], meta[property='og:description']")
    ]
    for text in (*described, page.markup):
        for _, _, end in _price_words().find_matches_as_indexes(lowered(text))[:MOST]:
            found = _BEHIND.match(text, end)
            money = price(_TAG.sub("", found[1]), None, place) if found else None
            if money and money.currency and money.amount:
                ballot.say("money", money, "price behind a label", 1.2)
                return


@cache
def _price_words() -> AhoCorasick:
    return AhoCorasick(words("price"), matchkind=MatchKind.LeftmostLongest)


def shown_prices(page: Page, place: str) -> Iterator[ShownPrice]:
    """Prices in page order."""
    below = False
    for node in page.nodes(_PRICED, MOST):
        if node.tag == "h1":
            below = True
            continue
        attributes = node.attributes
        text = attributes.get("content") or _text(node)
        if not text or len(text) > _LONGEST or not any(map(str.isdigit, text)):
            continue
        money = price(text, attributes.get("data-currency"), place)
        if money and not _is_aside(node):
            yield ShownPrice(money, _is_former(node, text), below, node)


def _text(node: LexborNode) -> str:
    """The text of a price; where one is written twice for screen readers, theirs."""
    spoken = node.css_first(".a-offscreen, .sr-only, .visually-hidden")
    text = visible_text(spoken) if spoken is not None else ""
    return text if any(map(str.isdigit, text)) else visible_text(node)


def _is_former(node: LexborNode, text: str) -> bool:
    parent = node.parent
    names = _names(node) + (" " + _names(parent) if parent is not None else "")
    if _FORMER.search(names[:400]) or node.tag in _STRUCK or (parent is not None and parent.tag in _STRUCK):
        return True
    return (node.css_first("del, s, strike") is not None and len(text) < 20) or bool(saying("former").match(text))


def _is_aside(node: LexborNode) -> bool:
    around: LexborNode | None = node
    for _ in range(AROUND):
        if around is None or around.tag in ("body", "main", "form"):
            return False
        if _ASIDE.search(_names(around)[:300]):
            return True
        around = around.parent
    return False


def _names(node: LexborNode) -> str:
    attributes = node.attributes
    return f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
