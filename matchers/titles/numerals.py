"""Numerals in folded text: Arabic, Roman, Han and English, and the units that say what they count.

One number has one spelling in a rewritten text: Han up to 99 (3部曲 is 三部曲, 廿 is 二十), Arabic beyond (1984 for
一九八四, 2001 for 两千零一). Han digits in a row are a number only if they are a year, hold a zero or number something
(八六版): 一一, 一二三 and 三三两两 are words.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources
from itertools import pairwise

# For regular expressions over folded text; the longest Roman numerals first.
NUMERAL_PATTERN = r"\d{1,4}(?!\d)|[一二三四五六七八九十]{1,3}|(?:viii|vii|iii|xii|iv|ix|vi|xi|ii|v|x)(?![a-z\d])"
ENGLISH_NUMBER_PATTERN = r"(?:one|two|three|four|five|six|seven|eight|nine|ten)(?![a-z])"

_ROMAN_WORD_PATTERN = r"(?<![a-z\d])(?P<roman>iii|ii|iv|viii|vii|vi|ix|xii|xi)(?![a-z\d])"
_DIGITS_BESIDE_HAN_PATTERN = (
    r"(?<![a-z\d])(?P<digits>[1-9]\d?)(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?P<last>[1-9]\d?)(?![a-z\d])"
)
_HAN_DIGIT_CHARS = "零一二三四五六七八九"
_HAN_DIGITS = {digit: value for value, digit in enumerate(_HAN_DIGIT_CHARS)} | {
    digit: value for value, digit in enumerate("〇壹贰叁肆伍陆柒捌玖")
}
_HAN_DIGITS["两"] = 2
_DIGIT, _ZERO = "[一二两三四五六七八九壹贰叁肆伍陆柒捌玖]", "[零〇]"
_HAN_NUMBER_CHARS = "零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖十拾百佰千仟万廿卅"
_HAN_NUMBER_PATTERN = (
    rf"(?<![{_HAN_NUMBER_CHARS}\d])(?P<han>[{_HAN_NUMBER_CHARS}]{{1,12}}|\d{{1,4}}万)(?![{_HAN_NUMBER_CHARS}\d])"
)
_REWRITABLE_NUMERAL_RE = re.compile(f"{_ROMAN_WORD_PATTERN}|{_HAN_NUMBER_PATTERN}|{_DIGITS_BESIDE_HAN_PATTERN}")
# A quick check for a numeral that may be rewritten.
NUMERAL_HINT_PATTERN = (
    rf"[1-9]|i[ivx]|[vx]i|[一二壹贰][〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖]{{3}}|{_DIGIT}{_ZERO}|{_ZERO}{_DIGIT}|{_DIGIT}[百千佰仟]"
    r"|[十一二两三四五六七八九]万|[廿卅拾]|[一二三四五六七八九]{2,3}[号版届年]"
)
_HAN_GROUP_RE = re.compile(
    rf"(?:(?P<thousands>{_DIGIT})[千仟])?(?:{_ZERO}?(?P<hundreds>{_DIGIT})[百佰])?"
    rf"(?:{_ZERO}?(?P<tens>{_DIGIT}?)(?P<ten>[十拾]))?(?:(?P<zero>{_ZERO})?(?P<ones>{_DIGIT}))?"
)
_NUMBERED_RE = re.compile("[号版届]|年(?!级)")
FIRST_YEAR, LAST_YEAR = 1000, 2099  # read from four Han digits in a row
MAX_HAN_NUMERAL = 99  # in a rewritten text, numbers beyond are Arabic

_ROMAN_NUMERALS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ENGLISH_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ROMAN_VALUES = {roman: value for value, roman in enumerate(_ROMAN_NUMERALS, start=1)}
_ENGLISH_VALUES = {word: value for value, word in enumerate(_ENGLISH_NUMBERS, start=1)}
_VOLUME_CHARS, _PART_CHARS = frozenset("上中下"), frozenset("册部卷集篇辑季编")
_NUMERAL_CHARS = frozenset("0123456789上中下一二三四五六七八九十ivx")


def numeral_value(text: str) -> int | None:
    """The value of a numeral: Arabic, Roman (to xii), Han, an English word (to ten); None for 上, 中, 下."""
    if text.isdecimal():
        return int(text)
    return _ROMAN_VALUES.get(text) or _ENGLISH_VALUES.get(text) or _han_value(text)


def _han_value(text: str) -> int | None:
    """The value of a Han numeral, with units (两千零一, 廿四, 2万) or digit by digit (一九八四); None for other text.

    A last digit without its unit (一百二 for 120) is not read.
    """
    head, ten_thousand, tail = text.replace("廿", "二十").replace("卅", "三十").partition("万")
    if ten_thousand:
        multiple = int(head) if head.isdecimal() else _group_value(head)
        rest = _group_value(tail) if tail else 0
        return multiple * 10_000 + rest if multiple and rest is not None else None
    if head and all(digit in _HAN_DIGITS for digit in head):
        return int("".join(str(_HAN_DIGITS[digit]) for digit in head))
    return _group_value(head)


def _group_value(text: str) -> int | None:
    """The value of a Han numeral below ten thousand with its units."""
    match = _HAN_GROUP_RE.fullmatch(text)
    if match is None or not text:
        return None
    if match["ones"] and not match["ten"] and not match["zero"] and (match["thousands"] or match["hundreds"]):
        return None
    thousands, hundreds, ones = (
        _HAN_DIGITS[match[name]] if match[name] else 0 for name in ("thousands", "hundreds", "ones")
    )
    tens = (_HAN_DIGITS[match["tens"]] if match["tens"] else 1) if match["ten"] else 0
    return 1000 * thousands + 100 * hundreds + 10 * tens + ones


def _rewrite_han(numeral: str, behind: str) -> str:
    """The one spelling of a run of Han numerals; the run itself if it is no number, or already spelled so.

    `behind` is the text behind it: digits without a zero may number an edition, a house, a year (八六版, 九五年).
    """
    digits = [_HAN_DIGITS[digit] for digit in numeral if digit in _HAN_DIGITS]
    if len(digits) == len(numeral):
        has_zero = 0 in digits and len(digits) > (1 if digits[0] else 2)
        if not (has_zero or _is_year(digits) or (len(digits) in (2, 3) and _NUMBERED_RE.match(behind))):
            return numeral
        if not digits[0]:
            return "".join(map(str, digits))
    value = _han_value(numeral) if len(numeral) > 1 or numeral in "廿卅拾" else None
    if not value:
        return numeral
    return str(value) if value > MAX_HAN_NUMERAL else _han_numeral(value)


def _is_year(digits: list[int]) -> bool:
    """Whether these digits are a year, not a count (一二三四) or a reduplication (一一二二, 二二二二)."""
    if len(digits) != 4 or not FIRST_YEAR <= int("".join(map(str, digits))) <= LAST_YEAR:
        return False
    steps = {second - first for first, second in pairwise(digits)}
    return len(steps) > 1 and not (digits[0] == digits[1] and digits[2] == digits[3])


def is_numeral(numeral: str, whole: str, position: int) -> bool:
    """Whether `numeral`, found at `position` of `whole`, holds only numerals and volume words.

    i, v and x inside a word are letters; 上, 中 and 下 count volumes only at the end or before a word for one
    (北上广 is no first volume).
    """
    if not set(numeral) <= _NUMERAL_CHARS:
        return False
    if numeral and set(numeral) <= _VOLUME_CHARS:
        next_char = whole[position + len(numeral) : position + len(numeral) + 1]
        return not next_char or next_char in _PART_CHARS
    if not (numeral.isascii() and numeral.isalpha()):
        return True
    neighbours = whole[max(0, position - 1) : position] + whole[position + len(numeral) : position + len(numeral) + 1]
    return not any("a" <= letter <= "z" and letter not in "ivx" for letter in neighbours)


def whole_numeral(text: str, start: int, end: int) -> str:
    """The run of Han numerals, or of digits, of which text[start:end] is a part: 八十六 of 十 in 八十六号."""
    chars = "0123456789" if text[start:end].isdecimal() else _HAN_NUMBER_CHARS
    while start and text[start - 1] in chars:
        start -= 1
    while end < len(text) and text[end] in chars:
        end += 1
    return text[start:end]


def rewrite_numerals(folded: str) -> tuple[str, list[int]] | None:
    """A folded text with each number in one spelling: Roman numerals as digits, those beside Han in Han up to 99.

    Also returns the index of each character in `folded`. None if there is nothing to rewrite.
    """
    letters: list[str] = []
    positions: list[int] = []
    copied_to = 0
    for match in _REWRITABLE_NUMERAL_RE.finditer(folded):
        roman, han = match["roman"], match["han"]
        if han:
            written = _rewrite_han(han, folded[match.end() : match.end() + 2])
            if written == han:
                continue
        else:
            written = str(_ROMAN_VALUES[roman]) if roman else _han_numeral(int(match.group()))
        letters.append(folded[copied_to : match.start()])
        positions.extend(range(copied_to, match.start()))
        letters.append(written)
        positions.extend([match.start()] * (len(written) - 1) + [match.end() - 1])
        copied_to = match.end()
    if not copied_to:
        return None
    return "".join(letters) + folded[copied_to:], positions + list(range(copied_to, len(folded)))


def _han_numeral(value: int) -> str:
    """The Han numeral for a value from 1 to 99."""
    tens, ones = divmod(value, 10)
    return (_HAN_DIGIT_CHARS[tens] * (tens > 1) + "十") * (tens > 0) + _HAN_DIGIT_CHARS[ones] * (ones > 0)


@cache
def unit_roles() -> dict[str, str]:
    """The role of each unit behind a number: sequel, season, volume, edition or quantity (units.csv)."""
    text = (resources.files("matchers.titles") / "units.csv").read_text(encoding="utf-8")
    return {unit: row["role"] for row in csv.DictReader(text.splitlines()) for unit in row["units"].split()}
