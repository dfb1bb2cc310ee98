"""What docs/deployment.md tells can be done: container files and units are right, a backup comes back."""

from __future__ import annotations

import asyncio
import configparser
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser
from typer.main import get_command

from crawler.cluster.jobs import create_queue_tables, open_app
from crawler.config import load_config
from crawler.items import Ask, AssessedListing, Assessment, Decision, Listing, ListingKind, Unit, UnitKind, Work
from crawler.store import HitQuery, Store
from desk.cli import application
from tests.conftest import ROOT
from tests.postgres import PostgresServer

DEPLOY = ROOT / "deploy"
UNITS = sorted((ROOT / "docs" / "nights").glob("*.service"))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def commands() -> set[str]:
    made: Any = get_command(application())
    return set(made.commands)


def steps() -> list[tuple[str, str]]:
    parser = DockerfileParser(path=str(DEPLOY / "Dockerfile"), cache_content=True)
    return [(each["instruction"], each["value"]) for each in parser.structure]


def test_the_image_is_built_from_what_is_there_and_does_not_run_as_root() -> None:
    found = steps()
    assert next(value for name, value in found if name not in ("COMMENT", "ARG", "FROM")) is not None
    assert {name for name, _ in found} <= {"COMMENT", "FROM", "RUN", "WORKDIR", "COPY", "USER", "ENTRYPOINT", "CMD"}
    for value in (value for name, value in found if name == "COPY"):
        assert all((ROOT / source).exists() for source in value.split()[:-1]), value
    assert [value for name, value in found if name == "USER"][-1] not in ("root", "0")
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    copied = {value.split()[0] for name, value in found if name == "COPY"}
    assert packages <= copied, "every package of the program"
    (entry,) = [json.loads(value) for name, value in found if name == "ENTRYPOINT"]
    assert entry == ["swordnet"]


def test_the_services_run_commands_that_there_are_with_settings_that_hold(tmp_path: Path) -> None:
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    services = told["services"]
    assert {services[name]["command"][0] for name in ("night", "worker")} <= commands()
    mounted = {volume.partition(":")[0] for name in services for volume in services[name]["volumes"]}
    assert {each for each in mounted if not each.startswith(".")} == set(told["volumes"])
    assert all((DEPLOY / each).exists() for each in mounted if each.startswith("."))
    environment = services["worker"]["environment"]
    config = load_config(DEPLOY / "swordnet.toml", {"SWORDNET_DATABASE": environment["SWORDNET_DATABASE"]})
    assert config.cluster.hand_out
    assert config.store.url.startswith("postgresql+psycopg://")
    assert int(services["worker"]["stop_grace_period"].rstrip("s")) > config.cluster.patience
    kept = "/var/lib/swordnet/"
    assert all(each.startswith(kept) for each in (config.store.blobs, config.cluster.index, config.night.reports))
    assert f"blobs:{kept.rstrip('/')}" in services["worker"]["volumes"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_the_units_of_systemd_start_commands_that_there_are(unit: Path) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(unit, encoding="utf-8")
    words = parser["Service"]["ExecStart"].split()
    assert words[:2] == ["/usr/bin/env", "swordnet"]
    assert words[2] in commands()


@pytest.mark.slow
def test_a_dump_of_postgresql_comes_back_whole_and_goes_on(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.create("kept", template="empty")
    with Store.open(url) as store:
        store.works.import_works([Work(id="W1", title="潮汐表")], NOW)
        store.runs.start_run("r1", "2026-11-22", NOW, "night")
        store.queue.plan_units("r1", "kongfz", UnitKind.QUESTION, 1, [(Ask(question="a"),), (Ask(question="b"),)])
        unit = store.queue.claim_next("r1", "a:1:1", NOW, 60)
        assert isinstance(unit, Unit)
        offer = Listing(platform="kongfz", kind=ListingKind.OFFER, url="https://a.test/1", title="潮汐表", seen_at=NOW)
        hit = Assessment(work_id="W1", identity=0.97, offence=0.9, decision=Decision.HIT)
        store.hits.write_batch([AssessedListing(listing=offer, assessments=(hit,))], unit, NOW)
        asyncio.run(with_queue(store))
        before = list(store.hits.find_hits(HitQuery()))
    dump = tmp_path / "night.dump"
    run(postgres, "pg_dump", "--format=custom", f"--file={dump}", "kept")
    back = postgres.create("back")
    run(postgres, "pg_restore", "--dbname=back", "--exit-on-error", str(dump))
    with Store.open(back) as store:
        assert list(store.hits.find_hits(HitQuery())) == before
        assert store.queue.count_open_units("r1") == 2
        asyncio.run(with_queue(store))
        again = store.queue.claim(unit.id, "b:2:2", datetime.now(UTC), 60)
        assert isinstance(again, Unit), "what was being done when it was dumped is done again"


async def with_queue(store: Store) -> None:
    async with open_app(store).open_async() as queue:
        await create_queue_tables(queue)


def run(postgres: PostgresServer, program: str, *arguments: str) -> None:
    folder = (postgres.bin / "pg_ctl").resolve().parent  # initdb and pg_ctl may be links, without pg_dump beside them
    command = [str(folder / program), "--host", str(postgres.folder), "--username=swordnet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
