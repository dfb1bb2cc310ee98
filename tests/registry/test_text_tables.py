"""Delimited text as spreadsheets and people write it: delimiters, `sep=`, line ends, quotes, what cells lose."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.errors import BadInput
from registry.tables import read_table
from registry.text_tables import TableError, clean_heading, read_rows


def cells(text: str) -> list[list[str]]:
    return [row.cells for row in read_rows(text)]


def table(folder: Path, text: str | bytes, name: str = "t.csv") -> list[dict[str, object]]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [dict(row.cells) for row in read_table(path).rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_delimiter_and_line_end(tmp_path: Path, delimiter: str, end: str) -> None:
    text = end.join(delimiter.join(row) for row in (("id", "title", "price"), ("1", "渡口", "3.50"), ("2", "雨", "")))
    expected = [{"id": "1", "title": "渡口", "price": "3.50"}, {"id": "2", "title": "雨", "price": ""}]
    assert table(tmp_path, text) == expected


@pytest.mark.parametrize(
    "first",
    ["sep=;", "SEP=;", '"sep=;"', "sep=;;;", '"sep=;";;', "sep= ;", "sep=; "],
)
def test_a_first_line_sep_is_obeyed_and_no_row(first: str) -> None:
    rows = list(read_rows(f"{first}\r\nid;title\r\n1;a,b\r\n"))
    assert [row.cells for row in rows] == [["id", "title"], ["1", "a,b"]]
    assert [row.line for row in rows] == [2, 3]


def test_sep_may_name_any_sign() -> None:
    assert cells("sep=^\nid^title\n1^a;b,c") == [["id", "title"], ["1", "a;b,c"]]
    assert cells("sep=\t\nid\ttitle\n1\ta;b") == [["id", "title"], ["1", "a;b"]]
    assert cells("sep=\nid,title\n1,a") == [["sep="], ["id", "title"], ["1", "a"]]


def test_sep_that_parts_nothing_is_not_believed() -> None:
    assert cells('"sep=;",,\nid,title,x\n1,a,b') == [["id", "title", "x"], ["1", "a", "b"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_sep_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    assert table(tmp_path, "sep=;\r\nid;title\r\n1;渡口与灯\r\n".encode(encoding)) == [{"id": "1", "title": "渡口与灯"}]


def test_the_heading_decides_not_the_rows_below() -> None:
    many = "platform=a;seller=b;territory=c;since=d"
    assert cells(f"id,title,licences\n1,a,{many}\n2,b,{many}")[1] == ["1", "a", many]
    assert cells("id,aliases\n1,a|b|c|d\n2,a|b|c|d")[1] == ["1", "a|b|c|d"]
    assert cells("id;title;price\n1;a;3,50\n2;b;4,50")[1] == ["1", "a", "3,50"]


@pytest.mark.parametrize("title", ["Works, autumn list", "Works, autumn list;;", "\n\nList of works\n"])
def test_a_title_above_the_heading_is_no_heading(tmp_path: Path, title: str) -> None:
    rows = table(tmp_path, f"{title}\nid;title;price\n1;a;3,50\n")
    assert rows == [{"id": "1", "title": "a", "price": "3,50"}]


def test_headings_without_what_nobody_sees(tmp_path: Path) -> None:
    assert clean_heading("\ufeff\u200bＩＤ\u00a0") == "id"
    assert clean_heading("list\u00a0\u00a0price\x00") == "list price"
    assert table(tmp_path, "\u200bid\u00a0,\ufeffTitle\n1,a\n") == [{"id": "1", "title": "a"}]


def test_blank_rows_and_delimiters_at_the_end(tmp_path: Path) -> None:
    assert table(tmp_path, "\n,,,\nid,title,,\n,,\n1,a,,\n   \n2,b\n,,,\n") == [
        {"id": "1", "title": "a"},
        {"id": "2", "title": "b"},
    ]


def test_a_blank_column_is_nothing_and_a_filled_one_needs_a_heading(tmp_path: Path) -> None:
    assert table(tmp_path, "id,,title\n1,,a\n") == [{"id": "1", "title": "a"}]
    (problem,) = read_table(write(tmp_path, "id,,title\n1,x,a\n")).problems
    assert problem.line == 2
    assert "without a heading" in problem.message


def write(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_quotes_inside_cells(tmp_path: Path) -> None:
    assert table(tmp_path, 'id,title\n1,"a ""b"" c"\n2,7" disc\n3,"two\nlines"\n') == [
        {"id": "1", "title": 'a "b" c'},
        {"id": "2", "title": '7" disc'},
        {"id": "3", "title": "two\nlines"},
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('id,title\n1,a\n2,"b" c\n', 3, "written twice"),
        ('id,title\n1,"a\n2,b\n3,c\n', 2, "never closed"),
        ('sep=,\nid,title\n1,"a\n', 3, "never closed"),
    ],
)
def test_a_wrong_quotation_mark_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(TableError) as caught:
        cells(text)
    assert caught.value.line == line
    (problem,) = read_table(write(tmp_path, text)).problems
    assert problem.line == line
    assert words in problem.message


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('="9787020002207"', "9787020002207"),
        ('"=""9787020002207"""', "9787020002207"),
        ('"=T(""0123"")"', "0123"),
        ("'9787020002207", "9787020002207"),
        ("'=1+1", "=1+1"),
        ("'Tis a lamp", "'Tis a lamp"),
        ("0123\t", "0123"),
        ('"a;\' -1"', "a; -1"),
    ],
)
def test_a_cell_loses_what_only_a_spreadsheet_needs(written: str, read: str) -> None:
    assert cells(f"id,title\n1,{written}\n")[1] == ["1", read]


