"""A picture of the listing is a picture of the work, whole or with its margins cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from crawler.items import Finding, Listing, Work
from matchers import Context
from matchers.looks import Looks, Near
from matchers.reasons import identified

NAME = "image"
SAME_BYTES, WHOLE, CUT, DOUBTFUL = 0.98, 0.93, 0.9, 0.45  # by what was found; a picture that works share is doubtful

CLOSE_BY = 2  # bits; works whose pictures differ by so little look alike


class Matcher:
    """All pictures of all works."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        self._looks = Looks(
            [
                (position, picture)
                for position, work in enumerate(works)
                if work.retired_at is None
                for picture in work.images
            ]
        )

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """For each work the nearest pair of pictures; `copy`, or `review` where several works look like it."""
        best: dict[int, Near] = {}
        for picture in listing.pictures:
            for near in self._looks.near(picture):
                if near.work not in best or near.distance < best[near.work].distance:
                    best[near.work] = near
        for near in best.values():
            sure = not near.doubtful and _alone(near, best)
            yield identified(
                NAME,
                context,
                self._works[near.work],
                f"image_{near.how}",
                _chance(near) if sure else DOUBTFUL,
                ours=near.ours if "://" in near.ours else PurePath(near.ours).name,
                theirs=near.theirs,
                verdict="copy" if sure else "review",
                distance=near.distance,
            )


def _alone(near: Near, best: dict[int, Near]) -> bool:
    """Whether no other work's picture is about as near to the same picture."""
    return not any(
        other.work != near.work and other.theirs == near.theirs and other.distance <= near.distance + CLOSE_BY
        for other in best.values()
    )


def _chance(near: Near) -> float:
    return {"same_bytes": SAME_BYTES, "whole": WHOLE, "cut": CUT}[near.how]
