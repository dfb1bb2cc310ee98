"""The picture engine: copies however they were changed, never a sibling; search, growth, versions, evidence."""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Mapping
from hashlib import sha256
from multiprocessing import get_context
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
from tests.drawing import cover, encode_picture, picture_bytes

WORKS = 12
ROOM = 1 << 30


def register(root: Path, contents: Mapping[str, bytes], room: int = ROOM) -> list[str]:
    """Registers one picture for each work; returns their digests."""
    descriptors = indexing.DescriptorExtractor(root)
    pictures = {work: descriptors(data, work) for work, data in contents.items()}
    works = [Work(id=work, title=work, images=(picture,)) for work, picture in pictures.items()]
    indexing.index_pictures(root, indexing.owners_by_digest(works), room)
    return [picture.sha256 or "" for picture in pictures.values()]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("looks")
    register(folder, {str(number): picture_bytes(f"drawn {number}") for number in range(WORKS)})
    return folder


@pytest.fixture(scope="module")
def eyes(root: Path) -> ImageMatcher:
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
def test_a_copy_is_found_however_it_was_changed(eyes: ImageMatcher, attack: str, how: str) -> None:
    seen = eyes.inspect(picture_bytes(f"{attack} 2"), "theirs").picture
    (found,) = [each for each in seen.sightings if each.verdict == "copy"]
    assert (found.picture, found.how) == (digest(2), how)
    assert found.mirrored == (attack == "mirrored")
    assert found.certainty >= 0.9
    assert seen.compared == eyes.index_version


@pytest.mark.parametrize("name", ["drawn 100", "cut 101", "photographed 102", "collage 103"])
def test_what_is_not_registered_is_not_seen(eyes: ImageMatcher, name: str) -> None:
    assert eyes.inspect(picture_bytes(name), "theirs").picture.sightings == ()


@pytest.mark.parametrize("number", [1, 2, 5])
def test_another_work_of_the_same_design_is_never_a_copy(eyes: ImageMatcher, number: int) -> None:
    seen = eyes.inspect(picture_bytes(f"sibling {number}"), "theirs").picture
    assert {each.verdict for each in seen.sightings} <= {"review"}


def test_a_sighting_says_where_and_shows_both(eyes: ImageMatcher) -> None:
    looked_at = eyes.inspect(picture_bytes("framed 4"), "theirs")
    (found,) = looked_at.picture.sightings
    wanted = np.array([90, 250, 370, 250, 370, 650, 90, 650]) / 800
    assert np.abs(np.array(found.corners) - wanted).max() < 0.01
    lands = np.array(found.homography).reshape(3, 3) @ [wanted[4], wanted[5], 1]
    assert lands[:2] / lands[2] == pytest.approx([1, 1], abs=0.01)
    drawn = Image.open(io.BytesIO(looked_at.previews[found.beside or ""]))
    assert (drawn.format, drawn.height, drawn.width > 600) == ("JPEG", 320, True)
    assert sha256(looked_at.previews[found.beside or ""]).hexdigest() == found.beside


def test_a_looker_travels_to_other_processes_and_sees_the_same(eyes: ImageMatcher) -> None:
    again: ImageMatcher = pickle.loads(pickle.dumps(eyes))
    data = picture_bytes("part 3")
    assert again.inspect(data, "theirs").picture == eyes.inspect(data, "theirs").picture
    with pytest.raises(PictureError):
        again.inspect(b"<html>", "theirs")


def test_a_forked_process_may_drop_an_index_that_was_asked_before(eyes: ImageMatcher) -> None:
    eyes.inspect(picture_bytes("part 3"), "theirs")
    child = get_context("fork").Process(target=image_matcher._open_index.cache_clear)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    child.join(20)
    assert child.exitcode == 0


def test_a_blank_picture_is_neither_registered_nor_seen(tmp_path: Path) -> None:
    blank, drawn = register(tmp_path, {"blank": picture_bytes("blank 1"), "drawn": picture_bytes("drawn 1")})
    assert ImageIndex(DescriptorStore(tmp_path).folder / "index").digests == [drawn]
    assert indexing.find_featureless(tmp_path, [blank, drawn]) == [blank]
    assert open_image_matcher(tmp_path).inspect(picture_bytes("blank 2"), "theirs").picture.sightings == ()


