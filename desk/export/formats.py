"""Writes hits as CSV, XLSX or JSON Lines, by the suffix of the file.

The same hits give the same bytes on any machine: rows are ordered by hit_id and a workbook contains no time of
creation.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from crawler.errors import BadInput, Problem
from crawler.messages import render_message
from crawler.spreadsheet_cells import csv_cell, strip_unprintable, text_cell
from desk.export.atomic_write import open_atomic
from desk.export.rows import COLUMNS, CellValue, HitRow, cell_text, cells_of
from desk.export.xlsx import PairSource, write_workbook

QUOTE = '"'
_QUOTED_SIGNS = frozenset(',;\t\r\n"')


def export_hits(path: Path, rows: Iterable[HitRow], pairs: PairSource | None = None) -> int:
    """Write `rows` to `path` and return their number; `pairs` provides the pictures of a workbook.

    Raises BadInput for an unknown suffix or if `path` cannot be written.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        suffixes = ", ".join(_WRITERS)
        raise BadInput(
            Problem(
                file=str(path), message=render_message("desk", "unknown_suffix", suffix=path.suffix, known=suffixes)
            )
        )
    ordered = sorted(rows, key=lambda row: row.hit_id)
    with open_atomic(path) as file:
        write(file, ordered, pairs)
    return len(ordered)


def write_csv(file: BinaryIO, columns: Sequence[str], rows: Iterable[Iterable[CellValue]]) -> None:
    """Write a table as RFC 4180 in UTF-8 with signature, so that a spreadsheet shows every text as it is.

    A cell with another usual separator is quoted too: LibreOffice splits at all of them if it is not told otherwise.
    """
    file.write(codecs.BOM_UTF8)
    for cells in chain([columns], rows):
        file.write((",".join(_quote_cell(_csv_text(value)) for value in cells) + "\r\n").encode())


def _csv_text(value: CellValue) -> str:
    guard = text_cell if isinstance(value, str | tuple) else csv_cell
    return guard(cell_text(value))


def _quote_cell(cell: str) -> str:
    return f'"{cell.replace(QUOTE, 2 * QUOTE)}"' if not _QUOTED_SIGNS.isdisjoint(cell) else cell


def _write_hits_csv(file: BinaryIO, rows: Sequence[HitRow], _: PairSource | None = None) -> None:
    write_csv(file, COLUMNS, map(cells_of, rows))


def _write_jsonl(file: BinaryIO, rows: Sequence[HitRow], _: PairSource | None = None) -> None:
    for row in rows:
        cells = {name: _json_value(value) for name, value in zip(COLUMNS, cells_of(row), strict=True)}
        file.write(json.dumps(cells, ensure_ascii=False).encode() + b"\n")


def _json_value(value: CellValue) -> object:
    if isinstance(value, tuple):
        return [strip_unprintable(part) for part in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return strip_unprintable(value) if isinstance(value, str) else value


_WRITERS: dict[str, Callable[[BinaryIO, Sequence[HitRow], PairSource | None], None]] = {
    ".csv": _write_hits_csv,
    ".xlsx": write_workbook,
    ".jsonl": _write_jsonl,
}
