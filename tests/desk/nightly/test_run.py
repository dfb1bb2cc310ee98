"""Nights as a user starts them, over a loopback web: gone on with, incremental, healthy or not, reported."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from crawler.store import Store
from tests.conftest import ROOT, LoopbackWeb, Swordnet, jsonl
from tests.desk.test_crawling import WORK, product, read_csv

pytestmark = pytest.mark.slow
FIRST_DAY = ("--now", "2026-11-22T01:00:00Z")
NEXT_DAY = ("--now", "2026-11-23T01:00:00Z")
SEARCH_PAGE = """<html><head><script type="application/ld+json">[{"@type": "Product", "name": "%s", "url": "/p/1"},
{"@type": "Product", "name": "别的书", "url": "/p/2"}, {"@type": "Product", "name": "还有一本", "url": "/p/3"}]
</script></head><body><h1>results</h1></body></html>"""
DISABLED_PLATFORMS = "".join(f"[platforms.{name}]\nenabled = false\n" for name in ("kongfz", "appstore", "appgallery"))


@pytest.fixture
def desk(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb) -> Swordnet:
    """A shop with a search on the loopback web, and one work."""
    settings = f'[crawl]\ndelay = 0.0\nbackoff = 0.05\nattempts = 2\nloopback = ["{web.netloc}"]\n{DISABLED_PLATFORMS}'
    settings += "[night]\nexplore = 0\n"
    settings += f'[platforms.shop]\ntemplates = ["{web.url}/search?q={{query}}"]\n'
    (tmp_path / "swordnet.toml").write_text(settings)
    (tmp_path / "works.jsonl").write_text(jsonl(WORK), encoding="utf-8")
    web.pages["/robots.txt"] = (404, "text/plain", b"")
    web.pages["/search"] = (200, "text/html; charset=utf-8", (SEARCH_PAGE % "潮汐钟楼的守望者").encode())
    web.pages["/p/1"] = product("潮汐钟楼的守望者 全本")
    assert swordnet("works", "import", "works.jsonl").returncode == 0
    return swordnet


def shop_report(desk: Swordnet, *arguments: str) -> dict[str, Any]:
    """What the last night did on the shop."""
    result = desk("report", "night", "--json", *arguments)
    assert result.returncode == 0, result.stderr
    shop: dict[str, Any] = json.loads(result.stdout)["platforms"]["shop"]
    return shop


def test_a_night_runs_once_and_again_only_with_the_option(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    first_result = desk("night", *FIRST_DAY, "--csv", "hits.csv")
    assert first_result.returncode == 0, first_result.stdout + first_result.stderr
    assert [(hit["work_id"], hit["decision"]) for hit in read_csv(tmp_path / "hits.csv")] == [("W1", "hit")]
    request_count = len(web.requested_paths)
    second_result = desk("night", *FIRST_DAY)
    assert (second_result.returncode, len(web.requested_paths)) == (3, request_count)
    assert "has run" in second_result.stderr
    assert desk("night", "--again", *FIRST_DAY).returncode == 0
    assert len(web.requested_paths) > request_count
    listed = json.loads(desk("runs", "--json").stdout)
    assert [(run["kind"], run["night"], run["outcome"]) for run in listed] == [("night", "2026-11-22", "done")] * 2


def test_a_night_learns_which_questions_led_to_hits(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    settings = (tmp_path / "swordnet.toml").read_text()
    (tmp_path / "swordnet.toml").write_text(settings.replace("explore = 0", "explore = 1"))
    (tmp_path / "works.jsonl").write_text(jsonl(WORK | {"kind": "book"}), encoding="utf-8")
    assert desk("works", "import", "works.jsonl").returncode == 0
    result = desk("night", *FIRST_DAY)
    assert result.returncode == 0, result.stdout + result.stderr
    shop = shop_report(desk)
    forms = shop["questions"]
    assert forms["title"]["asked"] == 1
    assert sum(form["asked"] for form in forms.values()) == 2, "one more question was explored"
    assert sum(form["hits"] for form in forms.values()) == 1, "the page of the hit was asked once, whoever led to it"


def test_a_stopped_night_goes_on_where_it_was(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    assert desk("night", *FIRST_DAY).returncode == 0
    with closing(sqlite3.connect(tmp_path / "swordnet.db")) as database:
        database.execute("UPDATE runs SET finished = NULL, outcome = NULL")
        database.execute("UPDATE units SET state = 'open', attempt = 0 WHERE kind = 'details'")
        database.commit()
    web.requested_paths.clear()
    result = desk("night", *FIRST_DAY)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "goes on where it was: 1 units are open" in result.stdout
    assert [path for path in web.requested_paths if path != "/robots.txt"] == ["/p/1"]


def test_a_second_night_at_the_same_time_is_refused(desk: Swordnet, web: LoopbackWeb) -> None:
    gate = web.gates["/search"] = threading.Event()
    return_codes: list[int] = []
    running = threading.Thread(target=lambda: return_codes.append(desk("night", *FIRST_DAY).returncode))
    running.start()
    while not web.requested_paths:
        time.sleep(0.05)
    second_result = desk("night", *FIRST_DAY)
    assert (second_result.returncode, "another night is running" in second_result.stderr) == (6, True)
    status = json.loads(desk("status", "--json").stdout)
    gate.set()
    running.join()
    assert return_codes == [0]
    assert status["outcome"] == "running"


def test_a_night_without_a_terminal_says_that_it_lives(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    gate = web.gates["/search"] = threading.Event()
    command = (
        "from desk.nightly import progress; progress.LINE_INTERVAL_SECONDS = 0.1; from desk.cli import main; main()"
    )
    night = subprocess.Popen(
        [sys.executable, "-c", command, "night", *FIRST_DAY],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert night.stdout is not None
    try:
        line = next(line for line in night.stdout if line.startswith("units ended"))
        assert line.startswith("units ended: 0 of 1; pages: ")
        assert line.endswith("; asking now: shop\n")
    finally:
        gate.set()
        night.stdout.close()
        night.terminate()
        night.wait(60)


def test_a_port_in_use_is_a_warning_and_changes_no_exit_code(desk: Swordnet, tmp_path: Path) -> None:
    """A second night finds the first one's port of metrics in use: that it is the second is what it says."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        settings = (tmp_path / "swordnet.toml").read_text()
        settings = settings.replace("[night]", f"[night]\nmetrics_port = {server.getsockname()[1]}")
        (tmp_path / "swordnet.toml").write_text(settings)
        with Store.open(f"sqlite:///{tmp_path}/swordnet.db") as store, store.admin.night_lock():
            second_result = desk("night", *FIRST_DAY)
        assert (second_result.returncode, "another night is running" in second_result.stderr) == (6, True)
        result = desk("night", "--json", *FIRST_DAY)
        assert (result.returncode, json.loads(result.stdout)["complaints"]) == (0, {})
        assert "warning: no metrics on port" in result.stderr
        assert desk("night", *FIRST_DAY).returncode == 3


