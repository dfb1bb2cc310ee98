"""Readmoo (讀墨), a shop of e-books in Chinese: a book's own page with author, publisher, ISBN of paper and of e-book.

Built from five saved pages (bench/pages.py), 2026-11. Quirks: the page tells machines the price of today and people the
list price too; books have an ISBN of paper and one of the e-book. The search is described for browsers in a file that
was not saved, so there is none here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from crawler.shapes.listing_fields import offer_fields
from spiders import PAGE, Listing, Page, Platform, Proof, Request

_BOOK_RE = re.compile(r"/book/(\d{10,20})")


class Readmoo(Platform):
    """Books of readmoo.com. Built from five saved pages, 2026-11; not tried live."""

    name = "readmoo"
    allowed_domains = ("readmoo.com",)
    proof = Proof(PAGE, "5 pages of books in bench/pages.py", "2026-11-22")
    limits = "Books by address only."
    off_by_default = True

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One book."""
        book = _BOOK_RE.search(urlsplit(page.url).path)
        if book is None:
            yield from self.read_other(page)
            return
        fields = offer_fields(page, url=f"https://readmoo.com/book/{book[1]}", sku=book[1])
        if fields.get("brand") == fields.get("publisher"):
            fields.pop("brand", None)
        yield self.listing(**fields)
