"""Check that an exported CSV opens correctly in a spreadsheet: Chinese intact, columns in place, no formulas, codes not
taken for numbers or days; and that it reads back after LibreOffice saved it as CSV.

Run from the root: python -m bench.csv_in_libreoffice. Needs LibreOffice Calc; without it, says so and exits with 3. The
CSV is converted to a workbook with LibreOffice's own default import settings for UTF-8 with BOM, with a semicolon as
separator, as on a machine with European settings, with every usual separator at once, and in Chinese and German.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from openpyxl import load_workbook

from crawler.items import Decision, Hit, Listing, ListingKind, Work
from desk.export.formats import export_hits
from desk.export.rows import COLUMNS, HitRow, row_of_hit
from registry.tables import read_table

TITLES = (
    "=cmd|' /C calc'!A0",
    "潮汐图书馆 电子版PDF 网盘秒发",
    "龍脊觀測站\n掃描版",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "＝1+1",
    "\u200b=1+1",
    "a;=1+1;b",
    "first\n=1+1",
    '引号"与,逗号',
    "雾\u200b港🔥来信",
)
SEEN_AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
CODES = (
    *(
        "0123",
        "12e3",
        "8888",
        "1-2",
        "1/2",
        "TRUE",
        "3月4日",
        "12:30",
        "MAR1",
        "1 Jan",
        "12%",
        "1.50",
        "(12)",
        "１２３",
    ),
    *(
        "￥39",
        "1,234",
        "12:30pm",
        "1 1/2",
        "1.2.3",
        "2021年3月",
        "123456789012",
        "12345678901234567890",
        "63211111111e12",
    ),
)
# Character codes, as LibreOffice's CSV filter takes separators.
COMMA_CODE, SEMICOLON_CODE, ALL_CODES = "44", "59", "44/59/9"
ANY_LANGUAGE, CHINESE, GERMAN = 0, 2052, 1031
UTF8_CODE = 76
XLSX_FILTER = "xlsx:Calc MS Excel 2007 XML"
CSV_FILTER = f"csv:Text - txt - csv (StarCalc):59,34,{UTF8_CODE},1"


def hit_rows() -> list[HitRow]:
    """One row per title of TITLES and per code of CODES, which is also the hit's id."""
    listings = [
        Listing(
            platform="kongfz",
            kind=ListingKind.OFFER,
            url=f"https://book.kongfz.com/1/{number}/",
            title=title,
            seller=title,
            price=Decimal("4.90"),
            currency="CNY",
        )
        for number, title in enumerate(TITLES + CODES)
    ]
    return [
        row_of_hit(
            Hit(
                id=CODES[number - len(TITLES)] if number >= len(TITLES) else f"id {number:04}",
                listing=listing,
                work_id="w",
                identity=0.98,
                offence=0.9,
                decision=Decision.HIT,
                findings=(),
                first_seen=SEEN_AT,
                last_seen=SEEN_AT,
            ),
            Work(id="w", title="潮汐图书馆"),
        )
        for number, listing in enumerate(listings)
    ]


def convert_csv(office: str, csv: Path, separator: str, language: int = ANY_LANGUAGE, to: str = XLSX_FILTER) -> Path:
    """The CSV as LibreOffice reads it, saved as a workbook (or CSV); formulas are evaluated as when opening it."""
    folder = csv.parent / f"{separator}-{language}".replace("/", "-")
    command = [office, "--headless", f"-env:UserInstallation=file://{csv.parent}/profile"]
    command += [
        f"--infilter=CSV:{separator},34,{UTF8_CODE},1,,{language},false,true",
        "--convert-to",
        to,
    ]
    subprocess.run([*command, "--outdir", str(folder), str(csv)], check=True, capture_output=True, timeout=300)
    return folder / f"{csv.stem}.{to.partition(':')[0]}"


def count_formulas(book: Path) -> int:
    """The number of cells of a workbook that hold a formula."""
    with zipfile.ZipFile(book) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        return sum(len(re.findall(rb"<f[ >]", parts.read(name))) for name in sheets)


def changed_codes(book: Path) -> list[tuple[str, object]]:
    """The codes of which a cell of the opened table says something else, with that."""
    sheet = load_workbook(book).active
    assert sheet is not None
    changed: list[tuple[str, object]] = []
    for place, code in enumerate(CODES, len(TITLES)):
        for name in ("hit_id", "title"):
            value = sheet.cell(line_of(place), COLUMNS.index(name) + 1).value
            if str(value).strip() != code:
                changed.append((code, value))
    return changed


def line_of(place: int) -> int:
    """The line of a row in the exported table, which is ordered by id."""
    ids = [row.hit_id for row in hit_rows()]
    return sorted(ids).index(ids[place]) + 2


def main() -> int:
    """Print what was found; exit code 1 if a title changed or a formula appeared."""
    office = shutil.which("soffice")
    if office is None:
        print(
            "LibreOffice is not here; nothing was measured (apt-get install --no-install-recommends libreoffice-calc)"
        )
        return 3
    with TemporaryDirectory() as folder:
        csv = Path(folder) / "hits.csv"
        export_hits(csv, hit_rows())
        book = convert_csv(office, csv, COMMA_CODE)
        sheet = load_workbook(book).active
        assert sheet is not None
        column = COLUMNS.index("title") + 1
        opened_titles = [str(sheet.cell(line_of(place), column).value) for place in range(len(TITLES))]
        changed_titles = [
            (original, opened)
            for original, opened in zip(TITLES, opened_titles, strict=True)
            if _without_guard(original) != _without_guard(opened)
        ]
        changed = {
            (separator, language): changed_codes(convert_csv(office, csv, separator, language))
            for separator in (COMMA_CODE, ALL_CODES)
            for language in (ANY_LANGUAGE, CHINESE, GERMAN)
        }
        saved = read_table(convert_csv(office, csv, COMMA_CODE, to=CSV_FILTER))
        unread = [row.hit_id for row in hit_rows() if row.hit_id not in {row.cells["hit_id"] for row in saved.rows}]
        formula_counts = count_formulas(book), count_formulas(convert_csv(office, csv, SEMICOLON_CODE))
    print(f"titles: {len(TITLES)}, changed beyond the guard: {len(changed_titles)}, {opened_titles[0]!r} is text")
    print(f"formulas with commas as separators: {formula_counts[0]}, with semicolons: {formula_counts[1]}")
    for original, opened in changed_titles:
        print(f"  {original!r} became {opened!r}")
    print(
        f"codes: {len(CODES)}, changed with (separators, language):",
        {key: len(found) for key, found in changed.items()},
    )
    print(f"ids that do not read back from the CSV that LibreOffice saved: {len(unread)}")
    for code, value in chain.from_iterable(changed.values()):
        print(f"  {code!r} became {value!r}")
    return 1 if changed_titles or any(formula_counts) or any(changed.values()) or unread else 0


def _without_guard(title: str) -> str:
    return title.replace("'", "").replace("\r\n", "\n").strip()


if __name__ == "__main__":
    sys.exit(main())
