"""Qidian (起点中文网), the licensed home of many web novels: a novel's own page, cards of a search.

Built from a saved page of a novel, whose form names the search (bench/pages.py), 2026-11; the cards of a search from
memory. Quirks: the heading holds name, author and day of the last chapter together; a slider guards the site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request

LIST = HtmlList(
    container="#result-list, .book-img-text, .no-data",
    row="#result-list li, .book-img-text li",
    title="h3 a|h4 a|h2 a",
    url="h3 a@href|h4 a@href|h2 a@href",
    code="@data-bid|a@data-bid",
    author="p.author a.name|.author a",
    text="p.intro",
    picture="img@src",
)
_BOOK_RE = re.compile(r"/(?:info|book)/(\d{6,20})")


class Qidian(Platform):
    """Novels of qidian.com. Built from a saved page, 2026-11; not tried live."""

    name = "qidian"
    allowed_domains = ("qidian.com",)
    kind = ListingKind.POST
    proof = Proof(PAGE, "1 page of a novel in bench/pages.py, with its search form", "2026-11-22")
    limits = "The cards of a search are from memory; often a slider: then the outcome is challenged."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results."""
        return Request(url=f"https://www.qidian.com/so/{quote(question, safe='')}.html")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One novel, or the cards of a search."""
        book = _BOOK_RE.search(urlsplit(page.url).path)
        if book is None:
            for row in html_rows(page, LIST):
                yield self.listing(**row)
            return
        author = page.css("a.writer, .writer-name, .author").text(default="")
        fields = offer_fields(page, title=page.css("#bookName, h1 em").text(default=None))
        selected = {name: fields[name] for name in ("title", "text", "pictures", "sources") if name in fields}
        url = f"https://book.qidian.com/info/{book[1]}/"
        yield self.listing(**selected, url=url, sku=book[1], creators=(author,) if author else ())
