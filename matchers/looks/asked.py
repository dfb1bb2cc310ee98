"""A picture that is asked about, and what was seen in it so far."""

from __future__ import annotations

import cv2
import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from matchers.looks import keypoints
from matchers.looks.align import Homography
from matchers.looks.blocks import BlockAgreement
from matchers.looks.keypoints import KeypointExtraction, KeypointKind, Keypoints
from matchers.looks.sides import PreparedQuery
from matchers.looks.sketch import Pixels, to_grey
from matchers.looks.verdict import CopyDecision, certainty

MIN_COPY_AREA_SHARE = 0.5  # of their picture that a copy takes for the search to end


@frozen(eq=False)
class ReferenceMatch:
    """A registered picture (its number in the index) in another one."""

    number: int
    how: str  # whole, part or points
    decision: CopyDecision
    agreement: BlockAgreement
    homography: Homography  # pixels of theirs (mirrored where `mirrored`) to pixels of our thumb
    corners: NDArray[np.float32]  # of ours, in theirs as it is, pixels
    mirrored: bool
    distance: int | None = None

    @property
    def certainty(self) -> float:
        """How sure it is."""
        return certainty(self.agreement, self.decision)


@define(eq=False)
class Query:
    """A picture that is asked about, with what was found in it so far."""

    pixels: Pixels
    matches: dict[int, ReferenceMatch] = field(factory=dict)
    _prepared_sides: dict[bool, PreparedQuery] = field(factory=dict)
    _keypoints: dict[KeypointKind, KeypointExtraction] = field(factory=dict)

    def prepare_side(self, mirrored: bool) -> PreparedQuery:
        """The picture, or its mirror image."""
        if mirrored not in self._prepared_sides:
            pixels = np.ascontiguousarray(self.pixels[:, ::-1]) if mirrored else self.pixels
            self._prepared_sides[mirrored] = PreparedQuery(pixels)
        return self._prepared_sides[mirrored]

    def extract_keypoints(self, kind: KeypointKind, mirrored: bool) -> Keypoints:
        """Its key points, or those of its mirror image."""
        if kind not in self._keypoints:
            self._keypoints[kind] = keypoints.extract_query(to_grey(self.pixels), kind)
        return self._keypoints[kind].mirrored_keypoints if mirrored else self._keypoints[kind].keypoints

    def add(self, match: ReferenceMatch) -> None:
        """Keep the better one of two sightings of the same picture."""
        previous = self.matches.get(match.number)
        if previous is None or match.certainty > previous.certainty:
            self.matches[match.number] = match

    @property
    def is_settled(self) -> bool:
        """Whether a copy takes most of the picture, so that nothing is left to look for."""
        picture_area = self.pixels.shape[0] * self.pixels.shape[1]
        return any(
            match.decision == "copy" and cv2.contourArea(match.corners) >= MIN_COPY_AREA_SHARE * picture_area
            for match in self.matches.values()
        )
