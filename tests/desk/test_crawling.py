"""Crawls as a user starts them: over a web server on loopback, in real Chromium, and from archives."""

from __future__ import annotations

import asyncio
import csv
import json
import sqlite3
from pathlib import Path
from typing import cast

import pytest

from crawler.items import AssessedListing, Unit
from crawler.web.session import CrawlStats
from screening.screener import HitWriter, Screener
from tests.conftest import ROOT, LoopbackWeb, Swordnet, jsonl

pytestmark = pytest.mark.slow
WORK = {
    "id": "W1",
    "title": "潮汐钟楼的守望者",
    "kind": "book",
    "creators": ["闻笙"],
    "list_price": "88.00",
    "currency": "CNY",
}
PRODUCT = """<html><head><title>x</title><script type="application/ld+json">{"@type": "Product", "name": "%s",
"description": "%s", "offers": {"@type": "Offer", "price": "3.00", "priceCurrency": "CNY"}}</script></head>
<body><h1>%s</h1></body></html>"""


def product(title: str, text: str = "电子版 PDF 网盘发货") -> tuple[int, str, bytes]:
    return 200, "text/html; charset=utf-8", (PRODUCT % (title, text, title)).encode()


@pytest.fixture
def desk(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb) -> Swordnet:
    """A folder whose settings let the loopback web through, with one work registered."""
    (tmp_path / "swordnet.toml").write_text(f'[crawl]\ndelay = 0.0\nattempts = 2\nloopback = ["{web.netloc}"]\n')
    (tmp_path / "works.jsonl").write_text(jsonl(WORK), encoding="utf-8")
    web.pages["/robots.txt"] = (200, "text/plain", b"User-agent: *\nDisallow: /private\n")
    assert swordnet("works", "import", "works.jsonl").returncode == 0
    return swordnet


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_page_of_a_shop_becomes_a_hit_with_its_bytes_kept(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    web.pages["/p/1"] = product("潮汐钟楼的守望者 全本")
    result = desk("crawl", "shop", "--url", f"{web.url}/p/1", "--csv", "hits.csv")
    assert result.returncode == 0, result.stdout + result.stderr
    (hit,) = read_csv(tmp_path / "hits.csv")
    assert (hit["decision"], hit["work_id"], hit["price"]) == ("hit", "W1", "3.00")
    digest = hit["evidence"].split()[0].split(";")[0]
    assert (tmp_path / "blobs" / digest[:2] / digest).read_bytes() == web.pages["/p/1"][2]
    assert web.requested_paths[0] == "/robots.txt"


def test_the_same_page_twice_is_one_hit(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    web.pages["/p/1"] = product("潮汐钟楼的守望者 全本")
    for _ in range(2):
        assert desk("crawl", "shop", "--url", f"{web.url}/p/1", "--url", f"{web.url}/p/1?utm_source=x").returncode == 0
    assert desk("hits", "export", "hits.csv").returncode == 0
    assert len(read_csv(tmp_path / "hits.csv")) == 1


def test_what_robots_txt_disallows_is_never_requested_and_reported(desk: Swordnet, web: LoopbackWeb) -> None:
    web.pages["/private/1"] = product("潮汐钟楼的守望者")
    result = desk("crawl", "shop", "--url", f"{web.url}/private/1")
    assert result.returncode == 5
    assert f"robots.txt of {web.netloc} disallows it" in result.stderr
    assert "by hand" not in result.stderr
    assert all(not path.startswith("/private") for path in web.requested_paths)


def test_a_blocked_platform_is_distinguished_from_a_quiet_one(desk: Swordnet, web: LoopbackWeb) -> None:
    web.pages["/p/1"] = (403, "text/html", b"<html><body>no</body></html>")
    result = desk("crawl", "shop", "--url", f"{web.url}/p/1")
    assert result.returncode == 5
    assert "not a quiet night" in result.stderr


def test_a_port_of_this_machine_that_is_not_open_to_crawls_says_which_setting_opens_it(desk: Swordnet) -> None:
    result = desk("crawl", "shop", "--url", "http://127.0.0.1:8899/p/1")
    assert result.returncode == 5
    assert "1 of 1 pages could not be fetched: 127.0.0.1:8899 is no public host" in result.stderr
    assert "crawl.loopback" in result.stderr
    assert "by hand" not in result.stderr


def test_other_machines_of_the_private_network_are_refused(desk: Swordnet, web: LoopbackWeb) -> None:
    web.pages["/go"] = (302, "text/html", b"")
    web.headers["/go"] = {"Location": "http://127.0.0.1:1/inside"}
    result = desk("crawl", "shop", "--url", f"{web.url}/go")
    assert result.returncode == 5
    assert "refused by the guard" in result.stdout


def test_one_broken_page_does_not_cost_the_others(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    web.pages["/bomb"] = (200, "text/html", b"<html><body><a " + b" ".join(b"a%d=1" % n for n in range(200_000)) + b">")
    web.pages["/p/1"] = product("潮汐钟楼的守望者 全本")
    result = desk("crawl", "shop", "--url", f"{web.url}/bomb", "--url", f"{web.url}/p/1", "--csv", "hits.csv")
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(read_csv(tmp_path / "hits.csv")) == 1


def test_a_picture_that_the_registry_names_by_address_is_fetched_and_found(
    desk: Swordnet, web: LoopbackWeb, tmp_path: Path
) -> None:
    cover = (ROOT / "fixtures" / "works" / "demo" / "covers" / "demo-01.png").read_bytes()
    web.pages["/cover.png"] = web.pages["/stolen.png"] = (200, "image/png", cover)
    work = WORK | {"id": "W2", "title": "无人知晓的名字", "images": [f"{web.url}/cover.png"]}
    (tmp_path / "more.jsonl").write_text(jsonl(work), encoding="utf-8")
    assert desk("works", "import", "more.jsonl").returncode == 0
    page = (PRODUCT % ("见图", "电子版", "见图")).replace('"description"', '"image": "/stolen.png", "description"')
    web.pages["/p/1"] = (200, "text/html; charset=utf-8", page.encode())
    for _ in range(2):
        result = desk("crawl", "shop", "--url", f"{web.url}/p/1", "--csv", "hits.csv")
        assert result.returncode == 0, result.stdout + result.stderr
    assert [(hit["work_id"], hit["decision"]) for hit in read_csv(tmp_path / "hits.csv")] == [("W2", "hit")]
    assert web.requested_paths.count("/cover.png") == web.requested_paths.count("/stolen.png") == 1


@pytest.mark.browser
def test_a_list_that_javascript_draws_is_read_in_chromium(desk: Swordnet, web: LoopbackWeb) -> None:
    rows = [{"href": "/app/C100000001", "name": "潮汐钟楼的守望者 破解版", "maker": "某某工作室"}]
    web.pages["/data.json"] = (200, "application/json", json.dumps(rows).encode())
    web.pages["/list"] = (
        200,
        "text/html; charset=utf-8",
        b"""<html><body><div id="app"></div><script>
        fetch('/data.json').then(answer => answer.json()).then(rows => rows.forEach(row => {
          const card = document.createElement('a'); card.href = row.href;
          card.innerHTML = '<div class="intro_left"><p></p><span class="dev"></span></div>';
          card.querySelector('p').textContent = row.name; card.querySelector('span').textContent = row.maker;
          document.getElementById('app').append(card);
        })).then(() => document.body.append(document.createElement('h1')))</script></body></html>""",
    )
    result = desk("crawl", "appgallery", "--url", f"{web.url}/list", "--no-follow", "--json")
    summary = json.loads(result.stdout)
    assert summary["platforms"]["appgallery"]["listings"] == 1, result.stdout + result.stderr
    assert "/data.json" in web.requested_paths


def test_scrapy_list_and_scrapy_crawl_store_the_same_hits(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    def scrapy(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "SWORDNET_CONFIG": str(tmp_path / "swordnet.toml")}
        command = [sys.executable, "-m", "scrapy", *arguments]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)

    assert {"kongfz", "shop", "quark", "appstore", "appgallery"} <= set(scrapy("list").stdout.split())
    web.pages["/p/1"] = product("潮汐钟楼的守望者 全本")
    result = scrapy("crawl", "shop", "-a", f"url={web.url}/p/1")
    assert result.returncode == 0, result.stderr
    listed = json.loads(desk("hits", "list", "--json").stdout)
    assert [(row["work_id"], row["decision"]) for row in listed] == [("W1", "hit")]


def test_an_archive_answers_and_what_it_lacks_is_missing(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    entry = {
        "startedDateTime": "2026-11-20T10:00:00Z",
        "request": {"method": "GET", "url": "https://shop.test/p/1", "headers": []},
        "response": {
            "status": 200,
            "headers": [{"name": "Content-Type", "value": "text/html; charset=utf-8"}],
            "content": {"mimeType": "text/html; charset=utf-8", "text": product("潮汐钟楼的守望者 全本")[2].decode()},
        },
    }
    (tmp_path / "session.har").write_text(json.dumps({"log": {"version": "1.2", "entries": [entry]}}), encoding="utf-8")
    replay = ("--replay", "session.har", "--json")
    requested = desk("crawl", "shop", "--url", "https://shop.test/p/1", "--url", "https://shop.test/p/2", *replay)
    assert json.loads(requested.stdout)["platforms"]["shop"]["pages"] == {"live": 1, "missing": 1}
    captured = desk("crawl", "shop", "--captured", *replay)
    assert json.loads(captured.stdout)["platforms"]["shop"] == {"pages": {"live": 1}, "listings": 1, "hits": 1}
    assert desk("crawl", "kongfz", "--captured", *replay).returncode == 3
    assert web.requested_paths == []


def test_a_clock_that_stands_still_does_not_hold_up_second_tries(desk: Swordnet, web: LoopbackWeb) -> None:
    web.pages["/p/1"] = (403, "text/html", b"<html><body>no</body></html>")
    result = desk("crawl", "shop", "--url", f"{web.url}/p/1", "--now", "2026-01-01T00:00:00Z", "--json")
    assert result.returncode == 5
    assert web.requested_paths.count("/p/1") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("crawl", "kongfx", "--query", "x"), 2, "did you mean kongfz?"),
        (("crawl", "quark", "--query", "x"), 2, "give --url"),
        (("crawl", "kongfz", "--work", "W9"), 2, "no work 'W9'"),
        (("crawl", "kongfz", "--query", "x", "--replay", "none.har"), 2, "none.har"),
        (("crawl", "kongfz", "--query", "x", "--replay", "works.jsonl"), 2, "not an archive"),
        (("crawl", "kongfz", "--query", "x", "--now", "yesterday"), 2, "--now"),
        (("hits", "show", "0123456789"), 2, "no hit"),
        (("hits", "list", "--since", "31.12.2026"), 2, "--since"),
        (("works", "show", "W9"), 2, "no work"),
    ],
)
def test_wrong_use_is_reported_clearly(desk: Swordnet, arguments: tuple[str, ...], code: int, message: str) -> None:
    result = desk(*arguments)
    assert (result.returncode, message in result.stderr) == (code, True), result.stderr
    assert "Traceback" not in result.stderr


def test_the_live_web_is_refused_without_a_contact(swordnet: Swordnet) -> None:
    result = swordnet("crawl", "kongfz", "--query", "x")
    assert result.returncode == 2
    assert "crawl.contact" in result.stderr


def test_a_database_of_a_newer_version_is_refused(desk: Swordnet, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "swordnet.db") as raw:
        raw.execute("update alembic_version set version_num = '9999'")
    raw.close()
    result = desk("hits", "list")
    assert result.returncode == 4
    assert "newer" in result.stderr


def test_init_makes_a_folder_to_work_in_and_overwrites_nothing(swordnet: Swordnet, tmp_path: Path) -> None:
    assert swordnet("init", "watch").returncode == 0
    assert {path.name for path in (tmp_path / "watch").iterdir()} == {"swordnet.toml", "swordnet.db", "works.csv"}
    second_result = swordnet("init", "watch")
    assert second_result.returncode == 2
    assert "is already there" in second_result.stderr


def test_db_commands(desk: Swordnet, tmp_path: Path) -> None:
    assert desk("db", "upgrade").returncode == 0
    assert desk("db", "backup", "copy.db").returncode == 0
    assert desk("works", "retire", "W1").returncode == 0
    assert desk("db", "restore", "copy.db").returncode == 0
    assert [work["id"] for work in json.loads(desk("works", "list", "--json").stdout)] == ["W1"]


class _BrokenHitWriter(HitWriter):
    def _write_batch(self, batch: list[AssessedListing]) -> None:
        raise OverflowError("int too big to convert")


def test_what_cannot_be_stored_at_the_end_of_a_crawl_fails_its_unit() -> None:
    stats = CrawlStats()
    screener, unit = cast(Screener, None), cast(Unit, None)  # neither is asked
    writer = _BrokenHitWriter(screener, unit, stats.problems.append, stats.mark_lost_data)
    with pytest.raises(OverflowError):
        asyncio.run(writer.commit())
    assert not stats.problems, "only what the store says is told"
    assert stats.has_lost_data
