"""What clauses do: where they end, what the shipped model says of plain ones, and which words they can bear."""

from __future__ import annotations

from importlib import resources

import pytest

from crawler.items import Listing, ListingKind, Work
from matchers.signals.clauses import MODEL_FILE, ClauseKind, Evidence, clause_model, split_clauses
from matchers.signals.listing_signals import find_signals, signal_strength

WORK = Work(id="w", title="潮声旧事", kind="book")


def clauses_of(text: str) -> list[str]:
    return [text[start:end] for start, end in split_clauses(text)]


def offer(title: str, text: str = "") -> Listing:
    return Listing(kind=ListingKind.OFFER, platform="xianyu", url="https://example.org/1", title=title, text=text)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("潮声旧事 全新 包邮", ["潮声旧事", "全新", "包邮"]),
        ("【秒发】潮声旧事，电子版！不退不换", ["秒发", "潮声旧事", "电子版", "不退不换"]),
        ("The Lantern Year. Paperback | used", ["The Lantern Year", "Paperback", "used"]),
        ("《潮声 旧事》", ["《潮声", "旧事》"]),
        ("v1.2.3 build 77", ["v1.2.3 build 77"]),
        ("", []),
        ("……!!", []),
    ],
)
def test_a_clause_ends_where_a_reader_pauses(text: str, clauses: list[str]) -> None:
    assert clauses_of(text) == clauses


def test_a_stretch_without_an_end_is_cut() -> None:
    assert [len(clause) for clause in clauses_of("字" * 400)] == [160, 160, 80]


@pytest.mark.parametrize(
    ("title", "clause", "kind"),
    [
        ("长堤夜话（苏行重磅力作，林老师力荐，发行量超300万册）", "发行量超300万册", ClauseKind.BLURB),
        ("长堤夜话（苏行重磅力作，林老师力荐，发行量超300万册）", "林老师力荐", ClauseKind.BLURB),
        ("长堤夜话 当天自动发货", "当天自动发货", ClauseKind.DELIVERY),
        ("长堤夜话 九成新 有少量笔记", "九成新", ClauseKind.CONDITION),
        ("Harbour Tales, paperback, like new", "like new", ClauseKind.CONDITION),
    ],
)
def test_the_model_tells_what_a_clause_does(title: str, clause: str, kind: ClauseKind) -> None:
    clauses = clauses_of(title)
    reading = clause_model().read(clauses, in_title=True)[clauses.index(clause)]
    assert max(ClauseKind, key=reading.kinds.__getitem__) is kind
    assert sum(reading.kinds) == pytest.approx(1.0, abs=1e-3)


def test_the_model_tells_how_a_work_is_passed_on() -> None:
    readings = clause_model().read(["拍下自动发网盘链接", "纸质书快递寄出"], in_title=False)
    assert [max(Evidence, key=reading.evidence.__getitem__) for reading in readings] == [
        Evidence.DIGITAL,
        Evidence.GENUINE,
    ]
    assert clause_model().read([], in_title=False) == []


def test_a_word_counts_only_where_its_clause_can_bear_it() -> None:
    praised = offer("潮声旧事（感动无数读者的电子书时代经典力作，畅销百万册，名家力荐）")
    sold = offer("潮声旧事 电子书 拍下秒发")
    assert signal_strength(find_signals(praised, WORK, "file")) < 0.3
    assert signal_strength(find_signals(sold, WORK, "file")) > 0.8


def test_a_blank_between_two_words_is_no_part_of_a_third() -> None:
    assert not find_signals(offer("潮声旧事 实物如图 包邮"), WORK, "file")
    assert find_signals(offer("潮声旧事 网 盘 秒 发"), WORK, "drive", "handover")


def test_the_model_is_small() -> None:
    assert len((resources.files("matchers.signals") / MODEL_FILE).read_bytes()) < 1_000_000
