"""The share API of Quark, which UC uses too: a token or detail request with pwd_id and passcode, answers with a code.

`code` 0 means open; a share whose status is not 1 is not alive, whatever the code says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crawler.items import SharedFile, ShareState
from crawler.shapes.cloud_drives import objects_at, shared_file
from crawler.shapes.folder_walk import Entry
from crawler.shapes.share_states import state_by_code


def share_state(platform: str, answer: Any) -> ShareState:
    """The state of a share, from a token answer or a list of files."""
    if not isinstance(answer, Mapping) or not isinstance(answer.get("code"), int):
        return ShareState.UNKNOWN
    known_state = state_by_code(platform, answer["code"])
    data = answer.get("data")
    share = data.get("share") if isinstance(data, Mapping) else None
    if known_state is ShareState.ALIVE and isinstance(share, Mapping):
        if share.get("status", 1) != 1:
            return ShareState.UNKNOWN
        return ShareState.PARTLY_REMOVED if share.get("partial_violation") else known_state
    return known_state


def folder_entries(data: Any) -> tuple[Entry, ...]:
    """The entries of `list` in `data`, each with its fid."""
    return tuple(
        (
            shared_file(item["file_name"], item.get("size"), item.get("dir") or item.get("file") is False),
            str(item.get("fid", "")),
        )
        for item in objects_at(data, "list")
    )


def shared_files(data: Any) -> tuple[SharedFile, ...]:
    """The files and folders of `list` in `data`."""
    return tuple(file for file, _ in folder_entries(data))
