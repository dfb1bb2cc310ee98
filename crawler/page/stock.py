"""Whether a page offers its product now: a button to buy, a note that there is none, a word about the stock."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from crawler.page.evidence import VISIBLE_WEIGHT, Ballot
from crawler.page.page import Page, visible_text
from crawler.page.words import meaning_pattern

MAX_STOCK_ELEMENTS = 300  # elements looked at
MAX_STOCK_CHARS = 80  # characters of a button or a note
_BUY_BUTTON_RE = re.compile(
    r"add[-_]?to[-_]?(cart|basket|bag|trolley)|buy[-_]?(now|btn|button)|addtocart|btn[-_]?buy", re.I
)
_STOCK_SELECTOR = (
    "h1, #availability, button, input[type=submit], input[type=button], [role=button], a[class*=cart], a[class*=buy], "
    "a[class*=btn], a[class*=button], a[class*=Btn], a[class*=Button], a[id*=buy], a[id*=cart], [class*=stock], "
    "[class*=Stock], [class*=avail], [class*=Avail], [class*=sold-out], [class*=soldout], [class*=dispo]"
)


def vote_availability(ballot: Ballot, page: Page) -> None:
    """The vote of the first element below the heading that says anything; before it where there is none below."""
    state_above = state_below = None
    is_below_heading = False
    for node in page.nodes(_STOCK_SELECTOR, MAX_STOCK_ELEMENTS):
        if node.tag == "h1":
            is_below_heading = True
            continue
        state = _availability_of(node)
        if state and is_below_heading:
            state_below = state
            break
        state_above = state_above or state
    if state_below or state_above:
        ballot.add_vote("availability", state_below or state_above, "buy button", VISIBLE_WEIGHT)


def _availability_of(node: LexborNode) -> str | None:
    attributes = node.attributes
    text = ((attributes.get("value") if node.tag == "input" else "") or visible_text(node)).strip()
    if len(text) < MAX_STOCK_CHARS:
        if meaning_pattern("sold").match(text):
            return "OutOfStock"
        if meaning_pattern("buy").match(text) or meaning_pattern("stock").match(text):
            return "InStock"
    names = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"[:300]
    pressable = node.tag in ("button", "input", "a") and "disabled" not in attributes and "disabled" not in names
    return "InStock" if pressable and len(text) < MAX_STOCK_CHARS and _BUY_BUTTON_RE.search(names) else None
