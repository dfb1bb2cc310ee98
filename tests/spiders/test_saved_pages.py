"""Every platform against its saved pages: fixtures/pages/<spider>/<case> is the specification of `read`."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from crawler.archives import open_archive
from crawler.errors import BadInput
from crawler.items import Listing, Outcome, ShareState
from crawler.page import LayoutError, Page, Request
from crawler.page.outcome import outcome_of
from crawler.page.reader import read_page
from spiders.catalogue import platform_for, platforms
from spiders.quark import Quark
from tests import ROOT

PAGES = ROOT / "fixtures" / "pages"
CASES = sorted(path.parent for path in PAGES.glob("*/*/request.json"))


def to_plain(value: Any) -> Any:
    """A listing or request as JSON without its default values."""
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if not attrs.has(type(value)):
        return value.decode() if isinstance(value, bytes) else value if isinstance(value, int | None) else str(value)
    defaults = {field.name: field.default for field in attrs.fields(type(value))}
    defaults = {
        name: default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type,attr-defined]
        for name, default in defaults.items()
    }
    fields = attrs.asdict(value, recurse=False)
    return {name: to_plain(item) for name, item in fields.items() if item != defaults[name]}


def read_case(spider: str, case: Path) -> tuple[dict[str, Any], list[Listing | Request]]:
    """What the spider makes of a case."""
    (answer,) = open_archive(case)
    outcome = outcome_of(answer.status, answer.body, answer.content_type, answer.url)
    page = Page(
        url=answer.url,
        body=answer.body,
        content_type=answer.content_type,
        status=answer.status,
        values=answer.values,
    )
    judges_itself = platforms()[spider].reads_every_status and bool(page.body)
    try:
        results = read_page(platforms()[spider](), page) if outcome is Outcome.LIVE or judges_itself else []
    except LayoutError:
        outcome, results = Outcome.ERROR, []
    if len(results) == 1 and isinstance(results[0], Listing):
        outcome = results[0].outcome
    listings = [to_plain(result) for result in results if isinstance(result, Listing)]
    requests = [to_plain(result) for result in results if isinstance(result, Request)]
    return {"outcome": outcome.value, "listings": listings, "requests": requests}, results


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_saved_page(case: Path) -> None:
    result, results = read_case(case.parent.name, case)
    expected = case / "expected.json"
    if not expected.exists():
        expected.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        pytest.fail(f"{expected} was written: review it, and commit it if it is right")
    assert result == json.loads(expected.read_text(encoding="utf-8"))
    assert pickle.loads(pickle.dumps(results)) == results
    (answer,) = open_archive(case)
    assert platform_for(answer.url).name == case.parent.name


@pytest.mark.parametrize("name", platforms())
def test_every_platform_has_enough_saved_pages(name: str) -> None:
    spider = platforms()[name]
    cases = [case for case in CASES if case.parent.name == name]
    outcomes = [json.loads((case / "expected.json").read_text(encoding="utf-8")) for case in cases]
    assert sum(bool(expected["listings"]) for expected in outcomes) >= 2, "at least two pages with listings"
    open_listings = [
        [listing for listing in expected["listings"] if listing.get("share_state") in (None, "alive")]
        for expected in outcomes
    ]
    assert not all(open_listings), "a page without listings, or without an open share"
    assert any(expected["outcome"] != "live" for expected in outcomes) or name in ("appgallery",), (
        "a page that is no result"
    )
    for text in (spider.__doc__ or "", __import__(f"spiders.{name}", fromlist=["_"]).__doc__ or ""):
        assert "Built from" in text
        assert re.search(r"20\d\d-\d\d", text), "a date"


def test_fixtures_belong_to_platforms() -> None:
    assert {case.parent.name for case in CASES} == set(platforms())


def test_no_fixture_names_a_machine_or_a_bench() -> None:
    for path in PAGES.rglob("*"):
        if path.is_file():
            assert b"/work/" not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://BOOK.kongfz.com/1/2/", "kongfz"),
        ("https://notkongfz.com/1/2/", "shop"),
        ("https://kongfz.com.evil.example/1", "shop"),
        ("https://pan.quark.cn/s/0a1b2c3d4e5f", "quark"),
        ("https://apps.apple.com/cn/app/id1", "appstore"),
        ("https://www.apple.com/", "shop"),
        ("https://anything.example/", "shop"),
    ],
)
def test_an_address_is_claimed_once(url: str, name: str) -> None:
    assert platform_for(url).name == name


def test_what_is_no_address_is_not_claimed() -> None:
    with pytest.raises(BadInput):
        platform_for("ftp://kongfz.com/1")


def test_questions_become_requests() -> None:
    spiders = {name: spider() for name, spider in platforms().items()}
    assert "keyword=%E4%B8%89%E4%BD%93" in spiders["kongfz"].search("三体").url
    assert spiders["appgallery"].search("a/b").url.endswith("/search/a%2Fb")
    assert spiders["appgallery"].search("a/b").browser
    assert "term=a%26b" in spiders["appstore"].search("a&b").url
    assert list(spiders["quark"].search("三体")) == []
    assert list(spiders["shop"].search("三体")) == []
    spiders["shop"].templates = ("https://shop.example/s?q={query}&page=1",)
    assert [request.url for request in spiders["shop"].search("a&b")] == ["https://shop.example/s?q=a%26b&page=1"]


def test_a_share_is_opened_with_its_code() -> None:
    request = Quark().open("https://pan.quark.cn/s/0a1b2c3d4e5f#/list/share", "Kx7m")
    assert request.method == "POST"
    assert json.loads(request.body)["passcode"] == "Kx7m"
    assert request.values == {"share_id": "0a1b2c3d4e5f", "code": "Kx7m"}
    with pytest.raises(BadInput):
        Quark().open("https://pan.quark.cn/g/abcdef")


def test_older_and_further_addresses_of_shares_are_opened() -> None:
    drives = platforms()
    address = "http://yun.baidu.com/share/link?uk=1234500002&shareid=3512300001"
    assert drives["baidu"]().open(address).url == "https://pan.baidu.com/share/link?shareid=3512300001&uk=1234500002"
    request = drives["baidu"]().open(address, "k7m2")
    assert request.url == "https://pan.baidu.com/share/verify?shareid=3512300001&uk=1234500002&web=1"
    assert request.values["share_id"] == "shareid=3512300001&uk=1234500002"
    album = "https://pan.baidu.com/pcloud/album/info?uk=1234500002&album_id=99"
    assert drives["baidu"]().open(album, "k7m2").url.endswith("/pcloud/album/info?album_id=99&uk=1234500002")
    host = "https://1837300001.share.123pan.cn"
    assert platform_for(host).name == "pan123"
    assert drives["pan123"]().open(f"{host}/123pan/AbCdEf-GhIjK").url.endswith("/info?shareKey=AbCdEf-GhIjK")


def test_an_app_is_looked_up_in_its_storefront() -> None:
    spider = platforms()["appstore"]()
    assert spider.open("https://apps.apple.com/us/app/x/id900000003").url.endswith("lookup?id=900000003&country=us")
    with pytest.raises(BadInput):
        spider.open("https://apps.apple.com/us/charts")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"code": 0, "data": {}}, ShareState.ALIVE),
        ({"code": 41012}, ShareState.CANCELLED),
        ({"code": 41031}, ShareState.AUDIT_PENDING),
        ({"code": 0, "data": {"share": {"status": 4}}}, ShareState.UNKNOWN),
        ({"code": 41004}, ShareState.UNKNOWN),
        ({"code": 99999}, ShareState.UNKNOWN),
        ({"code": "41012"}, ShareState.UNKNOWN),
        ([], ShareState.UNKNOWN),
        (None, ShareState.UNKNOWN),
        ("<html>", ShareState.UNKNOWN),
    ],
)
def test_only_known_answers_say_that_a_share_is_gone(answer: Any, state: ShareState) -> None:
    assert Quark.classify(answer) is state
