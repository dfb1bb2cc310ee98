"""The share API behind quark and UC: a token or a detail request with pwd_id and passcode, answers with a code.

`code` 0 opens; a share whose status is not 1 is no living one, whatever the code says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crawler.items import SharedFile, ShareState
from crawler.shapes.drives import entry, rows
from crawler.shapes.states import by_code
from crawler.shapes.walk import Entry


def state(platform: str, answer: Any) -> ShareState:
    """The state of a share, from a token answer or a list of files."""
    if not isinstance(answer, Mapping) or not isinstance(answer.get("code"), int):
        return ShareState.UNKNOWN
    found = by_code(platform, answer["code"])
    data = answer.get("data")
    share = data.get("share") if isinstance(data, Mapping) else None
    if found is ShareState.ALIVE and isinstance(share, Mapping):
        if share.get("status", 1) != 1:
            return ShareState.UNKNOWN
        return ShareState.PARTLY_REMOVED if share.get("partial_violation") else found
    return found


def entries(data: Any) -> tuple[Entry, ...]:
    """The entries of `list`, folders with their fid."""
    return tuple(
        (
            entry(each["file_name"], each.get("size"), each.get("dir") or each.get("file") is False),
            str(each.get("fid", "")),
        )
        for each in rows(data, "list")
    )


def files(data: Any) -> tuple[SharedFile, ...]:
    """The files and folders of `list`."""
    return tuple(file for file, _ in entries(data))
