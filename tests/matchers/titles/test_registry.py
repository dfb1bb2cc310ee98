"""What the other works of a registry may change of a finding, and that batches and early looks change nothing."""

from __future__ import annotations

import math
import random
import weakref
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.items import Listing, ListingKind, Work
from matchers.assessor import Assessor
from matchers.matcher import Context
from matchers.titles import TitleMatcher, token_overlap
from matchers.titles.analysis import LONG_TEXT_CACHE_SIZE, AnalysedText, analyse
from matchers.titles.index import lookup
from matchers.titles.index.lookup import NameIndex
from matchers.titles.name_matches import NameHit
from matchers.titles.numerals import is_numeral
from matchers.titles.surrounding_text import BatchSurroundings, touches_unknown_text
from matchers.titles.text_batch import batch_texts
from matchers.titles.textbooks import is_other_textbook

HEADS = "春夏秋冬东南西北风云山河湖海日月星辰花草鸟兽鱼虫金木水火土石"
PARTS = "灯塔 长夜 雨林 铁路 钟声 海岸 守望者 的 往事 II 3 Winter Harbour Lake Days of"
BESIDE = "PDF 1080p 电子版 【修订】 第2版 (2019) 《 》 包邮 秒发 沈岚 作者:王某 Mara_Vale x264-GRP 其他 内容 Again"
WORKS = (
    Work(id="garden", title="The Cartographer's Winter Garden", kind="book"),
    Work(id="light", title="长夜里的灯塔守望者", kind="book", creators=("沈岚",)),
    Work(id="rain", title="雨林铁路", kind="film"),
    Work(id="chem", title="Organic Mechanisms 3rd edition", kind="book"),
    Work(id="lake", title="The Hidden Lake of Bronze Herons", kind="film"),
    Work(id="sounds", title="海岸线上的钟声", kind="book"),
)
TITLES = (
    "The Cartographer's Winter Garden PDF",
    "Winter Garden of the Cartographer, new paperback",
    "长夜里的塔灯守望者 电子版",
    "雨林铁路 4K 国语中字 秒发",
    "Organic Mechanisms 2nd edition instant download",
    "Organic Mechanisms solutions",
    "Bronze Herons and the Hidden Lake 1080p",
    "a lake of winter herons",
    "海岸上的钟声 沈岚 精装",
    "生活用品 包邮",
    "",
)
CONTEXT = Context(now=datetime(2026, 11, 1, tzinfo=UTC))


def listing(title: str) -> Listing:
    return Listing(platform="shop", kind=ListingKind.OFFER, url=f"https://shop.example/{hash(title)}", title=title)


def chance(works: list[Work], title: str) -> float:
    return max((one.probability for one in TitleMatcher(works).find([title]) if one.work_index == 0), default=0.0)


def test_an_error_is_less_sure_the_more_names_share_something_with_the_text() -> None:
    ours = Work(id="ours", title="重金属鬼屋", kind="book")
    sharing = [Work(id=f"s{head}", title=f"重金{head}{tail}谱", kind="book") for head in HEADS for tail in "之的与和"]
    strange = [Work(id=f"x{head}", title=f"{head}{tail}纸船渡口", kind="book") for head in HEADS for tail in "之的与和"]
    alone = chance([ours], "重金属屋 电子版")
    assert chance([ours, *strange], "重金属屋 电子版") == alone
    assert chance([ours, *sharing], "重金属屋 电子版") < 0.7 * alone


def test_a_name_that_stands_alone_is_sure_in_a_crowd_and_one_inside_a_longer_title_is_not() -> None:
    ours = Work(id="ours", title="Strange Harbour Days", kind="film")
    words = ("Silver", "Copper", "Winter", "Hollow", "Distant", "Broken", "Crimson", "Velvet", "Paper", "Marble")
    sharing = [Work(id=f"s{one}{other}", title=f"{one} {other} Harbour Days") for one in words for other in words]
    crowd = [ours, *sharing]
    assert chance(crowd, "Strange Harbour Days 1080p WEB-DL") > 0.8
    assert chance(crowd, "Port of Strange Harbour Days Revisited PDF") < chance([ours], "Port of Strange Harbour Days "
                                                                               "Revisited PDF")  # fmt: skip


