"""Lists of works: every form and encoding reads the same; whatever is wrong is told at once, with line and field."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from openpyxl import Workbook
from PIL import Image

from crawler.errors import BadInput
from crawler.items import Licence, ListingKind, Picture, PictureHash, Work
from registry import fields
from registry.checks import check_works
from registry.fields import join_aliases, parse_aliases
from registry.headings import works_vocabulary
from registry.identifiers import normalise_identifier
from registry.licences import LicenceState, check_licence
from registry.query_planning import name_queries
from registry.territories import find_hints
from registry.works_reader import COLUMN_NAMES, LIST_COLUMNS, ReadOptions, read_work_list, read_works
from tests.conftest import jsonl

ROW = {
    "id": "W-1",
    "title": "云上的灯塔",
    "aliases": "云塔|灯塔 全集",
    "kind": "book",
    "creators": "林一舟|赵夏",
    "publisher": "南溪出版社",
    "owner": "南溪文化",
    "year": "2019",
    "identifiers": "isbn:7-302-05678-1|package:com.nanxi.tower",
    "isbn": "",
    "list_price": "39.80",
    "currency": "cny",
    "licences": "platform=kongfz;seller=南溪书店;territory=CN;since=2026-01-01;until=2026-12-31|platform=quark",
    "released_on": "2019/5/1",
    "priority": "3",
}
WORK = Work(
    id="W-1",
    title="云上的灯塔",
    aliases=("云塔", "灯塔 全集"),
    kind="book",
    creators=("林一舟", "赵夏"),
    publisher="南溪出版社",
    owner="南溪文化",
    year=2019,
    identifiers={"isbn": ("9787302056782",), "package": ("com.nanxi.tower",)},
    list_price=Decimal("39.80"),
    currency="CNY",
    licences=(
        Licence(platform="kongfz", seller="南溪书店", territory="CN", since=date(2026, 1, 1), until=date(2026, 12, 31)),
        Licence(platform="quark"),
    ),
    released_on=date(2019, 5, 1),
    priority=3,
)


def csv_table(*rows: dict[str, str], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read_problems(path: Path) -> list[tuple[int | None, str | None]]:
    with pytest.raises(BadInput) as caught:
        read_works(path)
    assert all(problem.file == str(path) for problem in caught.value.problems)
    return [(problem.line, problem.field) for problem in caught.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_csv_reads_the_same_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "works.csv"
    path.write_bytes(csv_table(ROW).encode(encoding))
    assert read_works(path) == [WORK]


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_csv_as_spreadsheets_export_it(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "works.csv"
    row = {name: value for name, value in ROW.items() if name != "licences"}
    path.write_bytes(csv_table(row, delimiter=delimiter).encode("utf-16"))
    assert read_works(path)[0].title == WORK.title


def test_xlsx_with_cells_as_spreadsheets_hold_them(tmp_path: Path) -> None:
    book = Workbook()
    row: dict[str, Any] = dict(ROW)
    row |= {"year": 2019, "list_price": 39.8, "released_on": datetime(2019, 5, 1), "priority": 3}  # noqa: DTZ001
    row |= {"identifiers": "package:com.nanxi.tower", "isbn": 9787302056782.0}
    book.active.append(list(row))
    book.active.append([None] * 3)
    book.active.append(list(row.values()))
    path = tmp_path / "works.xlsx"
    book.save(path)
    (work,) = read_works(path)
    assert dict(work.identifiers) == dict(WORK.identifiers)
    assert (work.year, work.list_price, work.released_on, work.priority) == (2019, Decimal("39.8"), date(2019, 5, 1), 3)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_json_lines(tmp_path: Path, suffix: str) -> None:
    row: dict[str, Any] = dict(ROW)
    row |= {
        "aliases": ["云塔", "灯塔 全集"],
        "creators": ["林一舟", "赵夏"],
        "year": 2019,
        "list_price": 39.80,
        "priority": None,
    }
    row["identifiers"] = {"isbn": [9787302056782, "978-7-302-05678-2"], "package": "com.nanxi.tower"}
    row["licences"] = [{"platform": "kongfz", "since": "2026-01-01", "until": None}]
    data = ("\n" + jsonl(row)).encode()
    path = tmp_path / f"works{suffix}"
    path.write_bytes(gzip.compress(data, mtime=0) if suffix.endswith(".gz") else data)
    (work,) = read_works(path)
    assert dict(work.identifiers) == dict(WORK.identifiers)
    assert work.licences == (Licence(platform="kongfz", since=date(2026, 1, 1)),)
    assert work.list_price == Decimal("39.8")


WRONG_VALUES = [
    ("id", ""),
    ("title", " "),
    ("title", "a\0b"),
    ("year", "二〇一九"),
    ("year", "29019"),
    ("identifiers", "9787302056782"),
    ("identifiers", "isbn:9787302056783"),
    ("identifiers", "ibsn:9787302056782"),
    ("identifiers", "package:tower"),
    ("identifiers", "isrc:XX"),
    ("identifiers", "eidr:10.5240/7791-8534-2C23-9030-8610-6"),
    ("isbn", "978730205678"),
    ("list_price", "¥39.80 - 59.80"),
    ("list_price", "约39元"),
    ("list_price", "39元起"),
    ("list_price", "$39"),
    ("list_price", "39,8015"),
    ("list_price", "#N/A"),
    ("publisher", "#REF!"),
    ("list_price", "-1"),
    ("list_price", "NaN"),
    ("currency", "贝壳"),
    ("licences", "kongfz"),
    ("licences", "platfrom=kongfz"),
    ("licences", "since=2026-13-01"),
    ("licences", "since=2026-02-01;until=2026-01-31"),
    ("released_on", "2019"),
    ("released_on", "2019-02-29"),
    ("priority", "high"),
    ("images", "not-there.png"),
    ("images", "ftp://example.org/a.png"),
]


@pytest.mark.parametrize(("field", "value"), WRONG_VALUES)
def test_a_wrong_value_is_named_with_line_and_field(tmp_path: Path, field: str, value: str) -> None:
    path = tmp_path / "works.csv"
    path.write_text(csv_table(ROW | {"images": ""}, ROW | {"images": "", "id": "W-2"} | {field: value}), "utf-8")
    assert read_problems(path) == [(3, field)]


def test_right_identifiers_of_every_scheme(tmp_path: Path) -> None:
    identifiers = {
        "eidr": "10.5240/7791-8534-2c23-9030-8610-5",
        "isrc": "US-SKG-19-12345",
        "bundle": "com.nanxi.Tower-2",
    }
    identifiers |= {"imdb": "tt0111161", "house_number": "A 1"}
    path = tmp_path / "works.jsonl"
    path.write_text(jsonl({"id": "W", "title": "x y", "identifiers": identifiers}), "utf-8")
    assert dict(read_works(path)[0].identifiers) == {
        "eidr": ("10.5240/7791-8534-2C23-9030-8610-5",),
        "isrc": ("USSKG1912345",),
        "bundle": ("com.nanxi.Tower-2",),
        "imdb": ("tt0111161",),
        "house_number": ("A 1",),
    }


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    rows = [
        {"id": "A", "title": "x", "tilte": 1},
        {"id": "A", "title": "y", "year": "?", "images": ["1.png", "2.png"]},
        {},
    ]
    path = tmp_path / "works.jsonl"
    path.write_text(jsonl(*rows) + "[1]\nnot json\n" + '{"id": "B", "title": NaN}\n', "utf-8")
    expected = [(1, "tilte"), (2, "year"), (2, "id"), (2, "images"), (2, "images"), (3, "id"), (3, "title")]
    assert read_problems(path) == [*expected, (4, None), (5, None), (6, None)]


def test_unknown_and_missing_columns_suggest_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "works.csv"
    path.write_text("id,tittle,year,year\nA,x,2000,2001\nB,y,1,2,3\n", "utf-8")
    with pytest.raises(BadInput) as caught:
        read_works(path)
    assert [problem.field for problem in caught.value.problems] == ["year", "tittle", "title", None]
    assert "'title'" in caught.value.problems[1].message
    assert caught.value.problems[3].line == 3


def test_quoted_line_breaks_keep_line_numbers_right(tmp_path: Path) -> None:
    path = tmp_path / "works.csv"
    path.write_text('id,title,year\nA,"two\nlines",2000\n\nB,y,bad\n', "utf-8")
    assert read_problems(path) == [(5, "year")]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("works.csv", b""),
        ("works.csv", b"\xef\xbb\xbf"),
        ("works.csv", b"id,title\n"),
        ("works.csv", b'id,title\n"A,x\n'),
        ("works.csv", b"\xff\xff\xff"),
        ("works.csv", "id,title\nA,云上的灯塔和海\n".encode()[:-2] + b"\n"),
        ("works.txt", b"id,title\nA,x\n"),
        ("works.xlsx", b"PK not a zip"),
        ("works.jsonl.gz", gzip.compress(b'{"id": "A", "title": "x"}' * 50, mtime=0)[:-9]),
        ("works.jsonl", b"[" * 100_000),
    ],
)
def test_files_that_are_no_list_are_refused(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert len(read_problems(path)) == 1


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    assert read_problems(tmp_path / "none.csv") == [(None, None)]
    (tmp_path / "folder.csv").mkdir()
    assert read_problems(tmp_path / "folder.csv") == [(None, None)]


def test_pictures_are_read_and_hashed_from_beside_the_list(tmp_path: Path) -> None:
    (tmp_path / "covers").mkdir()
    noise = Image.effect_noise((120, 160), 80).convert("RGB")
    noise.save(tmp_path / "covers" / "a.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    path = tmp_path / "works.csv"
    path.write_text("id,title,images\nA,x,covers/a.png|https://example.org/b.jpg\n", "utf-8")
    local, remote = read_works(path)[0].images
    assert local.url == str(tmp_path / "covers" / "a.png")
    assert (local.width, local.height) == (120, 160)
    assert local.sha256
    assert local.hashes
    assert remote == Picture(url="https://example.org/b.jpg")
    path.write_text("id,title,images\nA,x,broken.png\nB,y,covers\n", "utf-8")
    assert read_problems(path) == [(2, "images"), (3, "images")]


def test_problems_are_reported_in_the_requested_language(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="没有这个文件"):
        read_works(tmp_path / "none.csv", "zh")


def test_every_column_of_the_contract_is_known() -> None:
    assert set(ROW) | {"images"} <= set(COLUMN_NAMES)


def test_questions_are_important_first_and_never_too_short() -> None:
    works = [
        Work(id="B", title="风", creators=("周晚",)),
        Work(id="A", title="雨夜", aliases=("雨夜 长歌", "歌")),
        Work(id="D", title="Harbour Light", priority=5, kind="book"),
        Work(id="C", title="harbour light", aliases=("灯火海港",)),
        Work(id="E", title="停用之书", priority=9, retired_at=datetime(2026, 1, 1, tzinfo=UTC)),
    ]
    assert name_queries(works) == ["Harbour Light", "风 周晚", "雨夜 长歌", "灯火海港"]
    assert name_queries(reversed(works), limit=2) == ["Harbour Light", "风 周晚"]
    assert "Harbour Light" not in name_queries(works[2:3], ListingKind.APP)


OFFER_FACTS = {
    "platform": "kongfz",
    "url": "https://book.kongfz.com/1",
    "seller": "南溪 书店",
    "territory_hints": find_hints(platform="kongfz", url="https://book.kongfz.com/1"),
    "day": date(2026, 6, 1),
}


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        (Licence(), LicenceState.COVERING),
        (Licence(platform="KONGFZ"), LicenceState.COVERING),
        (Licence(platform="kongfz.com"), LicenceState.COVERING),
        (Licence(platform="ongfz.com"), LicenceState.OTHER),
        (Licence(seller="南溪书店"), LicenceState.COVERING),
        (Licence(seller="北溪书店"), LicenceState.OTHER),
        (Licence(territory="CN"), LicenceState.COVERING),
        (Licence(territory="worldwide"), LicenceState.COVERING),
        (Licence(territory="TW", until=date(2026, 5, 31)), LicenceState.OTHER_TERRITORY),
        (Licence(territory="Atlantis"), LicenceState.TERRITORY_UNKNOWN),
        (Licence(since=date(2026, 6, 1), until=date(2026, 6, 1)), LicenceState.COVERING),
        (Licence(until=date(2026, 5, 31)), LicenceState.ENDED),
        (Licence(since=date(2026, 6, 2)), LicenceState.NOT_BEGUN),
        (Licence(platform="quark", until=date(2026, 5, 31)), LicenceState.OTHER),
    ],
)
def test_states_of_a_licence(licence: Licence, expected: LicenceState) -> None:
    assert check_licence(licence, **OFFER_FACTS) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("licensed", "platform", "url", "is_covered"),
    [
        ("127.0.0.1:8802", "shop", "http://127.0.0.1:8802/item/4", True),
        ("127.0.0.1:8802", "127.0.0.1:8802", "http://127.0.0.1:8802/item/4", True),
        ("127.0.0.1:8802", "shop", "http://127.0.0.1:8803/item/4", False),
        ("127.0.0.1", "shop", "http://127.0.0.1:8803/item/4", True),
        ("localhost:8802", "shop", "http://localhost:8802/item/4", True),
        ("www.pellbrook.example", "pellbrook.example", "https://pellbrook.example/4", True),
        ("pellbrook.example", "shop", "https://www.pellbrook.example:8443/4", True),
        ("pellbrook.example:443", "shop", "https://pellbrook.example/4", True),
        ("pellbrook.example:8443", "shop", "https://pellbrook.example/4", False),
        ("https://www.Pellbrook.example/shop/", "shop", "https://pellbrook.example/4", True),
        ("书店.example", "shop", "https://xn--1jqq80b.example/4", True),
        ("Harbour Books", "harbour books", "https://pellbrook.example/4", True),
        ("Harbour: Books", "shop", "https://pellbrook.example/4", False),
        ("shop", "pellbrook.example", "https://shop/4", False),
        ("brook.example", "shop", "https://pellbrook.example/4", False),
    ],
)
def test_a_licence_names_a_platform_or_a_site(licensed: str, platform: str, url: str, is_covered: bool) -> None:
    facts = OFFER_FACTS | {"platform": platform, "url": url}
    state = check_licence(Licence(platform=licensed), **facts)  # type: ignore[arg-type]
    assert state is (LicenceState.COVERING if is_covered else LicenceState.OTHER)


def test_a_named_seller_and_a_stated_other_territory_are_not_covered() -> None:
    nobody = OFFER_FACTS | {"seller": None}
    assert check_licence(Licence(seller="南溪书店"), **nobody) is LicenceState.OTHER  # type: ignore[arg-type]
    elsewhere = OFFER_FACTS | {"territory_hints": find_hints(platform="kongfz", url="", territory="TW")}
    assert check_licence(Licence(territory="CN"), **elsewhere) is LicenceState.OTHER_TERRITORY  # type: ignore[arg-type]
    nowhere = OFFER_FACTS | {"territory_hints": []}
    assert check_licence(Licence(territory="CN"), **nowhere) is LicenceState.TERRITORY_UNKNOWN  # type: ignore[arg-type]


def test_weak_works_are_reported() -> None:
    def pictures_with_hash(value: int) -> tuple[Picture, ...]:
        picture_hash = PictureHash(hasher="p", version="1", settings="", value=f"{value:016x}")
        return (Picture(url="a.png", hashes=(picture_hash,)),)

    works = [
        Work(id="A", title="风"),
        Work(id="B", title="风", creators=("周晚",), year=2001),
        Work(id="C", title="長夜", creators=("甲",), images=pictures_with_hash(0xFFFF)),
        Work(id="D", title="长夜", creators=("乙",), images=pictures_with_hash(0xFFFE)),
        Work(id="E", title="海港灯火", list_price=Decimal(3), images=pictures_with_hash(0xFF00FF00FF)),
    ]
    weaknesses = [(weak.work_id, weak.check, weak.others) for weak in check_works(works)]
    assert weaknesses == [
        ("A", "same_title", ("B",)),
        ("A", "short_title", ()),
        ("B", "same_title", ("A",)),
        ("C", "same_picture", ("D",)),
        ("D", "same_picture", ("C",)),
        ("E", "price_without_currency", ()),
    ]
    assert "B" in check_works(works)[0].message
    assert json.dumps([weak.message for weak in check_works(works, "zh")], ensure_ascii=False).count("同名") == 2


ISBN_LIST = "id,title,isbn\nW-1,云上的灯塔,{isbn}\n"


@pytest.mark.parametrize(
    "written",
    [
        '"=""9787302056782"""',
        '="9787302056782"',
        "'9787302056782",
        "9787302056782.0",
        "978-7-302-05678-2",
        "978 7 302 05678 2",
        "978\u00a07302\u00a0056782",
        "978\u20137\u2013302\u201305678\u20132",
        "９７８７３０２０５６７８２",
        "ISBN 978-7-302-05678-2",
        "ISBN-13：9787302056782",
        "\u200b9787302056782",
        "9787302056782\t",
        "7302056781",
        " 9787302056782 ",
    ],
)
def test_isbns_as_people_and_spreadsheets_write_them(tmp_path: Path, written: str) -> None:
    path = tmp_path / "works.csv"
    path.write_text(ISBN_LIST.format(isbn=written), encoding="utf-8")
    assert dict(read_works(path)[0].identifiers) == {"isbn": ("9787302056782",)}


