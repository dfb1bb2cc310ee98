"""The text door and the one key of a title's spellings."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text import clean_text, fold, fold_map

SPELLINGS = {
    "轨道纪元": [
        "軌道紀元",
        "轨\u200b道\u2060纪\ufeff元",
        "轨🔥道❤️纪✨元",
        "轨 道 纪 元",
        "轨·道-纪_元",
        "【轨道】《纪元》",
        "轨\u3000道\n纪\t元",
    ],
    "breaking bad": [
        "B r e a k i n g  B a d",
        "Ｂｒｅａｋｉｎｇ　Ｂａｄ",
        "BREAKING.BAD",
        "Вrеаkіng Ваd",
        "Bréàkïng_Bãd",
        "breaking\u00adbad".replace("\u00ad", "\u00ad "),
        "𝐁𝐫𝐞𝐚𝐤𝐢𝐧𝐠 𝕭𝖆𝖉",
    ],
    "a close shave": ["A   C l o s e   S h a v e", "a—close—shave", "A Close Shave™"],
    "its form": ["It's Form", "It’s Form", "it$ form"],
    "马可波罗2": ["马可·波罗 2", "馬可・波羅②", "马可波罗２"],
    "the harbour": [
        "ᴛʜᴇ ʜᴀʀʙᴏᴜʀ",
        "🄣🄗🄔 🄗🄐🄡🄑🄞🄤🄡",
        "⒯⒣⒠ ⒣⒜⒭⒝⒪⒰⒭",
        "🅣🅗🅔 🅗🅐🅡🅑🅞🅤🅡",
        "🆃🅷🅴 🅷🅰🆁🅱🅾🆄🆁",
        "🇹 🇭 🇪  🇭 🇦 🇷 🇧 🇴 🇺 🇷",
        "ᵗʰᵉ ʰᵃʳᵇᵒᵘʳ",
        "ꓔꓧꓰ ꓧꓮꓣꓐꓳꓴꓣ",
        "ᎢᎻᎬ harbour",
        "the ᕼᗩᖇᗷOᑌᖇ",
        "T̶̢̛h̷͓̀ȩ̴̛ h̶a̸r̵b̶o̷u̶r̴",
        "the harbour 🇬🇧",
    ],
    "quiet fish": ["ǫᴜɪᴇᴛ ғɪꜱʜ", "Quiet Fish 🇬🇧🇫🇷"],
    "رسايل من ميناء الضباب": [
        "رسائل من ميناء الضباب",
        "رســائل من ميـنـاء الضــباب",
        "رَسَائِلُ مِن مِينَاءِ الضَّبَابِ",
        "رسائل من مىناء الضباب",
        "ﺭﺳﺎﺋﻞ ﻣﻦ ﻣﻴﻨﺎﺀ ﺍﻟﻀﺒﺎﺏ",
    ],
    "مكتبه الاسكندريه": ["مكتبة الإسكندرية", "مکتبه الاسکندریه", "مكتبــة الأسكندريّة", "مكتبة ٱلاسکندريە"],
    "1984": ["١٩٨٤", "۱۹۸۴", "१९८४", "๑๙๘๔", "𝟏𝟗𝟖𝟒"],
    "カラスノ港": ["ｶﾞﾗｽﾉ港", "ガラスノ港"],
    "三体pdf": ["三体 PDF", "三體（PDF）"],
}


@pytest.mark.parametrize(
    ("key", "spelling"), [(key, text) for key, variants in SPELLINGS.items() for text in [key, *variants]]
)
def test_spellings_have_one_key(key: str, spelling: str) -> None:
    assert fold(spelling) == key


@pytest.mark.parametrize(
    ("title", "other"),
    [("三体2", "三体"), ("三体 上", "三体 下"), ("Part 1 2", "Part 12"), ("Night Ferry", "Nightferry"), ("大", "太")],
)
def test_different_titles_keep_different_keys(title: str, other: str) -> None:
    assert fold(title) != fold(other)


TEXT_STRATEGY = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(" ·aB1三體\u200b❤")), max_size=60
)


@given(TEXT_STRATEGY)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXT_STRATEGY)
def test_every_character_of_the_key_knows_where_it_came_from(text: str) -> None:
    folded = fold_map(text)
    assert folded.text == fold(text)
    assert len(folded.origins) == len(folded.text)
    assert all(0 <= origin <= len(text) for origin in folded.origins)
    assert list(folded.origins) == sorted(folded.origins)
    for character, origin in zip(folded.text, folded.origins, strict=True):
        if character != " ":
            assert character in fold(text[origin])


def test_a_span_of_the_key_leads_to_the_very_characters() -> None:
    text = "【秒发】軌\u200b道 紀元❤電子版"
    folded = fold_map(text)
    start = folded.text.index("轨道纪元")
    start_in_text, end_in_text = folded.original_span(start, start + 4)
    assert text[start_in_text:end_in_text] == "軌\u200b道 紀元"


@given(st.text(max_size=80), st.integers(0, 60))
def test_cleaned_text_holds_nothing_that_breaks_a_file_or_a_line(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit)
    assert len(cleaned) <= limit
    assert not [
        character
        for character in cleaned
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
    ]
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    assert clean_text(cleaned, limit) == cleaned


def test_cleaning_keeps_what_may_be_evidence() -> None:
    assert clean_text("三\u200b体\t🔥\r\n第二行\x00\ud800\u202e", 100) == "三\u200b体\t🔥\n第二行"


@pytest.mark.parametrize("piece", [" ", "a ", "a  ", "三 ", "\u0301", "·", "軌a1 ", "\u200b"])
def test_folding_a_megabyte_takes_linear_time(piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    start = time.perf_counter()
    fold(text)
    assert time.perf_counter() - start < 5


def test_half_a_character_folds_to_nothing() -> None:
    assert fold("三\ud800体\udfff") == "三体"
