"""Access codes in a text: where a label says that one follows (or stands before), or a place says it without a label.

A candidate is only a stretch of text; to which link it belongs is decided over the whole text, in pairing. What unpacks
an archive, opens an account or confirms a log-in is never an access code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attrs import evolve, field, frozen

from crawler.shares.labels import NONE_BEFORE, NOT_BEFORE, NOT_INSIDE, label
from crawler.shares.rules import Rules
from crawler.shares.values import DIGITS, in_case, value

_FILLERS = (
    "也|相同|是|为|係|系|喺|同|依次|分别|分別|為|在这里|在此|如下|就是|这个|都|均|统一|全部|一律|通用|一样|反过来|反着|倒过来|倒着|倒序|反写"
    "|反转|写|填|读|输入?|念|看|打"
)
_FILL = re.compile(rf"(?:[^0-9A-Za-z\u4e00-\u9fff]|{_FILLERS}|(?:is|are)(?= )){{0,12}}", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"/[^\u4e00-\u9fff\n]{1,14}\n?[^\u4e00-\u9fff\n]{0,3}\Z")
_NOTE = re.compile(r" ?[(\[【「{][^()\[\]【】「」{}\n]{1,20}[)\]】」}]")
_HOLDS_CODE = re.compile(r"[A-Za-z0-9]{3}")
_BACKWARDS = re.compile(r"反过来|反着|倒过来|倒着|倒序|反写|反转")
_SHARED = re.compile(r"都|均|同为|同為|相同|统一|全部|一律|通用|一样")
_SAID_OF_ALL = re.compile(
    r"(?:所有|全部|统一|以上|通用|共用|相同|\b(?:all|same|every|both|common)\b)[^\n\d]{0,24}\Z", re.I
)
_SOME = re.compile(
    r"(?P<side>[前后後])(?P<number>[1-9一二两三四五六七八九])[\u4e00-\u9fff]{1,2}(?:的|链接)?[^\w\n]{0,2}\Z"
)
_BEFORE_LABEL = re.compile(
    r"(?<![A-Za-z0-9])(?P<value>[A-Za-z0-9]{4,8}) ?(?:就是|是|为|<-|←)[^\nA-Za-z0-9]{0,8}"
    r"(?:提取[码碼]|访问码|密[码碼]|口令)"
)
_NEXT = re.compile(
    r" {0,2}[\"']?[/、,;|和及&\n] {0,2}[\"']?(?:\(?[1-9][0-9]?[.、):] ?)?"
    r"(?P<value>[A-Za-z0-9]{3,8})(?![A-Za-z0-9:=./\u4e00-\u9fff]|[\"'] ?:)"
)
_LISTED = re.compile(r"[:： ]{0,3}\n {0,2}\(?[1-9][0-9]?[.、):] ?(?=[A-Za-z0-9]{3,8} {0,3}(?:\n|$))")


@frozen(kw_only=True)
class Candidate:
    """What may be an access code: text[start:end]. `platform` and `index` are those its label names."""

    value: str
    kind: str  # label, before_label, bracket, trailing, own_line
    start: int
    end: int
    platform: str | None = None
    index: int | None = None
    some: int = 0  # said of the first so many links (or, negative, of the last)
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
    labels = {match.end(): match for place in places for match in label().finditer(text, *place)}
    for one in found:
        labels.pop(one.end, None)
    for word in labels.values():
        if candidate := _behind(text, word, known):
            found.append(candidate)
            found.extend(_more(text, candidate))
    by_end: dict[int, Candidate] = {}
    for one in sorted(found, key=lambda one: one.start):
        by_end.setdefault(one.end, one)  # of two labels of one code the first says more: 提取码 都是 ab12
    return sorted(by_end.values(), key=lambda one: one.start)


def _behind(text: str, word: re.Match[str], known: Rules) -> Candidate | None:
    before = text[max(0, word.start() - 16) : word.start()]
    if NONE_BEFORE.search(before) or (word["label"] in ("验证码", "驗證碼") and not _IN_ADDRESS.search(before)):
        return None
    note = _note(text, word.end())
    fill = _LISTED.match(text, note) or _FILL.match(text, note)
    if fill is None or fill[0].count("\n") > 1:
        return None
    if word["label"] in ("提取", "访问", "訪問", "分享", "取件") and not fill[0]:
        return None
    found = value(text, fill.end())
    if found is None:
        return None
    written, kind_tricks, end = found
    if _BACKWARDS.search(text, word.end(), fill.end()):
        written, kind_tricks = written[::-1], kind_tricks | {"reversed"}
    if "spelled" not in kind_tricks:
        written = in_case(written, text, (word.end(), fill.end()), end)
    named = known.named.search(before)
    return Candidate(
        value=written,
        kind="label",
        start=word.start(),
        end=end,
        platform=known.by_word[named[1].lower()] if named else None,
        index=int(word["index"]) if word["index"] else None,
        some=_some(before),
        shared=bool(
            _SHARED.search(fill[0])
            or _SHARED.search(word["label"])
            or _SHARED.search(before[-4:])
            or _of_all(text, word.start())
        ),
        never=bool(NOT_BEFORE.search(before) or NOT_INSIDE.search(word["label"])),
        tricks=frozenset(kind_tricks),
    )


def _note(text: str, start: int) -> int:
    """Where a note in brackets behind a label ends, if it holds no code; else `start`."""
    note = _NOTE.match(text, start)
    return note.end() if note and not _HOLDS_CODE.search(note[0]) else start


def _some(before: str) -> int:
    said = _SOME.search(before)
    if said is None:
        return 0
    number = int(said["number"].translate(DIGITS))
    return number if said["side"] == "前" else -number


def _of_all(text: str, place: int) -> bool:
    return bool(_SAID_OF_ALL.search(text[max(0, place - 40) : place]))


def _more(text: str, first: Candidate) -> Iterator[Candidate]:
    """Further codes of the same length in the same list: 提取码 ab12、cd34."""
    end = first.end
    while (match := _NEXT.match(text, end)) and len(match["value"]) == len(first.value) and not first.never:
        yield evolve(first, value=match["value"], start=match.start("value"), end=match.end(), index=None)
        end = match.end()
