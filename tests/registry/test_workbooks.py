"""Workbooks as WPS, exporters and old programs write them: read, or refused in one sentence that says what to do."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from crawler.errors import BadInput
from crawler.items import Work
from registry.works_reader import ReadOptions, read_work_list, read_works

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
ROWS = [["id", "title", "isbn"], ["A1", "潮汐钟楼", "9787999990017"], ["A2", "雾港来信", "9787302056782"]]


def cell(name: str, text: str) -> str:
    return f'<c r="{name}" t="inlineStr"><is><t>{text}</t></is></c>'


def sheet_xml(rows: list[list[str]], before: str = "", after: str = "") -> str:
    lines = (
        f'<row r="{line}">{"".join(cell(f"{chr(65 + column)}{line}", text) for column, text in enumerate(cells))}</row>'
        for line, cells in enumerate(rows, start=1)
    )
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{"".join(lines)}</sheetData>{after}</worksheet>'


def xlsx(sheet: str, more: Mapping[str, str] = {}, relation: str = "") -> bytes:
    """A workbook of one sheet, with only the parts that a reader cannot do without, and `more`."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        '<sheet name="作品" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>{relation}</Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
        **more,
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return data.getvalue()


def styles(content: str) -> dict[str, str]:
    return {"xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{content}</styleSheet>'}


STYLES_RELATION = f'<Relationship Id="r2" Type="{RELATIONS}/styles" Target="styles.xml"/>'


def strict(data: bytes) -> bytes:
    """The same workbook as Strict Open XML names its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            text = source.read(name).decode()
            text = text.replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main")
            target.writestr(name, text.replace(RELATIONS, "http://purl.oclc.org/ooxml/officeDocument/relationships"))
    return out.getvalue()


PREFIXED = sheet_xml(ROWS).replace("<", "<x:").replace("<x:/", "</x:").replace('xmlns="', 'xmlns:x="')


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(xlsx(sheet_xml(ROWS, '<dimension ref="A1"/>')), id="dimension A1"),
        pytest.param(xlsx(sheet_xml(ROWS, '<dimension ref="A1:A1048576"/>')), id="dimension too long"),
        pytest.param(xlsx(sheet_xml(ROWS)), id="no dimension, styles or shared strings"),
        pytest.param(
            xlsx(sheet_xml(ROWS), styles("<fonts/><fills><fill/></fills><cellXfs/>"), STYLES_RELATION), id="empty fill"
        ),
        pytest.param(
            xlsx(sheet_xml(ROWS), styles('<cellStyles><cellStyle xfId="0"/></cellStyles>'), STYLES_RELATION),
            id="style without a name",
        ),
        pytest.param(xlsx(sheet_xml(ROWS), {}, STYLES_RELATION), id="styles named and missing"),
        pytest.param(strict(xlsx(sheet_xml(ROWS))), id="strict"),
        pytest.param(xlsx(PREFIXED), id="prefixed names"),
        pytest.param(xlsx(sheet_xml([*ROWS, *[["", "", ""]] * 3000])), id="many empty rows"),
        pytest.param(xlsx(sheet_xml([[*cells[:2], "", *cells[2:]] for cells in ROWS])), id="empty column between"),
    ],
)
def test_workbooks_as_others_write_them(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "works.xlsx"
    path.write_bytes(data)
    assert [(work.id, work.title, work.identifiers["isbn"]) for work in read_works(path)] == [
        ("A1", "潮汐钟楼", ("9787999990017",)),
        ("A2", "雾港来信", ("9787302056782",)),
    ]


def test_rich_text_phonetics_numbers_and_days(tmp_path: Path) -> None:
    shared = (
        f'<sst xmlns="{MAIN}"><si><r><t>潮汐</t></r><r><t>钟楼</t></r></si>'
        "<si><t>東京塔</t><rPh><t>トウキョウ</t></rPh></si></sst>"
    )
    heading = "".join(map(cell, ["A1", "B1", "C1", "D1", "E1"], ["id", "title", "isbn", "出版日期", "定价"]))
    first = '<c r="A2"><v>7</v></c><c r="B2" t="s"><v>0</v></c><c r="C2"><v>9787999990017</v></c>'
    first += '<c r="D2" s="1"><v>44256</v></c><c r="E2"><v>39.8</v></c>'
    second = '<c r="A3" t="str"><f>A2&amp;"b"</f><v>7b</v></c><c r="B3" t="s"><v>1</v></c>'
    second += '<c r="C3"><v>9.787302056782E12</v></c><c r="D3"><v>44257</v></c>'
    second += '<c r="E3" t="str"><f>E2</f><v>39.8</v></c>'
    rows = f'<row r="1">{heading}</row><row r="2">{first}</row><row r="3">{second}</row>'
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    relation = f'{STYLES_RELATION}<Relationship Id="r3" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
    formats = styles('<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>')
    path = tmp_path / "works.xlsx"
    path.write_bytes(xlsx(sheet, {"xl/sharedStrings.xml": shared, **formats}, relation))
    first_work, second_work = read_works(path)
    assert (first_work.id, first_work.title, first_work.year) == ("7", "潮汐钟楼", 2021)
    assert (second_work.id, second_work.title) == ("7b", "東京塔")
    assert [str(work.released_on) for work in (first_work, second_work)] == ["2021-03-01", "2021-03-02"]
    assert [work.identifiers["isbn"] for work in (first_work, second_work)] == [("9787999990017",), ("9787302056782",)]
    assert {str(work.list_price) for work in (first_work, second_work)} == {"39.8"}


@pytest.mark.parametrize(
    "content", ['t="e"><v>#N/A</v></c>', "><f>B9</f></c>", "><f>B9</f><v/></c>", "><f>B9</f><v></v></c>"]
)
def test_an_error_or_an_uncalculated_formula_is_no_empty_cell(tmp_path: Path, content: str) -> None:
    sheet = sheet_xml([[*cells, ""] for cells in ROWS]).replace(cell("D1", ""), cell("D1", "publisher"))
    path = tmp_path / "works.xlsx"
    path.write_bytes(xlsx(sheet.replace(cell("D3", ""), f'<c r="D3" {content}')))
    with pytest.raises(BadInput) as caught:
        read_works(path)
    assert [(problem.line, problem.field) for problem in caught.value.problems] == [(3, "publisher")]
    assert "formula without a result" in caught.value.problems[0].message


def save(path: Path, fill: Callable[[Workbook], Any]) -> Path:
    book = Workbook()
    fill(book)
    book.save(path)
    return path


def read_notes(path: Path, **options: Any) -> tuple[list[Work], list[str]]:
    notes: list[str] = []
    found = read_work_list(path, ReadOptions(tell=notes.append, **options))
    assert found.problems == []
    return list(found.works), notes


def test_merged_cells_are_filled_and_banners_left_out(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        assert sheet is not None
        for row in [
            ["2026年重点保护作品"],
            ["编号", "书名", "作者", "出版社"],
            ["第一批"],
            ["A1", "潮汐钟楼 上", "林远舟", "南溪出版社"],
            ["A2", "潮汐钟楼 下"],
            ["A3", "雾港来信", "周砚"],
        ]:
            sheet.append(row)
        for merged in ("A1:D1", "A3:D3", "C4:C5", "D4:D6"):
            sheet.merge_cells(merged)

    works, notes = read_notes(save(tmp_path / "works.xlsx", fill))
    assert [(work.id, work.creators, work.publisher) for work in works] == [
        ("A1", ("林远舟",), "南溪出版社"),
        ("A2", ("林远舟",), "南溪出版社"),
        ("A3", ("周砚",), "南溪出版社"),
    ]
    assert [note.partition("works.xlsx: ")[2] for note in notes] == [
        "6 cells have the value of the merged cell that they belong to",
        "line 1 is no row of the list and was not read: “2026年重点保护作品”",
        "line 3 is no row of the list and was not read: “第一批”",
    ]


def two_sheets(book: Workbook) -> None:
    """A cover, a hidden dictionary, the list and a second one."""
    cover = book.active
    assert cover is not None
    cover.title = "说明"
    cover.append(["请在作品页填写书名和作者"])
    names = book.create_sheet("字典")
    names.sheet_state = "hidden"
    for word in ("title", "author", "book"):
        names.append([word])
    for name, title in (("作品", "潮汐钟楼"), ("课程", "雾港十讲")):
        sheet = book.create_sheet(name)
        sheet.append(["编号", "名称", "类型"])
        sheet.append([name, title, {"作品": "图书", "课程": "课程"}[name]])


def test_the_sheet_that_looks_like_a_list_is_read_and_named(tmp_path: Path) -> None:
    path = save(tmp_path / "works.xlsx", two_sheets)
    works, notes = read_notes(path)
    assert [(work.title, work.kind) for work in works] == [("潮汐钟楼", "book")]
    assert len(notes) == 1
    assert "“作品”" in notes[0]
    assert "课程 (2)" in notes[0]
    works, notes = read_notes(path, sheet="课程")
    assert [(work.title, work.kind) for work in works] == [("雾港十讲", "course")]
    with pytest.raises(BadInput, match="there is no sheet '封面'; there are 说明, 字典, 作品, 课程"):
        read_works_of(path, sheet="封面")


def read_works_of(path: Path, **options: Any) -> None:
    read_work_list(path, ReadOptions(**options))


def test_a_problem_names_the_sheet_where_there_are_several(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        two_sheets(book)
        book["作品"].append(["B", "", "图书"])

    problems = read_work_list(save(tmp_path / "works.xlsx", fill), ReadOptions()).problems
    assert [(problem.file, problem.line, problem.field) for problem in problems] == [
        (f"{tmp_path / 'works.xlsx'} [作品]", 3, "名称")
    ]


def test_a_hidden_list_is_read_if_there_is_no_other(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        two_sheets(book)
        del book["课程"]
        book["作品"].sheet_state = "hidden"

    works, notes = read_notes(save(tmp_path / "works.xlsx", fill))
    assert [work.title for work in works] == ["潮汐钟楼"]
    assert "“作品”" in notes[0]


PAGE = """<html><head><meta charset="utf-8"></head><body><table>
<tr><td colspan="3">作品清单</td></tr>
<tr><th>编号</th><th>书名</th><th>作者</th></tr>
<tr><td>A1</td><td>潮汐钟楼 上</td><td rowspan="2">林远舟</td></tr>
<tr><td>A2</td><td>潮汐钟楼<br>下</td></tr></table></body></html>"""


@pytest.mark.parametrize("name", ["works.xls", "works.xlsx", "works.csv"])
def test_a_web_page_with_the_name_of_a_list_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(PAGE, "utf-8")
    works, _ = read_notes(tmp_path / name)
    assert [(work.id, work.title, work.creators) for work in works] == [
        ("A1", "潮汐钟楼 上", ("林远舟",)),
        ("A2", "潮汐钟楼 下", ("林远舟",)),
    ]


@pytest.mark.parametrize(("delimiter", "encoding"), [("\t", "gb18030"), (",", "utf-8"), ("\t", "utf-16")])
def test_a_text_with_the_name_of_a_workbook_is_read(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = "\r\n".join(delimiter.join(cells) for cells in [["编号", "书名"], ["A1", "潮汐钟楼"]])
    (tmp_path / "works.xls").write_bytes(text.encode(encoding))
    works, notes = read_notes(tmp_path / "works.xls")
    assert [work.title for work in works] == ["潮汐钟楼"]
    assert any("holds text" in note for note in notes)


def test_a_workbook_with_the_name_of_a_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_bytes(xlsx(sheet_xml(ROWS)))
    assert [work.id for work in read_works(tmp_path / "works.csv")] == ["A1", "A2"]


def archive(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name in names:
            packed.writestr(name, "<x/>")
    return data.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("works.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("works.xls", OLE + "WordDocument".encode("utf-16-le"), "Word document"),
        ("works.et", OLE + "Pictures".encode("utf-16-le"), "no workbook"),
        ("works.xls", OLE + "Workbook".encode("utf-16-le"), "save it as .xlsx"),
        ("works.numbers", archive("Index/Document.iwa", "Metadata/Properties.plist"), "Export To"),
        ("works.docx", archive("[Content_Types].xml", "word/document.xml"), "Word document"),
        ("works.xlsb", archive("[Content_Types].xml", "xl/workbook.bin"), "save it as .xlsx"),
        ("works.zip", archive("works.csv", "covers/a.png"), "unpack it"),
        ("works.xlsx", archive("works.csv"), "unpack it"),
        ("works.xlsx", xlsx(sheet_xml(ROWS))[:-300], "damaged or incomplete"),
        ("works.pdf", b"%PDF-1.7\n%\xe2\xe3", "PDF document"),
        ("works.xlsx", b"%PDF-1.7\n%\xe2\xe3", "PDF document"),
        ("works.xls", b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "2003"),
        ("works.xls", b"<html><body>please log in</body></html>", "without a table"),
        ("works.xlsx", b"PK not a zip", "neither a workbook nor a table"),
        ("works.doc", b"some words", "'.doc' is not a known kind of list"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_other_files_are_refused_in_one_sentence(
    tmp_path: Path, name: str, data: bytes, words: str, language: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput) as caught:
        read_works(tmp_path / name, language)
    (problem,) = caught.value.problems
    assert language == "zh" or words in problem.message
    assert problem.file == str(tmp_path / name)


def test_a_bomb_and_a_cell_far_away_are_refused(tmp_path: Path) -> None:
    far = sheet_xml(ROWS).replace("</sheetData>", f'<row r="1048576">{cell("XFD1048576", "x")}</row></sheetData>')
    path = tmp_path / "works.xlsx"
    path.write_bytes(xlsx(far))
    with pytest.raises(BadInput, match="far away from the list"):
        read_works(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.writestr("xl/workbook.xml", "")
        big = zipfile.ZipInfo("xl/worksheets/sheet1.xml")
        packed.writestr(big, b"")
        big.file_size = 1 << 31  # as the directory states it
    with pytest.raises(BadInput, match="larger than a list of a million works"):
        read_works(path)
