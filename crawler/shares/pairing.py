"""Which access code belongs to which link, decided over the whole text.

What an address says of itself comes first. Then what is said in words: a code named after its platform, a numbered
code, rows of links followed by as many codes, the next code behind a link (in front of it where the text gives codes
first), a code said to be for all. Only then what a mere place suggests. Every step looks near a link only, so that a
text with thousands of links stays cheap.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from crawler.shares.addresses import Address
from crawler.shares.cells import in_a_cell, in_columns
from crawler.shares.codes import Candidate
from crawler.shares.keyed import keyed
from crawler.shares.places import as_above, of_the_name, unlabelled

FAR = 200  # signs between a link and its code: longer texts in between speak of something else
FAR_NAMED = 1000  # the same where the code is named after the platform
LINES = 4


class _Pairing:
    def __init__(self, text: str, links: Sequence[Address], codes: Sequence[Candidate]) -> None:
        self.text = text
        self.links = links  # in order of start
        self.link_starts = [link.start for link in links]
        self.codes = [code for code in codes if not self.inside_a_link(code.start)]
        self.code_starts = [code.start for code in self.codes]
        self.used: set[int] = set()
        self.given: set[int] = set()  # where codes end that belong to a link already

    def inside_a_link(self, place: int) -> bool:
        before = bisect_right(self.link_starts, place) - 1
        return before >= 0 and place < self.links[before].end

    def has_label(self, place: int) -> bool:
        before = bisect_right(self.code_starts, place) - 1
        return before >= 0 and place < self.codes[before].end

    def is_free(self, code: Candidate) -> bool:
        """Whether a candidate without a label is neither a labelled one nor a part of a link."""
        place = code.start
        return not (self.has_label(place) or self.inside_a_link(place) or code.end in self.given)

    def open_links(self) -> Iterator[Address]:
        return (link for link in self.links if link.code is None and link.rule.code)

    def free_codes(self, start: int = 0, end: int | None = None) -> Iterator[Candidate]:
        """Codes that begin at start or later, before `end`, and are not given away yet."""
        first = bisect_left(self.code_starts, start)
        last = len(self.codes) if end is None else bisect_left(self.code_starts, end)
        for place in range(first, last):
            code = self.codes[place]
            if id(code) not in self.used and code.end not in self.given and not code.never:
                yield code

    def give(self, link: Address, code: Candidate | None) -> None:
        if code is not None:
            link.code, link.code_kind, link.code_end = code.value, code.kind, code.end
            link.tricks |= code.tricks
            self.used.add(id(code))
            self.given.add(code.end)


def pair(text: str, links: Sequence[Address], codes: Sequence[Candidate]) -> None:
    """Give each link its code; links whose address states one keep it. Changes `links`, which are in order."""
    pairing = _Pairing(text, links, codes)
    for step in (
        _drop_repeated,
        _by_link_text,
        _by_platform,
        _by_number,
        _by_range,
        _by_key,
        _by_head,
        _by_rows,
        _by_neighbourhood,
        _shared,
    ):
        step(pairing)
    for weaker in (_as_above, _by_columns, _by_place):
        weaker(pairing)


def fits(link: Address, code: Candidate) -> bool:
    """Whether the code has the form of the link's platform, and is not another platform's."""
    if code.platform not in (None, link.rule.name):
        return False
    return bool(link.rule.code and link.rule.code.fullmatch(code.value))


def _drop_repeated(pairing: _Pairing) -> None:
    """Behind an address with its code in it, the same code in words belongs to the same link."""
    for link in pairing.links:
        if link.code:
            after = pairing.free_codes(link.end, link.end + FAR)
            pairing.used |= {id(code) for code in after if code.value == link.code}


_LINK_TEXT = re.compile(r"[)\]】」 ]{0,3}\]\(<?\Z")


def _by_link_text(pairing: _Pairing) -> None:
    """A code in the text of a markdown link belongs to that link."""
    for link in list(pairing.open_links()):
        for code in pairing.free_codes(link.start - 60, link.start):
            if code.end <= link.start and fits(link, code) and _LINK_TEXT.match(pairing.text, code.end, link.start):
                pairing.give(link, code)


def _by_platform(pairing: _Pairing) -> None:
    """A code named after a platform goes to the nearest link of that platform, behind the link first."""
    for code in list(pairing.free_codes()):
        if code.platform is None or code.shared:
            continue
        first = bisect_left(pairing.link_starts, code.start - FAR_NAMED)
        last = bisect_left(pairing.link_starts, code.end + FAR_NAMED)
        links = [link for link in pairing.links[first:last] if link.code is None and link.rule.name == code.platform]
        fitting = [link for link in links if fits(link, code)]
        if fitting:
            pairing.give(min(fitting, key=lambda link, place=code.start: _distance(link, place)), code)  # type: ignore[misc]


def _distance(link: Address, place: int) -> tuple[int, int]:
    return abs(link.end - place) + (link.start > place), link.start


def _by_number(pairing: _Pairing) -> None:
    numbered = {code.index: code for code in pairing.free_codes() if code.index is not None}
    for link in list(pairing.open_links()):
        code = numbered.get(link.index) if link.index is not None else None
        if code is not None and fits(link, code):
            pairing.give(link, code)


def _by_range(pairing: _Pairing) -> None:
    """A code said of the first two links, or of the last three."""
    for code in list(pairing.free_codes()):
        if code.some:
            of = pairing.links[: code.some] if code.some > 0 else pairing.links[code.some :]
            for link in of:
                if link.code is None and fits(link, code):
                    pairing.give(link, code)


def _by_key(pairing: _Pairing) -> None:
    """A list of codes whose marks stand before the links too."""
    for link, code in keyed(pairing.text, list(pairing.open_links())):
        if fits(link, code) and not pairing.inside_a_link(code.start):
            pairing.give(link, code)


def _by_head(pairing: _Pairing) -> None:
    """What the head of a table calls the code's column."""
    _give_columns(pairing, headed=True)


