"""Who is told of a night, and how: mail, Prometheus' endpoint, the live table; and the clock that starts nights."""

from __future__ import annotations

import io
import json
import socketserver
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from apscheduler.triggers.interval import IntervalTrigger
from attrs import evolve
from rich.console import Console

from crawler.config import Config, NightConfig, TellConfig
from crawler.health import PlatformCounts
from crawler.items import Ask, Outcome, UnitKind, Work
from crawler.store import Backoff, Run, Store, UnitResult
from crawler.web.session import CrawlStats
from desk.nightly import scheduling
from desk.nightly.chat_messages import NightMessage
from desk.nightly.metrics import Metrics
from desk.nightly.notify import notify
from desk.nightly.progress import line_printer, live_progress

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


class MailServer(socketserver.StreamRequestHandler):
    """Takes one mail as SMTP says (RFC 5321), without TLS."""

    got: list[bytes]

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.got.append(text)
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")


@pytest.fixture
def mails() -> Iterator[tuple[int, list[bytes]]]:
    messages: list[bytes] = []
    handler = type("Handler", (MailServer,), {"got": messages})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], messages
        server.shutdown()


def tell_config(port: int, **settings: Any) -> TellConfig:
    return TellConfig(
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_tls=False,
        sender="net@desk.example",
        to=("a@desk.example", "b@desk.example"),
        **settings,
    )


def night_message(**changes: Any) -> NightMessage:
    message = NightMessage(
        title="SwordNet 夜间报告",
        language="zh",
        complaints=("孔夫子: 12 challenged",),
        hits=(),
        hit_count=0,
        report={"run": "r"},
        report_text="孔夫子: 12 challenged",
    )
    return evolve(message, **changes)


def test_a_night_that_cannot_be_trusted_is_mailed(mails: tuple[int, list[bytes]]) -> None:
    port, messages = mails
    assert notify(tell_config(port), night_message(), False, NOW) == []
    mail = message_from_bytes(messages[0], policy=policy.default)
    assert mail["Subject"] == "SwordNet 夜间报告"
    assert mail["To"] == "a@desk.example, b@desk.example"
    assert "孔夫子: 12 challenged" in mail.get_content()
    assert mail["Date"].datetime.tzinfo is not None
    assert mail["Message-ID"].endswith("@desk.example>")


def test_a_healthy_night_is_mailed_only_where_that_is_wished(mails: tuple[int, list[bytes]]) -> None:
    port, messages = mails
    notify(tell_config(port), night_message(), True, NOW)
    assert not messages
    notify(tell_config(port, always=True), night_message(), True, NOW)
    assert len(messages) == 1


def test_nothing_is_sent_by_default() -> None:
    assert notify(TellConfig(), night_message(), False, NOW) == []


def test_a_mail_that_cannot_be_delivered_is_a_problem_and_no_end() -> None:
    problems = notify(tell_config(9), night_message(), False, NOW)
    assert len(problems) == 1
    assert problems[0].startswith("127.0.0.1: ")


class Webhook(BaseHTTPRequestHandler):
    """Takes a POST and gives the answer it was made with."""

    got: list[tuple[str, bytes]]
    status: int
    answer: bytes

    def do_POST(self) -> None:
        self.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def webhook(status: int = 200, answer: bytes = b"ok") -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    handler = type("Handler", (Webhook,), {"got": [], "status": status, "answer": answer})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/services/T0/s3cr3t", handler.got  # type: ignore[attr-defined]
        server.shutdown()


def test_a_webhook_gets_what_its_service_takes_signed_with_the_secret() -> None:
    with webhook(answer=b'{"errcode": 0, "errmsg": "ok"}') as (address, posts):
        config = TellConfig(webhook=f"{address}?access_token=t", service="dingtalk", webhook_secret="SECabc")
        assert notify(config, night_message(), False, NOW) == []
    (path, body), query = posts[0], parse_qs(urlsplit(posts[0][0]).query)
    assert path.startswith("/services/T0/s3cr3t?access_token=t&timestamp=")
    # base64(HMAC-SHA256(key SECabc, "1795309200000\nSECabc")), by openssl
    assert query["sign"] == ["rt2TVmHq04ulRdnYU/8sh9UflY3LMBde3rW8GhMFMoo="]
    assert "孔夫子: 12 challenged" in json.loads(body)["text"]["content"]


