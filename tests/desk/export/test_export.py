"""Exported hits: the contract's columns, the same bytes every time, and no cell that a spreadsheet would run."""

import csv
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from crawler.errors import BadInput
from crawler.items import (
    Decision,
    Finding,
    Hit,
    Judgement,
    Listing,
    ListingKind,
    Polarity,
    Question,
    ShareLink,
    Verdict,
    Work,
)
from crawler.spreadsheet_cells import csv_cell, plain_text, sheet_cell, text_cell
from crawler.store import HitQuery, Store
from desk.export.formats import export_hits
from desk.export.rows import COLUMNS, HitRow, export_rows, row_of_hit
from desk.export.xlsx import PicturePair
from desk.review.judge import read_verdicts, record_verdicts
from registry.tables import read_table
from tests.cover_pictures import cover, encode_picture
from tests.judged_store import make_offers, make_works, record_crawl

EXPECTED_COLUMNS = [
    "hit_id",
    "decision",
    "identity",
    "offence",
    "work_id",
    "work_title",
    "work_owner",
    "platform",
    "kind",
    "url",
    "title",
    "seller",
    "price",
    "currency",
    "share_links",
    "access_codes",
    "share_state",
    "reasons",
    "first_seen",
    "last_seen",
    "still_up",
    "verdict",
    "judged_by",
    "judged_at",
    "evidence",
    "price_high",
]
SEEN_AT = datetime(2026, 11, 22, 23, 30, tzinfo=timezone(timedelta(hours=8)))
WORK = Work(id="w1", title="潮汐图书馆", owner="青屿出版社")


def make_hit(id_: str = "h1", title: str = "潮汐图书馆 PDF", **listing: object) -> Hit:
    listing.setdefault("price", Decimal("9.90"))
    return Hit(
        id=id_,
        listing=Listing(
            platform="kongfz",
            kind=ListingKind.OFFER,
            url="https://item.kongfz.com/book/1.html",
            title=title,
            currency="CNY",
            links=(
                ShareLink(platform="quark", share_id="a" * 12, url="https://pan.quark.cn/s/aaaaaaaaaaaa"),
                ShareLink(platform="baidu", share_id="1b", url="https://pan.baidu.com/s/1b", code="x7k2"),
            ),
            **listing,  # type: ignore[arg-type]
        ),
        work_id="w1",
        identity=0.987654,
        offence=1.0,
        decision=Decision.HIT,
        findings=(
            Finding(matcher="title", question=Question.IDENTITY, work_id="w1", probability=0.9, why="书名相同"),
            Finding(
                matcher="price",
                question=Question.OFFENCE,
                work_id="w1",
                probability=0.5,
                polarity=Polarity.AGAINST,
                why="near list price",
            ),
        ),
        first_seen=SEEN_AT,
        last_seen=SEEN_AT,
        still_up=True,
        share_states=("alive", "needs_code"),
        evidence=("e1", "e2"),
    )


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_says_what_the_contract_lists_in_its_order(tmp_path: Path) -> None:
    assert list(COLUMNS) == EXPECTED_COLUMNS
    verdict = Judgement(hit="h1", verdict=Verdict.INFRINGING, reason="copy", by="lin", at=SEEN_AT)
    path = tmp_path / "hits.csv"
    assert export_hits(path, [row_of_hit(make_hit(price_high=Decimal("19.90")), WORK, verdict)]) == 1
    assert path.read_bytes().startswith(b"\xef\xbb\xbfhit_id,decision,")
    assert path.read_bytes().endswith(b"\r\n")
    (row,) = read_csv(path)
    assert row == {
        "hit_id": "h1",
        "decision": "hit",
        "identity": "0.9877",
        "offence": "1",
        "work_id": "w1",
        "work_title": "潮汐图书馆",
        "work_owner": "青屿出版社",
        "platform": "kongfz",
        "kind": "offer",
        "url": "https://item.kongfz.com/book/1.html",
        "title": "潮汐图书馆 PDF",
        "seller": "",
        "price": "9.90",
        "currency": "CNY",
        "share_links": "https://pan.quark.cn/s/aaaaaaaaaaaa; https://pan.baidu.com/s/1b",
        "access_codes": "; x7k2",
        "share_state": "alive; needs_code",
        "reasons": "书名相同; against: near list price",
        "first_seen": "2026-11-22T15:30:00Z",
        "last_seen": "2026-11-22T15:30:00Z",
        "still_up": "yes",
        "verdict": "infringing",
        "judged_by": "lin",
        "judged_at": "2026-11-22T15:30:00Z",
        "evidence": "e1; e2",
        "price_high": "19.90",
    }


