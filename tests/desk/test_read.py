"""`swordnet read` says of a page what a crawl says of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from crawler.page.reader import Reader
from desk.cli.read import PageRow, read_page
from tests.conftest import ROOT

PAGES = ROOT / "fixtures" / "pages"
CASES = sorted(
    request.parent
    for platform in ("quark", "xunlei", "lanzou", "ctfile", "shop")
    for request in (PAGES / platform).glob("*/request.json")
    if not json.loads(request.read_text(encoding="utf-8")).keys() & {"status", "values", "body"}
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_page_has_the_outcome_that_it_has_in_a_crawl(case: Path) -> None:
    request = json.loads((case / "request.json").read_text(encoding="utf-8"))
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    (page,) = case.glob("page.*")
    content_type = request.get("content_type", "")
    result = read_file(
        PageRow(file=page.name, url=request["url"], spider=case.parent.name, content_type=content_type), case
    )
    states = [listing.get("share_state") for listing in expected["listings"]]
    assert [listing.get("share_state") for listing in result["listings"]] == states
    assert result["outcome"] == expected["outcome"] or len(states) == 1


def read_file(row: PageRow, folder: Path) -> dict[str, Any]:
    reader = Reader()
    try:
        return asyncio.run(read_page(row, folder, reader))
    finally:
        reader.close()


def test_an_answer_whose_request_is_not_known_is_an_error_of_its_row(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"status": 404, "code": 41011, "message": "分享地址已失效"}', encoding="utf-8")
    row = PageRow(file="a.json", url="https://drive-h.quark.cn/1/clouddrive/share/sharepage/token", spider="quark")
    result = read_file(row, tmp_path)
    assert result["outcome"] == "error"
    assert "request that is not known" in result["error"]


def test_texts_are_cleaned_as_in_a_crawl(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<h1>潮汐\u200b灯塔</h1><p>高清\u0007扫描版，现货</p>", encoding="utf-8")
    (listing,) = read_file(PageRow(file="a.html", url="https://quay.example/1", spider="shop"), tmp_path)["listings"]
    assert "\u0007" not in listing["text"]
