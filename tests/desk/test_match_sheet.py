"""Decisions drawn for a person to check: every kind is there, no cell is a formula, a filled sheet gives figures."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crawler.errors import BadInput, NothingToDo
from desk.cli import application
from desk.match_sheet import SampleDraw, measure_sheet, read_sheet, sheet_lines
from desk.nightly.quality import PlatformQuality, Quality, quality_json, quality_lines
from matchers.evaluation import proportion_of

WORKS = [
    {"id": "tide", "title": "潮汐测绘手记", "kind": "book", "creators": "温岱", "list_price": "60", "currency": "CNY"},
    {
        "id": "rail",
        "title": "雨林铁路学徒",
        "kind": "book",
        "creators": "骆以宁",
        "list_price": "60",
        "currency": "CNY",
    },
]
OFFERS = [
    {"id": f"{number}-{name}", "platform": platform, **offer}
    for number in range(12)
    for platform in (("xianyu", "kongfz")[number % 2],)
    for name, offer in {
        "file": {"title": "潮汐测绘手记 温岱 PDF电子版 网盘秒发", "price": "3", "currency": "CNY", "seller": "=cmd|1"},
        "paper": {"title": "雨林铁路学徒 骆以宁 精装 二手 九成新", "price": "55", "currency": "CNY"},
        "other": {"title": "不锈钢水杯 500ml", "text": "@SUM(A1)\n-1+1"},
    }.items()
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, rows in (("works.jsonl", WORKS), ("offers.jsonl", OFFERS)):
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / name).write_text("".join(lines), encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(application(), ["match", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def draw(*more: str, count: int = 9) -> list[dict[str, str]]:
    run("offers.jsonl", "--works", "works.jsonl", "--sample", str(count), "-o", "sheet.csv", *more)
    with Path("sheet.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill(rows: list[dict[str, str]], **answers: tuple[str, str]) -> None:
    """Write the rows back with the answers for each decision."""
    with Path("sheet.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, fieldnames=list(rows[0]))
        sheet.writeheader()
        for row in rows:
            is_work, is_infringing = answers.get(row["decision"], ("", ""))
            sheet.writerow(row | {"is_work": is_work, "is_infringing": is_infringing})


@pytest.mark.usefixtures("folder")
def test_every_kind_is_drawn_and_says_what_it_stands_for() -> None:
    rows = draw()
    decisions = [row["decision"] for row in rows]
    assert {name: decisions.count(name) for name in decisions} == {"hit": 3, "dropped": 3, "none": 3}
    assert {row["stands_for"] for row in rows} == {"4"}
    hit = next(row for row in rows if row["decision"] == "hit")
    assert (hit["work_id"], hit["work_title"], hit["creators"]) == ("tide", "潮汐测绘手记", "温岱")
    assert hit["reasons"]
    assert {row["is_work"] + row["is_infringing"] + row["note"] for row in rows} == {""}


@pytest.mark.usefixtures("folder")
def test_a_seed_draws_the_same_and_another_seed_others() -> None:
    first, again, others = draw(), draw(), draw("--seed", "2")
    assert first == again
    assert {row["id"] for row in first} != {row["id"] for row in others}
    assert len(draw(count=500)) == len(OFFERS), "more than there are: all of them"


@pytest.mark.usefixtures("folder")
def test_no_cell_of_a_sheet_is_a_formula() -> None:
    cells = [cell for row in draw() for cell in row.values()]
    assert "'=cmd|1" in cells
    assert any(cell.startswith("'@SUM") for cell in cells)
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]


@pytest.mark.usefixtures("folder")
def test_a_filled_sheet_asks_for_work_and_offence_apart() -> None:
    rows = draw()
    hits = [row for row in rows if row["decision"] == "hit"]
    hits[0]["decision"], hits[1]["decision"] = "hit ", " hit"  # blanks that an editor left
    fill(rows, hit=("是", "yes"), dropped=("Yes", "no"), none=("", ""), **{"hit ": ("no", "yes"), " hit": ("是", "否")})
    everything, *groups = measure_sheet(read_sheet(Path("sheet.csv"), "en"))
    assert (everything.precision.right, everything.precision.total) == (1, 3)
    assert (everything.wrong_work.right, everything.wrong_offence.right) == (1, 1)
    assert (everything.missed.right, everything.missed.total, everything.waiting) == (0, 3, 3)
    assert [figures.group for figures in groups] == ["kongfz", "xianyu"]
    low, high = everything.precision.interval
    assert 0 < low < 1 / 3 < high < 1
    assert "precision" in run("--sheet", "sheet.csv")
    assert json.loads(run("--sheet", "sheet.csv", "--json"))[0]["wrong_work"]["of"] == 3
    assert "准确率" in "\n".join(sheet_lines([everything], "zh"))


@pytest.mark.usefixtures("folder")
def test_what_was_missed_is_told_for_the_whole_file() -> None:
    fill(draw(), dropped=("yes", "yes"), none=("unsure", "?"))
    everything = measure_sheet(read_sheet(Path("sheet.csv"), "en"))[0]
    assert (everything.missed.right, everything.missed.total) == (3, 3)
    assert everything.missed_in_all == pytest.approx(12)


@pytest.mark.usefixtures("folder")
def test_what_cannot_be_read_or_is_empty_is_told() -> None:
    rows = draw()
    with pytest.raises(NothingToDo):
        run("--sheet", "sheet.csv")
    fill(rows, hit=("maybe", "yes"))
    with pytest.raises(BadInput) as error:
        run("--sheet", "sheet.csv")
    assert len(error.value.problems) == 3
    assert error.value.problems[0].field == "is_work"
    for arguments in ((), ("offers.jsonl", "--sheet", "sheet.csv"), ("offers.jsonl", "--sample", "3")):
        with pytest.raises(BadInput):
            run(*arguments)


def test_the_shares_of_a_night_are_told_to_programs_as_well() -> None:
    share, nothing = proportion_of([True, True, False]), proportion_of([])
    row = PlatformQuality(
        platform="*", precision=share, missed=nothing, missed_in_all=0.0, licensed=nothing, judged=share, waiting=2
    )
    quality = Quality(platforms=(row,), calibration=None, calibrated_on=0)
    assert quality_json(quality)["channels"][0]["precision"]["right"] == 2
    assert "0.667 (2/3; .95: 0.208-0.939)" in "\n".join(quality_lines(quality, "en"))


def test_a_listing_with_several_hits_gives_each_pair_and_no_near_miss() -> None:
    rows = [
        {"id": "a", "work_id": work, "decision": decision, "identity": 0.9, "offence": 0.9}
        for work, decision in (("tide", "hit"), ("rail", "hit"), ("lamp", "dropped"))
    ]
    sample = SampleDraw(count=10, seed=1)
    sample.add(rows)
    drawn, counts = sample.draw()
    assert sorted(row["work_id"] for row in drawn) == ["rail", "tide"]
    assert counts == {"hit": 2, "review": 0, "near": 0, "none": 0}


@pytest.mark.usefixtures("folder")
def test_a_sheet_that_a_spreadsheet_of_another_country_saved_reads_the_same() -> None:
    rows = draw()
    for row in rows:
        row["stands_for"] = row["stands_for"].replace("4", "4,5")
    fill(rows, hit=("yes", "TRUE"), none=("FALSE", "FALSE"))
    with Path("sheet.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    with Path("sheet.csv").open("w", encoding="utf-16", newline="") as out:
        out.write("sep=;\r\n")
        csv.writer(out, delimiter=";").writerows(table)
    figures = measure_sheet(read_sheet(Path("sheet.csv"), "en"))[0]
    assert (figures.precision.right, figures.precision.total, figures.missed.total) == (3, 3, 3)
    assert {row.stands_for for row in read_sheet(Path("sheet.csv"), "en")} == {4.5}
