"""Compares the program's decisions over the data at hand with recorded ones.

    python -m bench.decisions --record [--only PART ...]
    python -m bench.decisions [--check] [--only PART ...]

For changes that must not change a decision, such as renaming and moving modules. --record writes one file per part into
bench/decisions; --check computes everything again, prints how many rows differ and the first ten of each part, and
exits with 1 if any does. A part whose data in ../shared/bench is missing is skipped, with a message.

demo         every column of the demo night's hits.csv but `reasons`, and the order of its rows
pairs        the rows of fixtures/pairs, each against its work and two others through the Assessor
titles       all queries of the 17 sets of titles, each set against its own registry, as bench/titles.py runs them
pictures     830 pictures that make_queries.py makes: ten of each attack, 300 negatives, 100 of the same series
links        the texts of links/dev.jsonl through `swordnet links`
pages        the saved pages through `swordnet read`: outcome, and the listings as written
offers       all sets of fixtures/offers, read and assessed as `swordnet match` does
offers-real  2,000 real rows (all of offers.jsonl, the others from the bulk files) against 10,536 works, in the same
             way; of the bulk files the rows whose ids have the smallest digests
hostile      the cases of bench/hostile.py without browser: verdict, outcome, items, what each page was read as

For a listing and a work, decision, identity, offence and harm (three digits) and the grounds of the findings with their
polarity are recorded; a finding without a ground counts by its matcher. A line of a file is: the row's id, the first 8
digits of the SHA-256 of its sorted values, a word (decision, outcome or verdict; of several decisions the gravest), and
the first 4 digits of the SHA-256 of its values in order, which shows rows in which only the order changed. The files
contain no shared data: rows of it are numbered. --check also prints what a differing row contains, on the screen only.

Python sets are iterated in the same order in every run (PYTHONHASHSEED=0), though nothing is known to depend on it:
everything was the same in processes of other seeds. Pictures hold for one set of library versions (Pillow, OpenCV, the
fonts): the row `made` is the digest of the pictures that were made; if it differs, the other rows say nothing. Of the
hostile server, time and memory are not recorded, yet a case over its limits fails, so it runs alone, after all others;
repeat it with `--only hostile` on a quiet machine.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SHARED_DATA = ROOT.parent / "shared" / "bench"
RECORD_FOLDER = ROOT / "bench" / "decisions"
TITLE_SETS = SHARED_DATA / "titles" / "sets"
IMAGES_FOLDER, LINKS_FOLDER, PAGES_FOLDER, REAL_OFFERS_FOLDER = (
    SHARED_DATA / "images",
    SHARED_DATA / "links",
    SHARED_DATA / "pages",
    SHARED_DATA / "offers-real",
)
FIXTURES = ROOT / "fixtures"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
DECISIONS_BY_GRAVITY = ("hit", "review", "licensed", "dropped")
QUERY_OPTIONS = ("--per-attack", "10", "--negatives", "300", "--series-negatives", "100", "--seed", "1")
REAL_ROW_COUNT, EXTRA_WORK_COUNT = 2_000, 10_000
MAX_SHOWN_ROWS = 10


@frozen(kw_only=True)
class Row:
    """One row of a part: its values in order. `about` identifies it on the screen and is never written to a file."""

    id: str
    word: str = ""
    values: Sequence[str] = ()
    about: str = ""


@frozen(kw_only=True)
class RecordedRow:
    """What is recorded of a row."""

    id: str
    digest: str
    word: str = ""
    order: str = ""

    @classmethod
    def from_row(cls, row: Row) -> RecordedRow:
        """The digests of a row."""
        order = digest(row.values)[:4] if len(row.values) > 1 else ""
        return cls(id=row.id, digest=digest(sorted(row.values))[:8], word=row.word, order=order)

    @classmethod
    def parse_line(cls, line: str) -> RecordedRow:
        """The row that a line of a file records."""
        id_, of_values, word, order = [*line.split("\t"), "", ""][:4]
        return cls(id=id_, digest=of_values, word=word, order=order)

    @property
    def line(self) -> str:
        """The row as a line of a file."""
        return "\t".join((self.id, self.digest, self.word, self.order)).rstrip("\t")


def digest(values: Sequence[str]) -> str:
    """The SHA-256 of a list of texts; where one text ends and the next begins counts."""
    return sha256(json.dumps(list(values)).encode()).hexdigest()


# Adapters: all imports of the program's modules.


def demo_night(folder: Path) -> Path:
    """Run a demo in this folder; returns the path of its hits.csv."""
    from desk.cli.demo import demo

    demo(folder=folder, quiet=True)
    return folder / "hits.csv"


def assess(works: Sequence[Any], listings: Sequence[Any], now: datetime) -> Iterator[tuple[str, list[str]]]:
    """For each listing the word and the values of its assessments, in batches as `swordnet match` makes them."""
    from desk.match_rows import ROWS_PER_BATCH
    from matchers.assessor import Assessor
    from matchers.matcher import Context

    assessor, context = Assessor(works), Context(now=now)
    for start in range(0, len(listings), ROWS_PER_BATCH):
        for assessments in assessor.assess_all(listings[start : start + ROWS_PER_BATCH], context):
            yield summarize(assessments)


def assess_pair(row: Mapping[str, str], picture_folder: Path) -> tuple[str, list[str]]:
    """Word and values of one row of fixtures/pairs; `picture_folder` is a folder for registered pictures."""
    from matchers.assessor import Assessor
    from tests.matchers.test_pairs import OTHER_WORKS, listing_of, make_context, work_of

    cells = dict(row)
    return summarize(Assessor([*OTHER_WORKS, work_of(cells)]).assess(listing_of(cells, picture_folder), make_context()))


def assess_offers(offers: Path, works: Path, limit: int | None = None) -> Iterator[tuple[str, str, list[str]]]:
    """Id, word and values of the first `limit` rows of a file, read as `swordnet match` does."""
    from desk.match_rows import read_offers
    from registry.works_reader import read_works

    parsed_offers = read_offers(offers)[:limit]
    results = assess(read_works(works), [offer.listing for offer in parsed_offers], NOW)
    for offer, (word, values) in zip(parsed_offers, results, strict=True):
        yield offer.id, word, values


def assess_titles(name: str) -> Iterator[tuple[str, list[str]]]:
    """Word and values of each query of a set."""
    from bench.titles import listing_of, rows, work_of

    works = [work_of(row) for row in rows(name, "registry")]
    listings = [listing_of(query) for query in rows(name, "queries")]
    return assess(works, listings, datetime(2026, 11, 1, tzinfo=UTC))


def match_pictures(works: Path, queries: Sequence[dict[str, Any]], folder: Path) -> Iterator[list[dict[str, Any]]]:
    """The predictions for each query's picture."""
    from bench.pictures import QueryInspector, register_works
    from matchers.identity.image import Matcher

    registry, inspector = register_works(works, folder / "looks")
    inspect_query = QueryInspector(inspector, Matcher(registry), folder)
    for query in queries:
        yield inspect_query(query)[1]


