"""Whether a page offers its product now: a button to buy, a note that there is none, a word about the stock."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from crawler.page.evidence import SHOWN, Ballot
from crawler.page.page import Page, visible_text
from crawler.page.words import saying

MOST = 300  # elements looked at
LONGEST = 80  # characters of a button or a note
_BUY_NAME = re.compile(r"add[-_]?to[-_]?(cart|basket|bag|trolley)|buy[-_]?(now|btn|button)|addtocart|btn[-_]?buy", re.I)
_PLACES = (
    "h1, #availability, button, input[type=submit], input[type=button], [role=button], a[class*=cart], a[class*=buy], "
    "a[class*=btn], a[class*=button], a[class*=Btn], a[class*=Button], a[id*=buy], a[id*=cart], [class*=stock], "
    "[class*=Stock], [class*=avail], [class*=Avail], [class*=sold-out], [class*=soldout], [class*=dispo]"
)


def from_stock(ballot: Ballot, page: Page) -> None:
    """The vote of the first element below the heading that says anything; before it where there is none below."""
    before = below = None
    heading = False
    for node in page.nodes(_PLACES, MOST):
        if node.tag == "h1":
            heading = True
            continue
        state = _state(node)
        if state and heading:
            below = state
            break
        before = before or state
    if below or before:
        ballot.say("availability", below or before, "buy button", SHOWN)


def _state(node: LexborNode) -> str | None:
    attributes = node.attributes
    words = ((attributes.get("value") if node.tag == "input" else "") or visible_text(node)).strip()
    if len(words) < LONGEST:
        if saying("sold").match(words):
            return "OutOfStock"
        if saying("buy").match(words) or saying("stock").match(words):
            return "InStock"
    names = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"[:300]
    pressable = node.tag in ("button", "input", "a") and "disabled" not in attributes and "disabled" not in names
    return "InStock" if pressable and len(words) < LONGEST and _BUY_NAME.search(names) else None