@pytest.mark.parametrize(
    ("service", "status", "answer", "problem"),
    [
        ("wecom", 200, b'{"errcode": 93000, "errmsg": "invalid webhook url"}', "errcode 93000 invalid webhook url"),
        ("feishu", 200, b'{"code": 19021, "msg": "sign match fail"}', "code 19021 sign match fail"),
        ("slack", 403, b"invalid_token", "HTTP Error 403: Forbidden"),
        ("json", 500, b"", "HTTP Error 500: Internal Server Error"),
    ],
)
def test_a_refused_message_is_a_problem_that_keeps_the_address_secret(
    service: str, status: int, answer: bytes, problem: str
) -> None:
    with webhook(status, answer) as (address, _):
        assert notify(TellConfig(webhook=address, service=service), night_message(), False, NOW) == [
            f"127.0.0.1: {problem}"
        ]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/T0/s3cr3t", "http://127.0.0.1/T0/s3cr3t x", "ftp://a/s3cr3t"])
def test_an_address_that_does_not_work_is_not_logged(address: str) -> None:
    (problem,) = notify(TellConfig(webhook=address), night_message(), False, NOW)
    assert "s3cr3t" not in problem
    assert "s3cr3t" not in repr(TellConfig(webhook=address))


def test_prometheus_is_answered_while_a_night_runs() -> None:
    warnings: list[str] = []
    metrics = Metrics(lambda key, **values: warnings.append(f"{key} {values}"))
    counts = PlatformCounts(platform="kongfz", asked=3, pages=Counter(live=2, challenged=1), listings=40)
    metrics.set_counts([counts], unhealthy=["kongfz"])
    port = free_port()
    metrics.serve(port)
    lines = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode().splitlines()
    assert 'swordnet_pages{outcome="challenged",platform="kongfz"} 1.0' in lines
    assert 'swordnet_healthy{platform="kongfz"} 0.0' in lines
    assert 'swordnet_listings{platform="kongfz"} 40.0' in lines
    assert not warnings
    metrics.serve(port)
    metrics.serve(65_536)
    assert [warning.partition(" ")[0] for warning in warnings] == ["metrics_not_served"] * 2
    assert "in use" in warnings[0]


def test_a_textfile_that_cannot_be_written_is_told_once_and_no_end(tmp_path: Path) -> None:
    warnings: list[str] = []
    metrics = Metrics(lambda key, **_: warnings.append(key))
    for _ in range(2):
        metrics.write(tmp_path / "nowhere" / "swordnet.prom")
    metrics.write(tmp_path / "swordnet.prom")
    assert warnings == ["metrics_not_written"]
    assert "swordnet_run_finished_seconds" in (tmp_path / "swordnet.prom").read_text()


def free_port() -> int:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        return int(server.server_address[1])


def test_the_live_table_says_how_far_each_platform_is_and_who_waits(tmp_path: Path) -> None:
    url, screen = f"sqlite:///{tmp_path}/s.db", io.StringIO()
    console = Console(file=screen, force_terminal=True, width=160)
    with Store.open(url) as store:
        store.works.import_works([Work(id="W", title="轨道纪元")], NOW)
        store.runs.start_run("r", "2026-11-22", NOW, "night")
        store.queue.plan_units("r", "kongfz", UnitKind.QUESTION, 1, [(Ask(question="a"),), (Ask(question="b"),)])
        unit = store.queue.claim_next("r", "me", NOW, 60)
        assert unit is not None
        store.queue.complete(unit, UnitResult(outcome={"pages": {"live": 7}, "listings": 61, "hits": 5}))
        store.queue.set_backoff(
            Backoff(key="host:item.kongfz.com", not_before=datetime.now(UTC) + timedelta(hours=1), why="429")
        )
        with live_progress(console, lambda: Store.open(url), "en", lambda *_: None, quiet=False) as on_unit:
            on_unit(evolve(unit), CrawlStats())
    output = screen.getvalue()
    assert "1/2" in output
    assert "61" in output
    assert "item.kongfz.com" in output
    assert "429" in output


