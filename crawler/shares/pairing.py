"""Decide which access code belongs to which link, over the whole text.

The code in an address itself comes first, then what the words say: a code named after its platform, a numbered code, a
row of links followed by as many codes, the next code behind a link (in front of it where the text gives codes first), a
code stated for all links. Position alone comes last. Every step searches near a link only, so that a text with
thousands of links stays cheap.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, pairwise

from crawler.shares.labelled_codes import CodeCandidate
from crawler.shares.listed_codes import find_column_codes, find_keyed_codes, find_row_codes
from crawler.shares.plain_links import ParsedLink
from crawler.shares.unlabelled_codes import code_from_share_id, find_unlabelled_codes, is_same_as_above

MAX_CODE_DISTANCE_CHARS = 200  # between a link and its code; a longer text in between is about something else
MAX_NAMED_DISTANCE_CHARS = 1000  # the same for a code named after the platform
MAX_CODE_DISTANCE_LINES = 4


class _Pairing:
    def __init__(self, text: str, links: Sequence[ParsedLink], codes: Sequence[CodeCandidate]) -> None:
        self.text = text
        self.links = links  # in order of start
        self.link_starts = [link.start for link in links]
        self.codes = [code for code in codes if not self.is_inside_link(code.start)]
        self.code_starts = [code.start for code in self.codes]
        self.used_codes: set[int] = set()
        self.assigned_ends: set[int] = set()  # where the codes end that already belong to a link

    def is_inside_link(self, position: int) -> bool:
        before = bisect_right(self.link_starts, position) - 1
        return before >= 0 and position < self.links[before].end

    def has_label(self, position: int) -> bool:
        before = bisect_right(self.code_starts, position) - 1
        return before >= 0 and position < self.codes[before].end

    def is_free(self, code: CodeCandidate) -> bool:
        """Whether an unlabelled candidate is not assigned, not part of a labelled code and not inside a link."""
        position = code.start
        return not (self.has_label(position) or self.is_inside_link(position) or code.end in self.assigned_ends)

    def open_links(self) -> Iterator[ParsedLink]:
        return (link for link in self.links if link.code is None and link.rule.code_pattern)

    def free_codes(self, start: int = 0, end: int | None = None) -> Iterator[CodeCandidate]:
        """Codes that begin in `start` <= position < `end` and are neither assigned nor excluded."""
        first = bisect_left(self.code_starts, start)
        last = len(self.codes) if end is None else bisect_left(self.code_starts, end)
        for index in range(first, last):
            code = self.codes[index]
            if id(code) not in self.used_codes and code.end not in self.assigned_ends and not code.is_excluded:
                yield code

    def assign_code(self, link: ParsedLink, code: CodeCandidate | None) -> None:
        if code is not None:
            link.code, link.code_kind, link.code_end = code.value, code.kind, code.end
            link.tricks |= code.tricks
            self.used_codes.add(id(code))
            self.assigned_ends.add(code.end)


def pair_codes(
    text: str, links: Sequence[ParsedLink], codes: Sequence[CodeCandidate], hints: Sequence[int] = ()
) -> None:
    """Assign each link its code, in place; a link whose address holds a code keeps it. `links` are in text order.

    A link without a code beside one of `hints`, where the text says that the code is elsewhere, gets that as its kind
    of code, and none by position.
    """
    pairing = _Pairing(text, links, codes)
    for step in (
        _drop_repeated_codes,
        _pair_by_link_text,
        _pair_by_platform,
        _pair_by_number,
        _pair_by_range,
        _pair_by_key,
        _pair_by_heading,
        _pair_rows,
        _pair_neighbours,
        _pair_shared_code,
    ):
        step(pairing)
    _mark_hints(pairing, hints)
    for weak_step in (_pair_same_as_above, _pair_by_column, _pair_by_position):
        weak_step(pairing)


def fits_platform(link: ParsedLink, code: CodeCandidate) -> bool:
    """Whether `code` has the form of the link's platform and is not named after another platform."""
    if code.platform not in (None, link.rule.name):
        return False
    return bool(link.rule.code_pattern and link.rule.code_pattern.fullmatch(code.value))