def test_the_zero_that_a_spreadsheet_took_from_a_short_isbn(tmp_path: Path) -> None:
    path = tmp_path / "works.csv"
    path.write_text(ISBN_LIST.format(isbn="306406152"), encoding="utf-8")
    assert dict(read_works(path)[0].identifiers) == {"isbn": ("9780306406157",)}


@pytest.mark.parametrize(
    "rounded", ["9.78E+12", '"9,78E+12"', "9.78702e+12", "9E+12", "9.78702E12", "９．７８E+12", '"=""9.78E+12"""']
)
@pytest.mark.parametrize("column", ["id", "isbn", "identifiers", "eidr"])
def test_a_rounded_number_is_refused_with_its_row_and_what_to_do(tmp_path: Path, rounded: str, column: str) -> None:
    prefix = "isbn:" if column == "identifiers" else ""
    cells = {"id": "W-2", "title": "雨巷", "isbn": "", "identifiers": "", "eidr": ""}
    cells[column] = rounded if not prefix else f"{prefix}{rounded}".replace('"', "").replace("=", "")
    if prefix and "," in cells[column]:
        cells[column] = f'"{cells[column]}"'
    path = tmp_path / "works.csv"
    lines = [",".join(cells), "W-1,桥,,,", ",".join(cells.values())]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_works(path)
    (problem,) = caught.value.problems
    assert (problem.line, problem.field) == (3, column)
    assert "rounded" in problem.message
    assert "format the column as text" in problem.message


