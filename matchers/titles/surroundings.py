"""What stands around many stretches of many texts, all at once: what beside.py and evidence.py say of one at a time.

Places in other views of a text (digits read as letters) have no surroundings here: nothing beside them is unknown, and
those few names are looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matchers.titles.joined import APART, Joined
from matchers.titles.reading import HARD, LETTER_UNITS
from matchers.titles.windows import Codes, Places

Mask = npt.NDArray[np.bool_]
Shares = npt.NDArray[np.float64]
NONE, NOISE, ASIDE, TEXT = range(4)  # what can stand beside a stretch
_FRAME = re.compile(r"[《〈「『【\[“\"]")  # behind which a name may be framed
_OUTSIDE = b"\x01" * len(APART)


class Surroundings:
    """Noise, remarks and borders of the joined texts."""

    def __init__(self, texts: Joined) -> None:
        self._texts = texts
        noise, asides, borders = [_OUTSIDE], [_OUTSIDE], [bytes(len(APART))]
        for view, owner in zip(texts.views, texts.owners.tolist(), strict=True):
            reading, size = texts.readings[owner], len(view.text)
            is_text = view.places is None
            noise += (reading.noise if is_text else b"\x01" * size, _OUTSIDE)
            asides += (reading.asides if is_text else bytes(size), _OUTSIDE)
            borders += (reading.borders if is_text else bytes(size + 1), bytes(len(APART) - 1))
        self._noise, self._asides, self._borders = _array(noise), _array(asides), _array(borders)
        self._is_han = _are_han(texts.codes)
        readings = texts.readings
        self._remarks = np.array([1 in reading.asides for reading in readings], dtype=bool)
        self._slots = np.array([reading.slot is not None for reading in readings], dtype=bool)
        self._frames = np.array([_FRAME.search(reading.original) is not None for reading in readings], dtype=bool)

    def touched(self, starts: Places, ends: Places) -> Mask:
        """Which of the stretches starts..ends unknown text touches at one side or the other."""
        blocked, border, han = (self._noise | self._asides).astype(bool), self._borders, self._is_han
        is_open = border != HARD
        is_open[1:] &= (border[1:] == 0) | (han[1:] == han[:-1])
        found: Mask = (is_open[starts] & ~blocked[starts - 1]) | (is_open[ends] & ~blocked[ends])
        return found

    def torn(self, starts: Places, ends: Places) -> Places:
        """How many ends of each stretch stand in the midst of a word that is no noise."""
        inside = self._borders == 0
        before = inside[starts] & (self._noise[starts - 1] == 0)
        found: Places = before.astype(np.int64) + (inside[ends] & (self._noise[ends] == 0))
        return found

    def has(self, views: Places) -> tuple[Mask, Mask, Mask]:
        """Whether the text of each of these views holds remarks, is a release name, holds quotation marks."""
        owners = self._texts.owners[views]
        return self._remarks[owners], self._slots[owners], self._frames[owners]

    def before(self, starts: Places) -> Places:
        """What stands before each place: NONE, NOISE, ASIDE or TEXT."""
        return self._beside(starts - 1)

    def behind(self, ends: Places) -> Places:
        """What stands there."""
        return self._beside(ends)

    def _beside(self, places: Places) -> Places:
        kinds = np.where(self._noise[places] > 0, NOISE, np.where(self._asides[places] > 0, ASIDE, TEXT))
        found: Places = np.where(self._texts.codes[places] == 0, NONE, kinds)
        return found

    def unknown(self, starts: Places, ends: Places, views: Places, reach: int) -> tuple[Shares, Shares]:
        """The unknown text outside each stretch, in Han characters: within `reach` places of it, and in all of its
        view.
        """
        steps = np.where(self._is_han, 1.0, LETTER_UNITS) * (self._noise == 0)
        sums = np.concatenate([[0.0], np.cumsum(steps)])
        first = self._texts.begins[views]
        last = first + self._texts.sizes[views]
        inside = sums[ends] - sums[starts]
        near = sums[np.minimum(last, ends + reach)] - sums[np.maximum(first, starts - reach)] - inside
        whole = sums[last] - sums[first] - inside
        return np.maximum(near, 0.0), np.maximum(whole, 0.0)


def _array(parts: Sequence[bytes | bytearray]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(parts), dtype=np.uint8)


def _are_han(codes: Codes) -> Mask:
    """Han and kana, as `is_han` of folded characters has it."""
    found: Mask = ((codes >= 0x3005) & (codes <= 0x9FFF)) | ((codes >= 0xF900) & (codes <= 0xFAFF)) | (codes >= 0x20000)
    return found
