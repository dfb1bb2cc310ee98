"""Fuzz everything that reads foreign input: no exceptions but our own, nothing that takes over a second.

    python bench/fuzz.py [--seconds N] [--only TARGET] [--seed N]

Bytes are damaged copies of the saved pages and of small archives and tables (tests/page_mutations.py); texts are made
by hypothesis from relevant pieces (links, prices, disguises). A finding is written to bench/out/fuzz/ and printed; the
exit code is 1 if there is one. Not part of the tests: a finding becomes a fixture or test of its own.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.archives import open_archive  # noqa: E402
from crawler.errors import SwordnetError  # noqa: E402
from crawler.items import Listing  # noqa: E402
from crawler.money import parse_price  # noqa: E402
from crawler.page import Page  # noqa: E402
from crawler.page.outcome import outcome_of  # noqa: E402
from crawler.page.parser_bombs import defuse, is_bomb  # noqa: E402
from crawler.page.reader import read_page  # noqa: E402
from crawler.page.sanitize import sanitize_listing  # noqa: E402
from crawler.shares import extract_links  # noqa: E402
from crawler.text import clean_text, fold, fold_map  # noqa: E402
from registry.works_reader import read_works  # noqa: E402
from spiders.catalogue import platforms  # noqa: E402
from tests.page_mutations import mutate  # noqa: E402

MAX_INPUT_SECONDS = 1.0  # seconds
FINDINGS_FOLDER = ROOT / "bench" / "out" / "fuzz"
PAGES_FOLDER = ROOT / "fixtures" / "pages"
_PIECES = (
    *("https://pan.baidu.com/s/1", "pan.quark.cn/s/", "提取码", "提取码：ab12", "复制", "链接", " ", "\n", "\u200b"),
    *("百度", "三体", "全集", "㊂", "１２", "¥", "12.90", "1,299.00", "€", "元", "USD", "起", "-", "—", "/", "?pwd="),
    *("a" * 40, "1" * 60, "=" * 20, "\x00", "\ud800", "é", "e\u0301", "ﷺ", "𝕿", "🅰", "б", "點", "，", "。", "&amp;"),
)
TEXT_STRATEGY = st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=20)), max_size=60).map("".join)
HTTP_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>x</title>"
HAR_BYTES = (
    b'{"log":{"entries":[{"request":{"method":"GET","url":"https://a.example.com/"},"response":'
    b'{"status":200,"content":{"mimeType":"text/html","text":"<p>x"}}}]}}'
)
WARC_BYTES = (
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example.com/\r\n"
    b"WARC-Date: 2026-11-22T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000000>\r\n"
    b"Content-Type: application/http; msgtype=response\r\n"
    b"Content-Length: %d\r\n\r\n" % len(HTTP_RESPONSE) + HTTP_RESPONSE + b"\r\n\r\n"
)
WORKS_FILES = (
    (".csv", "id,title,aliases,year,licences\nW1,三体,地球往事|The Problem,2008,kongfz\nW2,灯塔,,x,\n".encode()),
    (".jsonl", '{"id":"W1","title":"三体","aliases":["x"],"identifiers":{"isbn":"9787536692930"}}\n'.encode()),
)


class TooSlow(Exception):
    """One input took longer than MAX_INPUT_SECONDS."""


def damaged_pages(seed: int) -> Iterator[tuple[str, Any, bytes]]:
    """Damaged copies of saved pages: platform name, original page, damaged body."""
    cases = sorted(PAGES_FOLDER.glob("*/*/request.json"))
    chance = random.Random(seed)
    pages_by_case: dict[Path, Any] = {}
    while True:
        case = chance.choice(cases).parent
        if case not in pages_by_case:
            (pages_by_case[case],) = open_archive(case)
        yield case.parent.name, pages_by_case[case], mutate(pages_by_case[case].body, chance.randrange(1 << 40))


def exercise_page(_name: str, answer: Any, body: bytes) -> None:
    """Exercise charset, scan, outcome and the accessors of `Page`."""
    outcome_of(answer.status, body, answer.content_type, answer.url)
    page = Page(url=answer.url, body=body, content_type=answer.content_type)
    is_bomb(page.source)
    defuse(page.source)
    if page.is_html:
        page.text()
        _ = page.css("a[href]"), page.urljoin("x")
    else:
        page.json()


def exercise_spider(name: str, answer: Any, body: bytes) -> None:
    """Exercise `read` of the platform that the page belongs to."""
    page = Page(url=answer.url, body=body, content_type=answer.content_type, status=answer.status, values=answer.values)
    for result in read_page(platforms()[name](), page):
        if isinstance(result, Listing):
            sanitize_listing(result)


def file_source(read: Callable[[Path], Any], seeds: tuple[tuple[str, bytes], ...]) -> Callable[[int], Iterator[Any]]:
    """An input source of damaged copies of small files, which `read` reads from a folder."""

    def generate(seed: int) -> Iterator[Any]:
        chance = random.Random(seed)
        with tempfile.TemporaryDirectory() as folder:
            while True:
                ending, body = chance.choice(seeds)
                file = Path(folder) / f"damaged{ending}"
                damaged = mutate(body, chance.randrange(1 << 40))
                file.write_bytes(damaged)
                yield damaged, lambda file=file: read(file)

    return generate


def page_source(act: Callable[[str, Any, bytes], None]) -> Callable[[int], Iterator[Any]]:
    """An input source of damaged copies of saved pages, passed to `act`."""

    def generate(seed: int) -> Iterator[Any]:
        for name, answer, body in damaged_pages(seed):
            yield body, lambda name=name, answer=answer, body=body: act(name, answer, body)

    return generate


def check_folding(text: str) -> None:
    """Check that folding is idempotent and that the fold map leads back into the text."""
    key = fold(text)
    assert fold(key) == key
    mapped = fold_map(text)
    assert mapped.text == key
    assert all(0 <= origin < max(1, len(text)) for origin in mapped.origins)
    clean_text(text, 2000).encode("utf-8")


BYTE_TARGETS: dict[str, Callable[[int], Iterator[Any]]] = {
    "page": page_source(exercise_page),
    "spiders": page_source(exercise_spider),
    "works": file_source(read_works, WORKS_FILES),
    "archives": file_source(
        lambda file: list(open_archive(file)),
        ((".har", HAR_BYTES), (".warc", WARC_BYTES * 3), (".warc.gz", gzip.compress(WARC_BYTES) * 3)),
    ),
}
TEXT_TARGETS: dict[str, Callable[[str], Any]] = {
    "shares": extract_links,
    "titles": check_folding,
    "prices": parse_price,
}


def run_target(act: Callable[[], Any]) -> str:
    """The traceback of what went wrong with one input, or ""; errors of our own are valid answers."""
    signal.setitimer(signal.ITIMER_PROF, MAX_INPUT_SECONDS)
    try:
        act()
    except SwordnetError:
        pass
    except Exception:  # noqa: BLE001 - finding them is the purpose
        return traceback.format_exc(limit=-3)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return ""


def fuzz_bytes(name: str, until: float, seed: int) -> tuple[int, list[str]]:
    """Run one target of `BYTE_TARGETS` until the time `until`; the number of inputs and the findings (at most 5)."""
    input_count, findings = 0, []
    for body, act in BYTE_TARGETS[name](seed):
        if time.monotonic() > until or len(findings) >= 5:
            break
        input_count += 1
        if problem := run_target(act):
            findings.append(save_finding(name, body, problem))
    return input_count, findings


def fuzz_text(name: str, until: float, seed: int) -> tuple[int, list[str]]:
    """Run one target of `TEXT_TARGETS` in rounds of hypothesis until `until` or a finding; as `fuzz_bytes`."""
    input_count, findings, number = 0, [], seed
    while time.monotonic() < until and not findings:
        number += 1

        @seeded(number)
        @settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(TEXT_STRATEGY)
        def attempt(text: str) -> None:
            nonlocal input_count
            input_count += 1
            problem = run_target(lambda: TEXT_TARGETS[name](text))
            if problem:
                raise AssertionError(f"{text!r}\n{problem}")

        try:
            attempt()
        except AssertionError as error:
            findings.append(save_finding(name, str(error).encode("utf-8", "backslashreplace"), str(error)))
    return input_count, findings


def save_finding(name: str, body: bytes, problem: str) -> str:
    """Write a finding to a file; its name and what was wrong."""
    FINDINGS_FOLDER.mkdir(parents=True, exist_ok=True)
    file = FINDINGS_FOLDER / f"{name}-{hashlib.sha256(body).hexdigest()[:12]}"
    file.write_bytes(body)
    return f"{file.name}: {problem}"


def main() -> int:
    """Run all targets one after the other; exit code 1 if there was a finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="for each target")
    parser.add_argument("--only", choices=[*BYTE_TARGETS, *TEXT_TARGETS])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    def too_slow(*_: Any) -> None:
        raise TooSlow

    signal.signal(signal.SIGPROF, too_slow)
    finding_count = 0
    for name in [*BYTE_TARGETS, *TEXT_TARGETS]:
        if arguments.only in (None, name):
            run = fuzz_bytes if name in BYTE_TARGETS else fuzz_text
            input_count, findings = run(name, time.monotonic() + arguments.seconds, arguments.seed)
            finding_count += len(findings)
            print(f"{name}: {input_count} inputs, {len(findings)} findings")
            print("\n".join(findings))
    return int(bool(finding_count))


if __name__ == "__main__":
    sys.exit(main())
