"""What a replay complains of: its archive, never the network, a delay, or a drive that the archive lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Swordnet, jsonl

pytestmark = pytest.mark.slow
WORK = {"id": "W1", "title": "潮汐钟楼的守望者", "kind": "book", "creators": ["闻笙"]}
OFFER = """<html><head><title>x</title><script type="application/ld+json">{"@type": "Product",
"name": "潮汐钟楼的守望者 全本 PDF", "description": "https://pan.quark.cn/s/0a1b2c3d4e5f 提取码 x9k2",
"offers": {"@type": "Offer", "price": "3.00", "priceCurrency": "CNY"}}</script></head>
<body><h1>潮汐钟楼的守望者 全本 PDF</h1></body></html>"""
WALL = "<html><head><title>安全验证</title></head><body><p>请完成滑块验证 captcha</p></body></html>"
HOST = "https://shop.example.com"


@pytest.fixture
def desk(swordnet: Swordnet, tmp_path: Path) -> Swordnet:
    """A folder with one work and two archives: an offer alone, and an offer behind two walls."""
    (tmp_path / "works.jsonl").write_text(jsonl(WORK), encoding="utf-8")
    write_archive(tmp_path / "offer.har", {"/p/1": (200, OFFER)})
    write_archive(tmp_path / "walls.har", {"/p/1": (200, OFFER), "/p/2": (403, WALL), "/p/3": (403, WALL)})
    assert swordnet("works", "import", "works.jsonl").returncode == 0
    return swordnet


def write_archive(path: Path, pages: dict[str, tuple[int, str]]) -> None:
    entries = [
        {
            "request": {"method": "GET", "url": f"{HOST}{page}", "headers": []},
            "response": {
                "status": status,
                "headers": [],
                "content": {"mimeType": "text/html; charset=utf-8", "text": text},
            },
        }
        for page, (status, text) in pages.items()
    ]
    path.write_text(json.dumps({"log": {"entries": entries}}), encoding="utf-8")


@pytest.mark.parametrize("how", [("--url", f"{HOST}/p/1"), ("--captured",)])
def test_a_share_outside_the_archive_is_missing_and_no_complaint_of_its_drive(
    desk: Swordnet, how: tuple[str, ...]
) -> None:
    result = desk("crawl", "shop", *how, "--replay", "offer.har")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "quark, shares (wave 2): 1 pages" in result.stdout
    assert "not in the archive" in result.stdout
    assert "quark" not in result.stderr


def test_a_share_asked_for_outside_the_archive_is_said_to_be_missing(desk: Swordnet) -> None:
    result = desk("crawl", "share", "--url", "https://pan.quark.cn/s/0a1b2c3d4e5f", "--replay", "offer.har")
    assert result.returncode == 5
    assert "https://pan.quark.cn/s/0a1b2c3d4e5f (code -): missing, 0 files" in result.stdout
    assert "quark: 1 of 1 pages are not in the archive" in result.stderr


@pytest.mark.parametrize(
    ("language", "complaint", "advice"),
    [
        ("en", "2 of 3 pages were walls", "The archive itself holds these pages"),
        ("zh", "3 个页面中有 2 个被拦截", "这些页面在存档中就是如此"),
    ],
)
def test_walls_of_an_archive_are_no_matter_of_delay(
    desk: Swordnet, tmp_path: Path, language: str, complaint: str, advice: str
) -> None:
    (tmp_path / "swordnet.toml").write_text(f'language = "{language}"\n', encoding="utf-8")
    result = desk("crawl", "shop", "--captured", "--replay", "walls.har")
    assert result.returncode == 5
    assert complaint in result.stderr
    assert advice in result.stderr
    assert "crawl.delay" not in result.stderr


@pytest.mark.parametrize(
    ("language", "complaint"), [("en", "1 of 1 pages are not in the archive"), ("zh", "不在存档中")]
)
def test_a_page_that_the_archive_lacks_is_said_to_be_missing(
    desk: Swordnet, tmp_path: Path, language: str, complaint: str
) -> None:
    (tmp_path / "swordnet.toml").write_text(f'language = "{language}"\n', encoding="utf-8")
    result = desk("crawl", "shop", "--url", f"{HOST}/p/9", "--replay", "offer.har")
    assert result.returncode == 5
    assert complaint in result.stderr
    assert "--replay" in result.stderr
