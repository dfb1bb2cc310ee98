"""Pictures as the web and print shops make them: cut, damaged, blank at first, mislabelled, or of a kind not read."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from crawler.items import Picture
from crawler.messages import LANGUAGES, load_messages
from crawler.pictures import (
    DecodedPicture,
    PictureError,
    decode_picture,
    inspect_picture,
    problem_label,
    problem_sentence,
)
from crawler.pictures.decoding import MIN_DECODED_SHARE
from matchers.images.phash import PhashIndex
from tests.cover_pictures import cover, picture_bytes

LARGE = cover(1).resize((630, 900))
BROKEN_EXIF = b"Exif\0\0this is no TIFF at all"
TURNED = 6  # EXIF: to be shown turned clockwise


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def is_cover(picture: Picture, number: int = 1) -> bool:
    ours = inspect_picture(picture_bytes(f"drawn {number}"), "ours")
    return [found for found, _ in PhashIndex([(7, ours)]).search(picture)] == [7]


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def interlaced_png(image: Image.Image) -> bytes:
    """Adam7, which Pillow reads and does not write."""
    pixels, rows = np.asarray(image.convert("RGB")), bytearray()
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    for left, top, across, down in passes:
        for row in pixels[top::down, left::across]:
            rows += b"\0" + row.tobytes()
    header = struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, 1)
    chunks = (png_chunk(b"IHDR", header), png_chunk(b"IDAT", zlib.compress(bytes(rows))), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def decode_or_refuse(data: bytes) -> tuple[str, DecodedPicture | None]:
    try:
        return "", decode_picture(data)
    except PictureError as error:
        return error.key, None


CUT_KINDS: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encode(LARGE, "JPEG"),
    "progressive jpeg": lambda: encode(LARGE, "JPEG", progressive=True),
    "cmyk jpeg": lambda: encode(LARGE.convert("CMYK"), "JPEG"),
    "grey jpeg": lambda: encode(LARGE.convert("L"), "JPEG"),
    "mpo": lambda: encode(LARGE, "MPO", save_all=True, append_images=[LARGE]),
    "png": lambda: encode(LARGE, "PNG"),
    "interlaced png": lambda: interlaced_png(LARGE),
    "palette png": lambda: encode(LARGE.quantize(32), "PNG"),
    "gif": lambda: encode(LARGE, "GIF", interlace=0),
    "interlaced gif": lambda: encode(LARGE, "GIF"),
    "webp": lambda: encode(LARGE, "WEBP"),
    "lossless webp": lambda: encode(LARGE, "WEBP", lossless=True),
    "animated webp": lambda: encode(LARGE, "WEBP", save_all=True, append_images=[cover(2).resize(LARGE.size)]),
    "bmp": lambda: encode(LARGE, "BMP"),
    "tiff": lambda: encode(LARGE, "TIFF"),
}


@pytest.mark.parametrize("kind", CUT_KINDS)
@pytest.mark.parametrize("missing", [1, 30])
def test_a_picture_without_its_last_bytes_is_read_as_browsers_do(kind: str, missing: int) -> None:
    picture = inspect_picture(CUT_KINDS[kind]()[:-missing], "cut")
    assert is_cover(picture)
    is_stated = missing > 1 and (kind == "bmp" or "webp" in kind)  # how long it is, not where bytes are missing
    assert (picture.width, picture.height, picture.problem) == (*LARGE.size, "altered" if is_stated else "")


@pytest.mark.parametrize("kind", CUT_KINDS)
@pytest.mark.parametrize("share", [0.7, 0.5, 0.3, 0.1])
def test_of_a_cut_picture_what_is_there_is_read_or_the_reason_is_given(kind: str, share: float) -> None:
    data = CUT_KINDS[kind]()
    key, decoded = decode_or_refuse(data[: int(len(data) * share)])
    if decoded is None:
        assert key in ("cut", "damaged")
        return
    assert decoded.share >= MIN_DECODED_SHARE
    whole = decode_picture(data).image
    part = whole.crop((0, 0, whole.width, round(whole.height * decoded.share)))
    if kind == "bmp":  # from below
        part = whole.crop((0, round(whole.height * (1 - decoded.share)), whole.width, whole.height))
    difference = np.asarray(decoded.image.resize((40, 40))).astype(int) - np.asarray(part.resize((40, 40)))
    assert np.abs(difference).mean() < 12


def test_a_picture_read_in_part_says_so() -> None:
    data = encode(LARGE, "PNG")
    picture = inspect_picture(data[: len(data) // 2], "half")
    assert picture.problem == "partly"
    sentence = problem_sentence(picture.problem, picture.problem_values)
    assert sentence.startswith("the PNG is incomplete: ")
    assert 25 <= picture.problem_values["percent"] < 98


def test_a_wrong_checksum_in_a_png_is_no_reason_to_read_nothing() -> None:
    data = bytearray(encode(LARGE, "PNG"))
    at = data.index(b"IDAT")
    size = struct.unpack_from(">I", data, at - 4)[0]
    data[at + 4 + size] ^= 0xFF
    picture = inspect_picture(bytes(data), "checksum")
    assert is_cover(picture)
    assert picture.problem == "altered"
    sentence = problem_sentence(picture.problem, picture.problem_values)
    assert sentence.startswith("the PNG is damaged: it was read and compared")


def test_what_cannot_stand_between_the_blocks_of_a_picture_is_told() -> None:
    gif, jpeg = encode(LARGE, "GIF"), encode(LARGE, "JPEG")
    assert decode_picture(gif[:-1] + b"\x01\x2a\0\0;").is_altered
    pixels = len(jpeg) - 60
    assert decode_picture(jpeg[:pixels] + b"\xff\x02" + jpeg[pixels:]).is_altered


@pytest.mark.parametrize("kind", CUT_KINDS)
def test_nothing_is_said_of_a_whole_picture(kind: str) -> None:
    assert inspect_picture(CUT_KINDS[kind](), "whole").problem == ""


def animation(kind: str, *first: Image.Image) -> bytes:
    frames = [*(frame.resize(LARGE.size) for frame in first), LARGE, LARGE.rotate(1)]
    return encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=90)


def logo() -> Image.Image:
    image = Image.new("RGB", LARGE.size, "white")
    ImageDraw.Draw(image).ellipse((260, 390, 370, 500), fill="navy")
    return image


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("first", ["white", "black", "two blank ones", "logo"])
def test_of_an_animation_the_frame_that_shows_something_is_taken(kind: str, first: str) -> None:
    plain = {"white": ["white"], "black": ["black"], "two blank ones": ["white", "#eee"]}.get(first)
    frames = [Image.new("RGB", LARGE.size, color) for color in plain] if plain else [logo()]
    assert is_cover(inspect_picture(animation(kind, *frames), "animation"))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_that_begins_with_a_picture_is_that_picture(kind: str) -> None:
    assert is_cover(inspect_picture(animation(kind, cover(2)), "animation"), 2)


def test_of_an_animation_without_end_few_frames_are_looked_at() -> None:
    blank = encode(Image.new("L", (300, 300), 255), "GIF")
    point = b"\x21\xf9\x04\x00\x01\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"
    assert inspect_picture(blank[:-1] + point * 100_000 + b";", "endless").hashes == ()


def tiff_with_broken_exif() -> bytes:
    data = bytearray(encode(LARGE, "TIFF", tiffinfo={305: "us"}))
    start = struct.unpack_from("<I", data, 4)[0]
    for at in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], 12):
        if struct.unpack_from("<H", data, at)[0] == 305:  # the software becomes the place of EXIF data
            struct.pack_into("<HHII", data, at, 0x8769, 4, 1, len(data) - 3)
    return bytes(data)


def avif_with_broken_exif() -> bytes:
    exif = Image.Exif()
    exif[305] = "us"
    written = exif.tobytes().removeprefix(b"Exif\0\0")
    data = encode(LARGE, "AVIF", exif=exif)
    assert written in data
    return data.replace(written, b"x" * len(written))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_broken_exif_is_no_reason_to_read_nothing(kind: str) -> None:
    if kind == "AVIF":  # which Pillow does not write
        data = encode(LARGE, kind, exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0").replace(b"II*\0\x08", b"xx*\0\x08")
    else:
        data = tiff_with_broken_exif() if kind == "TIFF" else encode(LARGE, kind, exif=BROKEN_EXIF)
    picture = inspect_picture(data, "exif")
    assert is_cover(picture)
    assert (picture.width, picture.height) == LARGE.size


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_exif_turns_every_kind_once(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = TURNED
    picture = inspect_picture(encode(LARGE.rotate(90, expand=True), kind, exif=exif), "turned")
    assert is_cover(picture)
    assert (picture.width, picture.height) == LARGE.size


OTHER_KINDS: dict[str, Callable[[], bytes]] = {
    **{
        f"tiff {compression}": lambda compression=compression: encode(LARGE, "TIFF", compression=compression)
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
    },
    "tiff cmyk": lambda: encode(LARGE.convert("CMYK"), "TIFF", compression="tiff_lzw"),
    "tiff of floats": lambda: encode(LARGE.convert("F"), "TIFF"),
    "tiff fax": lambda: encode(LARGE.convert("1"), "TIFF", compression="group4"),
    "cmyk jpeg": lambda: encode(LARGE.convert("CMYK"), "JPEG"),
    "16 bits": lambda: encode(Image.fromarray(np.asarray(LARGE.convert("L")).astype(np.uint16) * 257), "PNG"),
    "palette with transparency": lambda: encode(LARGE.quantize(64), "PNG", transparency=0),
    "grey and alpha": lambda: encode(LARGE.convert("LA"), "PNG"),
    "icon": lambda: encode(LARGE.resize((180, 256)), "ICO", sizes=[(180, 256)]),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_pictures_of_print_shops_and_cameras_are_read(kind: str) -> None:
    assert is_cover(inspect_picture(OTHER_KINDS[kind](), kind))


def test_lab_colours_of_a_tiff_are_read() -> None:
    from PIL import ImageCms

    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(LARGE, rgb, lab, outputMode="LAB")
    assert converted is not None
    assert is_cover(inspect_picture(encode(converted, "TIFF"), "lab"))


def brand(name: bytes, *others: bytes) -> bytes:
    content = b"ftyp" + name + bytes(4) + b"".join(others)
    return struct.pack(">I", len(content) + 4) + content + bytes(400)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file is empty"),
        (bytes(900), "the file is empty"),
        (b"<!DOCTYPE html><html><title>Not found</title>", "a web page stands in its place, not a picture"),
        (b"\xef\xbb\xbf\r\n<HTML>", "a web page stands in its place, not a picture"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG is not read: save it as JPEG or PNG"),
        (brand(b"heic", b"mif1"), "HEIC is not read: save it as JPEG or PNG"),
        (brand(b"mif1", b"heic"), "HEIC is not read: save it as JPEG or PNG"),
        (brand(b"mp42", b"isom"), "it is a video, not a picture: save a frame of it as JPEG or PNG"),
        (b"\xff\x0a" + bytes(90), "JPEG XL is not read: save it as JPEG or PNG"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(90), "JPEG XL is not read: save it as JPEG or PNG"),
        (b"%PDF-1.7\n", "PDF is not read: save it as JPEG or PNG"),
        (
            b'{"error": 404}',
            "it is none of the formats that are read (JPEG, PNG, WEBP, GIF, AVIF, TIFF, BMP, ICO, JPEG2000): "
            "save it as JPEG or PNG",
        ),
        (b"\xff\xd8\xff\xe0" + bytes(60), "the JPEG is damaged and nothing of it can be read: have it sent again"),
        (brand(b"avif", b"mif1"), "the AVIF is damaged and nothing of it can be read: have it sent again"),
        (b"II*\0" + bytes(60), "the TIFF is damaged and nothing of it can be read: have it sent again"),
    ],
)
def test_what_is_not_read_is_refused_in_one_sentence_that_is_always_the_same(data: bytes, sentence: str) -> None:
    for _ in range(2):
        with pytest.raises(PictureError) as caught:
            decode_picture(data)
        assert str(caught.value) == sentence


def test_the_reasons_are_written_in_every_language() -> None:
    messages = load_messages("crawler.pictures")
    values = {"kind": "GIF", "percent": 3, "size": 1, "limit": 2, "width": 1, "height": 1, "seconds": 1, "status": 404}
    for key in (key for key in messages if not key.startswith("label_")):
        for language in LANGUAGES:
            assert problem_sentence(key, {**values, "reason": "x"}, language)
            assert problem_label(key, language)
