"""What a page of any shop says about its one product, and where on the page it says so.

Every field is voted on (crawler.page.evidence): objects told to machines, meta tags, objects in scripts that bear the
product's name, values behind labels, what people see, the page's own address. Knowledge about one site does not belong
here: what is true of one shop only goes into a spider of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from crawler.money import Money, price
from crawler.page.credits import from_credits
from crawler.page.evidence import ADDRESS, LABEL, SCRIPT, SHOWN, Ballot, Facts
from crawler.page.labels import labelled
from crawler.page.metadata import Described, described, opengraph
from crawler.page.page import Page
from crawler.page.prices import from_prices
from crawler.page.scripts import scripted
from crawler.page.stated import from_graph, from_object, identifier, state_named
from crawler.page.stock import from_stock
from crawler.page.subject import headings, is_told, main_object, region, title

_FIELDS = ("text", "brand", "publisher", "creators", "images", "published", "availability", "condition", "seller")
_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,4}[0-9][0-9A-Za-z]{3,19}(?![A-Za-z0-9])")
_NUMBERED = frozenset(
    ("id", "pid", "sku", "skuid", "item", "itemid", "goods_id", "goodsid", "product_id", "productid", "p")
)
_SIGN = re.compile(
    r"(€|£|₹|₽|₩|zł|Kč|\bCHF\b|NT\$|HK\$|US\$|R\$|₺|₪|₸|¥|￥)\s{0,2}[0-9]|[0-9]\s{0,2}(€|£|₽|zł|Kč|lei\b|kr\b|Ft\b|₸|₪|元)"
)


def product_facts(page: Page, found: Sequence[Described] | None = None) -> Facts:
    """Named as the fields of a Listing, and `images` (absolute addresses); what the page does not say is absent."""
    facts, ballot = Facts(), Ballot()
    shown, graph = headings(page), opengraph(page)
    objects = described(page) if found is None else found
    main = main_object(objects, shown[0] if shown else _first(graph, "og:title"), page.url)
    kinds = {kind for each in objects for kind in each.types}
    facts.article = _first(graph, "og:type") == "article" or any(
        kind.endswith(("Article", "Posting")) for kind in kinds
    )
    name, source = title(main, shown, graph, page)
    place = region(page, graph)
    if main:
        facts.types, facts.told = main.types, is_told(main, [*shown, _first(graph, "og:title")], page.url)
        from_object(ballot, main, place)
    from_graph(ballot, graph, place)
    _from_scripts(ballot, page, name, place)
    values = labelled(page)
    _from_labels(ballot, values)
    from_credits(ballot, page, values.get("author", []), shown[0] if shown else "")
    facts.priced_at = from_prices(ballot, page, place)
    from_stock(ballot, page)
    _main_image(ballot, page)
    facts.elect(ballot, _FIELDS)
    facts.put("title", _without_author(name, facts.values.get("creators", ())), source)
    _money(facts, ballot, page)
    _codes(facts, ballot, page)
    images = facts.values.get("images", ())
    facts.values["images"] = tuple(dict.fromkeys(filter(None, map(page.link, images))))
    return facts


def _from_scripts(ballot: Ballot, page: Page, name: str, place: str) -> None:
    values = scripted(page, name)
    _codes_of_scripts(ballot, page, values)
    for field in ("brand", "publisher", "seller"):
        ballot.say(field, next((text for text in values.get(field, []) if len(text) > 2), None), "script", SCRIPT)
    for text in values.get("author", [])[:1]:
        ballot.say("creators", (text,), "script", SCRIPT / 2)
    for text in values.get("price", [])[:2]:
        ballot.say("money", price(text, (values.get("currency") or [""])[0], place), "script", SCRIPT / 2)
    for text in values.get("availability", [])[:1]:
        ballot.say("availability", state_named(text), "script", SCRIPT / 2)


def _codes_of_scripts(ballot: Ballot, page: Page, values: Mapping[str, list[str]]) -> None:
    """Numbers; an `id` may be anyone's, so it counts only where the page's address bears it."""
    for text in values.get("sku", [])[:1]:
        ballot.say("sku", text, "script", SCRIPT)
    for text in values.get("id", [])[:3]:
        ballot.say("sku", text if text in page.url else None, "script", SCRIPT / 2)
    for scheme in ("gtin", "isbn", "mpn"):
        for text in values.get(scheme, [])[:1]:
            identifier(ballot, scheme, text, "script", SCRIPT)


def _from_labels(ballot: Ballot, values: Mapping[str, list[str]]) -> None:
    for field in ("brand", "publisher", "seller", "published"):
        for text in values.get(field, [])[:1]:
            text = re.sub(r"^.{0,40}[:：]\s{0,3}", "", text)
            ballot.say(field, text if len(text) <= 80 else None, "label", LABEL)
    for text in values.get("sku", [])[:3]:
        ballot.say("sku", text if _is_code(text) else None, "label", LABEL)
    for scheme in ("isbn", "gtin", "mpn"):
        for text in values.get(scheme, [])[:2]:
            identifier(ballot, scheme, text, "label", LABEL)


def _money(facts: Facts, ballot: Ballot, page: Page) -> None:
    """The price, and the currency that its own votes or the page's other statements give."""
    won = ballot.winner("money", lambda money: money.amount.normalize())
    if won is None:
        return
    money: Money = won[0]
    facts.put("price", money.amount, won[1])
    for vote in ballot.votes["money"]:
        if vote.value.amount == money.amount and vote.value.currency:
            ballot.say("currency", vote.value.currency, vote.source, vote.weight)
    facts.elect(ballot, ("currency",))
    if "currency" not in facts.values:
        signs = [sign for pair in _SIGN.findall(page.markup[:400_000]) for sign in pair if sign]
        most = max(set(signs), key=signs.count, default=None) if signs else None
        stated = price(f"1 {most}", None, region(page, {})) if most else None
        facts.put("currency", stated.currency if stated else None, "signs on the page")
    if money.amount:
        facts.put("availability", "InStock", "an offer with a price")