@pytest.mark.parametrize("work_id", ["12e3", "0123", "1E5", "E+05", "9.78"])
def test_ids_that_only_look_like_numbers_are_kept(tmp_path: Path, work_id: str) -> None:
    path = tmp_path / "works.csv"
    path.write_text(f"id,title\n{work_id},a\n'{work_id}x,b\n", encoding="utf-8")
    assert [work.id for work in read_works(path)] == [work_id, f"{work_id}x"]


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("书名", "title"),
        ("書名", "title"),
        ("作品名称（必填）", "title"),
        ("Book Title*", "title"),
        ("书名 / Title", "title"),
        ("作　者", "creators"),
        ("著作權人", "owner"),
        ("ISBN号", "isbn"),
        ("ISBN-13", "isbn"),
        ("出版時間", "published"),
        ("Publication Date", "published"),
        ("定价(元)", "list_price"),
        ("List Price (USD)", "list_price"),
        ("类 型", "kind"),
        ("released_on", "released_on"),
        ("备注", None),
        ("书名和作者和出版社都要填写", None),
    ],
)
def test_a_heading_means_a_column(heading: str, column: str | None) -> None:
    assert works_vocabulary(COLUMN_NAMES, LIST_COLUMNS).column(heading).name == column


CHINESE_LIST = (
    "2026年清单,,,,,,,,\n"
    "作品编号,書名,作者,出版社,定价（元）,ISBN号,出版日期,类型,备注\n"
    "A1,云上的灯塔,[美] 林一舟 著；赵夏 (译),南溪出版社,39.80,978-7-302-05678-2,2019年5月,图书,急\n"
    "A2,雾港十讲,林一舟、赵夏,,￥99,,2020-01-31,课程,\n"
)


