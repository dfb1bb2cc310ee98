"""The docs are true: what the README prints runs, what is generated is current, links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from desk.cli import application
from desk.matcher_tables import renew_tables
from desk.platforms import platforms_markdown
from tests.conftest import ROOT

READMES = ("README.md", "README.zh.md")
NIGHT_FOLDER = ROOT / "fixtures" / "night"


def readme_commands(name: str) -> list[str]:
    """The lines of the README's shell blocks, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.S)
    lines = (line.split("#")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


@pytest.mark.slow
@pytest.mark.browser
def test_every_command_of_the_readme_works_as_printed(tmp_path: Path) -> None:
    bin_folder = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "SWORDNET_REPLAY": str(NIGHT_FOLDER)}
    folder = tmp_path
    commands_run = []
    for line in readme_commands(READMES[0]):  # the other prints the same ones
        words = shlex.split(line)
        if words[0] == "cd":
            folder = folder / words[1]
        elif words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.M), line
        else:
            assert shutil.which(words[0], path=env["PATH"]), line
            result = subprocess.run(
                words, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False
            )
            assert result.returncode == 0, f"{line}\n{result.stdout}{result.stderr}"
            commands_run.append(words[1])
    assert {"init", "works", "night", "crawl", "hits"} <= set(commands_run)
    assert (folder / "hits.csv").exists()


def test_both_readmes_print_the_same_commands() -> None:
    assert readme_commands(READMES[0]) == readme_commands(READMES[1])


def test_the_table_of_platforms_is_current() -> None:
    assert (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8") == platforms_markdown(), "run: make docs"


def test_the_tables_of_matchers_are_current() -> None:
    page = (ROOT / "docs" / "matchers.md").read_text(encoding="utf-8")
    assert page == renew_tables(page), "run: make docs"


def test_links_within_the_docs_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_has_help_with_an_example() -> None:
    def check_commands(command: typer.core.TyperGroup, path: str) -> None:
        for name, subcommand in command.commands.items():
            if isinstance(subcommand, typer.core.TyperGroup):
                check_commands(subcommand, f"{path} {name}")
            else:
                assert subcommand.help, f"{path} {name}"
                options = {option for parameter in subcommand.params for option in parameter.opts}
                assert {"--quiet"} <= options, f"{path} {name}"
                assert "--config" in options or name in ("init", "demo"), f"{path} {name}"
                assert (subcommand.epilog or "").startswith(f"Example: {path} {name}"), f"{path} {name}"

    group = typer.main.get_command(application())
    assert isinstance(group, typer.core.TyperGroup)
    check_commands(group, "swordnet")


def test_pipelines_only_adapt() -> None:
    sizes = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "pipelines").glob("[a-z]*.py")}
    assert {"duplicates.py", "pictures.py", "links.py", "match.py", "store.py", "session_screening.py"} == set(sizes)
    assert max(sizes.values()) <= 50, sizes


def test_what_scripts_and_docs_import_exists() -> None:
    texts = [*(ROOT / "tools").glob("*.sh"), *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    imports = [
        (module, name.strip())
        for path in texts
        for module, names in re.findall(
            r"^\s*from ((?:crawler|registry|spiders|matchers|screening|pipelines|desk)[\w.]*) import ([\w, ]+)$",
            path.read_text(encoding="utf-8"),
            re.M,
        )
        for name in names.split(",")
    ]
    assert ("crawler.web.chromium", "find_executable") in imports
    assert [(module, name) for module, name in imports if not hasattr(import_module(module), name)] == []
