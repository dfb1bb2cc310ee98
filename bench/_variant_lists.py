"""Variants of lists of works: encodings, delimiters and guards of CSV, workbooks as exporters write them, damage."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from bench._variants import CHANGED_BYTES, Group, Items, Reading, Variant, damage, flip_byte
from bench.list_encodings import LISTS
from crawler.errors import BadInput
from crawler.items import Work
from registry.works_reader import ReadOptions, read_work_list

COLUMNS = ("id", "title", "creators", "publisher", "isbn", "year", "list_price", "currency", "released_on")
CHINESE = {"id": "编号", "title": "书名", "creators": "作者", "publisher": "出版社", "isbn": "ISBN", "year": "年份"}
Rows = list[dict[str, str]]


def make_rows(language: str, chance: random.Random) -> Rows:
    """Two to nine works."""
    titles = chance.sample(LISTS[language]["titles"], chance.randint(2, 6))
    return [_row(number, title, language, chance) for number, title in enumerate(titles, 1)]


def _row(number: int, title: str, language: str, chance: random.Random) -> dict[str, str]:
    return {
        "id": f"W{number}",
        "title": title,
        "creators": chance.choice(LISTS[language]["names"]),
        "publisher": chance.choice(("", "Hafenlicht")),
        "isbn": _isbn(chance) if chance.random() < 0.7 else "",
        "year": str(chance.randint(1990, 2026)) if chance.random() < 0.7 else "",
        "list_price": f"{chance.randint(5, 99)}.{chance.randint(10, 99)}",
        "currency": chance.choice(("CNY", "EUR")),
        "released_on": f"{chance.randint(2001, 2025)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}",
    }


def _isbn(chance: random.Random) -> str:
    digits = "978" + "".join(chance.choices("0123456789", k=9))
    total = sum(int(digit) * (1, 3)[index % 2] for index, digit in enumerate(digits))
    return digits + str(-total % 10)


def right_works(rows: Rows) -> Items:
    """What a reading of the rows gives."""
    return {row["id"]: row for row in rows}


def read_list(variant: Variant, folder: Path) -> Reading:
    """The works of a list with all fields, or its problems."""
    sentences: list[str] = []
    try:
        found = read_work_list(variant.write(folder), ReadOptions(tell=sentences.append))
    except BadInput as error:
        return Reading(refusal="; ".join(map(str, error.problems)))
    refusal = "; ".join(f"line {problem.line}: {problem.message}" for problem in found.problems)
    return Reading({work.id: _fields(work) for work in found.works}, refusal=refusal, reports=tuple(sentences))


def _fields(work: Work) -> dict[str, str]:
    return {
        "id": work.id,
        "title": work.title,
        "creators": "|".join(work.creators),
        "publisher": work.publisher or "",
        "isbn": "|".join(work.identifiers.get("isbn", ())),
        "year": str(work.year or ""),
        "list_price": "" if work.list_price is None else f"{work.list_price:.2f}",
        "currency": work.currency or "",
        "released_on": str(work.released_on or ""),
    }


def write_csv(rows: Rows, columns: Sequence[str], chance: random.Random, delimiter: str = ",") -> str:
    """Rows as CSV, quoted as somebody's program does, with somebody's line ends."""
    buffer = io.StringIO()
    quoting = chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC))
    writer = csv.writer(
        buffer, delimiter=delimiter, quoting=quoting, lineterminator=chance.choice(("\r\n", "\n", "\r\n", "\r"))
    )
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
    return buffer.getvalue()


def _columns(chance: random.Random) -> list[str]:
    return chance.sample(COLUMNS, len(COLUMNS))


def csv_encodings(chance: random.Random) -> Variant:
    """A list in an encoding that people of its language save."""
    language = chance.choice(tuple(LISTS))
    codec = chance.choice((*LISTS[language]["encodings"], "utf-8", "utf-8-sig", "utf-16"))
    rows = make_rows(language, chance)
    text = write_csv(rows, _columns(chance), chance, chance.choice(",;\t"))
    return Variant(f"csv: {language} in {codec}", {"w.csv": text.encode(codec)}, "w.csv", right_works(rows))


def csv_forms(chance: random.Random) -> Variant:
    """Delimiters, `sep=`, guarded ISBNs, Chinese headings, rows of nothing, title rows, packed."""
    rows = make_rows(chance.choice(("zh-Hans", "de", "ja")), chance)
    delimiter = chance.choice(",;\t|")
    columns = _columns(chance)
    guards: Sequence[Callable[[str], str]] = (
        str,
        lambda isbn: f'="{isbn}"',
        lambda isbn: f"'{isbn}",
        lambda isbn: f"{isbn[:3]}-{isbn[3:]}",
        lambda isbn: f" {isbn} ",
    )
    written = [row | {"isbn": row["isbn"] and chance.choice(guards)(row["isbn"])} for row in rows]
    text = write_csv(written, columns, chance, delimiter)
    heading, end, rest = text.partition("\r\n" if "\r\n" in text else "\r" if "\r" in text else "\n")
    if chance.random() < 0.3:
        heading = re.sub(r"\w+", lambda name: chance.choice((str.title, str.upper, str))(name[0]), heading)
    elif chance.random() < 0.3:
        heading = re.sub(r"\w+", lambda name: CHINESE.get(name[0], name[0]), heading)
    text = heading + end + rest + end * chance.randint(0, 2)
    if chance.random() < 0.4:
        text = chance.choice((f"sep={delimiter}", f'"sep={delimiter}"', f"SEP={delimiter}")) + end + text
    elif chance.random() < 0.3:
        text = "Hafenlicht 2026" + delimiter * (len(columns) - 1) + end + text
    data = text.encode(chance.choice(("utf-8", "utf-8-sig")))
    if chance.random() < 0.1:
        return Variant("csv: forms, packed", {"w.csv.gz": gzip.compress(data)}, "w.csv.gz", right_works(rows))
    return Variant(f"csv: forms, {delimiter!r}", {"w.csv": data}, "w.csv", right_works(rows))


def csv_damaged(chance: random.Random) -> Variant:
    """A byte is changed, missing or inserted, a row is cut, doubled, in another encoding, or the file ends early."""
    rows = make_rows(chance.choice(("zh-Hans", "de", "ja", "ru")), chance)
    text = write_csv(rows, _columns(chance), chance, chance.choice(",;\t"))
    data, right = text.encode(), right_works(rows)
    way = chance.choice(
        (
            "a byte changed",
            "a byte missing",
            "a byte inserted",
            "row cut",
            "row doubled",
            "row in gbk",
            "file cut",
            "packed",
        )
    )
    soft = 0
    lines = text.splitlines(keepends=True)
    at = chance.randrange(1, len(lines))
    if way == "packed":
        name, data = damage(gzip.compress(data), chance)
        return Variant(f"csv: packed, {name}", {"w.csv.gz": data}, "w.csv.gz", right)
    if way.startswith("a byte"):
        place, soft = chance.randrange(len(data)), 1
        new = {"a byte changed": flip_byte(data[place : place + 1], chance), "a byte missing": b""}
        data = data[:place] + new.get(way, chance.randbytes(1) + data[place : place + 1]) + data[place + 1 :]
    elif way == "row cut":
        lines[at] = re.split(r"[,;\t]", lines[at])[0] + "\n"
        data = "".join(lines).encode()
    elif way == "row doubled":
        data = "".join([*lines, lines[at]]).encode()
    elif way == "row in gbk":
        data = b"".join(line.encode("gb18030" if index == at else "utf-8") for index, line in enumerate(lines))
    else:
        row = lines[at]
        last = max(row.rfind(sign) for sign in ",;\t")
        data = ("".join(lines[:at]) + row[: chance.randrange(1, last)]).encode()
    return Variant(f"csv: {way}", {"w.csv": data}, "w.csv", right, soft)


def jsonl_damaged(chance: random.Random) -> Variant:
    """JSON Lines in another order, or cut or changed at a random place."""
    rows = make_rows(chance.choice(tuple(LISTS)), chance)
    chance.shuffle(rows)
    lines = [
        json.dumps({name: value for name, value in row.items() if value}, ensure_ascii=chance.random() < 0.5)
        for row in rows
    ]
    data = ("\n".join(lines) + "\n").encode()
    way = chance.choice(("whole", "cut", "a byte changed"))
    if way == "cut":
        place = sum(len(line.encode()) + 1 for line in lines[:-1]) + chance.randrange(1, len(lines[-1].encode()) - 1)
        data = data[:place]
    elif way == "a byte changed":
        data = flip_byte(data, chance)
    return Variant(f"jsonl: {way}", {"w.jsonl": data}, "w.jsonl", right_works(rows), CHANGED_BYTES.get(way, 0))


# Workbooks


def _workbook(rows: Rows, chance: random.Random) -> bytes:
    """A workbook with, sometimes, other sheets, title rows, merged cells and numbers for texts."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    if chance.random() < 0.3:
        sheet.title = "Cover"
        if chance.random() < 0.5:
            sheet["A1"] = "Hafenlicht: works, 2026"
        if chance.random() < 0.5:
            sheet.sheet_state = "hidden"
        sheet = book.create_sheet("Works")
        book.active = 1
    columns = _columns(chance)
    if chance.random() < 0.3:
        sheet.append(["Hafenlicht: works to protect"])
        sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(columns))
        if chance.random() < 0.5:
            sheet.append([])
    sheet.append(columns)
    first = sheet.max_row + 1
    for row in rows:
        sheet.append([_cell(column, row[column], chance) for column in columns])
    _merge_equal(sheet, columns, rows, first, chance)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _cell(column: str, value: str, chance: random.Random) -> object:
    if value and column in ("year", "isbn") and chance.random() < 0.5:
        return int(value)
    if column == "list_price" and chance.random() < 0.5:
        return float(value)
    return value or None


