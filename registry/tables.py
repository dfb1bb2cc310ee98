"""Read a file as rows with line numbers: CSV or TSV, XLSX and JSON Lines.

Cells stay as the file gives them; registry.fields parses their values.
"""

from __future__ import annotations

import io
import json
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
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
from registry.text_tables import MAX_HEADING_ROWS, TableError, clean_heading, read_rows

Tell = Callable[[str], None]  # gets a sentence on how a file was read, for the user


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


@frozen(kw_only=True)
class _Source:
    data: bytes
    file: str
    language: str
    encoding: str | None
    tell: Tell

    def decode(self) -> str:
        decoded = decode_text(self.data, self.file, self.language, self.encoding)
        if not decoded.is_utf8:
            self.tell(self.render("read_as", file=self.file, encoding=decoded.encoding))
        return decoded.text

    def render(self, key: str, **values: object) -> str:
        return render_message("registry", key, self.language, **values)


def read_table(path: Path, language: str = "en", *, encoding: str | None = None, tell: Tell = lambda _: None) -> Table:
    """The rows of a .csv, .tsv, .xlsx or .jsonl file (text also as .gz).

    `encoding` overrules what the text seems to be; `tell` gets a sentence if it is not UTF-8. Raises BadInput where
    there is no table at all.
    """
    suffix = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    readers: dict[str, Callable[[_Source], Table]] = {
        ".csv": _read_text,
        ".tsv": _read_text,
        ".jsonl": _read_jsonl,
        ".xlsx": _read_xlsx,
    }
    reader = readers.get(suffix.removesuffix(".gz"))
    if reader is None or suffix == ".xlsx.gz":
        raise file_error(str(path), "unknown_suffix", language, suffix=path.suffix)
    data = read_bytes(path, suffix.endswith(".gz"), language)
    return reader(_Source(data=data, file=str(path), language=language, encoding=encoding, tell=tell))


def _read_text(source: _Source) -> Table:
    lines: list[tuple[int, list[Any]]] = []
    problems: list[Problem] = []
    try:
        lines.extend((row.line, row.cells) for row in read_rows(source.decode()))
    except TableError as error:
        message = source.render(error.key, reason=error.reason)
        problems.append(Problem(file=source.file, line=error.line, message=message))
    return _split_header(lines, source.file, source.language, problems)


def _read_xlsx(source: _Source) -> Table:
    data, file, language = source.data, source.file, source.language
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
    start = _heading_index([cells for _, cells in filled_rows])
    first, header = filled_rows[start]
    columns = [clean_heading(str(cell)) for cell in header]
    while columns and not columns[-1]:
        columns.pop()
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    message = render_message("registry", "repeated_column", language)
    problems.extend(Problem(file=file, line=first, field=name, message=message) for name in repeated)
    rows = []
    for line, cells in filled_rows[start + 1 :]:
        if any(str(cell).strip() for cell in cells[len(columns) :]):
            message = render_message("registry", "too_many_cells", language, found=len(cells), wanted=len(columns))
            problems.append(Problem(file=file, line=line, message=message))
        named_cells = list(zip(columns, cells, strict=False))
        if any(not name and str(cell).strip() for name, cell in named_cells):
            message = render_message("registry", "nameless_column", language)
            problems.append(Problem(file=file, line=line, message=message))
        rows.append(Row(line=line, cells={name: cell for name, cell in named_cells if name}))
    return Table(rows=rows, columns=tuple(name for name in columns if name), problems=problems)


def _heading_index(rows: Sequence[Sequence[Any]]) -> int:
    """Which row is the heading: the first with several cells, since a title above it fills only one."""
    filled_counts = [sum(bool(str(cell).strip()) for cell in cells) for cells in rows[: MAX_HEADING_ROWS + 1]]
    return next((index for index, count in enumerate(filled_counts) if count > 1), 0)


def _read_jsonl(source: _Source) -> Table:
    file, language = source.file, source.language
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, line in enumerate(source.decode().split("\n"), start=1):
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