def test_a_chinese_list_with_units_kinds_and_names(tmp_path: Path) -> None:
    path = tmp_path / "清单.csv"
    path.write_bytes(CHINESE_LIST.encode("gb18030"))
    notes: list[str] = []
    found = read_work_list(path, ReadOptions(tell=notes.append, language="zh"))
    assert found.problems == []
    book, course = found.works
    assert book == Work(
        id="A1",
        title="云上的灯塔",
        creators=("林一舟", "赵夏"),
        publisher="南溪出版社",
        list_price=Decimal("39.80"),
        currency="CNY",
        identifiers={"isbn": ("9787302056782",)},
        year=2019,
        kind="book",
    )
    assert (course.kind, course.creators, course.list_price, course.currency) == (
        "course",
        ("林一舟", "赵夏"),
        Decimal(99),
        "CNY",
    )
    assert (course.year, course.released_on) == (2020, date(2020, 1, 31))
    assert any("有 1 列未读取：备注" in note for note in notes)
    assert any("第 1 行" in note for note in notes)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("林一舟、赵夏；周晚", ("林一舟", "赵夏", "周晚")),
        ("林一舟/赵夏", ("林一舟", "赵夏")),
        ("林一舟 ； 赵夏", ("林一舟", "赵夏")),
        ("林一舟,赵夏", ("林一舟", "赵夏")),
        ("A. Smith & B. Jones", ("A. Smith", "B. Jones")),
        ("Smith, Ann; Jones, Bea", ("Smith, Ann", "Jones, Bea")),
        ("AC/DC", ("AC/DC",)),
        ("Simon & Garfunkel|", ("Simon & Garfunkel",)),
        ("（日）山下一（著）\n赵夏（译）", ("山下一", "赵夏")),
        ("林远舟著", ("林远舟",)),
        ("周晚 等", ("周晚",)),
        (r"a\|b|c", ("a|b", "c")),
        ("", ()),
    ],
)
def test_names_as_lists_part_them(cell: str, names: tuple[str, ...]) -> None:
    assert fields.parse_names(cell) == names
    assert fields.parse_names(fields.join_names(names)) == names


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026年1月31日", date(2026, 1, 31)),
        ("20260131", date(2026, 1, 31)),
        ("2026.1.31", date(2026, 1, 31)),
        ("46053", date(2026, 1, 31)),
    ],
)
def test_days_as_people_and_spreadsheets_write_them(cell: str, day: date) -> None:
    assert fields.parse_day(cell) == day
    assert fields.parse_published(cell) == (2026, day)