def _codes(facts: Facts, ballot: Ballot, page: Page) -> None:
    """The shop's own number and the identifiers. A number that the page's address bears is more likely its own."""
    if facts.told or "price" in facts.values:
        ballot.say("sku", _code_in(page), "address", ADDRESS)
    for vote in list(ballot.votes.get("sku", ())):
        short = vote.value.split()[0]
        if short != vote.value and _CODE.fullmatch(short.replace("-", "")):
            ballot.say("sku", short, vote.source, vote.weight)
        if vote.source != "address" and vote.value in page.url:
            ballot.say("sku", vote.value, vote.source, ADDRESS)
    facts.elect(ballot, ("sku",), lambda text: re.sub(r"[^0-9a-z]", "", text.casefold()))
    known: dict[str, tuple[str, ...]] = {}
    for scheme in ("isbn", "gtin", "mpn"):
        won = ballot.winner(scheme)
        if won:
            known[scheme] = tuple(dict.fromkeys([won[0], *ballot.values(scheme)]))[:3]
            facts.sources.setdefault("identifiers", won[1])
    facts.values["identifiers"] = known


def _code_in(page: Page) -> str | None:
    """The number of a product in the page's own address: a parameter that says so, else the last number of the path."""
    parts = urlsplit(page.url)
    for name, value in parse_qsl(parts.query)[:30]:
        if name.casefold() in _NUMBERED and _CODE.fullmatch(value):
            return value
    for segment in reversed(parts.path.split("/")[-3:]):
        found = _CODE.findall(segment.rsplit(".", 1)[0] if "." in segment else segment)
        codes = [str(code) for code in reversed(found) if sum(map(str.isdigit, code)) >= 4]
        if codes:
            return max(codes, key=len)
    return None


def _is_code(text: str) -> bool:
    return len(text) <= 40 and any(map(str.isdigit, text)) and len(text.split()) <= 3


def _main_image(ballot: Ballot, page: Page) -> None:
    node = page.tree.css_first("#landingImage[src], [itemprop=image][src]")
    if node is not None:
        attributes = node.attributes
        ballot.say("images", ((attributes.get("data-old-hires") or attributes["src"]) or "",), "main image", SHOWN / 2)


def _without_author(name: str, creators: Sequence[str]) -> str:
    """A title without its author behind it: "Fantastic Mr. Fox by Roald Dahl", "庄子 - 蔡某"."""
    for creator in creators[:2]:
        for mark in (" by ", " - ", " – ", " — ", "(", "（", "，"):
            head, found, _ = name.partition(mark + creator)
            if found and len(head.strip()) > 1:
                return head.strip()
    return name


def _first(graph: Mapping[str, list[str]], name: str) -> str:
    return graph[name][0] if name in graph else ""
