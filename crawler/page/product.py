"""Collect what a page of any shop says about its one product, and where on the page each field was read.

Every field is voted on (crawler.page.field_votes): structured data, meta tags, objects in scripts that carry the
product's name, values after labels, visible text, the address of the page. Knowledge about one site does not belong
here: what is true of one shop only goes into a spider of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from crawler.money import Money, parse_price
from crawler.page.creators import byline, vote_creators
from crawler.page.currency_region import currency_region
from crawler.page.field_votes import ADDRESS_WEIGHT, LABEL_WEIGHT, SCRIPT_WEIGHT, VISIBLE_WEIGHT, Ballot, Facts
from crawler.page.forum_posts import marked_thread, posted_by, repeated_thread
from crawler.page.label_values import labelled_values
from crawler.page.main_entity import (
    choose_title,
    describes_page,
    headings,
    line_title,
    main_object,
)
from crawler.page.main_text import other_listings, without_frame, without_related
from crawler.page.page import Page, text_before, visible_text
from crawler.page.price_and_stock import post_price, vote_availability, vote_price_line, vote_prices
from crawler.page.script_data import script_values
from crawler.page.site_frame import SiteFrame, is_site_description
from crawler.page.structured_data import (
    StructuredObject,
    opengraph,
    parse_availability,
    read_price,
    structured_objects,
    vote_identifier,
    vote_object,
    vote_opengraph,
)
from crawler.page.text_lines import all_lines

_ELECTED_FIELDS = (
    "text",
    "brand",
    "publisher",
    "creators",
    "images",
    "published",
    "availability",
    "condition",
    "seller",
)
_PACKAGE_RE = re.compile(r"[a-z][a-z0-9_]{0,40}(?:\.[a-zA-Z_][a-zA-Z0-9_]{0,60}){1,7}")  # of an app: "org.example.lamp"
_CODE_FIELDS = frozenset(("sku", "isbn", "gtin", "mpn"))
_CODE_RE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,4}[0-9][0-9A-Za-z]{3,19}(?![A-Za-z0-9])")
_CODE_PARAMETERS = frozenset(
    ("id", "pid", "sku", "skuid", "item", "itemid", "goods_id", "goodsid", "product_id", "productid", "p")
)
MAX_VENDOR_LINKS = 1_500  # links of a page that are looked at
MAX_VENDOR_CHARS = 80  # of a vendor's name or the label before it
_VENDOR_RE = re.compile(r"/(?:stores?|vendors?|sellers?|shops?)/[^/]+/?$", re.I)
MAX_SIGN_SEARCH_CHARS = 400_000  # characters of markup in which signs of currencies are counted
_CURRENCY_SIGN_RE = re.compile(
    r"(€|£|₹|₽|₩|zł|Kč|\bCHF\b|NT\$|HK\$|US\$|R\$|₺|₪|₸|¥|￥)\s{0,2}[0-9]|[0-9]\s{0,2}(€|£|₽|zł|Kč|lei\b|kr\b|Ft\b|₸|₪|元)"
)


def product_facts(
    page: Page, known_objects: Sequence[StructuredObject] | None = None, frame: SiteFrame | None = None
) -> Facts:
    """The product of a page as fields of a Listing, and `images` (absolute addresses); unstated fields are absent.

    With the frame of the site nothing counts that stands on every page of it or speaks of other listings.
    """
    facts, ballot = Facts(), Ballot()
    objects = structured_objects(page) if known_objects is None else known_objects
    graph = opengraph(page)
    page = without_frame(page, frame) if frame else page
    page_headings = headings(page)
    main = main_object(objects, page_headings[0] if page_headings else _first_content(graph, "og:title"), page.url)
    kinds = {kind for item in objects for kind in item.types}
    facts.is_article = _first_content(graph, "og:type") == "article" or any(
        kind.endswith(("Article", "Posting")) for kind in kinds
    )
    name, source = line_title(page, *choose_title(main, page_headings, graph, page, frame.names if frame else ()))
    page = without_related(page, name) if frame else page
    region = currency_region(page)
    if main:
        facts.types, facts.is_declared = (
            main.types,
            describes_page(main, [*page_headings, _first_content(graph, "og:title")], page.url),
        )
        vote_object(ballot, main, region)
    vote_opengraph(ballot, graph, region)
    if frame:
        own_texts = [vote for vote in ballot.votes.get("text", ()) if not is_site_description(frame, vote.value)]
        ballot.votes["text"] = own_texts
    _vote_scripts(ballot, page, name, region)
    values = labelled_values(page)
    _vote_labels(ballot, values)
    _vote_vendor(ballot, page, (*graph.get("og:site_name", ())[:1], *(frame.names if frame else ())))
    _vote_shown(facts, ballot, page, name, region)
    _vote_subject(facts, ballot, page, values.get("author", []), page_headings[0] if page_headings else "")
    _vote_main_image(ballot, page)
    facts.elect_winners(ballot, _ELECTED_FIELDS)
    facts.is_offered = facts.thread is None and (("money" in ballot.votes) or (frame is not None and frame.sells))
    if frame and frame.names and facts.is_offered:
        facts.set_if_missing("seller", frame.names[0], "name of the site")
    facts.set_if_missing("title", _strip_author(name, facts.values.get("creators", ())), source)
    _elect_price(facts, ballot, page)
    _elect_codes(facts, ballot, page)
    images = facts.values.get("images", ())
    facts.values["images"] = tuple(dict.fromkeys(filter(None, map(page.link, images))))
    return facts


def _vote_shown(facts: Facts, ballot: Ballot, page: Page, name: str, region: str) -> None:
    """Vote for price and availability as the page shows them, or as its first post states them; find the posts."""
    if not facts.is_declared:
        facts.thread = marked_thread(page)
    if facts.thread is None:
        facts.price_element_ids = vote_prices(ballot, page, region, lambda: other_listings(page, name))
        vote_availability(ballot, page)
        is_product = (
            facts.price_element_ids or facts.is_declared or facts.is_article or ballot.votes.keys() & _CODE_FIELDS
        )
        facts.thread = None if is_product else repeated_thread(page)
        if "money" not in ballot.votes and not facts.is_article and facts.thread is None:
            vote_price_line(ballot, page, region)
    if facts.thread:
        ballot.votes.pop("money", None)
        money = post_price(name, facts.thread.post_lines(facts.thread.posts[0]), region)
        ballot.add_vote("money", money, "price in the post", LABEL_WEIGHT)


def _vote_subject(facts: Facts, ballot: Ballot, page: Page, authors: list[str], heading: str) -> None:
    """Vote for the creators of the work, or note who wrote the post."""
    if facts.thread:
        facts.byline = facts.thread.author
        return
    vote_creators(ballot, page, authors, heading)
    is_work = ballot.votes.keys() & {*_CODE_FIELDS, "publisher"} or any(
        vote.source.startswith(("og:novel", "book")) for vote in ballot.votes.get("creators", ())
    )
    is_sold = facts.is_declared or facts.price_element_ids
    facts.byline = "" if is_work else byline(page) or ("" if is_sold else posted_by(all_lines(page)))


def _vote_scripts(ballot: Ballot, page: Page, name: str, region: str) -> None:
    values = script_values(page, name)
    _vote_script_codes(ballot, page, values)
    for field in ("brand", "publisher", "seller"):
        ballot.add_vote(
            field, next((text for text in values.get(field, []) if len(text) > 2), None), "script", SCRIPT_WEIGHT
        )
    for text in values.get("author", [])[:1]:
        ballot.add_vote("creators", (text,), "script", SCRIPT_WEIGHT / 2)
    for text in values.get("price", [])[:2]:
        currency = (values.get("currency") or [""])[0]
        for price in read_price(text, currency, region):
            ballot.add_vote("money", price.money, "script", SCRIPT_WEIGHT / 2)
    for text in values.get("availability", [])[:1]:
        ballot.add_vote("availability", parse_availability(text), "script", SCRIPT_WEIGHT / 2)


def _vote_script_codes(ballot: Ballot, page: Page, values: Mapping[str, list[str]]) -> None:
    """Vote for codes; an `id` may belong to anything, so it counts only if the page's address contains it."""
    for text in values.get("sku", [])[:1]:
        ballot.add_vote("sku", text, "script", SCRIPT_WEIGHT)
    for text in values.get("id", [])[:3]:
        ballot.add_vote("sku", text if text in page.url else None, "script", SCRIPT_WEIGHT / 2)
    for scheme in ("gtin", "isbn", "mpn"):
        for text in values.get(scheme, [])[:1]:
            vote_identifier(ballot, scheme, text, "script", SCRIPT_WEIGHT)


