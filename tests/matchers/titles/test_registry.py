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
from matchers.titles.title_names import BARE_FORM

HEAD_CHARACTERS = "春夏秋冬东南西北风云山河湖海日月星辰花草鸟兽鱼虫金木水火土石"
NAME_PARTS = "灯塔 长夜 雨林 铁路 钟声 海岸 守望者 的 往事 II 3 Winter Harbour Lake Days of"
NOISE_WORDS = "PDF 1080p 电子版 【修订】 第2版 (2019) 《 》 包邮 秒发 沈岚 作者:王某 Mara_Vale x264-GRP 其他 内容 Again"
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


def probability_of_first(works: list[Work], title: str) -> float:
    return max((match.probability for match in TitleMatcher(works).find([title]) if match.work_index == 0), default=0.0)


def test_an_error_is_less_sure_the_more_names_share_something_with_the_text() -> None:
    ours = Work(id="ours", title="重金属鬼屋", kind="book")
    sharing = [
        Work(id=f"s{head}", title=f"重金{head}{tail}谱", kind="book") for head in HEAD_CHARACTERS for tail in "之的与和"
    ]
    unrelated = [
        Work(id=f"x{head}", title=f"{head}{tail}纸船渡口", kind="book")
        for head in HEAD_CHARACTERS
        for tail in "之的与和"
    ]
    probability_alone = probability_of_first([ours], "重金属屋 电子版")
    assert probability_of_first([ours, *unrelated], "重金属屋 电子版") == probability_alone
    assert probability_of_first([ours, *sharing], "重金属屋 电子版") < 0.7 * probability_alone


def test_a_name_that_stands_alone_is_sure_in_a_crowd_and_one_inside_a_longer_title_is_not() -> None:
    ours = Work(id="ours", title="Strange Harbour Days", kind="film")
    words = ("Silver", "Copper", "Winter", "Hollow", "Distant", "Broken", "Crimson", "Velvet", "Paper", "Marble")
    sharing = [
        Work(id=f"s{first_word}{second_word}", title=f"{first_word} {second_word} Harbour Days")
        for first_word in words
        for second_word in words
    ]
    crowd = [ours, *sharing]
    assert probability_of_first(crowd, "Strange Harbour Days 1080p WEB-DL") > 0.8
    longer_title = "Port of Strange Harbour Days Revisited PDF"
    assert probability_of_first(crowd, longer_title) < probability_of_first([ours], longer_title)


