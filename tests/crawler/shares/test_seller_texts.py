"""Layouts and seller tricks with what a patient reader would open: fixtures/shares/texts.jsonl, all names invented."""

from __future__ import annotations

import json
import time
from statistics import median
from typing import Any

import pytest

from crawler.shares import extract_links
from crawler.shares.extraction import may_hold_links
from tests.conftest import ROOT, growth

TEXTS = [
    json.loads(line) for line in (ROOT / "fixtures" / "shares" / "texts.jsonl").read_text(encoding="utf-8").splitlines()
]
B = "AbCdEfGhIjKlMnOpQrSt_9"
LINK = f"https://pan.baidu.com/s/1{B}"
HOSTILE = {  # before, repeated, how often, after: about a megabyte each
    "blanks": ("", " ", 1_000_000, ""),
    "blanks behind a label": (f"{LINK} 提取码", " ", 1_000_000, ""),
    "digits": ("", "1", 1_000_000, ""),
    "digits behind a label": (f"{LINK} 提取码：", "1", 1_000_000, ""),
    "labels": (LINK, "提取码", 330_000, ""),
    "labels with codes": (LINK, "提取码：", 250_000, ""),
    "opened brackets": ("", "[", 500_000, f"]({LINK})"),
    "nested markdown": ("[", "](", 400_000, LINK),
    "percent chains": ("https://go.example/?u=https%", "25", 500_000, f"3A%2F%2Fpan.baidu.com%2Fs%2F1{B}"),
    "base64 letters": ("", "aB3+", 250_000, ""),
    "reversed scheme": ("", "//:sptth", 125_000, ""),
    "torn letters": ("", "p a n ", 160_000, ""),
}


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["case"])
def test_text(row: dict[str, Any]) -> None:
    wanted = [(link["platform"], link["share_id"], link["code"]) for link in row["links"]]
    found = extract_links(row["text"])
    assert sorted(map(str, wanted)) == sorted(str((link.platform, link.share_id, link.code)) for link in found)
    assert all(0 <= link.span[0] < link.span[1] <= len(row["text"]) for link in found)
    assert may_hold_links(row["text"]) or not wanted


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_as_the_text_does(name: str) -> None:
    assert growth(extract_links, HOSTILE[name]) < 9


def seconds(text: str) -> float:
    took = []
    for _ in range(60):
        begun = time.process_time()
        extract_links(text)
        took.append(time.process_time() - begun)
    return median(took)


def test_a_text_without_host_label_or_mark_is_let_go_early() -> None:
    plain = "正版图书 潮汐钟楼的守望者 闻笙著 全三册 精装 品相九五，出版社直发。" * 6
    linked = (f"链接：https://pan.baidu.com/s/1{B} 提取码：x9k2 " + plain)[:200]
    assert seconds(plain[:200]) * 5 < seconds(linked)