def test_registering_goes_on_where_it_was_and_extends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    really = indexing.extract_descriptor
    monkeypatch.setattr(indexing, "extract_descriptor", lambda decoded: made.append(1) or really(decoded))
    first = register(tmp_path, {"0": picture_bytes("drawn 0"), "1": picture_bytes("drawn 1")})
    mark = open_image_matcher(tmp_path).index_version
    register(tmp_path, {"0": picture_bytes("drawn 0"), "1": picture_bytes("drawn 1")})
    assert (len(made), open_image_matcher(tmp_path).index_version) == (2, mark)
    both = register(tmp_path, {"0": picture_bytes("drawn 0"), "2": picture_bytes("drawn 2")})
    assert len(made) == 3
    assert ImageIndex(DescriptorStore(tmp_path).folder / "index").digests == [*first, both[1]]
    assert open_image_matcher(tmp_path).index_version != mark
    for number in (0, 1, 2):
        (found,) = open_image_matcher(tmp_path).inspect(picture_bytes(f"part {number}"), "theirs").picture.sightings
        assert (found.picture, found.verdict) == (digest(number), "copy")


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
    one = 2 * keypoints.REFERENCE_MAX_KEYPOINTS * indexing.KEYPOINT_BYTES
    contents = {str(number): picture_bytes(f"drawn {number}") for number in range(3)}
    digests = register(tmp_path, contents, room=one)
    index = ImageIndex(DescriptorStore(tmp_path).folder / "index")
    assert index.digests == digests
    assert index.keypoint_count * indexing.KEYPOINT_BYTES <= one
    seen = [
        open_image_matcher(tmp_path).inspect(picture_bytes(f"{how} 2"), "theirs").picture.sightings
        for how in ("small", "part")
    ]
    assert [len(each) for each in seen] == [1, 0]


def test_urgent_works_come_first() -> None:
    works = [
        Work(id=str(place), title="x", priority=place, images=(Picture(url="x", sha256=str(place) * 64),))
        for place in (1, 3, 2)
    ]
    assert [mark[0] for mark in indexing.owners_by_digest(works)] == ["3", "2", "1"]


def test_works_of_one_series_know_each_other_and_end_in_review(tmp_path: Path) -> None:
    volumes = {str(number): encode_picture(volume(number), "PNG") for number in range(3)}
    digests = register(tmp_path, volumes)
    relatives = SharedDesigns(DescriptorStore(tmp_path).folder / "index")
    alike = relatives.get(digests[0])
    assert alike is not None
    assert set(alike.others) == set(digests[1:])
    eyes = open_image_matcher(tmp_path)
    shared = encode_picture(volume(0).crop((0, 0, 420, 210)))
    assert {each.verdict for each in eyes.inspect(shared, "theirs").picture.sightings} <= {"review"}
    assert "copy" not in {each.verdict for each in eyes.inspect(encode_picture(volume(7)), "theirs").picture.sightings}
    seen = eyes.inspect(encode_picture(volume(1), quality=50), "theirs").picture.sightings
    assert [each.picture for each in seen if each.verdict == "copy"] == [digests[1]]


def test_a_check_of_works_names_shared_designs_and_blank_pictures(tmp_path: Path) -> None:
    contents = {str(number): encode_picture(volume(number), "PNG") for number in range(2)}
    contents |= {"alone": picture_bytes("drawn 1"), "blank": picture_bytes("blank 1")}
    descriptors = indexing.DescriptorExtractor(tmp_path)
    works = [Work(id=name, title=f"work {name}", images=(descriptors(data, name),)) for name, data in contents.items()]
    indexing.index_pictures(tmp_path, indexing.owners_by_digest(works), ROOM)
    known = works_sharing_designs(works, PicturesConfig(index=str(tmp_path)))
    found = [(weak.work_id, weak.check, weak.others) for weak in check_works(works, designs=known)]
    assert found == [
        ("0", "same_design", ("1",)),
        ("1", "same_design", ("0",)),
        ("blank", "blank_picture", ()),
    ]


def test_pictures_of_one_work_are_no_series(tmp_path: Path) -> None:
    make = indexing.DescriptorExtractor(tmp_path)
    images = tuple(make(encode_picture(volume(number), "PNG"), str(number)) for number in range(2))
    indexing.index_pictures(tmp_path, indexing.owners_by_digest([Work(id="w", title="w", images=images)]), ROOM)
    assert SharedDesigns(DescriptorStore(tmp_path).folder / "index").get(images[0].sha256 or "") is None


def volume(number: int) -> Image.Image:
    """A volume of a series: the upper half is the series', the lower half its own."""
    out = cover(500)
    out.paste(cover(600 + number).crop((0, 200, 420, 520)), (0, 280))
    return out


