"""Find access codes that no label announces, by their position beside a link.

In brackets, at the end of the link's row, between separators, alone on a line. Weaker than any label, so used last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.shares.code_values import MIXED_CODE_PATTERN, NOT_A_CODE_RE
from crawler.shares.labelled_codes import CodeCandidate

_TRAILING_CODE_RE = re.compile(r"[^\w\n]{0,8}(?P<value>[A-Za-z0-9]{3,8})[^\w\n]{0,4}(?=\n|$)")
_SEPARATED_CODE_RE = re.compile(rf"[^\w\n]{{1,8}}(?P<value>{MIXED_CODE_PATTERN})(?!\w|\.\w)")
_QUOTED_CODE_RE = re.compile(r"[\"'] ?[,:]{1,2} ?[\"'](?P<value>[A-Za-z0-9]{3,8})[\"']")
_LINE_ABOVE_RE = re.compile(rf"(?:^|\n) ?(?P<value>{MIXED_CODE_PATTERN}) ?\n[^\w\n]{{0,4}}\Z")
_ROW_END_RE = re.compile(rf"[^\n]{{0,40}}?[ |,](?P<value>{MIXED_CODE_PATTERN})[ |,]{{0,4}}(?=\n|$)")
_UNKNOWN_LABEL_RE = re.compile(
    rf"[ \n(\[【,;|]{{1,4}}[^\n\d:=()]{{1,12}} ?[:=→] ?(?P<value>{MIXED_CODE_PATTERN})(?![A-Za-z0-9.])"
)
_BRACKETED_CODE_RE = re.compile(
    r"[^A-Za-z0-9\n\u4e00-\u9fff(\[【「]{0,3}[(\[【「] ?(?P<value>[A-Za-z0-9]{3,8}) ?[)\]】」]"
)
_BRACKETED_BEFORE_RE = re.compile(rf"[(\[【「{{<] ?(?P<value>{MIXED_CODE_PATTERN}) ?[)\]】」}}>][^\w\n]{{0,6}}\Z")
_OWN_LINE_RE = re.compile(r"[^\n]{0,40}\n ?(?P<value>[A-Za-z0-9]{3,8}) ?(?=\n|$)")


_SAME_AS_ABOVE_RE = re.compile(
    r"[^\n]{0,12}?(?:[码碼]|口令|pwd|code|password)[^\nA-Za-z0-9]{0,3}?(?:同上|同前|如上|与上面|same as above)", re.I
)
_LATER_LINE_RE = re.compile(rf"[^\n]{{0,20}}\n[^\n]{{1,24}}\n ?(?P<value>{MIXED_CODE_PATTERN}) ?(?=\n|$)")
_CODE_FROM_ID_RE = re.compile(
    r"[^\n]{0,12}?(?:提取[码碼]?|密[码碼]|访问码|[码碼]|口令)"
    # What is between can only mean the link: 生日后四位 and 手机号后四位 are other things.
    r"(?:[^\w\n]|[是为為即就取等于的用]|[本该此]?(?:分享)?(?:链接|鏈接|地址|网址|網址|后缀)){0,8}?"
    r"(?P<which>最?后|末尾?|尾|最?前|开头)[面的]?[4四][位个]"
)


def code_from_share_id(text: str, link_end: int, share_id: str) -> str | None:
    """The first or last four characters of `share_id`, where the text behind the link says that they are the code."""
    id_part_match = _CODE_FROM_ID_RE.match(text, link_end)
    if id_part_match is None:
        return None
    return share_id[:4] if id_part_match["which"].endswith(("前", "头")) else share_id[-4:]


def is_same_as_above(text: str, link_end: int) -> bool:
    """Whether the text behind a link says that its code is that of the previous link."""
    return bool(_SAME_AS_ABOVE_RE.match(text, link_end))


def find_unlabelled_codes(text: str, start: int, end: int) -> Iterator[CodeCandidate]:
    """Candidates by position alone near the link text[start:end]: bracketed, in its row, alone on a line."""
    for pattern, kind in _POSITION_PATTERNS:
        match = pattern.match(text, end)
        if (
            match
            and not NOT_A_CODE_RE.match(match["value"])
            and not (len(match["value"]) == 3 and match["value"].isdecimal())
        ):
            yield CodeCandidate(value=match["value"], kind=kind, start=match.start("value"), end=match.end("value"))
    for pattern, kind in ((_BRACKETED_BEFORE_RE, "bracket"), (_LINE_ABOVE_RE, "own_line")):
        above_match = pattern.search(text, max(0, start - 20), start)
        if above_match and not NOT_A_CODE_RE.match(above_match["value"]):
            yield CodeCandidate(
                value=above_match["value"], kind=kind, start=above_match.start("value"), end=above_match.end("value")
            )


_POSITION_PATTERNS = (
    (_QUOTED_CODE_RE, "bracket"),
    (_BRACKETED_CODE_RE, "bracket"),
    (_UNKNOWN_LABEL_RE, "label"),
    (_TRAILING_CODE_RE, "trailing"),
    (_SEPARATED_CODE_RE, "trailing"),
    (_ROW_END_RE, "trailing"),
    (_OWN_LINE_RE, "own_line"),
    (_LATER_LINE_RE, "own_line"),
)
