"""Many texts, in all their views, as one array of characters: so all of them are looked up and compared at once.

Before, between and behind the texts stand two zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
from attrs import frozen

from matchers.titles.reading import Reading, cuts_of
from matchers.titles.views import View, views_of
from matchers.titles.windows import Codes, Places, codes_of

APART = "\x00\x00"
_NO_CUT = b"\x00"

Mask = npt.NDArray[np.bool_]


@frozen(kw_only=True, eq=False)
class Joined:
    """View number i is views[i] of readings[owners[i]]; it begins at begins[i] of `codes` and has sizes[i] characters.

    firsts[k] is the first view of readings[k].
    A name may not begin where `no_start` is true, nor end (its last character standing before) where `no_end` is.
    """

    readings: Sequence[Reading]
    cuts: list[bytes]
    views: list[View]
    owners: npt.NDArray[np.int64]
    firsts: npt.NDArray[np.int64]
    codes: Codes
    begins: Places
    sizes: Places
    no_start: Mask
    no_end: Mask

    def places(self) -> Places:
        """The place of each character in its own view."""
        return counted(self.sizes + len(APART), len(APART))


def joined(readings: Sequence[Reading]) -> Joined:
    """All views of these readings."""
    cuts = cuts_of(readings)
    owned = [(owner, view) for owner, reading in enumerate(readings) for view in views_of(reading)]
    views = [view for _, view in owned]
    owners = np.array([owner for owner, _ in owned], dtype=np.int64)
    sizes = np.fromiter((len(view.text) for view in views), dtype=np.int64, count=len(views))
    return Joined(
        readings=readings,
        cuts=cuts,
        views=views,
        owners=owners,
        firsts=np.searchsorted(owners, np.arange(len(readings))),
        codes=codes_of(APART + APART.join([view.text for view in views]) + APART),
        begins=np.cumsum(sizes + len(APART)) - sizes,
        sizes=sizes,
        no_start=_mask([_starts(view, cuts[owner]) for owner, view in owned]),
        no_end=_mask([_ends(view, cuts[owner]) for owner, view in owned]),
    )


def counted(sizes: Places, before: int = 0) -> Places:
    """0, 1, 2 .. within each of several strings of these sizes, behind `before` places that are in none."""
    found = np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.concatenate([np.zeros(before, dtype=np.int64), found])


def counted_in(owners: Places) -> Places:
    """For rows in the order of their owners: the how manyth of its owner each one is, from 0."""
    return np.arange(len(owners)) - np.searchsorted(owners, owners)


def inside(begins: Places, sizes: Places, lengths: tuple[int, ...]) -> tuple[Places, Places]:
    """Starts and ends of all stretches of these lengths inside texts that begin there and are so long."""
    places = counted(sizes)
    left = np.repeat(sizes, sizes) - places
    places += np.repeat(begins, sizes)
    starts = [places[left >= length] for length in lengths]
    ends = [each + length for each, length in zip(starts, lengths, strict=True)]
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *starts]), np.concatenate([empty, *ends])


def _mask(parts: list[bytes]) -> Mask:
    """One byte for each place of the joined texts; each part is one longer than its view."""
    whole = b"".join(chain((_NO_CUT * len(APART),), *((part, _NO_CUT) for part in parts)))
    return np.frombuffer(whole, dtype=np.bool_)


def _starts(view: View, cuts: bytes) -> bytes:
    if view.places is None:
        return cuts
    return bytes([cuts[place] for place in view.places]) + _NO_CUT


def _ends(view: View, cuts: bytes) -> bytes:
    if view.places is None:
        return cuts
    return _NO_CUT + bytes([cuts[place + 1] for place in view.places])
