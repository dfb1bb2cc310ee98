"""Addresses as people type them: completed where they begin with a host name, else refused at once by the option."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crawler.errors import BadInput, DatabaseMissing
from crawler.store import KnownPositive, Store
from desk.cli import application
from tests.judged_store import NOW, make_works


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "swordnet.toml").write_text('[crawl]\ncontact = "watch@example.org"\n', encoding="utf-8")
    with Store.open(f"sqlite:///{tmp_path}/swordnet.db") as store:
        store.works.import_works(make_works(1), NOW)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("crawl shop --url foo", "--url"),
        ("crawl kongfz --url https://book.kongfz.com/1/2/ --url foo", "--url"),
        ("crawl share --url foo", "--url"),
        ("must-find W0000 foo", "URL"),
        ("save kongfz foo offer", "URL"),
    ],
)
def test_what_is_no_address_is_refused_at_once(command: str, option: str) -> None:
    started = time.monotonic()
    error = CliRunner().invoke(application(), command.split()).exception
    assert isinstance(error, BadInput)
    assert [problem.file for problem in error.problems] == [option]
    assert "'foo'" in str(error)
    assert time.monotonic() - started < 5


def test_every_wrong_address_of_a_list_is_named() -> None:
    urls = ("foo", "shop.example/1", "ftp://shop.example/2", "127.0.0.1:8802/3")
    arguments = [part for url in urls for part in ("--url", url)]
    error = CliRunner().invoke(application(), ["crawl", "shop", *arguments]).exception
    assert isinstance(error, BadInput)
    assert [problem.message.partition(" ")[0].strip("'") for problem in error.problems] == [urls[0], urls[2], urls[3]]


def test_a_crawl_opens_the_completed_address(monkeypatch: pytest.MonkeyPatch) -> None:
    plans = []

    def record(_config: object, plan: object, **_: object) -> None:
        plans.append(plan)
        raise DatabaseMissing("x")

    monkeypatch.setattr("desk.crawling.crawl", record)
    CliRunner().invoke(application(), ["crawl", "kongfz", "--url", "book.kongfz.com/1/2/"])
    ((kinds,),) = [plan.asks.values() for plan in plans]
    assert [ask.url for asks in kinds.values() for ask in asks] == ["https://book.kongfz.com/1/2/"]


def test_a_known_listing_is_registered_and_dropped_by_a_typed_address(folder: Path) -> None:
    runner, typed = CliRunner(), "book.kongfz.com/1/2/"
    assert runner.invoke(application(), ["must-find", "W0000", typed]).exit_code == 0
    expected = KnownPositive(url="https://book.kongfz.com/1/2/", platform="kongfz", work="W0000")
    with Store.open(f"sqlite:///{folder}/swordnet.db") as store:
        assert store.rechecks.all_positives() == [expected]
    assert runner.invoke(application(), ["must-find", "--drop", typed]).exit_code == 0
    with Store.open(f"sqlite:///{folder}/swordnet.db") as store:
        assert store.rechecks.all_positives() == []