def _drop_repeated_codes(pairing: _Pairing) -> None:
    """Where an address holds its code, mark the same code repeated behind it as used."""
    for link in pairing.links:
        if link.code:
            after = pairing.free_codes(link.end, link.end + MAX_CODE_DISTANCE_CHARS)
            pairing.used_codes |= {id(code) for code in after if code.value == link.code}


_LINK_TEXT_END_RE = re.compile(r"[)\]】」 ]{0,3}\]\(<?\Z")


def _pair_by_link_text(pairing: _Pairing) -> None:
    """Assign a code in the text of a Markdown link to that link."""
    for link in list(pairing.open_links()):
        for code in pairing.free_codes(link.start - 60, link.start):
            if (
                code.end <= link.start
                and fits_platform(link, code)
                and _LINK_TEXT_END_RE.match(pairing.text, code.end, link.start)
            ):
                pairing.assign_code(link, code)


def _pair_by_platform(pairing: _Pairing) -> None:
    """Assign a code named after a platform to the nearest link of that platform, preferring a link before the code."""
    for code in list(pairing.free_codes()):
        if code.platform is None or code.is_shared:
            continue
        first = bisect_left(pairing.link_starts, code.start - MAX_NAMED_DISTANCE_CHARS)
        last = bisect_left(pairing.link_starts, code.end + MAX_NAMED_DISTANCE_CHARS)
        links = [link for link in pairing.links[first:last] if link.code is None and link.rule.name == code.platform]
        fitting_links = [link for link in links if fits_platform(link, code)]
        if fitting_links:
            nearest_link = min(fitting_links, key=partial(_link_distance, position=code.start))
            pairing.assign_code(nearest_link, code)


def _link_distance(link: ParsedLink, position: int) -> tuple[int, int]:
    return abs(link.end - position) + (link.start > position), link.start


def _pair_by_number(pairing: _Pairing) -> None:
    by_number = {code.index: code for code in pairing.free_codes() if code.index is not None}
    for link in list(pairing.open_links()):
        code = by_number.get(link.index) if link.index is not None else None
        if code is not None and fits_platform(link, code):
            pairing.assign_code(link, code)


def _pair_by_range(pairing: _Pairing) -> None:
    """Assign a code stated for, say, the first two links or the last three."""
    for code in list(pairing.free_codes()):
        if code.link_range:
            links = pairing.links[: code.link_range] if code.link_range > 0 else pairing.links[code.link_range :]
            for link in links:
                if link.code is None and fits_platform(link, code):
                    pairing.assign_code(link, code)


def _pair_by_key(pairing: _Pairing) -> None:
    """Assign the codes of a keyed list to the links that carry the same keys."""
    for link, code in find_keyed_codes(pairing.text, list(pairing.open_links())):
        if fits_platform(link, code) and not pairing.is_inside_link(code.start):
            pairing.assign_code(link, code)


def _pair_by_heading(pairing: _Pairing) -> None:
    """Assign the codes of the column that the table's header names."""
    _assign_columns(pairing, has_headings=True)


def _pair_by_column(pairing: _Pairing) -> None:
    """Assign the codes of a column that holds a code in every row."""
    _assign_columns(pairing, has_headings=False)


def _assign_columns(pairing: _Pairing, *, has_headings: bool) -> None:
    for link, code in find_column_codes(pairing.text, list(pairing.open_links()), has_headings):
        if has_headings or pairing.is_free(code):
            pairing.assign_code(link, code)


def _pair_rows(pairing: _Pairing) -> None:
    """Pair two or more consecutive links with as many consecutive codes (in either order), first to first."""
    items = _sort_by_start(pairing.open_links(), pairing.free_codes())
    runs = [list(run) for _, run in groupby(items, key=lambda item: isinstance(item, ParsedLink))]
    for first_run, second_run in pairwise(runs):
        if len(first_run) == len(second_run) > 1:
            for first, second in zip(first_run, second_run, strict=True):
                _assign_either_way(pairing, first, second)


def _assign_either_way(
    pairing: _Pairing, first: ParsedLink | CodeCandidate, second: ParsedLink | CodeCandidate
) -> None:
    link, code = (first, second) if isinstance(first, ParsedLink) else (second, first)
    if (
        isinstance(link, ParsedLink)
        and isinstance(code, CodeCandidate)
        and link.code is None
        and fits_platform(link, code)
    ):
        pairing.assign_code(link, code)


