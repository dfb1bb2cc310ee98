"""Any shop: the product page or the list of an address that no other platform claims.

Built from the vocabularies that shops publish for search engines (schema.org in JSON-LD and microdata, Open Graph) and
their common markup, checked against 95 saved pages of 62 shops (bench/pages.py), 2026-11. Every field is voted on by
all that the page says (crawler/page/product.py); pages of results are read by the blocks that repeat
(crawler/page/repeated_blocks.py), feeds and JSON answers by the names of their fields. Its search is what
configuration gives it: addresses with {query} (option `templates`); addresses of sites (option `sites`) are platforms
of their own (sites.py). A page without price or product is a post: its title and text may still carry a share link.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crawler.page.feeds import feed_entries, is_feed
from crawler.page.field_votes import Facts
from crawler.page.json_answers import answer_rows, answer_subject
from crawler.page.list_row import ListRow
from crawler.page.main_entity import PRODUCT_TYPES
from crawler.page.product import product_facts
from crawler.page.repeated_blocks import SEARCH_ADDRESS_RE, repeated_rows
from crawler.page.result_list import result_list
from crawler.page.search_forms import fill_template
from crawler.page.sitemap import is_sitemap, sitemap_requests
from crawler.page.structured_data import StructuredObject, structured_objects, texts
from crawler.shapes.listing_fields import page_fields, row_fields
from crawler.urls import canonicalize_url
from spiders import PAGE, Listing, Page, Platform, Proof, Request

MAX_ROWS = 200
LIST_KEY = "list_of"  # value of a request: the page is a list that answers this question ("" for no question)


class Shop(Platform):
    """The fallback of all platforms. Built from schema.org vocabularies and common markup, 2026-11."""

    name = "shop"
    allowed_domains = ()  # claims what nobody else claims
    search_configured = True
    proof = Proof(PAGE, "57 sites of bench/pages.py that have no spider of their own", "2026-11-22")
    limits = "No knowledge of any one shop; prices that only scripts draw are not seen."

    def search(self, question: str) -> Iterable[Request]:
        """One request per template; none without any."""
        return [
            Request(url=fill_template(template, question), values={LIST_KEY: question}) for template in self.templates
        ]

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """Yield the page's product, the rows of a page of results, the pages of a sitemap, else the page as a post."""
        if is_sitemap(page):
            yield from sitemap_requests(page)
        elif is_feed(page):
            yield from map(self._row, feed_entries(page))
        elif not page.is_html:
            yield from self._answer(page)
        else:
            yield from self._page(page)

    def _answer(self, page: Page) -> Iterator[Listing]:
        value = page.json()  # raises LayoutError if it only claims to be JSON
        found_rows, main_row = answer_rows(page, value), answer_subject(page, value, max_depth=1)
        if len(found_rows) < 2 and main_row is None:
            main_row = answer_subject(page, value)
        yield from map(self._row, [main_row] if main_row else found_rows)

    def _page(self, page: Page) -> Iterator[Listing]:
        objects = structured_objects(page)
        facts = product_facts(page, objects)
        is_list = LIST_KEY in page.values
        result_rows = [] if facts.is_declared else _result_rows(page, facts)
        if len(result_rows) < 2 and not facts.values.get("price"):
            result_rows = list(declared_products(page, objects))
        if not result_rows and is_list and not facts.is_declared:
            result_rows = result_list(page, page.values[LIST_KEY]).rows
        if len(result_rows) > 1 or (result_rows and is_list):
            yield from map(self._row, result_rows)
        elif facts.values.get("title") and (facts.is_declared or not is_list):
            yield self.listing(**page_fields(page, facts))

    def _row(self, row: ListRow) -> Listing:
        return self.listing(**row_fields(row))


def declared_products(page: Page, objects: Iterable[StructuredObject]) -> Iterator[ListRow]:
    """Yield the products with addresses of their own in the page's structured data."""
    page_address = canonicalize_url(page.url)
    seen_addresses = {page_address}
    for item in list(objects)[: 5 * MAX_ROWS]:
        address = next(iter(texts(item.fields.get("url"))), None)
        url = canonicalize_url(page.link(address) or page_address) if address else page_address
        title = next(iter(texts(item.fields.get("name"))), None)
        if title and set(item.types) & PRODUCT_TYPES and url not in seen_addresses and len(seen_addresses) <= MAX_ROWS:
            seen_addresses.add(url)
            images = tuple(filter(None, (page.link(image) for image in texts(item.fields.get("image"))[:5])))
            yield ListRow(url=url, title=title, source=item.source, pictures=images, is_product=True)


def _result_rows(page: Page, facts: Facts) -> list[ListRow]:
    """The rows of a page of results; none if a price or a label apart from them shows that it is a product's page."""
    is_search_page = SEARCH_ADDRESS_RE.search(page.url) is not None
    if facts.is_article and not is_search_page:
        return []
    repeated = repeated_rows(page)
    is_product_page = facts.price_element_ids and not repeated.block_ids & set(facts.price_element_ids)
    is_product_page = is_product_page or "label" in (facts.sources.get("sku"), facts.sources.get("identifiers"))
    return repeated.rows if is_search_page or not is_product_page else []
