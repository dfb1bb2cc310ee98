"""Read the sheets of a workbook (.xlsx, .xls, .ods), or of a web page's tables that carry such a name, as rows of text.

The bytes decide what a file is, not its name. Workbooks come from anyone, so they are read in a process of its own,
with bounds on memory and time: a bomb ends that process and becomes a sentence, as does whatever the library dies of.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

from attrs import Factory, define, field, frozen

from crawler.memory import limit_memory
from registry.input_files import file_error

MAX_WORKBOOK_BYTES = 1 << 30  # unpacked; a list of a million works takes about 0.7 GiB
WORKBOOK_MEMORY_MIB = 3072  # of the reading process; 100,000 works of 13 columns take 150 MB
DEADLINE_SECONDS = 180.0  # 100,000 works of 13 columns take 3 s
MAX_ROWSPAN = 1000  # of a web page's cell, as HTML allows at most 65,534 and a list needs few
SIGNIFICANT_DIGITS = 15  # of a number in a spreadsheet
UNCALCULATED = "#CALC!"  # stands in the cell of a formula without a stored result

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (("EncryptedPackage", "encrypted"), ("WordDocument", "word"), ("Workbook", ""), ("Book", ""))
_ZIP_PARTS = (
    (re.compile(r"xl/workbook\.xml|xl/_rels/workbook\.xml\.rels"), ""),
    (re.compile(r"xl/workbook\.bin"), "binary"),
    (re.compile(r"Index/[^/]{1,99}\.iwa|Index\.zip"), "numbers"),
    (re.compile(r"word/document\.xml"), "word"),
)
_PAGE_TAG_RE = re.compile(rb"<(?:!doctype\s{1,9}html|html|head|meta|table|div|style)\b", re.I)
_XML_2003_NAME = b"urn:schemas-microsoft-com:office:spreadsheet"
HEAD_BYTES = 4096  # in which a file shows what it is
_ROW_SPAN_RE = re.compile(rb'number-rows-spanned="(?:[2-9]|\d{2,})"')
_CELL_NAME_RE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_ERROR_CELL_RE = re.compile(rb'<(?:\w{1,9}:)?c\s([^<>]{0,200}?\bt="e"[^<>]{0,200})>')
_ERROR_VALUE_RE = re.compile(rb"<(?:\w{1,9}:)?v>([^<]{1,20})<")
_FORMULA_CELL_RE = re.compile(rb"<(?:\w{1,9}:)?c\s([^<>]{0,300})>\s{0,9}<(?:\w{1,9}:)?f[\s/>]")
_STORED_RESULT_RE = re.compile(rb"<(?:\w{1,9}:)?(?:v>[^<]|is\b)")
_CELL_END_RE = re.compile(rb"</(?:\w{1,9}:)?c>")


@frozen(kw_only=True)
class Sheet:
    """One sheet. `rows`: line (from 1) and cells as text, without empty rows; merged cells all have the value that they
    show, `merged_cells` says how many of each line got it so. `banners`: lines with nothing but one cell merged over
    columns.
    """

    name: str
    is_visible: bool
    rows: list[tuple[int, list[str]]]
    merged_cells: Mapping[int, int] = Factory(dict)
    banners: frozenset[int] = frozenset()


def detect_workbook(data: bytes, file: str, language: str) -> bool:
    """Whether the bytes are a workbook or a web page with tables; False where they may be text.

    Raises BadInput for a file of another kind (PDF, Word, Numbers, ZIP, a password, XML 2003): it says what to do.
    """
    kind = _file_kind(data)
    if kind:
        raise file_error(file, f"refused_{kind}", language)
    return kind is not None


def read_workbook(data: bytes, file: str, language: str, decode: Callable[[bytes], str]) -> list[Sheet]:
    """The sheets of a workbook or page that `detect_workbook` knows, in order; `decode` reads a page's text.

    Raises BadInput with one sentence where it cannot be read.
    """
    from pebble import ProcessExpired, ProcessPool  # most commands read no workbook

    task, argument = (_read_page, decode(data)) if _is_page(data) else (_read_sheets, data)
    context = multiprocessing.get_context("spawn")
    with ProcessPool(max_workers=1, context=context, initializer=_confine, initargs=[WORKBOOK_MEMORY_MIB]) as pool:
        future = pool.schedule(task, args=[argument], timeout=DEADLINE_SECONDS)
        try:
            result: list[Sheet] | _Refusal = future.result()
        except TimeoutError:
            raise file_error(file, "workbook_too_slow", language, seconds=round(DEADLINE_SECONDS)) from None
        except (ProcessExpired, MemoryError):
            raise file_error(file, "workbook_too_big", language, megabytes=WORKBOOK_MEMORY_MIB) from None
    if isinstance(result, _Refusal):
        raise file_error(file, result.key, language, reason=result.reason)
    return result


def _file_kind(data: bytes) -> str | None:
    """ "" for what is read, None for what may be text, else the kind that is refused."""
    if data.startswith(_OLE_MAGIC):
        streams = (kind for name, kind in _OLE_STREAMS if name.encode("utf-16-le") in data)
        return next(streams, "document")
    if data.startswith(b"PK\x03\x04"):
        return _zip_kind(data)
    if data.startswith(b"%PDF"):
        return "pdf"
    head = _head(data)
    if head.startswith(b"<?xml") and _XML_2003_NAME in head:
        return "xml_2003"
    return "" if _is_page(data) else None


def _is_page(data: bytes) -> bool:
    return bool(_PAGE_TAG_RE.match(_head(data)))


def _head(data: bytes) -> bytes:
    """The beginning of a file, without byte order mark, blanks and a comment."""
    head = data[:HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.partition(b"-->")[2].lstrip() if head.startswith(b"<!--") else head


def _zip_kind(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [part.filename.replace("\\", "/") for part in archive.infolist()]
            if sum(part.file_size for part in archive.infolist()) > MAX_WORKBOOK_BYTES:
                return "bomb"
            if "mimetype" in names and b"spreadsheet" in archive.read("mimetype"):
                is_locked = b"encryption-data" in archive.read("META-INF/manifest.xml")
                return "encrypted" if is_locked else ""
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError, ValueError):
        return "damaged"
    return next((kind for pattern, kind in _ZIP_PARTS if any(map(pattern.match, names))), "zip")


@frozen(kw_only=True)
class _Refusal:
    """Why a workbook cannot be read: the key of its sentence and the reader's own words."""

    key: str
    reason: str = ""


