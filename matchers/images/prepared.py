"""The two sides of a block comparison, prepared once: a registered thumbnail in blocks, a query at several sizes."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from matchers.images.alignment import Points, normalize_contrast
from matchers.images.descriptors import Pixels, to_grey

BLOCK_PIXELS = 16  # side of a block, in pixels of the thumb
MAX_HALVINGS = 3
MAX_DENSITY_RATIO = 1.5  # pixels of the query for one of the thumb, above which the query is halved

Values = NDArray[np.float32]
Mask = NDArray[np.bool_]


@define(eq=False)
class PreparedReference:
    """A registered picture's thumbnail with everything the comparison needs of it, each computed once."""

    thumb: Pixels

    @cached_property
    def grey(self) -> Pixels:
        """The brightness of `thumb`."""
        return to_grey(self.thumb)

    @cached_property
    def normalized(self) -> Pixels:
        """The brightness with local contrast evened out, for point tracking."""
        return normalize_contrast(self.grey)

    @cached_property
    def grid(self) -> tuple[int, int]:
        """The number of blocks: rows, columns."""
        return max(1, self.grey.shape[0] // BLOCK_PIXELS), max(1, self.grey.shape[1] // BLOCK_PIXELS)

    @cached_property
    def block_centres(self) -> Points:
        """The centre of every block: x, y."""
        ys, xs = np.mgrid[0 : self.grid[0], 0 : self.grid[1]]
        centres: Points = (np.stack([xs, ys], -1).reshape(-1, 2) * BLOCK_PIXELS + BLOCK_PIXELS / 2).astype(np.float32)
        return centres

    @cached_property
    def block_deviations(self) -> Values:
        """The standard deviation of the grey values of every block."""
        deviations: Values = self.split_blocks(self.grey.astype(np.float32)).std(1)
        return deviations

    @cached_property
    def block_colours(self) -> Values:
        """The mean colour of every block."""
        return self.block_means(self.thumb)

    def split_blocks(self, values: Values) -> Values:
        """A picture of this size as one row of values per block."""
        rows, columns = self.grid
        padded = values[: rows * BLOCK_PIXELS, : columns * BLOCK_PIXELS]
        if padded.shape != (rows * BLOCK_PIXELS, columns * BLOCK_PIXELS):
            padded = cv2.resize(values, (columns * BLOCK_PIXELS, rows * BLOCK_PIXELS)).astype(np.float32)
        blocks: Values = (
            padded.reshape(rows, BLOCK_PIXELS, columns, BLOCK_PIXELS).transpose(0, 2, 1, 3).reshape(rows * columns, -1)
        )
        return blocks

    def block_means(self, pixels: Pixels) -> Values:
        """The mean colour of every block of an RGB picture of this size."""
        rows, columns = self.grid
        cropped = pixels[: rows * BLOCK_PIXELS, : columns * BLOCK_PIXELS]
        resized = cv2.resize(cropped, (columns, rows), interpolation=cv2.INTER_AREA)
        return resized.reshape(-1, 3).astype(np.float32)


@define(eq=False)
class PreparedQuery:
    """A query picture, RGB, at several sizes."""

    pixels: Pixels

    _pyramid: list[Pixels] = field(factory=list)  # the picture at half its size, a quarter ..., as far as needed yet

    def shrink_to_density(self, density: float) -> tuple[Pixels, float]:
        """The picture at a size at which it has about one pixel for each of the reference, and its shrink factor."""
        level, level_pixels = 0, self.pixels
        while (
            density / 2**level > MAX_DENSITY_RATIO
            and min(level_pixels.shape[:2]) >= 2 * BLOCK_PIXELS
            and level < MAX_HALVINGS
        ):
            if level == len(self._pyramid):
                height, width = (extent // 2 for extent in level_pixels.shape[:2])
                even = level_pixels[: 2 * height, : 2 * width]  # halving exactly is ten times as fast as nearly half
                self._pyramid.append(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8))
            level_pixels = self._pyramid[level]
            level += 1
        return level_pixels, 0.5**level
