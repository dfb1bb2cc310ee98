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

DEPLOY_FOLDER = ROOT / "deploy"
UNIT_FILES = sorted((ROOT / "docs" / "nights").glob("*.service"))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def command_names() -> set[str]:
    group: Any = get_command(application())
    return set(group.commands)


def dockerfile_steps() -> list[tuple[str, str]]:
    parser = DockerfileParser(path=str(DEPLOY_FOLDER / "Dockerfile"), cache_content=True)
    return [(step["instruction"], step["value"]) for step in parser.structure]


def test_the_image_is_built_from_what_is_there_and_does_not_run_as_root() -> None:
    image_steps = dockerfile_steps()
    assert next(value for name, value in image_steps if name not in ("COMMENT", "ARG", "FROM")) is not None
    assert {name for name, _ in image_steps} <= {
        "COMMENT",
        "FROM",
        "RUN",
        "WORKDIR",
        "COPY",
        "USER",
        "ENTRYPOINT",
        "CMD",
    }
    for value in (value for name, value in image_steps if name == "COPY"):
        assert all((ROOT / source).exists() for source in value.split()[:-1]), value
    assert [value for name, value in image_steps if name == "USER"][-1] not in ("root", "0")
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    copied = {value.split()[0] for name, value in image_steps if name == "COPY"}
    assert packages <= copied, "every package of the program"
    (entry,) = [json.loads(value) for name, value in image_steps if name == "ENTRYPOINT"]
    assert entry == ["swordnet"]


def test_the_services_run_commands_that_there_are_with_settings_that_hold(tmp_path: Path) -> None:
    compose = yaml.safe_load((DEPLOY_FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert {services[name]["command"][0] for name in ("night", "worker")} <= command_names()
    mounted = {volume.partition(":")[0] for name in services for volume in services[name]["volumes"]}
    assert {path for path in mounted if not path.startswith(".")} == set(compose["volumes"])
    assert all((DEPLOY_FOLDER / path).exists() for path in mounted if path.startswith("."))
    environment = services["worker"]["environment"]
    config = load_config(DEPLOY_FOLDER / "swordnet.toml", {"SWORDNET_DATABASE": environment["SWORDNET_DATABASE"]})
    assert config.cluster.hand_out
    assert config.store.url.startswith("postgresql+psycopg://")
    assert int(services["worker"]["stop_grace_period"].rstrip("s")) > config.cluster.patience
    data_folder = "/var/lib/swordnet/"
    assert all(
        path.startswith(data_folder) for path in (config.store.blobs, config.cluster.index, config.night.reports)
    )
    assert f"blobs:{data_folder.rstrip('/')}" in services["worker"]["volumes"]


@pytest.mark.parametrize("unit", UNIT_FILES, ids=lambda path: path.name)
def test_the_units_of_systemd_start_commands_that_there_are(unit: Path) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(unit, encoding="utf-8")
    words = parser["Service"]["ExecStart"].split()
    assert words[:2] == ["/usr/bin/env", "swordnet"]
    assert words[2] in command_names()


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
        asyncio.run(create_queue(store))
        before = list(store.hits.find_hits(HitQuery()))
    dump = tmp_path / "night.dump"
    run_program(postgres, "pg_dump", "--format=custom", f"--file={dump}", "kept")
    restored_url = postgres.create("back")
    run_program(postgres, "pg_restore", "--dbname=back", "--exit-on-error", str(dump))
    with Store.open(restored_url) as store:
        assert list(store.hits.find_hits(HitQuery())) == before
        assert store.queue.count_open_units("r1") == 2
        asyncio.run(create_queue(store))
        reclaimed = store.queue.claim(unit.id, "b:2:2", datetime.now(UTC), 60)
        assert isinstance(reclaimed, Unit), "what was being done when it was dumped is done again"


async def create_queue(store: Store) -> None:
    async with open_app(store).open_async() as queue:
        await create_queue_tables(queue)


def run_program(postgres: PostgresServer, program: str, *arguments: str) -> None:
    folder = (postgres.bin / "pg_ctl").resolve().parent  # initdb and pg_ctl may be links, without pg_dump beside them
    command = [str(folder / program), "--host", str(postgres.folder), "--username=swordnet", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
