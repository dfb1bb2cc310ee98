"""Read a list of works, all or nothing: every problem is collected and raised at once, and no list is half imported.

Columns: id, title, aliases, kind, creators, publisher, owner, year, identifiers, images, list_price, currency,
licences, released_on, published, priority, and the schemes isbn, isrc, eidr, package, bundle as columns of their own;
their other names are in registry/headings.toml. In tables a list is `a|b|c`; registry.fields and registry.identifiers
define how each value is written.

A list may be partial: what it has no column for stays as it is registered; an empty cell of a column that it has
empties the field.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from attrs import Factory, define, evolve, field, frozen

from crawler.errors import BadInput, Problem
from crawler.items import Picture, Work
from crawler.messages import render_message
from crawler.pictures import PictureError
from registry import fields, identifiers
from registry.fields import FieldError
from registry.headings import known_kinds, works_vocabulary
from registry.tables import Row, Table, read_table
from registry.work_pictures import (
    PictureReader,
    PicturesByPath,
    inspect_local_pictures,
    inspect_one_by_one,
    resolve_picture,
)

SCHEME_COLUMNS = ("isbn", "isrc", "eidr", "package", "bundle")
MAX_NAMED_KINDS = 5  # unknown kinds named in one sentence

_FIELD_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "id": identifiers.parse_id,
    "title": fields.parse_title,
    "aliases": fields.parse_aliases,
    "kind": fields.parse_kind,
    "creators": fields.parse_names,
    "publisher": fields.parse_text,
    "owner": fields.parse_text,
    "year": fields.parse_year,
    "list_price": fields.parse_signed_price,
    "currency": fields.parse_currency,
    "licences": fields.parse_licences,
    "released_on": fields.parse_day,
    "published": fields.parse_published,
    "priority": fields.parse_priority,
}
COLUMN_NAMES = (*_FIELD_PARSERS, "identifiers", "images", *SCHEME_COLUMNS)
LIST_COLUMNS = frozenset({"aliases", "creators", "identifiers", "images", *SCHEME_COLUMNS})
_KNOWN_COLUMNS = frozenset(COLUMN_NAMES)
_ERROR_CELL_RE = re.compile(r"#(?:N/A|REF!|NAME\?|VALUE!|DIV/0!|NULL!|NUM!|SPILL!|CALC!|####*)", re.I)

# Registered works of these ids as an import stored them, or all of them for None.
RegistryLookup = Callable[[Iterable[str] | None], Mapping[str, Work]]


@frozen(kw_only=True)
class ReadOptions:
    """How a list is read: messages in `language`, pictures by `inspector`, registered works by `lookup`; `encoding` and
    `sheet` overrule what the file seems to be; `tell` gets sentences on how it was read.
    """

    language: str = "en"
    inspector: PictureReader = inspect_one_by_one
    lookup: RegistryLookup = lambda _: {}
    encoding: str | None = None
    sheet: str | None = None
    tell: Callable[[str], None] = lambda _: None


@frozen(kw_only=True)
class WorkList:
    """The works of a list as they are to be registered, those they replace by id, and every problem."""

    works: Sequence[Work]
    registered: Mapping[str, Work]
    problems: Sequence[Problem]


@frozen(kw_only=True)
class _WorkRow:
    """What one row says: values of the fields it has, and identifiers of the schemes it has (None: of all schemes)."""

    line: int
    values: Mapping[str, Any]
    identifiers: Mapping[str, tuple[str, ...]] = Factory(dict)
    schemes: frozenset[str] | None = frozenset()

    def update(self, work: Work | None) -> Work:
        """The work with these values; equal ones stay as they were written. Without a work there are id and title."""
        values = dict(self.values)
        kept = {} if self.schemes is None or work is None else dict(work.identifiers)
        merged = {scheme: found for scheme, found in kept.items() if scheme not in (self.schemes or ())}
        if self.schemes is None or self.schemes:
            values["identifiers"] = merged | dict(self.identifiers)
        if work is None:
            return Work(**values)
        changed = {name: value for name, value in values.items() if getattr(work, name) != value}
        return evolve(work, retired_at=None, **changed)


def read_works(path: Path, language: str = "en", inspector: PictureReader = inspect_one_by_one) -> list[Work]:
    """The works of a list, in order, with pictures read and hashed by `inspector`; none are registered yet.

    Raises BadInput with every problem found (file, line, field), in `language`.
    """
    work_list = read_work_list(path, ReadOptions(language=language, inspector=inspector))
    if work_list.problems:
        raise BadInput(work_list.problems)
    return list(work_list.works)


def read_work_list(path: Path, options: ReadOptions) -> WorkList:
    """The works of a list and its problems; rows with problems give no work. Raises BadInput without any table."""
    vocabulary = works_vocabulary(COLUMN_NAMES, LIST_COLUMNS)
    table = read_table(
        path,
        options.language,
        encoding=options.encoding,
        tell=options.tell,
        vocabulary=vocabulary,
        sheet=options.sheet,
    )
    return read_work_table(table, path, options)


def read_work_table(table: Table, path: Path, options: ReadOptions) -> WorkList:
    """The works of a table; pictures lie relative to the folder of `path`, and problems name it."""
    problems = list(table.problems)
    registered = options.lookup(_stated_ids(table))
    pictures = inspect_local_pictures(_picture_addresses(table.rows), path.parent, options.inspector)
    reader = _WorkReader(
        path=path, options=options, table=table, problems=problems, pictures=pictures, registered=registered
    )
    reader.check_header()
    rows = [work_row for row in table.rows if (work_row := reader.read_row(row))]
    works = reader.build_works(rows)
    if not table.rows and not reader.problems:
        reader.report_problem("no_rows")
    reader.tell_kinds(works)
    return WorkList(
        works=works, registered=registered, problems=sorted(reader.problems, key=lambda problem: problem.line or 0)
    )


def read_work_row(cells: Mapping[str, Any], folder: Path, options: ReadOptions) -> Work:
    """The work of one row as a table would have it, its pictures in `folder`. Raises BadInput, which names options."""
    headings = {name: f"--{name.replace('_', '-')}" for name in cells}
    row = Row(line=1, cells=cells)
    table = Table(rows=[row], columns=tuple(cells), problems=[], place="works edit", headings=headings)
    work_list = read_work_table(table, folder / "-", options)
    if work_list.problems:
        raise BadInput([evolve(problem, line=None) for problem in work_list.problems])
    return work_list.works[0]


def _stated_ids(table: Table) -> list[str] | None:
    """The ids that a table names; None if it has no such column, so that works are known by their identifiers."""
    if table.columns is not None and "id" not in table.columns:
        return None
    return [" ".join(str(row.cells.get("id", "")).split()) for row in table.rows]


@define(kw_only=True)
class _WorkReader:
    path: Path
    options: ReadOptions
    table: Table
    problems: list[Problem]
    pictures: PicturesByPath  # a picture shared by many works is read once
    registered: Mapping[str, Work]
    first_lines: dict[str, int] = field(factory=dict)

    def report_problem(self, key: str, line: int | None = None, column: str | None = None, **values: object) -> None:
        language = self.options.language
        reasons = {
            name: value.in_language(language) for name, value in values.items() if isinstance(value, PictureError)
        }
        message = render_message("registry", key, language, **values | reasons)
        heading = self.table.headings.get(column, column) if column else None
        self.problems.append(
            Problem(file=self.table.place or str(self.path), line=line, field=heading, message=message)
        )

    def tell(self, key: str, **values: object) -> None:
        self.options.tell(render_message("registry", key, self.options.language, file=self.path, **values))

    def check_header(self) -> None:
        columns = self.table.columns
        if columns is None:
            return
        line = self.table.heading_line
        unread = [name for name in columns if name not in _KNOWN_COLUMNS and not self._report_unknown(name, line)]
        if "title" not in columns and not self.registered:
            self.report_problem("missing_column", line, "title")
        if not {"id", "identifiers", *SCHEME_COLUMNS} & set(columns):
            self.report_problem("missing_column", line, "id")
        if unread and _KNOWN_COLUMNS & set(columns):
            headings = ", ".join(self.table.headings.get(name, name) for name in unread)
            self.tell("unread_columns", count=len(unread), names=headings)

    def _report_unknown(self, name: str, line: int) -> bool:
        """Report a name that looks like a misspelling, or any in a table of which nothing is known; whether it was."""
        error = fields.unknown_name_error(name, COLUMN_NAMES, "unknown_column")
        is_known_table = self.table.columns is None or _KNOWN_COLUMNS & set(self.table.columns)
        if error.key == "unknown_column" and self.table.columns is not None and is_known_table:
            return False
        self.report_problem(error.key, line, name, **error.values)
        return True

    def read_row(self, row: Row) -> _WorkRow | None:
        """What a row says, or None if it has a problem."""
        problems_before = len(self.problems)
        stated = list(row.cells) if self.table.columns is None else self.table.columns
        for name in sorted(set(stated) - _KNOWN_COLUMNS) if self.table.columns is None else ():
            self._report_unknown(name, row.line)
        values = {
            name: self._parse_value(parse, row.cells.get(name), row, name)
            for name, parse in _FIELD_PARSERS.items()
            if name in stated
        }
        schemes = None if "identifiers" in stated else frozenset(SCHEME_COLUMNS) & set(stated)
        found = self._parse_identifiers(row)
        if len(self.problems) == problems_before:
            self._settle_price(values, row)
        _settle_publication(values)
        if values.get("id") is None:
            values["id"] = self._find_id(stated, found)
        for name in ("id", "title"):
            if self._is_missing(name, values, self.problems[problems_before:]):
                self.report_problem("missing" if name in stated or name == "title" else "missing_id", row.line, name)
        self._check_unique(values["id"], row.line)
        if "images" in stated:
            values["images"] = self._parse_images(row)
        if len(self.problems) > problems_before or values["id"] is None:
            return None
        return _WorkRow(line=row.line, values=values, identifiers=found, schemes=schemes)

    def build_works(self, rows: Sequence[_WorkRow]) -> list[Work]:
        """The works of the rows; those that only the registry could complete are reported once, by the first."""
        works, incomplete = [], []
        for row in rows:
            work = self.registered.get(row.values["id"])
            if work is None and row.values.get("title") is None:
                incomplete.append(row)
            else:
                works.append(row.update(work))
        if incomplete and not any(problem.field == "title" for problem in self.problems):
            first, count = incomplete[0], len(incomplete)
            self.report_problem("unregistered", first.line, "title", value=first.values["id"], count=count)
        return works

    def tell_kinds(self, works: Iterable[Work]) -> None:
        """Say which kinds the program has no word for: what sellers offer is judged by the kind."""
        counts = Counter(work.kind for work in works if work.kind and work.kind.lower() not in known_kinds())
        if counts:
            names = ", ".join(name for name, _ in counts.most_common(MAX_NAMED_KINDS))
            self.tell("unknown_kinds", names=names, count=counts.total(), known=", ".join(known_kinds()))

    def _find_id(self, stated: Iterable[str], found: Mapping[str, tuple[str, ...]]) -> str | None:
        """In a list without ids the registered work with an identifier of the row, else the first identifier."""
        if "id" in stated or self.table.columns is None or not found:
            return None
        pairs = {(scheme, value) for scheme, values in found.items() for value in values}
        return self._owners.get(min(pairs & self._owners.keys(), default=("", ""))) or next(iter(found.values()))[0]

    @property
    def _owners(self) -> Mapping[tuple[str, str], str]:
        if not self._owner_index:
            self._owner_index.update(
                ((scheme, value), work.id)
                for work in self.registered.values()
                for scheme, values in work.identifiers.items()
                for value in values
            )
        return self._owner_index

    _owner_index: dict[tuple[str, str], str] = field(factory=dict, init=False)

    def _is_missing(self, name: str, values: Mapping[str, Any], reported: list[Problem]) -> bool:
        """Whether the value is missing and no problem of this value or its column was reported yet."""
        heading = self.table.headings.get(name, name)
        if values.get(name) is not None or any(problem.field == heading for problem in reported):
            return False
        if name == "title" and (name not in values):
            return self.table.columns is None and values.get("id") not in self.registered
        return name == "id" or name in values

    def _parse_value(self, parse: Callable[[Any], Any], value: Any, row: Row, name: str) -> Any:
        try:
            if isinstance(value, str) and _ERROR_CELL_RE.fullmatch(value.strip()):
                raise FieldError("error_cell", value=value.strip())
            return parse(value)
        except FieldError as error:
            self.report_problem(error.key, row.line, name, **error.values)
            return None

    def _settle_price(self, values: dict[str, Any], row: Row) -> None:
        """Part price and currency; a currency beside the price or in the heading counts where no column states one."""
        if "list_price" not in values:
            return
        values["list_price"], beside = values["list_price"]
        currency = values.get("currency")
        if beside and currency and beside != currency:
            self.report_problem("price_currency", row.line, "list_price", beside=beside, stated=currency)
        stated = currency or beside or self.table.currencies.get("list_price")
        if stated and values["list_price"] is not None:
            values["currency"] = stated

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
        stored = self.registered.get(" ".join(str(row.cells.get("id", "")).split()))
        known = {picture.url: picture for picture in stored.images} if stored else {}
        read = partial(resolve_picture, folder=self.path.parent, pictures_by_path=self.pictures, known=known)
        addresses = self._parse_value(fields.parse_texts, row.cells.get("images"), row, "images") or ()
        pictures = [self._parse_value(read, address, row, "images") for address in addresses]
        return tuple(parsed_picture for parsed_picture in pictures if parsed_picture is not None)


def _settle_publication(values: dict[str, Any]) -> None:
    """Year and day of the column `published`, where no column of their own states them."""
    year, day = values.pop("published", None) or (None, None)
    if day is not None and values.get("released_on") is None:
        values["released_on"] = day
    if year is not None and values.get("year") is None:
        values["year"] = year


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