def test_reasons_are_in_the_language_of_the_reader(tmp_path: Path) -> None:
    ground = Finding(
        matcher="price",
        question=Question.OFFENCE,
        work_id="w1",
        probability=0.9,
        polarity=Polarity.AGAINST,
        ours="68.00 CNY",
        theirs="48.00 CNY",
        ground="price_fair",
        values={"percent": 71},
    )
    hit = evolve(make_hit(), findings=(*make_hit().findings[:1], ground))
    for language, reasons in (
        (
            "en",
            "书名相同; against: In the normal price range for a genuine copy: 71% of list (48.00 CNY, list 68.00 CNY)",
        ),
        ("zh", "书名相同; 反证：售价在正版的正常范围内：定价的 71%（48.00 CNY，定价 68.00 CNY）"),
    ):
        path = tmp_path / f"{language}.csv"
        export_hits(path, [row_of_hit(hit, WORK, language=language)])
        assert read_csv(path)[0]["reasons"] == reasons


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl"])
def test_the_same_hits_give_the_same_bytes_in_any_order(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row_of_hit(make_hit(f"h{number}", f"第{number}本"), WORK) for number in range(5)]
    export_hits(tmp_path / f"a{suffix}", rows)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    export_hits(tmp_path / f"b{suffix}", reversed(rows))
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a{suffix}", f"b{suffix}"]


HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "   =1",
    "\ufeff\u200b=1",
    "\u3000＝1",
    "＋1",
    "－1",
    "＠A1",
    "a;=1",
    "a\n=1",
    "a\t-1",
    "\x00=1",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_no_cell_starts_a_formula(tmp_path: Path, title: str) -> None:
    rows = [row_of_hit(make_hit(title=title, seller=title), WORK)]
    export_hits(tmp_path / "hits.csv", rows)
    (row,) = read_csv(tmp_path / "hits.csv")
    for part in re.split(r"[;\n\r\t]", row["title"]):
        assert not part.strip().startswith(tuple("=+-@＝＋－＠"))
    assert "'" in row["title"]
    assert "'" in row["seller"]
    export_hits(tmp_path / "hits.xlsx", rows)
    cell = load_workbook(tmp_path / "hits.xlsx")["hits"].cell(2, EXPECTED_COLUMNS.index("title") + 1)
    assert cell.data_type == "s"


@given(st.text())
def test_no_text_at_all_becomes_a_formula_or_cannot_be_written(text: str) -> None:
    cell = csv_cell(text)
    cell.encode("utf-8")
    visible = "".join(character for character in cell if unicodedata.category(character)[0] not in "CZ")
    assert not visible.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert not cell.startswith(("\t", "\r", "\n"))
    assert csv_cell("书" + text.translate(dict.fromkeys(map(ord, ";\t\r\n")))).startswith("书")
    assert len(sheet_cell(text * 200).encode("utf-16-le")) <= 2 * 32_767


RETYPED = ["0123", "12e3", "1-2", "1/2", "TRUE", "3月4日", "12:30", "MAR1", "1 Jan", "12%", "1.50", "(12)", "１２３"]
RETYPED += ["¥5", "123456789012", "63211111111111e12", "1,234", "12:30pm", "1 1/2", "1.2.3", "2021年3月"]
KEPT = ["8888", "0", "第12集", "a1b2", "12ab", "1e5f", "Dune 2", "Mai", "May", "2026-11-22", "3 Days", "12345678901"]


@pytest.mark.parametrize("text", RETYPED)
def test_what_a_spreadsheet_would_retype_stays_text_and_reads_back(tmp_path: Path, text: str) -> None:
    export_hits(tmp_path / "hits.csv", [row_of_hit(make_hit(title=text, seller=text), WORK)])
    (row,) = read_csv(tmp_path / "hits.csv")
    assert row["title"] == row["seller"] == f"{text}\t"
    assert f'"{text}\t"' in (tmp_path / "hits.csv").read_text(encoding="utf-8-sig")  # LibreOffice may split at tabs
    assert read_table(tmp_path / "hits.csv").rows[0].cells["title"] == text


@pytest.mark.parametrize("text", KEPT)
def test_what_reads_the_same_anyway_is_not_touched(text: str) -> None:
    assert text_cell(text) == text


