"""Which registered pictures a query shows: a cascade of stages, the cheapest first.

1. the very same bytes; 2. a hash of the whole; 3. hashes of its regions and dihedral turns
(matchers/images/regions.py); 4. ORB keypoints; 5. SIFT keypoints, and those of the mirror image; 6. the user's own
embedding, if there is one. Every stage only proposes candidates; the block comparison decides
(matchers/images/copy_decision.py). The cascade ends as soon as a copy is found that covers most of the query.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from crawler.items import PictureHash
from crawler.pictures.hashing import PDQ, PHASH, hasher_version
from matchers.images import keypoints, regions
from matchers.images.alignment import Homography, PictureAlignment, align_keypoints, project_corners
from matchers.images.blocks import compare_blocks
from matchers.images.copy_decision import BlockAgreement, CopyDecision, certainty, decide_copy
from matchers.images.descriptors import DescriptorStore, Pixels, to_grey
from matchers.images.embeddings import EmbeddingIndex, match_keypoints
from matchers.images.image_index import ImageIndex
from matchers.images.keypoints import KEYPOINT_KINDS, KeypointExtraction, KeypointKind, Keypoints
from matchers.images.prepared import PreparedQuery, PreparedReference
from matchers.images.shared_designs import SharedDesigns, has_own_blocks
from matchers.images.voting import rank_candidates

PHASH_RADIUS_BITS = 8  # of phash's 64: no wrong pair in 1.54 million unrelated ones; siblings begin at 10
PDQ_RADIUS_BITS = 60  # of PDQ's 256, for candidates: the nearest wrong one of 610 pictures lies at 68
LARGE_INDEX_PDQ_RADIUS_BITS = 31  # the same for an index so large that only the bands can search it
LARGE_INDEX_PICTURES = 200_000  # registered pictures above which an index is large
MAX_CANDIDATES = 6  # registered pictures aligned by keypoints, for each kind of keypoint
MAX_VIEWS_PER_PICTURE = 3  # regions of the query aligned with one registered picture
PREPARED_CACHE_SIZE = 64  # prepared thumbnails kept in memory, 2 MB each


class MatchCascade:
    """Searches an index of registered pictures, read-only. Not thread-safe: use one cascade per thread."""

    def __init__(
        self,
        index: ImageIndex,
        store: DescriptorStore,
        designs: SharedDesigns,
        kinds: Sequence[KeypointKind] = KEYPOINT_KINDS,
        embeddings: EmbeddingIndex | None = None,
    ) -> None:
        cv2.setNumThreads(1)
        self._index = index
        self._store = store
        self._designs = designs
        self._kinds = kinds
        self._embeddings = embeddings
        self._references: dict[int, PreparedReference] = {}

    def digest(self, number: int) -> str:
        """The SHA-256 of a registered picture."""
        return self._index.digests[number]

    def thumb(self, number: int) -> Pixels:
        """The thumbnail of a registered picture, on which blocks are compared."""
        return self._prepare_reference(number).thumb

    def find_matches(self, pixels: Pixels, hashes: Sequence[PictureHash]) -> list[ReferenceMatch]:
        """The registered pictures that an RGB picture at the shared size shows, the most certain first.

        `hashes` are those of the picture itself.
        """
        query = Query(pixels)
        for stage in self._stages(query, hashes):
            for match in stage:
                query.add(match)
            if query.is_settled:
                break
        return sorted(query.matches.values(), key=lambda match: (-match.certainty, match.number))

    def _stages(self, query: Query, hashes: Sequence[PictureHash]) -> Iterator[Iterable[ReferenceMatch]]:
        if not hashes or not len(self._index):
            return
        yield self._match_whole(query, hashes)
        yield self._match_regions(query, regions.hash_whole(query.pixels))
        yield self._match_regions(query, regions.hash_parts(query.pixels))
        for kind in self._kinds:
            yield self._match_keypoints(query, kind)
        if self._embeddings is not None:
            yield self._match_embedding(query, self._embeddings)

    def _match_whole(self, query: Query, hashes: Sequence[PictureHash]) -> Iterator[ReferenceMatch]:
        """Matches whose whole-picture hash is near that of the whole query."""
        distance_by_number: dict[int, int] = {}
        for picture_hash in hashes:
            if (picture_hash.version, picture_hash.settings) != hasher_version(picture_hash.hasher):
                continue
            if picture_hash.hasher == PHASH:
                rows, distances = self._index.search_phash(int(picture_hash.value, 16), PHASH_RADIUS_BITS)
                distance_by_number |= dict(zip(rows.tolist(), distances.tolist(), strict=True))
            elif picture_hash.hasher == PDQ:
                code = np.frombuffer(bytes.fromhex(picture_hash.value), np.uint8)
                for row in self._index.search_pdq(code, LARGE_INDEX_PDQ_RADIUS_BITS)[0].tolist():
                    distance_by_number.setdefault(row, PHASH_RADIUS_BITS + 1)
        height, width = query.pixels.shape[:2]
        frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        for number in sorted(distance_by_number, key=lambda candidate: (distance_by_number[candidate], candidate))[
            :MAX_CANDIDATES
        ]:
            distance = distance_by_number[number] if distance_by_number[number] <= PHASH_RADIUS_BITS else None
            yield from self._match_frame(query, number, frame, False, "whole", distance)

    def _match_regions(self, query: Query, query_regions: Sequence[regions.RegionHash]) -> Iterator[ReferenceMatch]:
        """Matches whose whole-picture hash is near that of a region or a turn of the query."""
        radius = PDQ_RADIUS_BITS if len(self._index) <= LARGE_INDEX_PICTURES else LARGE_INDEX_PDQ_RADIUS_BITS
        hits_by_number: dict[int, list[tuple[int, regions.RegionHash]]] = {}
        if query_regions:
            nearby = self._index.search_pdq_all(np.stack([region.code for region in query_regions]), radius)
            for region_number, row, distance in zip(*(column.tolist() for column in nearby), strict=True):
                hits_by_number.setdefault(row, []).append((distance, query_regions[region_number]))
        nearest_first = sorted(
            hits_by_number, key=lambda entry: (min(distance for distance, _ in hits_by_number[entry]), entry)
        )
        for number in nearest_first[: 2 * MAX_CANDIDATES]:
            for _, region in sorted(hits_by_number[number], key=lambda entry: entry[0])[:MAX_VIEWS_PER_PICTURE]:
                matches = list(self._match_frame(query, number, region.corners, region.mirrored, "part", None))
                yield from matches
                if any(entry.decision == "copy" for entry in matches):
                    break

    def _match_frame(
        self, query: Query, number: int, frame: NDArray[np.float32], mirrored: bool, how: str, distance: int | None
    ) -> Iterator[ReferenceMatch]:
        height, width = self._prepare_reference(number).thumb.shape[:2]
        goal = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        alignment = PictureAlignment(np.asarray(cv2.getPerspectiveTransform(frame, goal), np.float64))
        yield from self._check_alignment(query, number, alignment, mirrored, how, distance)

    def _match_keypoints(self, query: Query, kind: KeypointKind) -> Iterator[ReferenceMatch]:
        """Matches that share many keypoints with the query, then with its mirror image."""
        yield from self._match_keypoint_votes(query, kind, False)
        if not query.is_settled:
            yield from self._match_keypoint_votes(query, kind, True)

    def _match_embedding(self, query: Query, embeddings: EmbeddingIndex) -> Iterator[ReferenceMatch]:
        """Matches among the pictures nearest by the user's own embedding model."""
        for number in embeddings.nearest_numbers(query.pixels):
            reference_keypoints = self._store.get(self.digest(number)).keypoints["sift"]
            for mirrored in (False, True):
                candidate = match_keypoints(number, query.extract_keypoints("sift", mirrored), reference_keypoints)
                alignment = None if candidate is None else align_keypoints(candidate)
                if alignment is not None:
                    yield from self._check_alignment(query, number, alignment, mirrored, "points", None)

    def _match_keypoint_votes(self, query: Query, kind: KeypointKind, mirrored: bool) -> Iterator[ReferenceMatch]:
        query_keypoints = query.extract_keypoints(kind, mirrored)
        if not len(query_keypoints):
            return
        for candidate in rank_candidates(self._index.search_keypoints(query_keypoints, kind), MAX_CANDIDATES):
            alignment = align_keypoints(candidate)
            if alignment is not None:
                yield from self._check_alignment(query, candidate.picture, alignment, mirrored, "points", None)

    def _check_alignment(
        self, query: Query, number: int, alignment: PictureAlignment, mirrored: bool, how: str, distance: int | None
    ) -> Iterator[ReferenceMatch]:
        """The match that an alignment leads to, if any."""
        reference = self._prepare_reference(number)
        if project_corners(alignment.homography, reference.thumb.shape) is None:
            return
        comparison = compare_blocks(reference, query.prepare_side(mirrored), alignment.homography)
        if comparison is None:
            return
        agreement, homography = comparison
        query_corners = project_corners(homography, reference.thumb.shape)
        decision = decide_copy(agreement, alignment.inliers if how == "points" else None)
        if decision is None or query_corners is None:
            return
        if decision == "copy" and not has_own_blocks(agreement, self._designs.get(self.digest(number))):
            decision = "review"
        if mirrored:
            query_corners = np.stack([query.pixels.shape[1] - query_corners[:, 0], query_corners[:, 1]], 1)
        yield ReferenceMatch(number, how, decision, agreement, homography, query_corners, mirrored, distance)

    def _prepare_reference(self, number: int) -> PreparedReference:
        if number not in self._references:
            if len(self._references) >= PREPARED_CACHE_SIZE:
                self._references.clear()
            self._references[number] = PreparedReference(self._store.thumb(self.digest(number)))
        return self._references[number]


