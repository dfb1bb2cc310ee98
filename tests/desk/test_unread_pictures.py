"""A picture that is not read, or not whole: its listing is kept, and the reason stands with it and in the summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crawler.pictures.decoding import MAX_BYTES
from tests.conftest import LoopbackWeb, Swordnet, jsonl
from tests.cover_pictures import cover, encode_picture, picture_bytes

pytestmark = pytest.mark.slow
WORK = {"id": "W1", "title": "潮汐钟楼的守望者", "kind": "book", "creators": ["闻笙"], "images": ["cover.png"]}
OFFER = """<html><head><title>x</title><script type="application/ld+json">{"@type": "Product", "name": "%s",
"image": %s, "description": "电子版 PDF 网盘发货", "offers": {"@type": "Offer", "price": "3.00",
"priceCurrency": "CNY"}}</script></head><body><h1>%s</h1>%s</body></html>"""
TITLE = "潮汐钟楼的守望者 全本"
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400)
JPEG = encode_picture(cover(1).resize((630, 900)))


@pytest.fixture
def desk(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb) -> Swordnet:
    (tmp_path / "swordnet.toml").write_text(
        f'[crawl]\ndelay = 0.0\nattempts = 1\nloopback = ["{web.netloc}"]\n[pictures]\nper_listing = 4\n'
    )
    (tmp_path / "cover.png").write_bytes(picture_bytes("drawn 1"))
    (tmp_path / "works.jsonl").write_text(jsonl(WORK), encoding="utf-8")
    web.pages["/robots.txt"] = (404, "text/plain", b"")
    assert swordnet("works", "import", "works.jsonl").returncode == 0
    return swordnet


def offer(pictures: list[str], body: str = "") -> tuple[int, str, bytes]:
    return 200, "text/html; charset=utf-8", (OFFER % (TITLE, json.dumps(pictures), TITLE, body)).encode()


def shown_hit(desk: Swordnet) -> str:
    (hit,) = json.loads(desk("hits", "list", "--json").stdout)
    return desk("hits", "show", hit["hit_id"]).stdout


def test_pictures_that_are_not_read_cost_no_listing_and_are_named_with_it(desk: Swordnet, web: LoopbackWeb) -> None:
    web.pages["/a.heic"] = (200, "image/jpeg", HEIC)
    web.pages["/half.png"] = (200, "image/png", JPEG[: len(JPEG) // 2])
    web.pages["/p/1"] = offer(
        [f"{web.url}/gone.jpg", f"{web.url}/a.heic", f"{web.url}/half.png", "http://127.0.0.1:9/admin/cover.jpg"]
    )
    result = desk("crawl", "shop", "--url", f"{web.url}/p/1")
    assert result.returncode == 0, result.stdout + result.stderr
    (summary,) = (
        line for line in result.stdout.splitlines() if "4 pictures of listings not read, or not whole:" in line
    )
    for label in ("1 refused by the server", "1 other format", "1 read in part", "1 private address"):
        assert label in summary
    shown = shown_hit(desk)
    assert f"picture {web.url}/gone.jpg: the server answered with status 404" in shown
    assert f"picture {web.url}/a.heic: HEIC is not read: save it as JPEG or PNG" in shown
    assert f"picture {web.url}/half.png: the JPEG is incomplete: " in shown
    assert "picture http://127.0.0.1:9/admin/cover.jpg: its address leads to no public host, and is not asked" in shown
    assert "image" in shown  # the half picture was compared


def test_a_page_with_thousands_of_pictures_keeps_its_listing(desk: Swordnet, web: LoopbackWeb) -> None:
    web.pages["/i/0.jpg"] = (200, "image/jpeg", JPEG[:-30])
    pictures = [f"{web.url}/i/{number}.jpg" for number in range(5_000)]
    images = "".join(f'<p>图{number}</p><img src="{url}" width="600">' for number, url in enumerate(pictures))
    web.pages["/p/1"] = offer(pictures, images)
    result = desk("crawl", "shop", "--url", f"{web.url}/p/1")
    assert result.returncode == 0, result.stdout + result.stderr
    asked = [path for path in web.requested_paths if path.startswith("/i/")]
    assert sorted(asked) == ["/i/0.jpg", "/i/1.jpg", "/i/2.jpg", "/i/3.jpg"]
    shown = shown_hit(desk)
    assert "/i/0.jpg: " not in shown
    assert "/i/3.jpg: the server answered with status 404" in shown
    assert "more pictures were not fetched: pictures.per_listing says how many are" in shown


@pytest.mark.parametrize(
    ("language", "reason", "addresses"),
    [
        ("en", "r1: picture a.heic: HEIC is not read: save it as JPEG or PNG", "1 picture is given by its address"),
        ("zh", "r1：图片 a.heic：不读取 HEIC 格式，请另存为 JPEG 或 PNG", "有 1 张图片只给出了地址"),
    ],
)
def test_match_says_with_each_row_which_pictures_were_not_read(
    swordnet: Swordnet, tmp_path: Path, language: str, reason: str, addresses: str
) -> None:
    (tmp_path / "swordnet.toml").write_text(f'language = "{language}"\n', encoding="utf-8")
    (tmp_path / "cover.png").write_bytes(picture_bytes("drawn 1"))
    (tmp_path / "works.jsonl").write_text(jsonl(WORK), encoding="utf-8")
    (tmp_path / "a.heic").write_bytes(HEIC)
    (tmp_path / "large.jpg").write_bytes(b"\xff\xd8\xff" + bytes(MAX_BYTES))
    (tmp_path / "cut.jpg").write_bytes(JPEG[:-30])
    rows = [
        {"id": "r1", "title": "看图", "images": ["a.heic", "https://shop.example.com/x.jpg"]},
        {"id": "r2", "title": "看图", "images": ["large.jpg"]},
        {"id": "r3", "title": "看图", "images": ["cut.jpg"]},
    ]
    (tmp_path / "in.jsonl").write_text(jsonl(*rows), encoding="utf-8")
    result = swordnet("match", "in.jsonl", "--works", "works.jsonl")
    assert result.returncode == 0, result.stderr
    unread, large, cut = map(json.loads, result.stdout.splitlines())
    assert [entry["picture"] for entry in unread["pictures"]] == ["a.heic"]
    assert str(MAX_BYTES) in large["pictures"][0]["problem"]
    assert cut["work_id"] == "W1"
    assert cut["identity"] > 0.9
    assert "pictures" not in cut
    assert reason in result.stderr
    assert addresses in result.stderr
    assert "cut.jpg" not in result.stderr


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_list_of_works_names_a_picture_that_is_not_read_with_its_line_and_what_to_do(
    swordnet: Swordnet, tmp_path: Path, language: str
) -> None:
    (tmp_path / "swordnet.toml").write_text(f'language = "{language}"\n', encoding="utf-8")
    (tmp_path / "a.heic").write_bytes(HEIC)
    (tmp_path / "b.jpg").write_bytes(b"")
    (tmp_path / "works.csv").write_text("id,title,images\nW1,潮汐钟楼,a.heic\nW2,雾中灯塔,b.jpg\n", encoding="utf-8")
    first, second = (swordnet("works", "import", "works.csv").stderr for _ in range(2))
    assert first == second
    assert "works.csv:2: images" in first
    assert ("HEIC is not read: save it as JPEG or PNG" if language == "en" else "不读取 HEIC 格式") in first
    assert ("the file is empty" if language == "en" else "文件为空") in first
    assert "_io" not in first
