"""Numerals in keys: Arabic, Roman, Han and English, and the units that say what they count."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

# For regular expressions over keys; the longest Roman numerals first.
VALUE = r"\d{1,4}(?!\d)|[一二三四五六七八九十]{1,3}|(?:viii|vii|iii|xii|iv|ix|vi|xi|ii|v|x)(?![a-z\d])"
SPELLED_OUT = r"(?:one|two|three|four|five|six|seven|eight|nine|ten)(?![a-z])"

_ROMAN_WORD = r"(?<![a-z\d])(?P<roman>iii|ii|iv|viii|vii|vi|ix|xii|xi)(?![a-z\d])"
_BESIDE_HAN = r"(?<![a-z\d])(?P<digits>[1-9]\d?)(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?P<last>[1-9]\d?)(?![a-z\d])"
_OTHERWISE = re.compile(f"{_ROMAN_WORD}|{_BESIDE_HAN}")

_ROMAN_DIGITS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ROMAN = {roman: value for value, roman in enumerate(_ROMAN_DIGITS, start=1)}
_SPELLED = {word: value for value, word in enumerate(_WORDS, start=1)}
_HAN = {digit: value for value, digit in enumerate("零一二三四五六七八九十")}
_VOLUMES, _PARTS = frozenset("上中下"), frozenset("册部卷集篇辑季编")
_MARKS = frozenset("0123456789上中下一二三四五六七八九十ivx")


def number(text: str) -> int | None:
    """The value of a numeral: Arabic, Roman (to xii), Han (to 99), an English word (to ten); None for 上, 中, 下."""
    if text.isdigit():
        return int(text)
    named = _ROMAN.get(text) or _SPELLED.get(text)
    if named or not text or not set(text) <= set(_HAN):
        return named
    if "十" not in text:
        return int("".join(str(_HAN[digit]) for digit in text))
    tens, _, ones = text.partition("十")
    return 10 * _HAN.get(tens, 1) + _HAN.get(ones, 0)


def is_mark(changed: str, whole: str, place: int) -> bool:
    """Whether whole[place:][:len(changed)] is only numerals and volume words.

    i, v and x in a word are letters; 上, 中 and 下 count volumes at the end and before a word for one (北上广 is no
    first volume).
    """
    if not set(changed) <= _MARKS:
        return False
    if changed and set(changed) <= _VOLUMES:
        behind = whole[place + len(changed) : place + len(changed) + 1]
        return not behind or behind in _PARTS
    if not (changed.isascii() and changed.isalpha()):
        return True
    around = whole[max(0, place - 1) : place] + whole[place + len(changed) : place + len(changed) + 1]
    return not any("a" <= letter <= "z" and letter not in "ivx" for letter in around)


def otherwise(key: str) -> tuple[str, list[int]] | None:
    """A folded text with its Roman numerals in digits and its digits beside Han in Han (3部曲 is 三部曲).

    With the place of each character in `key`; None where there is nothing of the kind.
    """
    letters: list[str] = []
    places: list[int] = []
    done = 0
    for found in _OTHERWISE.finditer(key):
        letters.append(key[done : found.start()])
        places.extend(range(done, found.start()))
        roman = found["roman"]
        written = str(_ROMAN[roman]) if roman else _in_han(int(found.group()))
        letters.append(written)
        places.extend([found.start()] * (len(written) - 1) + [found.end() - 1])
        done = found.end()
    if not done:
        return None
    return "".join(letters) + key[done:], places + list(range(done, len(key)))


def _in_han(value: int) -> str:
    """1 to 99."""
    tens, ones = divmod(value, 10)
    digits = "零一二三四五六七八九十"
    return (digits[tens] * (tens > 1) + "十") * (tens > 0) + digits[ones] * (ones > 0)


@cache
def units() -> dict[str, str]:
    """What a unit behind a number makes of it: sequel, season, volume, edition or quantity (units.csv)."""
    text = (resources.files("matchers.titles") / "units.csv").read_text(encoding="utf-8")
    return {unit: row["role"] for row in csv.DictReader(text.splitlines()) for unit in row["units"].split()}
