"""How far the folders of a share are read: breadth first, within the caps, and what a folder's answer may change."""

from __future__ import annotations

from crawler.items import SharedFile, ShareState
from crawler.page import Page
from crawler.shapes.walk import DEEPEST, MOST_LISTS, Walk, walk_of


def folder(name: str) -> tuple[SharedFile, str]:
    return SharedFile(name=name, folder=True), f"id of {name}"


def file(name: str) -> tuple[SharedFile, str]:
    return SharedFile(name=name, size=5), ""


def handed_on(walk: Walk | None) -> Walk:
    """The walk as the next answer finds it."""
    assert walk is not None
    return walk_of(Page(url="https://drive.example/", body=b"{}", values=walk.values()))


def test_pages_of_a_folder_come_before_the_folders_that_wait() -> None:
    top = Walk().read([folder("a"), file("1"), folder("b")])
    second = handed_on(top.onward(True)).read([file("2")])
    assert (second.folder, second.page, second.seen) == ("", 2, 4)
    inside = handed_on(second.onward(False)).read([folder("c")])
    assert (inside.folder, inside.page, inside.seen) == ("id of a", 1, 1)
    assert [each for each, _ in inside.waiting] == ["id of b", "id of c"]
    assert [each.name for each in inside.files] == ["a", "1", "b", "2", "c"]


def test_folders_within_folders_end() -> None:
    walk: Walk | None = Walk()
    lists = depth = 0
    while walk is not None:
        lists, depth = lists + 1, max(depth, walk.depth)
        walk = walk.read([folder(f"{lists}")]).onward(False)
    assert (lists, depth) == (DEEPEST + 1, DEEPEST)


def test_a_share_is_asked_for_so_many_lists_only() -> None:
    walk: Walk | None = Walk()
    lists = 0
    while walk is not None:
        lists += 1
        walk = walk.read([file("x")] * 50).onward(True)
    assert lists == MOST_LISTS


def test_a_folder_does_not_undo_what_the_share_said() -> None:
    inside = handed_on(Walk().read([folder("a")]).onward(False))
    assert inside.state(ShareState.NOT_FOUND) is ShareState.ALIVE
    assert inside.state(ShareState.RATE_LIMITED) is ShareState.RATE_LIMITED
    assert Walk().state(ShareState.NOT_FOUND) is ShareState.NOT_FOUND