def _vote_labels(ballot: Ballot, values: Mapping[str, list[str]]) -> None:
    for field in ("brand", "publisher", "seller", "published"):
        for text in values.get(field, [])[:1]:
            text = re.sub(r"^.{0,40}[:：]\s{0,3}", "", text)
            ballot.add_vote(field, text if len(text) <= 80 else None, "label", LABEL_WEIGHT)
    for text in values.get("sku", [])[:3]:
        ballot.add_vote("sku", text if _is_code(text) else None, "label", LABEL_WEIGHT)
    for scheme in ("isbn", "gtin", "mpn"):
        for text in values.get(scheme, [])[:2]:
            vote_identifier(ballot, scheme, text, "label", LABEL_WEIGHT)
    for text in values.get("package", [])[:2]:
        ballot.add_vote("package", text if _PACKAGE_RE.fullmatch(text) else None, "label", LABEL_WEIGHT)


def _vote_vendor(ballot: Ballot, page: Page, site_names: Sequence[str]) -> None:
    """Vote for the vendor whose store a market links to behind a label; the market itself is then no seller."""
    sites = {_folded(name) for name in site_names}
    vendors = [
        visible_text(node)
        for node in page.nodes("a[href]", MAX_VENDOR_LINKS)
        if _VENDOR_RE.search(urlsplit(node.attributes.get("href") or "").path)
        and text_before(node, MAX_VENDOR_CHARS).endswith((":", "："))
    ]
    vendors = [name for name in dict.fromkeys(vendors) if 1 < len(name) <= MAX_VENDOR_CHARS]
    if len(vendors) == 1 and _folded(vendors[0]) not in sites:
        ballot.add_vote("seller", vendors[0], "link to the store", LABEL_WEIGHT)
    own = [vote for vote in ballot.votes.get("seller", ()) if _folded(vote.value) not in sites]
    if own:
        ballot.votes["seller"] = own


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _elect_price(facts: Facts, ballot: Ballot, page: Page) -> None:
    """Set the price, and its currency by the votes for that price, else by other statements of the page."""
    winner = ballot.winner("money", lambda money: money.amount.normalize())
    if winner is None:
        return
    money: Money = winner[0]
    facts.set_if_missing("price", money.amount, winner[1])
    high = next((high for low, high in ballot.values("range") if low == money.amount), None)
    facts.set_if_missing("price_high", high, winner[1])
    for vote in ballot.votes["money"]:
        if vote.value.amount == money.amount and vote.value.currency:
            ballot.add_vote("currency", vote.value.currency, vote.source, vote.weight)
    facts.elect_winners(ballot, ("currency",))
    if "currency" not in facts.values:
        facts.set_if_missing("currency", _currency_from_signs(page), "signs on the page")
    if money.amount:
        facts.set_if_missing("availability", "InStock", "an offer with a price")


