"""The files that one listing's values pass on their way from page bytes to CSV cell, by a traced run of one page.

    python -m bench.listing_trace [--all]

One saved offer is crawled from an archive, compared with one registered work, stored and exported, with every call and
return watched. A file counts where one of its functions is handed a value, or returns one, that holds the page's title:
the page's bytes, a listing, an item, an assessment, a row, a line. Left out are branches of that path: the archive that
the bytes come from, and the engines that read a listing and return links or findings (crawler/shares and what is below
the assessor). --all lists those too, and the files that are handed the bare title.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGES = ("crawler", "registry", "spiders", "matchers", "screening", "pipelines", "desk")
CASE = ROOT / "fixtures" / "pages" / "kongfz" / "offer"
TITLE = "灯塔守夜人 PDF电子版 高清全本"  # of that page
MAX_DEPTH = 3  # of values inside values that are searched for the title
MAX_ITEMS = 30  # of a collection that are searched
# What only reads the listing and gives something else back, and where the bytes of a replay come from.
BRANCHES = (
    "crawler/archives/",
    "crawler/web/replay",
    "desk/cli/crawl",  # opens the archive
    "desk/crawling",
    "crawler/shares/",
    "matchers/",
)
FRONT_DOORS = ("matchers/assessor.py",)  # of branches: the listing comes back from them
TITLE_BYTES = TITLE.encode()


def holds_title(value: Any, depth: int = 0) -> bool:
    """Whether the title stands in a value, or in one of its parts."""
    if isinstance(value, str):
        return TITLE in value
    if isinstance(value, bytes):
        return TITLE_BYTES in value
    if depth == MAX_DEPTH or value is None or isinstance(value, int | float | type):
        return False
    return any(holds_title(part, depth + 1) for part in parts_of(value))


def parts_of(value: Any) -> Iterable[Any]:
    """The values inside a value: items, or the fields of one of our objects."""
    if isinstance(value, dict):
        return list(value.values())[:MAX_ITEMS]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)[:MAX_ITEMS]
    if type(value).__module__.split(".")[0] in PACKAGES:
        names = [field.name for field in getattr(type(value), "__attrs_attrs__", ())] or list(
            vars(type(value)).get("__slots__", ())
        )
        return [getattr(value, name, None) for name in names] or list(getattr(value, "__dict__", {}).values())
    if type(value).__name__ == "Row":
        return tuple(value)
    return ()


class Trace:
    """Which functions of the packages were handed the title, or gave it back."""

    def __init__(self, counts_texts: bool) -> None:
        self.files: set[str] = set()
        self._counts_texts = counts_texts
        self._files_by_code: dict[CodeType, str | None] = {}

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """The hook of `sys.setprofile`."""
        if event not in ("call", "return"):
            return
        name = self._file(frame.f_code)
        if name is None or name in self.files:
            return
        code = frame.f_code
        count = code.co_argcount + code.co_kwonlyargcount
        values = (
            [frame.f_locals.get(parameter) for parameter in code.co_varnames[:count]] if event == "call" else [argument]
        )
        if any(holds_title(value) for value in values if self._counts_texts or not isinstance(value, str)):
            self.files.add(name)

    def _file(self, code: CodeType) -> str | None:
        """The file of a function in the packages, relative to the project."""
        if code not in self._files_by_code:
            path = Path(code.co_filename)
            inside = path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in PACKAGES
            self._files_by_code[code] = str(path.relative_to(ROOT)) if inside else None
        return self._files_by_code[code]


def traced_files(lists_all: bool = False) -> list[str]:
    """The files that the title passes. Runs the program in this process, once: a reactor cannot be started again."""
    from desk.cli import main

    trace = Trace(lists_all)
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "registry.csv").write_text("id,title\nw1,灯塔守夜人\n", encoding="utf-8")
        shutil.copytree(CASE, Path(folder) / "archive" / CASE.name)
        os.chdir(folder)
        try:
            run(main, "init", ".")
            run(main, "works", "import", "registry.csv", "--quiet")
            threading.setprofile(trace)
            sys.setprofile(trace)
            run(
                main,
                "crawl",
                "kongfz",
                *["--replay", "archive", "--captured", "--no-follow", "--quiet", "--json", "--csv", "hits.csv"],
            )
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
            rows = Path("hits.csv").read_text(encoding="utf-8-sig")
        finally:
            os.chdir(here)
    if TITLE not in rows:
        raise RuntimeError("the listing did not reach the CSV file")
    return sorted(name for name in trace.files if lists_all or name in FRONT_DOORS or not name.startswith(BRANCHES))


def run(main: Any, *arguments: str) -> None:
    """One command of the program; raises RuntimeError where it fails."""
    sys.argv = ["swordnet", *arguments]
    try:
        main()
    except SystemExit as end:
        if end.code not in (0, None):
            raise RuntimeError(f"{arguments[0]}: exit {end.code}") from None


def report() -> None:
    """Print the files and how many there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="count files that are handed the bare title too")
    files = traced_files(parser.parse_args().all)
    print("\n".join(files), len(files), sep="\n")


if __name__ == "__main__":
    report()
