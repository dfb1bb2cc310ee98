"""Rows of delimited text, as spreadsheets and people write it: any usual delimiter, with or without Excel's line
`sep=;`, any line end, quotes inside cells.

A cell loses what only a spreadsheet needs: a formula that is a text (="9787020002207") and the guards of exports.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

from attrs import frozen

from crawler.spreadsheet_cells import plain_text

MAX_CELL_CHARS = 1 << 20
DELIMITERS = (",", "\t", ";", "|")  # the first of equals wins
MAX_HEADING_ROWS = 5  # a title and some notes may stand above the heading
SNIFFED_ROWS = 12
# Excel writes and obeys it; saved again by another program it is quoted and padded: "sep=;",,,
_SEPARATOR_RE = re.compile(r'"?sep= ?([^\w"\r\n])"?[,;\t|]*[ \t]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


class TableError(Exception):
    """A row cannot be parsed. `line` is where it begins; `key` names the message, `reason` is the parser's."""

    def __init__(self, line: int, key: str, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.key = key
        self.reason = reason


@frozen
class TextRow:
    """One row and the line it begins on, from 1."""

    line: int
    cells: list[str]


def read_rows(text: str) -> Iterator[TextRow]:
    """The rows of a delimited text, blank ones too, without a line `sep=`. Raises TableError where a row cannot be
    parsed.
    """
    stated, start = _read_separator(text)
    body = text[start:]
    first_line = 2 if start else 1
    delimiter = _guess_delimiter(body, stated)
    csv.field_size_limit(MAX_CELL_CHARS)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    line = first_line
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableError(line, _error_key(str(error)), str(error)) from None
        yield TextRow(line, [plain_text(cell) for cell in cells])
        line = first_line + reader.line_num


def clean_heading(cell: str) -> str:
    """A heading in lower case without what nobody sees (no-break and zero-width characters, marks), in usual widths."""
    folded = unicodedata.normalize("NFKC", cell)
    visible = "".join(sign for sign in folded if unicodedata.category(sign) not in ("Cf", "Cc") or sign.isspace())
    return " ".join(visible.split()).lower()


def _error_key(reason: str) -> str:
    return "open_quote" if "unexpected end" in reason else "stray_quote" if "expected after" in reason else "bad_table"


def _read_separator(text: str) -> tuple[str | None, int]:
    """The delimiter that a first line `sep=` states, and where the table begins."""
    match = _SEPARATOR_RE.match(text)
    return (match[1], match.end()) if match else (None, 0)


def _guess_delimiter(text: str, stated: str | None) -> str:
    """The delimiter that parts the heading into most cells and the row after it into several.

    The heading is the first row that any delimiter parts so: above it may stand a title. A stated delimiter is believed
    if it parts anything.
    """
    candidates = tuple(dict.fromkeys([stated, *DELIMITERS] if stated else DELIMITERS))
    samples = {delimiter: _sample_rows(text, delimiter) for delimiter in candidates}
    if stated and any(len(row) > 1 for row in samples[stated]):
        return stated
    for index in range(MAX_HEADING_ROWS):
        counts = {delimiter: _heading_cells(rows, index) for delimiter, rows in samples.items()}
        best = max(candidates, key=lambda delimiter: counts[delimiter])
        if counts[best] > 1:
            return best
    return stated or DELIMITERS[0]


def _sample_rows(text: str, delimiter: str) -> list[list[str]]:
    """The first rows that are not blank, as far as they can be parsed."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    with suppress(csv.Error):  # reported when the table is read
        rows.extend(islice((cells for cells in reader if any(map(str.strip, cells))), SNIFFED_ROWS))
    return rows


def _heading_cells(rows: Sequence[Sequence[str]], index: int) -> int:
    """How many different cells a row has that may be the heading; 0 if the row after it has only one."""
    if index >= len(rows) or (index + 1 < len(rows) and len(rows[index + 1]) < 2):
        return 0
    return len({cell.strip() for cell in rows[index]} - {""})