def test_tsv_is_a_table_too(tmp_path: Path) -> None:
    assert table(tmp_path, "id\ttitle\n1\ta\n", "t.tsv") == [{"id": "1", "title": "a"}]


def test_the_encoding_that_is_given_overrules(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("id,title\n1,燈下\n".encode("big5"))
    notes: list[str] = []
    assert read_table(path, encoding="Big5", tell=notes.append).rows[0].cells["title"] == "燈下"
    assert notes == [f"{path}: read as Big5"]
    with pytest.raises(BadInput, match="encoding"):
        read_table(path, encoding="klingon")
    with pytest.raises(BadInput):
        read_table(path, encoding="utf-8")


def refusal(folder: Path, data: bytes, encoding: str | None = None) -> tuple[int | None, str]:
    path = folder / "t.csv"
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        read_table(path, encoding=encoding)
    (problem,) = caught.value.problems
    return problem.line, problem.message


UTF8_LIST = "id,title\r\n1,渡口与灯\r\n2,雨中的钟楼\r\n3,河对岸的来信\r\n".encode()


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_utf8_with_a_foreign_line_is_refused_with_that_line(tmp_path: Path, mark: bytes) -> None:
    line, message = refusal(tmp_path, mark + UTF8_LIST + "4,旧信\r\n".encode("gb18030"))
    assert line == 5
    assert "begins as UTF-8, this line is not" in message
    assert "save as CSV UTF-8" in message


def test_a_mark_that_the_rest_belies_is_refused(tmp_path: Path) -> None:
    line, message = refusal(tmp_path, b"\xef\xbb\xbfid,title\n1,a\n2," + "渡口与灯".encode("gb18030"))
    assert (line, "begins as UTF-8" in message) == (3, True)
    line, message = refusal(tmp_path, "id,title\n1,渡口\n".encode("utf-16")[:-1])
    assert "begins as UTF-16" in message


def test_what_can_be_read_in_two_ways_is_shown_in_both(tmp_path: Path) -> None:
    line, message = refusal(tmp_path, "id,title\n0,ab\n1,Hélène Bruyère\n".encode("cp1252"))
    assert line == 3
    assert "Windows-1252" in message
    assert "Hélène Bruyère" in message
    assert "Hélčne Bruyčre" in message
    assert "--encoding" in message


def test_an_encoding_that_does_not_fit_is_refused_with_the_line(tmp_path: Path) -> None:
    line, message = refusal(tmp_path, UTF8_LIST.replace(b"\r\n2", b"\r\nb\xff"), encoding="utf-8")
    assert line == 3
    assert "cannot be read as UTF-8" in message


def test_no_encoding_at_all(tmp_path: Path) -> None:
    _, message = refusal(tmp_path, bytes(range(128, 256)) * 3)
    assert "save the list as CSV UTF-8" in message


@pytest.mark.parametrize(
    "data",
    [UTF8_LIST + b"\x00" * 64, "id,title\n1,a\n2,b\n".encode("utf-16-le")[:-1], b"id,title\n1,a" + b"\x00" * 9],
)
def test_zero_bytes_mean_damage(tmp_path: Path, data: bytes) -> None:
    line, message = refusal(tmp_path, data)
    assert line is not None
    assert "zero bytes" in message


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("big5", "Big5"),
        ("gbk", "GB18030"),
        ("utf-16-le", "UTF-16"),
        ("utf-16", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
def test_how_a_list_was_read_is_told_unless_it_is_utf8(tmp_path: Path, codec: str, name: str) -> None:
    path = tmp_path / "t.csv"
    notes: list[str] = []
    path.write_bytes("id,title\n1,雨中之城\n2,山中之海\n".encode(codec))
    assert [row.cells["title"] for row in read_table(path, tell=notes.append).rows] == ["雨中之城", "山中之海"]
    assert notes == [f"{path}: read as {name}"]
    path.write_bytes("id,title\n1,雨中之城\n".encode("utf-8-sig"))
    read_table(path, tell=notes.append)
    assert len(notes) == 1


@pytest.mark.parametrize("misread", ["latin", "gb18030"])
@pytest.mark.parametrize("titles", ["1,潮声里的图书馆们\n2,雾港来信\n", "1,Thé à Noël\n2,Été\n", "1,Письма домой\n"])
def test_a_list_that_was_encoded_twice_is_read_once(tmp_path: Path, misread: str, titles: str) -> None:
    octets = f"id,title\n{titles}".encode()
    if misread == "latin":
        text = "".join(bytes([octet]).decode("cp1252", "ignore") or chr(octet) for octet in octets)
    else:
        text = octets.decode("gb18030")
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    notes: list[str] = []
    rows = read_table(path, tell=notes.append).rows
    assert "\n".join(f"{row.cells['id']},{row.cells['title']}" for row in rows) + "\n" == titles
    assert "encoded twice" in notes[0]


@pytest.mark.parametrize("titles", ["1,Ãnima\n", "1,Â¿Qué?\n2,ñandú\n", "1,潮声\n2,Ã©\n"])
def test_a_list_that_was_encoded_once_is_left_alone(tmp_path: Path, titles: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"id,title\n{titles}", encoding="utf-8")
    assert read_table(path).rows[0].cells["title"] == titles.split("\n")[0][2:]
