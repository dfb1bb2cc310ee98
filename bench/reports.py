"""The failing cases of ../shared/bench/reports, each run as its README says and compared with its right value.

    python bench/reports.py [NUMBER ...] [--jobs N]

Every case runs in a folder of its own, with the commands of this tree and an empty database. Prints a line per case and
writes bench/out/reports.json; exit code 0 only if all are right.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT.parent / "shared" / "bench" / "reports"
COMMAND_TIMEOUT_SECONDS = 180
SHOP = "https://shop.haijiao-books.com"
_CASES: dict[str, Callable[[Desk], None]] = {}


class Desk:
    """A folder with a case's files, in which commands are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `swordnet ARGUMENTS` here."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-m", "desk.cli", *arguments]
        result = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
        )
        assert "Traceback" not in result.stderr, f"traceback: {result.stderr[-300:]}"
        return result

    def replay(
        self, archive: str, platform: str = "shop", *more: str
    ) -> tuple[dict[str, Any], list[dict[str, str]], str]:
        """Import works.csv and replay an archive: the platform's counts, its hits, and standard error."""
        for database in self.folder.glob("swordnet.db*"):
            database.unlink()
        self.run("works", "import", "works.csv")
        result = self.run("crawl", platform, "--replay", archive, *(more or ("--captured",)), "--json")
        assert result.stdout.strip().startswith("{"), f"exit {result.returncode}: {result.stderr[-300:]}"
        counts = json.loads(result.stdout)["platforms"].get(platform, {})
        self.run("hits", "export", "hits-found.csv")
        exported = self.folder / "hits-found.csv"
        hits = list(csv.DictReader(exported.open(encoding="utf-8-sig"))) if exported.is_file() else []
        return counts, hits, result.stderr

    def read(self) -> list[dict[str, Any]]:
        """The rows that `swordnet read rows.jsonl` writes."""
        result = self.run("read", "rows.jsonl")
        return [json.loads(line) for line in result.stdout.splitlines()]

    def works(self, file: str) -> list[dict[str, Any]]:
        """The works of a list after its import."""
        result = self.run("works", "import", file)
        assert result.returncode == 0, f"exit {result.returncode}: {result.stderr[-300:]}"
        return json.loads(self.run("works", "list", "--json").stdout)  # type: ignore[no-any-return]

    def matches(self) -> dict[str, list[dict[str, Any]]]:
        """What `swordnet match in.jsonl` writes, by row."""
        works = "works.jsonl" if (self.folder / "works.jsonl").exists() else "works.csv"
        result = self.run("match", "in.jsonl", "--works", works)
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        return {row["id"]: [match for match in rows if match["id"] == row["id"]] for row in rows}

    def links(self) -> list[list[dict[str, Any]]]:
        """What `swordnet links in.jsonl` writes."""
        return [json.loads(line)["links"] for line in self.run("links", "in.jsonl").stdout.splitlines()]


def case(number: str) -> Callable[[Callable[[Desk], None]], Callable[[Desk], None]]:
    """Register the check of a case."""

    def register(check: Callable[[Desk], None]) -> Callable[[Desk], None]:
        _CASES[number] = check
        return check

    return register


def expect(found: object, right: object) -> None:
    """Fail unless a value is right."""
    assert found == right, f"{found!r}, right is {right!r}"


def expect_hits(desk: Desk, archive: str, items: Iterable[int], platform: str = "shop") -> str:
    """Expect one listing and one hit for each item of the shop, and return what was said on standard error."""
    counts, hits, said = desk.replay(archive, platform)
    wanted = [f"{SHOP}/item/{item}" for item in items]
    expect(counts.get("listings"), len(wanted))
    expect(sorted(_path_of(hit["url"]) for hit in hits), sorted(_path_of(url) for url in wanted))
    return said


def _path_of(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url)


def expect_single_hit(desk: Desk, archive: str) -> None:
    """Expect item/1 for 3.00 CNY, work W1, on one live page."""
    expect_hits(desk, archive, [1])
    counts, hits, _ = desk.replay(archive)
    expect(counts["pages"].get("live"), 1)
    expect([(hit["work_id"], hit["price"], hit["currency"]) for hit in hits], [("W1", "3.00", "CNY")])


@case("01")
def _(desk: Desk) -> None:
    for archive in ("noresponse.har", "nullresponse.har", "statustext.har"):
        counts, _, said = desk.replay(archive)
        expect(counts["listings"], 2)
        assert re.search(r"\b2\b", said), f"the entry is not told: {said!r}"