@given(st.lists(st.sampled_from(TITLES), min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_a_batch_is_assessed_as_each_of_its_listings_alone(titles: list[str]) -> None:
    together = Assessor(WORKS).assess_all([listing(title) for title in titles], CONTEXT)
    assert together == [Assessor(WORKS).assess(listing(title), CONTEXT) for title in titles]


def test_what_is_not_compared_word_by_word_would_not_have_been_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unbounded(features: Mapping[str, np.ndarray], *_: object) -> np.ndarray:
        return np.full(len(features["said"]), math.inf)

    pruned = TitleMatcher(WORKS)
    matches = [pruned.find([title]) for title in TITLES]
    assert any(match.channel == "loose" for title_matches in matches for match in title_matches)
    monkeypatch.setattr(token_overlap, "max_overlap_log_odds", unbounded)
    exhaustive = TitleMatcher(WORKS)
    assert [exhaustive.find([title]) for title in TITLES] == matches


def make_registry(seed: int) -> tuple[list[Work], list[str]]:
    """Works whose names share parts, and texts with them, in noise, with errors, remarks and quotation marks."""
    generator = random.Random(seed)
    works = []
    for number in range(400):
        parts = generator.sample(NAME_PARTS.split(), generator.randint(2, 4))
        title = (" " if parts[0].isascii() else "").join(parts)
        title += generator.choice(["", "", ": 上篇", " (dvd)"])
        creators = generator.choice([(), ("沈岚",), ("Mara Vale",)])
        works.append(
            Work(id=str(number), title=title, kind="book", creators=creators, year=generator.choice([None, 2019]))
        )
    texts = []
    for _ in range(300):
        letters = list(generator.choice(works).title)
        place = generator.randrange(len(letters))
        if generator.random() < 0.6:
            letters[place : place + 1] = generator.choice([[], ["风"], ["x"], letters[place : place + 1] * 2])
        noise = generator.sample(NOISE_WORDS.split(), generator.randint(0, 3))
        texts.append(" ".join([*noise[:1], "".join(letters), *noise[1:]]))
    return works, texts


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_name_scores_more_than_its_upper_bound(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    works, texts = make_registry(seed)
    engine = TitleMatcher(works)
    monkeypatch.setattr(lookup, "MIN_LOG_ODDS", -math.inf)
    compared, to_hit = 0, NameIndex._to_hit

    def check_bound(self: NameIndex, candidate: Any, view: Any, analysed: AnalysedText) -> NameHit | None:
        nonlocal compared
        hit = to_hit(self, candidate, view, analysed)
        may_corroborate = (
            hit is not None and self.has_metadata[hit.name_id] and engine._creators.may_corroborate(analysed, None)
        )
        if hit is not None and not may_corroborate and candidate.max_log_odds < math.inf:
            assert math.log(engine._build_draft(hit, analysed, None, True).odds) <= candidate.max_log_odds + 1e-5, (
                analysed.original,
                hit,
            )
            compared += 1
        return hit

    monkeypatch.setattr(NameIndex, "_to_hit", check_bound)
    engine.prefetch([(text, None) for text in texts])
    assert compared > 300


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_pruned_early_would_not_have_matched(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    works, texts = make_registry(seed)
    pruned = TitleMatcher(works)
    pruned.prefetch([(text, None) for text in texts])
    matches = [pruned.find([text]) for text in texts]
    monkeypatch.setattr(lookup, "MIN_LOG_ODDS", -math.inf)
    monkeypatch.setattr(
        token_overlap, "max_overlap_log_odds", lambda features, *_: np.full(len(features["said"]), math.inf)
    )
    exhaustive = TitleMatcher(works)
    exhaustive.prefetch([(text, None) for text in texts])
    for text, pruned_matches in zip(texts, matches, strict=True):
        probability_by_work = {match.work_index: match.probability for match in exhaustive.find([text])}
        for match in pruned_matches:  # with an error: late, an exact name that comes to nothing hides it
            assert match.edits or match.probability == pytest.approx(probability_by_work[match.work_index], abs=0.06), (
                text
            )
        assert set(probability_by_work) - {match.work_index for match in pruned_matches} == set(), text


def test_a_rejected_exact_name_hides_no_longer_name_with_an_error() -> None:
    words = [
        f"{first_part}{second_part}"
        for first_part in ("Silver", "Copper", "Winter", "Hollow")
        for second_part in HEAD_CHARACTERS[:12]
    ]
    sharing = [Work(id=word, title=f"{word} Prisoner", kind="film") for word in words]
    works = [
        Work(id="long", title="The Prisoner", kind="film"),
        Work(id="short", title="Prisoner", kind="film"),
        *sharing,
    ]
    best = TitleMatcher(works).find(["Th Prisoner 1080p WEB-DL"])[0]
    assert (works[best.work_index].id, best.edits) == ("long", 1)


def test_a_name_made_of_parts_of_sellers_words_is_no_match() -> None:
    works = [Work(id="parts", title="新全套", kind="book"), Work(id="whole", title="全套", kind="book")]
    engine = TitleMatcher(works)
    assert [match for match in engine.find(["二手书 9成新 全套 电子版"]) if match.work_index == 0] == []
    assert [match.work_index for match in engine.find(["新全套"])] == [0]


def test_a_name_outside_the_title_span_is_no_sellers_word() -> None:
    works = [Work(id="part", title="海岸线上的钟声", kind="film")]
    text = "Some.Other.Show.S02E03.2019.1080p.WEB-DL 国海岸线上的钟声传"
    assert [match.work_index for match in TitleMatcher(works).find([text]) if not match.edits] == [0]


def test_of_long_texts_only_the_latest_are_kept() -> None:
    engine = TitleMatcher(WORKS)
    references = []
    for number in range(3 * LONG_TEXT_CACHE_SIZE):
        analysed = analyse(f"{number} " + "长夜里的灯塔 " * 40)
        engine.find([analysed.original])
        references.append(weakref.ref(analysed))
    del analysed
    assert 0 < sum(reference() is not None for reference in references) <= LONG_TEXT_CACHE_SIZE


def test_a_bare_name_rivals_no_full_one() -> None:
    works = [Work(id="second", title="Organic Mechanisms 2nd edition"), Work(id="own", title="Organic Mechanisms")]
    engine = TitleMatcher(works)
    (bare_match,) = (match for match in engine.find(["Organic Mechanisms epub"]) if match.channel == "spelled")
    assert (bare_match.work_index, bare_match.rival_count) == (1, 0)
    assert [found.name.work_index for _, found in engine.bare_matches("Organic Mechanisms epub", BARE_FORM)] == [0]


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
    (assessment,) = Assessor([work]).assess(listing(title), CONTEXT)
    assert assessment.identity > 0.9


@given(st.lists(st.text(alphabet="长夜灯塔 ab1.·-()【】PDF", max_size=24), min_size=1, max_size=6))
@settings(deadline=None, max_examples=100)
def test_surrounding_text_is_judged_alike_for_one_text_and_a_batch(titles: list[str]) -> None:
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
    batch_results = BatchSurroundings(texts).touch_unknown_text(
        begins + [start for _, start, _ in spans], begins + [end for _, _, end in spans]
    )
    single_results = [
        touches_unknown_text(texts.texts[texts.owners[number]], start, end) for number, start, end in spans
    ]
    assert batch_results.tolist() == single_results