@given(st.text(alphabet=st.characters(exclude_characters="'\t", exclude_categories=["Cs", "Cc"])))
def test_a_guarded_cell_reads_back(text: str) -> None:
    assert plain_text(text_cell(text)) == text


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    export_hits(tmp_path / "hits.csv", [row_of_hit(make_hit(), WORK)])
    (row,) = read_csv(tmp_path / "hits.csv")
    assert row["price"] == "9.90"


@pytest.mark.parametrize(
    ("title", "csv_says", "sheet_says"),
    [
        ("龍脊觀測站\n第二行", "龍脊觀測站\n第二行", "龍脊觀測站\n第二行"),
        ('引号"与,逗号', '引号"与,逗号', '引号"与,逗号'),
        ("half \ud83d pair", "half \ufffd pair", "half \ufffd pair"),
        ("bell\x07 and null\x00", "bell and null", "bell and null"),
        ("#N/A", "#N/A", "#N/A"),
        ("_x0041_", "_x0041_", "_x005F_x0041_"),
        ("2026-11-22", "2026-11-22", "2026-11-22"),
    ],
)
def test_titles_arrive_as_they_are(tmp_path: Path, title: str, csv_says: str, sheet_says: str) -> None:
    rows = [row_of_hit(make_hit(title=title), WORK)]
    for suffix in (".csv", ".xlsx", ".jsonl"):
        export_hits(tmp_path / f"hits{suffix}", rows)
    assert read_csv(tmp_path / "hits.csv")[0]["title"] == csv_says
    line = json.loads((tmp_path / "hits.jsonl").read_text(encoding="utf-8"))
    assert line["title"] == csv_says
    assert list(line) == EXPECTED_COLUMNS
    sheet = load_workbook(tmp_path / "hits.xlsx")["hits"]
    assert [cell.value for cell in sheet[1]] == EXPECTED_COLUMNS
    assert sheet.cell(2, EXPECTED_COLUMNS.index("title") + 1).value == sheet_says
    assert sheet.cell(2, EXPECTED_COLUMNS.index("price") + 1).value == pytest.approx(9.9)


def test_json_lines_keep_lists_and_exact_prices(tmp_path: Path) -> None:
    export_hits(tmp_path / "hits.jsonl", [row_of_hit(make_hit(), WORK), row_of_hit(make_hit("h0", price=None), WORK)])
    first, second = map(json.loads, (tmp_path / "hits.jsonl").read_text(encoding="utf-8").splitlines())
    assert (first["hit_id"], first["price"]) == ("h0", None)
    assert (second["price"], second["access_codes"], second["identity"]) == ("9.90", ["", "x7k2"], 0.987654)


def test_a_failed_export_is_reported_and_the_old_file_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    for path in (tmp_path / "file" / "hits.csv", tmp_path / "absent" / "hits.csv", tmp_path / "hits.pdf"):
        with pytest.raises(BadInput, match=re.escape(str(path))):
            export_hits(path, [])
    old = tmp_path / "hits.csv"
    old.write_text("old", encoding="utf-8")

    def rows() -> list[HitRow]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        export_hits(old, (row for row in rows()))
    assert old.read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "hits.csv"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "hits.csv"
    old.write_text("old", encoding="utf-8")

    def raise_disk_full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", raise_disk_full)
    with pytest.raises(BadInput, match="No space left"):
        export_hits(old, [row_of_hit(make_hit(), WORK)])
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]


def test_times_are_utc() -> None:
    assert row_of_hit(make_hit(), WORK).first_seen == datetime(2026, 11, 22, 15, 30, tzinfo=UTC).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def test_a_workbook_shows_pictures_beside_their_row(tmp_path: Path) -> None:
    work_picture, listing_picture = encode_picture(cover(1), "PNG"), encode_picture(cover(2), "PNG")
    picture_pairs = [
        PicturePair(hit_id="h1", listing_picture=listing_picture, work_picture=work_picture),
        PicturePair(hit_id="h2", listing_picture=listing_picture, work_picture=None),
    ]
    requested_ids: list[str] = []

    def pairs(ids: Sequence[str]) -> Iterator[PicturePair]:
        requested_ids.extend(ids)
        return iter(picture_pairs)

    dropped = evolve(make_hit("h0"), decision=Decision.DROPPED)
    rows = [row_of_hit(hit, WORK) for hit in (make_hit("h2"), dropped, make_hit("h1"))]
    export_hits(tmp_path / "hits.xlsx", rows, pairs)
    book = load_workbook(tmp_path / "hits.xlsx")
    assert book.sheetnames == ["hits"]
    sheet = book["hits"]
    assert [cell.value for cell in sheet[1]] == ["listing_picture", "work_picture", *EXPECTED_COLUMNS]
    assert [sheet.cell(line, 3).value for line in (2, 3, 4)] == ["h0", "h1", "h2"]
    assert requested_ids == ["h1", "h2", "h0"], "hits come first where there are too many pictures"
    anchors = [(image.anchor._from.row, image.anchor._from.col) for image in sheet._images]
    assert sorted(anchors) == [(2, 0), (2, 1), (3, 0)]
    assert [image._data() for image in sheet._images].count(listing_picture) == 2
    for image in sheet._images:  # inside its cell: not below the row, not beyond the column, and moved with both
        assert (image.anchor.to.row, image.anchor.to.col) == (image.anchor._from.row, image.anchor._from.col)
        assert image.anchor.editAs == "twoCell" or image.anchor.editAs is None
    assert [sheet.row_dimensions[line].height for line in (2, 3, 4)] == [None, 73.5, 73.5]
    assert sheet.freeze_panes == "C2"


