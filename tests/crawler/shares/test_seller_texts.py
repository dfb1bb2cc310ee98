"""Layouts and seller tricks with what a patient reader would open: fixtures/shares/texts.jsonl, all names invented."""

from __future__ import annotations

import json
import time
from statistics import median
from typing import Any

import pytest

from crawler.shares import extract_links
from crawler.shares.extraction import may_hold_links
from tests.conftest import ROOT, slowdown

TEXTS = [
    json.loads(line) for line in (ROOT / "fixtures" / "shares" / "texts.jsonl").read_text(encoding="utf-8").splitlines()
]
BAIDU_ID = "AbCdEfGhIjKlMnOpQrSt_9"
LINK = f"https://pan.baidu.com/s/1{BAIDU_ID}"
HOSTILE_TEXTS = {  # before, repeated, how often, after: about a megabyte each
    "blanks": ("", " ", 1_000_000, ""),
    "blanks behind a label": (f"{LINK} 提取码", " ", 1_000_000, ""),
    "digits": ("", "1", 1_000_000, ""),
    "digits behind a label": (f"{LINK} 提取码：", "1", 1_000_000, ""),
    "labels": (LINK, "提取码", 330_000, ""),
    "labels with codes": (LINK, "提取码：", 250_000, ""),
    "opened brackets": ("", "[", 500_000, f"]({LINK})"),
    "nested markdown": ("[", "](", 400_000, LINK),
    "percent chains": ("https://go.example/?u=https%", "25", 500_000, f"3A%2F%2Fpan.baidu.com%2Fs%2F1{BAIDU_ID}"),
    "base64 letters": ("", "aB3+", 250_000, ""),
    "reversed scheme": ("", "//:sptth", 125_000, ""),
    "torn letters": ("", "p a n ", 160_000, ""),
}


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["case"])
def test_a_text_gives_the_expected_links(row: dict[str, Any]) -> None:
    expected = [(link["platform"], link["share_id"], link["code"]) for link in row["links"]]
    links = extract_links(row["text"])
    assert sorted(map(str, expected)) == sorted(str((link.platform, link.share_id, link.code)) for link in links)
    assert all(0 <= link.span[0] < link.span[1] <= len(row["text"]) for link in links)
    assert may_hold_links(row["text"]) or not expected


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_time_grows_as_the_text_does(name: str) -> None:
    assert slowdown(extract_links, HOSTILE_TEXTS[name]) < 9


def median_seconds(text: str) -> float:
    timings = []
    for _ in range(60):
        start = time.process_time()
        extract_links(text)
        timings.append(time.process_time() - start)
    return median(timings)


def test_a_text_without_host_label_or_mark_is_let_go_early() -> None:
    plain = "正版图书 潮汐钟楼的守望者 闻笙著 全三册 精装 品相九五，出版社直发。" * 6
    linked = (f"链接：https://pan.baidu.com/s/1{BAIDU_ID} 提取码：x9k2 " + plain)[:200]
    assert median_seconds(plain[:200]) * 5 < median_seconds(linked)
