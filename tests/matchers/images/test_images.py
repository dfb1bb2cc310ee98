"""The picture engine: copies however they were changed, never a sibling; search, growth, versions, evidence."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
import pdqhash
import pytest
from attrs import evolve
from numpy.typing import NDArray
from PIL import Image

from crawler.config import PicturesConfig
from crawler.items import Picture, PictureMatch, Work
from crawler.pictures import PictureError
from crawler.pictures.hashing import shrink_for_hash
from matchers.images import blocks, descriptors, image_matcher, indexing, keypoints
from matchers.images.copy_decision import COPY_RULES, BlockAgreement, decide_copy
from matchers.images.descriptors import DescriptorStore
from matchers.images.distortions import MAX_BEND_RESIDUAL_PIXELS
from matchers.images.hamming import BAND_RADIUS_BITS, MAX_SCANNED_CODES, HammingIndex
from matchers.images.image_index import ImageIndex
from matchers.images.image_matcher import ImageMatcher, open_image_matcher
from matchers.images.regions import dihedral_pdq_codes
from matchers.images.shared_designs import SharedDesigns
from registry.checks import check_works
from screening.picture_screening import works_sharing_designs
from tests.cover_pictures import cover, encode_picture, picture_bytes

WORK_COUNT = 12
KEYPOINT_ROOM_BYTES = 1 << 30


def register(root: Path, contents: Mapping[str, bytes], room_bytes: int = KEYPOINT_ROOM_BYTES) -> list[str]:
    """Registers one picture for each work; returns their digests."""
    extractor = indexing.DescriptorExtractor(root)
    pictures = {work: extractor(data, work) for work, data in contents.items()}
    works = [Work(id=work, title=work, images=(picture,)) for work, picture in pictures.items()]
    indexing.index_pictures(root, indexing.owners_by_digest(works), room_bytes)
    return [picture.sha256 or "" for picture in pictures.values()]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("looks")
    register(folder, {str(number): picture_bytes(f"drawn {number}") for number in range(WORK_COUNT)})
    return folder


@pytest.fixture(scope="module")
def matcher(root: Path) -> ImageMatcher:
    return open_image_matcher(root)


def digest(number: int) -> str:
    return sha256(picture_bytes(f"drawn {number}")).hexdigest()


@pytest.mark.parametrize(
    ("attack", "how"),
    [
        ("drawn", "bytes"),
        ("small", "whole"),
        ("cut", "points"),
        ("side", "points"),
        ("mirrored", "part"),
        ("quarter_turn", "part"),
        ("part", "points"),
        ("framed", "part"),
        ("photographed", "points"),
        ("bannered", "whole"),
        ("collage", "part"),
    ],
)
def test_a_copy_is_found_however_it_was_changed(matcher: ImageMatcher, attack: str, how: str) -> None:
    picture = matcher.inspect(picture_bytes(f"{attack} 2"), "theirs").picture
    (sighting,) = [candidate for candidate in picture.sightings if candidate.verdict == "copy"]
    assert (sighting.picture, sighting.how) == (digest(2), how)
    assert sighting.mirrored == (attack == "mirrored")
    assert sighting.certainty >= 0.9
    assert picture.compared == matcher.index_version


@pytest.mark.parametrize("name", ["drawn 100", "cut 101", "photographed 102", "collage 103"])
def test_what_is_not_registered_is_not_found(matcher: ImageMatcher, name: str) -> None:
    assert matcher.inspect(picture_bytes(name), "theirs").picture.sightings == ()


@pytest.mark.parametrize("number", [1, 2, 5])
def test_another_work_of_the_same_design_is_never_a_copy(matcher: ImageMatcher, number: int) -> None:
    picture = matcher.inspect(picture_bytes(f"sibling {number}"), "theirs").picture
    assert {sighting.verdict for sighting in picture.sightings} <= {"review"}


def test_a_sighting_says_where_and_shows_both(matcher: ImageMatcher) -> None:
    inspection = matcher.inspect(picture_bytes("framed 4"), "theirs")
    (sighting,) = inspection.picture.sightings
    expected = np.array([90, 250, 370, 250, 370, 650, 90, 650]) / 800
    assert np.abs(np.array(sighting.corners) - expected).max() < 0.01
    projected = np.array(sighting.homography).reshape(3, 3) @ [expected[4], expected[5], 1]
    assert projected[:2] / projected[2] == pytest.approx([1, 1], abs=0.01)
    preview = Image.open(io.BytesIO(inspection.previews[sighting.beside or ""]))
    assert (preview.format, preview.height, preview.width > 600) == ("JPEG", 320, True)
    assert sha256(inspection.previews[sighting.beside or ""]).hexdigest() == sighting.beside


def test_an_image_matcher_is_pickled_and_finds_the_same(matcher: ImageMatcher) -> None:
    unpickled: ImageMatcher = pickle.loads(pickle.dumps(matcher))
    data = picture_bytes("part 3")
    assert unpickled.inspect(data, "theirs").picture == matcher.inspect(data, "theirs").picture
    with pytest.raises(PictureError):
        unpickled.inspect(b"<html>", "theirs")


def test_a_blank_picture_is_neither_registered_nor_found(tmp_path: Path) -> None:
    blank, cover_digest = register(tmp_path, {"blank": picture_bytes("blank 1"), "drawn": picture_bytes("drawn 1")})
    assert ImageIndex(DescriptorStore(tmp_path).folder / "index").digests == [cover_digest]
    assert indexing.find_featureless(tmp_path, [blank, cover_digest]) == [blank]
    assert open_image_matcher(tmp_path).inspect(picture_bytes("blank 2"), "theirs").picture.sightings == ()


def test_registering_goes_on_where_it_was_and_extends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extractions: list[int] = []
    extract = indexing.extract_descriptor
    monkeypatch.setattr(indexing, "extract_descriptor", lambda decoded: extractions.append(1) or extract(decoded))
    first_digests = register(tmp_path, {"0": picture_bytes("drawn 0"), "1": picture_bytes("drawn 1")})
    first_version = open_image_matcher(tmp_path).index_version
    register(tmp_path, {"0": picture_bytes("drawn 0"), "1": picture_bytes("drawn 1")})
    assert (len(extractions), open_image_matcher(tmp_path).index_version) == (2, first_version)
    second_digests = register(tmp_path, {"0": picture_bytes("drawn 0"), "2": picture_bytes("drawn 2")})
    assert len(extractions) == 3
    assert ImageIndex(DescriptorStore(tmp_path).folder / "index").digests == [*first_digests, second_digests[1]]
    assert open_image_matcher(tmp_path).index_version != first_version
    for number in (0, 1, 2):
        (sighting,) = open_image_matcher(tmp_path).inspect(picture_bytes(f"part {number}"), "theirs").picture.sightings
        assert (sighting.picture, sighting.verdict) == (digest(number), "copy")


def test_what_another_version_made_is_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(tmp_path, {"0": picture_bytes("drawn 0")})
    descriptors.descriptor_version.cache_clear()
    monkeypatch.setattr(keypoints, "DESCRIPTOR_PAIRS_SEED", 1)
    try:
        assert indexing.find_missing_descriptors(tmp_path, [digest(0)]) == [digest(0)]
        assert len(ImageIndex(DescriptorStore(tmp_path).folder / "index")) == 0
    finally:
        monkeypatch.undo()
        descriptors.descriptor_version.cache_clear()
    assert indexing.find_missing_descriptors(tmp_path, [digest(0)]) == []


def test_key_points_take_no_more_room_than_allowed(tmp_path: Path) -> None:
    room_for_one = 2 * keypoints.REFERENCE_MAX_KEYPOINTS * indexing.KEYPOINT_BYTES
    contents = {str(number): picture_bytes(f"drawn {number}") for number in range(3)}
    digests = register(tmp_path, contents, room_bytes=room_for_one)
    index = ImageIndex(DescriptorStore(tmp_path).folder / "index")
    assert index.digests == digests
    assert index.keypoint_count * indexing.KEYPOINT_BYTES <= room_for_one
    sightings = [
        open_image_matcher(tmp_path).inspect(picture_bytes(f"{attack} 2"), "theirs").picture.sightings
        for attack in ("small", "part")
    ]
    assert [len(matches) for matches in sightings] == [1, 0]


def test_urgent_works_come_first() -> None:
    works = [
        Work(id=str(priority), title="x", priority=priority, images=(Picture(url="x", sha256=str(priority) * 64),))
        for priority in (1, 3, 2)
    ]
    assert [digest_of_work[0] for digest_of_work in indexing.owners_by_digest(works)] == ["3", "2", "1"]


def test_works_of_one_series_are_related_and_end_in_review(tmp_path: Path) -> None:
    volumes = {str(number): encode_picture(volume(number), "PNG") for number in range(3)}
    digests = register(tmp_path, volumes)
    designs = SharedDesigns(DescriptorStore(tmp_path).folder / "index")
    related = designs.get(digests[0])
    assert related is not None
    assert set(related.others) == set(digests[1:])
    matcher = open_image_matcher(tmp_path)
    shared = encode_picture(volume(0).crop((0, 0, 420, 210)))
    assert {sighting.verdict for sighting in matcher.inspect(shared, "theirs").picture.sightings} <= {"review"}
    assert "copy" not in {
        sighting.verdict for sighting in matcher.inspect(encode_picture(volume(7)), "theirs").picture.sightings
    }
    sightings = matcher.inspect(encode_picture(volume(1), quality=50), "theirs").picture.sightings
    assert [sighting.picture for sighting in sightings if sighting.verdict == "copy"] == [digests[1]]


def test_a_check_of_works_names_shared_designs_and_blank_pictures(tmp_path: Path) -> None:
    contents = {str(number): encode_picture(volume(number), "PNG") for number in range(2)}
    contents |= {"alone": picture_bytes("drawn 1"), "blank": picture_bytes("blank 1")}
    extractor = indexing.DescriptorExtractor(tmp_path)
    works = [Work(id=name, title=f"work {name}", images=(extractor(data, name),)) for name, data in contents.items()]
    indexing.index_pictures(tmp_path, indexing.owners_by_digest(works), KEYPOINT_ROOM_BYTES)
    designs = works_sharing_designs(works, PicturesConfig(index=str(tmp_path)))
    weaknesses = [(weak.work_id, weak.check, weak.others) for weak in check_works(works, designs=designs)]
    assert weaknesses == [
        ("0", "same_design", ("1",)),
        ("1", "same_design", ("0",)),
        ("blank", "blank_picture", ()),
    ]


def test_pictures_of_one_work_are_no_series(tmp_path: Path) -> None:
    extractor = indexing.DescriptorExtractor(tmp_path)
    images = tuple(extractor(encode_picture(volume(number), "PNG"), str(number)) for number in range(2))
    indexing.index_pictures(
        tmp_path, indexing.owners_by_digest([Work(id="w", title="w", images=images)]), KEYPOINT_ROOM_BYTES
    )
    assert SharedDesigns(DescriptorStore(tmp_path).folder / "index").get(images[0].sha256 or "") is None


def volume(number: int) -> Image.Image:
    """A volume of a series: the upper half is the series', the lower half its own."""
    out = cover(500)
    out.paste(cover(600 + number).crop((0, 200, 420, 520)), (0, 280))
    return out


