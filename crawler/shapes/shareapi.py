"""The share API behind xunlei and PikPak: one GET with share_id and pass_code, answers with share_status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from crawler.items import SharedFile, ShareLink, ShareState
from crawler.page import Request
from crawler.shapes.drives import entry, named, rows
from crawler.shapes.states import by_code


def ask(api: str, link: ShareLink, code: str | None) -> Request:
    """The request for state, title and the first 100 entries of a share."""
    query = {
        "share_id": link.share_id,
        "pass_code": code or "",
        "limit": "100",
        "pass_code_token": "",
        "page_token": "",
    }
    return Request(url=f"{api}/drive/v1/share?{urlencode(query)}", values=named(link, code))


def state(platform: str, answer: Any) -> ShareState:
    """The state of a share; an error answer (captcha_invalid) has no share_status."""
    if not isinstance(answer, Mapping):
        return ShareState.UNKNOWN
    return by_code(platform, answer.get("share_status") or answer.get("error"))


def files(answer: Any) -> tuple[SharedFile, ...]:
    """The entries of `files`; sizes come as text."""
    return tuple(
        entry(each["name"], each.get("size"), each.get("kind") == "drive#folder") for each in rows(answer, "files")
    )
