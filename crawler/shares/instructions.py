"""Apply a text's instructions for repairing an address: 把#换成n, 去掉中文, "replace X with Y".

Sellers break an address and say how to repair it. An instruction is applied where its character is next to letters of
an address, never inside the instruction itself; words between addresses and their codes are never removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

from crawler.shares.text_view import Replacement, TextView

_QUOTE_PATTERN = "[\"'“”‘’「」『』【】《》<>\\[\\]() ]"
_CHANGE_WORDS_PATTERN = (
    r"(?:都|全部?|再|给|自行|自己|手动){0,2}(?:替换|更换|换|改|变)(?:成|为|作|回)|(?:替换|换)(?=[a-z./])"
    r"|代替|代表|就是|当作"
)
_REPLACE_RE = re.compile(
    rf"(?:其中的?|里的?|中的|[(,;。\s]|^)?(?:把|将)?{_QUOTE_PATTERN}{{0,2}}(?P<old>(?![把将])[^\s\"'“”「」【】(),;。]{{1,6}}?){_QUOTE_PATTERN}{{0,2}}"
    rf"(?:{_CHANGE_WORDS_PATTERN}){_QUOTE_PATTERN}{{0,2}}(?P<new>[A-Za-z0-9./:_-]{{1,24}}|点|斜杠){_QUOTE_PATTERN}{{0,2}}(?![A-Za-z0-9/])"
)
# A table of substitutions: (#=n, @→a). Letters and digits are not substituted there.
_SIGN_TABLE_RE = re.compile(
    r"(?:^|(?<=[\s(,;【\[]))(?P<old>[#@*$!^~+&|]|[\u4e00-\u9fff]{1,2}) ?(?:=>?|→|->) ?"
    r"(?P<new>[A-Za-z./]{1,6})(?=[\s),;】\]]|$)"
)
_ENGLISH_REPLACE_RE = re.compile(
    rf"(?:replace|change|swap|substitute) (?:the |all |every )?"
    rf"{_QUOTE_PATTERN}{{0,2}}(?P<old>[^\s\"']{{1,12}}?){_QUOTE_PATTERN}{{0,2}}"
    rf" (?:with|by|to|for|into) (?:a |an |the )?{_QUOTE_PATTERN}{{0,2}}"
    r"(?P<new>[A-Za-z0-9./:_-]{1,24}|dots?|slash(?:es)?)(?![A-Za-z0-9/])",
    re.IGNORECASE,
)
_REMOVE_PATTERN = "(?:去掉|去除|删掉|删除|删去|删|去|移除|拿掉|除去|剔除|不要|忽略|\\b(?:delete|remove|without|drop) )"
_DETERMINER_PATTERN = "(?:the |all |every |其中的?|里面的?|中间的?|所有的?|多余的?){0,2}"
# What sellers call the character that they inserted -> the character.
_SIGN_NAMES = {
    "横杠": "-",
    "横线": "-",
    "短横": "-",
    "减号": "-",
    "下划线": "_",
    "星号": "*",
    "井号": "#",
    "叹号": "!",
    "感叹号": "!",
} | {"问号": "?", "空格": " ", "逗号": ",", "句号": "。", "波浪号": "~", "加号": "+", "美元符号": "$", "艾特": "@"}
_REMOVE_SIGN_RE = re.compile(
    rf"{_REMOVE_PATTERN} ?{_DETERMINER_PATTERN}{_QUOTE_PATTERN}{{0,2}}"
    r"(?P<sign>[^\s\"'“”「」【】(),;。\u4e00-\u9fff]{1,4}|[\u4e00-\u9fff](?=[\"'”」』】]))"
    rf"|(?:把|将)(?P<said>[^\s,;。]{{1,4}}?)(?:都|全部|全)?{_REMOVE_PATTERN}"
    rf"|(?P<called>{'|'.join(_SIGN_NAMES)})(?:都|全部|请|自行|自己|要|得)?{_REMOVE_PATTERN}"
    r"|(?P<before>[\"'“「『【][^\s\"'“”「」【】]{1,4}[\"'”」』】]) ?(?:字|号|符号)?(?:自行|自己|手动|请|都|全部){0,2}"
    rf"{_REMOVE_PATTERN}",
    re.IGNORECASE,
)
_REMOVE_HAN_RE = re.compile(
    rf"(?:中文|汉字|漢字|文字|chinese)[^\n]{{0,8}}{_REMOVE_PATTERN}|{_REMOVE_PATTERN}[^\n]{{0,8}}(?:中文|汉字|漢字|文字|chinese)",
    re.IGNORECASE,
)
_HAN_INSIDE_RE = re.compile(
    r"(?<=[A-Za-z0-9._/-])(?![^A-Za-z0-9]{0,6}[码碼密提取访訪问问链鏈接口令])[\u4e00-\u9fff]{1,6}(?=[A-Za-z0-9._/-])"
)
_SIGN_WORDS = {"点": ".", "dot": ".", "dots": ".", "斜杠": "/", "slash": "/", "slashes": "/"}
_MAX_INSTRUCTIONS = 6  # applied; a text with more of them is about something else
_COMMON_HAN_CHARS = frozenset("的了是在有和与或及")


@frozen(kw_only=True)
class _Instruction:
    old: str
    new: str
    start: int
    end: int


def apply_instructions(view: TextView) -> TextView:
    """The view with its instructions carried out."""
    text = view.text
    for instruction in list(_find_instructions(text))[:_MAX_INSTRUCTIONS]:
        view = _apply_instruction(view, instruction)
    if any(sign in text for sign in (*_HAN_NAMES, "Chinese")) and _REMOVE_HAN_RE.search(view.text):
        view = view.replace(_HAN_INSIDE_RE, lambda match: ([("", match.start(), match.end())], "gaps"))
    return view


# Substrings of which one must occur for a form to be tried, and the form.
_REPLACE_FORMS = (
    (("换", "改", "变", "代", "当作", "就是"), _REPLACE_RE),
    (("=", "→", "->"), _SIGN_TABLE_RE),
    (("replace", "change", "swap", "substitute"), _ENGLISH_REPLACE_RE),
)
_REMOVE_WORDS = ("去", "删", "移除", "拿掉", "剔除", "不要", "忽略", "delete ", "remove ", "without ", "drop ")
_HAN_NAMES = ("中文", "汉字", "漢字", "文字", "chinese")


def _find_instructions(text: str) -> Iterator[_Instruction]:
    lower = text.lower()
    for required_substrings, pattern in _REPLACE_FORMS:
        for match in pattern.finditer(text) if any(sign in lower for sign in required_substrings) else ():
            old, new = _SIGN_NAMES.get(match["old"], match["old"]), _SIGN_WORDS.get(match["new"].lower(), match["new"])
            if old != new and old not in _COMMON_HAN_CHARS:
                yield _Instruction(old=old, new=new.rstrip("."), start=match.start(), end=match.end())
                if new == ".":
                    yield _Instruction(old=old, new=new, start=match.start(), end=match.end())
    for match in _REMOVE_SIGN_RE.finditer(text) if any(sign in lower for sign in _REMOVE_WORDS) else ():
        sign = match["sign"] or match["said"] or match["called"] or match["before"][1:-1]
        sign = _SIGN_NAMES.get(sign, sign)
        if sign not in _COMMON_HAN_CHARS:
            yield _Instruction(old=sign, new="", start=match.start(), end=match.end())


def _apply_instruction(view: TextView, instruction: _Instruction) -> TextView:
    """Replace the character where it is next to letters of an address, but not in the instruction's own words."""
    sign = re.escape(instruction.old)
    pattern = re.compile(rf"(?<=[A-Za-z0-9./_-]){sign}|{sign}(?=[A-Za-z0-9./_-])", re.IGNORECASE)
    first, last = view.span(instruction.start, instruction.end) if instruction.end <= len(view.text) else (0, 0)

    def pieces(match: re.Match[str]) -> Replacement:
        if first <= view.starts[match.start()] < last:
            return None
        return [(instruction.new, match.start(), match.end())], "gaps"

    return view.replace(pattern, pieces)
