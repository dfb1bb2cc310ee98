"""Parse an access code behind its label: plain, letter by letter, in Chinese digits, in halves, as words.

Every parser reports which trick it undoes. The words around a code may state its letter case and direction.
"""

from __future__ import annotations

import re

# Letters and digits mixed, as required of a code that no label announces.
MIXED_CODE_PATTERN = "(?=[0-9]{0,7}[A-Za-z])(?=[A-Za-z]{0,7}[0-9])[A-Za-z0-9]{4,8}"
CHINESE_DIGIT_TABLE = str.maketrans("零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖两", "00123456789" + "123456789" + "2")
_CHINESE_DIGIT_CHARS = "零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖两"
_PLAIN_VALUE_RE = re.compile(r"[A-Za-z0-9]{2,20}(?![A-Za-z0-9]|-[0-9]{1,2}-|://|\.[A-Za-z]|[\"'] ?:)")
_SPLIT_VALUE_RE = re.compile(r"[A-Za-z0-9](?:[-_. *+~|,/、加和\n][A-Za-z0-9]){3,7}(?![A-Za-z0-9])")
_CHINESE_DIGITS_VALUE_RE = re.compile(
    rf"(?=[A-Za-z0-9]{{0,5}}[{_CHINESE_DIGIT_CHARS}])[A-Za-z0-9{_CHINESE_DIGIT_CHARS}]{{4,6}}(?![A-Za-z0-9\u4e00-\u9fff])"
)
_WORD_VALUE_RE = re.compile(r"[\u4e00-\u9fff]{2,8}(?=[\s,。;)\]」』】]|$)")
_REFERRING_WORDS_RE = re.compile(
    r"[见看无無私关關联聯后後回没沒同上在评評置自详詳请請公扫掃加可永免不如复複链鏈打即下解]"
)
# Words that say where the code is to be had, or describe it without giving it: 见评论, 生日后四位, 站名拼音.
_ELSEWHERE_RE = re.compile(r"[见看私评評详詳请請扫掃加问問群]|公众|公眾|关注|關注|联系|聯繫|回复|回復|置顶|简介|主页")
_POSITION_PATTERN = "[前后後末尾首][面的]?(?P<count>[2-8两兩二三四五六七八])[位个個]"
_DESCRIPTION_RE = re.compile(
    rf"{_POSITION_PATTERN}|首字母|拼音|缩写|縮寫|生日|(?:[号號]码?|名[字称稱]?|日期|年份|域名|网址|網址|学号|序号)$"
)
_POSITION_VALUE_RE = re.compile(
    rf"[\u4e00-\u9fff]{{0,6}}?{_POSITION_PATTERN}[数數]?字?[ :=是为為(]{{0,3}}"
    r"(?P<value>[A-Za-z0-9]{2,8})(?![A-Za-z0-9])"
)
# What stands for a code or names what it is a part of: xxxx, ISBN后4位, QQ号后四位.
_NO_VALUE_RE = re.compile(rf"[xX]{{2,8}}(?![A-Za-z0-9])|[A-Za-z]{{2,6}}[\u4e00-\u9fff]{{0,4}}?{_POSITION_PATTERN}")
_HAN_WORDS_RE = re.compile(r"[\u4e00-\u9fff]{0,12}(?:[A-Za-z]{2,5}|[2-8][位个個])?[\u4e00-\u9fff]{0,8}")
# A phrase in place of a code: "last four digits of the order", "same as above", "see the comments".
_ENGLISH_PHRASE_RE = re.compile(
    r"(?:last|first|final|same|see|ask|check|find|read|look|get|sent|send|will|your|our|my|this|that|the|with|from|when"
    r"|what|name|in|on|by|via|at|as|dm|pm|msg|message|contact|comment|reply)(?= (?!is |are )[A-Za-z0-9]+\b)",
    re.IGNORECASE,
)
_HALVES_RE = re.compile(
    r"(?:的?[前头][1-3一二两三]?[位个]?[是为:]{0,2} ?)([A-Za-z0-9]{1,3})[ ,;和加+]{0,3}"
    r"(?:[后尾][1-3一二两三]?[位个]?[是为:]{0,2} ?)([A-Za-z0-9]{1,3})(?![A-Za-z0-9])"
)
_ONE_BY_ONE_RE = re.compile(
    r"(?:[\u4e00-\u9fff,:;、 ]{1,6}[A-Za-z0-9](?![A-Za-z0-9])){4}(?! ?[\u4e00-\u9fff]{1,3}[A-Za-z0-9])"
)
_REPEATED_SIGNS_RE = re.compile(
    r"(?:(?P<times>[2-8二两三四五六七八]) ?个 ?(?P<sign>[A-Za-z0-9])(?![A-Za-z0-9])[ ,加和+]{0,2}){1,4}"
)
_REPEATED_SIGN_RE = re.compile(r"([2-8二两三四五六七八]) ?个 ?([A-Za-z0-9])")
_LETTER_CASE_RE = re.compile(
    r"(?<!大)(?P<small>小写|小寫|lower ?case)|(?P<large>大写|大寫|upper ?case)(?!小)", re.IGNORECASE
)
_MAX_CASE_DISTANCE_CHARS = 16  # how far behind a code its letter case may be stated
_LEADING_WORDS_RE = re.compile(r"[\u4e00-\u9fff,:; ]{1,10}")
# Four-letter words that follow addresses in English lists, years, and figures with a unit.
NOT_A_CODE_RE = re.compile(
    r"(?:null|none|true|false|void|undefined|part|here|free|link|file|page|list|docs|book|code|back|full|more|info|mega|live|http|19\d\d|20\d\d|https?"
    r"|\d{1,4}(?:[GMKT]B?|FPS|HZ|MIN|TH|DPI|CM|MM|KG|ML|RMB)|(?:240|360|480|540|576|720|1080|1440|2160|4320)[PI]|[HX]26[45]|S\d\d?E\d\d?|V\d{1,3}|[248]K\w{0,4}"
    r"|MP\d|PDF\d?)$",
    re.IGNORECASE,
)

