"""Makes text from the web safe as a spreadsheet cell: it is shown and never run as a formula (CSV injection, as
described by OWASP).

A part of a cell that begins with a formula sign gets an apostrophe in front.
"""

from __future__ import annotations

import re
import unicodedata

SHORT_CELL_CHARS = 8_000  # fit into any cell, whatever the characters are
MAX_CELL_UNITS = 32_767  # UTF-16 units a cell holds; more would make the file unreadable for Excel
_FORMULA_SIGNS = frozenset("=+-@＝＋－＠﹢﹣﹦﹫")
_CELL_BREAK_RE = re.compile(r"([;\t\r\n])")
# Unicode's major categories: control, invisible and unassigned characters (C), separators (Z).
_INVISIBLE_CATEGORIES = frozenset("CZ")


def strip_unprintable(text: str) -> str:
    """`text` without characters that no file may contain: lone surrogates become U+FFFD, control characters are removed
    (tab and line ends stay).
    """
    if text.isprintable():
        return text
    decoded = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(sign for sign in decoded if sign in "\t\r\n" or not _is_unprintable(sign))


def csv_cell(text: str) -> str:
    """`text` as a cell of a CSV file that cannot start a formula; unchanged if no part of it begins with a formula
    sign.
    """
    if text[:1].isalnum() and text.isprintable() and ";" not in text:
        return text  # most cells: a single part that does not begin with a sign
    parts = _CELL_BREAK_RE.split(strip_unprintable(text))
    guarded = "".join(f"'{part}" if _starts_formula(part) else part for part in parts)
    return f"'{guarded}" if guarded[:1] in ("\t", "\r", "\n") else guarded


def sheet_cell(text: str) -> str:
    """`text` as a text cell of a workbook: truncated to what a cell holds, with "\\n" as the only line end."""
    if len(text) < SHORT_CELL_CHARS and text.isprintable():
        return text
    return _truncate(strip_unprintable(text).replace("\r\n", "\n").replace("\r", "\n"))


def _starts_formula(part: str) -> bool:
    first_visible = next((sign for sign in part if unicodedata.category(sign)[0] not in _INVISIBLE_CATEGORIES), "")
    return first_visible in _FORMULA_SIGNS


def _is_unprintable(sign: str) -> bool:
    code = ord(sign)
    return unicodedata.category(sign) == "Cc" or code & 0xFFFE == 0xFFFE


def _truncate(text: str) -> str:
    code_units = text.encode("utf-16-le")
    return (
        text
        if len(code_units) <= 2 * MAX_CELL_UNITS
        else code_units[: 2 * MAX_CELL_UNITS].decode("utf-16-le", "ignore")
    )
