"""Measure the CPU cost of the whole path above a bare, tuned Scrapy spider over the same pages of 20 listings.

`python bench/throughput.py --pages N --rounds R`: both in turns, each in its own process; then the event loop's longest
stall and the memory of the whole path. The first unit, which builds the index of 10,000 works, is not counted.
`--memory` leaves out the bare spider and only shows how memory grows over that many pages.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._nightrun import ROOT, Site, web
from bench._nightweb import works

ROWS, WORKS, SEED = 20, 10_000, 3


def questions(pages: int) -> list[str]:
    """Queries for `pages` pages; every third is the title of a registered work, as on a real night."""
    named = [work["title"] for work in works(WORKS, SEED)]
    return [named[n % WORKS] if n % 3 == 0 else f"无关问题{n}号" for n in range(pages)]


def bare(root: str, pages: int) -> None:
    """Run a spider as one would write it: fetch, parse, yield items, no pipelines."""
    import scrapy
    from scrapy.crawler import AsyncCrawlerProcess

    class Bare(scrapy.Spider):
        name = "bare"

        async def start(self) -> Any:
            self.begun = 0.0
            for question in questions(pages):
                yield scrapy.Request(f"{root}/search?q={quote(question)}")

        async def parse(self, response: Any) -> Any:
            self.begun = self.begun or time.process_time()
            for row in response.css("li.item"):
                yield {
                    "url": response.urljoin(row.css("a::attr(href)").get()),
                    "title": row.css("a::text").get(),
                    "seller": row.css(".seller::text").get(),
                    "price": row.css(".price::text").get(),
                }

        def closed(self, _reason: str) -> None:
            print(json.dumps({"ms": 1000 * (time.process_time() - self.begun) / pages}), flush=True)

    tuned = {"CONCURRENT_ITEMS": 4, "WARN_ON_GENERATOR_RETURN_VALUE": False, "CONCURRENT_REQUESTS_PER_DOMAIN": 16}
    tuned |= {"LOG_ENABLED": False, "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False}
    tuned |= {"ROBOTSTXT_OBEY": False, "DOWNLOAD_DELAY": 0, "RETRY_ENABLED": False}
    process = AsyncCrawlerProcess(tuned)
    process.crawl(Bare)
    process.start()


class Watch:
    """Measures CPU and memory after the first unit, and how long the event loop's thread ran without a pause."""

    def __init__(self) -> None:
        self.begun: float | None = None
        self.pages = 0
        self.late = self.busy = 0.0  # longest stalls in seconds of wall clock and of CPU time
        self.memory: list[float] = []

    def unit(self, _unit: Any, stats: Any) -> None:
        """Record a finished unit."""
        if self.begun is None:
            self.begun = time.process_time()
            asyncio.get_running_loop().create_task(self.ticks())
            return
        self.pages += sum(stats.outcomes.values())
        self.memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6)
        if len(self.memory) % 100 == 0:
            print(f"{self.pages} pages: {self.memory[-1]:.0f} MB", file=sys.stderr, flush=True)

    async def ticks(self) -> None:
        """Every 5 ms, measure the delay by the wall clock and by the CPU time of this thread."""
        wall, used = time.monotonic(), time.thread_time()
        while True:
            await asyncio.sleep(0.005)
            self.late = max(self.late, time.monotonic() - wall - 0.005)
            self.busy = max(self.busy, time.thread_time() - used)
            wall, used = time.monotonic(), time.thread_time()


def whole(folder: str, pages: int) -> None:
    """Run the same pages through the whole path: reading, deduplication, links, matchers, store."""
    import spiders

    spiders.__path__.append(f"{folder}/platforms")
    from datetime import UTC, datetime

    from crawler.config import load_config
    from crawler.items import Ask, UnitKind
    from desk.crawling import Plan, crawl

    watch = Watch()
    config = load_config(Path(folder) / "swordnet.toml")
    plan = Plan(
        asks={"bench00": {UnitKind.QUESTION: [Ask(question=each) for each in questions(pages)]}}, enforce_floors=False
    )
    ran = crawl(config, plan, now=lambda: datetime.now(UTC), follow=False, progress=watch.unit)
    used = time.process_time() - (watch.begun or 0.0)
    memory = watch.memory
    part = max(1, len(memory) // 10)
    print(
        json.dumps(
            {
                "ms": 1000 * used / watch.pages,
                "listings": sum(each.listings for each in ran.platforms),
                "hits": sum(each.hits for each in ran.platforms),
                "stall_wall_ms": round(1000 * watch.late, 1),
                "stall_cpu_ms": round(1000 * watch.busy, 1),
                "mb_first_tenth": round(statistics.mean(memory[:part])),
                "mb_last_tenth": round(statistics.mean(memory[-part:])),
                "mb_tenths": [round(memory[len(memory) * tenth // 10]) for tenth in range(10)],
            }
        )
    )


def child(kind: str, *arguments: str) -> dict[str, Any]:
    """Run one of the two in a process of its own; the figures that it prints."""
    command = [sys.executable, str(Path(__file__).resolve()), "--child", kind, *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{kind}: exit {done.returncode}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--child", nargs=3)
    said = parser.parse_args()
    if said.child:
        kind, where, pages = said.child
        (bare if kind == "bare" else whole)(where, int(pages))
        return 0
    rounds: list[tuple[float, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory() as name, web(Path(name), 1, SEED, ROWS) as ports:
        for number in range(said.rounds):
            tuned = "concurrency = 16\nunit_size = 50\nread_deadline = 60"
            site = Site(Path(name) / f"site{number}", ports, 1, tuned)
            site.register(WORKS, SEED)
            root = f"http://127.0.0.1:{ports['platforms']['bench00']}"
            alone = {"ms": 0.0} if said.memory else child("bare", root, str(said.pages))
            rounds.append((alone["ms"], child("whole", str(site.folder), str(said.pages))))
            print(json.dumps({"bare": alone["ms"], **rounds[-1][1]}), file=sys.stderr, flush=True)
    if said.memory:
        return 0
    bares, wholes = [each for each, _ in rounds], [each["ms"] for _, each in rounds]
    above = (min(wholes) - min(bares)) / ROWS
    told = {"bare_ms_per_page": round(min(bares), 2), "whole_ms_per_page": round(min(wholes), 2)}
    told |= {"above_ms_per_listing": round(above, 3), "ratio": round(min(wholes) / min(bares), 2)}
    print(json.dumps({**told, "pages": said.pages, "rounds": said.rounds, "last": rounds[-1][1]}, indent=1))
    return int(above > 0.5)


if __name__ == "__main__":
    sys.exit(main())
