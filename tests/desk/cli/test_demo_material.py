"""The demo's night: complete for the spiders as they are now, honest about what is planted, and drawn by its script."""

import csv
import io
import json
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from imagehash import phash
from PIL import Image, ImageChops, ImageStat

from bench.draw_demo import write_material
from crawler.archives import open_archive
from crawler.archives.archive import Archive, RecordedResponse
from crawler.items import Listing, Work
from crawler.page import LayoutError, Page, Request
from crawler.urls import canonicalize_url
from registry.query_planning import name_queries
from registry.works_reader import read_works
from spiders import Platform
from spiders.appgallery import AppGallery
from spiders.appstore import AppStore
from spiders.catalogue import platform_for
from spiders.kongfz import Kongfz
from tests import ROOT

FIXTURES = ROOT / "fixtures"
DEMO, NIGHT = FIXTURES / "works" / "demo", FIXTURES / "night"
SHARE_URL = "https://pan.quark.cn/s/9f31c0de77ab"


@pytest.fixture(scope="module")
def works() -> list[Work]:
    return read_works(DEMO / "works.jsonl")


@pytest.fixture(scope="module")
def night() -> Archive:
    return open_archive(NIGHT)


@pytest.fixture(scope="module")
def expected() -> list[dict[str, str]]:
    with (DEMO / "expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def is_same_picture(path: Path, other_path: Path) -> bool:
    first, second = Image.open(path).convert("RGB"), Image.open(other_path).convert("RGB")
    return first.size == second.size and max(ImageStat.Stat(ImageChops.difference(first, second)).mean) < 2


def test_the_script_writes_what_is_here(tmp_path: Path) -> None:
    write_material(tmp_path)
    for folder in ("works/demo", "night"):
        committed, drawn = files(FIXTURES / folder), files(tmp_path / folder)
        assert sorted(committed) == sorted(drawn), "run python -m bench.draw_demo"
        for name, path in committed.items():
            if path.suffix in (".png", ".jpg"):
                assert is_same_picture(path, drawn[name]), name
            else:
                assert path.read_bytes() == drawn[name].read_bytes(), f"{name}: run python -m bench.draw_demo"


def test_the_works_are_valid_and_their_pictures_tell_them_apart(works: list[Work]) -> None:
    assert len(works) == 12
    assert {work.kind for work in works} == {"book", "course", "app", "film"}
    assert all(work.images and work.images[0].width for work in works)
    hashes = {work.id: phash(Image.open(work.images[0].url)) for work in works}
    distances = {pair: hashes[pair[0]] - hashes[pair[1]] for pair in combinations(hashes, 2)}
    assert min(distances.values()) > 16, distances


@pytest.mark.parametrize("platform", [Kongfz, AppStore, AppGallery])
def test_every_question_has_its_answer(works: list[Work], night: Archive, platform: type[Platform]) -> None:
    spider = platform()
    queries = name_queries(works, spider.kind)
    assert queries
    for query in queries:
        requests = spider.search(query)
        for request in [requests] if isinstance(requests, Request) else requests:
            assert night.find_response(request.method, request.url, request.body, spider.volatile), query


def read_listings(answer: RecordedResponse) -> list[Listing]:
    spider = platform_for(answer.url)()
    page = Page(url=answer.url, body=answer.body, content_type=answer.content_type, values=answer.values)
    return [result for result in spider.read(page) if isinstance(result, Listing)]


def is_shell(answer: RecordedResponse) -> bool:
    return answer.url.startswith("https://appgallery.") and answer.content_type.startswith("text/html")


@pytest.fixture(scope="module")
def listings(night: Archive) -> list[Listing]:
    """What the spiders read; of the pages that a script draws, the data behind them."""
    pages = [answer for answer in night if answer.content_type.startswith(("text/html", "application/json"))]
    return [listing for page in pages if not is_shell(page) for listing in read_listings(page)]


def test_what_is_expected_is_in_the_night_and_nothing_else(
    listings: list[Listing], works: list[Work], expected: list[dict[str, str]]
) -> None:
    addresses = [row["address"] for row in expected]
    assert {listing.url for listing in listings} == set(addresses)
    assert len(set(addresses)) == len(addresses)
    assert all(canonicalize_url(address) == address for address in addresses)
    assert {row["work_id"] for row in expected} - {""} <= {work.id for work in works}
    assert Counter(row["decision"] for row in expected) == {"hit": 10, "licensed": 3, "dropped": 7}
    reasons = [row["planted"] for row in expected if row["decision"] == "hit"]
    assert len(set(reasons)) == len(reasons)


def test_every_listing_can_be_opened_and_every_picture_fetched(listings: list[Listing], night: Archive) -> None:
    for listing in listings:
        spider = platform_for(listing.url)()
        code = "t8Kd" if spider.name == "quark" else None
        request = spider.open(listing.url, code)
        assert night.find_response(request.method, request.url, request.body, spider.volatile), listing.url
        for picture in listing.pictures:
            answer = night.find_response("GET", picture.url)
            assert answer, picture.url
            assert Image.open(io.BytesIO(answer.body)).size >= (192, 192)


def test_an_offers_row_and_its_own_page_agree(listings: list[Listing]) -> None:
    offers = [listing for listing in listings if listing.platform == "kongfz"]
    pages = {listing.url: listing for listing in offers if listing.whole}
    rows = {listing.url: listing for listing in offers if not listing.whole}
    assert set(pages) == set(rows)
    for url, row in rows.items():
        own_page = pages[url]
        assert (row.title.split(), row.seller, row.price, row.identifiers, row.pictures) == (
            own_page.title.split(),
            own_page.seller,
            own_page.price,
            own_page.identifiers,
            own_page.pictures,
        )


def test_the_share_is_hidden_from_the_row(listings: list[Listing]) -> None:
    own_page = [listing for listing in listings if SHARE_URL in listing.text]
    assert [listing.whole for listing in own_page] == [True]
    (row,) = [listing for listing in listings if listing.url == own_page[0].url and not listing.whole]
    assert row.title == "三十天水彩夜景 顾青禾"
    assert "t8Kd" in own_page[0].text
    (share,) = [listing for listing in listings if listing.url == SHARE_URL]
    assert all("三十天水彩夜景" in file.name for file in share.files)


def test_gallery_pages_say_nothing_before_their_script_ran(night: Archive) -> None:
    shells = [answer for answer in night if is_shell(answer)]
    lists = [answer for answer in shells if "/search/" in answer.url]
    assert 0 < len(lists) < len(shells)
    assert [read_listings(shell) for shell in lists] == [[]] * len(lists)
    for shell in shells:
        assert "快乐盒子" not in shell.body.decode()
        if shell not in lists:
            with pytest.raises(LayoutError):
                read_listings(shell)


def test_the_copied_cover_lost_a_tenth(works: list[Work], listings: list[Listing], night: Archive) -> None:
    (row,) = [listing for listing in listings if listing.title.startswith("绘本") and not listing.whole]
    answer = night.find_response("GET", row.pictures[0].url)
    assert answer
    copy, (work,) = Image.open(io.BytesIO(answer.body)), [work for work in works if work.id == "demo-05"]
    assert copy.format == "JPEG"
    original = Image.open(work.images[0].url)
    assert 0.88 < copy.width * copy.height / (original.width * original.height) < 0.92
    assert phash(copy) - phash(original) > 8, "a hash of the whole picture would do"


def test_the_noise_is_really_there(listings: list[Listing]) -> None:
    titles = [listing.title for listing in listings]
    assert any("\u200b" in title and "🔥" in title for title in titles)
    assert any("龍脊觀測站" in title for title in titles)


def test_the_archive_is_plain_data() -> None:
    for path in NIGHT.rglob("request.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["fetched_at"] == "2026-11-22T01:00:00Z"
        assert path.as_posix().isascii()
