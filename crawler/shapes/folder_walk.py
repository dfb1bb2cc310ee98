"""Walk through the folders of a share breadth first, one answer at a time.

A course is usually in a folder inside the shared folder, so the top alone shows one name. At most MAX_LISTS answers per
share and MAX_FOLDER_DEPTH levels are read. The state of the walk travels with the requests, so a platform stores
nothing. Every platform whose drive lists by folder calls this; nothing here knows a platform.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from attrs import evolve, frozen

from crawler.items import SharedFile, ShareState
from crawler.page import Page

MAX_LISTS = 8  # answers per share; with 50 to 200 entries each no course of the notes is longer (estimate)
MAX_FOLDER_DEPTH = 3  # folders within folders
MAX_FILES = 1000
_WALK_KEY = "walk"
_INCOMPLETE_STATES = (ShareState.RATE_LIMITED, ShareState.CAPTCHA, ShareState.PARTLY_REMOVED)

Entry = tuple[SharedFile, str]  # a file, or a folder with the drive's own key for it


@frozen(kw_only=True)
class FolderWalk:
    """Progress of the walk through a share. `folder` is the one to list next ("" is the top), `page` counts from 1."""

    files: tuple[SharedFile, ...] = ()
    pending_folders: tuple[tuple[str, int], ...] = ()  # keys of folders with their depth
    folder: str = ""
    depth: int = 0
    page: int = 1
    entries_read: int = 0  # entries of `folder` read so far
    answer_count: int = 1  # answers requested, including this one

    def with_entries(self, entries: Iterable[Entry]) -> FolderWalk:
        """The walk with the entries of one answer added."""
        entry_list = tuple(entries)
        may_descend = self.depth < MAX_FOLDER_DEPTH
        folders = tuple((key, self.depth + 1) for file, key in entry_list if may_descend and file.folder and key)
        files = (*self.files, *(file for file, _ in entry_list))[:MAX_FILES]
        waiting = (*self.pending_folders, *folders)[:MAX_LISTS]
        return evolve(self, files=files, pending_folders=waiting, entries_read=self.entries_read + len(entry_list))

    def next_step(self, has_more: bool) -> FolderWalk | None:
        """The walk at the next answer to request: the next page of this folder if `has_more`, else the next waiting
        folder; None if there is none or a limit is reached.
        """
        if self.answer_count >= MAX_LISTS or len(self.files) >= MAX_FILES:
            return None
        if has_more:
            return evolve(self, page=self.page + 1, answer_count=self.answer_count + 1)
        if not self.pending_folders:
            return None
        (folder, depth), *remaining = self.pending_folders
        return evolve(
            self,
            folder=folder,
            depth=depth,
            page=1,
            entries_read=0,
            answer_count=self.answer_count + 1,
            pending_folders=tuple(remaining),
        )

    def share_state(self, answer_state: ShareState) -> ShareState:
        """The state of the share after an answer in `answer_state`: no folder undoes that the share itself opened.

        Throttling, captchas and partial removal are kept, because the files are incomplete then.
        """
        return answer_state if self.answer_count == 1 or answer_state in _INCOMPLETE_STATES else ShareState.ALIVE

    def request_values(self) -> dict[str, str]:
        """The values that carry the walk in the request for `folder` and `page`."""
        files = [[file.name, file.size, file.folder] for file in self.files]
        progress = [
            files,
            self.pending_folders,
            self.folder,
            self.depth,
            self.page,
            self.entries_read,
            self.answer_count,
        ]
        return {_WALK_KEY: json.dumps(progress, ensure_ascii=False, separators=(",", ":"))}


def resume_walk(page: Page) -> FolderWalk:
    """The walk that the answer `page` belongs to; a new one at the top if its request carries none."""
    if _WALK_KEY not in page.values:
        return FolderWalk()
    files, waiting, folder, depth, number, seen, lists = json.loads(page.values[_WALK_KEY])
    return FolderWalk(
        files=tuple(SharedFile(name=name, size=size, folder=is_folder) for name, size, is_folder in files),
        pending_folders=tuple((key, level) for key, level in waiting),
        folder=folder,
        depth=depth,
        page=number,
        entries_read=seen,
        answer_count=lists,
    )