def _by_columns(pairing: _Pairing) -> None:
    """A column that holds a code in every row."""
    _give_columns(pairing, headed=False)


def _give_columns(pairing: _Pairing, *, headed: bool) -> None:
    for link, code in in_columns(pairing.text, list(pairing.open_links()), headed):
        if headed or pairing.is_free(code):
            pairing.give(link, code)


def _by_rows(pairing: _Pairing) -> None:
    """Two or more links in a row, then as many codes in a row (or the other way round): first to first."""
    things = _in_order(pairing.open_links(), pairing.free_codes())
    runs = [list(run) for _, run in groupby(things, key=lambda thing: isinstance(thing, Address))]
    for one, other in pairwise(runs):
        if len(one) == len(other) > 1:
            for first, second in zip(one, other, strict=True):
                _give_either_way(pairing, first, second)


def _give_either_way(pairing: _Pairing, one: Address | Candidate, other: Address | Candidate) -> None:
    link, code = (one, other) if isinstance(one, Address) else (other, one)
    if isinstance(link, Address) and isinstance(code, Candidate) and link.code is None and fits(link, code):
        pairing.give(link, code)


def _in_order(links: Iterable[Address], codes: Iterable[Candidate]) -> list[Address | Candidate]:
    both: list[Address | Candidate] = [*links, *codes]
    return sorted(both, key=lambda thing: thing.start)


def _by_neighbourhood(pairing: _Pairing) -> None:
    things = _in_order(pairing.links, pairing.free_codes())
    codes_first = bool(things) and isinstance(things[0], Candidate) and isinstance(things[-1], Address)
    for place, link in enumerate(pairing.links):
        if link.code is None and link.rule.code:
            ways = (_before, _after) if codes_first else (_after, _before)
            pairing.give(link, ways[0](pairing, place) or ways[1](pairing, place))


def _after(pairing: _Pairing, place: int) -> Candidate | None:
    """The first code behind a link and before the next one."""
    link = pairing.links[place]
    stop = pairing.link_starts[place + 1] if place + 1 < len(pairing.links) else len(pairing.text)
    codes = pairing.free_codes(link.end, min(stop, link.end + FAR))
    return next((code for code in codes if fits(link, code) and _near(pairing.text, link.end, code.start)), None)


def _before(pairing: _Pairing, place: int) -> Candidate | None:
    """The last code in front of a link and behind the one before."""
    link = pairing.links[place]
    stop = pairing.links[place - 1].end if place else 0
    codes = [code for code in pairing.free_codes(max(stop, link.start - FAR), link.start) if code.end <= link.start]
    fitting = [code for code in codes if fits(link, code) and _near(pairing.text, code.end, link.start)]
    return fitting[-1] if fitting else None


def _near(text: str, start: int, end: int) -> bool:
    return text.count("\n", start, end) <= LINES


def _shared(pairing: _Pairing) -> None:
    shared = next((code for code in pairing.codes if code.shared and not code.never), None)
    for link in list(pairing.open_links()) if shared else ():
        if shared and fits(link, shared):
            pairing.give(link, shared)


def _as_above(pairing: _Pairing) -> None:
    for before, link in pairwise(pairing.links):
        if link.code is None and before.code and link.rule.code and as_above(pairing.text, link.end):
            link.code, link.code_kind = before.code, "as_above"


def _by_place(pairing: _Pairing) -> None:
    for link in list(pairing.open_links()):
        if said := of_the_name(pairing.text, link.end, link.share_id):
            link.code, link.code_kind = said, "of_name"
            continue
        for code in (*in_a_cell(pairing.text, link), *unlabelled(pairing.text, link.start, link.end)):
            if pairing.is_free(code) and fits(link, code) and not link.rule.said:
                pairing.give(link, code)
                break
