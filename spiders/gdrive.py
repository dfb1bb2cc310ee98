"""Google Drive: state and names of a share, read from its preview; no file is downloaded.

Built from notes on shares, 2026-11, completed from memory; never tried live. Quirks: a folder is
read in its embedded form; no page of a dead share is known well enough to be called gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.items import ShareLink, ShareState
from crawler.shapes.cloud_drives import parse_share, share_listing, share_of_page, share_values, shared_file, state_of
from crawler.shapes.share_states import state_by_words
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request


class Gdrive(Platform):
    """Shares of drive.google.com. Built from notes, 2026-11; not tried live."""

    name = "gdrive"
    allowed_domains = ("drive.google.com", "drive.usercontent.google.com")
    proof = Proof(PAGE, "2 pages of folders in bench/pages.py; files from notes", "2026-11-22")
    limits = "No page of a dead share is known."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share's own page. Raises BadInput if `address` is not a share."""
        link = parse_share("gdrive", address)
        return Request(url=_page_of(link), values=share_values(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from its page."""
        link = share_of_page("gdrive", page)
        state = state_of(page, self.classify)
        files = [shared_file(file_name) for file_name in _folder_names(page)]
        state = ShareState.ALIVE if files and state is ShareState.UNKNOWN else state
        title = page.css("title").text(default="").removesuffix("- Google Drive").strip() if files else ""
        name = page.css(".uc-name-size a").text(default="") or _attribute_content(page, "[itemprop=name]")
        if not files and name and state is ShareState.ALIVE:
            files = [shared_file(name, page.css(".uc-name-size").text(default="").rpartition("(")[2])]
        yield share_listing(self.name, link, state, page, title=title, files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from its page. An unrecognised answer is `unknown`, never gone."""
        return state_by_words("gdrive", answer) if isinstance(answer, str) else ShareState.UNKNOWN


def _page_of(link: ShareLink) -> str:
    if "/folders/" in link.url:
        return f"https://drive.google.com/embeddedfolderview?id={link.share_id}"
    return f"https://drive.google.com/file/d/{link.share_id}/view"


def _folder_names(page: Page) -> list[str]:
    """The names in a folder, in its embedded form, as a list of links, or as the page itself draws it."""
    embedded_names = [element.text() for element in page.css(".flip-entry-title")]
    link_names = [element.text() for element in page.css("a[href*='/file/d/'], a[href*='/drive/folders/']")]
    row_names = [element.text().removeprefix("Download ") for element in page.css("[data-id][role=row], div[data-id]")]
    return list(dict.fromkeys(filter(None, embedded_names or row_names or link_names)))


def _attribute_content(page: Page, selector: str) -> str:
    element = page.css(selector)
    return element.attrib.get("content", "") if len(element) else ""
