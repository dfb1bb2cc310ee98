"""Google Drive: state and names of a share, read from its preview; no file is downloaded.

Built from notes on shares, 2026-11, completed from memory; never tried live. Quirks: a folder is
read in its embedded form; no page of a dead share is known well enough to be called gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.items import ShareLink, ShareState
from crawler.shapes.drives import entry, named, share_at, share_read, shared, state_of
from crawler.shapes.states import by_words
from spiders import PAGE, Listing, ListingKind, Page, PlatformSpider, Proof, Request


class Gdrive(PlatformSpider):
    """Shares of drive.google.com. Built from notes, 2026-11; not tried live."""

    name = "gdrive"
    allowed_domains = ("drive.google.com", "drive.usercontent.google.com")
    proof = Proof(PAGE, "2 pages of folders in bench/pages.py; files from notes", "2026-11-22")
    limits = "No page of a dead share is known."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    judges_itself = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Open the share's own page. Raises BadInput where the address is no share."""
        link = share_at("gdrive", address)
        return Request(url=_page_of(link), values=named(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The page is the share."""
        link = share_read("gdrive", page)
        state = state_of(page, self.classify)
        files = [entry(each) for each in _names(page)]
        state = ShareState.ALIVE if files and state is ShareState.UNKNOWN else state
        title = page.css("title").text(default="").removesuffix("- Google Drive").strip() if files else ""
        name = page.css(".uc-name-size a").text(default="") or _content(page, "[itemprop=name]")
        if not files and name and state is ShareState.ALIVE:
            files = [entry(name, page.css(".uc-name-size").text(default="").rpartition("(")[2])]
        yield shared(self.name, link, state, page, title=title, files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from its page. Unrecognised is `unknown`, never gone."""
        return by_words("gdrive", answer) if isinstance(answer, str) else ShareState.UNKNOWN


def _page_of(link: ShareLink) -> str:
    if "/folders/" in link.url:
        return f"https://drive.google.com/embeddedfolderview?id={link.share_id}"
    return f"https://drive.google.com/file/d/{link.share_id}/view"


def _names(page: Page) -> list[str]:
    """The names in a folder, in its embedded form, as a list of links, or as the page itself draws it."""
    flips = [each.text() for each in page.css(".flip-entry-title")]
    links = [each.text() for each in page.css("a[href*='/file/d/'], a[href*='/drive/folders/']")]
    drawn = [each.text().removeprefix("Download ") for each in page.css("[data-id][role=row], div[data-id]")]
    return list(dict.fromkeys(filter(None, flips or drawn or links)))


def _content(page: Page, selector: str) -> str:
    found = page.css(selector)
    return found.attrib.get("content", "") if len(found) else ""
