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
from pipelines.session_screening import index_cache_of
from screening.index_cache import IndexCache, picture_index_digest

NOW = datetime(2026, 11, 22, tzinfo=UTC)
WORKS = [Work(id="W1", title="长夜里的灯塔守望者"), Work(id="W2", title="远山之外的那一封信")]
LISTING = Listing(platform="kongfz", kind=ListingKind.OFFER, url="https://a.test/1", title="远山之外的那一封信 PDF")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        yield opened


def open_machine(store: Store, folder: Path, name: str) -> IndexCache:
    cluster = ClusterConfig(index=str(folder / name), hand_out=True)
    config = Config(store=StoreConfig(blobs=str(folder / "blobs")), cluster=cluster)
    cache = index_cache_of(Session(config=config, store=store))
    assert cache is not None
    return cache


def test_one_machine_builds_the_index_of_titles_and_the_others_fetch_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = list(WORKS)
    first, second = open_machine(store, tmp_path, "first"), open_machine(store, tmp_path, "second")
    assert first.ensure_title_index(works) == "built"
    assert first.ensure_title_index(works) == "kept"
    expected = Assessor(works).assess(LISTING, Context(now=NOW))

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(build, "build_arrays", never)
    others = list(WORKS)
    assert second.ensure_title_index(others) == "fetched"
    assert Assessor(others).assess(LISTING, Context(now=NOW)) == expected
    assert expected[0].work_id == "W2"


def test_another_registry_is_another_version(store: Store, tmp_path: Path) -> None:
    first, second = open_machine(store, tmp_path, "first"), open_machine(store, tmp_path, "second")
    works = list(WORKS)
    assert first.ensure_title_index(works) == "built"
    renamed = [WORKS[0], evolve(WORKS[1], title="别的名字一封信")]
    assert second.ensure_title_index(renamed) == "built"
    assert first.ensure_title_index(renamed) == "fetched"
    assert not Assessor(renamed).assess(LISTING, Context(now=NOW))


def test_a_version_that_is_not_whole_is_built_anew(store: Store, tmp_path: Path) -> None:
    first, second = open_machine(store, tmp_path, "first"), open_machine(store, tmp_path, "second")
    works = list(WORKS)
    first.ensure_title_index(works)
    for digest in first.blobs.version_digests():
        first.blobs.remove(digest)
        break
    assert second.ensure_title_index(works) == "built"


def test_an_index_of_pictures_is_of_these_pictures_and_this_format() -> None:
    assert picture_index_digest(["b", "a"], "1") == picture_index_digest(["a", "b"], "1")
    assert len({picture_index_digest(*arguments) for arguments in ((["a"], "1"), (["a"], "2"), (["a", "b"], "1"))}) == 3
