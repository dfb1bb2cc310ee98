"""Time the import of a list of works without pictures: reading and checking, storing, storing it again.

    python bench/works_import.py [--works 100000] [--kind csv|jsonl|xlsx]

The list is invented and the same for the same size; works have aliases, creators, an ISBN, a price and a licence.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from openpyxl import Workbook

from crawler.store import Store
from registry.works_reader import read_works

T = TypeVar("T")

SYLLABLES = "山河云海风雨星辰春秋日月金石竹林花鸟鱼龙书剑琴棋东南西北千百万年"


def invent_rows(count: int) -> Iterator[dict[str, str]]:
    """Invented works as rows of a table."""
    chance = random.Random(7)
    for number in range(count):
        title = "".join(chance.choices(SYLLABLES, k=chance.randint(2, 9)))
        body = f"9787{number:08d}"
        check = -sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(body)) % 10
        yield {
            "id": f"W{number:07d}",
            "title": title,
            "aliases": f"{title}全集|{title} 典藏版",
            "kind": "book",
            "creators": "".join(chance.choices(SYLLABLES, k=3)),
            "publisher": "云海书局",
            "owner": "云海文化",
            "year": str(chance.randint(1980, 2026)),
            "identifiers": f"isbn:{body}{check}",
            "list_price": f"{chance.randint(20, 199)}.80",
            "currency": "CNY",
            "licences": "platform=kongfz;seller=云海书店;territory=CN;since=2026-01-01;until=2026-12-31",
            "released_on": "2020-05-01",
        }


def write_list(path: Path, count: int) -> None:
    """Write a list of `count` works in the format of the path's suffix."""
    if path.suffix == ".jsonl":
        lists = {"aliases", "creators", "licences"}
        with path.open("w", encoding="utf-8") as out:
            for row in invent_rows(count):
                typed_row = {name: value.split("|") if name in lists else value for name, value in row.items()}
                typed_row["licences"] = [dict(pair.split("=") for pair in row["licences"].split(";"))]
                typed_row["identifiers"] = {"isbn": row["identifiers"].removeprefix("isbn:")}
                out.write(json.dumps(typed_row, ensure_ascii=False) + "\n")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as out:
            table = csv.DictWriter(out, list(next(invent_rows(1))))
            table.writeheader()
            table.writerows(invent_rows(count))
    else:
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.append(list(next(invent_rows(1))))
        for row in invent_rows(count):
            sheet.append(list(row.values()))
        book.save(path)


def main() -> None:
    """Generate, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--works", type=int, default=100_000)
    parser.add_argument("--kind", choices=("csv", "jsonl", "xlsx"), default="csv")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"works.{arguments.kind}"
        write_list(path, arguments.works)
        seconds, works = time_call(lambda: read_works(path))
        now = datetime.now(UTC)
        with Store.open(f"sqlite:///{folder}/works.db") as store:
            store_seconds, counts = time_call(lambda: store.works.import_works(works, now))
            repeat_seconds, repeat_counts = time_call(lambda: store.works.import_works(works, now))
            load_seconds, work_count = time_call(lambda: sum(1 for _ in store.works.all_works()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{arguments.kind}: {len(works)} works read and checked in {seconds:.1f} s, {peak:.0f} MB at most")
    repeated = f"the same again {repeat_seconds:.1f} s ({repeat_counts})"
    print(f"stored in {store_seconds:.1f} s ({counts}), {repeated}, {work_count} loaded in {load_seconds:.1f} s")


def time_call(function: Callable[[], T]) -> tuple[float, T]:
    """The seconds that `act` takes, and its result."""
    begun = time.perf_counter()
    result = function()
    return time.perf_counter() - begun, result


if __name__ == "__main__":
    main()
