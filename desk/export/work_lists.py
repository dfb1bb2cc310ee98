"""Writes works as a list (CSV, XLSX, JSON Lines) that an import reads back without a change, and says how works differ.

A list of values is `a|b` in tables; prices and days are text there, so that no spreadsheet rounds or retypes them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from attrs import asdict, frozen
from xlsxwriter import Workbook

from crawler.errors import BadInput, Problem
from crawler.items import Work
from crawler.messages import render_message
from crawler.spreadsheet_cells import MAX_CELL_UNITS
from desk.export.atomic_write import open_atomic
from desk.export.formats import write_csv
from registry.fields import join_aliases, join_bars, join_licences, join_names

NUMBER_COLUMNS = frozenset({"year", "priority"})
WIDE_COLUMN_CHARS, NARROW_COLUMN_CHARS = 28, 14  # of a workbook
_WIDE_COLUMNS = frozenset({"title", "aliases", "creators", "publisher", "owner", "identifiers", "images", "licences"})


@frozen
class FieldChange:
    """A field of a work, as a table would show it before and after; "" is empty."""

    name: str
    old: str
    new: str


def work_cells(work: Work) -> dict[str, str]:
    """A work as the cells of a table, by column."""
    pairs = [f"{scheme}:{value}" for scheme, values in work.identifiers.items() for value in values]
    return {
        "id": work.id,
        "title": work.title,
        "aliases": join_aliases(work.aliases),
        "kind": work.kind or "",
        "creators": join_names(work.creators),
        "publisher": work.publisher or "",
        "owner": work.owner or "",
        "year": "" if work.year is None else str(work.year),
        "identifiers": join_bars(pairs),
        "images": join_bars(picture.url for picture in work.images),
        "list_price": "" if work.list_price is None else f"{work.list_price:f}",
        "currency": work.currency or "",
        "licences": join_licences(work.licences),
        "released_on": work.released_on.isoformat() if work.released_on else "",
        "priority": str(work.priority),
    }


def find_changes(old: Work, new: Work) -> list[FieldChange]:
    """The fields in which two versions of a work differ; a picture whose bytes changed shows the same address twice."""
    before, after = work_cells(old), work_cells(new)
    differing = [FieldChange(name, before[name], after[name]) for name in before if before[name] != after[name]]
    if before["images"] == after["images"] and old.images != new.images:
        differing.append(FieldChange("images", before["images"], after["images"]))
    if old.retired_at is not None and new.retired_at is None:
        differing.append(FieldChange("retired", old.retired_at.isoformat(), ""))
    return differing


def export_works(path: Path, works: Sequence[Work], language: str = "en") -> int:
    """Write works to `path` by its suffix, in the order of their ids, and return their number.

    Raises BadInput for an unknown suffix, if `path` cannot be written, or if a text is too long for a cell of .xlsx.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        known = ", ".join(_WRITERS)
        message = render_message("desk", "unknown_suffix", language, suffix=path.suffix, known=known)
        raise BadInput(Problem(file=str(path), message=message))
    ordered = sorted(works, key=lambda work: work.id)
    if write is _write_workbook and (problems := list(_long_cells(path, ordered, language))):
        raise BadInput(problems)
    with open_atomic(path, language) as file:
        write(file, ordered)
    return len(ordered)


def _long_cells(path: Path, works: Sequence[Work], language: str) -> Iterator[Problem]:
    """What a workbook would cut off."""
    for work in works:
        for name, text in work_cells(work).items():
            if len(text.encode("utf-16-le")) > 2 * MAX_CELL_UNITS:
                message = render_message("desk", "long_cell", language, id=work.id)
                yield Problem(file=str(path), field=name, message=message)


_COLUMNS = tuple(work_cells(Work(id="-", title="-")))


def _write_csv(file: BinaryIO, works: Sequence[Work]) -> None:
    write_csv(file, _COLUMNS, (work_cells(work).values() for work in works))


def _write_workbook(file: BinaryIO, works: Sequence[Work]) -> None:
    draft = io.BytesIO()
    with Workbook(draft, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("works")
        sheet.freeze_panes(1, 2)
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        for column, name in enumerate(_COLUMNS):
            width = WIDE_COLUMN_CHARS if name in _WIDE_COLUMNS else NARROW_COLUMN_CHARS
            sheet.set_column(column, column, width, None if name in NUMBER_COLUMNS else text)
            sheet.write_string(0, column, name, bold)
        for line, work in enumerate(works, start=1):
            for column, (name, cell) in enumerate(work_cells(work).items()):
                if cell and name in NUMBER_COLUMNS:
                    sheet.write_number(line, column, int(cell))
                elif cell:
                    sheet.write_string(line, column, cell, text)
    file.write(draft.getvalue())


def _write_jsonl(file: BinaryIO, works: Sequence[Work]) -> None:
    for work in works:
        file.write(json.dumps(_json_row(work), ensure_ascii=False).encode() + b"\n")


def _json_row(work: Work) -> dict[str, Any]:
    """A work as an object: lists as lists, what is not stated as null."""
    cells: dict[str, Any] = {name: cell or None for name, cell in work_cells(work).items()}
    licences = [asdict(licence, filter=lambda _, value: value is not None) for licence in work.licences]
    return cells | {
        "aliases": list(work.aliases),
        "creators": list(work.creators),
        "identifiers": {scheme: list(values) for scheme, values in work.identifiers.items()},
        "images": [picture.url for picture in work.images],
        "licences": [{name: str(value) for name, value in licence.items()} for licence in licences],
        "year": work.year,
        "priority": work.priority,
    }


_WRITERS: dict[str, Callable[[BinaryIO, Sequence[Work]], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_workbook,
    ".jsonl": _write_jsonl,
}
