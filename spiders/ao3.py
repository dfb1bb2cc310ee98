"""Archive of Our Own, an archive of fan works: a work's own page and the rows of a search.

Built from a saved page of a work, whose form names the search (bench/pages.py), 2026-11; the rows of a search from
memory of the same markup. Quirks: the heading of the page is the archive's, the work's is a second heading; works for
adults ask first (`view_adult`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.shapes.html_list import HtmlList, html_rows
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request

SITE = "https://archiveofourown.org"
LIST = HtmlList(
    container="ol.work.index, #main .works-search, #main h3.heading",
    row="li.work.blurb",
    title="h4.heading a[href*='/works/']",
    url="h4.heading a[href*='/works/']@href",
    author="a[rel=author]",
    text="blockquote.summary",
)
_WORK_RE = re.compile(r"/works/(\d{2,12})")


class Ao3(Platform):
    """Works of archiveofourown.org. Built from a saved page, 2026-11; not tried live."""

    name = "ao3"
    allowed_domains = ("archiveofourown.org",)
    kind = ListingKind.POST
    proof = Proof(PAGE, "1 page of a work in bench/pages.py, with its search form", "2026-11-22")
    limits = "The rows of a search are from memory."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the results, newest first."""
        query = f"work_search%5Bquery%5D={quote(question)}&work_search%5Bsort_column%5D=created_at"
        return Request(url=f"{SITE}/works/search?{query}")

    def open(self, address: str, code: str | None = None) -> Request:
        """The request for the work's first page, whatever its rating."""
        work = _WORK_RE.search(address)
        return Request(url=f"{SITE}/works/{work[1]}?view_adult=true" if work else address)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One work, or the rows of a search."""
        work = _WORK_RE.search(urlsplit(page.url).path)
        if work is None:
            for row in html_rows(page, LIST):
                yield self.listing(**row)
            return
        text = [page.css(part).text(default="") for part in (".summary blockquote", "#chapters .userstuff")]
        yield self.listing(
            url=f"{SITE}/works/{work[1]}",
            title=page.css("h2.title").text(),
            text="\n".join(filter(None, text)),
            creators=tuple(dict.fromkeys(author.text() for author in page.css("#workskin a[rel=author]"))),
            published=page.css("dd.published").text(default=None),
            sku=work[1],
        )