def test_reports_that_cannot_be_written_are_a_warning(desk: Swordnet, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file where the folder should be")
    result = desk("night", "--json", *FIRST_DAY)
    assert (result.returncode, json.loads(result.stdout)["complaints"]) == (0, {}), result.stderr
    assert "warning: no report in night.reports" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unchanged_web_is_neither_sent_nor_compared_again(desk: Swordnet, web: LoopbackWeb) -> None:
    assert desk("night", *FIRST_DAY).returncode == 0
    assert desk("night", *NEXT_DAY).returncode == 0
    second_night = shop_report(desk)
    assert set(second_night["pages"]) == {"unchanged"}
    assert (second_night["hits"], second_night["new"]) == (1, 0)
    web.pages["/p/1"] = product("潮汐钟楼的守望者 全本", "扫描版 PDF 网盘发货")
    assert desk("night", "--now", "2026-11-24T01:00:00Z").returncode == 0
    third_night = shop_report(desk)
    assert third_night["pages"]["live"] == 1


def test_a_changed_registry_is_compared_with_what_is_stored(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    web.pages["/p/1"] = product("回声边界的航线图", "扫描版 PDF 网盘发货 电子版")
    assert desk("night", *FIRST_DAY).returncode == 0
    assert desk("crawl", "shop", "--url", f"{web.url}/p/1", *FIRST_DAY).returncode == 0
    assert json.loads(desk("hits", "list", "--json", "--decision", "hit").stdout) == []
    new_work = WORK | {"id": "W9", "title": "回声边界的航线图"}
    (tmp_path / "more.jsonl").write_text(jsonl(new_work), encoding="utf-8")
    assert desk("works", "import", "more.jsonl").returncode == 0
    web.pages["/search"] = (
        200,
        "text/html; charset=utf-8",
        (SEARCH_PAGE % "无关的书").replace("/p/1", "/p/8").encode(),
    )
    assert desk("night", *NEXT_DAY).returncode == 0
    hits = json.loads(desk("hits", "list", "--json", "--decision", "hit").stdout)
    assert [hit["work_id"] for hit in hits] == ["W9"]


LOGIN_WALL = "<html><head><title>用户登录</title></head><body>请先登录</body></html>"
HIT_ANSWERS = {  # what a hit's page says later, one hour after the other
    "up": product("潮汐钟楼的守望者 全本"),
    "blocked": (200, "text/html; charset=utf-8", LOGIN_WALL.encode()),
    "changed": product("潮汐钟楼的守望者 全本", "换了说明 PDF 网盘"),
    "gone": (404, "text/html", b"<html><body>none</body></html>"),
}


def test_a_hit_is_checked_again_on_demand(desk: Swordnet, web: LoopbackWeb) -> None:
    assert desk("night", *FIRST_DAY).returncode == 0
    (hit,) = json.loads(desk("hits", "list", "--json").stdout)
    for hour, (state, answer) in enumerate(HIT_ANSWERS.items()):
        web.pages["/p/1"] = answer
        result = desk("hits", "recheck", hit["hit_id"][:8], "--json", "--now", f"2026-11-23T0{hour}:00:00Z")
        (check,) = json.loads(result.stdout)
        assert check["state"] == state, result.stdout + result.stderr
        assert check["endpoint"] == f"{web.url}/p/1"
        assert len(check["digest"]) == 64
        (listed_hit,) = json.loads(desk("hits", "list", "--json").stdout)
        assert listed_hit["still_up"] == {"gone": "no", "blocked": "unknown"}.get(state, "yes")


@pytest.mark.parametrize(
    "notice",
    [
        "<title>提示信息 - 海图书店</title><p>抱歉，指定的主题不存在或已被删除</p>",
        "<title>海图书店</title><h2>海图书店</h2><p>该帖子已被删除</p><p><a href='/'>返回</a></p>",
        "<title>Quay Books</title><h2>Quay Books</h2><p>This item is no longer on sale or was removed.</p>",
    ],
)
def test_a_notice_with_status_200_is_gone_and_replaces_nothing(desk: Swordnet, web: LoopbackWeb, notice: str) -> None:
    assert desk("night", *FIRST_DAY).returncode == 0
    (hit,) = json.loads(desk("hits", "list", "--json").stdout)
    page = f"<html><head>{notice.replace('</title>', '</title></head><body>')}</body></html>"
    web.pages["/p/1"] = (200, "text/html; charset=utf-8", page.encode())
    result = desk("hits", "recheck", hit["hit_id"][:8], "--json", "--now", "2026-11-23T01:00:00Z")
    (check,) = json.loads(result.stdout)
    assert check["state"] == "gone", result.stdout + result.stderr
    (listed_hit,) = json.loads(desk("hits", "list", "--json").stdout)
    assert (listed_hit["still_up"], listed_hit["title"], listed_hit["decision"]) == ("no", hit["title"], "hit")


def test_a_hit_that_searches_no_longer_show_is_checked_when_it_is_due(desk: Swordnet, web: LoopbackWeb) -> None:
    assert desk("night", *FIRST_DAY).returncode == 0
    web.pages["/search"] = (200, "text/html; charset=utf-8", (SEARCH_PAGE % "无关的书").encode())
    web.pages["/p/1"] = (410, "text/html", b"<html><body>gone</body></html>")
    assert desk("night", *NEXT_DAY).returncode == 0
    assert shop_report(desk)["gone"] == 1


BLIND_SEARCHES = (  # what a search shows one hour after the other, and what the night says of it
    (LOGIN_WALL, "not a quiet night"),
    ("", "not a quiet night"),
    ("<html><body><h1>new</h1><div class=card>潮汐钟楼的守望者</div></body></html>", "must be found"),
)


def test_a_platform_that_went_blind_is_named(desk: Swordnet, web: LoopbackWeb, tmp_path: Path) -> None:
    assert desk("must-find", "W1", f"{web.url}/p/1").returncode == 0
    assert desk("night", *FIRST_DAY).returncode == 0
    for hour, (search, words) in enumerate(BLIND_SEARCHES, start=2):
        web.pages["/search"] = (200, "text/html; charset=utf-8", search.encode())
        result = desk("night", "--now", f"2026-11-22T0{hour}:00:00Z", "--again")
        assert result.returncode == 5, result.stdout + result.stderr
        assert words in result.stderr
        assert "shop" in result.stderr
        run = json.loads(desk("runs", "--json").stdout)[0]
        assert run["outcome"] == "unhealthy"
        for suffix in ("html", "md", "json"):
            assert words in (tmp_path / "reports" / f"{run['run']}.{suffix}").read_text(encoding="utf-8")


def test_a_host_that_asks_for_three_seconds_gets_them_and_nothing_is_lost(
    desk: Swordnet, web: LoopbackWeb, tmp_path: Path
) -> None:
    request_times: list[float] = []

    def throttle_once(_query: str, _body: bytes) -> tuple[int, object]:
        request_times.append(time.monotonic())
        web.headers["/search"] = {"Retry-After": "3"} if len(request_times) == 1 else {}
        if len(request_times) == 1:
            return 429, {}
        del web.answers["/search"]
        return 503, {}

    web.answers["/search"] = throttle_once
    result = desk("night", *FIRST_DAY, "--csv", "hits.csv")
    assert result.returncode == 0, result.stdout + result.stderr
    assert request_times[1] - request_times[0] >= 3.0
    assert len(read_csv(tmp_path / "hits.csv")) == 1


@pytest.mark.parametrize(
    ("robots", "complaint"),
    [
        ((500, "text/plain", b""), "{} did not answer"),
        ((200, "text/plain", b"User-agent: *\nDisallow: /\n"), "robots.txt of {} disallows it"),
    ],
)
def test_what_robots_txt_keeps_from_us_is_no_quiet_night(
    desk: Swordnet, web: LoopbackWeb, robots: tuple[int, str, bytes], complaint: str
) -> None:
    web.pages["/robots.txt"] = robots
    result = desk("night", *FIRST_DAY)
    assert result.returncode == 5
    assert complaint.format(web.netloc) in result.stderr
    assert set(web.requested_paths) == {"/robots.txt"}


def test_a_database_that_takes_no_listing_is_reported(desk: Swordnet, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "swordnet.db")) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON listings BEGIN SELECT RAISE(FAIL, 'disk is full'); END")
    result = desk("night", *FIRST_DAY)
    assert result.returncode in (4, 5)
    assert "disk is full" in result.stdout + result.stderr
    with closing(sqlite3.connect(tmp_path / "swordnet.db")) as database:
        database.execute("DROP TRIGGER full")
    assert desk("night", "--again", *FIRST_DAY).returncode == 0
    assert len(json.loads(desk("hits", "list", "--json").stdout)) == 1


def test_metrics_and_a_webhook(desk: Swordnet, tmp_path: Path, web: LoopbackWeb) -> None:
    payloads: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payloads.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
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
    assert desk("night", *FIRST_DAY).returncode == 0
    server.shutdown()
    server.server_close()
    assert payloads[0]["healthy"] is True
    (hit,) = payloads[0]["new_hits"]["hits"]
    assert (hit["title"], hit["work"], hit["platform"]) == ("潮汐钟楼的守望者 全本", WORK["title"], "shop")
    assert hit["url"] == f"{web.url}/p/1"
    assert payloads[0]["new_hits"]["judged"] is False
    assert payloads[0]["platforms"]["shop"]["hits"] == 1
    lines = (tmp_path / "swordnet.prom").read_text().splitlines()
    assert 'swordnet_hits{platform="shop"} 1.0' in lines
    assert 'swordnet_healthy{platform="shop"} 1.0' in lines


def test_a_read_only_database_is_reported_and_goes_on_later(desk: Swordnet, tmp_path: Path) -> None:
    database, version_offset = tmp_path / "swordnet.db", 18  # byte of the file format's write version
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = database.read_bytes()
    database.write_bytes(
        content[:version_offset] + b"\x03" + content[version_offset + 1 :]
    )  # newer than any SQLite may write
    result = desk("night", *FIRST_DAY)
    assert result.returncode == 4
    assert "readonly" in result.stderr
    assert database.read_bytes()[version_offset] == 3
    database.write_bytes(content)
    assert desk("night", *FIRST_DAY).returncode == 0
    assert len(json.loads(desk("hits", "list", "--json").stdout)) == 1
