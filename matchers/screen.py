"""Which stored listings may carry one of a few new works, by their keys and their pictures' hashes alone.

Reading a million listings anew to compare them with a thousand works takes minutes. So names and listings are cut into
grams: two Han characters by their sound, three letters. Where one of the rarest grams of a name stands, the name is
compared with the line; only listings that hold the name (in the title with one error, if it is long), a registered
number or a picture near one of a work are read.

Not seen so: names of one Han character or two letters, names that are only described, and names in disguise (split
characters, digits for letters, pinyin for characters). Comparing everything sees those.
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
from matchers.looks.wholes import NEAR
from matchers.titles.names import names_of
from matchers.titles.sound import MIN_CHARACTERS, syllable

LEAST, LEAST_UNITS = 5, 3.2  # characters, information of a name that may hold an error: 5 Han characters, 8 letters
RAREST = 4  # grams of such a name, of which one at least is left by one wrong character: it spoils three at most
ERRORS = 1.2  # characters of a name that may differ: one, and what is lost where a stretch is cut
LETTERS, HAN, OTHERS = 1, 100, 1_000  # where codes of Latin letters and digits, of syllables and of other letters begin
_WIDTH = 18  # bits of a code
_BITS = 20  # of the table that says quickly whether a gram is any name's
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

type_ints = NDArray[np.int64]


class Screen:
    """The grams of works' names and the hashes of their pictures. Built once, asked with many listings at once."""

    def __init__(self, works: Sequence[Work]) -> None:
        names = [name for number, work in enumerate(works) for name in names_of(number, work)]
        numbers = [value for work in works for values in work.identifiers.values() for value in values]
        codes, lines = _coded([*(name.tight for name in names), *numbers])
        self._short = [name.tight if len(name.tight) < MIN_CHARACTERS else "" for name in names] + [""] * len(numbers)
        self._said = _lines(codes, lines, range(len(names) + len(numbers)))
        grams, owners = _grams(codes, lines)
        pairs = np.unique(np.stack([grams, owners], axis=1), axis=0)
        self._keys, self._of_key = np.unique(pairs[:, 0], return_inverse=True)
        self._owners = pairs[:, 1]
        long = [name.units >= LEAST_UNITS and len(name.tight) >= LEAST for name in names] + [False] * len(numbers)
        self._long = np.array(long, dtype=bool)
        self._known = np.zeros(1 << _BITS, dtype=bool)
        self._known[_hashed(self._keys)] = True
        hashes = [each for work in works for picture in work.images for each in picture.hashes]
        self._looks = np.array([int(each.value, 16) for each in hashes if each.hasher == PHASH], dtype=np.uint64)

    def passing(self, keys: Sequence[str], looks: Sequence[bytes]) -> list[int]:
        """The places of the listings that must be read. A key is a line of the title and a line of the rest; looks are
        phashes of eight bytes each.
        """
        return sorted({*self._named(keys), *self._alike(looks)})

    def _named(self, keys: Sequence[str]) -> Iterator[int]:
        codes, lines = _coded(keys)
        together = self._together(*_grams(codes, lines))
        wanted = np.unique(together // len(self._said)) if len(together) else together
        texts = dict(zip(wanted.tolist(), _lines(codes, lines, wanted.tolist()), strict=True))
        for line, name in zip(*(part.tolist() for part in np.divmod(together, len(self._said))), strict=True):
            if self._short[name] and self._short[name] not in keys[line // 2].replace(" ", ""):
                continue
            ours, theirs = self._said[name], texts[line]
            least = 100.0 * (1.0 - ERRORS / len(ours))
            is_long = line % 2 == 0 and self._long[name]
            if ours in theirs or (is_long and partial_ratio(ours, theirs, score_cutoff=least) > 0.0):
                yield line // 2

    def _together(self, grams: type_ints, lines: type_ints) -> type_ints:
        """Lines and names (line * names + name), once each, where one of the rarest grams of the name stands there."""
        if not len(self._keys):
            return np.zeros(0, dtype=np.int64)
        known = self._known[_hashed(grams)]
        grams, lines = grams[known], lines[known]
        places = np.minimum(np.searchsorted(self._keys, grams), len(self._keys) - 1)
        same = self._keys[places] == grams
        places, lines = places[same], lines[same]
        owners, firsts, lasts = self._telling(np.bincount(places, minlength=len(self._keys)))
        counts = lasts[places] - firsts[places]
        first = np.repeat(firsts[places] - np.append(0, np.cumsum(counts)[:-1]), counts)
        return np.unique(np.repeat(lines, counts) * len(self._said) + owners[first + np.arange(counts.sum())])

    def _telling(self, often: type_ints) -> tuple[type_ints, type_ints, type_ints]:
        """The names that each gram tells of, where grams stand as often as said here: each name by its rarest ones."""
        order = np.lexsort((often[self._of_key], self._owners))
        owners = self._owners[order]
        rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
        kept = order[rank < np.where(self._long[owners], RAREST, 1)]
        kept = kept[np.argsort(self._of_key[kept], kind="stable")]
        keys = np.arange(len(self._keys))
        of_key = self._of_key[kept]
        return self._owners[kept], np.searchsorted(of_key, keys), np.searchsorted(of_key, keys, side="right")

    def _alike(self, looks: Sequence[bytes]) -> list[int]:
        theirs = np.frombuffer(b"".join(looks), dtype=">u8").astype(np.uint64)
        if not len(theirs) or not len(self._looks):
            return []
        owners = np.repeat(np.arange(len(looks)), [len(each) // 8 for each in looks])
        near = np.zeros(len(theirs), dtype=bool)
        for one in self._looks:
            near |= np.bitwise_count(theirs ^ one) <= NEAR
        return [int(row) for row in np.unique(owners[near])]


def _coded(texts: Sequence[str]) -> tuple[type_ints, type_ints]:
    """The codes of all that is said in the texts, and the number of the line in which each stands."""
    points = np.frombuffer("\n".join(texts).encode("utf-32-le", "replace"), dtype=np.uint32)
    codes = _codes()[np.minimum(points, len(_codes()) - 1)]
    lines = np.cumsum(points == ord("\n"))
    said = codes > 0
    return codes[said], lines[said]


def _lines(codes: type_ints, lines: type_ints, wanted: Sequence[int]) -> list[str]:
    """The codes of these lines as strings, to be compared."""
    text = codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    starts, ends = (np.searchsorted(lines, wanted, side=side).tolist() for side in ("left", "right"))
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _grams(codes: type_ints, lines: type_ints) -> tuple[type_ints, type_ints]:
    """Pairs of Han characters and threes of other letters within a line, each as one number, and their lines."""
    han = (codes >= HAN) & (codes < OTHERS)
    two = han[:-1] & han[1:] & (lines[:-1] == lines[1:])
    three = ~(han[:-2] | han[1:-1] | han[2:]) & (lines[:-2] == lines[2:])
    pairs = codes[:-1] | codes[1:] << _WIDTH
    threes = codes[:-2] | codes[1:-1] << _WIDTH | codes[2:] << 2 * _WIDTH
    return np.concatenate([pairs[two], threes[three]]), np.concatenate([lines[:-1][two], lines[:-2][three]])


def _hashed(grams: type_ints) -> NDArray[np.uint64]:
    return (grams.astype(np.uint64) * _SPREAD) >> np.uint64(64 - _BITS)


@cache
def _codes() -> type_ints:
    """The code of each character: letters and digits, syllables without tones, other letters; 0 for what is none."""
    codes = np.zeros(0x20001, dtype=np.int64)
    syllables: dict[str, int] = {}
    for point in range(0x20000):
        letter = chr(point)
        if is_han(letter):
            sound = syllable(letter)
            codes[point] = OTHERS + point if sound == letter else HAN + syllables.setdefault(sound, len(syllables))
        elif letter.isalnum():
            is_plain = letter.isascii()
            codes[point] = LETTERS + int(letter, 36) if is_plain else OTHERS + point
    return codes
