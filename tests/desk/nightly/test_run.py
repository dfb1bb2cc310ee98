"""Nights as a user starts them, over a loopback web: gone on with, incremental, healthy or not, reported."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LoopbackWeb, Swordnet, jsonl
from tests.desk.test_crawling import WORK, exported, product

pytestmark = pytest.mark.slow
DAY = ("--now", "2026-11-22T01:00:00Z")
NEXT = ("--now", "2026-11-23T01:00:00Z")
ROW = """<html><head><script type="application/ld+json">[{"@type": "Product", "name": "%s", "url": "/p/1"},
{"@type": "Product", "name": "别的书", "url": "/p/2"}, {"@type": "Product", "name": "还有一本", "url": "/p/3"}]
</script></head><body><h1>results</h1></body></html>"""
OTHERS = "".join(f"[platforms.{name}]\nenabled = false\n" for name in ("kongfz", "appstore", "appgallery"))


@pytest.fixture
def desk(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb) -> Swordnet:
    """A shop with a search on the loopback web, and one work."""
    settings = f'[crawl]\ndelay = 0.0\nbackoff = 0.05\nattempts = 2\nloopback = ["{web.place}"]\n{OTHERS}'
    settings += "[night]\nexplore = 0\n"
    settings += f'[platforms.shop]\ntemplates = ["{web.url}/search?q={{query}}"]\n'
    (tmp_path / "swordnet.toml").write_text(settings)
    (tmp_path / "works.jsonl").write_text(jsonl(WORK), encoding="utf-8")
    web.pages["/robots.txt"] = (404, "text/plain", b"")
    web.pages["/search"] = (200, "text/html; charset=utf-8", (ROW % "潮汐钟楼的守望者").encode())
    web.pages["/p/1"] = product("潮汐钟楼的守望者 全本")
    assert swordnet("works", "import", "works.jsonl").returncode == 0
    return swordnet


def told(desk: Swordnet, *arguments: str) -> dict[str, Any]:
    """What the last night did on the shop."""
    done = desk("report", "night", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    shop: dict[str, Any] = json.loads(done.stdout)["platforms"]["shop"]
    return shop


def test_a_night_runs_once_and_another_only_if_told(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    first = desk("night", *DAY, "--csv", "hits.csv")
    assert first.returncode == 0, first.stdout + first.stderr
    assert [(hit["work_id"], hit["decision"]) for hit in exported(tmp_path / "hits.csv")] == [("W1", "hit")]
    asked = len(web.asked)
    second = desk("night", *DAY)
    assert (second.returncode, len(web.asked)) == (3, asked)
    assert "has run" in second.stderr
    assert desk("night", "--again", *DAY).returncode == 0
    assert len(web.asked) > asked
    listed = json.loads(desk("runs", "--json").stdout)
    assert [(run["kind"], run["night"], run["outcome"]) for run in listed] == [("night", "2026-11-22", "done")] * 2


def test_a_night_learns_which_questions_led_to_hits(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    settings = (tmp_path / "swordnet.toml").read_text()
    (tmp_path / "swordnet.toml").write_text(settings.replace("explore = 0", "explore = 1"))
    (tmp_path / "works.jsonl").write_text(jsonl(WORK | {"kind": "book"}), encoding="utf-8")
    assert desk("works", "import", "works.jsonl").returncode == 0
    done = desk("night", *DAY)
    assert done.returncode == 0, done.stdout + done.stderr
    shop = told(desk)
    forms = shop["questions"]
    assert forms["title"]["asked"] == 1
    assert sum(each["asked"] for each in forms.values()) == 2, "one more question was explored"
    assert sum(each["hits"] for each in forms.values()) == 1, "the page of the hit was asked once, whoever led to it"


def test_a_stopped_night_goes_on_where_it_was(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    assert desk("night", *DAY).returncode == 0
    with closing(sqlite3.connect(tmp_path / "swordnet.db")) as database:
        database.execute("UPDATE runs SET finished = NULL, outcome = NULL")
        database.execute("UPDATE units SET state = 'open', attempt = 0 WHERE kind = 'details'")
        database.commit()
    web.asked.clear()
    done = desk("night", *DAY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "goes on where it was: 1 units are open" in done.stdout
    assert [path for path in web.asked if path != "/robots.txt"] == ["/p/1"]


def test_two_nights_at_once_are_one(desk: Swordnet, web: LoopbackWeb) -> None:
    told = web.held["/search"] = threading.Event()
    found: list[int] = []
    running = threading.Thread(target=lambda: found.append(desk("night", *DAY).returncode))
    running.start()
    while not web.asked:
        time.sleep(0.05)
    second = desk("night", *DAY)
    assert (second.returncode, "another night is running" in second.stderr) == (6, True)
    status = json.loads(desk("status", "--json").stdout)
    told.set()
    running.join()
    assert found == [0]
    assert status["outcome"] == "running"


def test_an_unchanged_web_is_neither_sent_nor_compared_again(desk: Swordnet, web: LoopbackWeb) -> None:
    assert desk("night", *DAY).returncode == 0
    assert desk("night", *NEXT).returncode == 0
    second = told(desk)
    assert set(second["pages"]) == {"unchanged"}
    assert (second["hits"], second["new"]) == (1, 0)
    web.pages["/p/1"] = product("潮汐钟楼的守望者 全本", "扫描版 PDF 网盘发货")
    assert desk("night", "--now", "2026-11-24T01:00:00Z").returncode == 0
    third = told(desk)
    assert third["pages"]["live"] == 1


def test_a_changed_registry_is_compared_with_what_is_stored(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    web.pages["/p/1"] = product("回声边界的航线图", "扫描版 PDF 网盘发货 电子版")
    assert desk("night", *DAY).returncode == 0
    assert desk("crawl", "shop", "--url", f"{web.url}/p/1", *DAY).returncode == 0
    assert json.loads(desk("hits", "list", "--json", "--decision", "hit").stdout) == []
    more = WORK | {"id": "W9", "title": "回声边界的航线图"}
    (tmp_path / "more.jsonl").write_text(jsonl(more), encoding="utf-8")
    assert desk("works", "import", "more.jsonl").returncode == 0
    web.pages["/search"] = (200, "text/html; charset=utf-8", (ROW % "无关的书").replace("/p/1", "/p/8").encode())
    assert desk("night", *NEXT).returncode == 0
    hits = json.loads(desk("hits", "list", "--json", "--decision", "hit").stdout)
    assert [hit["work_id"] for hit in hits] == ["W9"]


WALL = "<html><head><title>用户登录</title></head><body>请先登录</body></html>"
ANSWERS = {  # what a hit's page says later, one hour after the other
    "up": product("潮汐钟楼的守望者 全本"),
    "blocked": (200, "text/html; charset=utf-8", WALL.encode()),
    "changed": product("潮汐钟楼的守望者 全本", "换了说明 PDF 网盘"),
    "gone": (404, "text/html", b"<html><body>none</body></html>"),
}


def test_a_hit_is_checked_again_on_demand(desk: Swordnet, web: LoopbackWeb) -> None:
    assert desk("night", *DAY).returncode == 0
    (hit,) = json.loads(desk("hits", "list", "--json").stdout)
    for hour, (state, answer) in enumerate(ANSWERS.items()):
        web.pages["/p/1"] = answer
        done = desk("hits", "recheck", hit["hit_id"][:8], "--json", "--now", f"2026-11-23T0{hour}:00:00Z")
        (check,) = json.loads(done.stdout)
        assert check["state"] == state, done.stdout + done.stderr
        assert check["endpoint"] == f"{web.url}/p/1"
        assert len(check["digest"]) == 64
        (again,) = json.loads(desk("hits", "list", "--json").stdout)
        assert again["still_up"] == {"gone": "no", "blocked": "unknown"}.get(state, "yes")


def test_a_hit_that_searches_no_longer_show_is_checked_when_it_is_due(desk: Swordnet, web: LoopbackWeb) -> None:
    assert desk("night", *DAY).returncode == 0
    web.pages["/search"] = (200, "text/html; charset=utf-8", (ROW % "无关的书").encode())
    web.pages["/p/1"] = (410, "text/html", b"<html><body>gone</body></html>")
    assert desk("night", *NEXT).returncode == 0
    assert told(desk)["gone"] == 1


BLIND = (  # what a search shows one hour after the other, and what the night says of it
    (WALL, "not a quiet night"),
    ("", "not a quiet night"),
    ("<html><body><h1>new</h1><div class=card>潮汐钟楼的守望者</div></body></html>", "must be found"),
)


def test_a_platform_that_went_blind_is_named(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    assert desk("must-find", "W1", f"{web.url}/p/1").returncode == 0
    assert desk("night", *DAY).returncode == 0
    for hour, (search, words) in enumerate(BLIND, start=2):
        web.pages["/search"] = (200, "text/html; charset=utf-8", search.encode())
        done = desk("night", "--now", f"2026-11-22T0{hour}:00:00Z", "--again")
        assert done.returncode == 5, done.stdout + done.stderr
        assert words in done.stderr
        assert "shop" in done.stderr
        run = json.loads(desk("runs", "--json").stdout)[0]
        assert run["outcome"] == "unhealthy"
        for suffix in ("html", "md", "json"):
            assert words in (tmp_path / "reports" / f"{run['run']}.{suffix}").read_text(encoding="utf-8")


def test_a_host_that_asks_for_three_seconds_gets_them_and_nothing_is_lost(
    desk: Swordnet, web: LoopbackWeb, tmp_path: Path
) -> None:
    moments: list[float] = []

    def patient(_query: str, _body: bytes) -> tuple[int, object]:
        moments.append(time.monotonic())
        web.headers["/search"] = {"Retry-After": "3"} if len(moments) == 1 else {}
        if len(moments) == 1:
            return 429, {}
        del web.answers["/search"]
        return 503, {}

    web.answers["/search"] = patient
    done = desk("night", *DAY, "--csv", "hits.csv")
    assert done.returncode == 0, done.stdout + done.stderr
    assert moments[1] - moments[0] >= 3.0
    assert len(exported(tmp_path / "hits.csv")) == 1


@pytest.mark.parametrize("robots", [(500, "text/plain", b""), (200, "text/plain", b"User-agent: *\nDisallow: /\n")])
def test_what_robots_txt_keeps_from_us_is_no_quiet_night(
    desk: Swordnet, web: LoopbackWeb, robots: tuple[int, str, bytes]
) -> None:
    web.pages["/robots.txt"] = robots
    done = desk("night", *DAY)
    assert done.returncode == 5
    assert "disallowed" in done.stderr
    assert set(web.asked) == {"/robots.txt"}


def test_a_database_that_takes_no_listing_is_told(desk: Swordnet, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "swordnet.db")) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON listings BEGIN SELECT RAISE(FAIL, 'disk is full'); END")
    done = desk("night", *DAY)
    assert done.returncode in (4, 5)
    assert "disk is full" in done.stdout + done.stderr
    with closing(sqlite3.connect(tmp_path / "swordnet.db")) as database:
        database.execute("DROP TRIGGER full")
    assert desk("night", "--again", *DAY).returncode == 0
    assert len(json.loads(desk("hits", "list", "--json").stdout)) == 1


def test_metrics_and_a_webhook(desk: Swordnet, tmp_path: Path, web: LoopbackWeb) -> None:
    got: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = (tmp_path / "swordnet.toml").read_text()
    settings = settings.replace("[night]", f'[night]\nmetrics_file = "{tmp_path}/swordnet.prom"')
    settings += f'[tell]\nalways = true\nwebhook = "http://127.0.0.1:{server.server_port}/"\n'
    (tmp_path / "swordnet.toml").write_text(settings)
    assert desk("night", *DAY).returncode == 0
    server.shutdown()
    server.server_close()
    assert got[0]["healthy"] is True
    assert got[0]["platforms"]["shop"]["hits"] == 1
    lines = (tmp_path / "swordnet.prom").read_text().splitlines()
    assert 'swordnet_hits{platform="shop"} 1.0' in lines
    assert 'swordnet_healthy{platform="shop"} 1.0' in lines


def test_a_database_that_may_only_be_read_is_told_and_goes_on_later(desk: Swordnet, tmp_path: Path) -> None:
    database, written_by = tmp_path / "swordnet.db", 18  # byte of the file format's write version
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = database.read_bytes()
    database.write_bytes(whole[:written_by] + b"\x03" + whole[written_by + 1 :])  # newer than any SQLite may write
    done = desk("night", *DAY)
    assert done.returncode == 4
    assert "readonly" in done.stderr
    assert database.read_bytes()[written_by] == 3
    database.write_bytes(whole)
    assert desk("night", *DAY).returncode == 0
    assert len(json.loads(desk("hits", "list", "--json").stdout)) == 1
