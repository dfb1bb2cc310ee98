"""Run the hostile server's cases through the project's own crawl: outcome, items, seconds and memory of each.

    python bench/hostile.py [--server DIR] [--extra FILE] [--only TEXT] [--jobs N] [--browser]

Starts DIR/hostile_server.py (default: ../shared/bench/hostile, or tests/hostile if that is missing), requests every
path of its manifest in a separate process (a page by the `shop` spider, a picture as a picture of the registry), writes
bench/out/outcomes.jsonl and runs DIR/check.py on it. With --browser, cases of the browser tier are rendered by
Chromium. While a case runs, a pulse takes turns on the event loop of the same process, as requests to another host
would: the longest gap between two turns is `stall_s`. Exit code 0 only if all cases pass and none stalled the loop for
more than a second.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

DEFAULT_PORT = 8899
CASE_TIMEOUT_SECONDS = 100  # seconds after which a case's process is killed
MAX_STALL_SECONDS = 1.0  # seconds that one page may block others
OK_OUTCOMES = {"live", "unchanged"}
SHARED_SERVER = ROOT.parent / "shared" / "bench" / "hostile"
BUNDLED_SERVER = ROOT / "tests" / "hostile"
_PICTURE_PATH_RE = re.compile(r"/img/|\.(?:png|jpe?g|gif|webp|avif|heic|bmp|tiff?|svg|ico)$", re.I)
_PICTURE_TITLE_RE = re.compile(r"\b(?:PNG|JPE?G|GIF|WebP|AVIF|HEIC|TIFF|SVG|BMP|picture|pixels?)\b")


def main() -> int:
    """Run all cases, then the check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, default=SHARED_SERVER if SHARED_SERVER.exists() else BUNDLED_SERVER)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--extra", type=Path, action="append", default=[])
    parser.add_argument("--one", nargs=2, metavar=("URL", "DOOR"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run_case(*arguments.one)))
        return 0
    return run_all(arguments)


def run_all(arguments: argparse.Namespace) -> int:
    """Start the server, request every path, judge the outcomes."""
    command = [sys.executable, str(arguments.server / "hostile_server.py"), "--port", str(arguments.port), "--warm"]
    for extra in arguments.extra:
        command += ["--extra", str(extra.resolve())]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server_url = f"http://127.0.0.1:{arguments.port}"
    try:
        cases = [case for case in wait_for_cases(server_url, server) if arguments.only in case["path"]]
        urllib.request.urlopen(f"{server_url}/_reset", timeout=30).close()
        path_kinds = [(case["path"], request_kind(case, arguments.browser)) for case in cases]
        with ThreadPoolExecutor(arguments.jobs) as pool:
            rows = list(pool.map(lambda path_kind: run_in_process(server_url, *path_kind), path_kinds))
        return judge_outcomes(arguments, server_url, cases, rows)
    finally:
        server.kill()
        server.wait()


def judge_outcomes(arguments: argparse.Namespace, server_url: str, cases: list[Any], rows: list[dict[str, Any]]) -> int:
    """Write the outcomes and have them checked; exit code 1 if a case fails or stalls the loop."""
    out = ROOT / "bench" / "out"
    out.mkdir(exist_ok=True)
    (out / "outcomes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (out / "manifest.json").write_text(json.dumps(cases), encoding="utf-8")
    check = [sys.executable, str(arguments.server / "check.py"), str(out / "outcomes.jsonl"), "--server", server_url]
    check += ["--manifest", str(out / "manifest.json"), *(["--browser"] if arguments.browser else [])]
    failed = subprocess.run(check, check=False).returncode
    slow = [row for row in rows if row.get("stall_s", 0) > MAX_STALL_SECONDS]
    for row in slow:
        print(f"FAIL  {row['path']}  kept others waiting for {row['stall_s']:.1f} s")
    return int(bool(failed or slow))


def wait_for_cases(server_url: str, server: subprocess.Popen[bytes]) -> list[Any]:
    """The manifest's cases, once the server answers."""
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server_url}/manifest.json", timeout=5) as answer:
                cases: list[Any] = json.load(answer)
                return cases
        except OSError:
            time.sleep(0.5)
    raise SystemExit("the hostile server did not start")


def request_kind(case: dict[str, Any], browser: bool) -> str:
    """How a case is requested: "picture", "browser" (a page in the browser) or "page"."""
    if browser and case["expect"].get("tier") == "browser":
        return "browser"
    names_picture = case["path"].startswith("/html/") is False and _PICTURE_TITLE_RE.search(case.get("title", ""))
    return "picture" if _PICTURE_PATH_RE.search(case["path"]) or names_picture else "page"


def run_in_process(server_url: str, path: str, kind: str) -> dict[str, Any]:
    """Run one case in a process of its own; if that hangs or dies, the outcome is "hung" or "crashed"."""
    begun = time.perf_counter()
    try:
        command = [sys.executable, __file__, "--one", f"{server_url}{path}", kind]
        result = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=CASE_TIMEOUT_SECONDS, check=False
        )
        row = json.loads(result.stdout.splitlines()[-1]) if result.stdout else {"outcome": "crashed", "items": 0}
        row.setdefault("note", result.stderr[-300:])
    except subprocess.TimeoutExpired:
        row = {"outcome": "hung", "items": 0, "elapsed_s": time.perf_counter() - begun}
    return {"path": path, "door": kind, **row}


