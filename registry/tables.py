"""Read a file as rows with line numbers: CSV or TSV, a workbook (.xlsx, .xls, .ods) and JSON Lines.

The bytes decide whether it is a workbook, so a CSV named .xls is read too. Cells stay as the file gives them;
registry.fields parses their values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from attrs import Factory, evolve, frozen

from crawler.errors import BadInput, Problem
from crawler.messages import render_message
from registry.headings import Column, Vocabulary, find_heading
from registry.input_files import decode_text, file_error, read_bytes
from registry.text_tables import MAX_HEADING_ROWS, TableError, clean_heading, read_rows
from registry.workbooks import Sheet, detect_workbook, read_workbook

MIN_LIST_COLUMNS = 2  # known columns that make a sheet look like a list
MAX_QUOTED_CHARS = 40  # of a line that is not read, in a sentence
TEXT_SUFFIXES = (".csv", ".tsv")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods", ".et")

Tell = Callable[[str], None]  # gets a sentence on how a file was read, for the user


@frozen(kw_only=True)
class Row:
    """One row: the line it begins on (from 1) and its cells: text in tables, any value in JSON."""

    line: int
    cells: Mapping[str, Any]


@frozen(kw_only=True)
class Table:
    """All rows of a file, the columns that its header names (None for JSON Lines), and problems found while reading.

    With a vocabulary, columns have its names; `headings` says how the file writes them, `currencies` what the headings
    state. `place` names the file, and the sheet where there are several.
    """

    rows: list[Row]
    columns: tuple[str, ...] | None
    problems: list[Problem]
    place: str = ""
    heading_line: int = 1
    headings: Mapping[str, str] = Factory(dict)
    currencies: Mapping[str, str] = Factory(dict)


@frozen(kw_only=True)
class _Source:
    data: bytes
    file: str
    language: str
    encoding: str | None
    tell: Tell
    vocabulary: Vocabulary | None
    sheet: str | None

    def decode(self) -> str:
        decoded = decode_text(self.data, self.file, self.language, self.encoding)
        if not decoded.is_utf8:
            self.say("read_as", encoding=decoded.encoding)
        return decoded.text

    def render(self, key: str, **values: object) -> str:
        return render_message("registry", key, self.language, **values)

    def say(self, key: str, **values: object) -> None:
        self.tell(self.render(key, file=self.file, **values))

    def refuse(self, key: str, **values: object) -> BadInput:
        return file_error(self.file, key, self.language, None, **values)

    def count_columns(self, rows: Sequence[Sequence[Any]]) -> int:
        """How many columns the likeliest heading names; without a vocabulary 0."""
        return find_heading(rows, self.vocabulary)[1] if self.vocabulary else 0


def read_table(
    path: Path,
    language: str = "en",
    *,
    encoding: str | None = None,
    tell: Tell = lambda _: None,
    vocabulary: Vocabulary | None = None,
    sheet: str | None = None,
) -> Table:
    """The rows of a .csv, .tsv, .xlsx, .xls, .ods or .jsonl file (text also as .gz).

    `vocabulary` has the names of columns, by which the heading and the sheet with the list are found; `sheet` names
    one, `encoding` overrules what the text seems to be. `tell` gets a sentence on whatever is not as usual, and on
    what is not read. Raises BadInput where there is no table at all.
    """
    suffix = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    kind = suffix.removesuffix(".gz")
    data = read_bytes(path, suffix.endswith(".gz"), language)
    source = _Source(
        data=data,
        file=str(path),
        language=language,
        encoding=encoding,
        tell=tell,
        vocabulary=vocabulary,
        sheet=sheet,
    )
    if detect_workbook(data, source.file, language):
        return _read_sheet(source)
    if kind == ".jsonl":
        return _read_jsonl(source)
    if kind in TEXT_SUFFIXES:
        return _read_text(source)
    if kind in WORKBOOK_SUFFIXES:
        return _read_misnamed_text(source)
    raise source.refuse("unknown_suffix", suffix=path.suffix)


def _read_text(source: _Source) -> Table:
    lines, problems = _text_lines(source)
    return _split_header(lines, source, problems)


def _read_misnamed_text(source: _Source) -> Table:
    """The table of a text with the name of a workbook, as many systems export it."""
    try:
        lines, problems = _text_lines(source)
    except BadInput:
        raise source.refuse("no_workbook") from None
    if max((len(cells) for _, cells in lines), default=0) < MIN_LIST_COLUMNS:
        raise source.refuse("no_workbook")
    source.say("text_inside")
    return _split_header(lines, source, problems)


def _text_lines(source: _Source) -> tuple[list[tuple[int, list[Any]]], list[Problem]]:
    lines: list[tuple[int, list[Any]]] = []
    problems: list[Problem] = []
    try:
        lines.extend((row.line, row.cells) for row in read_rows(source.decode()))
    except TableError as error:
        message = source.render(error.key, reason=error.reason)
        problems.append(Problem(file=source.file, line=error.line, message=message))
    return lines, problems


def _read_sheet(source: _Source) -> Table:
    sheets = read_workbook(source.data, source.file, source.language, lambda data: evolve(source, data=data).decode())
    filled = [sheet for sheet in sheets if sheet.rows]
    if not filled:
        raise source.refuse("empty_file")
    chosen = _choose_sheet(filled, source)
    if len(filled) > 1:
        source = evolve(source, file=f"{source.file} [{chosen.name}]")
    table = _split_header([row for row in chosen.rows if row[0] not in chosen.banners], source, [])
    filled_cells = sum(count for line, count in chosen.merged_cells.items() if line > table.heading_line)
    if filled_cells:
        source.say("merged_cells", count=filled_cells)
    for line, cells in chosen.rows:
        if line in chosen.banners:
            source.say("line_not_read", line=line, text=_quote(cells))
    return table


def _choose_sheet(sheets: Sequence[Sheet], source: _Source) -> Sheet:
    """The sheet that looks most like a list, the first of equals, hidden ones last; what else looks so is told."""
    names = ", ".join(sheet.name for sheet in sheets)
    if source.sheet is not None:
        named = [sheet for sheet in sheets if sheet.name.strip().casefold() == source.sheet.strip().casefold()]
        if not named:
            raise source.refuse("unknown_sheet", name=source.sheet, known=names)
        return named[0]
    counts = {id(sheet): source.count_columns([cells for _, cells in sheet.rows]) for sheet in sheets}
    lists = [sheet for sheet in sheets if counts[id(sheet)] >= MIN_LIST_COLUMNS]
    candidates = lists or [sheet for sheet in sheets if sheet.is_visible] or list(sheets)
    chosen = max(candidates, key=lambda sheet: (sheet.is_visible, counts[id(sheet)]))
    others = [f"{sheet.name} ({len(sheet.rows)})" for sheet in lists if sheet is not chosen]
    if others:
        source.say("other_lists", sheet=chosen.name, others=", ".join(others))
    elif len(sheets) > 1:
        source.say("sheet_read", sheet=chosen.name, known=names)
    return chosen


def _split_header(lines: list[tuple[int, list[Any]]], source: _Source, problems: list[Problem]) -> Table:
    filled_rows = [(line, cells) for line, cells in lines if any(str(cell).strip() for cell in cells)]
    if not filled_rows:
        if not problems:
            raise source.refuse("empty_file")
        raise BadInput(problems)
    start = _heading_index([cells for _, cells in filled_rows], source.vocabulary)
    for line, cells in filled_rows[:start]:
        source.say("line_not_read", line=line, text=_quote(cells))
    first, header = filled_rows[start]
    columns = [_read_heading(str(cell), source.vocabulary) for cell in header]
    while columns and not columns[-1].name:
        columns.pop()
    names = [column.name or "" for column in columns]
    listed = source.vocabulary.lists if source.vocabulary else frozenset()
    repeated = sorted({name for name in names if name and names.count(name) > 1} - listed)
    headings = {column.name: column.heading for column in reversed(columns) if column.name}
    for name in repeated:
        twice = ", ".join(column.heading for column in columns if column.name == name)
        message = source.render("repeated_column", headings=twice)
        problems.append(Problem(file=source.file, line=first, field=headings[name], message=message))
    rows = []
    for line, cells in filled_rows[start + 1 :]:
        problems.extend(_misplaced_cells(line, cells, names, source))
        rows.append(Row(line=line, cells=_join_cells(zip(names, cells, strict=False), listed)))
    return Table(
        rows=rows,
        columns=tuple(dict.fromkeys(name for name in names if name)),
        problems=problems,
        place=source.file,
        heading_line=first,
        headings=headings,
        currencies={column.name: column.currency for column in columns if column.name and column.currency},
    )


def _misplaced_cells(line: int, cells: Sequence[Any], names: Sequence[str], source: _Source) -> Iterator[Problem]:
    """The problem of a row with cells beyond the heading or below an empty one."""
    if any(str(cell).strip() for cell in cells[len(names) :]):
        message = source.render("too_many_cells", found=len(cells), wanted=len(names))
        yield Problem(file=source.file, line=line, message=message)
    if any(not name and str(cell).strip() for name, cell in zip(names, cells, strict=False)):
        yield Problem(file=source.file, line=line, message=source.render("nameless_column"))


def _join_cells(named_cells: Iterator[tuple[str, Any]], listed: frozenset[str]) -> dict[str, Any]:
    """The cells by column; two columns of one list (作者, 导演) become one value a line."""
    joined: dict[str, Any] = {}
    for name, cell in named_cells:
        if name and name in listed and str(joined.get(name, "")).strip() not in ("", str(cell).strip()):
            joined[name] = f"{joined[name]}\n{cell}"
        elif name and not (name in joined and not str(cell).strip()):
            joined[name] = cell
    return joined


def _read_heading(text: str, vocabulary: Vocabulary | None) -> Column:
    """The column of a heading; one that the vocabulary does not know keeps its own name."""
    cleaned = clean_heading(text)
    if vocabulary is None or cleaned in vocabulary.columns:
        return Column(name=cleaned, heading=cleaned)
    column = vocabulary.column(text)
    return column if column.name else evolve(column, name=cleaned)


def _quote(cells: Sequence[Any]) -> str:
    text = " ".join(dict.fromkeys(str(cell).strip() for cell in cells if str(cell).strip()))
    return text if len(text) <= MAX_QUOTED_CHARS else f"{text[:MAX_QUOTED_CHARS]}…"


def _heading_index(rows: Sequence[Sequence[Any]], vocabulary: Vocabulary | None) -> int:
    """Which row is the heading: the one that names most columns, else the first with several cells, since a title above
    it fills only one.
    """
    index, count = find_heading(rows, vocabulary) if vocabulary else (0, 0)
    if count:
        return index
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
            rows.append(Row(line=number, cells=_rename_keys(cells, source.vocabulary)))
        else:
            problems.append(
                Problem(file=file, line=number, message=render_message("registry", "not_an_object", language))
            )
    return Table(rows=rows, columns=None, problems=problems, place=file)


def _rename_keys(cells: dict[str, Any], vocabulary: Vocabulary | None) -> dict[str, Any]:
    """The cells by the vocabulary's names, as far as none is named twice."""
    if vocabulary is None or cells.keys() <= set(vocabulary.columns):
        return cells
    names = {key: key if key in vocabulary.columns else vocabulary.column(key).name or key for key in cells}
    return {names[key]: value for key, value in cells.items()} if len(set(names.values())) == len(names) else cells


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
