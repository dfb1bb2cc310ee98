"""Check that an exported CSV opens correctly in a spreadsheet: Chinese intact, columns in place, no formulas.

Run from the root: python -m bench.csv_in_libreoffice. Needs LibreOffice Calc; without it, says so and exits with 3. The
CSV is converted to a workbook with LibreOffice's own default import settings for UTF-8 with BOM and, once more, with a
semicolon as separator, as on a machine with European settings.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from openpyxl import load_workbook

from crawler.items import Decision, Hit, Listing, ListingKind, Work
from desk.export.formats import export_hits
from desk.export.rows import COLUMNS, HitRow, row_of_hit

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
COMMA_CODE, SEMICOLON_CODE = 44, 59  # character codes, as LibreOffice's CSV filter takes separators
UTF8_CODE = 76


def hit_rows() -> list[HitRow]:
    """One row per title of TITLES."""
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
        for number, title in enumerate(TITLES)
    ]
    return [
        row_of_hit(
            Hit(
                id=f"{number:04}",
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


def convert_csv(office: str, csv: Path, separator: int) -> Path:
    """The CSV as LibreOffice reads it, saved as a workbook; formulas are evaluated as when opening it."""
    folder = csv.parent / str(separator)
    command = [office, "--headless", f"-env:UserInstallation=file://{csv.parent}/profile"]
    command += [
        f"--infilter=CSV:{separator},34,{UTF8_CODE},1,,0,false,true",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
    ]
    subprocess.run([*command, "--outdir", str(folder), str(csv)], check=True, capture_output=True, timeout=300)
    return folder / f"{csv.stem}.xlsx"


def count_formulas(book: Path) -> int:
    """The number of cells of a workbook that hold a formula."""
    with zipfile.ZipFile(book) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        return sum(len(re.findall(rb"<f[ >]", parts.read(name))) for name in sheets)


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
        opened_titles = [str(sheet.cell(line, column).value) for line in range(2, len(TITLES) + 2)]
        changed_titles = [
            (original, opened)
            for original, opened in zip(TITLES, opened_titles, strict=True)
            if _without_guard(original) != _without_guard(opened)
        ]
        formula_counts = count_formulas(book), count_formulas(convert_csv(office, csv, SEMICOLON_CODE))
    print(f"titles: {len(TITLES)}, changed beyond the guard: {len(changed_titles)}, {opened_titles[0]!r} is text")
    print(f"formulas with commas as separators: {formula_counts[0]}, with semicolons: {formula_counts[1]}")
    for original, opened in changed_titles:
        print(f"  {original!r} became {opened!r}")
    return 1 if changed_titles or any(formula_counts) else 0


def _without_guard(title: str) -> str:
    return title.replace("'", "").replace("\r\n", "\n").strip()


if __name__ == "__main__":
    sys.exit(main())
