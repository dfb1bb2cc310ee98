"""The demo: the whole job on the bundled night finds every planted infringement and no planted innocent."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from crawler.urls import canonicalize_url
from tests.conftest import ROOT, Swordnet
from tests.postgres import PostgresServer
from tests.sql import connection_to

pytestmark = [pytest.mark.slow, pytest.mark.browser]
EXPECTED_CSV = ROOT / "fixtures" / "works" / "demo" / "expected.csv"


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_demo_finds_all_that_is_planted_and_nothing_else(demo_night: Path) -> None:
    decisions = {
        (canonicalize_url(row["url"]), row["work_id"]): row["decision"] for row in read_rows(demo_night / "hits.csv")
    }
    for row in read_rows(EXPECTED_CSV):
        key = (canonicalize_url(row["address"]), row["work_id"])
        assert decisions.get(key, "dropped") == row["decision"], row
    planted = {
        (canonicalize_url(row["address"]), row["work_id"])
        for row in read_rows(EXPECTED_CSV)
        if row["decision"] == "hit"
    }
    assert {key for key, decision in decisions.items() if decision in ("hit", "review")} == planted
    report = (demo_night / "report.html").read_text(encoding="utf-8")
    assert all(row["title"] in report for row in read_rows(demo_night / "hits.csv") if row["decision"] == "hit")
    assert str(demo_night / "report.html") in (demo_night / "said").read_text(encoding="utf-8")


def test_a_second_demo_in_the_same_folder_writes_the_same(swordnet: Swordnet, demo_night: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_night, tmp_path / "again")
    (tmp_path / "again" / "hits.csv").unlink()
    assert swordnet("demo", "--into", "again", "--quiet").returncode == 0
    assert (tmp_path / "again" / "hits.csv").read_bytes() == (demo_night / "hits.csv").read_bytes()


def test_the_demo_finds_the_same_on_postgresql(
    swordnet: Swordnet, demo_night: Path, tmp_path: Path, postgres: PostgresServer
) -> None:
    address = postgres.create("demo", template="empty")
    result = swordnet("demo", "--into", "server", "--quiet", env={"SWORDNET_DATABASE": address})
    assert result.returncode == 0, result.stdout + result.stderr
    assert not (tmp_path / "server" / "swordnet.db").exists()
    assert (tmp_path / "server" / "hits.csv").read_bytes() == (demo_night / "hits.csv").read_bytes()


def test_two_workers_on_postgresql_write_the_same_list(
    swordnet: Swordnet, demo_night: Path, tmp_path: Path, postgres: PostgresServer
) -> None:
    address = postgres.create("crew", template="empty")
    result = swordnet("demo", "--into", "crew", "--quiet", "--workers", "2", env={"SWORDNET_DATABASE": address})
    assert result.returncode == 0, result.stdout + result.stderr
    with connection_to(address) as connection:
        kinds = set(connection.execute(text("SELECT kind FROM runs")).scalars())
        holders = set(connection.execute(text("SELECT holder FROM units")).scalars())
    assert kinds == {"replay"}
    assert holders - {None}, "nobody says that a unit was theirs"
    assert (tmp_path / "crew" / "hits.csv").read_bytes() == (demo_night / "hits.csv").read_bytes()


def test_a_demo_whose_workers_cannot_work_ends_and_says_so(swordnet: Swordnet) -> None:
    result = swordnet("demo", "--into", "night", "--quiet", "--workers", "1", timeout=60)
    assert result.returncode == 4
    assert "PostgreSQL" in result.stderr


def test_the_demo_speaks_chinese(swordnet: Swordnet, tmp_path: Path) -> None:
    result = swordnet("demo", "--into", "night", "--language", "zh")
    assert result.returncode == 0
    assert "线索 CSV" in result.stdout
    assert '<html lang="zh-CN"' in (tmp_path / "night" / "report.html").read_text(encoding="utf-8")


def test_hits_say_why_and_can_be_listed_shown_and_exported(
    swordnet: Swordnet, demo_night: Path, tmp_path: Path
) -> None:
    config_option = ("--config", str(demo_night / "swordnet.toml"))
    listed = json.loads(swordnet("hits", "list", "--json", "--decision", "hit", *config_option).stdout)
    assert len(listed) == sum(row["decision"] == "hit" for row in read_rows(EXPECTED_CSV))
    assert all(row["reasons"] for row in listed)
    share = next(row for row in listed if row["share_links"] and row["platform"] == "kongfz")
    details = swordnet("hits", "show", share["hit_id"][:8], *config_option).stdout
    assert share["work_title"] in details
    assert share["share_links"][0] in details
    assert share["access_codes"] == ["".join(share["access_codes"])]
    assert share["share_state"] == ["alive"]
    assert swordnet("hits", "export", "all.xlsx", *config_option).returncode == 0
    assert (tmp_path / "all.xlsx").stat().st_size > 5000
    empty_result = swordnet("hits", "export", "none.csv", "--platform", "nowhere", *config_option)
    assert empty_result.returncode == 3
    assert not (tmp_path / "none.csv").exists()
