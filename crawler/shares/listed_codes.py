"""Find access codes in tables and lists: by column, by row, or by a key that the link has too.

A column headed 提取码, or a column with codes in two or more rows, is accepted as it is; a single cell counts only with
letters and digits. Cells are separated by | (which stands for tabs and HTML table cells), commas or semicolons. Keys of
a list (甲：ab12 乙：cd34, 度盘ab12、天翼cd34) are platform names or short marks; of marks at least two are needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby

from attrs import frozen

from crawler.shares.code_values import MIXED_CODE_PATTERN, NOT_A_CODE_RE
from crawler.shares.labelled_codes import CodeCandidate
from crawler.shares.link_rules import LinkGrammar
from crawler.shares.plain_links import ParsedLink

_CODE_HEADING_RE = re.compile(
    r"提取|访问码|訪問碼|密[码碼]|口令|验证码|(?<![A-Za-z])(?:code|pwd|pass|password|passcode|key|pw|tqm)(?![A-Za-z])",
    re.I,
)
_ARCHIVE_HEADING_RE = re.compile(r"解压|解壓|压缩|unzip|archive|rar|zip", re.IGNORECASE)
_CELL_RE = re.compile(r"[^|,;\n]{1,400}|(?<=[|,;])(?=[|,;\n]|\Z)")
_CELL_WRAPPING_RE = re.compile(
    r"[\s\"'`*()\[\]{}]*(?:[A-Za-z]{1,2}[0-9]{1,4}: ?|[\"']?\w{1,14}[\"']? ?[:=]>? ?)?[\s\"'`*(\[]*"
)
_CELL_VALUE_RE = re.compile(r"(?P<value>[A-Za-z0-9]{3,8})[\s\"'`*)\]}]*\Z")
_MIXED_CODE_RE = re.compile(MIXED_CODE_PATTERN)
_MAX_ROW_CHARS = 600  # of a row, on each side of its link
_MAX_ROW_CELLS = 24


@frozen(kw_only=True)
class _Cell:
    """One cell of a row: `value` is text[start:end], `offset` counts cells from the link's own."""

    value: str
    start: int
    end: int
    offset: int


def find_column_codes(
    text: str, links: Sequence[ParsedLink], has_headings: bool
) -> Iterator[tuple[ParsedLink, CodeCandidate]]:
    """Pairs of link and code from its row; the column follows from the header (`has_headings`) or from several rows."""
    rows = [(link, cells) for link in links if (cells := _row_cells(text, link))]
    if has_headings:
        yield from _find_transposed_codes(text, rows)
    for _, block in groupby(rows, key=lambda row: len(row[1])):
        yield from _find_block_codes(text, list(block), has_headings)


def _find_block_codes(
    text: str, rows: list[tuple[ParsedLink, list[_Cell]]], has_headings: bool
) -> Iterator[tuple[ParsedLink, CodeCandidate]]:
    headings = _table_headings(text, *rows[0]) if has_headings else []
    platform_names = {name for link, _ in rows for name in link.rule.seller_names}
    columns = _code_columns(rows) if not has_headings and len(rows) > 1 else []
    for link, cells in rows:
        offsets = _heading_columns(headings, link, -cells[0].offset, platform_names) if has_headings else columns
        by_offset = {cell.offset: cell for cell in cells if _fits_platform(link, cell.value)}
        if code_cell := next((by_offset[offset] for offset in offsets[:1] if offset in by_offset), None):
            yield link, _code_candidate(code_cell)


def _code_columns(rows: list[tuple[ParsedLink, list[_Cell]]]) -> list[int]:
    """Offsets of the columns that hold a code in every row, those behind the link first.

    At least one code must mix letters and digits.
    """
    offsets = []
    for offset in {cell.offset for cell in rows[0][1]}:
        values = [cell.value for _, cells in rows for cell in cells if cell.offset == offset]
        is_fitting = all(_fits_platform(link, value) for (link, _), value in zip(rows, values, strict=False))
        if is_fitting and len(set(values)) > 1 and any(map(_MIXED_CODE_RE.fullmatch, values)):
            offsets.append(offset)
    return sorted(offsets, key=lambda offset: (offset < 0, abs(offset)))


