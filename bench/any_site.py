"""Nights over sites nobody wrote code for: what was asked, opened, decided, stored, on a local web of invented sites.

    python bench/any_site.py [--web FOLDER] [--sites NAME ...] [--recipes FILE] [--wrong] [--json FILE]

A night runs as a user starts it (`swordnet night`), with nothing but the addresses under `[platforms.shop] sites`; then
a second one, on which every question must be asked again. Counted against gold.jsonl and never.jsonl of the web:

opened      listings whose own page was requested, of all listings
right       decisions as expected or accepted, of all listings
precision   stored hits that are right, of all stored hits (those on pages without a label are wrong)
searches    pages of searches and folders that were stored as listings
twice       further hits of one work on one page under another address
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from bench.local_web import FOLDER, LocalWeb
from crawler.store import HitQuery, Store

Row = dict[str, Any]
DROPPED = ("dropped", "none")


def address_key(url: str) -> tuple[str, str, frozenset[tuple[str, str]]]:
    """Host, path and parameters, however they are written."""
    parts = urlsplit(url)
    pairs = frozenset(parse_qsl(parts.query, keep_blank_values=True, encoding="latin-1"))
    return parts.netloc, unquote(parts.path), pairs


def is_page_of(url: str, gold_url: str) -> bool:
    """Whether `url` leads to the listing of `gold_url`: a search may add parameters to it."""
    (host, path, pairs), (gold_host, gold_path, gold_pairs) = address_key(url), address_key(gold_url)
    return host == gold_host and path.rstrip("/") == gold_path.rstrip("/") and pairs >= gold_pairs


def write_config(folder: Path, web: LocalWeb, sites: list[str], recipes: str) -> None:
    """A configuration with the addresses of the sites and nothing else but what a loopback needs."""
    addresses = [web.addresses[name] for name in sites]
    lines = [
        "[crawl]",
        "delay = 0.0",
        f"loopback = {json.dumps([urlsplit(address).netloc for address in addresses])}",
        "[platforms.shop]",
        "enabled = true",
        f"sites = {json.dumps(addresses)}",
    ]
    for name in sites:
        recipes = recipes.replace("{" + name + "}", web.addresses[name])
    (folder / "swordnet.toml").write_text("\n".join(lines) + "\n" + recipes, encoding="utf-8")


def run_command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of swordnet in a folder."""
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    command = [sys.executable, "-m", "desk.cli", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, encoding="utf-8", errors="replace", check=False
    )


def stored_decisions(folder: Path) -> tuple[list[tuple[str, str, str]], list[str]]:
    """(address, work, decision) of every assessed pair, and the addresses of all stored listings."""
    with Store.open(f"sqlite:///{folder / 'swordnet.db'}") as store:
        pairs = [(hit.listing.url, hit.work_id, hit.decision.value) for hit in store.hits.find_hits(HitQuery())]
        addresses = [stored.listing.url for batch in store.listings.all_batches() for stored in batch]
    return pairs, addresses


def row_decision(row: Row, pairs: list[tuple[str, str, str]]) -> str:
    """The gravest decision on the works of a labelled listing; on any work where it carries none."""
    order = {"hit": 3, "review": 2, "licensed": 1, "dropped": 0}
    works = row.get("works") or []
    found = [
        decision
        for url, work, decision in pairs
        if is_page_of(url, row["url"]) and (not works or work in works or decision in ("hit", "review"))
    ]
    return max(found, key=lambda decision: order[decision], default="none")


def is_right(row: Row, decision: str) -> bool:
    """Whether a decision is the expected one or one that is accepted."""
    accepted = {row["expected"], *row.get("accept", ())}
    return decision in accepted or (decision == "none" and "dropped" in accepted)


