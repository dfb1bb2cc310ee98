"""Fields of a listing from the generic readers of pages (crawler.page), for platforms with little to add.

A platform whose offer pages carry structured data needs no selectors of its own: it passes these fields to `listing`
and adds what it knows itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crawler.items import ListingKind, Picture, SharedFile
from crawler.page.field_votes import Facts
from crawler.page.list_row import ListRow
from crawler.page.main_entity import APP_TYPES, PRODUCT_TYPES
from crawler.page.main_text import main_text, shows_more
from crawler.page.page import LayoutError, Page
from crawler.page.product import product_facts
from crawler.page.site_frame import SiteFrame
from crawler.page.text_lines import hands_out
from crawler.urls import canonicalize_url

MAX_LABEL_CHARS = 20  # of a text that is nothing but a label


def offer_fields(page: Page, **overrides: Any) -> dict[str, Any]:
    """The fields of a page that is one offer; `overrides` other than None win. Raises LayoutError without a title."""
    facts = product_facts(page)
    fields = _fact_fields(page, facts)
    if fields["kind"] is ListingKind.POST:
        fields["text"] = main_text(page, None, fields.get("title", "")).text
        fields["sources"]["text"] = "main text"
    elif shows_more(page):
        words = main_text(page, None, fields.get("title", ""))
        fields["text"] = _with_shown(fields.get("text", ""), words.described)
    if not fields.get("title"):
        raise LayoutError("the page names no product")
    fields.pop("kind")
    if overrides.get("price") not in (None, fields.get("price")):
        fields.pop("price_high", None)  # it belonged to the other price
    return fields | {name: value for name, value in overrides.items() if value is not None}


def page_fields(page: Page, facts: Facts, frame: SiteFrame | None = None) -> dict[str, Any]:
    """The fields of any page: an app, an offer, or a post, with the words and pictures that are the seller's own.

    `frame` is what stands on every page of the site, the one that `facts` were read with.
    """
    fields = _fact_fields(page, facts)
    is_post, thread = fields["kind"] is ListingKind.POST, facts.thread
    stated, pictures = fields.get("text", ""), fields["pictures"]
    if stated and pictures and not is_post and frame is None and not shows_more(page):
        return fields
    subject, roots = (thread.page, thread.posts[0].bodies) if thread else (page, ())
    words = main_text(subject, frame, fields.get("title", ""), roots)
    if thread and _says_nothing(words.text):
        around = thread.posts[0].around
        words = main_text(subject, frame, fields.get("title", ""), (around,) if around is not None else ())
    lines = [*words.text.splitlines(), *(thread.own_links() if thread else ())]
    if is_post or not stated:
        fields["text"] = _with_shown("\n".join(dict.fromkeys(lines)), () if is_post else words.described)
        fields["sources"]["text"] = "first post" if thread else "main text"
    else:
        fields["text"] = _with_shown(stated, lines if frame or hands_out(words.text) else words.described)
    if is_post and facts.byline and not fields.get("seller"):
        fields["seller"], fields["sources"]["seller"] = facts.byline, "author of the post"
    if is_post and frame:
        fields.pop("creators", None)  # on a site that was learned, who wrote the post: a work's are in the words
    if is_post or not pictures:
        addresses = dict.fromkeys((*(picture.url for picture in pictures), *words.pictures))
        fields["pictures"] = tuple(Picture(url=address) for address in addresses)
    return fields


def _with_shown(stated: str, lines: Iterable[str]) -> str:
    """The description that a page states, and the lines that it shows besides."""
    return "\n".join(filter(None, (stated, *(line for line in dict.fromkeys(lines) if line not in stated))))


def _says_nothing(text: str) -> bool:
    """Whether a text is empty or a label without a value."""
    return text.endswith((":", "：")) and len(text) <= MAX_LABEL_CHARS if text else True


def _fact_fields(page: Page, facts: Facts) -> dict[str, Any]:
    """The fields that facts state."""
    values, kind = dict(facts.values), _listing_kind(facts)
    sources = {"pictures" if name == "images" else name: source for name, source in facts.sources.items()}
    values["pictures"] = tuple(Picture(url=url) for url in values.pop("images", ()))
    published = values.get("published")
    if published and published[:4].isdigit():
        values["year"] = int(published[:4])
    return {"url": canonicalize_url(page.url), "kind": kind, "sources": sources, **values}


def row_fields(row: ListRow) -> dict[str, Any]:
    """The fields of one row of a list."""
    return {
        "url": canonicalize_url(row.url),
        "kind": ListingKind.OFFER if row.money or row.is_product else ListingKind.POST,
        "title": row.title,
        "text": "\n".join(dict.fromkeys(filter(None, (row.text, *row.links)))),
        "price": row.money.amount if row.money else None,
        "price_high": row.price_high,
        "currency": row.money.currency if row.money else None,
        "seller": row.seller,
        "creators": (row.author,) if row.author else (),
        "published": row.published,
        "sku": row.code,
        "pictures": tuple(Picture(url=url) for url in row.pictures),
        "files": (SharedFile(name=row.title, size=row.size),) if row.size else (),
        "sources": {"title": row.source},
        "whole": False,
    }


def _listing_kind(facts: Facts) -> ListingKind:
    if set(facts.types) & APP_TYPES:
        return ListingKind.APP
    if facts.thread:
        return ListingKind.POST
    if facts.values.get("identifiers", {}).get("package"):
        return ListingKind.APP
    is_bought = facts.sources.get("availability") not in (None, "an offer with a price")
    if facts.is_article and not is_bought and not set(facts.types) & PRODUCT_TYPES:
        return ListingKind.POST  # the price in an article is that of what it writes about
    is_offer = set(facts.types) & PRODUCT_TYPES or facts.values.get("price") is not None or facts.is_offered
    return ListingKind.OFFER if is_offer else ListingKind.POST
