"""The title names the work's creator and has the work's name in pieces (李沐晨 财务建模 直播 实战营) or without its
beginning.

The title matcher finds the name in one piece. Here all pieces of it must be present in their order, its numbers among
them, and no word that makes it a derived work. A name that lacks its end is another work of the same series.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from ahocorasick_rs import AhoCorasick

from crawler.items import Finding, Listing, Polarity, Work
from crawler.text import fold, is_han
from matchers.findings import make_finding
from matchers.matcher import Candidates, Context, Ground, IdentityMatcher
from matchers.titles.analysis import AnalysedText, analyse
from matchers.titles.title_names import han_equivalents

# Of titles over all title sets (bench/titles.py) that this module alone recognised, .12 of 26 were right while a name
# could lack its end or a number; none of those is left.
WHOLE_NAME_PROBABILITY = 0.85  # estimate
# Of 24 such pairs over all title sets 22 were right; less, as a few works made most of them.
PARTIAL_NAME_PROBABILITY = 0.6
MIN_NAME_COVERAGE = 0.55  # share of the name's information, where its beginning is missing
SEVERAL_WORKS_FACTOR = 0.5  # share kept where two works of the same maker fit equally well
MIN_HAN_EQUIVALENTS = 3.0  # information of the pieces that are present
COVERAGE_EPSILON = 1e-9
MIN_MAKER_HAN_CHARS, MIN_MAKER_LATIN_CHARS = 2, 6  # characters of a maker's name
MIN_PIECE_HAN_CHARS, MIN_PIECE_LATIN_CHARS = 2, 3  # characters of a piece
MAKER_PIECES = Ground("maker_pieces", Polarity.FOR, None)
_PART_RE = re.compile(r"[a-z]+|\d+|[^a-z\d\s]+")
_NUMBER_RE = re.compile(r"(?<![a-z\d])\d+")  # azw3 states no number
MAX_NUMBER_GAP_CHARS = 2  # characters between a piece and the number behind it: 第3期


class Matcher(IdentityMatcher):
    """The works of every maker, found by the maker's name."""

    name = "maker"
    grounds = (MAKER_PIECES,)

    def __init__(self, works: Sequence[Work]) -> None:
        self._works: dict[str, list[tuple[Work, str]]] = defaultdict(list)
        for work in works:
            for maker in work.creators if work.retired_at is None else ():
                key = _compact_key(maker)
                if len(key) >= (MIN_MAKER_HAN_CHARS if key and is_han(key[0]) else MIN_MAKER_LATIN_CHARS):
                    self._works[key].append((work, fold(work.title)))
        self._keys = list(self._works)
        self._automaton = AhoCorasick(self._keys)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """A finding for each work of whose name the title has most, beside its maker."""
        if not self._keys:
            return
        analysed = analyse(listing.title)
        matches = self._automaton.find_matches_as_indexes(analysed.compact, overlapping=True)
        makers = {index: (start, end) for index, start, end in matches}
        for index, (start, end) in makers.items():
            if not analysed.word_interior[start] and not analysed.word_interior[end]:
                yield from self._find_works(self._works[self._keys[index]], (start, end), analysed)

    def _find_works(
        self, works: Sequence[tuple[Work, str]], maker_span: tuple[int, int], analysed: AnalysedText
    ) -> Iterator[Finding]:
        start, end = maker_span
        title_rest = analysed.compact[:start] + "\n" + analysed.compact[end:]

        def is_touched(place: int) -> bool:
            position = place if place <= start else place + end - start - 1
            return position not in (0, end) and not analysed.boundaries[position] and not analysed.noise[position - 1]

        if any(spot.word.area != "noise" for spot in analysed.lexicon_words):
            return
        coverages = [
            (_name_coverage(name, title_rest, is_touched), work)
            for work, name in works
            if name.replace(" ", "") not in analysed.compact
        ]
        best_coverage = max((coverage for coverage, _ in coverages), default=0.0)
        fitting = [
            work for coverage, work in coverages if coverage == best_coverage and best_coverage >= MIN_NAME_COVERAGE
        ]
        is_whole = best_coverage > 1.0 - COVERAGE_EPSILON
        probability = WHOLE_NAME_PROBABILITY if is_whole else PARTIAL_NAME_PROBABILITY
        probability *= 1.0 if len(fitting) == 1 else SEVERAL_WORKS_FACTOR
        for work in fitting:
            yield make_finding(
                self.name,
                work,
                MAKER_PIECES,
                probability,
                ours=work.title,
                theirs=analysed.original,
                percent=round(100 * best_coverage),
                maker=list(work.creators),
            )


def _name_coverage(name: str, title_rest: str, is_touched: Callable[[int], bool]) -> float:
    """The share of a name's information whose pieces `title_rest` holds in their order; 0.0 where more than its
    beginning is missing, or a number. `is_touched` tells whether text touches a position of `title_rest` from before.
    """
    if not set(_NUMBER_RE.findall(name)) <= set(_NUMBER_RE.findall(title_rest)):
        return 0.0
    place, covered_information = 0, 0.0
    parts = _PART_RE.findall(name)
    for part in parts:
        start = 0
        while start < len(part):
            piece = _longest_piece(part[start:], title_rest, place)
            if (
                piece
                and not covered_information
                and (start or part is not parts[0])
                and is_touched(title_rest.index(piece, place))
            ):
                return 0.0  # another beginning touches what is left of the name
            if piece:
                place = title_rest.index(piece, place) + len(piece)
                covered_information += han_equivalents(piece)
            elif covered_information:
                return 0.0
            start += len(piece) or 1
    name_information = han_equivalents(name.replace(" ", ""))
    return (
        covered_information / name_information
        if covered_information >= MIN_HAN_EQUIVALENTS and name_information
        else 0.0
    )


def _longest_piece(part: str, title_rest: str, place: int) -> str:
    """The longest beginning of a part that `title_rest` holds from `place` on; "" where it is too short for a piece."""
    min_chars = MIN_PIECE_HAN_CHARS if is_han(part[0]) else len(part) if part[0].isdigit() else MIN_PIECE_LATIN_CHARS
    for end in range(len(part), min_chars - 1, -1):
        position = title_rest.find(part[:end], place)
        if position >= 0 and not (place and part[0].isdigit() and position > place + MAX_NUMBER_GAP_CHARS):
            return part[:end]
    return part[0] if place and title_rest.startswith(part[0], place) else ""  # 60讲: right behind the last piece


def _compact_key(name: str) -> str:
    return fold(name).replace(" ", "")