def _confine(memory_mib: int) -> None:
    """Set bounds for the reading process, and keep what a dying library prints off the terminal."""
    limit_memory(memory_mib)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _read_sheets(data: bytes) -> list[Sheet] | _Refusal:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        if data.startswith(b"PK") and (refusal := _refuse_row_spans(data)):
            return refusal
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        faults = _FaultyCells(data) if data.startswith(b"PK") else None
        return [
            _read_sheet(book.get_sheet_by_name(entry.name), entry.visible == SheetVisibleEnum.Visible, faults)
            for entry in book.sheets_metadata
            if entry.typ == SheetTypeEnum.WorkSheet
        ]
    except PasswordError:
        return _Refusal(key="refused_encrypted")
    except (CalamineError, ElementTree.ParseError, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        return _Refusal(key="bad_workbook", reason=str(error))
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # the library's bug; it is no Exception, and cannot be pickled
            raise
        return _Refusal(key="bad_workbook", reason=str(error))


def _refuse_row_spans(data: bytes) -> _Refusal | None:
    """The library does not tell the merged cells of .ods; those of several rows would lose values."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "content.xml" in archive.namelist() and _ROW_SPAN_RE.search(archive.read("content.xml")):
            return _Refusal(key="refused_row_spans")
    return None


def _read_sheet(sheet: Any, is_visible: bool, faults: _FaultyCells | None) -> Sheet:
    grid = _Grid()
    if sheet.start is not None:
        padding = [""] * sheet.start[1]
        for line, cells in enumerate(sheet.iter_rows(), start=1):
            if texts := [_cell_text(cell) for cell in cells]:
                grid.add_row(line, padding + texts)
    for line, column, text in faults.find(sheet.name) if faults else ():
        grid.set_cell(line, column, text)
    for (first_line, first_column), (last_line, last_column) in sheet.merged_cell_ranges or ():
        grid.fill(first_line + 1, first_column, last_line + 1, last_column)
    return grid.build(sheet.name, is_visible)


def _cell_text(value: object) -> str:
    """A cell as a person would type it: 9787020002207 and not 9787020002207.0, a day as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < 10**SIGNIFICANT_DIGITS
        return str(int(value)) if is_whole else f"{value:.{SIGNIFICANT_DIGITS}g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return value.isoformat() if isinstance(value, date) else str(value)


@define
class _Grid:
    """The filled cells of a sheet while it is read; lines count from 1, columns from 0."""

    lines: dict[int, list[str]] = field(factory=dict)
    width: int = 0
    merged_cells: Counter[int] = field(factory=Counter)
    covered: dict[int, int] = field(factory=dict)  # line -> how many of its cells one merged cell of columns fills

    def add_row(self, line: int, cells: list[str]) -> None:
        """Add a row unless it is empty; trailing empty cells go."""
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            self.lines[line] = cells
            self.width = max(self.width, len(cells))

    def set_cell(self, line: int, column: int, text: str) -> None:
        """Set one cell, making its row longer where needed."""
        cells = self.lines.setdefault(line, [])
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = text
        self.width = max(self.width, len(cells))

    def fill(self, first_line: int, first_column: int, last_line: int, last_column: int) -> None:
        """Give all cells of a merged range the value of its first, within the lines and columns that are used."""
        first_cells = self.lines.get(first_line, [])
        text = first_cells[first_column] if first_column < len(first_cells) else ""
        if not text.strip():
            return
        last_column = min(last_column, self.width - 1)
        for line in range(first_line, min(last_line, max(self.lines)) + 1):
            for column in range(first_column, last_column + 1):
                if (line, column) != (first_line, first_column):
                    self.set_cell(line, column, text)
                    self.merged_cells[line] += 1
            if last_column > first_column:
                self.covered[line] = last_column - first_column + 1

    def build(self, name: str, is_visible: bool) -> Sheet:
        """The sheet."""
        banners = (line for line, count in self.covered.items() if count == sum(map(bool, self.lines[line])))
        rows = sorted(self.lines.items())
        return Sheet(
            name=name, is_visible=is_visible, rows=rows, merged_cells=self.merged_cells, banners=frozenset(banners)
        )


class _FaultyCells:
    """The cells of an .xlsx file that hold an error (#N/A) or a formula without a result: the library shows both as
    empty, so they are looked up in the sheet's own XML.
    """

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._parts = dict(self._sheet_parts())

    def find(self, sheet: str) -> Iterator[tuple[int, int, str]]:
        """Line (from 1), column (from 0) and what to show, for each such cell of a sheet."""
        part = self._parts.get(sheet)
        if part is None or part not in self._archive.namelist():
            return
        xml = self._archive.read(part)
        for match in _ERROR_CELL_RE.finditer(xml):
            value = _ERROR_VALUE_RE.search(xml, match.end(), match.end() + 10_000)
            yield from _place_cell(match[1], value[1].decode("utf-8", "replace") if value else UNCALCULATED)
        for match in _FORMULA_CELL_RE.finditer(xml):
            end = _CELL_END_RE.search(xml, match.end())
            is_stored = _STORED_RESULT_RE.search(xml, match.end(), end.start() if end else match.end())
            if not is_stored and b't="str"' not in match[1]:  # a text without characters is a result
                yield from _place_cell(match[1], UNCALCULATED)

    def _sheet_parts(self) -> Iterator[tuple[str, str]]:
        names = {name.replace("\\", "/").lower(): name for name in self._archive.namelist()}
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names.keys():
            return
        relations = ElementTree.fromstring(self._archive.read(names["xl/_rels/workbook.xml.rels"]))
        targets = {node.get("Id"): node.get("Target", "") for node in relations}
        for node in ElementTree.fromstring(self._archive.read(names["xl/workbook.xml"])).iterfind("{*}sheets/{*}sheet"):
            relation = next((value for key, value in node.items() if key.endswith("}id")), None)
            target = targets.get(relation, "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            yield node.get("name", ""), names.get(part.lower(), part)


def _place_cell(attributes: bytes, text: str) -> Iterator[tuple[int, int, str]]:
    name = _CELL_NAME_RE.search(attributes)
    if name:
        column = 0
        for letter in name[1]:
            column = 26 * column + letter - ord("A") + 1
        yield int(name[2]), column - 1, text


def _read_page(text: str) -> list[Sheet] | _Refusal:
    """The tables of a web page as sheets; systems export lists so and name them .xls."""
    from selectolax.lexbor import LexborHTMLParser

    tables = LexborHTMLParser(text).css("table")
    sheets = [_read_table(table, number) for number, table in enumerate(tables, start=1)]
    return [sheet for sheet in sheets if sheet.rows] or _Refusal(key="refused_page")


def _read_table(table: Any, number: int) -> Sheet:
    grid = _Grid()
    merges: list[tuple[int, int, int, int]] = []
    taken: set[tuple[int, int]] = set()
    for line, row in enumerate(table.css("tr"), start=1):
        column = 0
        for cell in (node for node in row.iter() if node.tag in ("td", "th")):
            while (line, column) in taken:
                column += 1
            width, height = _span(cell.attributes.get("colspan")), _span(cell.attributes.get("rowspan"))
            taken |= {(line + down, column + right) for down in range(height) for right in range(width)}
            if text := " ".join(cell.text(separator=" ").split()):
                grid.set_cell(line, column, text)
            if width > 1 or height > 1:
                merges.append((line, column, line + height - 1, column + width - 1))
            column += width
    for merge in merges:
        grid.fill(*merge)
    return grid.build(f"table {number}", True)


def _span(value: str | None) -> int:
    return min(max(int(value), 1), MAX_ROWSPAN) if value and value.isascii() and value.isdigit() else 1
