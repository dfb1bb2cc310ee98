"""What one machine has built the others fetch; another registry or another program is another version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve

from crawler.config import ClusterConfig, Config, StoreConfig
from crawler.items import Listing, ListingKind, Work
from crawler.store import Store
from crawler.web.session import Session
from matchers.assessor import Assessor
from matchers.matcher import Context
from matchers.titles.index import build
from screening.index_cache import ensure_title_index, picture_index_digest

NOW = datetime(2026, 11, 22, tzinfo=UTC)
WORKS = [Work(id="W1", title="长夜里的灯塔守望者"), Work(id="W2", title="远山之外的那一封信")]
LISTING = Listing(platform="kongfz", kind=ListingKind.OFFER, url="https://a.test/1", title="远山之外的那一封信 PDF")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        yield opened


def machine(store: Store, folder: Path, name: str) -> Session:
    config = Config(store=StoreConfig(blobs=str(folder / "blobs")), cluster=ClusterConfig(index=str(folder / name)))
    return Session(config=config, store=store)


def test_one_machine_builds_the_index_of_titles_and_the_others_fetch_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = list(WORKS)
    first, second = machine(store, tmp_path, "first"), machine(store, tmp_path, "second")
    assert ensure_title_index(first, works) == "built"
    assert ensure_title_index(first, works) == "kept"
    expected = Assessor(works).assess(LISTING, Context(now=NOW))

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(build, "build_arrays", never)
    others = list(WORKS)
    assert ensure_title_index(second, others) == "fetched"
    assert Assessor(others).assess(LISTING, Context(now=NOW)) == expected
    assert expected[0].work_id == "W2"


def test_another_registry_is_another_version(store: Store, tmp_path: Path) -> None:
    first, second = machine(store, tmp_path, "first"), machine(store, tmp_path, "second")
    works = list(WORKS)
    assert ensure_title_index(first, works) == "built"
    renamed = [WORKS[0], evolve(WORKS[1], title="别的名字一封信")]
    assert ensure_title_index(second, renamed) == "built"
    assert ensure_title_index(first, renamed) == "fetched"
    assert not Assessor(renamed).assess(LISTING, Context(now=NOW))


def test_a_version_that_is_not_whole_is_built_anew(store: Store, tmp_path: Path) -> None:
    first, second = machine(store, tmp_path, "first"), machine(store, tmp_path, "second")
    works = list(WORKS)
    ensure_title_index(first, works)
    for digest in first.blobs.version_digests():
        first.blobs.remove(digest)
        break
    assert ensure_title_index(second, works) == "built"


def test_an_index_of_pictures_is_of_these_pictures_and_this_format() -> None:
    assert picture_index_digest(["b", "a"], "1") == picture_index_digest(["a", "b"], "1")
    assert len({picture_index_digest(*each) for each in ((["a"], "1"), (["a"], "2"), (["a", "b"], "1"))}) == 3