def _currency_from_signs(page: Page) -> str | None:
    """The currency whose sign stands most often beside a number; of equally frequent signs the first on the page."""
    matches = _CURRENCY_SIGN_RE.findall(page.markup[:MAX_SIGN_SEARCH_CHARS])
    counts = Counter(sign for pair in matches for sign in pair if sign)
    if not counts:
        return None
    price = parse_price(f"1 {counts.most_common(1)[0][0]}", None, currency_region(page))
    return price.currency if price else None


def _elect_codes(facts: Facts, ballot: Ballot, page: Page) -> None:
    """Set the shop's own number and the identifiers. A number in the page's address is more likely the shop's."""
    if facts.is_declared or "price" in facts.values:
        ballot.add_vote("sku", _code_from_address(page), "address", ADDRESS_WEIGHT)
    for vote in list(ballot.votes.get("sku", ())):
        first_word = vote.value.split()[0]
        if first_word != vote.value and _CODE_RE.fullmatch(first_word.replace("-", "")):
            ballot.add_vote("sku", first_word, vote.source, vote.weight)
        if vote.source != "address" and vote.value in page.url:
            ballot.add_vote("sku", vote.value, vote.source, ADDRESS_WEIGHT)
    facts.elect_winners(ballot, ("sku",), lambda text: re.sub(r"[^0-9a-z]", "", text.casefold()))
    identifiers: dict[str, tuple[str, ...]] = {}
    for scheme in ("isbn", "gtin", "mpn", "package"):
        winner = ballot.winner(scheme)
        if winner:
            identifiers[scheme] = tuple(dict.fromkeys([winner[0], *ballot.values(scheme)]))[:3]
            facts.sources.setdefault("identifiers", winner[1])
    facts.values["identifiers"] = identifiers


def _code_from_address(page: Page) -> str | None:
    """The product number in the page's own address: a parameter named as one, else the last number of the path."""
    parts = urlsplit(page.url)
    for name, value in parse_qsl(parts.query)[:30]:
        if name.casefold() in _CODE_PARAMETERS and _CODE_RE.fullmatch(value):
            return value
    for segment in reversed(parts.path.split("/")[-3:]):
        matches = _CODE_RE.findall(segment.rsplit(".", 1)[0] if "." in segment else segment)
        codes = [str(code) for code in reversed(matches) if sum(map(str.isdigit, code)) >= 4]
        if codes:
            return max(codes, key=len)
    return None


def _is_code(text: str) -> bool:
    return len(text) <= 40 and any(map(str.isdigit, text)) and len(text.split()) <= 3


def _vote_main_image(ballot: Ballot, page: Page) -> None:
    node = page.tree.css_first("#landingImage[src], [itemprop=image][src]")
    if node is not None:
        attributes = node.attributes
        ballot.add_vote(
            "images", ((attributes.get("data-old-hires") or attributes["src"]) or "",), "main image", VISIBLE_WEIGHT / 2
        )


def _strip_author(name: str, creators: Sequence[str]) -> str:
    """A title without its author after it: "Fantastic Mr. Fox by Roald Dahl", "庄子 - 蔡某"."""
    for creator in creators[:2]:
        for mark in (" by ", " - ", " – ", " — ", "(", "（", "，"):
            head, separator, tail = name.partition(mark + creator)
            if separator and len(head.strip()) > 1 and not any(map(str.isalnum, tail)):
                return head.strip()
    return name


def _first_content(graph: Mapping[str, list[str]], name: str) -> str:
    return graph[name][0] if name in graph else ""