def _merge_equal(sheet: Worksheet, columns: Sequence[str], rows: Rows, first: int, chance: random.Random) -> None:
    """Merge the currencies or the creators of neighbouring rows that have the same."""
    column = chance.choice(("currency", "creators"))
    at = columns.index(column) + 1
    for index in range(len(rows) - 1):
        if rows[index][column] == rows[index + 1][column] and chance.random() < 0.5:
            sheet.merge_cells(start_row=first + index, start_column=at, end_row=first + index + 1, end_column=at)
            return


def _rewrite(data: bytes, change: Callable[[str, str], str | None]) -> bytes:
    """A workbook with its XML parts changed; parts for which None is returned are left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = change(name, old.read(name).decode())
            if text is not None:
                new.writestr(name, text)
    return buffer.getvalue()


STRICT_NAMESPACES = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main": "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": "http://purl.oclc.org/ooxml/officeDocument/relationships",
}


def _strict(name: str, text: str) -> str:
    for old, new in STRICT_NAMESPACES.items():
        text = text.replace(old, new)
    return text


def _sheets_only(change: Callable[[str], str]) -> Callable[[str, str], str]:
    return lambda name, text: change(text) if name.startswith("xl/worksheets/") else text


def _styles_only(change: Callable[[str], str]) -> Callable[[str, str], str]:
    return lambda name, text: change(text) if name == "xl/styles.xml" else text


XML_CHANGES: Mapping[str, Callable[[str, str], str | None]] = {
    "dimension A1": _sheets_only(lambda text: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1"', text)),
    "dimension too large": _sheets_only(
        lambda text: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1:XFD1048576"', text)
    ),
    "no dimension": _sheets_only(lambda text: re.sub(r"<dimension [^>]*/>", "", text)),
    "no addresses": _sheets_only(lambda text: re.sub(r'(<row) r="\d+"', r"\1", text)),
    "styles without names": _styles_only(lambda text: re.sub(r'(<cellStyle) name="[^"]*"', r"\1", text)),
    "empty fill": _styles_only(lambda text: re.sub(r"<fill><patternFill[^>]*/></fill>", "<fill/>", text)),
    "no styles": lambda name, text: None if name == "xl/styles.xml" else text,
    "strict": _strict,
    "no theme": lambda name, text: None if "theme" in name else text,
    "as written": lambda name, text: text,
}


def xlsx_forms(chance: random.Random) -> Variant:
    """A workbook as exporters write it."""
    rows = make_rows(chance.choice(tuple(LISTS)), chance)
    name = chance.choice(tuple(XML_CHANGES))
    data = _rewrite(_workbook(rows, chance), XML_CHANGES[name])
    return Variant(f"xlsx: {name}", {"w.xlsx": data}, "w.xlsx", right_works(rows))


def xlsx_damaged(chance: random.Random) -> Variant:
    """A workbook whose file is damaged at a random place."""
    rows = make_rows(chance.choice(tuple(LISTS)), chance)
    way, data = damage(_workbook(rows, chance), chance)
    return Variant(f"xlsx: {way}", {"w.xlsx": data}, "w.xlsx", right_works(rows))


def list_groups() -> list[Group]:
    """The groups of lists."""
    makers = (csv_encodings, csv_forms, csv_damaged, jsonl_damaged, xlsx_forms, xlsx_damaged)
    return [Group("lists", makers, read_list)]
