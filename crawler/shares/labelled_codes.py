"""Find access codes that a label announces, behind it or in front of it.

A candidate is only a span of text; `pairing` decides over the whole text which link it belongs to. What unpacks an
archive, opens an account or confirms a log-in is never an access code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attrs import evolve, field, frozen

from crawler.shares.code_labels import NO_CODE_NEEDED_RE, OTHER_LABEL_RE, OTHER_PASSWORD_RE, label_pattern
from crawler.shares.code_values import CHINESE_DIGIT_TABLE, apply_letter_case, parse_code_value, refers_elsewhere
from crawler.shares.link_rules import LinkGrammar

_FILLER_WORDS = (
    "也|相同|是|为|係|系|喺|同|依次|分别|分別|為|在这里|在此|如下|就是|这个|都|均|统一|全部|一律|通用|一样|反过来|反着|倒过来|倒着|倒序|反写"
    "|反转|写|填|读|输入?|念|看|打"
)
_FILLER_RE = re.compile(rf"(?:[^0-9A-Za-z\u4e00-\u9fff]|{_FILLER_WORDS}|(?:is|are)(?= )){{0,12}}", re.IGNORECASE)
_SIGNS_RE = re.compile(r"[^\w\n]{0,6}")
_URL_BEFORE_RE = re.compile(r"/[^\u4e00-\u9fff\n]{1,14}\n?[^\u4e00-\u9fff\n]{0,3}\Z")
_BRACKET_NOTE_RE = re.compile(r" ?[(\[【「{][^()\[\]【】「」{}\n]{1,20}[)\]】」}]")
_CODE_INSIDE_RE = re.compile(r"[A-Za-z0-9]{3}")
_REVERSED_WORDS_RE = re.compile(r"反过来|反着|倒过来|倒着|倒序|反写|反转")
_SHARED_CODE_RE = re.compile(r"都|均|同为|同為|相同|统一|全部|一律|通用|一样")
_FOR_ALL_LINKS_RE = re.compile(
    r"(?:所有|全部|统一|以上|通用|共用|相同|\b(?:all|same|every|both|common)\b)[^\n\d]{0,24}\Z", re.I
)
_LINK_RANGE_RE = re.compile(
    r"(?P<side>[前后後])(?P<number>[1-9一二两三四五六七八九])[\u4e00-\u9fff]{1,2}(?:的|链接)?[^\w\n]{0,2}\Z"
)
_CODE_BEFORE_LABEL_RE = re.compile(
    r"(?<![A-Za-z0-9])(?P<value>[A-Za-z0-9]{4,8}) ?(?:就是|是|为|<-|←)[^\nA-Za-z0-9]{0,8}"
    r"(?:提取[码碼]|访问码|密[码碼]|口令)"
)
_NEXT_CODE_RE = re.compile(
    r" {0,2}[\"']?[/、,;|和及&\n] {0,2}[\"']?(?:\(?[1-9][0-9]?[.、):] ?)?"
    r"(?P<value>[A-Za-z0-9]{3,8})(?![A-Za-z0-9:=./\u4e00-\u9fff]|[\"'] ?:)"
)
_NUMBERED_CODE_RE = re.compile(r"[:： ]{0,3}\n {0,2}\(?[1-9][0-9]?[.、):] ?(?=[A-Za-z0-9]{3,8} {0,3}(?:\n|$))")


@frozen(kw_only=True)
class CodeCandidate:
    """A possible access code at text[start:end], with its label if any. `platform` and `index` come from the label."""

    value: str
    kind: str  # label, before_label, bracket, trailing, own_line, column, keyed
    start: int
    end: int
    platform: str | None = None
    index: int | None = None
    link_range: int = 0  # stated for the first n links (n > 0) or the last n (negative)
    is_shared: bool = False  # stated to be the code of several links
    is_excluded: bool = False  # the password of something else
    tricks: frozenset[str] = field(default=frozenset())


def find_labelled_codes(
    text: str, grammar: LinkGrammar, windows: Sequence[tuple[int, int]] | None = None
) -> list[CodeCandidate]:
    """Labelled candidates in text order; those that open something else are marked `is_excluded`.

    Labels are searched for in the whole text, or in `windows`, spans of it.
    """
    searched_windows = windows if windows is not None else [(0, len(text))]
    codes = [
        CodeCandidate(value=match["value"], kind="before_label", start=match.start(), end=match.end())
        for window in searched_windows
        for match in _CODE_BEFORE_LABEL_RE.finditer(text, *window)
    ]
    labels = {match.end(): match for window in searched_windows for match in label_pattern().finditer(text, *window)}
    for code in codes:
        labels.pop(code.end, None)
    for label_match in labels.values():
        if candidate := _parse_behind_label(text, label_match, grammar):
            codes.append(candidate)
            codes.extend(_find_further_codes(text, candidate))
    by_end: dict[int, CodeCandidate] = {}
    for code in sorted(codes, key=lambda code: code.start):
        by_end.setdefault(
            code.end, code
        )  # of two labels of one code, keep the first, which says more: 提取码 都是 ab12
    return sorted(by_end.values(), key=lambda code: code.start)


def _parse_behind_label(text: str, label_match: re.Match[str], grammar: LinkGrammar) -> CodeCandidate | None:
    before = text[max(0, label_match.start() - 16) : label_match.start()]
    if NO_CODE_NEEDED_RE.search(before) or (
        label_match["label"] in ("验证码", "驗證碼") and not _URL_BEFORE_RE.search(before)
    ):
        return None
    note_end = _skip_note(text, label_match.end())
    filler = _NUMBERED_CODE_RE.match(text, note_end) or _FILLER_RE.match(text, note_end)
    if filler is None or filler[0].count("\n") > 1:
        return None
    if label_match["label"] in ("提取", "访问", "訪問", "分享", "取件") and not filler[0]:
        return None
    parsed_value = parse_code_value(text, filler.end())
    if parsed_value is None or not (parsed_value[0].isascii() or not _refers_elsewhere(text, label_match.end())):
        return None
    code_value, value_tricks, end = parsed_value
    if _REVERSED_WORDS_RE.search(text, label_match.end(), filler.end()):
        code_value, value_tricks = code_value[::-1], value_tricks | {"reversed"}
    if "spelled" not in value_tricks:
        code_value = apply_letter_case(code_value, text, (label_match.end(), filler.end()), end)
    platform_match = grammar.platform_name_pattern.search(before)
    return CodeCandidate(
        value=code_value,
        kind="label",
        start=label_match.start(),
        end=end,
        platform=grammar.platform_by_name[platform_match[1].lower()] if platform_match else None,
        index=int(label_match["index"]) if label_match["index"] else None,
        link_range=_parse_link_range(before),
        is_shared=bool(
            _SHARED_CODE_RE.search(filler[0])
            or _SHARED_CODE_RE.search(label_match["label"])
            or _SHARED_CODE_RE.search(before[-4:])
            or _is_for_all_links(text, label_match.start())
        ),
        is_excluded=bool(OTHER_PASSWORD_RE.search(before) or OTHER_LABEL_RE.search(label_match["label"])),
        tricks=frozenset(value_tricks),
    )


def find_code_hints(text: str, windows: Sequence[tuple[int, int]] | None = None) -> list[int]:
    """Where labels are that say that the access code is to be had elsewhere, and do not give it: 提取码见评论."""
    hints = []
    for window in windows if windows is not None else [(0, len(text))]:
        for label_match in label_pattern().finditer(text, *window):
            before = text[max(0, label_match.start() - 16) : label_match.start()]
            if (
                _refers_elsewhere(text, label_match.end())
                and not NO_CODE_NEEDED_RE.search(before)
                and not OTHER_PASSWORD_RE.search(before)
                and not OTHER_LABEL_RE.search(label_match["label"])
            ):
                hints.append(label_match.start())
    return hints


def _refers_elsewhere(text: str, label_end: int) -> bool:
    """Whether what follows a label says where the code is, with or without a filler word, and does not give it."""
    starts = [match.end() for pattern in (_SIGNS_RE, _FILLER_RE) if (match := pattern.match(text, label_end))]
    values = [value[0] for start in starts if (value := parse_code_value(text, start))]
    return any(refers_elsewhere(text, start) for start in starts) and not any(map(str.isascii, values))


def _skip_note(text: str, start: int) -> int:
    """The end of a bracketed note at `start`, behind a label, if it holds no code; else `start`."""
    note = _BRACKET_NOTE_RE.match(text, start)
    return note.end() if note and not _CODE_INSIDE_RE.search(note[0]) else start


def _parse_link_range(before: str) -> int:
    range_match = _LINK_RANGE_RE.search(before)
    if range_match is None:
        return 0
    number = int(range_match["number"].translate(CHINESE_DIGIT_TABLE))
    return number if range_match["side"] == "前" else -number


def _is_for_all_links(text: str, position: int) -> bool:
    return bool(_FOR_ALL_LINKS_RE.search(text[max(0, position - 40) : position]))


def _find_further_codes(text: str, first: CodeCandidate) -> Iterator[CodeCandidate]:
    """Further codes of the same length in the same list: 提取码 ab12、cd34."""
    end = first.end
    while (
        (match := _NEXT_CODE_RE.match(text, end)) and len(match["value"]) == len(first.value) and not first.is_excluded
    ):
        yield evolve(first, value=match["value"], start=match.start("value"), end=match.end(), index=None)
        end = match.end()