@case("03")
def _(desk: Desk) -> None:
    expect_hits(desk, "data.har", [1, 2])


@case("05")
def _(desk: Desk) -> None:
    expect_single_hit(desk, "session/session.har")
    expect_single_hit(desk, "session.har.zip")


@case("06")
def _(desk: Desk) -> None:
    expect_single_hit(desk, "b64br.har")


@case("09")
def _(desk: Desk) -> None:
    expect_single_hit(desk, "then304.har")


@case("10")
def _(desk: Desk) -> None:
    expect_single_hit(desk, "only304.har")


@case("12")
def _(desk: Desk) -> None:
    counts, hits, _ = desk.replay("itunes-js.har", "appstore")
    expect(counts.get("listings"), 1)
    expect([(hit["work_id"], "1234567890" in hit["url"]) for hit in hits], [("W2", True)])


@case("14")
def _(desk: Desk) -> None:
    expect_single_hit(desk, "noctype.warc.gz")
    counts, _, _ = desk.replay("ipwb-1memento_noContentType.warc")
    expect(sum(counts.get("pages", {}).values()), 1)


@case("16")
def _(desk: Desk) -> None:
    expect_hits(desk, "revisit.warc.gz", [1, 2])


@case("18")
def _(desk: Desk) -> None:
    expect_hits(desk, "zstd.warc.gz", [1, 2])


@case("19")
def _(desk: Desk) -> None:
    expect_single_hit(desk, "cenone.warc.gz")


@case("21")
def _(desk: Desk) -> None:
    _, hits, said = desk.replay("hole.warc")
    expect({_path_of(hit["url"]) for hit in hits} >= {"/item/1", "/item/3"}, True)
    assert re.search(r"record|byte|记录|字节", said), f"the damage is not told: {said!r}"
    result = desk.run("crawl", "shop", "--replay", "ipwb-broken.warc", "--captured", "--json")
    assert result.stderr.strip(), "the damage of the second file is not told"


@case("23")
def _(desk: Desk) -> None:
    result = desk.run("crawl", "shop", "--replay", "esc.warc", "--captured", "--json")
    assert "\x1b" not in result.stdout + result.stderr
    assert result.stderr.strip()


@case("24")
def _(desk: Desk) -> None:
    expect_hits(desk, "multi.wacz", [1, 2])


@case("25")
def _(desk: Desk) -> None:
    expect_hits(desk, "prefixed.wacz", [1, 2])
    expect_hits(desk, "base.wacz.zip", [1, 2])


@case("26")
def _(desk: Desk) -> None:
    expect_hits(desk, "status0.warc.gz", [1, 2])


@case("27")
def _(desk: Desk) -> None:
    counts, _, _ = desk.replay("redirc.warc.gz", "shop", "--url", f"{SHOP}/r/1")
    expect((counts["pages"].get("live"), counts["listings"]), (1, 1))


def _expect_works(desk: Desk, file: str, count: int = 2) -> list[dict[str, Any]]:
    works = desk.works(file)
    expect(len(works), count)
    assert all(work["title"] for work in works)
    return works


@case("30")
def _(desk: Desk) -> None:
    for work in _expect_works(desk, "dim-a1.xlsx"):
        text = json.dumps(work, ensure_ascii=False)
        assert re.search(r"97\d{11}.*20\d\d|20\d\d.*97\d{11}", text), text


@case("32")
def _(desk: Desk) -> None:
    _expect_works(desk, "emptyfill.xlsx")


@case("34")
def _(desk: Desk) -> None:
    _expect_works(desk, "strict.xlsx")


@case("35")
def _(desk: Desk) -> None:
    expect({work["title"] for work in desk.works("big5.csv")}, {"潮聲裡的圖書館", "霧港來信"})


@case("37")
def _(desk: Desk) -> None:
    _expect_works(desk, "sep.csv")


@case("38")
def _(desk: Desk) -> None:
    result = desk.run("match", "listings.csv", "--works", "works.csv")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    expect(len(rows), 2)
    shutil.copy(next(REPORTS.glob("03-*")) / "data.har", desk.folder)
    expect(len(desk.replay("data.har")[1]), 2)
    lines = list(csv.reader((desk.folder / "hits-found.csv").open(encoding="utf-8-sig")))
    verdict = lines[0].index("verdict")
    with (desk.folder / "edited.csv").open("w", encoding="utf-8-sig", newline="") as file:
        file.write("sep=;\r\n")
        csv.writer(file, delimiter=";").writerows(
            [lines[0], *([*line[:verdict], "infringing", *line[verdict + 1 :]] for line in lines[1:])]
        )
    kept = desk.run("hits", "judge", "--from", "edited.csv")
    expect(kept.returncode, 0)
    judged = desk.run("hits", "list", "--json").stdout
    expect(judged.count('"infringing"'), 2)


