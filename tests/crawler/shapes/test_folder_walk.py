"""How far the folders of a share are read: breadth first, within the caps, and what a folder's answer may change."""

from __future__ import annotations

from crawler.items import SharedFile, ShareState
from crawler.page import Page, Request
from crawler.page.site_profile import WALK_KEY
from crawler.shapes.folder_walk import MAX_FOLDER_DEPTH, MAX_LISTS, FolderWalk, resume_walk
from crawler.web.site_learning import Walk


def folder_entry(name: str) -> tuple[SharedFile, str]:
    return SharedFile(name=name, folder=True), f"id of {name}"


def file_entry(name: str) -> tuple[SharedFile, str]:
    return SharedFile(name=name, size=5), ""


def resumed_walk(walk: FolderWalk | None) -> FolderWalk:
    """The walk as the next answer finds it."""
    assert walk is not None
    return resume_walk(Page(url="https://drive.example/", body=b"{}", values=walk.request_values()))


def test_pages_of_a_folder_come_before_the_folders_that_wait() -> None:
    top = FolderWalk().with_entries([folder_entry("a"), file_entry("1"), folder_entry("b")])
    second = resumed_walk(top.next_step(True)).with_entries([file_entry("2")])
    assert (second.folder, second.page, second.entries_read) == ("", 2, 4)
    inside = resumed_walk(second.next_step(False)).with_entries([folder_entry("c")])
    assert (inside.folder, inside.page, inside.entries_read) == ("id of a", 1, 1)
    assert [entry for entry, _ in inside.pending_folders] == ["id of b", "id of c"]
    assert [entry.name for entry in inside.files] == ["a", "1", "b", "2", "c"]


def test_folders_within_folders_end() -> None:
    walk: FolderWalk | None = FolderWalk()
    lists = depth = 0
    while walk is not None:
        lists, depth = lists + 1, max(depth, walk.depth)
        walk = walk.with_entries([folder_entry(f"{lists}")]).next_step(False)
    assert (lists, depth) == (MAX_FOLDER_DEPTH + 1, MAX_FOLDER_DEPTH)


def test_a_share_is_asked_for_so_many_lists_only() -> None:
    walk: FolderWalk | None = FolderWalk()
    lists = 0
    while walk is not None:
        lists += 1
        walk = walk.with_entries([file_entry("x")] * 50).next_step(True)
    assert lists == MAX_LISTS


def test_a_folder_does_not_undo_what_the_share_said() -> None:
    inside = resumed_walk(FolderWalk().with_entries([folder_entry("a")]).next_step(False))
    assert inside.share_state(ShareState.NOT_FOUND) is ShareState.ALIVE
    assert inside.share_state(ShareState.RATE_LIMITED) is ShareState.RATE_LIMITED
    assert FolderWalk().share_state(ShareState.NOT_FOUND) is ShareState.NOT_FOUND


def test_a_list_of_files_is_no_step_through_a_site() -> None:
    """Walks through a site are bounded by its settings; a cloud drive has none, and its folders are read whatever."""
    request = Request(url="https://drive.example/list", values=FolderWalk().request_values())
    assert Walk(0).admit(request)
    assert not Walk(0).admit(Request(url="https://shop.example/", values={WALK_KEY: "0"}))
