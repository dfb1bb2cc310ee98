"""Measure the report as a browser lays it out: its height, and whether anything must be scrolled sideways.

Run from the root: python -m bench.report_pages [REPORT.html ...] [--into DIR] [--picture FILE.png]. Without files it
measures a night of 86 pairs made of invented works (40 hits, 12 for review, 9 licensed, 25 rejected; 14 nights before
it). With --into the page and its pictures are kept; --picture draws docs/report.png from the demo's. Needs Chromium.
"""

from __future__ import annotations

import argparse
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

from crawler.items import (
    Decision,
    Finding,
    Hit,
    Listing,
    ListingKind,
    Polarity,
    Question,
    ShareLink,
    Work,
)
from crawler.urls import sha256_hex
from crawler.web.chromium import find_executable
from desk.nightly.html_report import PlatformRow, ReportData, ReportHit, render_html
from desk.review.explain import Explanation

WIDTHS = (1280, 390)  # CSS pixels: a desk, a phone
PICTURE_SIZE: ViewportSize = {"width": 1100, "height": 1130}
# Height of the page, and how far the page or the worst box in it must be scrolled sideways.
MEASURE_SCRIPT = """[document.body.scrollHeight, Math.max(
  document.documentElement.scrollWidth - innerWidth,
  ...[...document.querySelectorAll("main *")]
    .filter((box) => ["auto", "scroll"].includes(getComputedStyle(box).overflowX))
    .map((box) => box.scrollWidth - box.clientWidth))]"""
PAIRS = {Decision.HIT: 40, Decision.REVIEW: 12, Decision.LICENSED: 9, Decision.DROPPED: 25}
STARTED_AT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
TITLES = ("潮汐图书馆", "雨林铁路学徒", "The Lantern Archive", "盐碱地来信", "陶轮与釉色谱")


def made_night() -> ReportData:
    """A night of 86 pairs with pictures, shares, long addresses, one platform that failed, and nights before it."""
    decisions = [decision for decision, count in PAIRS.items() for _ in range(count)]
    past = tuple(
        (f"{STARTED_AT - timedelta(days=14 - day):%Y-%m-%d}", 20 + 7 * (day % 4), 3 * (day % 5)) for day in range(14)
    )
    platforms = (
        PlatformRow(name="kongfz", asked=40, pages={"live": 310, "unchanged": 45, "gone": 3}, listings=1210, hits=31),
        PlatformRow(name="appstore", asked=12, pages={"challenged": 12}, healthy=False, note="12 of 12 pages: captcha"),
        PlatformRow(name="books.shop.example", asked=20, pages={"live": 88, "error": 4, "disallowed": 9}, hits=9),
    )
    return ReportData(
        title="SwordNet: report of the night",
        started=STARTED_AT,
        finished=STARTED_AT + timedelta(hours=3),
        platforms=platforms,
        hits=tuple(made_pair(number, decision) for number, decision in enumerate(decisions)),
        past=past,
    )


def made_pair(number: int, decision: Decision) -> ReportHit:
    """One pair; every third listing has no picture, every second address is percent-encoded."""
    title = TITLES[number % len(TITLES)]
    path = quote(f"{title} 电子版") if number % 2 else f"book/{number}"
    listing = Listing(
        platform="kongfz",
        kind=ListingKind.OFFER,
        url=f"https://shop{number}.example/{path}/{'x' * (number % 7 * 12)}.html",
        title=f"{title} 电子版 PDF 网盘秒发 第{number}件",
        seller=f"墨香书屋{number % 9}",
        price=Decimal("4.90"),
        currency="CNY",
        links=(ShareLink(platform="quark", share_id="a", url="https://pan.quark.cn/s/9f31c0de77ab", code="t8Kd"),),
    )
    work = Work(id="w", title=title, creators=("顾青禾",), publisher="木棉学堂", list_price=Decimal(68), currency="CNY")
    findings = (
        made_finding(Question.IDENTITY, f"The title names “{title}”", title, listing.title),
        made_finding(Question.IDENTITY, "The listing also names 顾青禾", "顾青禾", "顾青禾"),
        made_finding(Question.OFFENCE, "Described as a digital file (“电子版”)", "", "电子版"),
        made_finding(Question.OFFENCE, "Promises delivery of a link or code (“秒发”)", "", "秒发"),
        made_finding(Question.OFFENCE, "In the normal price range for a genuine copy", "", "", Polarity.AGAINST),
    )
    hit = Hit(
        id=sha256_hex(str(number))[:16],
        listing=listing,
        work_id="w",
        identity=0.98,
        offence=0.97,
        decision=decision,
        findings=findings,
        first_seen=STARTED_AT,
        last_seen=STARTED_AT,
        share_states=("alive",),
    )
    picture = made_picture(number)
    return ReportHit(
        explanation=Explanation(hit=hit, work=work),
        work_picture=picture,
        listing_picture=picture if number % 3 else None,
    )


def made_finding(question: Question, why: str, ours: str, theirs: str, polarity: Polarity = Polarity.FOR) -> Finding:
    """A finding with a sentence."""
    return Finding(
        matcher="m",
        question=question,
        work_id="w",
        probability=0.9,
        polarity=polarity,
        why=why,
        ours=ours,
        theirs=theirs,
    )


def made_picture(number: int) -> bytes:
    """A plain cover in one colour of many."""
    output = io.BytesIO()
    Image.new("RGB", (120, 168), (40 + 53 * number % 200, 90, 40 + 31 * number % 200)).save(output, "PNG")
    return output.getvalue()


def measure(page_file: Path, picture_folder: Path | None) -> dict[int, tuple[int, int]]:
    """By width of the window: the height of the page, and how far it must be scrolled sideways, in CSS pixels."""
    sizes = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_executable())
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(page_file.resolve().as_uri())
            height, overflow = page.evaluate(MEASURE_SCRIPT)
            sizes[width] = (height, overflow)
            if picture_folder is not None:
                page.screenshot(path=picture_folder / f"{page_file.stem}-{width}.png", full_page=True)
        browser.close()
    return sizes


def draw_top(page_file: Path, picture_file: Path) -> None:
    """Draw the top of a page, as README shows it, in at most 256 colours."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_executable())
        page = browser.new_page(viewport=PICTURE_SIZE)
        page.goto(page_file.resolve().as_uri())
        drawn = Image.open(io.BytesIO(page.screenshot()))
        browser.close()
    drawn.convert("RGB").quantize(256).save(picture_file, optimize=True)


def main() -> None:
    """Print one line for each page and width."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--picture", type=Path, help="the top of the first page, e.g. docs/report.png")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        files = arguments.files
        if not files:
            files = [(arguments.into or Path(folder)) / "made-night.html"]
            files[0].write_text(render_html(made_night()), encoding="utf-8")
        if arguments.picture:
            draw_top(files[0], arguments.picture)
        for file in files:
            for width, (height, overflow) in measure(file, arguments.into).items():
                sideways = f"{overflow} px wider than the window" if overflow > 0 else "fits"
                print(f"{file.name} at {width} px: {height} px high, {file.stat().st_size // 1024} KiB, {sideways}")


if __name__ == "__main__":
    main()
