"""A command that reads, started in a folder without a database, says so and leaves the folder as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from crawler.errors import StoreError
from crawler.store import Store
from desk.cli import application

HIT = "0123456789ab"
COMMANDS = (
    "hits list",
    f"hits show {HIT}",
    f"hits recheck {HIT}",
    f"hits judge {HIT} not",
    f"hits undo {HIT}",
    "hits rules",
    "hits unteach 1",
    "hits export hits.csv",
    "hits filters",
    "cases list",
    f"cases show {HIT}",
    "works list",
    "works show W-001",
    "works retire W-001",
    "works release W-001",
    "works official Publisher --seller Shop",
    "works check",
    "works export works.csv",
    "works edit W-001 --title Other",
    "works delete W-001 --yes",
    "works aliases",
    "outlets list",
    "outlets propose",
    "outlets confirm host copies.example",
    "outlets withdraw 1",
    "status",
    "runs",
    "report night",
    "report quality",
    "calibrate",
    "forget Shop",
    "rematch",
    "must-find",
    "schedule",
    "night",
    "crawl kongfz",
    "crawl kongfz --work W-001",
    "db backup copy.db",
    "db migrate sqlite:///other.db",
)
WITHOUT_DATABASE = {  # commands that read no database, or may create one
    "crawl",
    "demo",
    "doctor",
    "init",
    "links",
    "match",
    "platforms",
    "read",
    "save",
    "site add",
    "site list",
    "site try",
    "worker",
    "works import",
    "db upgrade",
    "db restore",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_folder_stays_empty(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contact.toml").write_text('[crawl]\ncontact = "watch@example.org"\n')
    result = CliRunner().invoke(application(), [*command.split(), "--config", "contact.toml"])
    assert isinstance(result.exception, StoreError), result.output
    assert f"no database {tmp_path / 'swordnet.db'}" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["contact.toml"]


def test_every_command_is_tried_or_needs_no_database() -> None:
    names = {
        f"{name} {part}".strip()
        for name, command in get_command(application()).commands.items()  # type: ignore[attr-defined]
        for part in getattr(command, "commands", {"": command})
    }
    tried = {name for name in names if any(f"{command} ".startswith(f"{name} ") for command in COMMANDS)}
    assert names - tried == {name for name in WITHOUT_DATABASE if name not in tried}


def test_an_empty_file_is_no_database_and_stays_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "swordnet.db").touch()
    result = CliRunner().invoke(application(), ["hits", "list"])
    assert "works import" in str(result.exception)
    Store.open(f"sqlite:///{tmp_path}/swordnet.db").close()
    assert CliRunner().invoke(application(), ["hits", "list"]).exit_code == 0


def test_works_import_and_init_create_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "works.csv").write_text("id,title\nA,The Lampwright of Quay Nine\n", encoding="utf-8")
    assert CliRunner().invoke(application(), ["works", "import", "works.csv"]).exit_code == 0
    assert CliRunner().invoke(application(), ["works", "list"]).exit_code == 0
    assert CliRunner().invoke(application(), ["init", "new"]).exit_code == 0
    assert CliRunner().invoke(application(), ["works", "list", "--config", "new/swordnet.toml"]).exit_code == 0