@given(st.lists(st.sampled_from(TITLES), min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_a_batch_is_assessed_as_each_of_its_listings_alone(titles: list[str]) -> None:
    together = Assessor(WORKS).assess_all([listing(title) for title in titles], CONTEXT)
    assert together == [Assessor(WORKS).assess(listing(title), CONTEXT) for title in titles]


def test_what_is_not_compared_word_by_word_would_not_have_been_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def anything(known: Mapping[str, np.ndarray], *_: object) -> np.ndarray:
        return np.full(len(known["said"]), math.inf)

    quick = TitleMatcher(WORKS)
    found = [quick.find([title]) for title in TITLES]
    assert any(one.channel == "loose" for each in found for one in each)
    monkeypatch.setattr(token_overlap, "max_overlap_log_odds", anything)
    slow = TitleMatcher(WORKS)
    assert [slow.find([title]) for title in TITLES] == found


def made(seed: int) -> tuple[list[Work], list[str]]:
    """Works whose names share parts, and texts with them, in noise, with errors, remarks and quotation marks."""
    draw = random.Random(seed)
    works = []
    for number in range(400):
        chosen = draw.sample(PARTS.split(), draw.randint(2, 4))
        title = (" " if chosen[0].isascii() else "").join(chosen)
        title += draw.choice(["", "", ": 上篇", " (dvd)"])
        creators = draw.choice([(), ("沈岚",), ("Mara Vale",)])
        works.append(Work(id=str(number), title=title, kind="book", creators=creators, year=draw.choice([None, 2019])))
    texts = []
    for _ in range(300):
        letters = list(draw.choice(works).title)
        place = draw.randrange(len(letters))
        if draw.random() < 0.6:
            letters[place : place + 1] = draw.choice([[], ["风"], ["x"], letters[place : place + 1] * 2])
        around = draw.sample(BESIDE.split(), draw.randint(0, 3))
        texts.append(" ".join([*around[:1], "".join(letters), *around[1:]]))
    return works, texts


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_name_comes_to_more_than_its_prospects(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    works, texts = made(seed)
    engine = TitleMatcher(works)
    monkeypatch.setattr(lookup, "MIN_LOG_ODDS", -math.inf)
    compared, kept_apart = 0, NameIndex._to_hit

    def checked(self: NameIndex, one: Any, view: Any, reading: AnalysedText) -> NameHit | None:
        nonlocal compared
        seen = kept_apart(self, one, view, reading)
        speaks = (
            seen is not None and self.has_metadata[seen.name_id] and engine._creators.may_corroborate(reading, None)
        )
        if seen is not None and not speaks and one.max_log_odds < math.inf:
            assert math.log(engine._build_draft(seen, reading, None, True).odds) <= one.max_log_odds + 1e-5, (
                reading.original,
                seen,
            )
            compared += 1
        return seen

    monkeypatch.setattr(NameIndex, "_to_hit", checked)
    engine.prefetch([(text, None) for text in texts])
    assert compared > 300


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_comes_to_nothing_early_would_have_come_to_nothing_late(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    works, texts = made(seed)
    quick = TitleMatcher(works)
    quick.prefetch([(text, None) for text in texts])
    found = [quick.find([text]) for text in texts]
    monkeypatch.setattr(lookup, "MIN_LOG_ODDS", -math.inf)
    monkeypatch.setattr(token_overlap, "max_overlap_log_odds", lambda known, *_: np.full(len(known["said"]), math.inf))
    slow = TitleMatcher(works)
    slow.prefetch([(text, None) for text in texts])
    for text, early in zip(texts, found, strict=True):
        late = {one.work_index: one.probability for one in slow.find([text])}
        for one in early:  # with an error: late, an exact name that comes to nothing hides it
            assert one.edits or one.probability == pytest.approx(late[one.work_index], abs=0.06), text
        assert set(late) - {one.work_index for one in early} == set(), text


def test_an_exact_name_that_comes_to_nothing_hides_no_longer_one_with_an_error() -> None:
    words = [f"{one}{other}" for one in ("Silver", "Copper", "Winter", "Hollow") for other in HEADS[:12]]
    sharing = [Work(id=word, title=f"{word} Prisoner", kind="film") for word in words]
    works = [
        Work(id="long", title="The Prisoner", kind="film"),
        Work(id="short", title="Prisoner", kind="film"),
        *sharing,
    ]
    best = TitleMatcher(works).find(["Th Prisoner 1080p WEB-DL"])[0]
    assert (works[best.work_index].id, best.edits) == ("long", 1)


def test_a_name_made_of_parts_of_sellers_words_is_none() -> None:
    works = [Work(id="parts", title="新全套", kind="book"), Work(id="whole", title="全套", kind="book")]
    engine = TitleMatcher(works)
    assert [one for one in engine.find(["二手书 9成新 全套 电子版"]) if one.work_index == 0] == []
    assert [one.work_index for one in engine.find(["新全套"])] == [0]


def test_a_name_outside_the_slot_of_a_release_name_is_no_sellers_word() -> None:
    works = [Work(id="part", title="海岸线上的钟声", kind="film")]
    text = "Some.Other.Show.S02E03.2019.1080p.WEB-DL 国海岸线上的钟声传"
    assert [one.work_index for one in TitleMatcher(works).find([text]) if not one.edits] == [0]


def test_of_long_texts_only_the_latest_are_kept() -> None:
    engine = TitleMatcher(WORKS)
    kept = []
    for number in range(3 * LONG_TEXT_CACHE_SIZE):
        reading = analyse(f"{number} " + "长夜里的灯塔 " * 40)
        engine.find([reading.original])
        kept.append(weakref.ref(reading))
    del reading
    assert 0 < sum(each() is not None for each in kept) <= LONG_TEXT_CACHE_SIZE


def test_a_bare_name_rivals_no_full_one() -> None:
    works = [Work(id="second", title="Organic Mechanisms 2nd edition"), Work(id="own", title="Organic Mechanisms")]
    engine = TitleMatcher(works)
    (own,) = (one for one in engine.find(["Organic Mechanisms epub"]) if one.channel == "spelled")
    assert (own.work_index, own.rival_count) == (1, 0)
    assert [one.work_index for one in engine.find_bare("Organic Mechanisms epub")] == [0]


@pytest.mark.parametrize(
    ("changed", "whole", "place", "counts"),
    [
        ("上", "北上广往事", 1, False),
        ("上", "三国往事上", 4, True),
        ("上", "三国往事上册", 4, True),
        ("2", "a2b", 1, True),
    ],
)
def test_volume_words_count_where_volumes_are_counted(changed: str, whole: str, place: int, counts: bool) -> None:
    assert is_numeral(changed, whole, place) is counts


@pytest.mark.parametrize(
    ("title", "is_other"),
    [
        ("启衡版 语文 五年级 上册 电子版", True),
        ("启衡版 数学 五年级 下册 电子版", True),
        ("启衡版 数学 五年级 上册 电子版", False),
        ("数学家的五年级", False),
    ],
)
def test_school_books_of_another_subject_or_volume_are_other_books(title: str, is_other: bool) -> None:
    assert is_other_textbook("启衡版 数学 五年级 上册", title) is is_other


def test_numbers_of_books_are_read_in_any_digits() -> None:
    work = Work(id="numbered", title="无题", identifiers={"isbn": ("9787536692930",)})
    title = "旧书 ９７８７５３６６９２９３０ 正版"
    (found,) = Assessor([work]).assess(listing(title), CONTEXT)
    assert found.identity > 0.9


@given(st.lists(st.text(alphabet="长夜灯塔 ab1.·-()【】PDF", max_size=24), min_size=1, max_size=6))
@settings(deadline=None, max_examples=100)
def test_what_touches_a_stretch_is_told_alike_for_one_text_and_for_many(titles: list[str]) -> None:
    texts = batch_texts([AnalysedText(title) for title in titles])
    spans = [
        (number, start, end)
        for number, view in enumerate(texts.variants)
        if view.positions is None
        for start in range(len(view.text))
        for end in range(start + 1, len(view.text) + 1)
    ]
    if not spans:
        return
    begins = texts.begins[[number for number, _, _ in spans]]
    found = BatchSurroundings(texts).touch_unknown_text(
        begins + [start for _, start, _ in spans], begins + [end for _, _, end in spans]
    )
    alone = [touches_unknown_text(texts.texts[texts.owners[number]], start, end) for number, start, end in spans]
    assert found.tolist() == alone
