"""fixtures/chain: one share sold by three listings, one of them with a wrong code, cancelled between two nights."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bench.draw_chain import FOLDER_ID, LISTINGS, RIGHT_CODE, SHARE_ID, SHOP_URL, WRONG_CODE, write_chain
from tests.conftest import ROOT, Swordnet

CHAIN = ROOT / "fixtures" / "chain"
NIGHTS = {"first": "2026-11-22T01:00:00+00:00", "second": "2026-11-23T02:00:00+00:00"}


def crawl_night(swordnet: Swordnet, folder: Path, night: str) -> list[dict[str, str]]:
    pages = [part for number in LISTINGS for part in ("--url", f"{SHOP_URL}/{number}")]
    result = swordnet(
        "crawl", "shop", *pages, "--replay", str(CHAIN / night), "--now", NIGHTS[night], "--csv", "hits.csv"
    )
    assert result.returncode == 0, result.stdout + result.stderr
    with (folder / "hits.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if row["platform"] == "shop"]


@pytest.mark.slow
def test_the_history_of_a_hit_tells_the_whole_chain(swordnet: Swordnet, tmp_path: Path) -> None:
    assert swordnet("works", "import", str(CHAIN / "works.jsonl")).returncode == 0
    first = {row["url"][-1]: row for row in crawl_night(swordnet, tmp_path, "first")}
    assert {number: row["decision"] for number, row in first.items()} == dict.fromkeys("123", "hit")
    assert {number: row["access_codes"] for number, row in first.items()} == {
        "1": RIGHT_CODE,
        "2": WRONG_CODE,
        "3": RIGHT_CODE,
    }
    assert {row["share_state"] for row in first.values()} == {"alive"}, "the share's own, whatever code was tried"
    assert "code h7Tq; alive" in first["1"]["reasons"]
    assert "code zz99; wrong code" in first["2"]["reasons"]
    assert all("38 of 40 lessons" in row["reasons"] for row in first.values()), "the lessons lie in a folder"

    second = {row["url"][-1]: row for row in crawl_night(swordnet, tmp_path, "second")}
    assert {row["share_state"] for row in second.values()} == {"cancelled"}
    assert {row["first_seen"][:10] for row in second.values()} == {"2026-11-22"}
    assert all("38 of 40 lessons" in row["reasons"] for row in second.values()), "what was seen stays known"

    output = swordnet("hits", "show", second["2"]["hit_id"]).stdout
    states = [" ".join(line.split()[3:]).partition(",")[0] for line in output.splitlines() if "/sharepage/" in line]
    assert sorted(states[:2]) == ["alive", "wrong code"], "both codes were tried at one moment of the frozen clock"
    assert states[2:] == ["cancelled", "cancelled"]
    assert output.index("2026-11-22 01:00:00") < output.index("2026-11-23 02:00:00")


def test_a_share_is_asked_once_with_each_code() -> None:
    requests = sorted(path.parent.name for path in (CHAIN / "first" / "quark").glob("*-*/request.json"))
    assert requests == ["h7Tq-1", "h7Tq-2", "h7Tq-3", "robots-drive-h.quark.cn", "zz99-1"]
    assert FOLDER_ID in (CHAIN / "first" / "quark" / "h7Tq-3" / "request.json").read_text(encoding="utf-8")
    assert SHARE_ID in (CHAIN / "second" / "quark" / "zz99-1" / "request.json").read_text(encoding="utf-8")


def test_the_script_writes_what_is_here(tmp_path: Path) -> None:
    write_chain(tmp_path)
    committed = {path.relative_to(CHAIN): path.read_bytes() for path in CHAIN.rglob("*") if path.is_file()}
    drawn = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert committed == drawn, "run python -m bench.draw_chain"