def run_case(url: str, kind: str) -> dict[str, Any]:
    """Request one address as a night would: with a unit, the worker, the pipelines and a store."""
    from datetime import UTC, datetime
    from importlib import import_module

    from attrs import evolve

    from crawler import worker
    from crawler.config import Config, PlatformConfig
    from crawler.items import Ask, Picture, UnitKind, Work
    from crawler.store import Store
    from crawler.web.address_policy import host_refusal
    from crawler.web.session import Session
    from spiders.catalogue import platforms

    for part in (
        "pipelines.match",
        "crawler.page.structured_data",
        "crawler.web.header_limits",
        "crawler.web.picture_fetch",
    ):
        import_module(part)  # loaded once per crawl, so not counted as a stall of this page
    host_refusal("shop.example.com")
    crawl_stats: list[Any] = []
    pulse = Pulse()
    with tempfile.TemporaryDirectory() as folder, Store.open(f"sqlite:///{folder}/s.db") as store:
        config = Config(platforms={"shop": PlatformConfig(browser=kind == "browser")})
        host = url.removeprefix("http://").partition("/")[0]
        crawl = evolve(config.crawl, delay=0.0, loopback=(host,), timeout=25, attempts=1)
        limits = evolve(config.limits, seconds=50.0)  # the server's cases allow a minute
        config = evolve(config, crawl=crawl, limits=limits, store=evolve(config.store, blobs=f"{folder}/blobs"))
        now = datetime.now(UTC)
        if kind == "picture":
            store.works.import_works([Work(id="W", title="有图作品", images=(Picture(url=url),))], now)
        store.runs.start_run("r", "2026-11-22", now)
        if kind != "picture":
            store.queue.plan_units("r", "shop", UnitKind.DETAILS, 1, [(Ask(url=url),)])
        session = Session(config=config, store=store)
        begun = time.perf_counter()
        session.get_or_build("pulse", pulse.start, lambda _: pulse.stop())
        worker.run_units(session, "r", platforms(), lambda _unit, stats: crawl_stats.append(stats))
        row: dict[str, Any] = {
            "elapsed_s": round(time.perf_counter() - begun, 2),
            "stall_s": round(pulse.longest_gap, 2),
        }
        if kind == "picture":
            picture = store.pages.get_picture(url)
            is_whole = picture is not None and not picture.problem  # check.py: failed, or flagged as partial
            row |= {"outcome": "ok" if is_whole else "failed", "items": int(is_whole)}
        else:
            row |= outcome_row(crawl_stats)
    own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child_peak = 0 if kind == "browser" else resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    row["peak_rss_mb"] = (
        max(own_peak, child_peak) / 1024
    )  # the larger of the crawl and its workers, without the browser
    return row


class Pulse:
    """Takes a turn on the event loop every 20 ms, as another host's request would, and records the longest gap.

    Of a gap only this process's CPU time counts, since the machine is shared with the server and other cases.
    """

    def __init__(self) -> None:
        self.longest_gap = 0.0
        self._call: Any = None

    def start(self) -> Pulse:
        """Begin as soon as the reactor runs."""
        from importlib import import_module

        self._reactor: Any = None
        self._last = (0.0, 0.0)

        def begin() -> None:
            self._reactor = import_module("twisted.internet.reactor")
            self._last = time.perf_counter(), time.process_time()
            self._call = self._reactor.callLater(0.02, self._beat)

        from scrapy.utils.reactor import install_reactor

        from crawler.settings import TWISTED_REACTOR

        install_reactor(TWISTED_REACTOR)
        import_module("twisted.internet.reactor").callWhenRunning(begin)  # type: ignore[attr-defined]
        return self

    def _beat(self) -> None:
        now = time.perf_counter(), time.process_time()
        waited, computed = now[0] - self._last[0] - 0.02, now[1] - self._last[1]
        self.longest_gap = max(self.longest_gap, min(waited, computed))
        self._last = now
        self._call = self._reactor.callLater(0.02, self._beat)

    def stop(self) -> None:
        """Stop taking turns."""
        if self._call is not None and self._call.active():
            self._call.cancel()


def outcome_row(crawl_stats: list[Any]) -> dict[str, Any]:
    """Crawl statistics in the terms of check.py: refused is blocked, live and unchanged are ok, all others failed."""
    outcomes = {outcome.value for stats in crawl_stats for outcome in stats.outcomes}
    items = sum(stats.listings for stats in crawl_stats)
    problems = [problem for stats in crawl_stats for problem in stats.problems][:3]
    limits = sorted({name for stats in crawl_stats for name in stats.limit_counts})
    outcome = "ok" if outcomes & OK_OUTCOMES else "blocked" if "refused" in outcomes else "failed"
    note = "; ".join(problems)[:300]
    return {"outcome": outcome, "items": items, "seen": sorted(outcomes), "limits": limits, "note": note}


if __name__ == "__main__":
    sys.exit(main())
