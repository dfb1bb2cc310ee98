"""itch.io, a place of independent games: a game's own page and answer, cards of a search.

Built from a saved page and an answer of its API (bench/pages.py), 2026-11; the page's form names the search, the cards
are from memory. Quirks: a maker is a subdomain; a game without a price is free.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import quote, urlsplit

from crawler.items import Picture
from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.json_list import text_at
from crawler.shapes.listing_fields import offer_fields
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request

LIST = HtmlList(
    container=".game_grid_widget, .search_page, .search_results",
    row=".game_cell",
    title=".game_title a|a.title|.title",
    url=".game_title a@href|a.title@href|a@href",
    code="@data-game_id",
    price=".price_value",
    seller=".game_author a",
    picture="img@data-lazy_src|img@src",
)


class Itchio(Platform):
    """Games of itch.io. Built from a saved page and an answer, 2026-11; not tried live."""

    name = "itchio"
    allowed_domains = ("itch.io",)
    kind = ListingKind.APP
    proof = Proof(PAGE, "1 page of a game and 1 answer of the API in bench/pages.py", "2026-11-22")
    limits = "The cards of a search are from memory."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results."""
        return Request(url=f"https://itch.io/search?q={quote(question)}")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One game, the answer about it, or the cards of a search."""
        parts = urlsplit(page.url)
        if not page.is_html:
            yield self._from_answer(page)
        elif parts.netloc in ("itch.io", "www.itch.io"):
            yield from (self.listing(**row) for row in html_rows(page, LIST))
        else:
            yield self._game(page)

    def _game(self, page: Page) -> Listing:
        fields = offer_fields(page, title=page.css("h1.game_title, h1[itemprop=name]").text(default=None))
        maker = page.css(".game_info_panel_widget a[href$='.itch.io'], .on_follow a").text(default="")
        maker = maker or urlsplit(page.url).netloc.partition(".")[0]
        return self.listing(**fields | {"seller": maker, "publisher": maker, "identifiers": {}, "sku": None})

    def _from_answer(self, page: Page) -> Listing:
        game = page.json()["game"]
        cover = page.link(text_at(game, "cover_url"))
        amount = text_at(game, "min_price")
        return self.listing(
            url=text_at(game, "url"),
            title=text_at(game, "title"),
            text=text_at(game, "short_text"),
            sku=text_at(game, "id") or None,
            seller=text_at(game, "user.display_name|user.username") or None,
            price=Decimal(amount) / 100 if amount.isdecimal() else None,
            currency="USD" if amount.isdecimal() else None,
            published=text_at(game, "published_at") or None,
            pictures=(Picture(url=cover),) if cover else (),
        )
