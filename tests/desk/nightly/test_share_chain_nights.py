"""fixtures/chain: one share sold by three listings, one of them with a wrong code, cancelled between two nights."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bench.draw_chain import FOLDER, LISTINGS, RIGHT, SHARE, SHOP, WRONG, write
from tests.conftest import ROOT, Swordnet

CHAIN = ROOT / "fixtures" / "chain"
NIGHTS = {"first": "2026-11-22T01:00:00+00:00", "second": "2026-11-23T02:00:00+00:00"}


def crawled(swordnet: Swordnet, folder: Path, night: str) -> list[dict[str, str]]:
    pages = [part for number in LISTINGS for part in ("--url", f"{SHOP}/{number}")]
    done = swordnet(
        "crawl", "shop", *pages, "--replay", str(CHAIN / night), "--now", NIGHTS[night], "--csv", "hits.csv"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with (folder / "hits.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if row["platform"] == "shop"]


@pytest.mark.slow
def test_the_history_of_a_hit_tells_the_whole_chain(swordnet: Swordnet, tmp_path: Path) -> None:
    assert swordnet("works", "import", str(CHAIN / "works.jsonl")).returncode == 0
    first = {row["url"][-1]: row for row in crawled(swordnet, tmp_path, "first")}
    assert {number: row["decision"] for number, row in first.items()} == dict.fromkeys("123", "hit")
    assert {number: row["access_codes"] for number, row in first.items()} == {"1": RIGHT, "2": WRONG, "3": RIGHT}
    assert {row["share_state"] for row in first.values()} == {"alive"}, "the share's own, whatever code was tried"
    assert "code h7Tq; alive" in first["1"]["reasons"]
    assert "code zz99; wrong_code" in first["2"]["reasons"]
    assert all("38 of 40 lessons" in row["reasons"] for row in first.values()), "the lessons lie in a folder"

    second = {row["url"][-1]: row for row in crawled(swordnet, tmp_path, "second")}
    assert {row["share_state"] for row in second.values()} == {"cancelled"}
    assert {row["first_seen"][:10] for row in second.values()} == {"2026-11-22"}
    assert all("38 of 40 lessons" in row["reasons"] for row in second.values()), "what was seen stays known"

    told = swordnet("hits", "show", second["2"]["hit_id"]).stdout
    history = [line.split()[2].rstrip(",") for line in told.splitlines() if "/sharepage/" in line]
    assert history == ["wrong_code", "alive", "cancelled", "cancelled"]
    assert told.index("2026-11-22 01:00:00") < told.index("2026-11-23 02:00:00")


def test_a_share_is_asked_once_with_each_code() -> None:
    asked = sorted(path.parent.name for path in (CHAIN / "first" / "quark").glob("*-*/request.json"))
    assert asked == ["h7Tq-1", "h7Tq-2", "h7Tq-3", "robots-drive-h.quark.cn", "zz99-1"]
    assert FOLDER in (CHAIN / "first" / "quark" / "h7Tq-3" / "request.json").read_text(encoding="utf-8")
    assert SHARE in (CHAIN / "second" / "quark" / "zz99-1" / "request.json").read_text(encoding="utf-8")


def test_the_script_writes_what_is_here(tmp_path: Path) -> None:
    write(tmp_path)
    ours = {path.relative_to(CHAIN): path.read_bytes() for path in CHAIN.rglob("*") if path.is_file()}
    drawn = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert ours == drawn, "run python -m bench.draw_chain"
