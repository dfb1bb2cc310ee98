"""Invented pictures for tests, drawn from a number: whole, smaller, cut and saved again, or blank."""

from __future__ import annotations

import io
from random import Random

from PIL import Image, ImageDraw, ImageFilter

SIZE = (420, 600)


def cover(number: int) -> Image.Image:
    """A cover of overlapping shapes; the same for the same number."""
    dice = Random(number)
    image = Image.new("RGB", SIZE, tuple(dice.randrange(60, 200) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for _ in range(28):
        left, top = dice.randrange(-60, SIZE[0]), dice.randrange(-60, SIZE[1])
        box = (left, top, left + dice.randrange(30, 220), top + dice.randrange(30, 220))
        shape = pen.ellipse if dice.random() < 0.5 else pen.rectangle
        shape(box, fill=tuple(dice.randrange(256) for _ in range(3)))
    return image.filter(ImageFilter.GaussianBlur(1))


def saved(image: Image.Image, kind: str = "JPEG", quality: int = 85) -> bytes:
    """The bytes of a picture file."""
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    return file.getvalue()


def picture_bytes(name: str) -> bytes:
    """`drawn 1`, `small 1`, `cut 1`, `side 1` or `blank 1`."""
    how, _, number = name.partition(" ")
    if how == "blank":
        return saved(Image.new("RGB", (300 + int(number), 300), (250, 250, 250)), "PNG")
    image = cover(int(number))
    width, height = image.size
    if how == "small":
        return saved(image.resize((width // 2, height // 2)), quality=60)
    if how == "cut":
        box = (width * 0.1, height * 0.09, width * 0.89, height * 0.92)
        return saved(image.crop(tuple(map(round, box))), quality=40)
    if how == "side":
        return saved(image.crop((0, 0, round(width * 0.9), height)), quality=40)
    return saved(image, "PNG")