def _find_transposed_codes(
    text: str, rows: list[tuple[ParsedLink, list[_Cell]]]
) -> Iterator[tuple[ParsedLink, CodeCandidate]]:
    """Pairs of links side by side in one row and codes below them, in a row whose first cells say so."""
    for link, cells in rows:
        own_position = -cells[0].offset
        stop = text.find("\n", link.end, link.end + _MAX_ROW_CHARS)
        line = text[stop + 1 : stop + 1 + _MAX_ROW_CHARS].partition("\n")[0] if stop >= 0 else ""
        spans = [match.span() for match in _CELL_RE.finditer(line)]
        if (
            len(spans) != len(cells)
            or own_position < 1
            or not _CODE_HEADING_RE.search("".join(line[a:b] for a, b in spans[:2]))
        ):
            continue
        code_cell = _parse_cell(text, stop + 1 + spans[own_position][0], stop + 1 + spans[own_position][1], 0)
        if _fits_platform(link, code_cell.value):
            yield link, _code_candidate(code_cell)


def _table_headings(text: str, link: ParsedLink, cells: list[_Cell]) -> list[str]:
    """The cells of the line above the first row, if there are as many; a line of dashes may come in between."""
    stop = text.rfind("\n", max(0, link.start - _MAX_ROW_CHARS), link.start)
    headings: list[str] = []
    for _ in range(2):
        if stop < 0:
            return []
        start = max(text.rfind("\n", max(0, stop - _MAX_ROW_CHARS), stop) + 1, stop - _MAX_ROW_CHARS, 0)
        headings = [text[match.start() : match.end()] for match in _CELL_RE.finditer(text, start, stop)][
            :_MAX_ROW_CELLS
        ]
        if re.search(r"\w", "".join(headings)):
            break
        stop = start - 1
    return headings if len(headings) == len(cells) else []


def _heading_columns(headings: list[str], link: ParsedLink, own_position: int, names: set[str]) -> list[int]:
    """Offsets from the link's column of those whose heading is a word for codes and names no other platform.

    `names` are the seller names of all platforms in the table. If headings name the link's own platform, only those
    columns count. Columns behind the link come first, the nearest first.
    """
    positions = [
        position
        for position, name in enumerate(headings)
        if _CODE_HEADING_RE.search(name) and not _ARCHIVE_HEADING_RE.search(name)
    ]
    own_positions = [
        position for position in positions if any(name in headings[position] for name in link.rule.seller_names)
    ]
    other_names = names.difference(link.rule.seller_names)
    common_positions = [
        position for position in positions if not any(name in headings[position] for name in other_names)
    ]
    return sorted(
        (position - own_position for position in (own_positions or common_positions)),
        key=lambda position: (position < 0, abs(position)),
    )


def _fits_platform(link: ParsedLink, value: str) -> bool:
    rule = link.rule
    return bool(
        rule.code_pattern
        and not rule.needs_label
        and rule.code_pattern.fullmatch(value)
        and not NOT_A_CODE_RE.match(value)
    )


def _row_cells(text: str, link: ParsedLink) -> list[_Cell]:
    """The cells of the link's row; none where the line has no separator."""
    first, last = max(0, link.start - _MAX_ROW_CHARS), min(len(text), link.end + _MAX_ROW_CHARS)
    start = max(text.rfind("\n", first, link.start) + 1, first)
    stop = text.find("\n", link.end, last)
    stop = stop if stop >= 0 else last
    parts = [match.span() for match in _CELL_RE.finditer(text, start, stop)]
    own_position = next((position for position, part in enumerate(parts) if part[0] <= link.start < part[1]), None)
    if own_position is None or not 1 < len(parts) <= _MAX_ROW_CELLS:
        return []
    return [_parse_cell(text, *part, position - own_position) for position, part in enumerate(parts)]


def _parse_cell(text: str, start: int, end: int, offset: int) -> _Cell:
    wrapping = _CELL_WRAPPING_RE.match(text, start, end)
    inner = wrapping.end() if wrapping else start
    match = _CELL_VALUE_RE.match(text, inner, end) or _CELL_VALUE_RE.match(text, start, end)
    if match is None:
        return _Cell(value="", start=start, end=end, offset=offset)
    return _Cell(value=match["value"], start=match.start("value"), end=match.end("value"), offset=offset)


