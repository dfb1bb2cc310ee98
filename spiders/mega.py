"""MEGA: state and size of a share, asked anonymously. Names are encrypted with the key in the address; none is read.

Built from the platform's published API, from memory, 2026-11; never tried live. Quirk: an error is a bare negative
number, alone or in a list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crawler.items import ShareState
from crawler.shapes.cloud_drives import (
    parse_answer,
    parse_share,
    request_value,
    share_listing,
    share_values,
    shared_file,
    state_of,
)
from crawler.shapes.share_states import state_by_code
from spiders import GUESS, Listing, ListingKind, Page, Platform, Proof, Request

API = "https://g.api.mega.co.nz/cs"


class Mega(Platform):
    """Shares of mega.nz. Built from the published API, 2026-11; not tried live."""

    name = "mega"
    allowed_domains = ("mega.nz", "mega.co.nz")
    proof = Proof(GUESS, "the published API, from memory", "2026-11-22")
    limits = "Names are encrypted with the key in the address; none is read."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True
    volatile = ("id",)

    def open(self, address: str, code: str | None = None) -> Request:
        """Request a file's size or a folder's tree. Raises BadInput if `address` is not a share."""
        link = parse_share(self.name, address)
        folder = "/folder/" in link.url or "#F!" in link.url
        body = [{"a": "f", "c": 1, "r": 1}] if folder else [{"a": "g", "p": link.share_id}]
        return Request(
            url=f"{API}?id=0&n={link.share_id}" if folder else f"{API}?id=0",
            method="POST",
            headers={"Content-Type": "application/json"},
            body=json.dumps(body).encode(),
            values=share_values(link),
        )

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from one answer."""
        answer = parse_answer(page)
        data = answer[0] if isinstance(answer, list) and answer and isinstance(answer[0], Mapping) else {}
        nodes = [node for node in data.get("f", ()) if isinstance(node, Mapping) and node.get("t") == 0]
        files = [shared_file(node.get("h", ""), node.get("s")) for node in nodes]
        link = parse_share(self.name, request_value(page, "address"))
        if not files and "s" in data:
            files = [shared_file(link.share_id, data["s"])]
        yield share_listing(self.name, link, state_of(page, self.classify), page, title=link.share_id, files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share. An unrecognised answer is `unknown`, never gone."""
        if isinstance(answer, str) and answer.strip().lstrip("-").isdecimal() and len(answer) < 8:
            answer = int(answer)
        if isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        if isinstance(answer, Mapping):
            answer = answer.get("e", answer)
        if isinstance(answer, Mapping):
            return ShareState.ALIVE if "s" in answer or "f" in answer else ShareState.UNKNOWN
        return state_by_code("mega", answer)
