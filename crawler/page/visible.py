"""What a shop page shows people: heading, price, buy button, table of properties. For shops without structured data.

Careful by design: a price is taken only where a class or id says so and a currency is beside the number, never from
running text; a struck-out, former or per-unit price is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.money import Money, parse_price
from crawler.page.page import Page, Selection

MOST = 400  # elements examined per function
_PRICED = (
    "[itemprop=price], [class*=price], [class*=Price], [id*=price], [id*=Price], [class*=preis], [class*=prix], "
    "[class*=precio], [data-price]"
)
_FORMER = re.compile(
    r"old|was\b|strike|stroke|cross|before|former|original|regular|list-?price|rrp|msrp|uvp|saving|discount|ship|deliver"
    r"|unit|per-|related|recommend|similar|carousel|also|cart|total|filter|range|basis",
    re.I,
)
_FORMER_WORDS = re.compile(
    r"\b(rrp|was|list price|uvp|statt|au lieu de|prix conseillé|prezzo consigliato|antes|normal)\b"
    r"|原价|原價|市场价|市價|定价",
    re.I,
)
_BUY = re.compile(
    r"^(add to (cart|basket|bag|trolley)|buy (it )?now|place bid|in den warenkorb|in den korb|ajouter au panier|"
    r"aggiungi al carrello|comprar( ahora| agora)?|adicionar ao (carrinho|cesto)|añadir a la cesta|"
    r"agregar al carr(o|ito)|do košíka|do koszyka|lisa (ostu)?korvi|lisää ostoskoriin|adaug[aă] (in|în) co[sș]|"
    r"в корзину|добавить в корзину|купить|加入购物车|立即购买|加入購物車|立即購買|放入購物車|カートに入れる|장바구니)",
    re.I,
)
_SOLD = re.compile(
    r"^(sold out|out of stock|currently unavailable|temporarily out of stock|ausverkauft|nicht verfügbar|épuisé|"
    r"actuellement indisponible|esaurito|non disponibile|agotado|sin stock|esgotado|нет в наличии|售罄|已售出|缺货|"
    r"缺貨|補貨中|已下架|売り切れ|품절)",
    re.I,
)
_EDGES = re.compile(r"^[\s\u200e\u200f]{1,9}|[\s:：\u200e\u200f]{1,9}$")
_BUY_NAME = re.compile(r"add[-_]?to[-_]?(cart|basket|bag)|buy[-_]?now|addtocart|buybutton", re.I)
_BUTTONS = (
    "#availability, button, input[type=submit], input[type=button], a[class*=cart], a[class*=buy], a[class*=btn], "
    "[class*=stock]"
)
_STATES = (("OutOfStock", _SOLD), ("InStock", _BUY))


def heading(page: Page) -> str | None:
    """The product's name as the page shows it: the first h1 with text, the one marked as a name first."""
    for selector in ("#productTitle", "h1[itemprop=name], h1 [itemprop=name], [itemprop=name] h1", "h1"):
        for element in page.css(selector):
            text: str = element.text()
            if 1 < len(text) <= 300:
                return text
    return None


def shown_price(page: Page, site_host: str) -> Money | None:
    """The first price with a currency after the heading, else the first on the page."""
    before: Money | None = None
    below = False
    for element in _some(page.css(f"h1, {_PRICED}")):
        if element.tag == "h1":
            below = True
            continue
        found = _price_in(element, site_host)
        if found and below:
            return found
        before = before or found
    return before


def availability(page: Page) -> str | None:
    """InStock where there is a button to buy, OutOfStock where a short text says so first; None without either."""
    for element in _some(page.css(_BUTTONS)):
        words = (element.attrib.get("value", "") or element.text()).strip()
        if len(words) >= 80:
            continue
        state = next((state for state, pattern in _STATES if pattern.match(words)), None)
        if state or _is_buy_button(element):
            return state or "InStock"
    return None


def _is_buy_button(element: Selection) -> bool:
    """Whether an element is an enabled button whose class or id says that it buys, in whatever language."""
    attributes = element.attrib
    pressable = element.tag in ("button", "input") and "disabled" not in attributes
    return pressable and bool(_BUY_NAME.search(f"{attributes.get('id', '')} {attributes.get('class', '')}"[:300]))


def properties(page: Page) -> dict[str, str]:
    """The table of properties: label in lower case without colon -> value, the first of equal labels."""
    table: dict[str, str] = {}
    for row in _some(page.css("tr, dl, li")):
        label, value = _pair(row)
        if label and value and len(label) <= 40 and len(value) <= 300:
            table.setdefault(_EDGES.sub("", label.casefold()), value)
    return table


def _pair(row: Selection) -> tuple[str, str]:
    if row.tag == "li":
        label, _, value = row.text().replace("：", ":").partition(":")
        return label, value.strip()
    cells = row.css("th, td, dt, dd")
    if len(cells) < 2 or (row.tag == "tr" and len(cells) != 2):
        return "", ""
    return cells[0].text(), cells[1].text()


def _price_in(element: Selection, site_host: str) -> Money | None:
    attributes = element.attrib
    names = " ".join((attributes.get("class", ""), attributes.get("id", ""), element.parent_class))
    if _FORMER.search(names[:300]) or element.tag in ("del", "s", "strike"):
        return None
    text = attributes.get("content") or element.css(".a-offscreen").text(default="") or element.text()
    if len(text) > 60 or _FORMER_WORDS.search(text):
        return None
    money = parse_price(text, attributes.get("data-currency"), site_host)
    return money if money and money.currency and money.amount else None


def _some(selection: Selection) -> Iterator[Selection]:
    for number, element in enumerate(selection):
        if number >= MOST:
            return
        yield element