@case("39")
def _(desk: Desk) -> None:
    desk.works("isbnformula.csv")
    shown = "".join(desk.run("works", "show", work["id"]).stdout for work in desk.works("isbnformula.csv"))
    assert "9787020002207" in shown, shown


@case("41")
def _(desk: Desk) -> None:
    desk.works("merged.xlsx")
    assert "林远舟" in desk.run("works", "show", "W2").stdout


@case("42")
def _(desk: Desk) -> None:
    for file in ("secondsheet.xlsx", "hiddenfirst.xlsx", "titlerow.xlsx"):
        _expect_works(desk, file)


@case("43")
def _(desk: Desk) -> None:
    desk.replay("codes.har")
    exported = (desk.folder / "hits-found.csv").read_text(encoding="utf-8-sig")
    for code in ("0123", "12e3"):
        assert code in exported
        assert not re.search(rf"(?:^|,|\"){code}(?:,|\"|$)", exported, re.M), f"{code} is bare"
    assert "8888" in exported


def _listing_of(row: dict[str, Any]) -> dict[str, Any]:
    """The listing of a row, of which a page in these cases has one; {} where it has none."""
    return next(iter(row.get("listings") or ()), {})


def _expect_rows(desk: Desk, *rights: dict[str, Any]) -> None:
    rows = desk.read()
    expect(len(rows), len(rights))
    for row, right in zip(rows, rights, strict=True):
        for name, value in right.items():
            found = _listing_of(row).get(name, row.get(name))
            if name == "price":
                found = None if found is None else Decimal(str(found))
            assert found == value, f"{row.get('file', '')} {name}: {found!r}, right is {value!r}"


@case("50")
def _(desk: Desk) -> None:
    _expect_rows(desk, {"title": "雾港来信 精装珍藏版", "price": Decimal("39.80"), "currency": "CNY", "kind": "offer"})


@case("52")
def _(desk: Desk) -> None:
    _expect_rows(desk, {"title": "雾港来信 & 潮声 – 珍藏版"})


@case("54")
def _(desk: Desk) -> None:
    _expect_rows(desk, {"price": Decimal(349), "currency": "USD"}, {"price": Decimal("439.34"), "currency": "USD"})


@case("56")
def _(desk: Desk) -> None:
    _expect_rows(desk, {"price": Decimal(1299), "currency": "CHF"})


@case("57")
def _(desk: Desk) -> None:
    _expect_rows(desk, {"price": Decimal(140), "currency": "EUR"})


@case("59")
def _(desk: Desk) -> None:
    _expect_rows(desk, {"price": Decimal("0.75"), "currency": "USD"}, {"price": Decimal("0.99"), "currency": "USD"})


@case("60")
def _(desk: Desk) -> None:
    _expect_rows(desk, *[{"price": Decimal(12800), "currency": "JPY"}] * 2)


@case("61")
def _(desk: Desk) -> None:
    rows = desk.read()
    expect(len(rows), 3)
    for row in rows[:2]:
        listing = _listing_of(row)
        expect(
            (listing["title"], Decimal(listing["price"]), listing["currency"]),
            ("雾港来信 精装珍藏版", Decimal("39.80"), "CNY"),
        )
    assert not re.search("[\u0400-\u04ff]", json.dumps(rows[2], ensure_ascii=False)), rows[2]


@case("63")
def _(desk: Desk) -> None:
    _expect_rows(desk, {"title": "雾港来信 精装珍藏版", "price": Decimal("39.80"), "currency": "CNY"})


@case("65")
def _(desk: Desk) -> None:
    _expect_rows(desk, *[{"outcome": "live", "title": "雾港来信 电子版", "price": Decimal(3), "currency": "CNY"}] * 2)


def _expect_links(desk: Desk, *rights: list[tuple[str, str | None, str | None]]) -> None:
    for links, right in zip(desk.links(), rights, strict=True):
        found = [(link["platform"], link["share_id"], link["code"] or None) for link in links]
        assert [entry[0] for entry in found] == [entry[0] for entry in right], f"{found}, right is {right}"
        for (_, share_id, code), (_, right_id, right_code) in zip(found, right, strict=True):
            assert right_id is None or share_id == right_id, f"{found}, right is {right}"
            assert code == right_code, f"{found}, right is {right}"


