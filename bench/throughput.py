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

from bench._nightrun import ROOT, Site, run_web
from bench._nightweb import invent_works

LISTINGS_PER_PAGE, WORK_COUNT, SEED = 20, 10_000, 3


def make_queries(pages: int) -> list[str]:
    """Queries for `pages` pages; every third is the title of a registered work, as on a real night."""
    titles = [work["title"] for work in invent_works(WORK_COUNT, SEED)]
    return [titles[n % WORK_COUNT] if n % 3 == 0 else f"无关问题{n}号" for n in range(pages)]


def run_bare_spider(root: str, pages: int) -> None:
    """Run a spider as one would write it: fetch, parse, yield items, no pipelines."""
    import scrapy
    from scrapy.crawler import AsyncCrawlerProcess

    class BareSpider(scrapy.Spider):
        name = "bare"

        async def start(self) -> Any:
            self.begun = 0.0
            for question in make_queries(pages):
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

    scrapy_settings = {
        "CONCURRENT_ITEMS": 4,
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    }
    scrapy_settings |= {"LOG_ENABLED": False, "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False}
    scrapy_settings |= {"ROBOTSTXT_OBEY": False, "DOWNLOAD_DELAY": 0, "RETRY_ENABLED": False}
    process = AsyncCrawlerProcess(scrapy_settings)
    process.crawl(BareSpider)
    process.start()


class LoadMonitor:
    """Measures CPU and memory after the first unit, and how long the event loop's thread ran without a pause."""

    def __init__(self) -> None:
        self.begun: float | None = None
        self.pages = 0
        self.wall_stall = self.cpu_stall = 0.0  # longest stalls in seconds of wall clock and of CPU time
        self.memory_mb: list[float] = []

    def record_unit(self, _unit: Any, stats: Any) -> None:
        """Record a finished unit."""
        if self.begun is None:
            self.begun = time.process_time()
            asyncio.get_running_loop().create_task(self.measure_stalls())
            return
        self.pages += sum(stats.outcomes.values())
        self.memory_mb.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6)
        if len(self.memory_mb) % 100 == 0:
            print(f"{self.pages} pages: {self.memory_mb[-1]:.0f} MB", file=sys.stderr, flush=True)

    async def measure_stalls(self) -> None:
        """Every 5 ms, measure the delay by the wall clock and by the CPU time of this thread."""
        wall, used = time.monotonic(), time.thread_time()
        while True:
            await asyncio.sleep(0.005)
            self.wall_stall = max(self.wall_stall, time.monotonic() - wall - 0.005)
            self.cpu_stall = max(self.cpu_stall, time.thread_time() - used)
            wall, used = time.monotonic(), time.thread_time()


def run_whole_path(folder: str, pages: int) -> None:
    """Run the same pages through the whole path: reading, deduplication, links, matchers, store."""
    import spiders

    spiders.__path__.append(f"{folder}/platforms")
    from datetime import UTC, datetime

    from crawler.config import load_config
    from crawler.items import Ask, UnitKind
    from desk.crawling import CrawlPlan, crawl

    monitor = LoadMonitor()
    config = load_config(Path(folder) / "swordnet.toml")
    plan = CrawlPlan(
        asks={"bench00": {UnitKind.QUESTION: [Ask(question=item) for item in make_queries(pages)]}},
        enforce_floors=False,
    )
    run_result = crawl(config, plan, now=lambda: datetime.now(UTC), follow=False, progress=monitor.record_unit)
    cpu_seconds = time.process_time() - (monitor.begun or 0.0)
    memory = monitor.memory_mb
    part = max(1, len(memory) // 10)
    print(
        json.dumps(
            {
                "ms": 1000 * cpu_seconds / monitor.pages,
                "listings": sum(item.listings for item in run_result.platforms),
                "hits": sum(item.hits for item in run_result.platforms),
                "stall_wall_ms": round(1000 * monitor.wall_stall, 1),
                "stall_cpu_ms": round(1000 * monitor.cpu_stall, 1),
                "mb_first_tenth": round(statistics.mean(memory[:part])),
                "mb_last_tenth": round(statistics.mean(memory[-part:])),
                "mb_tenths": [round(memory[len(memory) * tenth // 10]) for tenth in range(10)],
            }
        )
    )


def run_child(kind: str, *arguments: str) -> dict[str, Any]:
    """Run one of the two in a process of its own; the figures that it prints."""
    command = [sys.executable, str(Path(__file__).resolve()), "--child", kind, *arguments]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", errors="replace", check=False)
    if result.returncode:
        raise SystemExit(f"{kind}: exit {result.returncode}")
    figures: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return figures


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--child", nargs=3)
    arguments = parser.parse_args()
    if arguments.child:
        kind, where, pages = arguments.child
        (run_bare_spider if kind == "bare" else run_whole_path)(where, int(pages))
        return 0
    rounds: list[tuple[float, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory() as name, run_web(Path(name), 1, SEED, LISTINGS_PER_PAGE) as ports:
        for number in range(arguments.rounds):
            site_settings = "concurrency = 16\nunit_size = 50\nread_deadline = 60"
            site = Site(Path(name) / f"site{number}", ports, 1, site_settings)
            site.register_works(WORK_COUNT, SEED)
            root = f"http://127.0.0.1:{ports['platforms']['bench00']}"
            bare_figures = {"ms": 0.0} if arguments.memory else run_child("bare", root, str(arguments.pages))
            rounds.append((bare_figures["ms"], run_child("whole", str(site.folder), str(arguments.pages))))
            print(json.dumps({"bare": bare_figures["ms"], **rounds[-1][1]}), file=sys.stderr, flush=True)
    if arguments.memory:
        return 0
    bare_times, whole_times = [entry for entry, _ in rounds], [entry["ms"] for _, entry in rounds]
    overhead = (min(whole_times) - min(bare_times)) / LISTINGS_PER_PAGE
    figures = {"bare_ms_per_page": round(min(bare_times), 2), "whole_ms_per_page": round(min(whole_times), 2)}
    figures |= {"above_ms_per_listing": round(overhead, 3), "ratio": round(min(whole_times) / min(bare_times), 2)}
    print(
        json.dumps({**figures, "pages": arguments.pages, "rounds": arguments.rounds, "last": rounds[-1][1]}, indent=1)
    )
    return int(overhead > 0.5)


if __name__ == "__main__":
    sys.exit(main())
