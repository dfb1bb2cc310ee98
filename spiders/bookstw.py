"""Books.com.tw (博客來): a book's own page with author, publisher, ISBN and price; rows of a search.

Built from a saved page (bench/pages.py), whose search form names the address of the search, 2026-11; the cards of a
search from memory. Quirks: the original author stands beside the translator; the lower of two prices is what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.page.creators import split_names
from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import PAGE, Listing, Page, Platform, Proof, Request

LIST = HtmlList(
    container="#searchlist, .table-searchbox, .searchbook, .alert-msg, .search_results",
    row=".table-searchbox .table-td, #searchlist li.item, .table-container .table-tr",
    title="h4 a@title|h4 a|h3 a@title|a[rel=mid_name]@title",
    url="h4 a@href|h3 a@href|a[rel=mid_name]@href",
    price=".price b:last-of-type|.price b|.price strong|.price",
    currency="TWD",
    author="a[rel=go_author]|.author a",
    publisher="a[rel=mid_publish]",
    picture="img@data-src|img@data-srcset|img@src",
)
_ITEM_RE = re.compile(r"/(?:products|item)/([0-9A-Z]{6,14})")
_NUMBER_RE = re.compile(r"/item/([0-9A-Z]{6,14})|/products/([0-9A-Z]{6,14})")


class BooksTw(Platform):
    """Books of books.com.tw. Built from a saved page, 2026-11; not tried live."""

    name = "bookstw"
    allowed_domains = ("books.com.tw",)
    proof = Proof(PAGE, "1 page of a book in bench/pages.py, with its search form", "2026-11-22")
    limits = "The cards of a search are from memory."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results."""
        return Request(url=f"https://search.books.com.tw/search/query/key/{quote(question, safe='')}/cat/all")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One book, or the rows of a search."""
        item = _ITEM_RE.search(urlsplit(page.url).path)
        if item:
            yield self._book(page, item[1])
        elif "search." in page.url:
            for row in html_rows(page, LIST):
                number = _NUMBER_RE.search(row["url"])
                code = (number[1] or number[2]) if number else None
                url = f"https://www.books.com.tw/products/{code}" if code else row["url"]
                yield self.listing(**row | {"url": url, "sku": code})
        else:
            yield from self.read_other(page)

    def _book(self, page: Page, number: str) -> Listing:
        fields = offer_fields(page, url=f"https://www.books.com.tw/products/{number}", sku=number)
        author_texts = [link.text() for link in page.css("li a[href*='/adv_author/']")]
        if author_texts:
            fields["creators"] = split_names(author_texts[0])
        fields.pop("brand", None)
        return self.listing(**fields)