@pytest.mark.parametrize("cell", ["2026", "2026年", "2026-01", "2026年1月", "2026.1"])
def test_a_month_of_publication_is_its_year(cell: str) -> None:
    assert fields.parse_published(cell) == (2026, None)


@pytest.mark.parametrize("cell", ["2026-13", "2026-02-29", "spring 2026"])
def test_no_month_of_publication(cell: str) -> None:
    with pytest.raises(fields.FieldError) as caught:
        fields.parse_published(cell)
    assert caught.value.key == "bad_date"


def test_licences_in_chinese_name_platforms_by_their_chinese_names() -> None:
    licences = fields.parse_licences(
        "平台=淘宝；店铺=南溪；书店;until=2026-12-31｜platform=闲鱼".replace("南溪；", r"南溪\；")
    )
    assert licences == (
        Licence(platform="taobao", seller="南溪；书店", until=date(2026, 12, 31)),
        Licence(platform="goofish"),
    )
    assert fields.parse_licences(fields.join_licences((*licences, Licence()))) == (*licences, Licence())


def lookup_of(*works: Work) -> Any:
    return lambda ids: {work.id: work for work in works if ids is None or work.id in ids}


PACKAGE = {"package": ("com.nanxi.tower",)}
REGISTERED = evolve(WORK, identifiers={"isbn": ("9787302056782",)} | PACKAGE)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("id,list_price\nW-1,48\n", {"list_price": Decimal(48)}),
        ("id,list_price\nW-1,39.8\n", {}),
        ("id,title,aliases\nW-1,云上的灯塔,\n", {"aliases": ()}),
        ("编号,作者\nW-1,林一舟、周晚\n", {"creators": ("林一舟", "周晚")}),
        (
            "id,isbn\nW-1,9787999990017\n",
            {"identifiers": {"package": ("com.nanxi.tower",), "isbn": ("9787999990017",)}},
        ),
        ("id,isbn\nW-1,\n", {"identifiers": {"package": ("com.nanxi.tower",)}}),
        ("id,identifiers\nW-1,isbn:9787999990017\n", {"identifiers": {"isbn": ("9787999990017",)}}),
        ("书名,ISBN\n灯塔,9787302056782\n", {"title": "灯塔"}),
    ],
)
def test_a_partial_list_leaves_other_fields_alone(tmp_path: Path, text: str, changes: dict[str, Any]) -> None:
    path = tmp_path / "works.csv"
    path.write_text(text, "utf-8")
    found = read_work_list(path, ReadOptions(lookup=lookup_of(REGISTERED)))
    assert found.problems == []
    assert list(found.works) == [evolve(REGISTERED, **changes)]


