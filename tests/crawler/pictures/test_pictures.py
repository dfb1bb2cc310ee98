"""Bytes become a picture or a typed error; hashes find copies and nothing else."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from hashlib import sha256

import pytest
from attrs import evolve
from PIL import Image

from crawler.items import Picture
from crawler.pictures import PictureError, decode_picture, decoding, first_preview, inspect_picture
from matchers.images.phash import PhashIndex
from tests.cover_pictures import cover, encode_picture, picture_bytes


def test_a_picture_is_described_by_digest_size_and_hashes() -> None:
    data = picture_bytes("drawn 1")
    picture = inspect_picture(data, "https://shop.example/1.png")
    assert (picture.url, picture.sha256) == ("https://shop.example/1.png", sha256(data).hexdigest())
    assert (picture.media_type, picture.width, picture.height) == ("image/png", 420, 600)
    assert [(picture_hash.hasher, len(picture_hash.value)) for picture_hash in picture.hashes] == [
        ("phash", 16),
        ("pdq", 64),
    ]
    assert all(picture_hash.version and picture_hash.settings for picture_hash in picture.hashes)
    assert (picture.sightings, picture.compared) == ((), "")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP", "JPEG2000"])
def test_every_allowed_format_looks_the_same(kind: str) -> None:
    registered = PhashIndex([(7, inspect_picture(picture_bytes("drawn 1"), "ours"))])
    ((number, distance),) = registered.search(inspect_picture(encode_picture(cover(1), kind), "theirs"))
    assert (number, distance <= 2) == (7, True)


def test_a_rotated_photo_stands_upright() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    cover(1).rotate(90, expand=True).save(file, "JPEG", exif=exif)
    turned, upright = inspect_picture(file.getvalue(), "turned"), inspect_picture(picture_bytes("drawn 1"), "upright")
    assert (turned.width, turned.height) == (420, 600)
    assert [number for number, _ in PhashIndex([(0, upright)]).search(turned)] == [0]


def test_a_transparent_picture_stands_on_white() -> None:
    layered = cover(2).convert("RGBA")
    layered.paste((0, 0, 0, 0), (0, 0, 420, 200))
    on_white = cover(2)
    on_white.paste((255, 255, 255), (0, 0, 420, 200))
    transparent, opaque = (
        inspect_picture(encode_picture(layered, "PNG"), "a"),
        inspect_picture(encode_picture(on_white, "PNG"), "b"),
    )
    assert transparent.hashes == opaque.hashes


@pytest.mark.parametrize("color", [(255, 255, 255), (0, 0, 0), (120, 30, 60)])
def test_a_picture_without_content_has_no_hashes(color: tuple[int, int, int]) -> None:
    picture = inspect_picture(encode_picture(Image.new("RGB", (300, 300), color), "PNG"), "blank")
    assert picture.hashes == ()
    assert picture.width == 300


def test_a_spacer_has_no_hashes() -> None:
    assert inspect_picture(encode_picture(Image.effect_noise((1, 1), 50), "PNG"), "spacer").hashes == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>not found</html>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        picture_bytes("drawn 1")[:400],
        picture_bytes("small 1")[:900],
    ],
    ids=["nothing", "html", "eps", "cut png", "cut jpeg"],
)
def test_anything_else_is_a_typed_error(data: bytes) -> None:
    with pytest.raises(PictureError):
        inspect_picture(data, "x")


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    bomb = encode_picture(Image.new("1", (8_000, 5_001)), "PNG")
    assert len(bomb) < 100_000
    with pytest.raises(PictureError, match="8000 x 5001"):
        inspect_picture(bomb, "bomb")
    with pytest.raises(PictureError, match="pixels"):
        inspect_picture(encode_picture(Image.new("1", (30_000, 20_000)), "PNG"), "bigger bomb")


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_BYTES", 100)
    with pytest.raises(PictureError, match="bytes"):
        inspect_picture(picture_bytes("drawn 1"), "x")


def test_pictures_and_errors_travel_between_processes() -> None:
    picture = inspect_picture(picture_bytes("drawn 1"), "x")
    assert pickle.loads(pickle.dumps(picture)) == picture
    error = pickle.loads(pickle.dumps(PictureError("cut", kind="GIF", percent=3)))
    assert (error.key, error.values, str(error)) == (
        "cut",
        {"kind": "GIF", "percent": 3},
        "the GIF ends too early, with only 3 % of the picture: have it sent again",
    )


def test_importing_costs_nothing() -> None:
    code = "import sys, crawler.pictures; print({'PIL', 'numpy', 'imagehash', 'cv2'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_hashes_of_different_hashers_are_never_compared() -> None:
    picture = inspect_picture(picture_bytes("drawn 1"), "x")
    for change in ({"version": "imagehash 0"}, {"settings": "another size"}):
        other = tuple(evolve(picture_hash, **change) for picture_hash in picture.hashes)
        assert list(PhashIndex([(0, picture)]).search(evolve(picture, hashes=other))) == []
    assert list(PhashIndex([(0, picture)]).search(picture)) == [(0, 0)]


def test_the_threshold_is_a_distance_in_bits() -> None:
    picture = inspect_picture(picture_bytes("drawn 1"), "x")
    phash = picture.hashes[0]

    def flip_bits(bits: int) -> Picture:
        value = f"{int(phash.value, 16) ^ ((1 << bits) - 1):016x}"
        return Picture(url="theirs", hashes=(evolve(phash, value=value),))

    registered = PhashIndex([(0, picture)])
    assert list(registered.search(flip_bits(8))) == [(0, 8)]
    assert list(registered.search(flip_bits(9))) == []


def test_a_copy_in_another_size_has_the_same_hashes() -> None:
    large_hash = inspect_picture(picture_bytes("drawn 3"), "x").hashes[1]
    small_hash = inspect_picture(encode_picture(cover(3).resize((105, 150))), "y").hashes[1]
    assert (int(large_hash.value, 16) ^ int(small_hash.value, 16)).bit_count() <= 20


@pytest.mark.parametrize("size", [(1600, 1087), (1087, 1600), (1600, 1600)])
def test_a_large_jpeg_is_decoded_at_half_its_size(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    sizes_read: list[tuple[int, ...]] = []
    monkeypatch.setattr("crawler.pictures.qr.qr_codes", lambda pixels: sizes_read.append(pixels.shape[:2]) or ())
    decoded = decode_picture(encode_picture(cover(1).resize(size), "JPEG"))
    assert sizes_read == [((size[1] + 1) // 2, (size[0] + 1) // 2)]
    assert (decoded.width, decoded.height) == size
    assert max(decoded.pixels.shape) == 640


def test_the_first_stored_picture_that_can_be_decoded_is_previewed() -> None:
    stored = {"a" * 64: b"no picture", "b" * 64: encode_picture(cover(1), "AVIF"), "c" * 64: picture_bytes("drawn 2")}
    pictures = [Picture(url="u"), *(Picture(url="u", sha256=digit * 64) for digit in "9abc")]
    preview = first_preview(pictures, stored.get, 192)
    assert preview is not None
    image = Image.open(io.BytesIO(preview))
    assert (image.format, max(image.size)) == ("PNG", 192)
    jpeg = first_preview(pictures, stored.get, 192, "JPEG")
    assert jpeg is not None
    assert Image.open(io.BytesIO(jpeg)).size == image.size
    assert len(jpeg) < len(preview)
    assert first_preview(pictures[:3], stored.get, 192) is None
