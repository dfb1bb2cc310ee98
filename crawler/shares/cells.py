"""Access codes that stand in a cell of their own: tables, separated values, key and value.

A column headed 提取码, or a column of codes in two rows or more, is taken for what it is; a single cell counts where it
has letters and digits. Cells are parted by | (tabs and table cells of HTML are written so), commas or semicolons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from attrs import frozen

from crawler.shares.addresses import Address
from crawler.shares.codes import Candidate
from crawler.shares.values import MIXED, NO_CODE

_HEAD = re.compile(
    r"提取|访问码|訪問碼|密[码碼]|口令|验证码|(?<![A-Za-z])(?:code|pwd|pass|password|passcode|key|pw|tqm)(?![A-Za-z])",
    re.I,
)
_OTHER_HEAD = re.compile(r"解压|解壓|压缩|unzip|archive|rar|zip", re.IGNORECASE)
_PARTS = re.compile(r"[^|,;\n]{1,400}|(?<=[|,;])(?=[|,;\n]|\Z)")
_WRAPPED = re.compile(r"[\s\"'`*()\[\]{}]*(?:[A-Za-z]{1,2}[0-9]{1,4}: ?|[\"']?\w{1,14}[\"']? ?[:=]>? ?)?[\s\"'`*(\[]*")
_VALUE = re.compile(r"(?P<value>[A-Za-z0-9]{3,8})[\s\"'`*)\]}]*\Z")
_MIXED = re.compile(MIXED)
_LONGEST = 600  # signs of a row on each side of its link
_MOST = 24  # cells of a row


@frozen(kw_only=True)
class _Cell:
    """What stands in one cell of a row, at its place in the text; `place` counts from the link's own cell."""

    value: str
    start: int
    end: int
    place: int


def in_columns(text: str, links: Sequence[Address], headed: bool) -> Iterator[tuple[Address, Candidate]]:
    """Each link with the code of its row, where the head of the table (`headed`) or several rows say which column."""
    rows = [(link, cells) for link in links if (cells := _cells(text, link))]
    if headed:
        yield from _transposed(text, rows)
    for _, block in groupby(rows, key=lambda row: len(row[1])):
        yield from _of_block(text, list(block), headed)


def _of_block(text: str, rows: list[tuple[Address, list[_Cell]]], headed: bool) -> Iterator[tuple[Address, Candidate]]:
    heads = _heads(text, *rows[0]) if headed else []
    strangers = {name for link, _ in rows for name in link.rule.names}
    columns = _columns(rows) if not headed and len(rows) > 1 else []
    for link, cells in rows:
        wanted = _headed(heads, link, -cells[0].place, strangers) if headed else columns
        by_place = {cell.place: cell for cell in cells if _fits(link, cell.value)}
        if found := next((by_place[place] for place in wanted[:1] if place in by_place), None):
            yield link, _candidate(found)


def _columns(rows: list[tuple[Address, list[_Cell]]]) -> list[int]:
    """The columns that hold a code in every row, behind the link first; at least one of the codes is mixed."""
    found = []
    for place in {cell.place for cell in rows[0][1]}:
        values = [cell.value for _, cells in rows for cell in cells if cell.place == place]
        right = all(_fits(link, value) for (link, _), value in zip(rows, values, strict=False))
        if right and len(set(values)) > 1 and any(map(_MIXED.fullmatch, values)):
            found.append(place)
    return sorted(found, key=lambda place: (place < 0, abs(place)))


def _transposed(text: str, rows: list[tuple[Address, list[_Cell]]]) -> Iterator[tuple[Address, Candidate]]:
    """Links side by side in one row, their codes below them in a row whose first cell says so."""
    for link, cells in rows:
        own = -cells[0].place
        stop = text.find("\n", link.end, link.end + _LONGEST)
        line = text[stop + 1 : stop + 1 + _LONGEST].partition("\n")[0] if stop >= 0 else ""
        spans = [match.span() for match in _PARTS.finditer(line)]
        if len(spans) != len(cells) or own < 1 or not _HEAD.search("".join(line[a:b] for a, b in spans[:2])):
            continue
        below = _cell(text, stop + 1 + spans[own][0], stop + 1 + spans[own][1], 0)
        if _fits(link, below.value):
            yield link, _candidate(below)


