"""Through the folders of a share, one answer at a time.

A course usually lies in a folder, and that in the folder that was shared; who reads the top only sees one name. So
folders are read breadth first, in the drive's order: at most MOST_LISTS answers a share and DEEPEST levels, whatever
it holds. What was read and what waits travels with the requests, so a spider keeps nothing. Every spider whose drive
lists by folder calls this; nothing here knows a platform.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from attrs import evolve, frozen

from crawler.items import SharedFile, ShareState
from crawler.page import Page

MOST_LISTS = 8  # answers a share is asked for; with 50 to 200 entries each no course of the notes is longer (estimate)
DEEPEST = 3  # folders within folders
MOST_FILES = 1000
_NAME = "walk"
_AGAIN = (ShareState.RATE_LIMITED, ShareState.CAPTCHA, ShareState.PARTLY_REMOVED)

Entry = tuple[SharedFile, str]  # a file, or a folder with the drive's own name for it


@frozen(kw_only=True)
class Walk:
    """Where the reading of a share stands. `folder` is the one to ask next ("" is the top), `page` counts from 1."""

    files: tuple[SharedFile, ...] = ()
    waiting: tuple[tuple[str, int], ...] = ()  # folders with their depth
    folder: str = ""
    depth: int = 0
    page: int = 1
    seen: int = 0  # entries of `folder` that were read
    lists: int = 1  # answers asked for, this one included

    def read(self, entries: Iterable[Entry]) -> Walk:
        """With the entries of one answer."""
        found = tuple(entries)
        deeper = self.depth < DEEPEST
        folders = tuple((key, self.depth + 1) for file, key in found if deeper and file.folder and key)
        files = (*self.files, *(file for file, _ in found))[:MOST_FILES]
        waiting = (*self.waiting, *folders)[:MOST_LISTS]
        return evolve(self, files=files, waiting=waiting, seen=self.seen + len(found))

    def onward(self, more: bool) -> Walk | None:
        """The next answer to ask for: the next page of this folder where there is `more`, else a folder that waits."""
        if self.lists >= MOST_LISTS or len(self.files) >= MOST_FILES:
            return None
        if more:
            return evolve(self, page=self.page + 1, lists=self.lists + 1)
        if not self.waiting:
            return None
        (folder, depth), *rest = self.waiting
        return evolve(self, folder=folder, depth=depth, page=1, seen=0, lists=self.lists + 1, waiting=tuple(rest))

    def state(self, said: ShareState) -> ShareState:
        """The state of the share after an answer that says `said`: no folder undoes that the share itself opened.

        Throttling and captchas stand, for the files are not complete then.
        """
        return said if self.lists == 1 or said in _AGAIN else ShareState.ALIVE

    def values(self) -> dict[str, str]:
        """What the request for `folder` and `page` carries."""
        files = [[file.name, file.size, file.folder] for file in self.files]
        told = [files, self.waiting, self.folder, self.depth, self.page, self.seen, self.lists]
        return {_NAME: json.dumps(told, ensure_ascii=False, separators=(",", ":"))}


def walk_of(page: Page) -> Walk:
    """The walk that the answer `page` belongs to; a new one at the top where its request carries none."""
    if _NAME not in page.values:
        return Walk()
    files, waiting, folder, depth, number, seen, lists = json.loads(page.values[_NAME])
    return Walk(
        files=tuple(SharedFile(name=name, size=size, folder=is_folder) for name, size, is_folder in files),
        waiting=tuple((key, level) for key, level in waiting),
        folder=folder,
        depth=depth,
        page=number,
        seen=seen,
        lists=lists,
    )