CodeValue = tuple[str, set[str], int]  # the code, the tricks undone in it, where it ends in the text


def apply_letter_case(code: str, text: str, before: tuple[int, int], end: int) -> str:
    """`code` in the letter case that the surrounding words ask for; 注意大小写 asks for none."""
    stop = text.find("\n", end, end + _MAX_CASE_DISTANCE_CHARS)
    case_match = _LETTER_CASE_RE.search(text, *before) or _LETTER_CASE_RE.search(
        text, end, stop if stop >= 0 else end + _MAX_CASE_DISTANCE_CHARS
    )
    if case_match is None or "大小写" in text[end : end + _MAX_CASE_DISTANCE_CHARS] or "大小写" in text[slice(*before)]:
        return code
    return code.lower() if case_match["small"] else code.upper()


def parse_code_value(text: str, start: int) -> CodeValue | None:
    """The code at `start`, or None."""
    if _ENGLISH_PHRASE_RE.match(text, start) or _NO_VALUE_RE.match(text, start):
        return None
    return (
        _parse_plain_value(text, start)
        or _parse_value_behind_position(text, start)
        or _parse_value_behind_words(text, start)
        or _parse_word_value(text, start)
    )


def _parse_plain_value(text: str, start: int) -> CodeValue | None:
    """The value at `start`, the tricks undone in it, and where it ends; None where there is none."""
    if match := _SPLIT_VALUE_RE.match(text, start):
        return "".join(sign for sign in match[0] if sign.isascii() and sign.isalnum()), {"split_code"}, match.end()
    if match := _HALVES_RE.match(text, start):
        return match[1] + match[2], {"split_code"}, match.end()
    if match := _ONE_BY_ONE_RE.match(text, start):
        return "".join(sign for sign in match[0] if sign.isascii() and sign.isalnum()), {"spelled"}, match.end()
    if match := _REPEATED_SIGNS_RE.match(text, start):
        signs = (
            sign * int(times.translate(CHINESE_DIGIT_TABLE)) for times, sign in _REPEATED_SIGN_RE.findall(match[0])
        )
        return "".join(signs), {"spelled"}, match.end()
    if match := _CHINESE_DIGITS_VALUE_RE.match(text, start):
        return match[0].translate(CHINESE_DIGIT_TABLE), {"chinese_digits"}, match.end()
    if match := _PLAIN_VALUE_RE.match(text, start):
        return match[0], set(), match.end()
    return None


def refers_elsewhere(text: str, start: int) -> bool:
    """Whether the words at `start`, behind a label and signs, say where the code is or only what it is like."""
    if _ENGLISH_PHRASE_RE.match(text, start) or _NO_VALUE_RE.match(text, start):
        return True
    words = _HAN_WORDS_RE.match(text, start)
    return words is not None and bool(_ELSEWHERE_RE.search(words[0]) or _DESCRIPTION_RE.search(words[0]))


def _parse_value_behind_position(text: str, start: int) -> CodeValue | None:
    """A value behind words that describe it by its place: 手机号后四位 0728."""
    match = _POSITION_VALUE_RE.match(text, start)
    if match is None or NOT_A_CODE_RE.match(match["value"]):
        return None
    count = int(match["count"].translate(CHINESE_DIGIT_TABLE))
    return (match["value"], set(), match.end()) if len(match["value"]) == count else None


def _parse_value_behind_words(text: str, start: int) -> CodeValue | None:
    """A value behind a few words that do not refer the reader elsewhere: 提取码就是四个字母 abcd."""
    words = _LEADING_WORDS_RE.match(text, start)
    if words is None or _REFERRING_WORDS_RE.search(words[0]):
        return None
    match = _PLAIN_VALUE_RE.match(text, words.end())
    return (
        (match[0], set(), match.end()) if match and len(match[0]) == 4 and not NOT_A_CODE_RE.match(match[0]) else None
    )


def _parse_word_value(text: str, start: int) -> CodeValue | None:
    match = _WORD_VALUE_RE.match(text, start)
    if match and not _REFERRING_WORDS_RE.search(match[0]) and not _DESCRIPTION_RE.search(match[0]):
        return match[0], set(), match.end()
    return None
