"""A prefilter for rematching: which stored listings may carry one of a few new works, by keys and picture hashes.

Reading a million listings to compare them with a thousand works takes minutes. So names and listings are cut into
n-grams: two Han characters by their sound, or three letters. Where one of the rarest n-grams of a name occurs, the name
is compared with the line. Only these listings are read: those that contain the name (in the title with one edit, if it
is long), a string that another matcher looks for (`prefilter_keys`: identifiers) or a picture near one of a work.

Not found this way: names of one Han character or two letters, names that are only described or abbreviated, and
variants (split characters, digits for letters, pinyin for characters). A full rematch finds those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.fuzz import partial_ratio

from crawler.items import Work
from crawler.pictures.hashing import PHASH
from crawler.text import is_han
from matchers.catalogue import matcher_classes
from matchers.images.phash import PHASH_RADIUS_BITS
from matchers.matcher import Stage
from matchers.titles.phonetics import MIN_PINYIN_HAN_CHARS, syllable
from matchers.titles.title_names import names_of

# Length and information from which a name may contain an error: 5 Han characters, 8 letters.
MIN_FUZZY_NAME_CHARS, MIN_FUZZY_HAN_EQUIVALENTS = 5, 3.2
RAREST_GRAMS_PER_NAME = 4  # of such a name: one wrong character changes at most three, so that at least one is left
MAX_EDIT_CHARS = 1.2  # characters of a name that may differ: one, and some loss where the compared stretch is cut
# The first codes of Latin letters and digits, of syllables, and of other letters.
LETTER_CODES_START, SYLLABLE_CODES_START, OTHER_CODES_START = 1, 100, 1_000
_CODE_BITS = 18  # bits of a code
_GRAM_TABLE_BITS = 20  # of the hash table that quickly rules out grams of no name
_HASH_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)

IntArray = NDArray[np.int64]


class Prefilter:
    """The grams of works' names and the hashes of their pictures. Built once, applied to many listings at a time."""

    def __init__(self, works: Sequence[Work]) -> None:
        names = [name for number, work in enumerate(works) for name in names_of(number, work)]
        other_keys = [
            key for matcher in matcher_classes(Stage.IDENTITY) for work in works for key in matcher.prefilter_keys(work)
        ]
        codes, lines = _encode_lines([*(name.compact for name in names), *other_keys])
        self._short_names = [name.compact if len(name.compact) < MIN_PINYIN_HAN_CHARS else "" for name in names] + [
            ""
        ] * len(other_keys)
        self._name_strings = _line_strings(codes, lines, range(len(names) + len(other_keys)))
        grams, owners = _line_grams(codes, lines)
        pairs = np.unique(np.stack([grams, owners], axis=1), axis=0)
        self._grams, self._gram_of_pair = np.unique(pairs[:, 0], return_inverse=True)
        self._name_of_pair = pairs[:, 1]
        allows_error = [
            name.han_equivalents >= MIN_FUZZY_HAN_EQUIVALENTS and len(name.compact) >= MIN_FUZZY_NAME_CHARS
            for name in names
        ] + [False] * len(other_keys)
        self._allows_error = np.array(allows_error, dtype=bool)
        self._gram_table = np.zeros(1 << _GRAM_TABLE_BITS, dtype=bool)
        self._gram_table[_hash_grams(self._grams)] = True
        hashes = [picture_hash for work in works for picture in work.images for picture_hash in picture.hashes]
        self._phashes = np.array(
            [int(picture_hash.value, 16) for picture_hash in hashes if picture_hash.hasher == PHASH], dtype=np.uint64
        )

    def select_rows(self, keys: Sequence[str], phashes: Sequence[bytes]) -> list[int]:
        """The positions of the listings that must be read. A key is a line of the title and a line of the rest; an
        entry of `phashes` is a listing's hashes of eight bytes each.
        """
        return sorted({*self._rows_with_names(keys), *self._rows_with_pictures(phashes)})

    def _rows_with_names(self, keys: Sequence[str]) -> Iterator[int]:
        codes, lines = _encode_lines(keys)
        line_names = self._candidate_pairs(*_line_grams(codes, lines))
        candidate_lines = np.unique(line_names // len(self._name_strings)) if len(line_names) else line_names
        texts = dict(zip(candidate_lines.tolist(), _line_strings(codes, lines, candidate_lines.tolist()), strict=True))
        for line, name in zip(
            *(column.tolist() for column in np.divmod(line_names, len(self._name_strings))), strict=True
        ):
            if self._short_names[name] and self._short_names[name] not in keys[line // 2].replace(" ", ""):
                continue
            ours, theirs = self._name_strings[name], texts[line]
            min_ratio = 100.0 * (1.0 - MAX_EDIT_CHARS / len(ours))
            may_hold_error = line % 2 == 0 and self._allows_error[name]
            if ours in theirs or (may_hold_error and partial_ratio(ours, theirs, score_cutoff=min_ratio) > 0.0):
                yield line // 2

    def _candidate_pairs(self, grams: IntArray, lines: IntArray) -> IntArray:
        """Distinct pairs line * number of names + name where the line contains one of the rarest grams of the name."""
        if not len(self._grams):
            return np.zeros(0, dtype=np.int64)
        may_be_known = self._gram_table[_hash_grams(grams)]
        grams, lines = grams[may_be_known], lines[may_be_known]
        gram_numbers = np.minimum(np.searchsorted(self._grams, grams), len(self._grams) - 1)
        is_known = self._grams[gram_numbers] == grams
        gram_numbers, lines = gram_numbers[is_known], lines[is_known]
        names, firsts, lasts = self._rarest_grams(np.bincount(gram_numbers, minlength=len(self._grams)))
        counts = lasts[gram_numbers] - firsts[gram_numbers]
        first = np.repeat(firsts[gram_numbers] - np.append(0, np.cumsum(counts)[:-1]), counts)
        return np.unique(np.repeat(lines, counts) * len(self._name_strings) + names[first + np.arange(counts.sum())])

    def _rarest_grams(self, frequencies: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Names by their rarest grams at these `frequencies`: the names in the order of the grams, and for each gram
        the start and end of its names.
        """
        order = np.lexsort((frequencies[self._gram_of_pair], self._name_of_pair))
        owners = self._name_of_pair[order]
        rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
        rarest = order[rank < np.where(self._allows_error[owners], RAREST_GRAMS_PER_NAME, 1)]
        rarest = rarest[np.argsort(self._gram_of_pair[rarest], kind="stable")]
        gram_numbers = np.arange(len(self._grams))
        gram_of_rarest = self._gram_of_pair[rarest]
        return (
            self._name_of_pair[rarest],
            np.searchsorted(gram_of_rarest, gram_numbers),
            np.searchsorted(gram_of_rarest, gram_numbers, side="right"),
        )

    def _rows_with_pictures(self, phashes: Sequence[bytes]) -> list[int]:
        theirs = np.frombuffer(b"".join(phashes), dtype=">u8").astype(np.uint64)
        if not len(theirs) or not len(self._phashes):
            return []
        owners = np.repeat(np.arange(len(phashes)), [len(row_hashes) // 8 for row_hashes in phashes])
        is_near = np.zeros(len(theirs), dtype=bool)
        for registered_hash in self._phashes:
            is_near |= np.bitwise_count(theirs ^ registered_hash) <= PHASH_RADIUS_BITS
        return [int(row) for row in np.unique(owners[is_near])]


def _encode_lines(texts: Sequence[str]) -> tuple[IntArray, IntArray]:
    """The codes of all letters and digits of the texts, and the line number of each."""
    points = np.frombuffer("\n".join(texts).encode("utf-32-le", "replace"), dtype=np.uint32)
    codes = _code_table()[np.minimum(points, len(_code_table()) - 1)]
    lines = np.cumsum(points == ord("\n"))
    is_coded = codes > 0
    return codes[is_coded], lines[is_coded]


def _line_strings(codes: IntArray, lines: IntArray, wanted: Sequence[int]) -> list[str]:
    """The codes of the `wanted` lines as strings."""
    text = codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    starts, ends = (np.searchsorted(lines, wanted, side=side).tolist() for side in ("left", "right"))
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _line_grams(codes: IntArray, lines: IntArray) -> tuple[IntArray, IntArray]:
    """Pairs of Han characters and triples of other letters within a line, each as one number, and their lines."""
    is_han_code = (codes >= SYLLABLE_CODES_START) & (codes < OTHER_CODES_START)
    is_pair = is_han_code[:-1] & is_han_code[1:] & (lines[:-1] == lines[1:])
    is_triple = ~(is_han_code[:-2] | is_han_code[1:-1] | is_han_code[2:]) & (lines[:-2] == lines[2:])
    pairs = codes[:-1] | codes[1:] << _CODE_BITS
    triples = codes[:-2] | codes[1:-1] << _CODE_BITS | codes[2:] << 2 * _CODE_BITS
    return np.concatenate([pairs[is_pair], triples[is_triple]]), np.concatenate(
        [lines[:-1][is_pair], lines[:-2][is_triple]]
    )


def _hash_grams(grams: IntArray) -> NDArray[np.uint64]:
    return (grams.astype(np.uint64) * _HASH_MULTIPLIER) >> np.uint64(64 - _GRAM_TABLE_BITS)


@cache
def _code_table() -> IntArray:
    """The code of each character: letters and digits, syllables without tones, other letters; 0 for anything else."""
    codes = np.zeros(0x20001, dtype=np.int64)
    syllables: dict[str, int] = {}
    for point in range(0x20000):
        letter = chr(point)
        if is_han(letter):
            sound = syllable(letter)
            codes[point] = (
                OTHER_CODES_START + point
                if sound == letter
                else SYLLABLE_CODES_START + syllables.setdefault(sound, len(syllables))
            )
        elif letter.isalnum():
            is_ascii = letter.isascii()
            codes[point] = LETTER_CODES_START + int(letter, 36) if is_ascii else OTHER_CODES_START + point
    return codes
