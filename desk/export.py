"""Hits as a file for analysts and other programs: CSV, XLSX or JSON Lines, by the suffix of its name.

The same hits give the same bytes on any machine: rows are ordered by hit_id, and a workbook carries no time of its own
making. What has several values is joined with "; " in a spreadsheet and stays a list in JSON Lines.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.packaging.core import DocumentProperties
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.xml.functions import tostring

from crawler.errors import BadInput, Problem
from crawler.messages import say
from desk.cells import csv_cell, plain, sheet_cell
from desk.rows import COLUMNS, HitRow, type_cell
from desk.saving import saving
from desk.sheetpictures import add_pictures
from desk.sidebyside import type_pairs

BETWEEN = "; "
MOST_LINKS = 60_000  # a sheet holds 65,530 links
LONGEST_LINK = 2_079  # characters that a spreadsheet takes for an address
MOST_WRAPPED = 5_000  # rows; of longer sheets the cells are not wrapped, which would take minutes
_WIDTHS = {"work_title": 24, "url": 40, "title": 48, "share_links": 32, "reasons": 64}  # in characters; others 14
_cells: Callable[[HitRow], tuple[type_cell, ...]] = attrgetter(*COLUMNS)
_URL = COLUMNS.index("url")
_EPOCH = datetime(1980, 1, 1)  # noqa: DTZ001 - openpyxl wants naive UTC; the earliest time a ZIP entry can carry


def export_hits(path: Path, rows: Iterable[HitRow], pairs: type_pairs | None = None) -> int:
    """Write `rows` to `path` and return how many; `pairs` gives the pictures of a workbook.

    Raises BadInput for another suffix or a place not writable.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        known = ", ".join(_WRITERS)
        raise BadInput(Problem(file=str(path), message=say("desk", "unknown_suffix", suffix=path.suffix, known=known)))
    ordered = sorted(rows, key=lambda row: row.hit_id)
    with saving(path) as file:
        write(file, ordered, pairs)
    return len(ordered)


def _write_csv(file: BinaryIO, rows: Sequence[HitRow], _: type_pairs | None = None) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    sheet = csv.writer(text, dialect="excel")
    sheet.writerow(COLUMNS)
    sheet.writerows([csv_cell(_text(value)) for value in _cells(row)] for row in rows)
    text.detach()


def _write_jsonl(file: BinaryIO, rows: Sequence[HitRow], _: type_pairs | None = None) -> None:
    for row in rows:
        cells = {name: _json(value) for name, value in zip(COLUMNS, _cells(row), strict=True)}
        file.write(json.dumps(cells, ensure_ascii=False).encode() + b"\n")


def _write_xlsx(file: BinaryIO, rows: Sequence[HitRow], pairs: type_pairs | None = None) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("hits")
    sheet.freeze_panes = "A2"
    for place, name in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(name, 14)
    sheet.append([_heading(sheet, name) for name in COLUMNS])
    for number, row in enumerate(rows):
        cells: list[Any] = [_cell(sheet, value, len(rows) <= MOST_WRAPPED) for value in _cells(row)]
        if number < MOST_LINKS:
            cells[_URL] = _link(sheet, row.url)
        sheet.append(cells)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{len(rows) + 1}"
    if pairs is not None:
        add_pictures(book, pairs([row.hit_id for row in rows]))
    draft = io.BytesIO()
    book.save(draft)
    _repack(draft, file)


def _heading(sheet: WriteOnlyWorksheet, name: str) -> Cell:
    cell = WriteOnlyCell(sheet, name)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: WriteOnlyWorksheet, value: type_cell, wrapped: bool) -> Cell | str | float | None:
    if isinstance(value, float | Decimal):
        return float(value)
    text = sheet_cell(_text(value))
    if not wrapped and text[:1].isalnum():
        return text  # as it is: a cell of its own costs ten times as much
    cell = WriteOnlyCell(sheet, text or None)
    if cell.value is not None:
        cell.data_type = "s"  # openpyxl takes "=1+1" for a formula and "#N/A" for an error
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    return cell


def _link(sheet: WriteOnlyWorksheet, url: str) -> Cell:
    """An address to click on, where it is one of the web."""
    cell = _cell(sheet, url, True)
    assert isinstance(cell, Cell)
    if url.startswith(("http://", "https://")) and len(url) <= LONGEST_LINK:
        cell.hyperlink = url
        cell.data_type = "s"
        cell.font = Font(color="0563C1", underline="single")
    return cell


def _repack(draft: BinaryIO, file: BinaryIO) -> None:
    """The same workbook without the clock: openpyxl stamps entries and docProps/core.xml with the time of writing."""
    properties = tostring(DocumentProperties(creator="swordnet", created=_EPOCH, modified=_EPOCH).to_tree())
    with zipfile.ZipFile(draft) as source, zipfile.ZipFile(file, "w") as target:
        for name in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, properties if name == "docProps/core.xml" else source.read(name))


def _text(value: type_cell) -> str:
    if isinstance(value, tuple):
        return BETWEEN.join(value)
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return f"{value:f}" if isinstance(value, Decimal) else value or ""


def _json(value: type_cell) -> object:
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return plain(value) if isinstance(value, str) else value


_WRITERS: dict[str, Callable[[BinaryIO, Sequence[HitRow], type_pairs | None], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".jsonl": _write_jsonl,
}
