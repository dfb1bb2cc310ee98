"""A picture of the listing shows a registered picture: the same file, or seen in it whole, cut, turned, photographed.

What is seen was found when the picture was fetched (matchers/looks) and comes with it; a picture that nobody compared
is only known by its digest and its hash. Where works look so alike that it fits several, none is sure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from attrs import evolve, frozen

from crawler.items import Finding, Listing, Picture, Sighting, Work
from matchers import Context
from matchers.looks.wholes import Wholes
from matchers.reasons import identified

NAME = "image"
SAME_BYTES, WHOLE, DOUBTFUL = 0.98, 0.93, 0.45  # estimates; a picture that several works share is doubtful

CLOSE_BY = 2  # bits; works whose hashes differ by so little look alike
CLEARLY = 0.06  # share of blocks by which one of two works at the same place must agree better to be the one shown
SAME_PLACE = 0.5  # of the smaller one that two works at the same place have in common


@frozen(kw_only=True)
class Near:
    """A registered picture (`ours`, of works[work]) in a listing's picture (`theirs`)."""

    work: int
    ours: Picture
    theirs: Picture
    sighting: Sighting

    @property
    def chance(self) -> float:
        """The probability that it is the work."""
        return self.sighting.certainty


class Matcher:
    """All pictures of all works."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        kept = [(position, work) for position, work in enumerate(works) if work.retired_at is None]
        self._pictures = [(position, picture) for position, work in kept for picture in work.images]
        self._digests: dict[str, list[int]] = {}
        for number, (_, picture) in enumerate(self._pictures):
            if picture.sha256:
                self._digests.setdefault(picture.sha256, []).append(number)
        self._wholes = Wholes(list(enumerate(picture for _, picture in self._pictures)))

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """For each work its surest picture; `copy`, or `review` where several works look like it or blocks doubt."""
        best: dict[int, Near] = {}
        for theirs in listing.pictures:
            found = list(self._near(theirs))
            for near in (each if _alone(each, found) else _doubted(each) for each in found):
                if near.work not in best or near.chance > best[near.work].chance:
                    best[near.work] = near
        for near in best.values():
            yield self._finding(near, context)

    def _near(self, theirs: Picture) -> Iterator[Near]:
        same = self._digests.get(theirs.sha256 or "", [])
        for number in same:
            yield self._made(number, theirs, _sighted(self._pictures[number][1], "bytes", SAME_BYTES, 0))
        if theirs.compared:
            for sighting in theirs.sightings:
                for number in self._digests.get(sighting.picture, []):
                    if number not in same:
                        yield self._made(number, theirs, sighting)
            return
        for number, distance in self._wholes.near(theirs):
            if number not in same:
                yield self._made(number, theirs, _sighted(self._pictures[number][1], "whole", WHOLE, distance))

    def _made(self, number: int, theirs: Picture, sighting: Sighting) -> Near:
        work, ours = self._pictures[number]
        return Near(work=work, ours=ours, theirs=theirs, sighting=sighting)

    def _finding(self, near: Near, context: Context) -> Finding:
        seen, address = near.sighting, near.ours.url
        return identified(
            NAME,
            context,
            self._works[near.work],
            _sentence(seen),
            near.chance,
            ours=address if "://" in address else PurePath(address).name,
            theirs=near.theirs.url,
            verdict=seen.verdict,
            sighting=seen,
            distance=seen.distance,
            alike=round(100 * seen.alike),
        )


def _sighted(ours: Picture, how: str, certainty: float, distance: int) -> Sighting:
    return Sighting(
        picture=ours.sha256 or "", how=how, verdict="copy", certainty=certainty, distance=distance, alike=1.0
    )


def _sentence(seen: Sighting) -> str:
    if seen.how == "bytes":
        return "image_same_bytes"
    if seen.how == "whole" and seen.distance is not None:
        return "image_whole"
    if seen.verdict == "review":
        return "image_alike"
    return "image_mirrored" if seen.mirrored else "image_seen"


def _doubted(near: Near) -> Near:
    if near.sighting.verdict == "review":
        return near
    return evolve(near, sighting=evolve(near.sighting, verdict="review", certainty=DOUBTFUL))


def _alone(near: Near, found: Sequence[Near]) -> bool:
    """Whether no other work's picture is as likely to be what is shown at that place."""
    return not any(other.work != near.work and _rivals(near.sighting, other.sighting) for other in found)


def _rivals(one: Sighting, other: Sighting) -> bool:
    """Whether `other` may be what is shown where `one` seems to be."""
    if other.verdict != "copy" or one.how == "bytes" != other.how:
        return False
    if one.distance is not None and other.distance is not None:
        return other.distance <= one.distance + CLOSE_BY
    return _in_one_place(one.corners, other.corners) and other.alike > one.alike - CLEARLY


def _in_one_place(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the boxes around two places have most of the smaller one in common; no corners are the whole picture."""
    boxes = [_box(each or (0, 0, 1, 0, 1, 1, 0, 1)) for each in (one, other)]
    common = _area([*map(max, boxes[0][:2], boxes[1][:2]), *map(min, boxes[0][2:], boxes[1][2:])])
    return common > SAME_PLACE * min(map(_area, boxes))


def _box(corners: Sequence[float]) -> list[float]:
    xs, ys = corners[::2], corners[1::2]
    return [min(xs), min(ys), max(xs), max(ys)]


def _area(box: Sequence[float]) -> float:
    left, top, right, bottom = box
    return max(0.0, right - left) * max(0.0, bottom - top)