def test_a_partial_row_of_json_lines_leaves_other_fields_alone(tmp_path: Path) -> None:
    path = tmp_path / "works.jsonl"
    path.write_text(jsonl({"id": "W-1", "publisher": None, "priority": 5}), "utf-8")
    found = read_work_list(path, ReadOptions(lookup=lookup_of(REGISTERED)))
    assert list(found.works) == [evolve(REGISTERED, publisher=None, priority=5)]


def test_a_partial_list_of_unknown_works_names_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "works.csv"
    path.write_text("id,list_price\nW-1,48\nW-2,48\nW-3,48\n", "utf-8")
    (problem,) = read_work_list(path, ReadOptions(lookup=lookup_of(REGISTERED))).problems
    assert (problem.line, problem.field) == (3, "title")
    assert "'W-2' is not registered yet" in problem.message
    assert "2 rows" in problem.message


def test_without_an_id_the_identifier_is_the_id(tmp_path: Path) -> None:
    path = tmp_path / "works.csv"
    path.write_text("书名,ISBN\n雾港,9787999990017\n钟楼,\n", "utf-8")
    found = read_work_list(path, ReadOptions())
    assert [work.id for work in found.works] == ["9787999990017"]
    assert [(problem.line, problem.field) for problem in found.problems] == [(3, "id")]


