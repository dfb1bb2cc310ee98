"""What the title engine promises for all inputs: folding, noise, other works, vetoes, time, and the index on disk."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from crawler.items import Work
from crawler.text import fold
from matchers.titles import TitleMatcher
from matchers.titles.analysis import AnalysedText
from matchers.titles.boilerplate import find_title_span
from matchers.titles.boilerplate import phrase_rows as phrase_rows
from matchers.titles.index.build import open_index
from matchers.titles.index.hash_table import HashTable
from matchers.titles.numerals import numeral_value, rewrite_numerals
from matchers.titles.phonetics import pinyin_variants
from matchers.titles.rolling_hash import code_points, prefix_hashes, window_hashes
from matchers.titles.textbook_facets import parse_facets, read_facets
from matchers.titles.tokens import token_bits
from matchers.titles.variants import join_split_characters

WORKS = (
    Work(id="w1", title="长夜里的灯塔守望者", kind="book", creators=("沈岚",)),
    Work(id="w2", title="The Cartographer's Winter Garden", kind="book"),
    Work(id="w3", title="雨林铁路", kind="film"),
    Work(id="w4", title="义务教育教科书·数学五年级下册", kind="textbook", publisher="人教版"),
)
ENGINE = TitleMatcher(WORKS)
LETTER_TEXTS = st.text(alphabet="长夜里的灯塔守望者雨林铁路abcdefgh 0123456789《》【】", max_size=40)
INVISIBLE_CHARACTERS = st.sampled_from(["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "🔥"])


def best_match(title: str, engine: TitleMatcher = ENGINE) -> tuple[str, float] | None:
    matches = engine.find([title])
    remaining = [
        (match, match.probability * np.prod([1 - contradiction.probability for contradiction in match.contradictions]))
        for match in matches
    ]
    if not remaining:
        return None
    match, probability = max(remaining, key=lambda pair: pair[1])
    return engine.works[match.work_index].id, float(probability)


def matched_work(title: str) -> str | None:
    match = best_match(title)
    return match[0] if match and match[1] >= 0.3 else None


@given(st.text(max_size=60))
@settings(deadline=None)
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.tuples(st.integers(0, 8), INVISIBLE_CHARACTERS), max_size=6))
@settings(deadline=None)
def test_noise_characters_never_change_the_decision(noise: list[tuple[int, str]]) -> None:
    title = "长夜里的灯塔守望者"
    for place, character in noise:
        title = title[:place] + character + title[place:]
    assert matched_work(title) == "w1"


@given(LETTER_TEXTS)
@settings(deadline=None, max_examples=60)
def test_works_that_share_no_piece_change_nothing(title: str) -> None:
    others = [Work(id=f"x{number}", title=f"ЖЩЮ{number} ЦЧШ ЫЭЪ") for number in range(20)]
    larger = TitleMatcher([*WORKS, *others])
    assert larger.find([title]) == ENGINE.find([title])


@pytest.mark.parametrize(
    ("title", "work"),
    [
        ("长夜里的灯塔守望者 PDF 秒发", "w1"),
        ("长夜里的塔灯守望者 PDF", "w1"),  # swapped across the halves
        ("长夜里灯塔守望者 电子版", "w1"),  # one left out
        ("长夜里的deng塔守望者", "w1"),  # pinyin
        ("常夜里的灯塔守忘者", "w1"),  # homophones
        ("长夜里白勺灯塔守望者", "w1"),  # a character split in two
        ("The Cartographers Wniter Garden epub", "w2"),
        ("Winter Garden, The Cartographer's", "w2"),  # another order
        ("Th3 C@rtographer's W!nter Garden", "w2"),  # symbols for letters
        ("2025秋小学数学5年级下册电子课本-人教版", "w4"),
        ("2025秋小学数学5年级上册电子课本-人教版", None),  # the other volume
        ("北师大版数学五年级下册 电子版PDF", None),  # another edition
        ("长夜里的灯塔守望者2 PDF", None),  # a sequel
        ("长夜里的灯塔守望者 读后感", None),  # about it
        ("雨林公路 4K", None),  # another name of four characters
    ],
)
def test_names_in_disguise_and_names_of_others(title: str, work: str | None) -> None:
    assert matched_work(title) == work


@given(st.integers(2, 9), st.sampled_from(["{}", "第{}部", " {}"]))
@settings(deadline=None)
def test_a_listing_never_matches_a_work_that_it_contradicts(number: int, form: str) -> None:
    match = best_match("长夜里的灯塔守望者" + form.format(number))
    assert match is None or match[1] < 0.3


def test_time_is_linear_in_the_length_of_the_text() -> None:
    start = time.perf_counter()
    ENGINE.find(["长夜里的灯塔 winter 12 " * 60_000])
    assert time.perf_counter() - start < 5.0


@given(st.lists(st.sampled_from(["PDF", "秒发", "第2版", "S01E02", "v2.1.3", "1080p", "全12册", "9成新"]), max_size=4))
@settings(deadline=None)
def test_phrases_of_sellers_never_change_the_decision(words: list[str]) -> None:
    assert matched_work(" ".join(["长夜里的灯塔守望者", *words])) == "w1"


def test_every_phrase_of_sellers_is_noise() -> None:
    for row in phrase_rows():
        for example in row["examples"].split("|"):
            analysed = AnalysedText(f"雨林铁路 {example}")
            assert analysed.noise.count(0) == 4, (example, analysed.compact)


def test_equal_titles_share_the_probability_and_a_creator_decides() -> None:
    twins = TitleMatcher(
        [
            Work(id="one", title="远山之外的信", creators=("沈岚",)),
            Work(id="two", title="远山之外的信", creators=("顾言",)),
        ]
    )
    matches = twins.find(["远山之外的信 PDF"])
    assert [round(match.probability, 3) for match in matches] == [pytest.approx(0.5, abs=0.01)] * 2
    assert twins.works[twins.find(["远山之外的信 沈岚 PDF"])[0].work_index].id == "one"


def test_a_missing_end_is_not_taken_from_the_next_word() -> None:
    analysed = AnalysedText("长夜里的灯塔守望 电子版")
    hits = ENGINE._index.name_hits(analysed)
    assert "长夜里的灯塔守望" in {analysed.quote(hit.start, hit.end) for hit in hits}


@given(
    st.text(alphabet="abcd", min_size=8, max_size=40),
    st.integers(1, 6),
    st.sampled_from(["replaced", "missing", "extra", "swapped"]),
    st.sampled_from("abcdx"),
)
@settings(deadline=None, max_examples=300)
def test_every_name_with_one_error_inside_is_found(name: str, place: int, edit: str, letter: str) -> None:
    assume(edit != "extra" or letter == "x")  # one more of a run of the same letter may as well stand outside the name
    head, tail = name[:place], name[place:]
    wrong = {
        "replaced": head + letter + tail[1:],
        "missing": head + tail[1:],
        "extra": head + letter + tail,
        "swapped": head + tail[1::-1] + tail[2:],
    }[edit]
    hits = TitleMatcher([Work(id="w", title=name)])._index.name_hits(AnalysedText(f"pdf {wrong} epub"))
    assert (3, 3 + len(wrong), OSA.distance(name, wrong)) in {(hit.start, hit.end, hit.edits) for hit in hits}


def test_characters_with_two_readings_are_heard_in_both() -> None:
    assert {"changyeli", "zhangyeli"} <= set(pinyin_variants("长夜里"))


def test_looking_up_many_texts_at_once_changes_no_answer() -> None:
    titles = ["长夜里的塔灯守望者 PDF", "雨林铁路 4K 秒发", "Winter Garden, The Cartographer's", "数学 五年级下册"]
    expected = [TitleMatcher(WORKS).find([title]) for title in titles]
    engine = TitleMatcher(WORKS)
    engine.prefetch([(title, None) for title in titles])
    assert [engine.find([title]) for title in titles] == expected


def test_the_index_on_disk_is_opened_extended_and_built_anew(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    assert open_index(WORKS[:3], folder).origin == "built"
    extended = open_index(WORKS, folder)
    assert extended.origin == "extended"
    opened = open_index(WORKS, folder)
    assert opened.origin == "opened"
    title = "2025 数学五年级下册 人教版 长夜里的塔灯守望者 The Cartographers Winter Garden"
    assert TitleMatcher(WORKS, opened.arrays).find([title]) == ENGINE.find([title])
    renamed = (evolve(WORKS[0], title="另一个名字"), *WORKS[1:])
    assert open_index(renamed, folder).origin == "built"


def test_a_broken_index_is_built_anew(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    open_index(WORKS, folder)
    (folder / "index.json").write_text("{", encoding="utf-8")
    assert open_index(WORKS, folder).origin == "built"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Northern.Harbour.S02E03.2019.1080p.WEB-DL", "Northern.Harbour"),
        ("[字幕组] 雨林铁路 - 01 [1080p]", " 雨林铁路"),
        ("雨林铁路 (1994)【4K REMUX】", "雨林铁路"),
        ("1080p BluRay Northern Harbour", None),
        ("雨林铁路 电子版", None),
    ],
)
def test_title_span_of_release_names(name: str, title: str | None) -> None:
    span = find_title_span(name)
    assert (name[span[0] : span[1]].rstrip(" .(") if span else None) == title


def test_facets_of_school_books() -> None:
    facets = parse_facets("义务教育教科书·数学五年级下册 人教版")
    assert facets is not None
    assert (facets.subject, facets.level, facets.volume, facets.edition) == ("数学", "grade 5", "下", "人教")
    assert parse_facets("五年级的夏天") is None


@given(st.lists(st.text(min_size=1, max_size=9), min_size=1, max_size=30))
@settings(deadline=None)
def test_a_table_gives_back_what_was_put_in(words: list[str]) -> None:
    keys = np.concatenate([hash_word(word) for word in words])
    table = HashTable.from_pairs(keys, np.arange(len(words), dtype=np.uint32))
    for number, word in enumerate(words):
        _, entries = table.find(hash_word(word))
        assert {words[entry] for entry in entries.tolist()} == {word}
        assert number in entries


def hash_word(word: str) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    codes = code_points(word)
    return window_hashes(prefix_hashes(codes), np.array([0]), np.array([len(codes)]), 1)


def test_rare_words_say_more_than_common_ones() -> None:
    assert token_bits("the") < token_bits("garden") < token_bits("cartographer") <= token_bits("xqzzyx")
    assert token_bits("的") < token_bits("塔")


def test_only_character_pairs_with_a_rare_part_are_joined_unless_eager() -> None:
    assert join_split_characters("儿女情长白勺", eager=False)[0] == "儿女情长的"
    assert join_split_characters("女子", eager=False) == ("", ())
    assert join_split_characters("女子", eager=True)[0] == "好"


GRADES = st.integers(1, 9)
GRADE_FORMS = st.sampled_from(
    ["{han}年级{volume}册", "{digit}年级{volume}", "{han}{volume}", "{digit}{volume}", "{han}年级第{term}学期"]
)


@given(GRADES, st.sampled_from("上下"), GRADE_FORMS, st.sampled_from(["数学", "物理", "地理", "英语"]), st.booleans())
@settings(deadline=None)
def test_textbooks_are_recognised_however_their_facets_are_written(
    grade: int, volume: str, form: str, subject: str, subject_first: bool
) -> None:
    han = "一二三四五六七八九"[grade - 1]
    written = form.format(han=han, digit=grade, volume=volume, term="一" if volume == "上" else "二")
    stated = read_facets(subject + written if subject_first else written + subject)
    assert stated is not None
    assert (stated.subjects, stated.levels, stated.volumes) == ((subject,), (f"grade {grade}",), (volume,))


def test_a_set_of_textbooks_states_each_of_them() -> None:
    stated = read_facets("语文数学七至九年级上下册")
    assert stated is not None
    books = {(book.subject, book.level, book.volume) for book in stated.books()}
    assert {("语文", "grade 7", "上"), ("数学", "grade 9", "下")} <= books
    assert not any(book.level == "grade 6" for book in stated.books())


@given(st.text(alphabet="语数英物化生史地政科学年级上下册初高一二3必修选1a版人教|xueshu", max_size=16))
@settings(deadline=None)
def test_reading_facets_never_fails(text: str) -> None:
    stated = read_facets(text)
    assert stated is None or (stated.subjects and stated.levels and stated.volumes)


DISGUISED_NAME = "长夜里的灯塔守望者"
LETTERS = st.characters(min_codepoint=ord("a"), max_codepoint=ord("z"))


@given(st.lists(LETTERS, min_size=8, max_size=8))
@settings(deadline=None)
def test_letters_between_all_characters_hide_no_name(fillers: list[str]) -> None:
    disguised = "".join(character + filler for character, filler in zip(DISGUISED_NAME, [*fillers, ""], strict=True))
    assert matched_work(f"{disguised} 网盘") == "w1"


@given(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5))
@settings(deadline=None)
def test_one_character_at_every_second_place_hides_no_name(filler: str) -> None:
    assume(filler not in DISGUISED_NAME)
    assert matched_work(filler.join(DISGUISED_NAME)) == "w1"


@pytest.mark.parametrize("name", [DISGUISED_NAME, "the cartographer's winter garden"])
def test_characters_written_twice_hide_no_name(name: str) -> None:
    assert matched_work("".join(2 * character if character.isalpha() else character for character in name)) is not None


@given(st.integers(1, 7), st.sampled_from("*★○❀☂#🌙🍊"))
@settings(deadline=None)
def test_a_mark_in_place_of_a_character_hides_no_name(place: int, mark: str) -> None:
    assert matched_work(DISGUISED_NAME[:place] + mark + DISGUISED_NAME[place + 1 :] + " PDF") == "w1"


@given(st.integers(1, 2), st.sampled_from("*★○❀☂#🌙🍊"))
@settings(deadline=None)
def test_a_mark_hides_no_short_name(place: int, mark: str) -> None:
    assert matched_work("雨林铁路"[:place] + mark + "雨林铁路"[place + 1 :]) == "w3"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("一九八四号渡轮", "1984号渡轮"),
        ("一九七三夜航", "1973夜航"),
        ("二零一二", "2012"),
        ("二〇一二末日", "2012末日"),
        ("贰零壹贰末日", "2012末日"),
        ("第十三号站台", "第13号站台"),
        ("第一百零一封信", "第101封信"),
        ("廿四桥", "24桥"),
        ("卅六计", "三十六计"),
        ("两千零一夜", "2001夜"),
        ("三百六十五日", "365日"),
        ("八零后港口", "80后港口"),
        ("八六号公寓", "86号公寓"),
        ("八十六号公寓", "八六号公寓"),
        ("九五年的夏天", "95年的夏天"),
        ("海底两万里", "海底2万里"),
        ("零零七夜航", "007夜航"),
    ],
)
def test_a_number_has_one_spelling(one: str, other: str) -> None:
    spellings = [rewritten[0] if (rewritten := rewrite_numerals(text)) else text for text in (one, other)]
    assert spellings[0] == spellings[1]


@pytest.mark.parametrize(
    "text",
    [
        "一一得一",
        "三三两两",
        "一二三木头人",
        "一二三四",
        "千与千寻",
        "百年孤独",
        "万里路",
        "一百二",
        "九九八十一难",
        "二二二二",
        "一二年级的诗",
    ],
)
def test_innocent_digits_are_not_joined(text: str) -> None:
    assert rewrite_numerals(text) is None


def test_values_of_numerals() -> None:
    values = {
        "一九八四": 1984,
        "两千零一": 2001,
        "十三": 13,
        "廿一": 21,
        "三万五千": 35_000,
        "iv": 4,
        "two": 2,
        "上": None,
    }
    assert {text: numeral_value(text) for text in values} == values


@pytest.mark.parametrize(
    ("title", "listed"),
    [
        ("1984号渡轮", "一九八四号渡轮 PDF 网盘"),
        ("一九七三夜航", "1973夜航 PDF 网盘"),
        ("第十三号站台", "第13号站台 网盘"),
        ("海底两千零一里", "海底2001里 txt"),
        ("廿四桥边的灯", "二十四桥边的灯 epub"),
        ("86号公寓", "八六号公寓 epub"),
    ],
)
def test_a_title_is_found_with_its_number_in_other_digits(title: str, listed: str) -> None:
    match = best_match(listed, TitleMatcher((*WORKS, Work(id="number", title=title, kind="book"))))
    assert match is not None
    assert match[0] == "number"
    assert match[1] > 0.8


def test_another_year_in_han_digits_is_another_work() -> None:
    match = best_match("一九八五号渡轮 PDF", TitleMatcher((Work(id="number", title="1984号渡轮", kind="book"),)))
    assert match is None or match[1] < 0.2
