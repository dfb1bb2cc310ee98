"""The hostile server's cases through the project's own crawl: outcome, items, seconds and memory of each.

    python bench/hostile.py [--server DIR] [--only TEXT] [--jobs N] [--browser]

Starts DIR/hostile_server.py (default: ../shared/bench/hostile), asks every path of its manifest in a process of its own
(a page by the `shop` spider, a picture as a picture of the registry), writes bench/out/outcomes.jsonl and runs
DIR/check.py on it. Exit code 0 only if all cases pass.
"""

from __future__ import annotations

import argparse
import json
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

PORT = 8899
LIMIT = 90  # seconds after which a case's process is killed
OK = {"live", "unchanged"}


def main() -> int:
    """Run all cases, then the check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, default=ROOT.parent / "shared" / "bench" / "hostile")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--extra", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one(arguments.one)))
        return 0
    if not arguments.server.exists():
        print("the hostile server is not there: ../shared/bench/hostile")
        return 0
    return everything(arguments)


def everything(arguments: argparse.Namespace) -> int:
    """Start the server, ask every path, judge."""
    command = [sys.executable, str(arguments.server / "hostile_server.py"), "--port", str(PORT), "--warm"]
    command += ["--extra", str(arguments.extra)] if arguments.extra else []
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    place = f"http://127.0.0.1:{PORT}"
    try:
        manifest = ready(place)
        cases = manifest["cases"] if isinstance(manifest, dict) else manifest
        paths = [case["path"] for case in cases if arguments.only in case["path"]]
        urllib.request.urlopen(f"{place}/_reset", timeout=30).close()
        with ThreadPoolExecutor(arguments.jobs) as pool:
            rows = list(pool.map(lambda path: in_its_own_process(place, path), paths))
        out = ROOT / "bench" / "out" / "outcomes.jsonl"
        out.parent.mkdir(exist_ok=True)
        out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        check = [sys.executable, str(arguments.server / "check.py"), str(out), "--server", place]
        return subprocess.run([*check, *(["--browser"] if arguments.browser else [])], check=False).returncode
    finally:
        server.kill()
        server.wait()


def ready(place: str) -> Any:
    """The manifest, once the server answers."""
    for _ in range(120):
        try:
            with urllib.request.urlopen(f"{place}/manifest.json", timeout=5) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.5)
    raise SystemExit("the hostile server did not start")


def in_its_own_process(place: str, path: str) -> dict[str, Any]:
    """One case; a process that does not end in time or dies is a failure of ours and told as such."""
    begun = time.perf_counter()
    try:
        command = [sys.executable, __file__, "--one", f"{place}{path}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
        row = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {"outcome": "crashed", "items": 0}
        row.setdefault("note", done.stderr[-300:])
    except subprocess.TimeoutExpired:
        row = {"outcome": "hung", "items": 0, "elapsed_s": time.perf_counter() - begun}
    return {"path": path, **row}


def one(url: str) -> dict[str, Any]:
    """Ask one address as a night would: a unit, the worker, the pipelines, a store."""
    from datetime import UTC, datetime

    from attrs import evolve

    from crawler import work
    from crawler.config import Config
    from crawler.items import Ask, Picture, UnitKind, Work
    from crawler.store import Store
    from crawler.web.session import Session, Tally
    from spiders._claims import spiders_by_name

    tallies: list[Tally] = []
    with tempfile.TemporaryDirectory() as folder, Store.open(f"sqlite:///{folder}/s.db") as store:
        config = Config()
        place = url.removeprefix("http://").partition("/")[0]
        crawl = evolve(config.crawl, delay=0.0, loopback=(place,), timeout=25, attempts=1)
        config = evolve(config, crawl=crawl, store=evolve(config.store, blobs=f"{folder}/blobs"))
        now = datetime.now(UTC)
        picture = "/img/" in url or url.endswith("cover.png")
        if picture:
            store.works.upsert([Work(id="W", title="有图作品", images=(Picture(url=url),))], now)
        store.runs.start("r", "2026-11-22", now)
        if not picture:
            store.units.plan("r", "shop", UnitKind.DETAILS, 1, [(Ask(url=url),)])
        session = Session(config=config, store=store)
        begun = time.perf_counter()
        work.run(session, "r", spiders_by_name(), lambda _unit, tally: tallies.append(tally))
        row: dict[str, Any] = {"elapsed_s": round(time.perf_counter() - begun, 2)}
        if picture:
            found = store.pictures.get(url)
            row |= {"outcome": "ok" if found else "failed", "items": int(found is not None)}
        else:
            row |= judged(tallies)
    row["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return row


def judged(tallies: list[Any]) -> dict[str, Any]:
    """A tally in the check's words: refused is blocked, live and unchanged are ok, all others failed."""
    outcomes = {outcome.value for tally in tallies for outcome in tally.outcomes}
    items = sum(tally.listings for tally in tallies)
    problems = [problem for tally in tallies for problem in tally.problems][:3]
    outcome = "ok" if outcomes & OK else "blocked" if "refused" in outcomes else "failed"
    return {"outcome": outcome, "items": items, "seen": sorted(outcomes), "note": "; ".join(problems)[:300]}


if __name__ == "__main__":
    sys.exit(main())
