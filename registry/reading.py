"""Rows become works, all or none: every problem is collected and raised at once, nothing is half taken over.

Columns: id, title, aliases, kind, creators, publisher, owner, year, identifiers, images, list_price, currency,
licences, released_on, priority, and the schemes isbn, isrc, eidr, package, bundle as columns of their own. In tables a
list is `a|b|c`; registry.fields and registry.identifiers say how each value is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define, field

from crawler.errors import BadInput, Problem
from crawler.items import Picture, Work
from crawler.messages import say
from registry import fields, identifiers
from registry.fields import FieldError
from registry.pictures import Known, LookAt, looked_at, one_by_one, picture
from registry.tables import Row, read_table

SCHEME_COLUMNS = ("isbn", "isrc", "eidr", "package", "bundle")

_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "id": fields.text,
    "title": fields.text,
    "aliases": fields.texts,
    "kind": fields.text,
    "creators": fields.texts,
    "publisher": fields.text,
    "owner": fields.text,
    "year": fields.year,
    "list_price": fields.price,
    "currency": fields.currency,
    "licences": fields.licences,
    "released_on": fields.day,
    "priority": fields.priority,
}
COLUMNS = (*_PLAIN, "identifiers", "images", *SCHEME_COLUMNS)
_KNOWN = frozenset(COLUMNS)


def read_works(path: Path, language: str = "en", look: LookAt = one_by_one) -> list[Work]:
    """The works of a .csv, .xlsx or .jsonl file, in its order, with pictures read and hashed (`look` says how).

    Raises BadInput with every problem found (file, line, field), in `language`.
    """
    table = read_table(path, language)
    pictures = looked_at(_addresses(table.rows), path.parent, look)
    reading = _Reading(path=path, language=language, columns=table.columns, problems=table.problems, pictures=pictures)
    if table.columns is not None:
        reading.check_header(table.columns)
    works = [work for row in table.rows if (work := reading.work(row))]
    if not table.rows and not reading.problems:
        reading.report("no_rows")
    if reading.problems:
        raise BadInput(sorted(reading.problems, key=lambda problem: problem.line or 0))
    return works


@define(kw_only=True)
class _Reading:
    path: Path
    language: str
    columns: tuple[str, ...] | None  # of a table
    problems: list[Problem]
    seen: dict[str, int] = field(factory=dict)
    pictures: Known  # a picture that many works share is read once

    def report(self, key: str, line: int | None = None, column: str | None = None, **values: object) -> None:
        message = say("registry", key, self.language, **values)
        self.problems.append(Problem(file=str(self.path), line=line, field=column, message=message))

    def check_header(self, columns: tuple[str, ...]) -> None:
        for name in columns:
            if name not in COLUMNS:
                self._unknown(name, 1)
        for name in ("id", "title"):
            if name not in columns:
                self.report("missing_column", 1, name)

    def _unknown(self, name: str, line: int) -> None:
        error = fields.unknown_name(name, COLUMNS, "unknown_column")
        self.report(error.key, line, name, **error.values)

    def work(self, row: Row) -> Work | None:
        """The work of one row, or None where anything was wrong with it."""
        before = len(self.problems)
        cells = row.cells
        for name in sorted(cells.keys() - _KNOWN) if self.columns is None else ():
            self._unknown(name, row.line)
        values = {name: self._value(read, cells[name], row, name) for name, read in _PLAIN.items() if name in cells}
        for name in ("id", "title"):
            if self._is_missing(name, values, self.problems[before:]):
                self.report("missing", row.line, name)
        self._check_unique(values.get("id"), row.line)
        found = self._identifiers(row)
        images = self._images(row)
        if len(self.problems) > before or None in (values.get("id"), values.get("title")):
            return None
        return Work(identifiers=found, images=images, **values)

    def _is_missing(self, name: str, values: Mapping[str, Any], reported: list[Problem]) -> bool:
        """Whether nothing was given, and that was not said of this value, or of its column, already."""
        if values.get(name) is not None or any(problem.field == name for problem in reported):
            return False
        return self.columns is None or name in self.columns

    def _value(self, read: Callable[[Any], Any], value: Any, row: Row, name: str) -> Any:
        try:
            return read(value)
        except FieldError as error:
            self.report(error.key, row.line, name, **error.values)
            return None

    def _check_unique(self, work_id: str | None, line: int) -> None:
        if work_id is None:
            return
        first = self.seen.setdefault(work_id, line)
        if first != line:
            self.report("duplicate_id", line, "id", value=work_id, first=first)

    def _identifiers(self, row: Row) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for name in ("identifiers", *SCHEME_COLUMNS):
            for scheme, written in self._value(_pairs_of(name), row.cells.get(name), row, name) or ():
                value = self._value(partial(identifiers.normalised, scheme), written, row, name)
                if value is not None:
                    found.setdefault(scheme, {})[value] = None
        return {scheme: tuple(values) for scheme, values in found.items()}

    def _images(self, row: Row) -> tuple[Picture, ...]:
        read = partial(picture, folder=self.path.parent, known=self.pictures)
        addresses = self._value(fields.texts, row.cells.get("images"), row, "images") or ()
        found = [self._value(read, address, row, "images") for address in addresses]
        return tuple(one for one in found if one is not None)


def _addresses(rows: Iterable[Row]) -> Iterator[str]:
    """The pictures that rows name, as far as they can be read."""
    for row in rows:
        try:
            yield from fields.texts(row.cells.get("images")) or ()
        except FieldError:
            continue  # said when the row is read


def _pairs_of(name: str) -> Callable[[Any], list[tuple[str, str]]]:
    read = identifiers.pairs if name == "identifiers" else partial(identifiers.column, name)
    return lambda value: list(read(value))
