"""The name of a share at its place in an address: whole, torn by a gap or two, or of another form than usual."""

from __future__ import annotations

import re

from attrs import frozen

from crawler.shares.rules import Rule
from crawler.shares.values import DIGITS

_GAP = re.compile(r"[^A-Za-z0-9_\-/\n:=?#&.,;|码碼密提访訪链鏈]{1,3}")  # what may stand inside a torn name
_BREAK = re.compile(r" ?\n ?")  # a name of fixed length may go on in the next line
_TOLD = re.compile(r"[^A-Za-z0-9]{0,16}[前后後段半接拼剩余尾续第][^A-Za-z0-9]{0,16}")  # words between told pieces
_SPELT = re.compile(r"[A-Za-z0-9_\-零〇一二三四五六七八九]{4,60}")
_RUN = re.compile(r"[A-Za-z0-9_\-]{1,120}")
_LONGEST = 120  # signs in which the pieces of a torn name are looked for
_MOST_PIECES = 5


@frozen(kw_only=True)
class Name:
    """A share's name and where it ends in the text."""

    share_id: str
    end: int
    torn: bool = False


def name_at(text: str, rule: Rule, start: int, stop: int) -> Name | None:
    """The name that begins at `start`, whole before `stop`; torn ones are joined only where their length is fixed."""
    if match := rule.strict.match(text, start, stop):
        return Name(share_id=match["id"], end=match.end())
    if rule.narrow and (torn := _torn(text, rule, start) or _told(text, rule, start) or _spelt(text, rule, start)):
        return torn
    loose = rule.loose.match(text, start, stop)
    return Name(share_id=loose["id"], end=loose.end()) if loose and _is_name(loose["id"]) else None


def _is_name(written: str) -> bool:
    """Whether it is more than a row of the same sign: xxxxxx stands for a name, it is none."""
    return len(set(written.lower())) > 1


def _torn(text: str, rule: Rule, start: int) -> Name | None:
    places, ends = _pieces(text, start)
    letters = "".join(text[place] for place in places)
    for end in ends:
        if match := rule.strict.fullmatch(letters, 0, end):
            return Name(share_id=match["id"], end=places[end - 1] + 1, torn=True)
    match = rule.strict.match(letters)
    return Name(share_id=match["id"], end=places[match.end() - 1] + 1, torn=True) if match else None


def _told(text: str, rule: Rule, start: int) -> Name | None:
    """A name given in two or three pieces with words like 后半段 between them."""
    written, end, last = "", start, start + _LONGEST
    for _ in range(3):
        gap = _TOLD.match(text, end, last)
        run = _RUN.match(text, gap.end() if gap else end, last)
        if run is None or (written and gap is None):
            return None
        written, end = written + run[0], run.end()
        if rule.strict.fullmatch(written):
            return Name(share_id=written, end=end, torn=True)
    return None


def _spelt(text: str, rule: Rule, start: int) -> Name | None:
    """A name with Chinese digits in it."""
    run = _SPELT.match(text, start)
    match = rule.strict.match(run[0].translate(DIGITS)) if run else None
    return Name(share_id=match["id"], end=start + match.end(), torn=True) if match else None


def _pieces(text: str, start: int) -> tuple[list[int], list[int]]:
    """Where the signs of a torn name stand, and how many of them each piece ends with."""
    places: list[int] = []
    ends: list[int] = []
    last = start + _LONGEST
    pieces = 0
    while pieces < _MOST_PIECES:
        run = _RUN.match(text, start, last)
        if run is None:
            break
        pieces += len(run[0]) > 2  # written letter by letter, a name has as many pieces as letters
        places.extend(range(*run.span()))
        ends.append(len(places))
        gap = _GAP.match(text, run.end(), last) or _BREAK.match(text, run.end(), last)
        if gap is None:
            break
        start = gap.end()
    return places, ends
