"""Read a file as rows with line numbers: CSV, XLSX and JSON Lines.

Cells stay as the file gives them; registry.fields parses their values.
"""

from __future__ import annotations

import csv
import io
import json
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn
from xml.etree.ElementTree import ParseError

from attrs import frozen
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from crawler.errors import BadInput, Problem
from crawler.messages import render_message
from registry.input_files import MAX_UNPACKED_BYTES, decode_text, file_error, read_bytes

MAX_CELL_CHARS = 1 << 20


@frozen(kw_only=True)
class Row:
    """One row: the line it begins on (from 1) and its cells: text in tables, any value in JSON."""

    line: int
    cells: Mapping[str, Any]


@frozen(kw_only=True)
class Table:
    """All rows of a file, the columns that its header names (None for JSON Lines), and problems found while reading."""

    rows: list[Row]
    columns: tuple[str, ...] | None
    problems: list[Problem]


def read_table(path: Path, language: str = "en") -> Table:
    """The rows of a .csv, .xlsx or .jsonl file (.csv.gz, .jsonl.gz). Raises BadInput where there is no table at all."""
    suffix = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    readers: dict[str, Callable[[bytes, str, str], Table]] = {
        ".csv": _read_csv,
        ".jsonl": _read_jsonl,
        ".xlsx": _read_xlsx,
    }
    reader = readers.get(suffix.removesuffix(".gz"))
    if reader is None or suffix == ".xlsx.gz":
        raise file_error(str(path), "unknown_suffix", language, suffix=path.suffix)
    data = read_bytes(path, suffix.endswith(".gz"), language)
    return reader(data, str(path), language)


def _read_csv(data: bytes, file: str, language: str) -> Table:
    text = decode_text(data, file, language)
    csv.field_size_limit(MAX_CELL_CHARS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_guess_delimiter(text), strict=True)
    lines: list[tuple[int, list[Any]]] = []
    problems: list[Problem] = []
    first_line = 1
    try:
        for cells in reader:
            lines.append((first_line, cells))
            first_line = reader.line_num + 1
    except csv.Error as error:
        problems.append(
            Problem(file=file, line=first_line, message=render_message("registry", "bad_table", language, reason=error))
        )
    return _split_header(lines, file, language, problems)


def _guess_delimiter(text: str) -> str:
    first_line = text[:MAX_CELL_CHARS].split("\n", 1)[0]
    return max((",", "\t", ";"), key=first_line.count)


def _read_xlsx(data: bytes, file: str, language: str) -> Table:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            size = sum(part.file_size for part in parts.infolist())
        if size > MAX_UNPACKED_BYTES:
            raise file_error(file, "unreadable", language, reason=f"> {MAX_UNPACKED_BYTES >> 20} MB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about unknown styles; only values matter here
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            rows = enumerate(sheet.iter_rows(values_only=True), start=1)
            lines = [(line, [_cell_text(value) for value in cells]) for line, cells in rows]
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        ParseError,
        KeyError,
        ValueError,
        IndexError,
        zlib.error,
    ) as error:
        raise file_error(file, "bad_table", language, reason=error) from None
    return _split_header(lines, file, language, [])


def _cell_text(value: object) -> str:
    """A cell as a person would type it: 9787020002207 and not 9787020002207.0, a day as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _split_header(lines: list[tuple[int, list[Any]]], file: str, language: str, problems: list[Problem]) -> Table:
    filled_rows = [(line, cells) for line, cells in lines if any(str(cell).strip() for cell in cells)]
    if not filled_rows:
        if not problems:
            raise file_error(file, "empty_file", language)
        raise BadInput(problems)
    first, header = filled_rows[0]
    columns = [str(cell).strip().lower() for cell in header]
    while columns and not columns[-1]:
        columns.pop()
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    message = render_message("registry", "repeated_column", language)
    problems.extend(Problem(file=file, line=first, field=name, message=message) for name in repeated)
    rows = []
    for line, cells in filled_rows[1:]:
        if any(str(cell).strip() for cell in cells[len(columns) :]):
            message = render_message("registry", "too_many_cells", language, found=len(cells), wanted=len(columns))
            problems.append(Problem(file=file, line=line, message=message))
        rows.append(Row(line=line, cells=dict(zip(columns, cells, strict=False))))
    return Table(rows=rows, columns=tuple(columns), problems=problems)


def _read_jsonl(data: bytes, file: str, language: str) -> Table:
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, line in enumerate(decode_text(data, file, language).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            cells = json.loads(line, parse_constant=_reject_constant)
        except (ValueError, RecursionError) as error:
            problems.append(
                Problem(file=file, line=number, message=render_message("registry", "bad_json", language, reason=error))
            )
            continue
        if isinstance(cells, dict):
            rows.append(Row(line=number, cells=cells))
        else:
            problems.append(
                Problem(file=file, line=number, message=render_message("registry", "not_an_object", language))
            )
    return Table(rows=rows, columns=None, problems=problems)


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
