"""CTFile (城通网盘): state, name and size of a shared file, asked anonymously. Of a folder only its name is read.

Built from notes on shares and public tools, 2026-11; never tried live. Quirk: the code is a parameter of the one
request; an answer that still asks for one says that it was wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from crawler.items import ShareState
from crawler.shapes.cloud_drives import (
    object_at,
    parse_answer,
    parse_share,
    request_value,
    share_listing,
    share_values,
    shared_file,
    state_of,
)
from crawler.shapes.share_states import state_by_code
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

API = "https://webapi.ctfile.com"


class Ctfile(Platform):
    """Shares of ctfile.com and its other hosts. Built from notes, 2026-11; not tried live."""

    name = "ctfile"
    allowed_domains = (
        "ctfile.com",
        "089u.com",
        "474b.com",
        "545c.com",
        "t00y.com",
        "u062.com",
        "306t.com",
        "400gb.com",
        "pipipan.com",
        "90pan.com",
        "2k.us",
        "tc5.us",
        "ct.ghpym.com",
        "pan.jc-box.com",
    )
    proof = Proof(SOURCE, "ten public tools that ask webapi.ctfile.com/getfile.php", "2026-11-22")
    limits = "Of a folder only its name is read."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True
    volatile = ("r",)

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the file or the folder. Raises BadInput if `address` is not a share."""
        link = parse_share(self.name, address)
        path = urlsplit(link.url).path.split("/")[1]
        folder = path in ("d", "dir")
        query = {"path": path, "d" if folder else "f": link.share_id, "passcode": code or "", "token": "0", "r": "0"}
        return Request(
            url=f"{API}/{'getdir' if folder else 'getfile'}.php?{urlencode(query)}", values=share_values(link, code)
        )

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from one answer."""
        file = object_at(parse_answer(page), "file")
        name = file.get("file_name") or file.get("folder_name")
        share_id, path = request_value(page, "share_id", "f", "d"), request_value(page, "path")
        address = page.values.get("address") or f"https://url.ctfile.com/{path}/{share_id}"
        files = [shared_file(name, file.get("file_size"), "folder_name" in file)] if name else []
        sharer = str(file.get("username") or "") or None
        link = parse_share(self.name, address, page.values.get("code"))
        yield share_listing(self.name, link, state_of(page, self.classify), page, files=files, sharer=sharer)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share. An unrecognised answer is `unknown`, never gone."""
        if not isinstance(answer, Mapping):
            return ShareState.UNKNOWN
        return state_by_code("ctfile", answer.get("code"))
