"""Covers and icons of the demo's invented works, drawn from shapes alone: no fonts, no photographs, always the same.

Each has its own composition and enough small detail for a perceptual hash to recognise it and tell it from the others.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin
from random import Random

from PIL import Image, ImageDraw, ImageFilter

COVER_SIZE = (300, 420)
ICON_SIZE = (256, 256)
_SUPERSAMPLING_FACTOR = 2  # drawn this many times larger, then reduced, for smooth edges

Colour = tuple[int, int, int]
Point = tuple[float, float]


class Sheet:
    """A picture being drawn; coordinates run from 0 to 100 horizontally and vertically, whatever its size."""

    def __init__(self, size: tuple[int, int], top: Colour, bottom: Colour) -> None:
        self.size = size
        self.width, self.height = size[0] * _SUPERSAMPLING_FACTOR, size[1] * _SUPERSAMPLING_FACTOR
        self.image = Image.new("RGB", (self.width, self.height))
        self.pen = ImageDraw.Draw(self.image)
        for row in range(self.height):
            share = row / self.height
            mixed = tuple(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
            self.pen.line([(0, row), (self.width, row)], fill=mixed)  # type: ignore[arg-type]

    def to_pixels(self, points: list[Point]) -> list[Point]:
        """Points in pixels."""
        return [(x * self.width / 100, y * self.height / 100) for x, y in points]

    def shape(self, colour: Colour, *points: Point) -> None:
        """Draw a filled polygon."""
        self.pen.polygon(self.to_pixels(list(points)), fill=colour)

    def box(self, colour: Colour, left: float, top: float, right: float, bottom: float) -> None:
        """Draw a filled rectangle."""
        self.shape(colour, (left, top), (right, top), (right, bottom), (left, bottom))

    def disc(self, colour: Colour, x: float, y: float, radius: float, ring: float = 0) -> None:
        """Draw a disc, or with `ring` a circle of that line width; both are in hundredths of the width, as `radius`."""
        (cx, cy), r = self.to_pixels([(x, y)])[0], radius * self.width / 100
        edges = (cx - r, cy - r, cx + r, cy + r)
        if ring:
            self.pen.ellipse(edges, outline=colour, width=round(ring * self.width / 100))
        else:
            self.pen.ellipse(edges, fill=colour)

    def line(self, colour: Colour, width: float, *points: Point) -> None:
        """Draw an open line."""
        self.pen.line(self.to_pixels(list(points)), fill=colour, width=round(width * self.width / 100), joint="curve")

    def finish(self) -> Image.Image:
        """The finished picture in its own size."""
        return self.image.resize(self.size, Image.Resampling.LANCZOS)


def tidal_library(dice: Random) -> Image.Image:
    """A moon over waves; under water, shelves."""
    sheet = Sheet(COVER_SIZE, (18, 32, 72), (40, 108, 134))
    sheet.disc((244, 232, 190), 70, 18, 13)
    for _ in range(45):
        sheet.disc((200, 214, 236), dice.uniform(2, 98), dice.uniform(2, 38), dice.uniform(0.3, 0.8))
    for level, shade in enumerate(((84, 160, 182), (52, 126, 160), (30, 92, 132), (20, 66, 104))):
        top = 40 + level * 6
        crest = [(x, top + 2.6 * sin(x / (7 + level) + level * 1.7)) for x in range(0, 101, 2)]
        sheet.shape(shade, *crest, (100, 100), (0, 100))
    for shelf in (70, 83, 96):
        sheet.box((214, 176, 112), 4, shelf, 96, shelf + 1.2)
        left = 6.0
        while left < 92:
            wide, tall = dice.uniform(2, 5), dice.uniform(6, 10.5)
            shade = dice.choice(((206, 84, 70), (236, 196, 106), (120, 178, 150), (230, 226, 210), (92, 92, 150)))
            sheet.box(shade, left, shelf - tall, left + wide, shelf)
            left += wide + 0.6
    return sheet.finish()


def dragonback(dice: Random) -> Image.Image:
    """An observatory on a ridge of jagged mountains."""
    sheet = Sheet(COVER_SIZE, (252, 214, 160), (196, 82, 72))
    sheet.disc((255, 244, 220), 26, 24, 17)
    for level, shade in enumerate(((170, 84, 84), (122, 58, 78), (78, 40, 68), (40, 24, 48))):
        base, ridge = 44 + level * 13, [(0.0, 100.0)]
        ridge += [(step * 5.0, base + (-7 if step % 2 else 4) * dice.uniform(0.4, 1.3)) for step in range(21)]
        sheet.shape(shade, *ridge, (100, 100))
    sheet.box((238, 232, 224), 58, 50, 84, 62)
    sheet.pen.pieslice(
        [*sheet.to_pixels([(58, 41)])[0], *sheet.to_pixels([(84, 59)])[0]], 180, 360, fill=(214, 206, 200)
    )
    sheet.shape((52, 36, 60), (69, 41), (74, 41), (74, 50), (69, 50))
    for window in range(4):
        sheet.box((110, 70, 90), 60.5 + window * 6, 54, 63 + window * 6, 58)
    return sheet.finish()


def mistport(dice: Random) -> Image.Image:
    """A letter above a pier in bands of fog."""
    sheet = Sheet(COVER_SIZE, (208, 218, 214), (120, 140, 146))
    for post in range(9):
        x = 6 + post * 11
        sheet.box((70, 82, 88), x, 58 + (post % 3) * 2, x + 3, 100)
    sheet.box((92, 80, 70), 0, 62, 100, 66)
    sheet.box((92, 80, 70), 0, 79, 100, 82)
    for _ in range(24):
        y, x = dice.uniform(44, 98), dice.uniform(-20, 70)
        grey = dice.randint(176, 226)
        sheet.box((grey, grey + 6, grey + 4), x, y, x + dice.uniform(20, 60), y + dice.uniform(0.8, 2.4))
    sheet.box((250, 246, 236), 18, 14, 82, 42)
    sheet.line((176, 62, 54), 1.2, (18, 14), (50, 32), (82, 14))
    sheet.line((150, 150, 140), 0.6, (18, 42), (42, 27))
    sheet.line((150, 150, 140), 0.6, (82, 42), (58, 27))
    sheet.disc((190, 52, 46), 50, 31, 5)
    for edge in range(16):
        sheet.box((176, 62, 54) if edge % 2 else (60, 84, 120), 18 + edge * 4, 42, 22 + edge * 4, 44)
    return sheet.finish()


def bridge_manual(dice: Random) -> Image.Image:
    """A cable-stayed bridge on squared paper."""
    sheet = Sheet(COVER_SIZE, (240, 244, 246), (222, 230, 236))
    for step in range(0, 101, 4):
        sheet.line((196, 212, 224), 0.3, (step, 0), (step, 100))
        sheet.line((196, 212, 224), 0.3, (0, step), (100, step))
    sheet.box((226, 110, 34), 0, 0, 100, 12)
    sheet.box((30, 60, 92), 0, 88, 100, 100)
    for tower in (30, 72):
        sheet.shape((44, 62, 84), (tower - 2, 78), (tower - 1, 26), (tower + 1, 26), (tower + 2, 78))
        for cable in range(9):
            for side in (-1, 1):
                sheet.line((70, 92, 120), 0.35, (tower, 28 + cable * 3), (tower + side * (22 - cable * 2), 62))
    sheet.box((44, 62, 84), 0, 61.5, 100, 64)
    for pile in range(14):
        sheet.line((120, 136, 150), 0.7, (pile * 7.5, 64), (pile * 7.5 + dice.uniform(-1, 1), 78))
    for wave in range(5):
        crest = [(x, 79 + wave * 2 + 0.6 * sin(x / 3 + wave)) for x in range(0, 101, 2)]
        sheet.line((86, 132, 170), 0.5, *crest)
    return sheet.finish()


def kite(dice: Random) -> Image.Image:
    """A paper kite beside a striped lighthouse."""
    sheet = Sheet(COVER_SIZE, (134, 206, 226), (250, 236, 190))
    for ray in range(24):
        turn = ray * pi / 12
        sheet.shape(
            (250, 226, 140), (18, 16), *[(18 + 40 * cos(turn + d), 16 + 28 * sin(turn + d)) for d in (-0.05, 0.05)]
        )
    sheet.disc((250, 196, 70), 18, 16, 10)
    sheet.shape((92, 168, 110), (0, 84), (40, 76), (100, 86), (100, 100), (0, 100))
    for band in range(6):
        half = 6 + band * 0.9
        shade = (214, 66, 62) if band % 2 else (250, 248, 244)
        sheet.shape(
            shade,
            (74 - half, 40 + band * 8),
            (74 + half, 40 + band * 8),
            (74 + half + 0.9, 48 + band * 8),
            (74 - half - 0.9, 48 + band * 8),
        )
    sheet.box((60, 60, 74), 67, 34, 81, 40)
    sheet.shape((170, 44, 44), (66, 34), (74, 27), (82, 34))
    sheet.shape((246, 214, 90), (81, 36), (100, 30), (100, 42), (81, 38))
    sheet.shape((222, 74, 110), (40, 28), (56, 42), (40, 66), (26, 42))
    sheet.shape((246, 160, 60), (40, 28), (56, 42), (40, 42))
    sheet.shape((96, 80, 160), (40, 66), (26, 42), (40, 42))
    for knot in range(7):
        x, y = 40 - knot * 4 + 3 * sin(knot), 68 + knot * 3.4
        sheet.shape(
            dice.choice(((222, 74, 110), (96, 80, 160), (246, 160, 60))), (x, y), (x + 4, y - 1.4), (x + 4, y + 1.4)
        )
        sheet.shape((250, 248, 244), (x, y), (x - 4, y - 1.4), (x - 4, y + 1.4))
    return sheet.finish()


def watercolour(dice: Random) -> Image.Image:
    """A lit town at night and its blurred reflection."""
    sheet = Sheet(COVER_SIZE, (44, 30, 84), (22, 20, 52))
    left = 0.0
    while left < 100:
        wide, top = dice.uniform(7, 14), dice.uniform(18, 44)
        shade = dice.choice(((80, 60, 130), (58, 48, 110), (104, 72, 140)))
        sheet.box(shade, left, top, left + wide, 60)
        for row in range(int((58 - top) / 4)):
            for column in range(int(wide / 3)):
                if dice.random() < 0.6:
                    x, y = left + 1 + column * 3, top + 2 + row * 4
                    sheet.box(dice.choice(((255, 214, 120), (255, 170, 90), (160, 220, 240))), x, y, x + 1.6, y + 2.2)
        left += wide
    height = sheet.height
    town = sheet.image.crop((0, int(height * 0.2), sheet.width, int(height * 0.6)))
    mirror = town.transpose(Image.Transpose.FLIP_TOP_BOTTOM).filter(ImageFilter.GaussianBlur(7))
    sheet.image.paste(mirror, (0, int(height * 0.6)))
    for _ in range(26):
        x, y = dice.uniform(0, 90), dice.uniform(62, 98)
        sheet.line(
            dice.choice(((255, 190, 120), (130, 160, 220), (230, 120, 150))), 0.8, (x, y), (x + dice.uniform(4, 16), y)
        )
    sheet.disc((250, 240, 214), 80, 10, 7)
    return sheet.finish()


def snow(dice: Random) -> Image.Image:
    """Lines of latitude over dark firs in snow."""
    sheet = Sheet(COVER_SIZE, (226, 236, 244), (246, 248, 250))
    for ring in range(7):
        sheet.disc((70, 108, 150), 50, 30, 8 + ring * 5.5, ring=0.7)
    for turn in range(12):
        angle = turn * pi / 12
        reach = [(50 + s * 41 * cos(angle), 30 + s * 29 * sin(angle)) for s in (-1, 1)]
        sheet.line((150, 176, 204), 0.4, *reach)
    sheet.box((190, 54, 50), 0, 29.3, 100, 30.7)
    for tree in range(13):
        x, tall = tree * 8 + dice.uniform(-2, 2), dice.uniform(20, 34)
        for tier in range(3):
            top = 94 - tall + tier * tall / 4
            sheet.shape(
                (28, 62, 66 + tier * 8),
                (x, top),
                (x + 4 + tier * 1.6, top + tall / 2.6),
                (x - 4 - tier * 1.6, top + tall / 2.6),
            )
    sheet.shape((255, 255, 255), (0, 92), (40, 88), (100, 93), (100, 100), (0, 100))
    for _ in range(110):
        sheet.disc((255, 255, 255), dice.uniform(0, 100), dice.uniform(48, 96), dice.uniform(0.4, 1.1))
    return sheet.finish()


def sea_charts(dice: Random) -> Image.Image:
    """A compass rose with rhumb lines between coasts."""
    sheet = Sheet(COVER_SIZE, (236, 216, 172), (214, 186, 132))
    for turn in range(32):
        angle = turn * pi / 16
        sheet.line((170, 134, 86), 0.35, (42, 40), (42 + 120 * cos(angle), 40 + 90 * sin(angle)))
    for coast in (((100, 0), -1.0, 26), ((0, 100), 1.0, 34)):
        (x0, y0), way, reach = coast
        edge = [(x0, y0)]
        wide = [way * (reach - step * reach / 14) * dice.uniform(0.8, 1.2) for step in range(15)]
        edge += [(x0 + reached, y0 - way * step * 3.4) for step, reached in enumerate(wide)]
        sheet.shape((150, 128, 78), *edge)
        sheet.line((84, 62, 36), 0.8, *edge)
    for point in range(16):
        angle, far = point * pi / 8, 26 if point % 4 == 0 else 17 if point % 2 == 0 else 10
        tip = (42 + far * cos(angle), 40 + far * 0.714 * sin(angle))
        for side, shade in ((-1, (120, 44, 36)), (1, (62, 44, 30))):
            turn = angle + side * pi / 16
            sheet.shape(shade, (42, 40), tip, (42 + 5 * cos(turn), 40 + 3.6 * sin(turn)))
    sheet.disc((120, 44, 36), 42, 40, 30, ring=0.8)
    for tick in range(0, 100, 5):
        sheet.box((62, 44, 30) if tick % 10 else (236, 216, 172), tick, 0, tick + 5, 1.6)
        sheet.box((62, 44, 30) if tick % 10 else (236, 216, 172), tick, 98.4, tick + 5, 100)
    return sheet.finish()


def glimmer(dice: Random) -> Image.Image:
    """One light among a lattice of dark dots."""
    sheet = Sheet(COVER_SIZE, (16, 18, 20), (34, 36, 30))
    for ring in range(22, 0, -1):
        glow = 30 + (22 - ring) * 9
        sheet.disc((glow, round(glow * 0.86), round(glow * 0.4)), 62, 58, ring * 1.5)
    for row in range(24):
        for column in range(17):
            x, y = column * 6.2 + (row % 2) * 3.1, row * 4.3
            sheet.disc((62, 70, 66), x, y, 0.5 + 0.9 * dice.random())
    sheet.box((206, 190, 120), 8, 8, 9, 40)
    sheet.box((206, 190, 120), 8, 8, 34, 8.7)
    return sheet.finish()


def no_signal(dice: Random) -> Image.Image:
    """A mast between far hills, framed as film."""
    sheet = Sheet(COVER_SIZE, (96, 122, 118), (206, 196, 160))
    for level, shade in enumerate(((120, 140, 128), (88, 110, 100), (56, 78, 72))):
        hills = [(x, 52 + level * 11 + 5 * sin(x / (11 - level * 2) + level * 2)) for x in range(0, 101, 2)]
        sheet.shape(shade, *hills, (100, 100), (0, 100))
    for ring in range(5):
        sheet.disc((236, 228, 196), 50, 26, 5 + ring * 6, ring=0.8)
    sheet.line((30, 34, 36), 1, (50, 26), (38, 84))
    sheet.line((30, 34, 36), 1, (50, 26), (62, 84))
    for brace in range(9):
        y, half = 32 + brace * 6, 1.2 + brace * 1.25
        sheet.line((30, 34, 36), 0.5, (50 - half, y), (50 + half + 1.2, y + 6))
        sheet.line((30, 34, 36), 0.5, (50 + half, y), (50 - half - 1.2, y + 6))
    sheet.line((190, 40, 36), 1.8, (22, 16), (78, 36))
    for _ in range(30):
        x, y = dice.uniform(10, 90), dice.uniform(86, 99)
        sheet.shape((40, 58, 54), (x, y), (x + 2, y), (x + 1, y - dice.uniform(2, 5)))
    for edge in (0, 91):
        sheet.box((20, 20, 22), edge, 0, edge + 9, 100)
        for hole in range(16):
            sheet.box((226, 222, 206), edge + 2.5, hole * 6.4 + 1.5, edge + 6.5, hole * 6.4 + 4.5)
    return sheet.finish()


def angler(dice: Random) -> Image.Image:
    """An icon: a rod that fishes a star out of the night."""
    sheet = Sheet(ICON_SIZE, (62, 44, 140), (24, 120, 168))
    for _ in range(50):
        sheet.disc((214, 224, 255), dice.uniform(0, 100), dice.uniform(0, 70), dice.uniform(0.4, 1.1))
    sheet.shape((16, 62, 110), *[(x, 76 + 3 * sin(x / 8)) for x in range(0, 101, 2)], (100, 100), (0, 100))
    rod = [(12 + step * 2.6, 88 - 74 * sin(step / 30 * pi / 2)) for step in range(31)]
    sheet.line((250, 226, 170), 3.2, *rod)
    sheet.line((240, 240, 250), 0.8, (90, 14), (72, 44))
    star = [
        (68 + (16 if turn % 2 == 0 else 7) * sin(turn * pi / 5), 56 - (16 if turn % 2 == 0 else 7) * cos(turn * pi / 5))
        for turn in range(10)
    ]
    sheet.shape((255, 206, 64), *star)
    sheet.disc((120, 70, 20), 64, 54, 1.8)
    sheet.disc((120, 70, 20), 72, 54, 1.8)
    sheet.disc((236, 92, 84), 16, 84, 7)
    return sheet.finish()


def village(dice: Random) -> Image.Image:
    """An icon: a fishing village of cubes."""
    sheet = Sheet(ICON_SIZE, (164, 222, 196), (96, 186, 206))
    for row in range(5):
        for column in range(5):
            if dice.random() < 0.18:
                continue
            x, y, side = 50 + (column - row) * 9.5, 24 + (column + row) * 7.5, 9.5
            tall = dice.uniform(5, 17)
            roof, left, right = dice.choice(
                (
                    ((240, 120, 90), (196, 82, 66), (158, 60, 56)),
                    ((250, 214, 110), (216, 170, 70), (176, 130, 52)),
                    ((246, 244, 232), (206, 204, 196), (160, 160, 158)),
                )
            )
            sheet.shape(left, (x - side, y - tall), (x, y + 7.5 - tall), (x, y + 7.5), (x - side, y))
            sheet.shape(right, (x + side, y - tall), (x, y + 7.5 - tall), (x, y + 7.5), (x + side, y))
            sheet.shape(roof, (x, y - 7.5 - tall), (x + side, y - tall), (x, y + 7.5 - tall), (x - side, y - tall))
    sheet.shape((120, 74, 48), (8, 88), (40, 88), (34, 96), (14, 96))
    sheet.shape((250, 250, 246), (24, 66), (24, 86), (40, 86))
    return sheet.finish()


def photo(dice: Random) -> Image.Image:
    """What sellers show instead of a cover: a wrapped parcel on a table, no two alike."""
    wood = (dice.randint(120, 190), dice.randint(90, 130), dice.randint(60, 90))
    sheet = Sheet(COVER_SIZE, wood, (wood[0] - 40, wood[1] - 40, wood[2] - 30))
    for _ in range(18):
        y = dice.uniform(0, 100)
        sheet.line((wood[0] - 16, wood[1] - 16, wood[2] - 14), 0.5, (0, y), (100, y + dice.uniform(-4, 4)))
    for _ in range(dice.randint(2, 5)):
        x, y, wide, tall = dice.uniform(5, 50), dice.uniform(5, 60), dice.uniform(20, 48), dice.uniform(14, 40)
        shade = (dice.randint(60, 240), dice.randint(60, 240), dice.randint(60, 240))
        lean = dice.uniform(-8, 8)
        sheet.shape(shade, (x, y), (x + wide, y + lean), (x + wide, y + tall + lean), (x, y + tall))
        sheet.line((245, 245, 240), 1, (x, y + tall / 2), (x + wide, y + tall / 2 + lean))
        sheet.line((245, 245, 240), 1, (x + wide / 2, y + lean / 2), (x + wide / 2, y + tall + lean / 2))
    return sheet.finish()


Artist = Callable[[Random], Image.Image]
PICTURES: dict[str, Artist] = {
    "covers/demo-01.png": tidal_library,
    "covers/demo-02.jpg": dragonback,
    "covers/demo-03.png": mistport,
    "covers/demo-04.png": bridge_manual,
    "covers/demo-05.png": kite,
    "covers/demo-06.jpg": watercolour,
    "icons/demo-07.png": angler,
    "icons/demo-08.png": village,
    "covers/demo-09.jpg": snow,
    "covers/demo-10.jpg": sea_charts,
    "covers/demo-11.png": glimmer,
    "covers/demo-12.jpg": no_signal,
}


def draw_picture(name: str) -> Image.Image:
    """The picture of a work by its path; always the same."""
    return PICTURES[name](Random(name))
