"""`swordnet hits` over a small store: lists, exports and verdicts as a user asks for them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from crawler.store import Store
from desk.cli import application
from tests.judged_store import NOW, make_offers, make_works, record_crawl

Run = Callable[..., Result]
WORKS = make_works(3)
OFFERS = make_offers(WORKS, 4)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Three works, each with a file, a photocopy, a new and a used book, seen in one night."""
    monkeypatch.chdir(tmp_path)
    with Store.open(f"sqlite:///{tmp_path}/swordnet.db") as opened:
        opened.works.import_works(WORKS, NOW)
        record_crawl(opened, OFFERS, "r1", NOW)
        yield opened


@pytest.fixture
def desk(store: Store) -> Run:
    """Run `swordnet ARGUMENTS` in the folder of the store."""
    return lambda *arguments: CliRunner().invoke(application(), [str(argument) for argument in arguments])


def exported_urls(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["url"] for row in csv.DictReader(file)]


def test_only_an_export_since_the_last_one_moves_its_position(desk: Run, store: Store, tmp_path: Path) -> None:
    first, plain, second, third = (tmp_path / f"{name}.csv" for name in ("first", "plain", "second", "third"))
    days = [("--now", (NOW + timedelta(days=day)).isoformat()) for day in range(1, 7)]
    assert desk("hits", "export", first, "--since-last", "--by", "li", *days[0]).exit_code == 0
    record_crawl(store, [make_offers(WORKS, 5)[4]], "r2", NOW + timedelta(days=2))
    assert desk("hits", "export", plain, "--by", "li", *days[2]).exit_code == 0
    assert len(exported_urls(plain)) == len(exported_urls(first)) + 1
    assert desk("hits", "export", second, "--since-last", "--by", "li", *days[3]).exit_code == 0
    assert len(exported_urls(second)) == 1
    assert type(desk("hits", "export", third, "--since-last", "--by", "li", *days[4]).exception).__name__ == (
        "NothingToDo"
    )
