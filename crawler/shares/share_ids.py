"""Match the id of a share at its place in an address: whole, with gaps, in announced pieces, or with Chinese digits."""

from __future__ import annotations

import re

from attrs import frozen

from crawler.shares.code_values import CHINESE_DIGIT_TABLE
from crawler.shares.link_rules import LinkRule

_GAP_RE = re.compile(r"[^A-Za-z0-9_\-/\n:=?#&.,;|码碼密提访訪链鏈]{1,3}")  # between pieces of an id
_LINE_BREAK_RE = re.compile(r" ?\n ?")  # an id of fixed length may continue on the next line
# Words between announced pieces.
_PIECE_WORDS_RE = re.compile(r"[^A-Za-z0-9]{0,16}[前后後段半接拼剩余尾续第][^A-Za-z0-9]{0,16}")
_CHINESE_DIGITS_ID_RE = re.compile(r"[A-Za-z0-9_\-零〇一二三四五六七八九]{4,60}")
_ID_RUN_RE = re.compile(r"[A-Za-z0-9_\-]{1,120}")
_MAX_GAPPED_ID_CHARS = 120  # characters within which the pieces of a gapped id are searched for
_MAX_PIECES = 5


@frozen(kw_only=True)
class ShareIdMatch:
    """A share's id and where it ends in the text."""

    share_id: str
    end: int
    is_gapped: bool = False


def match_share_id(text: str, rule: LinkRule, start: int, end: int) -> ShareIdMatch | None:
    """The id that begins at `start`, whole before `end`; one in pieces is joined only where its length is fixed."""
    if match := rule.strict_id.match(text, start, end):
        return ShareIdMatch(share_id=match["id"], end=match.end())
    if rule.has_fixed_length and (
        gapped := _match_gapped_id(text, rule, start)
        or _match_announced_pieces(text, rule, start)
        or _match_chinese_digits(text, rule, start)
    ):
        return gapped
    loose = rule.loose_id.match(text, start, end)
    return ShareIdMatch(share_id=loose["id"], end=loose.end()) if loose and _is_share_id(loose["id"]) else None


def _is_share_id(written: str) -> bool:
    """Whether `written` is more than one character repeated: xxxxxx is a placeholder, not an id."""
    return len(set(written.lower())) > 1


def _match_gapped_id(text: str, rule: LinkRule, start: int) -> ShareIdMatch | None:
    places, ends = _gapped_places(text, start)
    letters = "".join(text[place] for place in places)
    for end in ends:
        if match := rule.strict_id.fullmatch(letters, 0, end):
            return ShareIdMatch(share_id=match["id"], end=places[end - 1] + 1, is_gapped=True)
    match = rule.strict_id.match(letters)
    return ShareIdMatch(share_id=match["id"], end=places[match.end() - 1] + 1, is_gapped=True) if match else None


def _match_announced_pieces(text: str, rule: LinkRule, start: int) -> ShareIdMatch | None:
    """An id given in two or three pieces with words like 后半段 between them."""
    share_id, end, last = "", start, start + _MAX_GAPPED_ID_CHARS
    for _ in range(3):
        gap = _PIECE_WORDS_RE.match(text, end, last)
        run = _ID_RUN_RE.match(text, gap.end() if gap else end, last)
        if run is None or (share_id and gap is None):
            return None
        share_id, end = share_id + run[0], run.end()
        if rule.strict_id.fullmatch(share_id):
            return ShareIdMatch(share_id=share_id, end=end, is_gapped=True)
    return None


def _match_chinese_digits(text: str, rule: LinkRule, start: int) -> ShareIdMatch | None:
    """An id with Chinese digits in it."""
    run = _CHINESE_DIGITS_ID_RE.match(text, start)
    match = rule.strict_id.match(run[0].translate(CHINESE_DIGIT_TABLE)) if run else None
    return ShareIdMatch(share_id=match["id"], end=start + match.end(), is_gapped=True) if match else None


def _gapped_places(text: str, start: int) -> tuple[list[int], list[int]]:
    """The positions of a gapped id's characters, and the number of characters up to the end of each piece."""
    places: list[int] = []
    ends: list[int] = []
    last = start + _MAX_GAPPED_ID_CHARS
    pieces = 0
    while pieces < _MAX_PIECES:
        run = _ID_RUN_RE.match(text, start, last)
        if run is None:
            break
        pieces += len(run[0]) > 2  # an id spelled letter by letter has as many pieces as letters
        places.extend(range(*run.span()))
        ends.append(len(places))
        gap = _GAP_RE.match(text, run.end(), last) or _LINE_BREAK_RE.match(text, run.end(), last)
        if gap is None:
            break
        start = gap.end()
    return places, ends