def test_without_a_terminal_nothing_is_drawn() -> None:
    lines: list[str] = []
    console = Console(file=io.StringIO(), force_terminal=False)
    with live_progress(
        console, lambda: pytest.fail("opened"), "en", lambda *_: lines.append("x"), quiet=False
    ) as on_unit:
        on_unit(None, CrawlStats())  # type: ignore[arg-type]
    assert lines == ["x"]


def test_without_a_terminal_a_line_a_minute_sums_the_run_up(tmp_path: Path) -> None:
    url, seconds, lines = f"sqlite:///{tmp_path}/s.db", [1000.0], list[str]()
    with Store.open(url) as store:
        store.runs.start_run("r", "2026-11-22", NOW, "night")
        store.queue.plan_units("r", "kongfz", UnitKind.QUESTION, 1, [(Ask(question="a"),), (Ask(question="b"),)])
        store.queue.plan_units("r", "appstore", UnitKind.QUESTION, 1, [(Ask(question="a"),)])
        unit = store.queue.claim_next("r", "me", NOW, 60)
        assert unit is not None
        store.queue.complete(unit, UnitResult(outcome={"pages": {"live": 7}, "listings": 61, "hits": 5}))
        running = store.queue.claim_next("r", "me", NOW, 60)
        assert running is not None
        stats = CrawlStats(outcomes=Counter({Outcome.LIVE: 3}), listings=9, hits=1)
        on_tick = line_printer(lambda: Store.open(url), "en", lines.append, clock=lambda: seconds[0])
        for seconds[0] in (1000.0, 1030.0, 1059.0):
            on_tick("r", [stats])
        assert lines == []
        for seconds[0] in (1060.0, 1061.0, 1119.0):
            on_tick("r", [stats])
        assert lines == [
            f"units ended: 1 of 3; pages: 10; listings: 70; hits: 6; asking now: {running.spider}",
        ]
        seconds[0] = 1120.0
        on_tick("r", [])
    assert lines[1:] == [f"units ended: 1 of 3; pages: 7; listings: 61; hits: 5; asking now: {running.spider}"]


def past_run(started: datetime, finished: bool = True) -> Run:
    return Run(
        id="r", night="n", started=started, finished=started + timedelta(hours=1) if finished else None, kind="night"
    )


@pytest.mark.parametrize(
    ("now", "last", "night"),
    [
        ("2026-11-22 09:00", None, "2026-11-22"),
        ("2026-11-22 09:00", past_run(datetime(2026, 11, 22, 1, 30, tzinfo=UTC)), None),
        ("2026-11-22 09:00", past_run(datetime(2026, 11, 22, 1, 30, tzinfo=UTC), finished=False), "2026-11-22"),
        ("2026-11-22 09:00", past_run(datetime(2026, 11, 21, 1, 30, tzinfo=UTC)), "2026-11-22"),
        ("2026-11-22 01:00", past_run(datetime(2026, 11, 21, 1, 30, tzinfo=UTC)), None),
        ("2026-11-22 01:00", None, None),  # yesterday's, and more than twelve hours late
        ("2026-11-22 13:31", None, None),
    ],
)
def test_a_missed_night_is_caught_up_while_it_makes_sense(now: str, last: Run | None, night: str | None) -> None:
    config = Config(time_zone="UTC", night=NightConfig(at="01:30", catch_up=12.0))
    assert scheduling.missed_night(config, last, datetime.fromisoformat(now).replace(tzinfo=UTC)) == night


def test_the_clock_starts_a_night_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    started, message_keys = threading.Event(), []
    monkeypatch.setattr(scheduling, "spawn_night", lambda *_: started.set())
    monkeypatch.setattr(scheduling, "nightly_trigger", lambda config: IntervalTrigger(seconds=1))
    scheduler = scheduling.night_scheduler(Config(time_zone="UTC"), None, lambda key, **_: message_keys.append(key))
    thread = threading.Thread(target=scheduler.start)
    thread.start()
    assert started.wait(20)
    scheduler.shutdown()
    thread.join(20)
    assert not thread.is_alive()
