"""A picture of the listing shows a registered one: the same file, or the picture whole, cut, turned or photographed.

Pictures were compared when they were fetched (matchers/images) and carry their matches; a picture that was never
compared is known only by its digest and its hash. Where several works look so much alike that the picture may show
any of them, none is certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from attrs import evolve, frozen

from crawler.items import Finding, Listing, Picture, PictureMatch, Polarity, Work
from matchers.findings import make_finding
from matchers.images.phash import PhashIndex
from matchers.matcher import Candidates, Context, Ground, IdentityMatcher

# Estimates; a picture that several works share is doubtful.
SAME_BYTES_PROBABILITY, WHOLE_PICTURE_PROBABILITY, DOUBTFUL_PROBABILITY = 0.98, 0.93, 0.45
MAX_ALIKE_HASH_BITS = 2  # bits; works whose hashes differ by no more look alike
# Share of blocks by which one of two works at the same place must agree better to be the one shown.
MIN_BLOCK_MARGIN = 0.06
MIN_BOX_OVERLAP = 0.5  # share of the smaller box that two works at the same place have in common
IMAGE_SAME_BYTES = Ground("image_same_bytes", Polarity.FOR, None)
IMAGE_WHOLE = Ground("image_whole", Polarity.FOR, None)
IMAGE_SEEN = Ground("image_seen", Polarity.FOR, None)
IMAGE_MIRRORED = Ground("image_mirrored", Polarity.FOR, None)
IMAGE_ALIKE = Ground("image_alike", Polarity.FOR, None)


@frozen(kw_only=True)
class PictureCandidate:
    """A registered picture (`ours`, of works[work]) in a listing's picture (`theirs`)."""

    work: int
    ours: Picture
    theirs: Picture
    sighting: PictureMatch

    @property
    def probability(self) -> float:
        """The probability that it is the work."""
        return self.sighting.certainty


class Matcher(IdentityMatcher):
    """All pictures of all works."""

    name = "image"
    grounds = (IMAGE_SAME_BYTES, IMAGE_WHOLE, IMAGE_SEEN, IMAGE_MIRRORED, IMAGE_ALIKE)

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        active_works = [(position, work) for position, work in enumerate(works) if work.retired_at is None]
        self._pictures = [(position, picture) for position, work in active_works for picture in work.images]
        self._digests: dict[str, list[int]] = {}
        for number, (_, picture) in enumerate(self._pictures):
            if picture.sha256:
                self._digests.setdefault(picture.sha256, []).append(number)
        self._phash_index = PhashIndex(list(enumerate(picture for _, picture in self._pictures)))

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """The best picture of each work: `copy`, or `review` if several works look like it or blocks differ."""
        best: dict[int, PictureCandidate] = {}
        for theirs in listing.pictures:
            shown = list(self._find_pictures(theirs))
            for candidate in (item if _is_unrivalled(item, shown) else _lower_to_review(item) for item in shown):
                if candidate.work not in best or candidate.probability > best[candidate.work].probability:
                    best[candidate.work] = candidate
        for candidate in best.values():
            yield self._finding(candidate)

    def _find_pictures(self, theirs: Picture) -> Iterator[PictureCandidate]:
        """The registered pictures that a picture of the listing may show."""
        same = self._digests.get(theirs.sha256 or "", [])
        for number in same:
            yield self._candidate(
                number, theirs, _picture_match(self._pictures[number][1], "bytes", SAME_BYTES_PROBABILITY, 0)
            )
        if theirs.compared:
            for sighting in theirs.sightings:
                for number in self._digests.get(sighting.picture, []):
                    if number not in same:
                        yield self._candidate(number, theirs, sighting)
            return
        for number, distance in self._phash_index.search(theirs):
            if number not in same:
                yield self._candidate(
                    number,
                    theirs,
                    _picture_match(self._pictures[number][1], "whole", WHOLE_PICTURE_PROBABILITY, distance),
                )

    def _candidate(self, number: int, theirs: Picture, sighting: PictureMatch) -> PictureCandidate:
        work, ours = self._pictures[number]
        return PictureCandidate(work=work, ours=ours, theirs=theirs, sighting=sighting)

    def _finding(self, candidate: PictureCandidate) -> Finding:
        sighting, address = candidate.sighting, candidate.ours.url
        return make_finding(
            self.name,
            self._works[candidate.work],
            _picture_ground(sighting),
            candidate.probability,
            ours=address if "://" in address else PurePath(address).name,
            theirs=candidate.theirs.url,
            verdict=sighting.verdict,
            picture_match=sighting,
            distance=sighting.distance,
            alike=round(100 * sighting.alike),
        )


def _picture_match(ours: Picture, how: str, certainty: float, distance: int) -> PictureMatch:
    return PictureMatch(
        picture=ours.sha256 or "", how=how, verdict="copy", certainty=certainty, distance=distance, alike=1.0
    )


def _picture_ground(sighting: PictureMatch) -> Ground:
    if sighting.how == "bytes":
        return IMAGE_SAME_BYTES
    if sighting.how == "whole" and sighting.distance is not None:
        return IMAGE_WHOLE
    if sighting.verdict == "review":
        return IMAGE_ALIKE
    return IMAGE_MIRRORED if sighting.mirrored else IMAGE_SEEN


def _lower_to_review(candidate: PictureCandidate) -> PictureCandidate:
    if candidate.sighting.verdict == "review":
        return candidate
    return evolve(candidate, sighting=evolve(candidate.sighting, verdict="review", certainty=DOUBTFUL_PROBABILITY))


def _is_unrivalled(candidate: PictureCandidate, candidates: Sequence[PictureCandidate]) -> bool:
    """Whether no picture of another work is as likely to be shown at that place."""
    return not any(
        other.work != candidate.work and _is_rival(candidate.sighting, other.sighting) for other in candidates
    )


def _is_rival(sighting: PictureMatch, other: PictureMatch) -> bool:
    """Whether the place of `sighting` may show the picture of `other` instead."""
    if other.verdict != "copy" or sighting.how == "bytes" != other.how:
        return False
    if sighting.distance is not None and other.distance is not None:
        return other.distance <= sighting.distance + MAX_ALIKE_HASH_BITS
    return _is_same_place(sighting.corners, other.corners) and other.alike > sighting.alike - MIN_BLOCK_MARGIN


def _is_same_place(corners_a: Sequence[float], corners_b: Sequence[float]) -> bool:
    """Whether the boxes around two places have most of the smaller one in common; no corners mean the whole picture."""
    boxes = [_box(corners or (0, 0, 1, 0, 1, 1, 0, 1)) for corners in (corners_a, corners_b)]
    common = _area([*map(max, boxes[0][:2], boxes[1][:2]), *map(min, boxes[0][2:], boxes[1][2:])])
    return common > MIN_BOX_OVERLAP * min(map(_area, boxes))


def _box(corners: Sequence[float]) -> list[float]:
    xs, ys = corners[::2], corners[1::2]
    return [min(xs), min(ys), max(xs), max(ys)]


def _area(box: Sequence[float]) -> float:
    left, top, right, bottom = box
    return max(0.0, right - left) * max(0.0, bottom - top)