def measure(folder: Path, web: LocalWeb, web_folder: Path, sites: list[str]) -> dict[str, Any]:
    """The figures of one night, and the listings that went wrong."""
    gold = [row for row in web.gold() if row["site"] in sites]
    pairs, addresses = stored_decisions(folder)
    never = [json.loads(line) for line in (web_folder / "never.jsonl").read_text(encoding="utf-8").splitlines()]
    requested = [
        web.addresses[name].rstrip("/") + target for name in sites for _method, target in web.sites[name].requests
    ]
    figures: dict[str, Counter[str]] = {name: Counter() for name in sites}
    wrong: list[str] = []
    for row in gold:
        counts = figures[row["site"]]
        decision = row_decision(row, pairs)
        is_opened = any(is_page_of(url, row["url"]) for url in requested)
        counts["listings"] += 1
        counts["opened"] += is_opened
        counts["right"] += is_right(row, decision)
        if not is_right(row, decision) or not is_opened:
            wrong.append(f"{row['site']:14} {row['path']:60} {row['expected']:8} {decision:8} opened={is_opened}")
    hits = [(url, work) for url, work, decision in pairs if decision == "hit"]
    site_of = {urlsplit(web.addresses[name]).netloc: name for name in sites}
    seen: set[tuple[str, str]] = set()
    for url, work in hits:
        name = site_of.get(urlsplit(url).netloc, "")
        counts = figures.setdefault(name or "elsewhere", Counter())
        row = next((row for row in gold if is_page_of(url, row["url"])), None)
        is_good = row is not None and work in row["works"] and "hit" in {row["expected"], *row.get("accept", ())}
        counts["hits"] += 1
        counts["good hits"] += is_good
        if not is_good:
            wrong.append(f"{name:14} wrong hit {url} {work}")
        if row is not None:
            counts["twice"] += (row["url"], work) in seen
            seen.add((row["url"], work))
    for address in addresses:
        parts = urlsplit(address)
        name = site_of.get(parts.netloc, "")
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        if any(entry["site"] == name and re.fullmatch(entry["pattern"], target) for entry in never):
            figures[name]["searches"] += 1
            wrong.append(f"{name:14} stored {address}")
    return {"sites": {name: dict(counts) for name, counts in figures.items()}, "wrong": wrong}


def main() -> None:
    """Two nights and their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--web", type=Path, default=FOLDER, help="folder of the web")
    parser.add_argument("--sites", nargs="*", default=[], help="only these sites")
    parser.add_argument("--recipes", type=Path, help="lines added to the configuration; {NAME} is a site's address")
    parser.add_argument(
        "--wrong", action="store_true", help="list what went wrong (not for a web that is only counted)"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--keep", type=Path, help="keep the folder of the nights here")
    options = parser.parse_args()
    recipes = options.recipes.read_text(encoding="utf-8") if options.recipes else ""
    with LocalWeb(folder=options.web) as web, tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        sites = options.sites or list(web.sites)
        write_config(folder, web, sites, recipes)
        imported = run_command(folder, "works", "import", str(options.web / "works.jsonl"))
        if imported.returncode:
            sys.exit(imported.stderr)
        first = run_command(folder, "night", "--only", "shop", "--now", "2026-11-30T02:00:00+00:00")
        result = measure(folder, web, options.web, sites)
        searches = {name: count_searches(web, options.web, name) for name in sites}
        for name in sites:
            web.sites[name].requests.clear()
        second = run_command(folder, "night", "--only", "shop", "--now", "2026-12-01T02:00:00+00:00")
        again = {name: count_searches(web, options.web, name) for name in sites}
        print_figures(result, searches, again, (first.returncode, second.returncode), options.wrong)
        if options.keep:
            (folder / "night1.txt").write_text(first.stdout + first.stderr, encoding="utf-8")
            (folder / "night2.txt").write_text(second.stdout + second.stderr, encoding="utf-8")
        if options.json:
            options.json.write_text(json.dumps(result | {"searches": searches, "again": again}, ensure_ascii=False))


def count_searches(web: LocalWeb, web_folder: Path, name: str) -> int:
    """Different searches and folders that were requested of a site."""
    lines = (web_folder / "never.jsonl").read_text(encoding="utf-8").splitlines()
    patterns = [entry["pattern"] for entry in map(json.loads, lines) if entry["site"] == name]
    targets = {target for _method, target in web.sites[name].requests}
    return sum(any(re.fullmatch(pattern, target) for pattern in patterns) for target in targets)


def print_figures(
    result: dict[str, Any], searches: dict[str, int], again: dict[str, int], codes: tuple[int, int], show_wrong: bool
) -> None:
    """A line a site and the sums."""
    total: Counter[str] = Counter()
    for name, counts in result["sites"].items():
        total.update(counts)
        print(figures_line(name, Counter(counts)), f"asked {searches.get(name, 0)}, again {again.get(name, 0)}")
    print(figures_line("all", total), f"exit codes {codes}")
    if show_wrong:
        print("\n".join(result["wrong"]))


def figures_line(name: str, counts: Counter[str]) -> str:
    """The figures of a site as one line."""
    listings, hits = counts["listings"], counts["hits"]
    precision = f"{counts['good hits'] / hits:.3f}" if hits else "-"
    return (
        f"{name:15} opened {counts['opened']:3} of {listings:3}, right {counts['right'] / max(1, listings):.3f}, "
        f"precision {precision} ({counts['good hits']} of {hits}), searches stored {counts['searches']}, "
        f"twice {counts['twice']};"
    )


if __name__ == "__main__":
    main()