@pytest.mark.parametrize("count", [MAX_SCANNED_CODES // 4, MAX_SCANNED_CODES + 1])
def test_the_search_finds_exactly_what_a_scan_finds(tmp_path: Path, count: int) -> None:
    dice = np.random.default_rng(5)
    codes = dice.integers(0, 256, (count, 32), dtype=np.uint8)
    codes[1::2] = codes[0] ^ np.packbits(dice.random((len(codes[1::2]), 256)) < 0.11, axis=1)
    HammingIndex.write(tmp_path, codes)
    opened = HammingIndex.open(tmp_path)
    assert (tmp_path / "rows.npy").exists() == (count > MAX_SCANNED_CODES)
    for asked in (codes[0], codes[4], ~codes[0]):
        far = np.unpackbits(codes ^ asked, axis=1).sum(1, dtype=np.int64)
        for radius in (0, BAND_RADIUS_BITS, BAND_RADIUS_BITS + 9):
            rows, distances = opened.search(asked, radius)
            assert rows.tolist() == np.flatnonzero(far <= radius).tolist()
            assert distances.tolist() == far[far <= radius].tolist()


def test_a_sketch_comes_back_as_it_was(root: Path) -> None:
    kept = DescriptorStore(root).get(digest(3))
    again = descriptors.PictureDescriptor.from_bytes(kept.to_bytes())
    assert again.hashes == kept.hashes
    for kind in keypoints.KEYPOINT_KINDS:
        assert np.array_equal(again.keypoints[kind].codes, kept.keypoints[kind].codes)
        assert np.abs(again.keypoints[kind].places - kept.keypoints[kind].places).max() < 0.02
    with pytest.raises(ValueError, match="SHA-256"):
        DescriptorStore(root).has("../../etc/passwd")


def agreed(**change: object) -> BlockAgreement:
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
    ("inliers", "change", "said"),
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
def test_what_the_blocks_amount_to(inliers: int | None, change: dict[str, object], said: str | None) -> None:
    assert decide_copy(agreed(**change), inliers) == said


def test_every_rule_can_be_the_one_that_decides() -> None:
    limits = ("median_offset", "worst_offset", "unlike")
    for rule in COPY_RULES:
        edge = {
            name: getattr(rule, name)
            for name in ("alike", "all_alike", "coloured", "textured", "median_offset", "worst_offset")
        }
        edge |= {
            "bent_offset": min(rule.bent_offset, 9.0),
            "sharpness": min(rule.sharpness, 1.0),
            "unlike": min(rule.unlike, 0.3),
        }
        assert decide_copy(agreed(**edge), 30) == "copy"
        beyond = edge | dict.fromkeys(limits, 99.0)
        assert decide_copy(agreed(**beyond), 30) != "copy"


def test_the_same_file_needs_no_engine(eyes: ImageMatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_matcher.MatchCascade, "find_matches", None)
    (found,) = eyes.inspect(picture_bytes("drawn 5"), "theirs").picture.sightings
    assert found == PictureMatch(picture=digest(5), how="bytes", verdict="copy", certainty=0.98, alike=1.0)


def test_many_codes_are_found_as_one_after_another(tmp_path: Path) -> None:
    dice = np.random.default_rng(6)
    codes = dice.integers(0, 256, (MAX_SCANNED_CODES + 300, 32), dtype=np.uint8)
    codes[1::3] = codes[0] ^ np.packbits(dice.random((len(codes[1::3]), 256)) < 0.15, axis=1)
    HammingIndex.write(tmp_path, codes)
    opened = HammingIndex.open(tmp_path)
    asked = np.stack([codes[0], ~codes[0], codes[-1]])
    for radius in (BAND_RADIUS_BITS, BAND_RADIUS_BITS + 9):
        which, rows, far = opened.search_all(asked, radius)
        one_by_one = [opened.search(code, radius) for code in asked]
        assert [rows[which == number].tolist() for number in range(3)] == [found.tolist() for found, _ in one_by_one]
        assert [far[which == number].tolist() for number in range(3)] == [bits.tolist() for _, bits in one_by_one]
    assert [len(found) for found in opened.search_all(asked[:0], BAND_RADIUS_BITS + 9)] == [0, 0, 0]


@pytest.mark.parametrize("size", [(640, 435), (128, 128), (97, 31)])
def test_codes_of_turns_are_those_of_pdqhash(size: tuple[int, int]) -> None:
    parts = [np.asarray(cover(number).resize(size)) for number in range(4)]
    codes = dihedral_pdq_codes(parts, range(8))
    for part, of_part in zip(parts, codes, strict=True):
        theirs, _quality = pdqhash.compute_dihedral(np.ascontiguousarray(shrink_for_hash(part)))
        assert (np.unpackbits(of_part, axis=1) != theirs).sum(1).max() <= 2  # waves that lie on the median


@pytest.mark.parametrize(("kind", "share"), [("orb", 0.95), ("sift", 0.75)])  # SIFT is not quite the same mirrored
def test_key_points_of_the_mirror_image_need_no_second_search(kind: keypoints.KeypointKind, share: float) -> None:
    grey = descriptors.to_grey(np.asarray(cover(4)))
    mirrored = keypoints.extract_query(grey, kind).mirrored_keypoints
    searched = keypoints.extract_query(np.ascontiguousarray(grey[:, ::-1]), kind).keypoints
    far = np.bitwise_count(mirrored.codes[:, None] ^ searched.codes[None]).sum(2, dtype=np.int64)
    near = far.min(1) < 40
    assert near.mean() > share
    off = np.abs(mirrored.places - searched.places[far.argmin(1)])[near]
    assert np.median(off[:, :2]) < 0.6


def test_the_small_picture_is_read_without_the_rest(root: Path) -> None:
    assert np.array_equal(DescriptorStore(root).thumb(digest(3)), DescriptorStore(root).get(digest(3)).thumb)


def test_what_fits_exactly_is_settled_without_colours_and_bends(
    eyes: ImageMatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(blocks, "match_colours", lambda *_: asked.append("colours") or np.zeros(1, np.bool_))
    seen = eyes.inspect(picture_bytes("small 2"), "theirs").picture
    assert [(each.how, each.verdict) for each in seen.sightings] == [("whole", "copy")]
    assert asked == []
