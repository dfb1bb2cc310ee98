"""Numerals in folded text: Arabic, Roman, Han and English, and the units that say what they count."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

# For regular expressions over folded text; the longest Roman numerals first.
NUMERAL_PATTERN = r"\d{1,4}(?!\d)|[一二三四五六七八九十]{1,3}|(?:viii|vii|iii|xii|iv|ix|vi|xi|ii|v|x)(?![a-z\d])"
ENGLISH_NUMBER_PATTERN = r"(?:one|two|three|four|five|six|seven|eight|nine|ten)(?![a-z])"

_ROMAN_WORD_PATTERN = r"(?<![a-z\d])(?P<roman>iii|ii|iv|viii|vii|vi|ix|xii|xi)(?![a-z\d])"
_DIGITS_BESIDE_HAN_PATTERN = (
    r"(?<![a-z\d])(?P<digits>[1-9]\d?)(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?P<last>[1-9]\d?)(?![a-z\d])"
)
_REWRITABLE_NUMERAL_RE = re.compile(f"{_ROMAN_WORD_PATTERN}|{_DIGITS_BESIDE_HAN_PATTERN}")

_ROMAN_NUMERALS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ENGLISH_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ROMAN_VALUES = {roman: value for value, roman in enumerate(_ROMAN_NUMERALS, start=1)}
_ENGLISH_VALUES = {word: value for value, word in enumerate(_ENGLISH_NUMBERS, start=1)}
_HAN_VALUES = {digit: value for value, digit in enumerate("零一二三四五六七八九十")}
_VOLUME_CHARS, _PART_CHARS = frozenset("上中下"), frozenset("册部卷集篇辑季编")
_NUMERAL_CHARS = frozenset("0123456789上中下一二三四五六七八九十ivx")


def numeral_value(text: str) -> int | None:
    """The value of a numeral: Arabic, Roman (to xii), Han (to 99), an English word (to ten); None for 上, 中, 下."""
    if text.isdigit():
        return int(text)
    word_value = _ROMAN_VALUES.get(text) or _ENGLISH_VALUES.get(text)
    if word_value or not text or not set(text) <= set(_HAN_VALUES):
        return word_value
    if "十" not in text:
        return int("".join(str(_HAN_VALUES[digit]) for digit in text))
    tens, _, ones = text.partition("十")
    return 10 * _HAN_VALUES.get(tens, 1) + _HAN_VALUES.get(ones, 0)


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


def rewrite_numerals(folded: str) -> tuple[str, list[int]] | None:
    """A folded text with its Roman numerals as digits and its digits beside Han as Han numerals (3部曲 is 三部曲).

    Also returns the index of each character in `folded`. None if there is nothing to rewrite.
    """
    letters: list[str] = []
    positions: list[int] = []
    copied_to = 0
    for match in _REWRITABLE_NUMERAL_RE.finditer(folded):
        letters.append(folded[copied_to : match.start()])
        positions.extend(range(copied_to, match.start()))
        roman = match["roman"]
        written = str(_ROMAN_VALUES[roman]) if roman else _han_numeral(int(match.group()))
        letters.append(written)
        positions.extend([match.start()] * (len(written) - 1) + [match.end() - 1])
        copied_to = match.end()
    if not copied_to:
        return None
    return "".join(letters) + folded[copied_to:], positions + list(range(copied_to, len(folded)))


def _han_numeral(value: int) -> str:
    """The Han numeral for a value from 1 to 99."""
    tens, ones = divmod(value, 10)
    digits = "零一二三四五六七八九十"
    return (digits[tens] * (tens > 1) + "十") * (tens > 0) + digits[ones] * (ones > 0)


@cache
def unit_roles() -> dict[str, str]:
    """The role of each unit behind a number: sequel, season, volume, edition or quantity (units.csv)."""
    text = (resources.files("matchers.titles") / "units.csv").read_text(encoding="utf-8")
    return {unit: row["role"] for row in csv.DictReader(text.splitlines()) for unit in row["units"].split()}
