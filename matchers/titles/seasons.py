"""Seasons, parts and volumes: the number that ends a title, and the ones that a text states, however written.

第二季, S02, S02E05, Season 2, 2nd Season, シーズン2, 시즌2, 第二部, Part II, 第2卷, Vol. 2, a bare 2 or Ⅱ behind the
name; also several at once (全三季, 第1-3季, S01-S03). Seasons and parts are often named one for the other, volumes for
neither.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from attrs import frozen

from crawler.items import Work
from crawler.text import fold
from matchers.titles.numerals import numeral_value

# Units; NUMBER: none is written. A collection (辑) has volumes of its own.
SEASON, PART, VOLUME, COLLECTION, NUMBER = "season", "part", "volume", "collection", "number"
MAX_SEASON = 60  # a larger number counts episodes or is a year
# A bare number ends the titles of these kinds as that of a part; elsewhere it may be a version, a model or a grade.
_KINDS_WITH_NUMBERS = frozenset(
    ("film", "movie", "series", "tv", "show", "drama", "anime", "game", "book", "novel", "comic", "music")
) | frozenset(("电影", "剧集", "电视剧", "动漫", "动画", "游戏", "图书", "小说", "漫画"))
# Of these "series 18" is a model or a version.
_KINDS_WITHOUT_SEASONS = frozenset(("product", "goods", "device", "toy", "software", "plugin", "app", "软件", "应用"))
_OTHER_UNITS = {  # whose numbers a work's own unit is compared with, the first that the text states
    SEASON: (SEASON, PART, NUMBER),
    PART: (PART, SEASON, NUMBER),
    VOLUME: (VOLUME, NUMBER),
    COLLECTION: (COLLECTION, NUMBER),
    NUMBER: (NUMBER, PART, SEASON),
}
_HAN_NUMBER = "[一二两三四五六七八九十壹贰貳叁肆伍陆陸柒捌玖拾]{1,3}|[0-9]{1,2}"
_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten"
_ORDINALS = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
_ROMAN = "viii|vii|iii|xii|iv|ix|vi|xi|ii|x|v|i"
_ENGLISH_NUMBER = rf"(?:0?[1-9][0-9]?(?![0-9])|(?:{_WORDS}|{_ROMAN})(?![a-z0-9]))"
_WORD_NUMBER = rf"(?:{_ENGLISH_NUMBER}|[一二三四五六七八九十]{{1,3}})"
_HAN_UNITS = (
    {"季": SEASON, "期": SEASON, "部": PART} | dict.fromkeys("卷册冊巻", VOLUME) | dict.fromkeys("辑輯", COLLECTION)
)
_SEASON_WORDS = [
    "seasons",
    "season",
    "series",
    "staffel",
    "saison",
    "temporada",
    "stagione",
    "сезон",
    "シーズン",
    "시즌",
]
_SEASON_WORD = f"(?:{'|'.join(_SEASON_WORDS)})"
_PART_WORD, _VOLUME_WORD = "(?:parts?|pt|teil|parte|partie|часть)", "(?:volumes?|vols?|tome|tomo|том|卷)"
_RANGE_SIGNS, _LIST_SIGNS = "-‐–—~〜至到", "&+、,，和与"
_JOINER_PATTERN = rf"\s?[{_RANGE_SIGNS}{_LIST_SIGNS}]\s?"

_HAN_STATEMENT_RE = re.compile(
    rf"(?P<before>[第全共前]|(?<![0-9]))\s?(?P<numbers>(?:{_HAN_NUMBER})(?:\s?[季期部卷册]?{_JOINER_PATTERN}第?\s?(?:{_HAN_NUMBER})){{0,6}})"
    rf"\s?(?P<unit>[{''.join(_HAN_UNITS)}])(?![大会中度])(?P<behind>\s?(?:全(?!新)|合集|合輯|打包|完[整结結]))?"
)
_WORD_STATEMENTS = tuple(
    (
        unit,
        re.compile(
            rf"(?<![a-z]){word}[\s._#:-]{{0,3}}(?P<numbers>{_WORD_NUMBER}(?:{_JOINER_PATTERN}{_WORD_NUMBER}){{0,6}})"
        ),
    )
    for unit, word in ((SEASON, _SEASON_WORD), (PART, _PART_WORD), (VOLUME, _VOLUME_WORD))
)
_ORDINAL_STATEMENT_RE = re.compile(
    rf"(?<![a-z0-9])(?P<numbers>[1-9][0-9]?(?=(?:st|nd|rd|th))|(?P<word>{_ORDINALS})|[1-9][0-9]?(?=\s?сезон|기))"
    r"(?:st|nd|rd|th)?[\s._-]{0,2}(?P<unit>season|series|part|volume|сезон|기)(?![a-z])"
)
_SHORT_STATEMENT_RE = re.compile(
    rf"(?<![a-z0-9])s(?P<numbers>[0-9]{{1,2}}(?:{_JOINER_PATTERN}s?[0-9]{{1,2}}(?![0-9])){{0,6}})(?:\s?[ex]p?[0-9]{{1,4}}[-0-9ep]{{0,12}})?(?![a-z0-9])"
)
_ALL_SEASONS_RE = re.compile(
    r"(?:全|所有|整)[个部]?(?:季|シーズン|系列)(?![0-9])|(?:complete|entire|full|whole)[\s._]series|all[\s._]seasons"
)
# What ends a title, with the sign before it.
_TITLE_END_RE = re.compile(
    rf"(?:[\s:：·,，_(（【\[.-]{{1,4}}|(?<=[^a-z0-9\s]))(?:第\s?(?P<han>{_HAN_NUMBER})\s?(?P<unit>[{''.join(_HAN_UNITS)}])"
    rf"|(?P<count>[0-9]{{1,2}})\s?(?P<bare_unit>[季期])|(?P<word>{_SEASON_WORD}|{_PART_WORD}|{_VOLUME_WORD})[\s._#]{{0,2}}(?P<english>{_WORD_NUMBER})"
    rf"|(?:(?P<ordinal>[1-9][0-9]?)(?:st|nd|rd|th)|(?P<spelt>{_ORDINALS}))\s(?:season|series|(?P<part>part))|s(?P<short>[0-9]{{1,2}})"
    rf"|(?P<number>[2-9]|1[0-9]|20)|(?P<roman>viii|vii|iii|xii|iv|ix|vi|xi|ii))\s?[)）】\]]?\s?$"
)


# One statement right behind a name, in a folded text (whose Hangul is decomposed).
_STATEMENT_BEHIND_RE = re.compile(
    rf" ?(?:第(?:{_HAN_NUMBER})[{''.join(_HAN_UNITS)}](?:第?[0-9一二三四五六七八九十]{{1,3}}[集话回])?|[0-9]{{1,2}}季"
    rf"|(?:{'|'.join(map(fold, _SEASON_WORDS))}|{_PART_WORD}|{_VOLUME_WORD}) ?{_WORD_NUMBER}"
    rf"|(?:[1-9][0-9]?(?:st|nd|rd|th)|{_ORDINALS}) (?:season|series|part)"
    r"|s[0-9]{1,2}(?: ?e[0-9]{1,4})?(?![a-z0-9])"
    rf"|(?P<bare>[1-9][0-9]?(?![0-9])|(?:{_ROMAN})(?![a-z0-9])|[一二三四五六七八九十]{{1,3}}))"
)


@frozen(kw_only=True)
class SeasonMark:
    """The number that a title ends in, with its unit."""

    unit: str
    value: int


@frozen(kw_only=True)
class StatedSeasons:
    """The numbers that a text states, by unit. `is_all`: it offers all seasons without their number."""

    numbers: dict[str, frozenset[int]]
    is_all: bool = False

    def compared_with(self, mark: SeasonMark, bare_number: int | None) -> frozenset[int]:
        """The numbers that a work with this mark is compared with; none if the text states none.

        `bare_number` stands right behind the name.
        """
        if self.is_all:
            return frozenset({mark.value})
        for unit in _OTHER_UNITS[mark.unit]:
            numbers = (
                frozenset(() if bare_number is None else (bare_number,)) if unit == NUMBER else self.numbers.get(unit)
            )
            if numbers:
                return numbers
        return frozenset()


@lru_cache(maxsize=8_192)
def strip_season(title: str, kind: str | None) -> tuple[str, SeasonMark] | None:
    """The folded title without the season, part or volume at its end, and that; None if it ends otherwise.

    A bare number counts only for works of some kinds (folded or not), None for unknown.
    """
    plain = _plain(title)
    match = _TITLE_END_RE.search(plain)
    base = fold(plain[: match.start()]) if match else ""
    mark = _mark(match) if match else None
    if mark is None or not base or not 0 < mark.value <= MAX_SEASON:
        return None
    work_kind = fold(kind) if kind else ""
    if work_kind in _KINDS_WITHOUT_SEASONS or (mark.unit == NUMBER and work_kind not in _KINDS_WITH_NUMBERS):
        return None
    return base, mark


def season_bases(work: Work) -> Iterator[tuple[str, str, SeasonMark]]:
    """For title and aliases that end in a season: the name as it is spelled, folded without it, and the season."""
    for name in (work.title, *work.aliases):
        stripped = strip_season(name, work.kind)
        if stripped:
            yield name, *stripped


@lru_cache(maxsize=2_048)
def stated_seasons(text: str) -> StatedSeasons:
    """What a text states, wherever it does. A count (全三季) stands for all up to it, unless a number is stated too."""
    plain = _plain(text)
    numbers: dict[str, set[int]] = {}
    counted: dict[str, set[int]] = {}
    for match in _HAN_STATEMENT_RE.finditer(plain):
        is_count = match["before"] in ("全", "共", "前") or (not match["before"] and match["behind"])
        found = counted if is_count else numbers
        found.setdefault(_HAN_UNITS[match["unit"]], set()).update(_han_numbers(match))
    for unit, pattern in _WORD_STATEMENTS:
        for match in pattern.finditer(plain):
            numbers.setdefault(unit, set()).update(_listed_numbers(match["numbers"]))
    for match in _ORDINAL_STATEMENT_RE.finditer(plain):
        unit = {"part": PART, "volume": VOLUME}.get(match["unit"], SEASON)
        value = _ORDINALS.split("|").index(match["word"]) + 1 if match["word"] else int(match["numbers"])
        numbers.setdefault(unit, set()).add(value)
    for match in _SHORT_STATEMENT_RE.finditer(plain):
        numbers.setdefault(SEASON, set()).update(_listed_numbers(match["numbers"].replace("s", "")))
    numbers = counted | {unit: found for unit, found in numbers.items() if found}
    known = {unit: frozenset(number for number in found if 0 < number <= MAX_SEASON) for unit, found in numbers.items()}
    return StatedSeasons(numbers=known, is_all=_ALL_SEASONS_RE.search(plain) is not None and not known.get(SEASON))


def statement_end(folded: str, start: int, is_numbered: bool) -> int:
    """Where a season, part or volume ends that begins at `start` of a folded text; `start` if none does.

    `is_numbered`: a bare number there counts, too.
    """
    match = _STATEMENT_BEHIND_RE.match(folded, start)
    return match.end() if match and (is_numbered or not match["bare"]) else start


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:1_000]).lower()


def _mark(match: re.Match[str]) -> SeasonMark | None:
    if match["han"]:
        return _season_mark(_HAN_UNITS[match["unit"]], match["han"])
    if match["count"]:
        return _season_mark(SEASON, match["count"])
    if match["word"]:
        unit = next(unit for unit, word in _UNIT_WORDS if re.fullmatch(word, match["word"]))
        return _season_mark(unit, match["english"])
    if match["ordinal"] or match["spelt"]:
        value = int(match["ordinal"]) if match["ordinal"] else _ORDINALS.split("|").index(match["spelt"]) + 1
        return SeasonMark(unit=PART if match["part"] else SEASON, value=value)
    return (
        _season_mark(SEASON, match["short"])
        if match["short"]
        else _season_mark(NUMBER, match["number"] or match["roman"])
    )


_UNIT_WORDS = ((SEASON, _SEASON_WORD), (PART, _PART_WORD), (VOLUME, _VOLUME_WORD))


def _season_mark(unit: str, numeral: str) -> SeasonMark | None:
    value = numeral_value(fold(numeral))
    return SeasonMark(unit=unit, value=value) if value else None


def _han_numbers(match: re.Match[str]) -> set[int]:
    """The numbers of a Chinese statement: 第二季, 第一二季, 第1-3季, 全三季; none for a mere count (三册, 2部)."""
    numbers = _listed_numbers(match["numbers"])
    if match["before"] in ("全", "共", "前") or (not match["before"] and match["behind"]):
        return set(range(1, max(numbers, default=0) + 1))
    is_digits_season = match["unit"] in "季期" and match["numbers"].isdecimal()
    is_list = len(numbers) > 1 and match["unit"] == "季"
    return numbers if match["before"] == "第" or is_digits_season or is_list else set()


def _listed_numbers(text: str) -> set[int]:
    """The numbers of a list or range: 2, 1-3, 一、二, 一二."""
    found = list(re.finditer(rf"{_HAN_NUMBER}|{_WORDS}|(?<![a-z])(?:{_ROMAN})(?![a-z])", text))
    values: set[int] = set()
    last = 0
    for previous, match in pairwise([None, *found]):
        numeral = fold(match.group()) if match else ""
        if len(numeral) > 1 and not numeral.isascii() and "十" not in numeral:
            values.update(filter(None, map(numeral_value, numeral)))
            continue
        value = numeral_value(numeral) or 0
        between = text[previous.end() : match.start()] if previous and match else ""
        values.update(range(last, value) if last and any(sign in between for sign in _RANGE_SIGNS) else ())
        values.add(value)
        last = value
    return values - {0}