MIN_COPY_AREA_SHARE = 0.5  # of the query that a copy must cover for the search to end


@frozen(eq=False)
class ReferenceMatch:
    """A registered picture (`number` in the index) found in a query."""

    number: int
    how: str  # whole, part or points
    decision: CopyDecision
    agreement: BlockAgreement
    homography: Homography  # pixels of the query (of its mirror image if `mirrored`) to pixels of the reference thumb
    corners: NDArray[np.float32]  # of the reference, in pixels of the query as it is, not mirrored
    mirrored: bool
    distance: int | None = None

    @property
    def certainty(self) -> float:
        """The certainty of the decision, as `copy_decision.certainty` computes it."""
        return certainty(self.agreement, self.decision)


@define(eq=False)
class Query:
    """The picture being searched for, with the matches found so far."""

    pixels: Pixels
    matches: dict[int, ReferenceMatch] = field(factory=dict)
    _prepared_sides: dict[bool, PreparedQuery] = field(factory=dict)
    _keypoints: dict[KeypointKind, KeypointExtraction] = field(factory=dict)

    def prepare_side(self, mirrored: bool) -> PreparedQuery:
        """The picture, or its mirror image, prepared for the block comparison."""
        if mirrored not in self._prepared_sides:
            pixels = np.ascontiguousarray(self.pixels[:, ::-1]) if mirrored else self.pixels
            self._prepared_sides[mirrored] = PreparedQuery(pixels)
        return self._prepared_sides[mirrored]

    def extract_keypoints(self, kind: KeypointKind, mirrored: bool) -> Keypoints:
        """Its keypoints, or those of its mirror image."""
        if kind not in self._keypoints:
            self._keypoints[kind] = keypoints.extract_query(to_grey(self.pixels), kind)
        return self._keypoints[kind].mirrored_keypoints if mirrored else self._keypoints[kind].keypoints

    def add(self, match: ReferenceMatch) -> None:
        """Add a match; of two matches of the same registered picture the more certain one is kept."""
        previous = self.matches.get(match.number)
        if previous is None or match.certainty > previous.certainty:
            self.matches[match.number] = match

    @property
    def is_settled(self) -> bool:
        """Whether a copy covers most of the picture, so that nothing is left to search for."""
        picture_area = self.pixels.shape[0] * self.pixels.shape[1]
        return any(
            match.decision == "copy" and cv2.contourArea(match.corners) >= MIN_COPY_AREA_SHARE * picture_area
            for match in self.matches.values()
        )