def exported_sheet(path: Path, *hits: Hit) -> Any:
    export_hits(path, [row_of_hit(hit, WORK) for hit in hits])
    return load_workbook(path)["hits"]


def cell_named(sheet: Any, line: int, name: str) -> Any:
    return sheet.cell(line, EXPECTED_COLUMNS.index(name) + 1)


def test_a_workbook_has_times_as_times_and_numbers_as_numbers(tmp_path: Path) -> None:
    sheet = exported_sheet(tmp_path / "hits.xlsx", make_hit())
    first_seen = cell_named(sheet, 2, "first_seen")
    assert first_seen.is_date
    assert first_seen.value == datetime(2026, 11, 22, 15, 30)  # noqa: DTZ001 - a spreadsheet knows no zones
    assert first_seen.number_format == "yyyy-mm-dd hh:mm:ss"
    assert cell_named(sheet, 2, "judged_at").value is None
    for name, value, number_format in (
        ("price", 9.9, "#,##0.00"),
        ("identity", 0.987654, "0.00"),
        ("offence", 1, "0.00"),
    ):
        cell = cell_named(sheet, 2, name)
        assert (cell.data_type, cell.value, cell.number_format) == ("n", pytest.approx(value), number_format)
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:Z2"
    assert all(sheet.column_dimensions[letter].width > 5 for letter in "ABCDEFGHIJKLMNOPQRSTUVWXY")


def test_links_can_be_followed_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "hits.xlsx"
    hits = [
        evolve(make_hit(f"h{number}"), listing=evolve(make_hit().listing, url=url))
        for number, url in enumerate(ADDRESSES)
    ]
    sheet = exported_sheet(path, *hits)
    links = [cell_named(sheet, line, "url").hyperlink for line in range(2, 2 + len(ADDRESSES))]
    assert [link and link.target for link in links] == [ADDRESSES[0], None, None, None]
    assert [cell_named(sheet, line, "url").data_type for line in range(2, 2 + len(ADDRESSES))] == ["s"] * 4
    with zipfile.ZipFile(path) as parts:
        assert not re.search(rb"<f[ >]", parts.read("xl/worksheets/sheet1.xml"))


ADDRESSES = ("https://a.example/?q=1", "javascript:alert(1)", '=HYPERLINK("http://evil.example")', "file:///etc/passwd")


def test_a_verdict_is_chosen_from_a_list_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "hits.xlsx"
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        works = make_works(2)
        store.works.import_works(works, SEEN_AT)
        record_crawl(store, make_offers(works, 2, SEEN_AT), "r1", SEEN_AT)
        export_hits(path, export_rows(store, HitQuery(), "en"))
        book = load_workbook(path)
        sheet = book["hits"]
        (validation,) = sheet.data_validations.dataValidation
        assert (validation.type, validation.formula1) == ("list", '"infringing,not,unsure"')
        assert str(validation.sqref) == f"V2:V{sheet.max_row}"
        assert validation.allow_blank
        cell_named(sheet, 2, "verdict").value = "not"
        cell_named(sheet, 3, "verdict").value = "infringing"
        judged_ids = [cell_named(sheet, line, "hit_id").value for line in (2, 3)]
        book.save(path)
        verdicts = read_verdicts(path, store, "lin", SEEN_AT, "en")
        record_verdicts(store, verdicts)
        assert read_verdicts(path, store, "lin", SEEN_AT, "en") == [], "the same file twice changes nothing"
    assert [(verdict.hit.id, verdict.verdict) for verdict in verdicts] == [
        (judged_ids[0], Verdict.NOT),
        (judged_ids[1], Verdict.INFRINGING),
    ]
