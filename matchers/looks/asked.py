"""A picture that is asked about, and what was seen in it so far."""

from __future__ import annotations

import cv2
import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from matchers.looks import keypoints
from matchers.looks.align import Homography
from matchers.looks.blocks import Agreement
from matchers.looks.keypoints import Extracted, Keypoints, Kind
from matchers.looks.sides import Theirs
from matchers.looks.sketch import Pixels, grey_of
from matchers.looks.verdict import Verdict, certainty

FILLED = 0.5  # of their picture that a copy takes for the search to end


@frozen(eq=False)
class Seen:
    """A registered picture (its number in the index) in another one."""

    number: int
    how: str  # whole, part or points
    said: Verdict
    agreement: Agreement
    homography: Homography  # pixels of theirs (mirrored where `mirrored`) to pixels of our thumb
    corners: NDArray[np.float32]  # of ours, in theirs as it is, pixels
    mirrored: bool
    distance: int | None = None

    @property
    def certainty(self) -> float:
        """How sure it is."""
        return certainty(self.agreement, self.said)


@define(eq=False)
class Asked:
    """A picture that is asked about, with what was found in it so far."""

    pixels: Pixels
    found: dict[int, Seen] = field(factory=dict)
    _sides: dict[bool, Theirs] = field(factory=dict)
    _points: dict[Kind, Extracted] = field(factory=dict)

    def side(self, mirrored: bool) -> Theirs:
        """The picture, or its mirror image."""
        if mirrored not in self._sides:
            pixels = np.ascontiguousarray(self.pixels[:, ::-1]) if mirrored else self.pixels
            self._sides[mirrored] = Theirs(pixels)
        return self._sides[mirrored]

    def points(self, kind: Kind, mirrored: bool) -> Keypoints:
        """Its key points, or those of its mirror image."""
        if kind not in self._points:
            self._points[kind] = keypoints.asked(grey_of(self.pixels), kind)
        return self._points[kind].mirrored if mirrored else self._points[kind].plain

    def add(self, seen: Seen) -> None:
        """Keep the better one of two sightings of the same picture."""
        known = self.found.get(seen.number)
        if known is None or seen.certainty > known.certainty:
            self.found[seen.number] = seen

    @property
    def is_settled(self) -> bool:
        """Whether a copy takes most of the picture, so that nothing is left to look for."""
        whole = self.pixels.shape[0] * self.pixels.shape[1]
        return any(
            seen.said == "copy" and cv2.contourArea(seen.corners) >= FILLED * whole for seen in self.found.values()
        )
