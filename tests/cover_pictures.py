"""Invented pictures for tests, drawn from a number: whole, attacked as shops do it, or another work of one design."""

from __future__ import annotations

import io
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

SIZE = (420, 600)


def cover(number: int) -> Image.Image:
    """A cover of overlapping shapes; the same for the same number."""
    generator = Random(number)
    image = Image.new("RGB", SIZE, tuple(generator.randrange(60, 200) for _ in range(3)))
    canvas = ImageDraw.Draw(image)
    for _ in range(28):
        left, top = generator.randrange(-60, SIZE[0]), generator.randrange(-60, SIZE[1])
        box = (left, top, left + generator.randrange(30, 220), top + generator.randrange(30, 220))
        shape = canvas.ellipse if generator.random() < 0.5 else canvas.rectangle
        shape(box, fill=tuple(generator.randrange(256) for _ in range(3)))
    return image.filter(ImageFilter.GaussianBlur(1))


def encode_picture(image: Image.Image, kind: str = "JPEG", quality: int = 85) -> bytes:
    """The bytes of a picture file."""
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    return file.getvalue()


def mirrored(image: Image.Image) -> Image.Image:
    """Left and right exchanged."""
    return ImageOps.mirror(image)


def quarter_turn(image: Image.Image) -> Image.Image:
    """Lying on its side."""
    return image.rotate(90, expand=True)


def part(image: Image.Image) -> Image.Image:
    """Two thirds of each side."""
    width, height = image.size
    return image.crop((width // 5, height // 5, width * 13 // 15, height * 13 // 15))


def framed(image: Image.Image) -> Image.Image:
    """Small within a plain frame."""
    out = Image.new("RGB", (800, 800), (250, 250, 245))
    out.paste(image.resize((280, 400)), (90, 250))
    return out


def photographed(image: Image.Image) -> Image.Image:
    """On a table, seen from the side, darker to the right."""
    table = cover(9_000).resize((700, 800)).filter(ImageFilter.GaussianBlur(6))
    data = (1.18, 0.14, -170.0, -0.1, 1.2, -40.0, 0.0003, 0.0002)
    size = table.size
    slanted = image.transform(size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC)
    mask = Image.new("L", image.size, 255).transform(size, Image.Transform.PERSPECTIVE, data)
    table.paste(slanted, (0, 0), mask)
    return ImageChops.multiply(table, Image.linear_gradient("L").rotate(90).resize(size).point(_dim).convert("RGB"))


def bannered(image: Image.Image) -> Image.Image:
    """A loud banner over the lowest fifth."""
    out = image.copy()
    ImageDraw.Draw(out).rectangle((0, image.height * 4 // 5, image.width, image.height), fill=(230, 20, 30))
    return out


def collage(image: Image.Image) -> Image.Image:
    """One of four tiles."""
    out = Image.new("RGB", (840, 1200))
    for tile_number, tile in enumerate((cover(9_001), cover(9_002), image, cover(9_003))):
        out.paste(tile, (tile_number % 2 * 420, tile_number // 2 * 600))
    return out


def sibling(image: Image.Image) -> Image.Image:
    """Another work of the same design: the same frame, another picture in the middle."""
    out = image.copy()
    out.paste(cover(9_004).resize((320, 440)), (50, 80))
    return out


def _dim(value: int) -> int:
    return 120 + value // 2


ATTACKS = {
    each.__name__: each for each in (mirrored, quarter_turn, part, framed, photographed, bannered, collage, sibling)
}


def picture_bytes(name: str) -> bytes:
    """`drawn 1`, `small 1`, `cut 1`, `side 1`, `blank 1`, or one of ATTACKS with a number."""
    kind, _, number = name.partition(" ")
    if kind in ATTACKS:
        return encode_picture(ATTACKS[kind](cover(int(number))), quality=70)
    if kind == "blank":
        return encode_picture(Image.new("RGB", (300 + int(number), 300), (250, 250, 250)), "PNG")
    image = cover(int(number))
    width, height = image.size
    if kind == "small":
        return encode_picture(image.resize((width // 2, height // 2)), quality=60)
    if kind == "cut":
        box = (width * 0.1, height * 0.09, width * 0.89, height * 0.92)
        return encode_picture(image.crop(tuple(map(round, box))), quality=40)
    if kind == "side":
        return encode_picture(image.crop((0, 0, round(width * 0.9), height)), quality=40)
    return encode_picture(image, "PNG")
