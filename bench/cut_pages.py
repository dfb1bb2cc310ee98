"""Measure which saved pages are taken for cut: whole ones without their last end tags, and ones cut at random bytes.

    .venv/bin/python bench/cut_pages.py [--seed 5]

Reads ../shared/bench/pages and pages2, which are not part of the project. Of every page that opens html or body: as it
is; without </body></html>; without the last </div> besides; cut at five random bytes between a tenth and nine tenths of
it, and cut right behind the last </div> before each of these.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "bench"
CUTS_PER_PAGE = 5
sys.path.insert(0, str(ROOT))

from crawler.page.page_end import is_truncated  # noqa: E402

_END_TAG_RE = re.compile(rb"</(?:body|html)\s*>", re.I)
_START_TAG_RE = re.compile(rb"<(?:html|body)[\s>]", re.I)


def pages() -> Iterator[bytes]:
    """Yield the bodies of the pages that open html or body."""
    for folder in (DATA / "pages", DATA / "pages2"):
        with (folder / "manifest.jsonl").open(encoding="utf-8") as lines:
            files = [json.loads(line)["file"] for line in lines]
        for file in files:
            body = (folder / file).read_bytes()
            body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
            if _START_TAG_RE.search(body[:65_536]) and body.lstrip()[:1] == b"<":
                yield body


def variants(body: bytes, generator: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield what may become of a page, each with its name."""
    yield "whole", body
    without_end = _END_TAG_RE.sub(b"", body).rstrip()
    yield "whole, without </body></html>", without_end
    if without_end.lower().endswith(b"</div>"):
        yield "whole, without the last </div> too", without_end[: -len(b"</div>")]
    for _ in range(CUTS_PER_PAGE):
        cut = body[: generator.randrange(len(body) // 10, len(body) * 9 // 10)]
        yield "cut at a random byte", cut
        block_end = cut.rfind(b"</div>")
        if block_end > 0:
            yield "cut behind a </div>", cut[: block_end + len(b"</div>")]


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=5)
    generator = random.Random(parser.parse_args().seed)
    if not (DATA / "pages" / "manifest.jsonl").is_file():
        sys.exit(f"no data: expected {DATA.relative_to(ROOT.parent)}/pages beside the repository")
    totals, cuts = Counter[str](), Counter[str]()
    for body in pages():
        for name, variant in variants(body, generator):
            totals[name] += 1
            cuts[name] += is_truncated(variant)
    for name, total in totals.items():
        print(f"{name:36} {total:5} of which taken for cut {cuts[name]:5}")


if __name__ == "__main__":
    main()