def _sort_by_start(links: Iterable[ParsedLink], codes: Iterable[CodeCandidate]) -> list[ParsedLink | CodeCandidate]:
    items: list[ParsedLink | CodeCandidate] = [*links, *codes]
    return sorted(items, key=lambda item: item.start)


def _pair_neighbours(pairing: _Pairing) -> None:
    items = _sort_by_start(pairing.links, pairing.free_codes())
    codes_first = bool(items) and isinstance(items[0], CodeCandidate) and isinstance(items[-1], ParsedLink)
    for link_index, link in enumerate(pairing.links):
        if link.code is None and link.rule.code_pattern:
            searches = (_previous_code, _next_code) if codes_first else (_next_code, _previous_code)
            pairing.assign_code(link, searches[0](pairing, link_index) or searches[1](pairing, link_index))


def _next_code(pairing: _Pairing, link_index: int) -> CodeCandidate | None:
    """The first fitting code behind the link at index `place` and before the next link."""
    link = pairing.links[link_index]
    stop = pairing.link_starts[link_index + 1] if link_index + 1 < len(pairing.links) else len(pairing.text)
    codes = pairing.free_codes(link.end, min(stop, link.end + MAX_CODE_DISTANCE_CHARS))
    return next(
        (code for code in codes if fits_platform(link, code) and _is_near(pairing.text, link.end, code.start)), None
    )


def _previous_code(pairing: _Pairing, link_index: int) -> CodeCandidate | None:
    """The last fitting code in front of the link at index `place` and behind the previous link."""
    link = pairing.links[link_index]
    stop = pairing.links[link_index - 1].end if link_index else 0
    codes = [
        code
        for code in pairing.free_codes(max(stop, link.start - MAX_CODE_DISTANCE_CHARS), link.start)
        if code.end <= link.start
    ]
    fitting_codes = [
        code for code in codes if fits_platform(link, code) and _is_near(pairing.text, code.end, link.start)
    ]
    return fitting_codes[-1] if fitting_codes else None


def _is_near(text: str, start: int, end: int) -> bool:
    return text.count("\n", start, end) <= MAX_CODE_DISTANCE_LINES


def _pair_shared_code(pairing: _Pairing) -> None:
    shared_code = next((code for code in pairing.codes if code.is_shared and not code.is_excluded), None)
    for link in list(pairing.open_links()) if shared_code else ():
        if shared_code and fits_platform(link, shared_code):
            pairing.assign_code(link, shared_code)


CODE_ELSEWHERE = "elsewhere"  # the kind of a code that the text does not give


def _mark_hints(pairing: _Pairing, hints: Sequence[int]) -> None:
    """Mark the open link before each hint; if there is none near, the one behind it."""
    for hint in hints:
        index = bisect_right(pairing.link_starts, hint) - 1
        link = pairing.links[index] if index >= 0 else None
        if link is None or link.code is not None or hint - link.end > MAX_CODE_DISTANCE_CHARS:
            link = pairing.links[index + 1] if index + 1 < len(pairing.links) else None
            if link is None or link.start - hint > MAX_CODE_DISTANCE_CHARS:
                continue
        if link.code is None and link.rule.code_pattern:
            link.code_kind = CODE_ELSEWHERE


def _pair_same_as_above(pairing: _Pairing) -> None:
    for previous, link in pairwise(pairing.links):
        if link.code is None and previous.code and link.rule.code_pattern and is_same_as_above(pairing.text, link.end):
            link.code, link.code_kind = previous.code, "as_above"


def _pair_by_position(pairing: _Pairing) -> None:
    for link in list(pairing.open_links()):
        if id_code := code_from_share_id(pairing.text, link.end, link.share_id):
            link.code, link.code_kind = id_code, "of_name"
            continue
        if link.code_kind == CODE_ELSEWHERE:
            continue
        for code in (*find_row_codes(pairing.text, link), *find_unlabelled_codes(pairing.text, link.start, link.end)):
            if pairing.is_free(code) and fits_platform(link, code) and not link.rule.needs_label:
                pairing.assign_code(link, code)
                break