@case("70")
def _(desk: Desk) -> None:
    _expect_links(desk, [("123", "xREZTd-VUKz3", None)])


@case("72")
def _(desk: Desk) -> None:
    _expect_links(desk, [("baidu", "JZ-omArnoiiHZF85RksZDQ", "upgw"), ("baidu", "PZb_4feyJCAcZcCkKCBqFA", "8888")])


@case("74")
def _(desk: Desk) -> None:
    _expect_links(desk, [("baidu", None, None)], [("baidu", None, "gdo4")])
    for links in desk.links():
        assert re.search("3512345678.*1234567890", links[0]["share_id"]), links


def _expect_works_found(desk: Desk, rights: dict[str, tuple[str, float]]) -> None:
    found = desk.matches()
    for row, (work, identity) in rights.items():
        best = max(found[row], key=lambda match: match["identity"])
        expect((row, best["work_id"]), (row, work))
        assert best["identity"] > identity, f"{row}: {best['identity']}"


@case("80")
def _(desk: Desk) -> None:
    _expect_works_found(desk, {"a-tatweel": ("A1", 0.8)})


@case("81")
def _(desk: Desk) -> None:
    _expect_works_found(desk, {"e-smallcap": ("E1", 0.8)})


@case("82")
def _(desk: Desk) -> None:
    _expect_works_found(desk, dict.fromkeys(("s2-s02", "s2-bare", "s2-roman"), ("S2", 0.5)))


@case("84")
def _(desk: Desk) -> None:
    _expect_works_found(desk, {"n1": ("N1", 0.8), "n2": ("N2", 0.8)})


@case("85")
def _(desk: Desk) -> None:
    rows = desk.read()
    expect(len(rows), 3)
    for row in rows:
        links = _listing_of(row).get("links") or []
        expect(
            [(link["platform"], link["share_id"], link["code"]) for link in links], [("quark", "a1b2c3d4e5f6", "Kx7m")]
        )


@case("90")
def _(desk: Desk) -> None:
    _expect_works_found(desk, {"v-trunc30.jpg": ("P1", 0.9)})


@case("92")
def _(desk: Desk) -> None:
    _expect_works_found(desk, {"v-anim-whitefirst.webp": ("P1", 0.9)})


@case("94")
def _(desk: Desk) -> None:
    _expect_works_found(desk, {"v-webp-exif.webp": ("P1", 0.9)})


@case("95")
def _(desk: Desk) -> None:
    _expect_works_found(desk, {"v-png-exif.png": ("P1", 0.9)})


@case("96")
def _(desk: Desk) -> None:
    said = [_printed_text(desk.run("works", "import", "works.csv")) for _ in range(2)]
    assert "_io." not in said[0], said[0]
    if re.search(r"cover\.(?:tiff|bmp)", said[0]):
        expect(said[0] == said[1], True)
        assert re.search("JPEG", said[0]), said[0]
    else:
        expect(len(json.loads(desk.run("works", "list", "--json").stdout)), 2)


def _printed_text(result: subprocess.CompletedProcess[str]) -> str:
    return result.stdout + result.stderr


def _run_case(folder: Path) -> tuple[str, str]:
    """The name of a case and what is wrong with it; "" where nothing is."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(folder, scratch, dirs_exist_ok=True)
        try:
            _CASES[folder.name[:2]](Desk(Path(scratch)))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the result
            return folder.name, f"{type(error).__name__}: {error}"[:400]
    return folder.name, ""


def main() -> int:
    """Run the cases; 0 if all are right."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("numbers", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if not REPORTS.is_dir():
        print(f"{REPORTS} is not there: nothing to run")
        return 0
    folders = sorted(folder for folder in REPORTS.iterdir() if folder.name[:2] in _CASES)
    folders = [folder for folder in folders if not options.numbers or folder.name[:2] in options.numbers]
    with ThreadPoolExecutor(options.jobs) as pool:
        results = dict(pool.map(_run_case, folders))
    for name, problem in results.items():
        print(f"{'wrong' if problem else 'right'}  {name}  {problem}")
    right = sum(not problem for problem in results.values())
    print(f"{right} of {len(results)} right")
    out = ROOT / "bench" / "out"
    out.mkdir(exist_ok=True)
    (out / "reports.json").write_text(json.dumps(results, ensure_ascii=False, indent=1), encoding="utf-8")
    return int(right < len(results))


if __name__ == "__main__":
    sys.exit(main())
