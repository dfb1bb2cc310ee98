"""Any shop: the product page or the list of an address that no other platform claims.

Built from the vocabularies that shops publish for search engines (schema.org in JSON-LD and microdata, Open Graph) and
their common markup, checked against 95 saved pages of 62 shops (bench/pages.py), 2026-11. Every field is voted on by
all that the page says (crawler/page/product.py); pages of results are read by the blocks that repeat
(crawler/page/rows.py), feeds and JSON answers by the names of their fields. Its search is what configuration gives it:
addresses with {query} (option `templates`), or shops (option `sites`) whose own pages say how they are searched, in an
OpenSearch description, a SearchAction or a form. A page without price or product is a post: its title and text may
still carry a share link.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crawler.page import asking
from crawler.page.answers import rows, subject
from crawler.page.evidence import Facts
from crawler.page.feeds import entries, is_feed
from crawler.page.metadata import Described, described, texts
from crawler.page.page import LayoutError
from crawler.page.product import product_facts
from crawler.page.row import Row
from crawler.page.rows import ASKED, repeated
from crawler.page.sitemap import is_sitemap, named
from crawler.page.subject import PRODUCTS
from crawler.shapes.wholepage import page_fields, row_fields
from crawler.urls import canonical
from spiders import PAGE, Listing, Page, PlatformSpider, Proof, Request

MOST_ROWS = 200
ASKED_FOR = "asked_for"  # the question of a request that only looks for the search of a site


class Shop(PlatformSpider):
    """The fallback of all platforms. Built from schema.org vocabularies and common markup, 2026-11."""

    name = "shop"
    allowed_domains = ()  # claims what nobody else claims
    searched_as_told = True
    proof = Proof(PAGE, "57 sites of bench/pages.py that have no spider of their own", "2026-11-22")
    limits = "No knowledge of any one shop; prices that only scripts draw are not seen."

    def search(self, question: str) -> Iterable[Request]:
        """One request per template, and per site one that leads to its search; none without either."""
        known = [Request(url=asking.filled(template, question)) for template in self.templates]
        return known + [Request(url=site, values={ASKED_FOR: question}) for site in self.sites]

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The page's product; on a page of results its rows; a sitemap's pages; else the page as a post."""
        question = page.values.get(ASKED_FOR)
        if question:
            yield self._question(page, question)
        elif is_sitemap(page):
            yield from named(page)
        elif is_feed(page):
            yield from map(self._row, entries(page))
        elif not page.is_html:
            yield from self._answer(page)
        else:
            yield from self._page(page)

    def _question(self, page: Page, question: str) -> Request:
        """The search of a site, as its description or its page says; of a page that names a description, that."""
        template = asking.described(page) or asking.asked_by_page(page)
        described = asking.described_at(page) if page.is_html else None
        if described and page.values.get("described") is None:
            kept = {"fallback": template} if template else {}
            return Request(url=described, values={ASKED_FOR: question, "described": "yes", **kept})
        template = template or page.values.get("fallback")
        if template is None:
            raise LayoutError("shop: the site does not say how it is searched; option templates can")
        return Request(url=asking.filled(template, question))

    def _answer(self, page: Page) -> Iterator[Listing]:
        value = page.json()  # raises where it only says that it is
        found, about = rows(page, value), subject(page, value, deepest=1)
        if len(found) < 2 and about is None:
            about = subject(page, value)
        yield from map(self._row, [about] if about else found)

    def _page(self, page: Page) -> Iterator[Listing]:
        found = described(page)
        facts = product_facts(page, found)
        listed = [] if facts.told else _listed(page, facts)
        if len(listed) < 2 and not facts.values.get("price"):
            listed = list(_told(page, found))
        if len(listed) > 1:
            yield from map(self._row, listed)
        elif facts.values.get("title"):
            yield self.listing(**page_fields(page, facts))

    def _row(self, row: Row) -> Listing:
        return self.listing(**row_fields(row))


def _told(page: Page, found: Iterable[Described]) -> Iterator[Row]:
    """Products with addresses of their own that the page tells machines of."""
    here = canonical(page.url)
    seen = {here}
    for each in list(found)[: 5 * MOST_ROWS]:
        address = next(iter(texts(each.fields.get("url"))), None)
        url = canonical(page.link(address) or here) if address else here
        title = next(iter(texts(each.fields.get("name"))), None)
        if title and set(each.types) & PRODUCTS and url not in seen and len(seen) <= MOST_ROWS:
            seen.add(url)
            images = tuple(filter(None, (page.link(image) for image in texts(each.fields.get("image"))[:5])))
            yield Row(url=url, title=title, source=each.source, pictures=images, offered=True)


def _listed(page: Page, facts: Facts) -> list[Row]:
    """The rows of a page of results; none where a price or a label stands apart from them: there is a product."""
    asked = ASKED.search(page.url) is not None
    if facts.article and not asked:
        return []
    found = repeated(page)
    apart = facts.priced_at and not found.blocks & set(facts.priced_at)
    apart = apart or "label" in (facts.sources.get("sku"), facts.sources.get("identifiers"))
    return found.rows if asked or not apart else []
