"""Access codes that no word announces: their place beside a link makes them candidates.

In brackets, at the end of the link's row, between separators, on a line alone. Weaker than any label, so asked last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.shares.codes import Candidate
from crawler.shares.values import MIXED, NO_CODE

_TRAILING = re.compile(r"[^\w\n]{0,8}(?P<value>[A-Za-z0-9]{3,8})[^\w\n]{0,4}(?=\n|$)")
_SEPARATED = re.compile(rf"[^\w\n]{{1,8}}(?P<value>{MIXED})(?!\w|\.\w)")
_NEXT_QUOTED = re.compile(r"[\"'] ?[,:]{1,2} ?[\"'](?P<value>[A-Za-z0-9]{3,8})[\"']")
_LINE_ABOVE = re.compile(rf"(?:^|\n) ?(?P<value>{MIXED}) ?\n[^\w\n]{{0,4}}\Z")
_ROW_END = re.compile(rf"[^\n]{{0,40}}?[ |,](?P<value>{MIXED})[ |,]{{0,4}}(?=\n|$)")
_UNKNOWN_LABEL = re.compile(rf"[ \n(\[【,;|]{{1,4}}[^\n\d:=()]{{1,12}} ?[:=→] ?(?P<value>{MIXED})(?![A-Za-z0-9.])")
_BRACKET = re.compile(r"[^A-Za-z0-9\n\u4e00-\u9fff(\[【「]{0,3}[(\[【「] ?(?P<value>[A-Za-z0-9]{3,8}) ?[)\]】」]")
_BRACKET_BEFORE = re.compile(rf"[(\[【「{{<] ?(?P<value>{MIXED}) ?[)\]】」}}>][^\w\n]{{0,6}}\Z")
_OWN_LINE = re.compile(r"[^\n]{0,40}\n ?(?P<value>[A-Za-z0-9]{3,8}) ?(?=\n|$)")


_AS_ABOVE = re.compile(
    r"[^\n]{0,12}?(?:[码碼]|口令|pwd|code|password)[^\nA-Za-z0-9]{0,3}?(?:同上|同前|如上|与上面|same as above)", re.I
)
_LATER_LINE = re.compile(rf"[^\n]{{0,20}}\n[^\n]{{1,24}}\n ?(?P<value>{MIXED}) ?(?=\n|$)")
_OF_NAME = re.compile(
    r"[^\n]{0,12}?(?:提取[码碼]?|密[码碼]|访问码|[码碼]|口令)[^\nA-Za-z0-9]{0,10}?(?P<which>最?后|末尾?|尾|最?前|开头)[面的]?[4四][位个]"
)


def of_the_name(text: str, link_end: int, share_id: str) -> str | None:
    """The code where the text behind a link says that it is the end, or the beginning, of the link's own name."""
    said = _OF_NAME.match(text, link_end)
    if said is None:
        return None
    return share_id[:4] if said["which"].endswith(("前", "头")) else share_id[-4:]


def as_above(text: str, link_end: int) -> bool:
    """Whether the text behind a link says that its code is that of the link before."""
    return bool(_AS_ABOVE.match(text, link_end))


def unlabelled(text: str, start: int, end: int) -> Iterator[Candidate]:
    """Candidates that only their place near a link at text[start:end] makes: bracketed, in its row, on a line alone."""
    for pattern, kind in _PLACES:
        match = pattern.match(text, end)
        if (
            match
            and not NO_CODE.match(match["value"])
            and not (len(match["value"]) == 3 and match["value"].isdecimal())
        ):
            yield Candidate(value=match["value"], kind=kind, start=match.start("value"), end=match.end("value"))
    for pattern, kind in ((_BRACKET_BEFORE, "bracket"), (_LINE_ABOVE, "own_line")):
        above = pattern.search(text, max(0, start - 20), start)
        if above and not NO_CODE.match(above["value"]):
            yield Candidate(value=above["value"], kind=kind, start=above.start("value"), end=above.end("value"))


_PLACES = (
    (_NEXT_QUOTED, "bracket"),
    (_BRACKET, "bracket"),
    (_UNKNOWN_LABEL, "label"),
    (_TRAILING, "trailing"),
    (_SEPARATED, "trailing"),
    (_ROW_END, "trailing"),
    (_OWN_LINE, "own_line"),
    (_LATER_LINE, "own_line"),
)
