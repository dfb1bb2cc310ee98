"""Text as a cell of a spreadsheet: shown and never run as a formula (CSV injection, as described by OWASP), not taken
for a number or a date, and read back as it was.

Two guards, both seen by people as little as possible. A part of a cell that begins with a formula sign gets an
apostrophe in front. A text that a spreadsheet would retype (0123, 12e3, 1-2, TRUE) gets a tab behind: measured with
LibreOffice (bench/csv_in_libreoffice.py) the cell then shows exactly the text. An apostrophe would be shown there, and
="0123" is a formula, shown as such. Readers that strip white space never see the tab.
"""

from __future__ import annotations

import re
import unicodedata

SHORT_CELL_CHARS = 8_000  # fit into any cell, whatever the characters are
MAX_CELL_UNITS = 32_767  # UTF-16 units a cell holds; more would make the file unreadable for Excel
TEXT_MARK = "\t"  # behind a text that a spreadsheet would retype
MAX_RETYPED_CHARS = 40  # longer texts are no number or date anywhere
_FORMULA_SIGNS = frozenset("=+-@＝＋－＠﹢﹣﹦﹫")
# Numbers with currency, exponent, thousands or percent; dates and times in digits, also as Chinese writes them.
_VALUE_RE = re.compile(
    r"""\(?[$€£¥₩₹]?\s?\d[\d.,:/'’\s年月日时時分秒-]*(?:e[+-]?\d+)?(?:\s?%|\s[ap]m?|(?<=:\d\d)[ap]m)?\)?""", re.I
)
_MONTH_RE = re.compile(
    r"(?:\d{1,4}[\s./-]*)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\s./,-]*(?:\d{1,4}[\s./,-]*){0,2}",
    re.I,
)
_TRUTH_RE = re.compile(r"true|false|wahr|falsch|vrai|faux", re.I)
# Read the same as numbers and days; a number of 12 digits and more is rounded by Excel as it saves.
_HARMLESS_RE = re.compile(r"0|[1-9]\d{0,10}|\d{4}-\d\d-\d\d", re.ASCII)
_TEXT_FORMULA_RE = re.compile(
    r"""\s{0,9}=\s{0,9}(?:T\s{0,9}\(\s{0,9})?"((?:[^"]|"")*)"\s{0,9}\)?\s{0,9}""", re.I
)  # ="0123", =T("0123")
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


def text_cell(text: str) -> str:
    """`text` as a cell of a CSV file that is neither a formula nor a number, date or truth value."""
    guarded = csv_cell(text)
    return guarded + TEXT_MARK if guarded == text and is_retyped(text) else guarded


def is_retyped(text: str) -> bool:
    """Whether a spreadsheet that opens a CSV would show something else: 123 for 0123, a day for 1-2."""
    if len(text) > MAX_RETYPED_CHARS:
        return False
    value = unicodedata.normalize("NFKC", text).strip()
    if _HARMLESS_RE.fullmatch(value):
        return value != text.strip()
    if _VALUE_RE.fullmatch(value) or _TRUTH_RE.fullmatch(value):
        return True
    return bool(_MONTH_RE.fullmatch(value)) and any(sign.isdigit() for sign in value)


def plain_text(cell: str) -> str:
    """A cell of a CSV file without what only spreadsheets need: the guards of `text_cell`, or a formula that is a
    text (="9787020002207"), or an apostrophe typed before a number.
    """
    cell = cell.removesuffix(TEXT_MARK)
    if "=" in cell and (match := _TEXT_FORMULA_RE.fullmatch(cell)):
        return match[1].replace('""', '"')
    if "'" not in cell:
        return cell
    parts = _CELL_BREAK_RE.split(cell)
    plain = "".join(part[1:] if part[:1] == "'" and _starts_formula(part[1:]) else part for part in parts)
    return plain[1:] if plain[:1] == "'" and (plain[1:2] in ("\t", "\r", "\n") or _is_number(plain[1:])) else plain


def _is_number(text: str) -> bool:
    value = unicodedata.normalize("NFKC", text).strip()
    return len(value) <= MAX_RETYPED_CHARS and bool(_VALUE_RE.fullmatch(value))


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
