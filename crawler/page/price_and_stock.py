"""Vote for price and availability as a page shows them: price elements, buy buttons, notes on stock.

A price is an element that a class or an id marks as one and that holds a number with a currency, never running text. A
struck-out, former or per-unit price votes against itself. Prices beside other products (related, carousel, basket) are
skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from functools import cache
from html import unescape

from ahocorasick_rs import AhoCorasick, MatchKind
from attrs import frozen
from selectolax.lexbor import LexborNode

from crawler.money import AMOUNT_PATTERN, Money, StatedPrice, choose_price, find_prices, parse_price
from crawler.page.field_votes import VISIBLE_WEIGHT, Ballot
from crawler.page.page import Page, text_before, visible_text
from crawler.page.structured_data import add_price_vote
from crawler.page.text_lines import all_lines
from crawler.page.vocabulary import joined_label, lower_same_length, meaning_pattern, meaning_words

MAX_PRICE_ELEMENTS = 300
MAX_PRICE_VOTES = 6  # prices below the heading that may confirm a stated one
MAX_CONTEXT_LEVELS = 6  # elements around a price that are checked for other products
_PRICE_SELECTOR = (
    "h1, [itemprop=price], [itemprop=lowPrice], [class*=price], [class*=Price], [class*=PRICE], [id*=price], "
    "[id*=Price], [id*=PRICE], [class*=preis], [class*=prix], [class*=precio], [class*=preco], [class*=cena], "
    "[class*=prezzo], [data-price], [data-test*=price], [data-testid*=price]"
)
_FORMER_PRICE_RE = re.compile(
    r"(?<![a-z])old|price[-_]?old|(?-i:[a-z]Old)|was\b|strike|stroke|cross|line-?through|before|former|original|regular|list-?price|rrp|msrp|uvp|saving|discount-?(?:amount|"
    r"percent|rate)|you-?save|bas(?:e|is)-?price|per-?unit|unit-?price|price-?unit|(?<![a-z])market(?=[-_\s]|price|$)|retail-?price|barre\b|tachado",
    re.I,
)
_OWN_PRICE_RE = re.compile(r"(?:shop|our|sale|sell(?:ing)?|final)[-_]?price", re.I)
_UNRELATED_RE = re.compile(
    r"related|recommend|similar|carousel|upsell|up-sell|cross-?sell|also-|-also|recently|viewed|mini-?cart|minibasket"
    r"|basket|filter|facet|shipping|deliver|versand|livraison|envio|warranty|insur|instal+ment|financ|footer|sponsor"
    r"|suggest|bundle|accessor|range|total|tooltip|dropdown|login|avivid",
    re.I,
)
_AMOUNT_PATTERN = rf"(?:{AMOUNT_PATTERN}|[0-9][0-9.,]{{0,12}}\s?(?:r\b|rmb\b|块|euros?\b))"
_PRICE_AFTER_LABEL_RE = re.compile(rf"[\s:：]{{0,12}}({AMOUNT_PATTERN})")
_AMOUNT_RE = re.compile(rf"(?<![\w.]){_AMOUNT_PATTERN}", re.I)
_STATED_AMOUNT_RE = re.compile(rf"[\s:：=是为]{{0,4}}({_AMOUNT_PATTERN})", re.I)
_SELLING_RE = re.compile(
    rf"(?:\b(?:sell|selling|wts|asking)\b|出售|转让|打包|只要|仅需)[^\d\n$€£¥￥₹₽₩]{{0,40}}({_AMOUNT_PATTERN})", re.I
)
_COLLOQUIAL_YUAN_RE = re.compile(r"([0-9][0-9.,]{0,12})\s?(?:r|rmb|块)", re.I)
MAX_LABEL_CHARS = 20  # of a line or an element before a price that says which price it is
MAX_BEFORE_WORD_CHARS = 3  # before a word for price that may turn it into one for a former price ("市场价格")
MAX_LABEL_MARKUP_CHARS = 600  # behind a word for price, in which its price begins
MAX_PRICE_LINES = 3_000  # of a page that are searched
MAX_LINE_REST_LETTERS = 4  # of a line beside its amounts: 税込, "from"
MAX_PRICE_LINE_CHARS = 12  # a line of a post that is an amount and hardly more
_TAG_RE = re.compile(r"<[^<>]{1,200}>")
_STRUCK_TAGS = frozenset(("del", "s", "strike"))
_CENTS_SELECTOR = "sup, [class*=cents], [class*=Cents], [class*=decimal], [class*=Decimal], [class*=fraction]"
# Marks of a former price in the class of a part of an element: fewer, as a "regular" one may be set in regular type.
_FORMER_PART_RE = re.compile(
    r"strike|stroke|line-?through|crossed|(?<![a-z])old(?![a-z])|price[-_]?old|old[-_]?price|(?-i:[a-z]Old)|(?<![a-z])was(?![a-z])"
    r"|original|former|list-?price|(?<![a-z])(?:rrp|msrp|uvp)|you-?save|tachado|barre\b",
    re.I,
)
_CENTS_RE = re.compile(r"[0-9]{2}")  # a piece that is the decimals of the number before it
_DECIMALS_RE = re.compile(r"[.,][0-9]{1,2}(?![0-9])")
_AFTER_MARK_RE = re.compile(r"[0-9]{2,3}(?![0-9])")
_PIECE_BREAK = "\ue000"  # of private use: no page shows it
MAX_PRICE_MARKUP_CHARS = 20_000  # of an element that is a price; nested longer ones would be copied again and again
MAX_INNER_ELEMENTS = 100  # of an element that holds a price
_MAX_PRICE_CHARS = 60  # text of an element that is a price and nothing else


@frozen
class ShownPrice:
    """A price on the page, whether it is a former one, and whether it comes after the heading."""

    price: StatedPrice
    is_former: bool
    is_below_heading: bool
    node: LexborNode

    @property
    def money(self) -> Money:
        """The amount and its currency."""
        return self.price.money

    def ancestor_ids(self) -> tuple[int, ...]:
        """The `mem_id` of the element and of those around it."""
        ids, node = [], self.node
        while node is not None:
            ids.append(node.mem_id)
            node = node.parent  # type: ignore[assignment]
        return tuple(ids)


def vote_prices(
    ballot: Ballot, page: Page, region: str, find_excluded: Callable[[], Container[int]]
) -> tuple[int, ...]:
    """Add the votes of shown prices: the first below the heading counts most, a former price counts against itself.

    Prices inside elements whose `mem_id` is in what `find_excluded` gives are those of other listings.
    Returns the `mem_id` of the element of that first price and of those around it; () without a price.
    """
    prices = list(shown_prices(page, region))
    excluded = find_excluded() if prices else ()
    prices = [shown for shown in prices if not any(identity in excluded for identity in shown.ancestor_ids())]
    current = [shown for shown in prices if not shown.is_former]
    current = [shown for shown in current if shown.is_below_heading] or current
    current.sort(key=lambda shown: _OWN_PRICE_RE.search(_class_and_id(shown.node)) is None)
    with_currency = [shown.price for shown in current if shown.money.currency and shown.money.amount]
    for number, price in enumerate(with_currency[:MAX_PRICE_VOTES]):
        add_price_vote(ballot, price, "shown price", VISIBLE_WEIGHT if number == 0 else 0.3)
    if not with_currency:
        without_currency = [shown.price for shown in current if shown.money.amount]
        for number, price in enumerate(without_currency[:MAX_PRICE_VOTES]):
            add_price_vote(ballot, price, "shown price without currency", 1.0 if number == 0 else 0.2)
    if not with_currency:
        _vote_labelled_price(ballot, page, region)
    current_amounts = {price.money.amount for price in with_currency[:MAX_PRICE_VOTES]}
    for amount in {shown.money.amount for shown in prices if shown.is_former} - current_amounts:
        ballot.add_vote("money", Money(amount), "former price", -2.0)
    first = next((shown for shown in current if shown.money.amount), None)
    return first.ancestor_ids() if first else ()


def vote_price_line(ballot: Ballot, page: Page, region: str) -> None:
    """Vote for the first line that is an amount with a currency and nothing else."""
    before = ""
    for line in all_lines(page)[:MAX_PRICE_LINES]:
        amount = _AMOUNT_RE.match(line.text) if _is_price_line(line.text) else None
        is_former = any(element.tag in _STRUCK_TAGS for element in line.elements[-3:])
        is_former = is_former or bool(meaning_pattern("former").match(joined_label(before)))
        before = line.text if len(line.text) <= MAX_LABEL_CHARS else ""
        money = _stated_money(amount[0], region) if amount and not is_former else None
        if money:
            price = choose_price(find_prices(line.text, money.currency, region))
            add_price_vote(ballot, price or StatedPrice(money), "a line that is a price", 1.0)
            return


def _is_price_line(line: str) -> bool:
    """Whether a line is an amount and hardly more: a range, a tax."""
    if len(line) <= MAX_PRICE_LINE_CHARS:
        return True
    rest = _AMOUNT_RE.sub("", line) if len(line) <= _MAX_PRICE_CHARS else line
    return sum(map(str.isalnum, rest)) <= MAX_LINE_REST_LETTERS


def _vote_labelled_price(ballot: Ballot, page: Page, region: str) -> None:
    """Vote for the first price after a word for price, with its currency, in the description or on the page."""
    descriptions = [
        node.attributes.get("content") or ""
        for node in page.tree.css("meta[name=description], meta[property='og:description']")
    ]
    for text in (*descriptions, page.markup):
        for _, begin, end in _price_words().find_matches_as_indexes(lower_same_length(text))[:MAX_PRICE_ELEMENTS]:
            label = text[max(0, begin - MAX_BEFORE_WORD_CHARS) : end]
            is_former = any(
                match.end() > len(label) - end + begin for match in meaning_pattern("former").finditer(label)
            )
            following = "" if is_former else _TAG_RE.sub(" ", text[end : end + MAX_LABEL_MARKUP_CHARS])
            match = _PRICE_AFTER_LABEL_RE.match(unescape(following))
            money = parse_price(match[1], None, region) if match else None
            if money and money.currency and money.amount:
                ballot.add_vote("money", money, "price behind a label", 1.2)
                return


def post_price(title: str, lines: Sequence[str], region: str) -> Money | None:
    """The price that a post states: behind a word for price (also in the cell before it) or for selling ("selling all
    for $7"), else an amount with a currency that is a line by itself or stands in the title ("出 ... 3r", "$6 each").
    """
    lines = [joined_label(line[:2_000]) for line in lines]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        for _, _, end in _price_words().find_matches_as_indexes(lower_same_length(line))[:10]:
            is_label = len(line) <= MAX_PRICE_LINE_CHARS and not line[end:].strip(" :")
            match = _STATED_AMOUNT_RE.match(following if is_label else line[end : end + 40])
            money = _stated_money(match[1], region) if match else None
            if money:
                return money
    for line in lines:
        match = _SELLING_RE.search(line)
        money = _stated_money(match[1], region) if match else None
        if money:
            return money
    short_lines = (line for line in lines if len(line) <= MAX_PRICE_LINE_CHARS)
    for line in (title, *short_lines):
        match = _AMOUNT_RE.search(line)
        money = _stated_money(match[0], region) if match else None
        if money:
            return money
    return None


def _stated_money(text: str, region: str) -> Money | None:
    """An amount with a currency; "3r" and "3块" are yuan."""
    colloquial = _COLLOQUIAL_YUAN_RE.fullmatch(text.strip())
    money = parse_price(f"{colloquial[1]} CNY" if colloquial else text, None, region)
    return money if money and money.currency and money.amount else None


@cache
def _price_words() -> AhoCorasick:
    return AhoCorasick(meaning_words("price"), matchkind=MatchKind.LeftmostLongest)


def shown_prices(page: Page, region: str) -> Iterator[ShownPrice]:
    """Yield the shown prices in page order."""
    is_below_heading = False
    for node in page.nodes(_PRICE_SELECTOR, MAX_PRICE_ELEMENTS):
        if node.tag == "h1":
            is_below_heading = True
            continue
        price, is_former = _read_price(node, region)
        if price and not _is_unrelated(node):
            yield ShownPrice(price, is_former or _is_former_price(node), is_below_heading, node)


def _read_price(node: LexborNode, region: str) -> tuple[StatedPrice | None, bool]:
    """The price that an element states, and whether it is all struck out or said to be a former one."""
    attributes = node.attributes
    stated = attributes.get("content") or ""
    text, is_struck = (stated, False) if stated else _price_text(node)
    if len(text) > _MAX_PRICE_CHARS or not any(map(str.isdecimal, text)):
        return None, False
    prices = find_prices(text, attributes.get("data-currency"), region, is_machine_written=bool(stated))
    current = [price for price in prices if not _has_former_label(price.label)]
    return choose_price(current or prices), is_struck or not current


def _has_former_label(label: str) -> bool:
    match = meaning_pattern("former").search(joined_label(label[-MAX_LABEL_CHARS:]))
    return match is not None


def _price_text(node: LexborNode) -> tuple[str, bool]:
    """The text of a price, without what is struck out if there is more, and whether all is.

    If it is repeated for screen readers, that text counts.
    """
    if not any(map(str.isdecimal, node.text() or "")) or len(node.html or "") > MAX_PRICE_MARKUP_CHARS:
        return "", False
    text, whole_text = price_lines(node)
    if not any(map(str.isdecimal, text)):
        return whole_text, text != whole_text
    reader_node = node.css_first(".a-offscreen, .sr-only, .visually-hidden")
    reader_text = visible_text(reader_node) if reader_node is not None else ""
    return (reader_text if any(map(str.isdecimal, reader_text)) and reader_text in text else text), False


def price_lines(node: LexborNode) -> tuple[str, str]:
    """The text of an element with a line for each piece: without what is struck out, and all of it."""
    copy = node.clone()
    for cents in reversed(copy.css(_CENTS_SELECTOR)[:MAX_INNER_ELEMENTS]):  # inner before outer
        if _CENTS_RE.fullmatch((cents.text() or "").strip()):
            cents.inner_html = f".{(cents.text() or '').strip()}"
    whole_text = _joined_pieces(copy)
    inner_nodes = copy.css("del, s, strike, [class], [style]")[:MAX_INNER_ELEMENTS]
    struck = [inner for inner in inner_nodes if inner.mem_id != copy.mem_id and _is_struck(inner)]
    for inner in reversed(struck):
        inner.decompose()
    return (_joined_pieces(copy) if struck else whole_text), whole_text


def _is_struck(node: LexborNode) -> bool:
    style = node.attributes.get("style") or ""
    return (
        node.tag in _STRUCK_TAGS
        or "line-through" in style
        or _FORMER_PART_RE.search(_class_and_id(node)[:400]) is not None
    )


def _joined_pieces(node: LexborNode) -> str:
    """The pieces of text in an element, one a line; a number goes on in the next piece only by its decimals."""
    pieces = [" ".join(piece.split()) for piece in visible_text(node, f" {_PIECE_BREAK} ").split(_PIECE_BREAK)]
    text = ""
    for piece in filter(None, pieces):
        before = text[-2:].rstrip(".,")[-1:].isdecimal()
        if before and _DECIMALS_RE.match(piece):
            text = text.rstrip(".,") + piece
        elif before and (piece in (".", ",") or (text[-1] in ".," and _AFTER_MARK_RE.match(piece))):
            text += piece
        else:
            text += f"\n{piece}" if text else piece
    return text


def _is_former_price(node: LexborNode) -> bool:
    parent = node.parent
    names = _class_and_id(node) + (" " + _class_and_id(parent) if parent is not None else "")
    if (
        _FORMER_PRICE_RE.search(names[:400])
        or node.tag in _STRUCK_TAGS
        or (parent is not None and parent.tag in _STRUCK_TAGS)
    ):
        return True
    is_labelled = meaning_pattern("former").match(joined_label(text_before(node, MAX_LABEL_CHARS)))
    return not _OWN_PRICE_RE.search(names[:400]) and bool(is_labelled)


def _is_unrelated(node: LexborNode) -> bool:
    ancestor: LexborNode | None = node
    for _ in range(MAX_CONTEXT_LEVELS):
        if ancestor is None or ancestor.tag in ("body", "main", "form"):
            return False
        if _UNRELATED_RE.search(_class_and_id(ancestor)[:300]):
            return True
        ancestor = ancestor.parent
    return False


def _class_and_id(node: LexborNode) -> str:
    attributes = node.attributes
    return f"{attributes.get('class') or ''} {attributes.get('id') or ''}"


MAX_STOCK_ELEMENTS = 300
MAX_STOCK_CHARS = 80  # text of a button or a note
_BUY_BUTTON_RE = re.compile(
    r"add[-_]?to[-_]?(cart|basket|bag|trolley)|buy[-_]?(now|btn|button)|addtocart|btn[-_]?buy", re.I
)
_STOCK_SELECTOR = (
    "h1, #availability, button, input[type=submit], input[type=button], [role=button], a[class*=cart], a[class*=buy], "
    "a[class*=btn], a[class*=button], a[class*=Btn], a[class*=Button], a[id*=buy], a[id*=cart], [class*=stock], "
    "[class*=Stock], [class*=avail], [class*=Avail], [class*=sold-out], [class*=soldout], [class*=dispo]"
)


def vote_availability(ballot: Ballot, page: Page) -> None:
    """Vote for the availability stated by the first such element below the heading, else by the first above it."""
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
