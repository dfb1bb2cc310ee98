"""Compare what `swordnet read` and `swordnet crawl --replay --captured` read from each of the shared saved pages.

    .venv/bin/python bench/read_and_replay.py [--limit 50] [--errors 20]

Reads ../shared/bench/pages and pages2, which are not part of the project. Of several pages of one address the first is
taken, and pages without a web address are left out. All become one archive (a folder of request.json and page.html),
which is crawled into an empty store; outcome and listings of each page are caught before the pipelines, the field
values as `swordnet read` writes them.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import evolve

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "bench"
sys.path.insert(0, str(ROOT))

from crawler.archives import open_archive  # noqa: E402
from crawler.config import Config  # noqa: E402
from crawler.items import Listing, Outcome  # noqa: E402
from crawler.page.reader import Reader  # noqa: E402
from crawler.page.sanitize import sanitize_listing  # noqa: E402
from crawler.web.platform_spider import PlatformSpider  # noqa: E402
from desk import crawling  # noqa: E402
from desk.cli.read import PageRow, listing_row, read_page, read_page_rows  # noqa: E402

CONTENT_TYPE = "text/html"


def saved_pages(limit: int) -> Iterator[tuple[PageRow, bytes]]:
    """Yield the pages with a web address, each address once, and their bytes."""
    seen: set[str] = set()
    for folder in (DATA / "pages", DATA / "pages2"):
        with (folder / "manifest.jsonl").open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        for row in rows:
            if (row["url"] or "").startswith(("http://", "https://")) and row["url"] not in seen and len(seen) < limit:
                seen.add(row["url"])
                body = (folder / row["file"]).read_bytes()
                content = {"file": str(folder / row["file"]), "url": row["url"], "content_type": CONTENT_TYPE}
                (page_row,) = read_page_rows([json.dumps(content)], "manifest.jsonl")  # type: ignore[arg-type]
                yield page_row, gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


async def read_all(rows: list[PageRow]) -> dict[str, dict[str, Any]]:
    """What `swordnet read` writes, by address."""
    reader = Reader()
    try:
        return {row.url: await read_page(row, Path(), reader) for row in rows}
    finally:
        reader.close()


def replay_all(pages: list[tuple[PageRow, bytes]], folder: Path) -> dict[str, dict[str, Any]]:
    """What a captured replay reads, by address."""
    for number, (row, body) in enumerate(pages):
        case = folder / "archive" / f"{number:04}"
        case.mkdir(parents=True)
        (case / "page.html").write_bytes(body)
        request = {"url": row.url, "content_type": CONTENT_TYPE}
        (case / "request.json").write_text(json.dumps(request), encoding="utf-8")
    caught: dict[str, dict[str, Any]] = {}
    original = PlatformSpider._record_answer

    def record(self: Any, ask: Any, outcome: Outcome, entries: Any, page: Any, until: Any = None) -> None:
        listings = [listing_row(sanitize_listing(entry)) for entry in entries if isinstance(entry, Listing)]
        caught[ask.url] = {"spider": self.name, "outcome": outcome.value, "listings": listings}
        original(self, ask, outcome, entries, page, until)

    PlatformSpider._record_answer = record  # type: ignore[method-assign]
    config = Config()
    store = evolve(config.store, url=f"sqlite:///{folder}/replay.db", blobs=f"{folder}/blobs")
    archive = folder / "archive"
    plan = crawling.plan_captured(open_archive(archive), [], config)
    crawling.crawl(
        evolve(config, store=store),
        plan,
        now=lambda: datetime.now(UTC),
        replay=archive,
        captured=True,
        follow=False,
    )
    return caught


def difference(read: dict[str, Any], replayed: dict[str, Any] | None) -> list[str]:
    """The names of what differs."""
    if replayed is None:
        return ["not replayed"]
    names = [name for name in ("spider", "outcome") if read[name] != replayed[name]]
    if len(read["listings"]) != len(replayed["listings"]):
        return [*names, "number of listings"]
    for mine, theirs in zip(read["listings"], replayed["listings"], strict=True):
        names += [name for name in sorted(mine.keys() | theirs.keys()) if mine.get(name) != theirs.get(name)]
    return list(dict.fromkeys(names))


def main() -> None:
    """Read both ways, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--limit", type=int, default=10_000)
    parser.add_argument("--errors", type=int, default=20)
    arguments = parser.parse_args()
    if not (DATA / "pages" / "manifest.jsonl").is_file():
        sys.exit(f"no data: expected {DATA.relative_to(ROOT.parent)}/pages beside the repository")
    pages = list(saved_pages(arguments.limit))
    read = asyncio.run(read_all([row for row, _ in pages]))
    with tempfile.TemporaryDirectory() as folder:
        replayed = replay_all(pages, Path(folder))
    differences = {url: names for url in read if (names := difference(read[url], replayed.get(url)))}
    for url, names in list(differences.items())[: arguments.errors]:
        print(url, names, read[url]["outcome"], (replayed.get(url) or {}).get("outcome"), read[url].get("error", ""))
    print(f"pages {len(read)}, of which read alike {len(read) - len(differences)}")
    print(dict(Counter(name for names in differences.values() for name in names)))


if __name__ == "__main__":
    main()