def run_links(texts: Path, output: Path) -> None:
    """Run `swordnet links`."""
    from desk.cli.links import links

    links(str(texts), output=output, quiet=True)


def run_read(manifest: Path, output: Path) -> None:
    """Run `swordnet read`."""
    from desk.cli.read import read

    read(str(manifest), output=output, quiet=True)


def run_hostile() -> tuple[str, Path]:
    """Run bench/hostile.py; returns what it prints and the path of the outcomes that it writes."""
    from bench import hostile

    command = [sys.executable, str(hostile.__file__), "--server", str(SHARED_DATA / "hostile")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout, ROOT / "bench" / "out" / "outcomes.jsonl"


# Parts: the rows of each.


def summarize(assessments: Iterable[Any]) -> tuple[str, list[str]]:
    """The gravest decision, and the values of assessments: a line for each work, and one for each of its findings."""
    values: list[str] = []
    decisions = set()
    for assessment in assessments:
        decision = assessment.decision.value
        decisions.add(decision)
        values.append(
            f"{assessment.work_id} {decision} {assessment.identity:.3f} {assessment.offence:.3f} {assessment.harm:.3f}"
        )
        for finding in assessment.findings:
            ground = finding.ground or finding.matcher
            values.append(f"{assessment.work_id} {finding.question.value} {finding.polarity.value} {ground}")
    return next((decision for decision in DECISIONS_BY_GRAVITY if decision in decisions), "none"), values


def demo() -> Iterator[Row]:
    """The hits of the demo night."""
    return demo_rows(demo_night(Path("night")))


def demo_rows(path: Path) -> Iterator[Row]:
    """The order of the rows of a hits.csv, then each row by its id."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    yield Row(id="rows", values=[row["hit_id"] for row in rows])
    for row in rows:
        values = [f"{column}={value}" for column, value in row.items() if column != "reasons"]
        yield Row(id=row["hit_id"], word=row["decision"], values=values, about=row["url"])


def pairs(folder: Path = Path("looks")) -> Iterator[Row]:
    """All rows of all tables."""
    for path in sorted((FIXTURES / "pairs").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{column: value for column, value in row.items() if value} for row in csv.DictReader(file)]
        for number, row in enumerate(rows, start=1):
            word, values = assess_pair(row, folder)
            yield Row(id=f"{path.stem}/{number}", word=word, values=values, about=f"{row['title']}: {row['reason']}")


def titles() -> Iterator[Row]:
    """All queries of all sets."""
    for folder in sorted(TITLE_SETS.iterdir()):
        for number, (word, values) in enumerate(assess_titles(folder.name), start=1):
            yield Row(id=f"{folder.name}/{number}", word=word, values=values)


def pictures() -> Iterator[Row]:
    """The attacked pictures, made again."""
    out = Path("made")
    command = [sys.executable, str(IMAGES_FOLDER / "make_queries.py"), "--out", str(out), *QUERY_OPTIONS]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    queries = read_json_lines(out / "queries.jsonl")
    digests = [sha256((out / query["image"]).read_bytes()).hexdigest() for query in queries]
    yield Row(id="made", values=digests, about="the pictures themselves: where they differ the other rows say nothing")
    for number, (query, predictions) in enumerate(
        zip(queries, match_pictures(IMAGES_FOLDER / "works.jsonl", queries, out), strict=True)
    ):
        verdicts = {prediction["decision"] for prediction in predictions}
        word = next((verdict for verdict in ("copy", "review") if verdict in verdicts), "none")
        values = [
            f"{prediction['work_id']} {prediction['score']:.3f} {prediction['decision']} {prediction['how']}"
            for prediction in predictions
        ]
        yield Row(id=str(number), word=word, values=values, about=f"{query['role']} {query['attack']}")


def links() -> Iterator[Row]:
    """The links of each text."""
    out = Path("links.jsonl")
    run_links(LINKS_FOLDER / "dev.jsonl", out)
    for number, row in enumerate(read_json_lines(out), start=1):
        yield Row(id=str(number), values=[canonical_json(link) for link in row["links"]], about=str(row["id"]))


def pages() -> Iterator[Row]:
    """The outcome and the listings of each page."""
    out = Path("pages.jsonl")
    run_read(PAGES_FOLDER / "manifest.jsonl", out)
    for number, row in enumerate(read_json_lines(out), start=1):
        listings = row.pop("listings")
        values = [canonical_json(row), *map(canonical_json, listings)]
        yield Row(id=str(number), word=row["outcome"], values=values, about=f"{row['spider']} {row['file']}")


def offers() -> Iterator[Row]:
    """The labelled offers."""
    for path in sorted((FIXTURES / "offers").glob("works-*.jsonl")):
        yield from offer_rows(path.stem.removeprefix("works-"))


def offer_rows(name: str, limit: int | None = None) -> Iterator[Row]:
    """The first `limit` rows (None: all) of a set of fixtures/offers."""
    folder = FIXTURES / "offers"
    for id_, word, values in assess_offers(folder / f"{name}.jsonl", folder / f"works-{name}.jsonl", limit):
        yield Row(id=f"{name}/{id_}", word=word, values=values)


def offers_real() -> Iterator[Row]:
    """The sample of real rows."""
    own_lines = read_lines(REAL_OFFERS_FOLDER / "offers.jsonl")
    offer_lines = [*own_lines, *sample(REAL_OFFERS_FOLDER / "bulk_offers.jsonl.gz", REAL_ROW_COUNT - len(own_lines))]
    work_lines = [
        *read_lines(REAL_OFFERS_FOLDER / "works.jsonl"),
        *sample(REAL_OFFERS_FOLDER / "bulk_works.jsonl.gz", EXTRA_WORK_COUNT),
    ]
    for path, rows in (("offers.jsonl", offer_lines), ("works.jsonl", work_lines)):
        Path(path).write_text("\n".join(rows) + "\n", encoding="utf-8")
    results = assess_offers(Path("offers.jsonl"), Path("works.jsonl"))
    for number, (id_, word, values) in enumerate(results, start=1):
        yield Row(id=str(number), word=word, values=values, about=id_)


def sample(path: Path, count: int) -> list[str]:
    """`count` lines of a compressed file: those whose ids have the smallest digests, in the order of the file."""
    rows = read_lines(path)
    ranked = sorted(range(len(rows)), key=lambda number: sha256(json.loads(rows[number])["id"].encode()).digest())
    return [rows[number] for number in sorted(ranked[:count])]


def read_lines(path: Path) -> list[str]:
    """The lines of a file, compressed or not, without empty ones."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [line for line in text.split("\n") if line]


def hostile() -> Iterator[Row]:
    """The verdict on each case, and its outcome."""
    output, path = run_hostile()
    verdicts: dict[str, str] = {}
    for line in output.splitlines():
        verdict, _, remainder = line.partition("  ")
        if verdict in ("pass", "FAIL", "skip") and remainder.startswith("/"):
            name = remainder.split("  ")[0]
            verdicts[name] = "FAIL" if "FAIL" in (verdict, verdicts.get(name)) else verdict
    for number, row in enumerate(read_json_lines(path), start=1):
        word = verdicts.get(row["path"], "not judged")
        values = [word, row["outcome"], str(row["items"]), *row.get("seen", ())]
        yield Row(id=str(number), word=word, values=values, about=row["path"])


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of JSON Lines."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def canonical_json(value: object) -> str:
    """JSON that is the same for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


# By name: the function that computes a part, and the data it needs. Long ones first, as two are computed at a time.
PARTS: Mapping[str, tuple[Callable[[], Iterator[Row]], Path]] = {
    "pictures": (pictures, IMAGES_FOLDER),
    "titles": (titles, TITLE_SETS),
    "offers-real": (offers_real, REAL_OFFERS_FOLDER),
    "pages": (pages, PAGES_FOLDER),
    "demo": (demo, FIXTURES),
    "offers": (offers, FIXTURES),
    "pairs": (pairs, FIXTURES),
    "links": (links, LINKS_FOLDER),
    "hostile": (hostile, SHARED_DATA / "hostile"),
}
LAST_PART = "hostile"  # its cases have time limits


# Recording and comparing.


def read_record(part: str) -> dict[str, RecordedRow]:
    """The recorded rows of a part, by id."""
    text = (RECORD_FOLDER / f"{part}.txt").read_text(encoding="utf-8")
    return {recorded_row.id: recorded_row for recorded_row in map(RecordedRow.parse_line, text.splitlines())}


@frozen(kw_only=True)
class Comparison:
    """A part compared with its recording: lines about rows that differ, and how many differ only in their order."""

    rows: int
    differing: Sequence[str]
    order_only: int

    @classmethod
    def compare(cls, part: str, rows: Iterable[Row], is_whole: bool = True) -> Comparison:
        """Compare a part; unless `is_whole`, recorded rows may be missing."""
        recorded_rows = read_record(part)
        differing: list[str] = []
        count = order_only = 0
        for row in rows:
            count += 1
            recorded_row, current_row = recorded_rows.pop(row.id, None), RecordedRow.from_row(row)
            if recorded_row != current_row:
                is_order = recorded_row is not None and (recorded_row.digest, recorded_row.word) == (
                    current_row.digest,
                    current_row.word,
                )
                order_only += is_order
                differing.append(describe_difference(row, recorded_row, is_order))
        missing = [f"{id_}: no longer there" for id_ in recorded_rows] if is_whole else []
        return cls(rows=count, differing=[*differing, *missing], order_only=order_only)


def describe_difference(row: Row, recorded_row: RecordedRow | None, is_order: bool) -> str:
    """A line about a row that differs, with its current values."""
    row_values = " | ".join(row.values)[:240].encode("utf-8", "replace").decode()  # a page may contain a lone surrogate
    current = f"now {row_values or 'nothing'}"
    if recorded_row is None:
        kind = "not recorded"
    elif is_order:
        kind = "the same in another order"
    else:
        kind = f"{recorded_row.word} -> {row.word}" if recorded_row.word != row.word else "values differ"
    return f"{row.id}{f' ({row.about[:80]})' if row.about else ''}: {kind}; {current}"


def record(part: str, rows: Sequence[Row]) -> str:
    """Write the file of a part; returns a report line."""
    recorded_rows = [RecordedRow.from_row(row) for row in rows]
    if len({recorded_row.id for recorded_row in recorded_rows}) < len(recorded_rows):
        raise SystemExit(f"{part}: two rows have the same id")
    RECORD_FOLDER.mkdir(exist_ok=True)
    text = "".join(f"{recorded_row.line}\n" for recorded_row in recorded_rows)
    (RECORD_FOLDER / f"{part}.txt").write_text(text, encoding="utf-8", newline="\n")
    return f"{len(rows)} rows recorded, {len(text) / 1000:.0f} kB"


def check(part: str, rows: Sequence[Row]) -> tuple[str, bool]:
    """The report on a part, and whether it is as recorded."""
    if not (RECORD_FOLDER / f"{part}.txt").is_file():
        return "nothing was recorded", False
    comparison = Comparison.compare(part, rows)
    count = len(comparison.differing)
    report = f"{comparison.rows} rows, {count} differ" + (
        f", {comparison.order_only} only in their order" if count else ""
    )
    return "\n  ".join([report, *comparison.differing[:MAX_SHOWN_ROWS]]), not count


def compute_rows(part: str) -> list[Row]:
    """The rows of a part, computed in a process and a folder of its own, with no settings of this machine."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("SWORDNET_")}
    env["PYTHONHASHSEED"] = "0"
    with tempfile.TemporaryDirectory(prefix="swordnet-decisions-") as folder:
        command = [sys.executable, str(Path(__file__).resolve()), "--compute", part]
        result = subprocess.run(
            command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
        )
        if result.returncode:
            raise RuntimeError(f"could not be computed\n{result.stderr[-2000:]}")
        return [Row(**row) for row in read_json_lines(Path(folder) / "computed.jsonl")]


def write_rows(part: str) -> None:
    """Write the rows of a part into the current folder; runs in the part's own process."""
    with Path("computed.jsonl").open("w", encoding="utf-8") as out:
        for row in PARTS[part][0]():
            out.write(json.dumps(asdict(row)) + "\n")


def process_part(part: str, is_record: bool) -> bool:
    """Record or check a part and print the report; False if anything differs."""
    data_path = PARTS[part][1]
    if not data_path.exists():
        print(f"{part}: left out, {data_path} is not there", flush=True)
        return True
    begun = time.perf_counter()
    try:
        rows = compute_rows(part)
        report, is_ok = (record(part, rows), True) if is_record else check(part, rows)
    except RuntimeError as error:
        report, is_ok = str(error), False
    first, *more = report.split("\n")
    print("\n".join([f"{part}: {first} ({time.perf_counter() - begun:.0f} s)", *more]), flush=True)
    return is_ok


def main() -> int:
    """Record or check; exit code 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--record", action="store_true", help="write what is decided now into bench/decisions")
    mode.add_argument("--check", action="store_true", help="compare with what was recorded (what it does by itself)")
    mode.add_argument("--compute", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    arguments = parser.parse_args()
    if arguments.compute:
        write_rows(arguments.compute)
        return 0
    with ThreadPoolExecutor(2) as pool:
        part_results = list(
            pool.map(
                lambda part: process_part(part, arguments.record),
                [part for part in arguments.only if part != LAST_PART],
            )
        )
    if LAST_PART in arguments.only:
        part_results.append(process_part(LAST_PART, arguments.record))
    return 0 if all(part_results) else 1


if __name__ == "__main__":
    sys.exit(main())
