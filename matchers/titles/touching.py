"""Which stretches of many texts unknown text touches, all at once: `touches` of beside.py for the texts as they stand.

Places in other views of a text (digits read as letters) are never said to be touched: those few are looked at one by
one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matchers.titles.joined import APART, Joined
from matchers.titles.reading import HARD
from matchers.titles.windows import Codes, Places

Mask = npt.NDArray[np.bool_]
_OUTSIDE = b"\x01" * len(APART)


def touched(texts: Joined, starts: Places, ends: Places) -> Mask:
    """Which of the stretches starts..ends unknown text touches at one side or the other."""
    noise, asides, borders = [_OUTSIDE], [_OUTSIDE], [bytes(len(APART))]
    for view, owner in zip(texts.views, texts.owners.tolist(), strict=True):
        reading, size = texts.readings[owner], len(view.text)
        is_text = view.places is None
        noise += (reading.noise if is_text else b"\x01" * size, _OUTSIDE)
        asides += (reading.asides if is_text else bytes(size), _OUTSIDE)
        borders += (reading.borders if is_text else bytes(size + 1), bytes(len(APART) - 1))
    blocked = (_array(noise) | _array(asides)).astype(bool)
    border = _array(borders)
    han = _are_han(texts.codes)
    is_open = border != HARD
    is_open[1:] &= (border[1:] == 0) | (han[1:] == han[:-1])
    found: Mask = (is_open[starts] & ~blocked[starts - 1]) | (is_open[ends] & ~blocked[ends])
    return found


def _array(parts: Sequence[bytes | bytearray]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(parts), dtype=np.uint8)


def _are_han(codes: Codes) -> Mask:
    """Han and kana, as `is_han` of folded characters has it."""
    found: Mask = ((codes >= 0x3005) & (codes <= 0x9FFF)) | ((codes >= 0xF900) & (codes <= 0xFAFF)) | (codes >= 0x20000)
    return found
