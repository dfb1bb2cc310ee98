"""Pictures made to hurt: bombs, frames without end, two formats in one file. Each costs itself at most.

All go through the looker that a crawl uses, so what is decoded is compared too.
"""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crawler.items import Picture, Work
from crawler.pictures import PictureError, decode_picture, inspect_picture
from matchers.images import indexing
from matchers.images.image_matcher import ImageMatcher, open_image_matcher
from tests.cover_pictures import cover, encode_picture, picture_bytes


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> ImageMatcher:
    root = tmp_path_factory.mktemp("looks")
    extractor = indexing.DescriptorExtractor(root)
    works = [Work(id=str(n), title="x", images=(extractor(picture_bytes(f"drawn {n}"), "x"),)) for n in range(3)]
    indexing.index_pictures(root, indexing.owners_by_digest(works), 1 << 30)
    return open_image_matcher(root)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def text_bomb() -> bytes:
    plain = picture_bytes("drawn 1")
    return plain[:33] + png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9)) + plain[33:]


def endless_gif(frames: int) -> bytes:
    """The first frame shows a cover; the others are single points."""
    first = encode_picture(cover(1).quantize(64).resize((210, 300)), "GIF")
    point = b"\x21\xf9\x04\x00\x01\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"
    return first[:-1] + point * frames + b";"


def grey_of_16_bits() -> bytes:
    grey = np.asarray(cover(1).convert("L")).astype(np.uint16) * 257
    return encode_picture(Image.fromarray(grey), "PNG")


@pytest.mark.parametrize(
    ("data", "works"),
    [
        (text_bomb(), {"drawn 1"}),
        (endless_gif(100_000), {"drawn 1"}),
        (picture_bytes("drawn 1") + b"<script>alert(1)</script></html>", {"drawn 1"}),
        (encode_picture(cover(1).convert("CMYK")), {"drawn 1"}),
        (encode_picture(Image.new("RGB", (500, 500), (9, 9, 9)), "PNG"), set()),
        (encode_picture(Image.new("RGBA", (1, 1)), "PNG"), set()),
        (encode_picture(Image.effect_noise((20_000, 2), 90).convert("RGB"), "PNG"), set()),
        (encode_picture(Image.effect_noise((2, 20_000), 90).convert("RGB"), "PNG"), set()),
        (encode_picture(Image.effect_noise((16, 17), 90).convert("RGB"), "PNG"), set()),
    ],
    ids=["text bomb", "100,000 frames", "polyglot", "cmyk", "blank", "1x1", "strip", "upright strip", "tiny noise"],
)
def test_what_can_be_decoded_is_compared(matcher: ImageMatcher, data: bytes, works: set[str]) -> None:
    tracemalloc.start()
    try:
        picture = matcher.inspect(data, "theirs").picture
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    expected = {inspect_picture(picture_bytes(name), name).sha256 for name in works}
    assert {sighting.picture for sighting in picture.sightings if sighting.verdict == "copy"} == expected


@pytest.mark.parametrize(
    "data",
    [
        png_header(65_000, 65_000),
        png_header(40_001, 1_000) + png_chunk(b"IEND", b""),
        b"GIF89a\xff\xff\xff\xff\x80\x00\x00" + bytes(6) + b"\x2c" + bytes(8) + b"\x00\x02\x02\x44\x01\x00;",
        picture_bytes("drawn 1")[: len(picture_bytes("drawn 1")) // 20],
        encode_picture(cover(1))[: len(encode_picture(cover(1))) // 20],
        b"\0\0\0\x18ftypheic" + bytes(2_000),
        b"II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01\0\0\0\x01\0\0\0\x08\0\0\0",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n(/etc/passwd) run\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\xc5\xd0\xd3\xc6" + bytes(60),
    ],
    ids=["header bomb", "pixels", "gif screen", "cut png", "cut jpeg", "heic", "tiff loop", "eps", "svg", "binary eps"],
)
def test_everything_else_is_one_typed_error(matcher: ImageMatcher, data: bytes) -> None:
    with pytest.raises(PictureError):
        matcher.inspect(data, "theirs")


def test_sixteen_bits_are_scaled_not_cut(matcher: ImageMatcher) -> None:
    deep = np.asarray(decode_picture(grey_of_16_bits()).image.convert("L")).astype(int)
    flat = np.asarray(cover(1).convert("L")).astype(int)
    assert np.abs(deep - flat).max() <= 1
    (sighting,) = matcher.inspect(grey_of_16_bits(), "theirs").picture.sightings
    assert sighting.verdict == "copy"


def test_a_broken_picture_of_a_registry_costs_only_itself(tmp_path: Path) -> None:
    extractor = indexing.DescriptorExtractor(tmp_path)
    good = extractor(picture_bytes("drawn 1"), "good")
    with pytest.raises(PictureError):
        extractor(b"broken", "broken")
    works = [Work(id="1", title="x", images=(good, Picture(url="broken", sha256="0" * 64)))]
    indexing.index_pictures(tmp_path, indexing.owners_by_digest(works), 1 << 30)
    (sighting,) = open_image_matcher(tmp_path).inspect(picture_bytes("small 1"), "theirs").picture.sightings
    assert sighting.verdict == "copy"