def test_a_picture_that_was_moved_is_still_the_registered_one(tmp_path: Path) -> None:
    picture = Picture(url=str(tmp_path / "cover.png"), sha256="a" * 64, width=3, height=4)
    path = tmp_path / "works.csv"
    path.write_text("id,images\nW-1,cover.png\n", "utf-8")
    registered = evolve(REGISTERED, images=(picture,))
    assert list(read_work_list(path, ReadOptions(lookup=lookup_of(registered))).works) == [registered]
    assert [problem.field for problem in read_work_list(path, ReadOptions(lookup=lookup_of(REGISTERED))).problems] == [
        "images"
    ]


def test_unknown_kinds_are_named(tmp_path: Path) -> None:
    path = tmp_path / "works.csv"
    path.write_text("id,title,kind\nA,x,图书\nB,y,长诗\n", "utf-8")
    notes: list[str] = []
    works = read_work_list(path, ReadOptions(tell=notes.append)).works
    assert [work.kind for work in works] == ["book", "长诗"]
    assert len(notes) == 1
    assert "长诗" in notes[0]


def test_two_columns_of_one_list_are_joined_and_two_titles_refused(tmp_path: Path) -> None:
    path = tmp_path / "works.csv"
    path.write_text("id,书名,作者,主编\nA,x,林一舟,赵夏\n", "utf-8")
    assert read_works(path)[0].creators == ("林一舟", "赵夏")
    path.write_text("id,书名,名称\nA,x,y\n", "utf-8")
    assert read_problems(path) == [(1, "书名")]