def _heads(text: str, link: Address, cells: list[_Cell]) -> list[str]:
    """The cells of the line above the first row, where there are as many; a line of dashes may stand between."""
    stop = text.rfind("\n", max(0, link.start - _LONGEST), link.start)
    head: list[str] = []
    for _ in range(2):
        if stop < 0:
            return []
        start = max(text.rfind("\n", max(0, stop - _LONGEST), stop) + 1, stop - _LONGEST, 0)
        head = [text[match.start() : match.end()] for match in _PARTS.finditer(text, start, stop)][:_MOST]
        if re.search(r"\w", "".join(head)):
            break
        stop = start - 1
    return head if len(head) == len(cells) else []


def _headed(heads: list[str], link: Address, own: int, names: set[str]) -> list[int]:
    """Columns, counted from the link's own, whose head is a word for codes, and names no other platform of `names`.

    The platform's own come first, then those behind the link, the nearest first.
    """
    found = [place for place, name in enumerate(heads) if _HEAD.search(name) and not _OTHER_HEAD.search(name)]
    named = [place for place in found if any(name in heads[place] for name in link.rule.names)]
    others = names.difference(link.rule.names)
    open_to_all = [place for place in found if not any(name in heads[place] for name in others)]
    return sorted((place - own for place in (named or open_to_all)), key=lambda place: (place < 0, abs(place)))


def _fits(link: Address, value: str) -> bool:
    rule = link.rule
    return bool(rule.code and not rule.said and rule.code.fullmatch(value) and not NO_CODE.match(value))


def _cells(text: str, link: Address) -> list[_Cell]:
    """The cells of the link's row; none where nothing parts the line."""
    first, last = max(0, link.start - _LONGEST), min(len(text), link.end + _LONGEST)
    start = max(text.rfind("\n", first, link.start) + 1, first)
    stop = text.find("\n", link.end, last)
    stop = stop if stop >= 0 else last
    parts = [match.span() for match in _PARTS.finditer(text, start, stop)]
    own = next((number for number, part in enumerate(parts) if part[0] <= link.start < part[1]), None)
    if own is None or not 1 < len(parts) <= _MOST:
        return []
    return [_cell(text, *part, number - own) for number, part in enumerate(parts)]


def _cell(text: str, start: int, end: int, place: int) -> _Cell:
    wrapped = _WRAPPED.match(text, start, end)
    inner = wrapped.end() if wrapped else start
    found = _VALUE.match(text, inner, end) or _VALUE.match(text, start, end)
    if found is None:
        return _Cell(value="", start=start, end=end, place=place)
    return _Cell(value=found["value"], start=found.start("value"), end=found.end("value"), place=place)


def in_a_cell(text: str, link: Address) -> Iterator[Candidate]:
    """Cells of the link's row that hold nothing but letters and digits of a code, the nearest behind the link first."""
    cells = [cell for cell in _cells(text, link) if _is_code(text, cell)]
    for cell in sorted(cells, key=lambda cell: (cell.place < 0, abs(cell.place))):
        if not NO_CODE.match(cell.value):
            yield _candidate(cell)


def _is_code(text: str, cell: _Cell) -> bool:
    """Letters and digits, anywhere in the row; four digits alone only in the next cell of a table."""
    if cell.place == 1 and cell.value.isdecimal() and len(cell.value) == 4:
        return "|" in text[cell.start - 3 : cell.start] or "|" in text[cell.end : cell.end + 3]
    return cell.place != 0 and bool(_MIXED.fullmatch(cell.value))


def _candidate(cell: _Cell) -> Candidate:
    return Candidate(value=cell.value, kind="column", start=cell.start, end=cell.end)