def find_row_codes(text: str, link: ParsedLink) -> Iterator[CodeCandidate]:
    """Cells of the link's row that hold nothing but a code, those behind the link first, the nearest first."""
    cells = [cell for cell in _row_cells(text, link) if _is_code_cell(text, cell)]
    for cell in sorted(cells, key=lambda cell: (cell.offset < 0, abs(cell.offset))):
        if not NOT_A_CODE_RE.match(cell.value):
            yield _code_candidate(cell)


def _is_code_cell(text: str, cell: _Cell) -> bool:
    """Whether the cell mixes letters and digits; four digits alone count only in the next cell of a table."""
    if cell.offset == 1 and cell.value.isdecimal() and len(cell.value) == 4:
        return "|" in text[cell.start - 3 : cell.start] or "|" in text[cell.end : cell.end + 3]
    return cell.offset != 0 and bool(_MIXED_CODE_RE.fullmatch(cell.value))


def _code_candidate(cell: _Cell) -> CodeCandidate:
    return CodeCandidate(value=cell.value, kind="column", start=cell.start, end=cell.end)


_MIXED_CODE_PATTERN = "(?=[0-9]{0,7}[A-Za-z])(?=[A-Za-z]{0,7}[0-9])[A-Za-z0-9]{4,6}"
_LIST_KEY_PATTERN = r"[甲乙丙丁戊己庚辛]|[上中下](?=[册卷部集篇])|[一二三四五六七八九十]{1,2}|[A-Z]|[1-9][0-9]?"
_LIST_ITEM_RE = re.compile(
    rf"(?<![A-Za-z0-9\u4e00-\u9fff./])\(?(?P<key>{_LIST_KEY_PATTERN})(?:[盘册卷部集篇章课讲])?"
    rf"(?:[).、:：.=-]|\s){{1,3}} ?(?P<value>{_MIXED_CODE_PATTERN})(?![A-Za-z0-9:/.])"
)
_LINK_KEY_RE = re.compile(
    rf"(?:^|\n)[^\w\n]{{0,4}}(?:第|链接|地址|网盘)?(?P<key>{_LIST_KEY_PATTERN})(?:[盘册卷部集篇章课讲链]|[^\w\n])[^\n]{{0,30}}\Z"
)
_MAX_KEY_DISTANCE_CHARS = 60  # characters before a link in which its key is searched for
_CODE_WORD_RE = re.compile(r"[码碼]|口令|code|pwd|password", re.IGNORECASE)


def find_platform_codes(text: str, grammar: LinkGrammar) -> Iterator[CodeCandidate]:
    """Codes directly behind a platform's name, if any word in the text indicates that it gives codes."""
    if not _CODE_WORD_RE.search(text):
        return
    for match in _platform_code_pattern(grammar).finditer(text):
        if not NOT_A_CODE_RE.match(match["value"]):
            platform = grammar.platform_by_name[match["name"].lower()]
            yield CodeCandidate(
                value=match["value"], kind="keyed", start=match.start(), end=match.end(), platform=platform
            )


def find_keyed_codes(text: str, links: Sequence[ParsedLink]) -> Iterator[tuple[ParsedLink, CodeCandidate]]:
    """Pairs of links and codes from a list with the same keys. Nothing where fewer than two keys match."""
    items: dict[str, CodeCandidate] = {}
    for match in _LIST_ITEM_RE.finditer(text):
        if not NOT_A_CODE_RE.match(match["value"]):
            candidate = CodeCandidate(value=match["value"], kind="keyed", start=match.start("value"), end=match.end())
            items.setdefault(match["key"], candidate)
    if len(items) < 2:
        return
    pairs = []
    for link in links:
        key_match = _LINK_KEY_RE.search(text[max(0, link.start - _MAX_KEY_DISTANCE_CHARS) : link.start])
        if key_match and key_match["key"] in items:
            pairs.append((link, items[key_match["key"]]))
    if len(pairs) > 1:
        yield from pairs


@cache
def _platform_code_pattern(grammar: LinkGrammar) -> re.Pattern[str]:
    words = "|".join(
        re.escape(word) for word in sorted(grammar.platform_by_name, key=len, reverse=True) if not word.isdecimal()
    )
    return re.compile(
        rf"(?<![A-Za-z0-9])(?P<name>{words})(?:网盘|云盘|网|盘|云|的|是)?[ :：]{{0,2}}"
        rf"(?P<value>{_MIXED_CODE_PATTERN})(?![A-Za-z0-9:/.])",
        re.IGNORECASE,
    )
