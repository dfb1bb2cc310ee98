"""Measure what is read from pages of listings of the eight invented sites, with and without the frame of each site.

    .venv/bin/python bench/page_words.py [--folder fixtures/web] [--errors]

For each site the frame is learnt from the home page, a search for a word that nothing has, and three listings. Counted
are titles, sellers and prices that are exactly those of gold.jsonl, and leaks: listings whose text names another
listing of the site, or repeats the site's own name or contacts, although their own words do not.
"""

from __future__ import annotations

import argparse
import sys
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.local_web import FOLDER, LocalWeb, Site  # noqa: E402
from crawler.page import Page  # noqa: E402
from crawler.page.product import product_facts  # noqa: E402
from crawler.page.site_frame import SiteFrame, learn_frame  # noqa: E402
from crawler.shapes.listing_fields import page_fields  # noqa: E402

NONSENSE = "qzxwvk"
SAMPLES = 3


def fetch(address: str, data: bytes | None = None) -> Page | None:
    """The page at an address; None if the site refuses."""
    try:
        with urllib.request.urlopen(address, data=data, timeout=10) as answer:
            return Page(url=answer.url, body=answer.read(), content_type=answer.headers.get("Content-Type", ""))
    except urllib.error.HTTPError:
        return None


def nonsense_search(site: Site, address: str) -> Page | None:
    """The answer to a search that finds nothing, by the first route of the site that searches with a GET."""
    for route in site.data["route"]:
        if (
            route.get("query")
            and route.get("method", "GET") == "GET"
            and route["query"] in route.get("where", {route["query"]: ""})
        ):
            path = route["path"].replace("\\", "").split("(")[0]
            fields = {name: value for name, value in route.get("where", {}).items() if value not in ("*", "!")}
            fields[route["query"]] = NONSENSE
            query = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items())
            return fetch(f"{address.rstrip('/')}{path or '/'}?{query}")
    return None


def score(page: Page, row: dict[str, Any], others: list[str], frame: SiteFrame | None) -> dict[str, bool]:
    """What is right about one page."""
    fields = page_fields(page, product_facts(page, frame=frame), frame=frame)
    price = fields.get("price")
    wanted = Decimal(row["price"]) if row.get("price") else None
    text = fields.get("text", "")
    return {
        "title": fields.get("title") == row["title"],
        "seller": (fields.get("seller") or "") == row.get("seller", ""),
        "price": price == wanted and (not wanted or fields.get("currency") == row["currency"]),
        "clean": not any(other in text for other in others),
    } | {"fields": fields}


def main() -> None:
    """Read every listing twice and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--errors", action="store_true", help="print what is wrong")
    arguments = parser.parse_args()
    figures = ("title", "seller", "price", "clean")
    print(f"{'site':14} pages  " + "  ".join(f"{kind:>6} {name:6}" for kind in ("frame", "alone") for name in figures))
    totals = [0] * (2 * len(figures) + 1)
    with LocalWeb(folder=arguments.folder) as web:
        gold = web.gold()
        for name, address in web.addresses.items():
            rows = [row for row in gold if row["site"] == name]
            pages = [fetch(row["url"]) for row in rows]
            lists = [page for page in (fetch(address), nonsense_search(web.sites[name], address)) if page]
            step = max(1, len(pages) // SAMPLES)
            frame = learn_frame(lists, [page for page in pages[::step][:SAMPLES] if page])
            counts = [len(pages)]
            for known in (frame, None):
                scores = []
                for page, row in zip(pages, rows, strict=True):
                    others = [
                        other["title"] for other in rows if other["title"] not in row["title"] and other is not row
                    ]
                    result = score(page, row, others, known) if page else dict.fromkeys(figures, False)
                    scores.append(result)
                    wrong = [figure for figure in figures if not result[figure]]
                    if arguments.errors and wrong:
                        shown = {
                            figure: str(result["fields"].get({"clean": "text"}.get(figure, figure))) for figure in wrong
                        }
                        print("frame" if known else "alone", name, row["path"], shown)
                counts += [sum(result[figure] for result in scores) for figure in figures]
            totals = [total + count for total, count in zip(totals, counts, strict=True)]
            print(f"{name:14} {counts[0]:5}  " + "  ".join(f"{count:13}" for count in counts[1:]))
    print(f"{'all':14} {totals[0]:5}  " + "  ".join(f"{count:13}" for count in totals[1:]))


if __name__ == "__main__":
    main()
