"""1fichier: state, name and size of a shared file, read from its page; nothing is downloaded.

Built from notes on shares, 2026-11, completed from memory; never tried live. Quirk: ten hosts bear
the same files. No code is tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from crawler.items import ShareState
from crawler.shapes.cloud_drives import parse_share, share_listing, share_values, shared_file, state_of
from crawler.shapes.share_states import state_by_words
from spiders import GUESS, Listing, ListingKind, Page, Platform, Proof, Request


class Fichier(Platform):
    """Shares of 1fichier.com and its other hosts. Built from notes, 2026-11; not tried live."""

    name = "fichier"
    share_platform = "1fichier"
    allowed_domains = (
        "1fichier.com",
        "alterupload.com",
        "cjoint.net",
        "desfichiers.com",
        "dl4free.com",
        "megadl.fr",
        "mesfichiers.org",
        "piecejointe.net",
        "pjointe.com",
        "tenvoi.com",
    )
    proof = Proof(GUESS, "notes on shares, completed from memory", "2026-11-22")
    limits = "The page only; no code is tried."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share's own page. Raises BadInput if `address` is not a share."""
        link = parse_share("1fichier", address)
        return Request(url=link.url, values=share_values(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from its page."""
        link = parse_share("1fichier", page.values.get("address") or page.url)
        state = state_of(page, self.classify)
        cells = [cell.text() for cell in page.css("td")]
        properties = {name.strip(" :"): value for name, value in pairwise(cells)}
        name = properties.get("Filename", "")
        files = [shared_file(name, properties.get("Size"))] if name and state is ShareState.ALIVE else []
        yield share_listing(self.name, link, state, page, files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from its page. An unrecognised answer is `unknown`, never gone."""
        return state_by_words("1fichier", answer) if isinstance(answer, str) else ShareState.UNKNOWN
