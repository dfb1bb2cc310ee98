"""Read a list of works, all or nothing: every problem is collected and raised at once, and no list is half imported.

Columns: id, title, aliases, kind, creators, publisher, owner, year, identifiers, images, list_price, currency,
licences, released_on, priority, and the schemes isbn, isrc, eidr, package, bundle as columns of their own. In tables
a list is `a|b|c`; registry.fields and registry.identifiers define how each value is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define, field

from crawler.errors import BadInput, Problem
from crawler.items import Picture, Work
from crawler.messages import render_message
from registry import fields, identifiers
from registry.fields import FieldError
from registry.tables import Row, read_table
from registry.work_pictures import (
    PictureReader,
    PicturesByPath,
    inspect_local_pictures,
    inspect_one_by_one,
    resolve_picture,
)

SCHEME_COLUMNS = ("isbn", "isrc", "eidr", "package", "bundle")

_FIELD_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "id": fields.parse_text,
    "title": fields.parse_text,
    "aliases": fields.parse_texts,
    "kind": fields.parse_text,
    "creators": fields.parse_texts,
    "publisher": fields.parse_text,
    "owner": fields.parse_text,
    "year": fields.parse_year,
    "list_price": fields.parse_price,
    "currency": fields.parse_currency,
    "licences": fields.parse_licences,
    "released_on": fields.parse_day,
    "priority": fields.parse_priority,
}
COLUMN_NAMES = (*_FIELD_PARSERS, "identifiers", "images", *SCHEME_COLUMNS)
_KNOWN_COLUMNS = frozenset(COLUMN_NAMES)


def read_works(path: Path, language: str = "en", inspector: PictureReader = inspect_one_by_one) -> list[Work]:
    """The works of a .csv, .xlsx or .jsonl file, in order, with pictures read and hashed by `inspector`.

    Raises BadInput with every problem found (file, line, field), in `language`.
    """
    table = read_table(path, language)
    pictures = inspect_local_pictures(_picture_addresses(table.rows), path.parent, inspector)
    reader = _WorkReader(
        path=path, language=language, columns=table.columns, problems=table.problems, pictures=pictures
    )
    if table.columns is not None:
        reader.check_header(table.columns)
    works = [work for row in table.rows if (work := reader.read_work(row))]
    if not table.rows and not reader.problems:
        reader.report_problem("no_rows")
    if reader.problems:
        raise BadInput(sorted(reader.problems, key=lambda problem: problem.line or 0))
    return works


@define(kw_only=True)
class _WorkReader:
    path: Path
    language: str
    columns: tuple[str, ...] | None  # of a table
    problems: list[Problem]
    first_lines: dict[str, int] = field(factory=dict)
    pictures: PicturesByPath  # a picture shared by many works is read once

    def report_problem(self, key: str, line: int | None = None, column: str | None = None, **values: object) -> None:
        message = render_message("registry", key, self.language, **values)
        self.problems.append(Problem(file=str(self.path), line=line, field=column, message=message))

    def check_header(self, columns: tuple[str, ...]) -> None:
        for name in columns:
            if name not in COLUMN_NAMES:
                self._report_unknown(name, 1)
        for name in ("id", "title"):
            if name not in columns:
                self.report_problem("missing_column", 1, name)

    def _report_unknown(self, name: str, line: int) -> None:
        error = fields.unknown_name_error(name, COLUMN_NAMES, "unknown_column")
        self.report_problem(error.key, line, name, **error.values)

    def read_work(self, row: Row) -> Work | None:
        """The work of one row, or None if the row has a problem."""
        problems_before = len(self.problems)
        cells = row.cells
        for name in sorted(cells.keys() - _KNOWN_COLUMNS) if self.columns is None else ():
            self._report_unknown(name, row.line)
        values = {
            name: self._parse_value(read, cells[name], row, name)
            for name, read in _FIELD_PARSERS.items()
            if name in cells
        }
        for name in ("id", "title"):
            if self._is_missing(name, values, self.problems[problems_before:]):
                self.report_problem("missing", row.line, name)
        self._check_unique(values.get("id"), row.line)
        identifiers_read = self._parse_identifiers(row)
        images = self._parse_images(row)
        if len(self.problems) > problems_before or None in (values.get("id"), values.get("title")):
            return None
        return Work(identifiers=identifiers_read, images=images, **values)

    def _is_missing(self, name: str, values: Mapping[str, Any], reported: list[Problem]) -> bool:
        """Whether the value is missing and no problem of this value or its column was reported yet."""
        if values.get(name) is not None or any(problem.field == name for problem in reported):
            return False
        return self.columns is None or name in self.columns

    def _parse_value(self, read: Callable[[Any], Any], value: Any, row: Row, name: str) -> Any:
        try:
            return read(value)
        except FieldError as error:
            self.report_problem(error.key, row.line, name, **error.values)
            return None

    def _check_unique(self, work_id: str | None, line: int) -> None:
        if work_id is None:
            return
        first = self.first_lines.setdefault(work_id, line)
        if first != line:
            self.report_problem("duplicate_id", line, "id", value=work_id, first=first)

    def _parse_identifiers(self, row: Row) -> Mapping[str, tuple[str, ...]]:
        values_by_scheme: dict[str, dict[str, None]] = {}
        for name in ("identifiers", *SCHEME_COLUMNS):
            for scheme, identifier_text in self._parse_value(_pairs_parser(name), row.cells.get(name), row, name) or ():
                value = self._parse_value(partial(identifiers.normalise_identifier, scheme), identifier_text, row, name)
                if value is not None:
                    values_by_scheme.setdefault(scheme, {})[value] = None
        return {scheme: tuple(values) for scheme, values in values_by_scheme.items()}

    def _parse_images(self, row: Row) -> tuple[Picture, ...]:
        read = partial(resolve_picture, folder=self.path.parent, pictures_by_path=self.pictures)
        addresses = self._parse_value(fields.parse_texts, row.cells.get("images"), row, "images") or ()
        pictures = [self._parse_value(read, address, row, "images") for address in addresses]
        return tuple(parsed_picture for parsed_picture in pictures if parsed_picture is not None)


def _picture_addresses(rows: Iterable[Row]) -> Iterator[str]:
    """The picture addresses in `rows`, as far as they can be parsed."""
    for row in rows:
        try:
            yield from fields.parse_texts(row.cells.get("images")) or ()
        except FieldError:
            continue  # reported when the row is read


def _pairs_parser(name: str) -> Callable[[Any], list[tuple[str, str]]]:
    read = identifiers.parse_pairs if name == "identifiers" else partial(identifiers.parse_column, name)
    return lambda value: list(read(value))
