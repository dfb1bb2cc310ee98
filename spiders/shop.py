"""Any shop: the product page of an address that no other platform claims.

Built from the vocabularies that shops publish for search engines (schema.org in JSON-LD and microdata, Open Graph) and
their common markup, checked against 95 saved pages of 62 shops (bench/pages.py), 2026-11. Quirks: microdata gives the
whole text of an element as its price; headings differ from the machine's name, then the heading is what buyers see.
It has no search of its own: addresses with {query} (option `templates`) give it one. A page without price or product is
a post: its title and text may still carry a share link.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from crawler.items import Picture
from crawler.page.metadata import Described, described, texts
from crawler.page.product import Facts, product_facts
from crawler.page.subject import APPS, PRODUCTS
from crawler.urls import canonical
from spiders import Listing, ListingKind, Page, PlatformSpider, Request

MOST_ROWS = 200
LONGEST_POST = 20_000  # characters


class Shop(PlatformSpider):
    """The fallback of all platforms. Built from schema.org vocabularies and common markup, 2026-11."""

    name = "shop"
    allowed_domains = ()  # claims what nobody else claims

    def search(self, question: str) -> Iterable[Request]:
        """One request per template; none without templates."""
        return [Request(url=template.replace("{query}", quote(question, safe=""))) for template in self.templates]

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The page's product; on a page of results its rows; else the page as a post."""
        if not page.is_html:
            page.json()  # raises where it only says that it is
            return
        found = described(page)
        rows = list(self._rows(page, found))
        facts = product_facts(page, found)
        if len(rows) > 1 and not facts.values.get("price"):
            yield from rows
        elif facts.values.get("title"):
            yield self._product(page, facts)

    def _product(self, page: Page, facts: Facts) -> Listing:
        kind, values = _kind(facts), dict(facts.values)
        pictures = tuple(Picture(url=url) for url in values.pop("images", ()))
        published = values.get("published")
        if published and published[:4].isdigit():
            values["year"] = int(published[:4])
        sources = {"pictures" if name == "images" else name: place for name, place in facts.sources.items()}
        if kind is ListingKind.POST:
            values["text"], sources["text"] = page.text()[:LONGEST_POST], "page"
        return self.listing(url=canonical(page.url), kind=kind, pictures=pictures, sources=sources, **values)

    def _rows(self, page: Page, found: Iterable[Described]) -> Iterator[Listing]:
        """Products with addresses of their own: a page of results."""
        here = canonical(page.url)
        seen = {here}
        for each in list(found)[: 5 * MOST_ROWS]:
            address = next(iter(texts(each.fields.get("url"))), None)
            url = canonical(page.urljoin(address)) if address else here
            if set(each.types) & PRODUCTS and url not in seen and len(seen) <= MOST_ROWS:
                seen.add(url)
                yield from self._row(page, each, url)

    def _row(self, page: Page, each: Described, url: str) -> Iterator[Listing]:
        title = next(iter(texts(each.fields.get("name"))), None)
        if title:
            images = tuple(Picture(url=page.urljoin(image)) for image in texts(each.fields.get("image"))[:5])
            yield self.listing(url=url, title=title, pictures=images, whole=False, sources={"title": each.source})


def _kind(facts: Facts) -> ListingKind:
    if set(facts.types) & APPS:
        return ListingKind.APP
    offered = set(facts.types) & PRODUCTS or facts.values.get("price") is not None
    return ListingKind.OFFER if offered else ListingKind.POST