@pytest.mark.parametrize(("language", "cannot"), [("en", "cannot be read"), ("zh", "无法读取")])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no picture at all", "JPEG, PNG, WEBP, GIF, AVIF"),
        (b"<svg viewBox='0 0 1 1'/>", "SVG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", "HEIC"),
    ],
)
def test_a_cover_of_another_kind_is_refused_in_the_same_words_each_time(
    tmp_path: Path, data: bytes, words: str, language: str, cannot: str
) -> None:
    (tmp_path / "cover.heic").write_bytes(data)
    path = tmp_path / "works.csv"
    path.write_text("id,title,images\nA,x,cover.heic\n", "utf-8")
    (message,) = {str(read_work_list(path, ReadOptions(language=language)).problems[0]) for _ in range(2)}
    assert words in message
    assert cannot in message
    assert language == "en" or " be read" not in message


@pytest.mark.parametrize(
    ("written", "price"),
    [
        ("45,00", "45.00"),
        ("0,99", "0.99"),
        ("39,8", "39.8"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1,234", "1234"),
        ("1.234.567", "1234567"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1’234", "1234"),
        ("￥39,80", "39.80"),
        ("1.280,00 €", "1280.00"),
    ],
)
def test_prices_with_a_decimal_comma_and_parted_thousands(tmp_path: Path, written: str, price: str) -> None:
    path = tmp_path / "works.csv"
    path.write_text(f"id;title;list_price\nW-1;a;{written}\n", encoding="utf-8")
    assert read_works(path)[0].list_price == Decimal(price)


@pytest.mark.parametrize("written", ["1,2345", "12,34,567", "1.234,5678", "1 23", "12.34.56", "1,234,50", "1 .5"])
def test_numbers_that_are_no_price_in_any_notation(tmp_path: Path, written: str) -> None:
    path = tmp_path / "works.csv"
    path.write_text(f"id;title;list_price\nW-1;a;{written}\n", encoding="utf-8")
    assert read_problems(path) == [(2, "list_price")]


@pytest.mark.parametrize("title", ["????", "??? 2", "?? (?)", "云\ufffd的灯塔"])
def test_a_title_that_lost_its_letters_is_refused(tmp_path: Path, title: str) -> None:
    path = tmp_path / "works.csv"
    path.write_text(f"id,title\nW-1,桥\nW-2,{title}\nW-3,Who? What?\nW-4,?\n", encoding="utf-8")
    assert read_problems(path) == [(3, "title")]


@pytest.mark.parametrize(
    ("rows", "codec"),
    [
        (["1,灯塔上的雪与信", "2,渡口的最后一只船", "3,竹林夜雨"], "gbk"),
        (["1,Старая мельница", "2,Зимний причал", "3,竹林夜雨"], "gb18030"),
    ],
)
def test_the_line_is_named_where_a_list_stops_being_utf8(rows: list[str], codec: str, tmp_path: Path) -> None:
    file = tmp_path / "w.csv"
    file.write_bytes("\n".join(["id,title", *rows[:2], ""]).encode() + rows[2].encode(codec) + b"\n")
    with pytest.raises(BadInput, match="UTF-8") as raised:
        read_work_list(file, ReadOptions(language="en"))
    assert raised.value.problems[0].line == 4


@pytest.mark.parametrize("mark", "'’‘′`＇")
def test_an_isbn_behind_an_apostrophe_of_any_kind(mark: str) -> None:
    assert normalise_identifier("isbn", f"{mark}9780306406157") == "9780306406157"


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("雪灯、渡船", ("雪灯", "渡船")),
        ("雪灯；渡船", ("雪灯", "渡船")),
        ("雪、灯|", ("雪、灯",)),
        ("a|b、c", ("a", "b、c")),
    ],
)
def test_aliases_are_parted_as_chinese_lists_part_them(cell: str, names: tuple[str, ...]) -> None:
    assert parse_aliases(cell) == names
    assert parse_aliases(join_aliases(names)) == names


def test_one_foreign_line_makes_no_utf8_list_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "w.csv"
    file.write_bytes(b"id,title\n1," + "Зимний причал".encode("gb18030") + "\n2,Старая мельница\n".encode())
    with pytest.raises(BadInput, match="UTF-8") as raised:
        read_work_list(file, ReadOptions(language="en"))
    assert raised.value.problems[0].line == 2
