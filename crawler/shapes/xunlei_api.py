"""The share API of Xunlei, which PikPak uses too: one GET with share_id and pass_code, answers with share_status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from crawler.items import SharedFile, ShareLink, ShareState
from crawler.page import Request
from crawler.shapes.cloud_drives import objects_at, share_values, shared_file
from crawler.shapes.share_states import state_by_code


def share_request(api: str, link: ShareLink, code: str | None) -> Request:
    """The request for the state, title and first 100 entries of a share."""
    query = {
        "share_id": link.share_id,
        "pass_code": code or "",
        "limit": "100",
        "pass_code_token": "",
        "page_token": "",
    }
    return Request(url=f"{api}/drive/v1/share?{urlencode(query)}", values=share_values(link, code))


def share_state(platform: str, answer: Any) -> ShareState:
    """The state of a share; an error answer (captcha_invalid) has no share_status."""
    if not isinstance(answer, Mapping):
        return ShareState.UNKNOWN
    return state_by_code(platform, answer.get("share_status") or answer.get("error"))


def shared_files(answer: Any) -> tuple[SharedFile, ...]:
    """The entries of `files`; sizes come as text."""
    return tuple(
        shared_file(item["name"], item.get("size"), item.get("kind") == "drive#folder")
        for item in objects_at(answer, "files")
    )