@pytest.mark.parametrize("count", [MAX_SCANNED_CODES // 4, MAX_SCANNED_CODES + 1])
def test_the_search_finds_exactly_what_a_scan_finds(tmp_path: Path, count: int) -> None:
    generator = np.random.default_rng(5)
    codes = generator.integers(0, 256, (count, 32), dtype=np.uint8)
    codes[1::2] = codes[0] ^ np.packbits(generator.random((len(codes[1::2]), 256)) < 0.11, axis=1)
    HammingIndex.write(tmp_path, codes)
    index = HammingIndex.open(tmp_path)
    assert (tmp_path / "rows.npy").exists() == (count > MAX_SCANNED_CODES)
    for query in (codes[0], codes[4], ~codes[0]):
        scan_distances = np.unpackbits(codes ^ query, axis=1).sum(1, dtype=np.int64)
        for radius in (0, BAND_RADIUS_BITS, BAND_RADIUS_BITS + 9):
            rows, distances = index.search(query, radius)
            assert rows.tolist() == np.flatnonzero(scan_distances <= radius).tolist()
            assert distances.tolist() == scan_distances[scan_distances <= radius].tolist()


def test_a_descriptor_is_read_back_as_it_was_written(root: Path) -> None:
    descriptor = DescriptorStore(root).get(digest(3))
    restored = descriptors.PictureDescriptor.from_bytes(descriptor.to_bytes())
    assert restored.hashes == descriptor.hashes
    for kind in keypoints.KEYPOINT_KINDS:
        assert np.array_equal(restored.keypoints[kind].codes, descriptor.keypoints[kind].codes)
        assert np.abs(restored.keypoints[kind].places - descriptor.keypoints[kind].places).max() < 0.02
    with pytest.raises(ValueError, match="SHA-256"):
        DescriptorStore(root).has("../../etc/passwd")


def block_agreement(**change: object) -> BlockAgreement:
    marks: NDArray[np.int8] = np.ones(100, np.int8)
    exact = BlockAgreement(
        visible=100,
        blocks=100,
        textured=90,
        alike=1.0,
        unlike=0.0,
        all_alike=1.0,
        coloured=1.0,
        median_offset=0.05,
        worst_offset=0.1,
        bent_offset=0.05,
        sharpness=1.0,
        scale=1.0,
        grid=(10, 10),
        block_marks=marks,
    )
    return evolve(exact, **change)


@pytest.mark.parametrize(
    ("inliers", "change", "verdict"),
    [
        (30, {}, "copy"),
        (None, {}, "copy"),
        (7, {}, None),
        (30, {"alike": 0.65, "all_alike": 0.7, "unlike": 0.12}, "copy"),  # a sticker
        (30, {"alike": 0.65, "all_alike": 0.7, "unlike": 0.3}, "review"),  # another picture at the same place
        (30, {"alike": 0.55, "all_alike": 0.55}, "review"),  # half of it is another work's
        (
            30,
            {"alike": 0.79, "all_alike": 0.88, "unlike": 0.15, "median_offset": 0.25, "worst_offset": 0.82},
            "review",
        ),  # cartons
        (
            30,
            {"alike": 0.98, "median_offset": 0.9, "worst_offset": 1.6, "bent_offset": 0.79},
            "review",
        ),  # another photograph
        (
            30,
            {"alike": 0.98, "median_offset": 0.9, "worst_offset": 1.6, "bent_offset": 0.79, "sharpness": 0.3},
            "copy",
        ),  # blurred
        (
            30,
            {"alike": 0.98, "median_offset": 2.0, "worst_offset": 3.0, "bent_offset": MAX_BEND_RESIDUAL_PIXELS / 2},
            "copy",
        ),  # bent paper
        (30, {"textured": 10}, "copy"),  # flat art
        (30, {"textured": 10, "visible": 50}, None),
        (30, {"visible": 15, "textured": 25}, "review"),  # a corner of it
        (30, {"alike": 0.2}, None),
    ],
)
def test_block_agreement_decides_about_a_copy(
    inliers: int | None, change: dict[str, object], verdict: str | None
) -> None:
    assert decide_copy(block_agreement(**change), inliers) == verdict


def test_every_rule_can_be_the_one_that_decides() -> None:
    limits = ("median_offset", "worst_offset", "unlike")
    for rule in COPY_RULES:
        at_limit = {
            name: getattr(rule, name)
            for name in ("alike", "all_alike", "coloured", "textured", "median_offset", "worst_offset")
        }
        at_limit |= {
            "bent_offset": min(rule.bent_offset, 9.0),
            "sharpness": min(rule.sharpness, 1.0),
            "unlike": min(rule.unlike, 0.3),
        }
        assert decide_copy(block_agreement(**at_limit), 30) == "copy"
        over_limit = at_limit | dict.fromkeys(limits, 99.0)
        assert decide_copy(block_agreement(**over_limit), 30) != "copy"


def test_the_same_file_needs_no_engine(matcher: ImageMatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_matcher.MatchCascade, "find_matches", None)
    (sighting,) = matcher.inspect(picture_bytes("drawn 5"), "theirs").picture.sightings
    assert sighting == PictureMatch(picture=digest(5), how="bytes", verdict="copy", certainty=0.98, alike=1.0)


def test_many_codes_are_found_as_one_after_another(tmp_path: Path) -> None:
    generator = np.random.default_rng(6)
    codes = generator.integers(0, 256, (MAX_SCANNED_CODES + 300, 32), dtype=np.uint8)
    codes[1::3] = codes[0] ^ np.packbits(generator.random((len(codes[1::3]), 256)) < 0.15, axis=1)
    HammingIndex.write(tmp_path, codes)
    index = HammingIndex.open(tmp_path)
    queries = np.stack([codes[0], ~codes[0], codes[-1]])
    for radius in (BAND_RADIUS_BITS, BAND_RADIUS_BITS + 9):
        query_rows, rows, distances = index.search_all(queries, radius)
        one_by_one = [index.search(code, radius) for code in queries]
        assert [rows[query_rows == number].tolist() for number in range(3)] == [
            matches.tolist() for matches, _ in one_by_one
        ]
        assert [distances[query_rows == number].tolist() for number in range(3)] == [
            single_distances.tolist() for _, single_distances in one_by_one
        ]
    assert [len(matches) for matches in index.search_all(queries[:0], BAND_RADIUS_BITS + 9)] == [0, 0, 0]


@pytest.mark.parametrize("size", [(640, 435), (128, 128), (97, 31)])
def test_codes_of_turns_are_those_of_pdqhash(size: tuple[int, int]) -> None:
    parts = [np.asarray(cover(number).resize(size)) for number in range(4)]
    codes = dihedral_pdq_codes(parts, range(8))
    for part, turn_codes in zip(parts, codes, strict=True):
        expected_codes, _quality = pdqhash.compute_dihedral(np.ascontiguousarray(shrink_for_hash(part)))
        assert (np.unpackbits(turn_codes, axis=1) != expected_codes).sum(1).max() <= 2  # waves that lie on the median


@pytest.mark.parametrize(("kind", "share"), [("orb", 0.95), ("sift", 0.75)])  # SIFT is not quite the same mirrored
def test_key_points_of_the_mirror_image_need_no_second_search(kind: keypoints.KeypointKind, share: float) -> None:
    grey = descriptors.to_grey(np.asarray(cover(4)))
    mirrored = keypoints.extract_query(grey, kind).mirrored_keypoints
    searched = keypoints.extract_query(np.ascontiguousarray(grey[:, ::-1]), kind).keypoints
    code_distances = np.bitwise_count(mirrored.codes[:, None] ^ searched.codes[None]).sum(2, dtype=np.int64)
    is_match = code_distances.min(1) < 40
    assert is_match.mean() > share
    offsets = np.abs(mirrored.places - searched.places[code_distances.argmin(1)])[is_match]
    assert np.median(offsets[:, :2]) < 0.6


def test_the_small_picture_is_read_without_the_rest(root: Path) -> None:
    assert np.array_equal(DescriptorStore(root).thumb(digest(3)), DescriptorStore(root).get(digest(3)).thumb)


def test_what_fits_exactly_is_settled_without_colours_and_bends(
    matcher: ImageMatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparisons: list[str] = []
    monkeypatch.setattr(blocks, "match_colours", lambda *_: comparisons.append("colours") or np.zeros(1, np.bool_))
    picture = matcher.inspect(picture_bytes("small 2"), "theirs").picture
    assert [(sighting.how, sighting.verdict) for sighting in picture.sightings] == [("whole", "copy")]
    assert comparisons == []
