"""Access codes in a text: where a label says that one follows (or stands before), or a place says it without a label.

A candidate is only a stretch of text; to which link it belongs is decided over the whole text, in pairing. What unpacks
an archive, opens an account or confirms a log-in is never an access code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attrs import evolve, field, frozen

from crawler.shares.rules import Rules

_DIGITS = str.maketrans("零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖两", "00123456789" + "123456789" + "2")
_DIGIT = "零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖两"

_ENGLISH = (
    "(?:(?:access|extraction|extract|share|sharing|fetch|download|unlock)[ _-]?)?"
    "(?:code|password|passcode|passwd|pwd|pass|key|pw|pin|tiquma|mima)s?"
)
_CHINESE = (
    r"(?:提取|访问|訪問|分享|取件|查看|打开|打開|链接|鏈接)?(?:密[码碼马玛🐴🐎]|口令|暗号|暗號|暗语|密令|密钥|钥匙)"
    r"|提[ .*_-]?取[ .*_-]?[码碼马吗玛妈🐴🐎]"
    r"|(?:提取|访问|訪問|分享|取件)[码碼]?|(?<![A-Za-z])tq[m码碼](?![A-Za-z])|(?<![\u4e00-\u9fffA-Za-z])[码碼]|(?<=\b[A-Ha-h])[码碼]"
    r"|[🐴🐎](?= ?[:：])|验证码|驗證碼|(?<=[度克盘盤云雷里牛叔])[码碼]|输入?(?=[A-Za-z0-9 ])"
)
_AFTER_ENGLISH = r"[\"'`*\])]{0,4} ?(?:[:=→>|]|[-–—]{1,2} |is |are |\n| [^ ]{3,20}$)"
_LABEL = re.compile(
    rf"(?P<label>{_CHINESE}|(?<![A-Za-z]){_ENGLISH}(?={_AFTER_ENGLISH}))"
    r"(?P<index>[1-9][0-9]?(?=[ :.、)]))?",
    re.IGNORECASE | re.MULTILINE,
)
_FILL = re.compile(
    r"(?:[^0-9A-Za-z\u4e00-\u9fff]|是|为|同|依次|分别|分別|為|在这里|在此|如下|就是|这个|都|均|统一|全部|一律|通用|一样|反过来|反着|倒过来|倒着|倒序|反写|反转|写|填|读"
    r"|(?:is|are)(?= )){0,12}",
    re.IGNORECASE,
)
_VALUE = re.compile(r"[A-Za-z0-9]{2,20}(?![A-Za-z0-9]|://|\.[A-Za-z])")
_SPLIT = re.compile(r"[A-Za-z0-9](?:[-_. *+~|,/、加和][A-Za-z0-9]){3,7}(?![A-Za-z0-9])")
_SPELT = re.compile(rf"(?=[A-Za-z0-9]{{0,5}}[{_DIGIT}])[A-Za-z0-9{_DIGIT}]{{4,6}}(?![A-Za-z0-9\u4e00-\u9fff])")
_WORDS = re.compile(r"[\u4e00-\u9fff]{2,8}(?=[\s,。;)\]」』】]|$)")
_NO_WORDS = re.compile(r"[见看无無私关關联聯后後回没沒同上在评評置自详詳请請公扫掃加可永免不如复複链鏈打即下解]")
_NOT_BEFORE = re.compile(
    r"(?:解压缩?|解壓縮?|压缩包?|壓縮包?|打包|zip|rar|7z|unzip|archive|unpack\w{0,3}|账号|帐号|账户|登[录陆]|開機|开机|wi-?fi|支付|银行|(?:短信|手机|登录|登陆|图形)(?:验证|驗證)?"
    r"|激活|兑换|邀请|管理员?|后台|服务器|root|admin|login|user)[\u4e00-\u9fff]{0,3}[ :的_\-(\[（【]{0,3}\Z",
    re.IGNORECASE,
)
_NONE_BEFORE = re.compile(r"(?:无需?|無需?|没有?|沒有?|不需要?|不用|免|取消|no |without )(?:输入|輸入|填写)?\Z", re.I)
_IN_ADDRESS = re.compile(r"/[^\u4e00-\u9fff\n]{1,14}\n?[^\u4e00-\u9fff\n]{0,3}\Z")
_BACKWARDS = re.compile(r"反过来|反着|倒过来|倒着|倒序|反写|反转")
_SHARED = re.compile(r"都|均|同为|同為|相同|统一|全部|一律|通用|一样")
_SAID_OF_ALL = re.compile(
    r"(?:所有|全部|统一|以上|通用|共用|相同|\b(?:all|same|every|both|common)\b)[^\n\d]{0,24}\Z", re.I
)
_BEFORE_LABEL = re.compile(
    r"(?<![A-Za-z0-9])(?P<value>[A-Za-z0-9]{4,8}) ?(?:就是|是|为|<-|←) ?(?:提取[码碼]|访问码|密[码碼]|口令)"
)
_TRAILING = re.compile(r"[^\w\n]{0,8}(?P<value>[A-Za-z0-9]{3,8})[^\w\n]{0,4}(?=\n|$)")
_MIXED = "(?=[0-9]{0,7}[A-Za-z])(?=[A-Za-z]{0,7}[0-9])[A-Za-z0-9]{4,8}"
_SEPARATED = re.compile(rf"[^\w\n]{{1,8}}(?P<value>{_MIXED})(?!\w|\.\w)")
_LINE_ABOVE = re.compile(rf"(?:^|\n) ?(?P<value>{_MIXED}) ?\n[^\w\n]{{0,4}}\Z")
_ROW_END = re.compile(rf"[^\n]{{0,40}}?[ |,](?P<value>{_MIXED})[ |,]{{0,4}}(?=\n|$)")
_UNKNOWN_LABEL = re.compile(rf"[ \n(\[【,;|]{{1,4}}[^\n\d:=()]{{1,12}} ?[:=→] ?(?P<value>{_MIXED})(?![A-Za-z0-9.])")
_WORDY = re.compile(r"[\u4e00-\u9fff,:; ]{1,10}")
_NEXT = re.compile(
    r" {0,2}[/、,;|和及&\n] {0,2}(?:[1-9][0-9]?[.、):] ?)?(?P<value>[A-Za-z0-9]{3,8})(?![A-Za-z0-9:=./\u4e00-\u9fff])"
)
_LISTED = re.compile(r"[:： ]{0,3}\n {0,2}[1-9][0-9]?[.、):] ?(?=[A-Za-z0-9]{3,8} {0,3}(?:\n|$))")
_BRACKET = re.compile(r"[^A-Za-z0-9\n\u4e00-\u9fff(\[【「]{0,3}[(\[【「] ?(?P<value>[A-Za-z0-9]{3,8}) ?[)\]】」]")
_OWN_LINE = re.compile(r"[^\n]{0,40}\n ?(?P<value>[A-Za-z0-9]{3,8}) ?(?=\n|$)")
# Words of four letters that follow addresses in English lists, and years.
_NO_CODE = re.compile(
    r"(?:part|here|free|link|file|page|list|docs|book|code|back|full|more|info|mega|live|http|19\d\d|20\d\d|https?"
    r"|\d{1,4}(?:[GMKT]B?|P|FPS|HZ|MIN|TH|DPI|CM|MM|KG|ML|RMB)|[HX]26[45]|S\d\d?E\d\d?|V\d{1,3}|[248]K\w{0,4}"
    r"|MP\d|PDF\d?)$",
    re.IGNORECASE,
)


@frozen(kw_only=True)
class Candidate:
    """What may be an access code: text[start:end]. `platform` and `index` are those its label names."""

    value: str
    kind: str  # label, before_label, bracket, trailing, own_line
    start: int
    end: int
    platform: str | None = None
    index: int | None = None
    shared: bool = False  # said to be the code of several links
    never: bool = False  # the password of something else
    tricks: frozenset[str] = field(default=frozenset())


def labelled(text: str, known: Rules, windows: Sequence[tuple[int, int]] | None = None) -> list[Candidate]:
    """Candidates with a label, in the order of the text; those that open something else are marked `never`.

    Labels are looked for in the whole text, or in these stretches of it.
    """
    places = windows if windows is not None else [(0, len(text))]
    found = [
        Candidate(value=match["value"], kind="before_label", start=match.start(), end=match.end())
        for place in places
        for match in _BEFORE_LABEL.finditer(text, *place)
    ]
    labels = {match.end(): match for place in places for match in _LABEL.finditer(text, *place)}
    for one in found:
        labels.pop(one.end, None)
    for label in labels.values():
        if candidate := _behind(text, label, known):
            found.append(candidate)
            found.extend(_more(text, candidate))
    found.sort(key=lambda one: one.start)
    return found


def _behind(text: str, label: re.Match[str], known: Rules) -> Candidate | None:
    before = text[max(0, label.start() - 16) : label.start()]
    if _NONE_BEFORE.search(before) or (label["label"] in ("验证码", "驗證碼") and not _IN_ADDRESS.search(before)):
        return None
    fill = _LISTED.match(text, label.end()) or _FILL.match(text, label.end())
    if fill is None or fill[0].count("\n") > 1:
        return None
    if label["label"] in ("提取", "访问", "訪問", "分享", "取件") and not fill[0]:
        return None
    value = _value(text, fill.end()) or _behind_words(text, fill.end()) or _words(text, fill.end())
    if value is None:
        return None
    written, kind_tricks, end = value
    if _BACKWARDS.search(fill[0]):
        written, kind_tricks = written[::-1], kind_tricks | {"reversed"}
    named = known.named.search(before)
    return Candidate(
        value=written,
        kind="label",
        start=label.start(),
        end=end,
        platform=known.by_word[named[1].lower()] if named else None,
        index=int(label["index"]) if label["index"] else None,
        shared=bool(_SHARED.search(fill[0]) or _SHARED.search(before[-4:]) or _of_all(text, label.start())),
        never=bool(_NOT_BEFORE.search(before)),
        tricks=frozenset(kind_tricks),
    )


def _of_all(text: str, place: int) -> bool:
    return bool(_SAID_OF_ALL.search(text[max(0, place - 40) : place]))


def _more(text: str, first: Candidate) -> Iterator[Candidate]:
    """Further codes of the same length in the same list: 提取码 ab12、cd34."""
    end = first.end
    while (match := _NEXT.match(text, end)) and len(match["value"]) == len(first.value) and not first.never:
        yield evolve(first, value=match["value"], start=match.start("value"), end=match.end(), index=None)
        end = match.end()


def _behind_words(text: str, start: int) -> tuple[str, set[str], int] | None:
    """A value behind a few words that do not send the reader elsewhere: 提取码就是四个字母 abcd."""
    words = _WORDY.match(text, start)
    if words is None or _NO_WORDS.search(words[0]):
        return None
    match = _VALUE.match(text, words.end())
    return (match[0], set(), match.end()) if match and len(match[0]) == 4 and not _NO_CODE.match(match[0]) else None


def _value(text: str, start: int) -> tuple[str, set[str], int] | None:
    """The value at `start`, the tricks in how it is written, and where it ends."""
    if match := _SPLIT.match(text, start):
        return "".join(sign for sign in match[0] if sign.isascii() and sign.isalnum()), {"split_code"}, match.end()
    if match := _SPELT.match(text, start):
        return match[0].translate(_DIGITS), {"chinese_digits"}, match.end()
    if match := _VALUE.match(text, start):
        return match[0], set(), match.end()
    return None


def _words(text: str, start: int) -> tuple[str, set[str], int] | None:
    match = _WORDS.match(text, start)
    if match and not _NO_WORDS.search(match[0]):
        return match[0], set(), match.end()
    return None


def unlabelled(text: str, start: int, end: int) -> Iterator[Candidate]:
    """Candidates that only their place near a link at text[start:end] makes: bracketed, in its row, on a line alone."""
    for pattern, kind in _PLACES:
        match = pattern.match(text, end)
        if match and not _NO_CODE.match(match["value"]):
            yield Candidate(value=match["value"], kind=kind, start=match.start("value"), end=match.end("value"))
    above = _LINE_ABOVE.search(text, max(0, start - 20), start)
    if above and not _NO_CODE.match(above["value"]):
        yield Candidate(value=above["value"], kind="own_line", start=above.start("value"), end=above.end("value"))


_PLACES = (
    (_BRACKET, "bracket"),
    (_UNKNOWN_LABEL, "label"),
    (_TRAILING, "trailing"),
    (_SEPARATED, "trailing"),
    (_ROW_END, "trailing"),
    (_OWN_LINE, "own_line"),
)
