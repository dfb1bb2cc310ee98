"""A second sheet of a workbook: pictures of the listings beside those of the works, each under its hit."""

from __future__ import annotations

import io
from collections.abc import Iterable

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.drawing.image import Image
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from desk.cells import sheet_cell
from desk.sidebyside import SIDE, Pair

COLUMNS = ("hit_id", "title", "listing", "work")
ROW_HEIGHT = SIDE * 0.75 + 6  # points; a pixel is three quarters of one
WIDTHS = {"A": 24, "B": 48, "C": 24, "D": 24}  # characters


def add_pictures(book: Workbook, pairs: Iterable[Pair]) -> None:
    """Add the sheet, if there is any pair."""
    shown = list(pairs)
    if not shown:
        return
    sheet = book.create_sheet("pictures")
    for letter, width in WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    for line, pair in enumerate(shown, start=2):
        sheet.row_dimensions[line].height = ROW_HEIGHT
        for letter, data in (("C", pair.theirs), ("D", pair.ours)):
            if data is not None:
                sheet.add_image(Image(io.BytesIO(data)), f"{letter}{line}")
    sheet.append(list(COLUMNS))
    for pair in shown:
        sheet.append([pair.hit_id, _text(sheet, pair.title)])


def _text(sheet: WriteOnlyWorksheet, text: str) -> Cell:
    """Text, whatever it looks like."""
    cell = WriteOnlyCell(sheet, sheet_cell(text) or None)
    if cell.value is not None:
        cell.data_type = "s"
    return cell
