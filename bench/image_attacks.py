"""Attacks on pictures that ../shared/bench/images/make_queries.py does not include, in its format.

    python ../shared/bench/images/make_queries.py --extra bench/image_attacks.py --extra-only --out DIR

Each is `attack(image, rng, ctx) -> image` on RGB Pillow pictures. TUNE attacks were looked at during development, CHECK
attacks were not: results on CHECK have a chance to hold for unseen attacks. SIBLINGS turn a picture into *other* works
of the same design (another picture within the same layout): a `copy` for them is wrong, whatever make_queries calls
them.
"""

from __future__ import annotations

import io
import math
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Picture = Image.Image
Rng = np.random.Generator


def _array(image: Picture) -> Any:
    return np.asarray(image).astype(np.float32)


def _picture(array: Any) -> Picture:
    return Image.fromarray(np.clip(array, 0, 255).astype(np.uint8))


def _jpeg(image: Picture, quality: int) -> Picture:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def _fit_side(image: Picture, side: int) -> Picture:
    factor = side / max(image.size)
    return image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))), Image.LANCZOS)


def _colour(rng: Rng) -> tuple[int, ...]:
    return tuple(int(value) for value in rng.integers(0, 256, 3))


def halftone(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Printed in dots, as in a newspaper, and scanned."""
    image = _fit_side(image, 900)
    array = _array(image)
    ys, xs = np.mgrid[0 : image.height, 0 : image.width].astype(np.float32)
    channels = []
    for channel, angle in enumerate((15, 75, 0)):
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        screen = (np.sin((xs * c + ys * s) * 1.5) * np.sin((ys * c - xs * s) * 1.5) + 1) * 127
        channels.append(np.where(array[..., channel] > screen, 245.0, 20.0))
    return _picture(np.stack(channels, -1)).filter(ImageFilter.GaussianBlur(1.1))


def sepia(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """An old photograph: brown, flat, grainy, with dark corners."""
    grey = _array(image.convert("L"))[..., None]
    ys, xs = np.mgrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j]
    dark = 1 - 0.35 * (xs**2 + ys**2)[..., None]
    brown = (grey * 0.7 + 50) * np.array([1.05, 0.88, 0.66]) * dark
    return _picture(brown + rng.normal(0, 9, brown.shape))


def jpeg8_gamma(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Saved at very low quality and brightened or darkened."""
    power = 1.7 if rng.random() < 0.5 else 0.6
    return _jpeg(_jpeg(image, 8).point([round(255 * (v / 255) ** power) for v in range(256)] * 3), 30)


def stuck_picture(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Another picture pasted over a corner, a fifth of the area."""
    out = image.copy()
    width, height = (round(side * math.sqrt(0.2)) for side in out.size)
    place = (int(rng.integers(2)) * (out.width - width), int(rng.integers(2)) * (out.height - height))
    out.paste(ImageOps.fit(ctx.other(rng), (width, height)), place)
    return out


def strip3(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Three covers side by side, as in an offer of a set."""
    height = 420
    place = int(rng.integers(3))
    tiles = [image if n == place else ctx.other(rng) for n in range(3)]
    tiles = [tile.resize((max(8, round(tile.width * height / tile.height)), height), Image.LANCZOS) for tile in tiles]
    out = Image.new("RGB", (sum(tile.width for tile in tiles) + 40, height + 20), (255, 255, 255))
    left = 10
    for tile in tiles:
        out.paste(tile, (left, 10))
        left += tile.width + 10
    return _fit_side(out, min(1100, max(out.size)))


def gallery(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """A phone's picture viewer: black, the picture over the whole width, bars of buttons above and below."""
    width, height = 540, 1170
    out = Image.new("RGB", (width, height), (0, 0, 0))
    tile = image.resize((width, max(1, round(image.height * width / image.width))), Image.LANCZOS)
    tile = tile if tile.height <= height else _fit_side(tile, height)
    out.paste(tile, ((width - tile.width) // 2, (height - tile.height) // 2))
    pen = ImageDraw.Draw(out, "RGBA")
    pen.rectangle((0, 0, width, 110), fill=(0, 0, 0, 150))
    pen.rectangle((0, height - 130, width, height), fill=(0, 0, 0, 150))
    pen.text((20, 12), f"{int(rng.integers(24)):02d}:{int(rng.integers(60)):02d}", font=ctx.font(24), fill=(255,) * 3)
    pen.text((60, 60), ctx.word(rng), font=ctx.font(26), fill=(255,) * 3)
    for n in range(4):
        x = 70 + n * 130
        pen.ellipse((x - 18, height - 90, x + 18, height - 54), outline=(255, 255, 255), width=3)
        pen.text((x - 24, height - 48), ctx.word(rng)[:4], font=ctx.font(18), fill=(255,) * 3)
    return out


def _warp(image: Picture, corners: Any, size: tuple[int, int], back: Picture) -> Picture:
    width, height = image.size
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
    warped = cv2.warpPerspective(np.asarray(image), matrix, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size)[..., None] / 255
    return _picture(_array(back.resize(size)) * (1 - mask) + warped * mask)


def steep_screen(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """A screen photographed from the side, with coarse moire."""
    image = _fit_side(image, 560)
    width, height = image.size
    ys, xs = np.mgrid[0:height, 0:width]
    waves = 1 + 0.12 * np.sin(xs * 0.9 + ys * 0.12) + 0.08 * np.sin((xs + ys) * 0.35 + rng.random() * 6)
    image = _picture(_array(image) * waves[..., None])
    lean = rng.uniform(0.12, 0.24)
    left, top = width * 0.2, height * 0.2
    corners = [
        (left, top + lean * height),
        (left + width * 0.8, top),
        (left + width * 0.8, top + height),
        (left, top + height * (1 - lean)),
    ]
    if rng.random() < 0.5:
        corners = [(width * 1.4 - x, y) for x, y in (corners[1], corners[0], corners[3], corners[2])]
    out = _warp(image, corners, (round(width * 1.4), round(height * 1.4)), ctx.other(rng))
    return _jpeg(_picture(_array(out.filter(ImageFilter.GaussianBlur(0.8))) + rng.normal(0, 5, 1)), 65)


def palette(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """A GIF of 16 colours, dithered."""
    return image.quantize(16).convert("RGB")


def apply_filter(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """A social network's filter: warm, vignette, contrast, grain."""
    ys, xs = np.mgrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j]
    array = _array(ImageEnhance.Contrast(image).enhance(1.35)) * np.array([1.12, 1.0, 0.8])
    array = array * (1.1 - 0.45 * (xs**2 + ys**2)[..., None])
    return _picture(array + rng.normal(0, 8, array.shape))


def stretch(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Another aspect ratio: a third wider or higher."""
    wide = rng.random() < 0.5
    return image.resize(
        (round(image.width * 1.33), image.height) if wide else (image.width, round(image.height * 1.33)), Image.BICUBIC
    )


def round_corners(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Rounded corners on a colour gradient with a shadow."""
    image = _fit_side(image, 560)
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *image.size), min(image.size) // 8, fill=255)
    size = (image.width + 200, image.height + 200)
    top_colour, bottom_colour = np.array(_colour(rng)), np.array(_colour(rng))
    gradient = np.linspace(0, 1, size[1])[:, None, None]
    back = _picture(np.broadcast_to(top_colour * (1 - gradient) + bottom_colour * gradient, (size[1], size[0], 3)))
    shadow = Image.new("L", size, 0)
    shadow.paste(160, (110, 118), mask)
    back.paste((0, 0, 0), (0, 0), shadow.filter(ImageFilter.GaussianBlur(14)))
    back.paste(image, (100, 100), mask)
    return back


def write_over(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Large, outlined sales words across the picture."""
    out = image.copy()
    pen = ImageDraw.Draw(out)
    for n in range(4):
        size = out.height * 0.11
        place = (out.width * rng.uniform(0, 0.25), out.height * (0.06 + 0.24 * n))
        pen.text(place, f"{ctx.word(rng)} {ctx.word(rng)}", font=ctx.font(size), fill=_colour(rng), stroke_width=3)
    return out


def shear(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Slanted to one side, on white."""
    lean = 0.18 * (1 if rng.random() < 0.5 else -1)
    width = round(image.width + abs(lean) * image.height)
    shift = 0 if lean > 0 else -abs(lean) * image.height
    data = (1, lean, shift - (lean * image.height if lean > 0 else 0), 0, 1, 0)
    return image.transform((width, image.height), Image.AFFINE, data, Image.BICUBIC, fillcolor=(255, 255, 255))


def mirrored_photo(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """A selfie camera's photo of the picture: mirrored, in perspective, noisy."""
    image = ImageOps.mirror(_fit_side(image, 560))
    width, height = image.size
    base = np.array([[0, 0], [width, 0], [width, height], [0, height]]) + np.array([width, height]) * 0.2
    corners = base + rng.uniform(-0.1, 0.1, (4, 2)) * [width, height]
    out = _warp(image, corners, (round(width * 1.4), round(height * 1.4)), ctx.other(rng))
    return _jpeg(_picture(_array(out) + rng.normal(0, 7, (out.height, out.width, 3))), 60)


def curve_page(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """A bent page: the columns sag like the leaf of an open book."""
    array = np.asarray(image)
    height, width = array.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    sag = height * 0.05 * np.sin(xs / width * math.pi).astype(np.float32)
    return Image.fromarray(cv2.remap(array, xs, ys + sag - height * 0.025, cv2.INTER_LINEAR, borderValue=(250,) * 3))


def pixelate(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Shown in coarse pixels."""
    small = _fit_side(image, 110)
    return small.resize(image.size, Image.NEAREST)


def oversharp(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Sharpened and saturated excessively."""
    return ImageEnhance.Color(image.filter(ImageFilter.UnsharpMask(4, 300, 0))).enhance(2.2)


def confetti(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Thirty small stickers all over."""
    out = image.copy()
    pen = ImageDraw.Draw(out)
    for _ in range(30):
        x, y, r = rng.random() * out.width, rng.random() * out.height, (0.025 + 0.02 * rng.random()) * max(out.size)
        shape = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        shape((x - r, y - r, x + r, y + r), fill=_colour(rng))
    return out


def ghost(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Another picture shines through."""
    return Image.blend(image, ImageOps.fit(ctx.other(rng), image.size), 0.3)


def add_frame(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """In an ornamental frame."""
    border = round(0.1 * max(image.size))
    out = ImageOps.fit(ctx.other(rng), (image.width + 2 * border, image.height + 2 * border))
    out = ImageEnhance.Color(out).enhance(0.2)
    out.paste(image, (border, border))
    pen = ImageDraw.Draw(out)
    for inset, colour in ((0, (120, 90, 40)), (border - 4, (200, 170, 90))):
        box = (inset, inset, out.width - 1 - inset, out.height - 1 - inset)
        pen.rectangle(box, outline=colour, width=max(3, border // 6))
    return out


def square_filter_mirror(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Cut to a square, mirrored, faded."""
    side = min(image.size)
    square = ImageOps.mirror(ImageOps.fit(image, (side, side), centering=(0.5, float(rng.random()))))
    return _jpeg(ImageEnhance.Color(ImageEnhance.Contrast(square).enhance(0.7)).enhance(0.5), 50)


def book_mockup(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """A drawn book standing on a desk: the cover in perspective, a spine beside it."""
    image = _fit_side(image, 560)
    width, height = image.size
    size = (round(width * 1.5), round(height * 1.35))
    back = Image.new("RGB", size, _colour(rng))
    left, top = width * 0.3, height * 0.14
    narrow = width * 0.82
    corners = [(left, top), (left + narrow, top + height * 0.06), (left + narrow, top + height * 0.98)]
    out = _warp(image, [*corners, (left, top + height * 1.06)], size, back)
    pen = ImageDraw.Draw(out)
    spine = [
        (left - 30, top + 12),
        (left, top),
        (left, top + height * 1.06),
        (left - 30, top + height * 1.02),
    ]
    pen.polygon(spine, fill=_colour(rng))
    return out.filter(ImageFilter.GaussianBlur(0.6))


def letter(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Printed on a sheet with lines of text around it, scanned slightly turned."""
    tile = _fit_side(image, 420)
    sheet = Image.new("RGB", (760, 1060), (252, 252, 250))
    pen = ImageDraw.Draw(sheet)
    for line in range(32):
        text = " ".join(ctx.word(rng) for _ in range(5))
        pen.text((50, 30 + line * 32), text, font=ctx.font(17), fill=(40, 40, 40))
    sheet.paste(tile, (int(rng.integers(40, 760 - tile.width)), int(rng.integers(40, 1000 - tile.height))))
    return sheet.rotate(float(rng.uniform(-3, 3)), Image.BICUBIC, fillcolor=(255, 255, 255)).convert("L").convert("RGB")


def _replace_part(image: Picture, other: Picture, box: tuple[float, float, float, float]) -> Picture:
    out = image.copy()
    left, top, right, bottom = (round(part * side) for part, side in zip(box, (*out.size, *out.size), strict=True))
    out.paste(ImageOps.fit(other, (right - left, bottom - top)), (left, top))
    return out


def sibling_centre(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """The same frame and headings, another picture in the middle (half of the area)."""
    return _replace_part(image, ctx.other(rng), (0.13, 0.16, 0.87, 0.84))


def sibling_half(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """The same upper or lower half, another picture in the other one."""
    up = rng.random() < 0.5
    return _replace_part(image, ctx.other(rng), (0, 0, 1, 0.5) if up else (0, 0.5, 1, 1))


def sibling_banner(image: Picture, rng: Rng, ctx: Any) -> Picture:
    """Another picture with the same third at the top: a publisher's banner."""
    other = ImageOps.fit(ctx.other(rng), image.size)
    return _replace_part(other, image.crop((0, 0, image.width, image.height // 3)), (0, 0, 1, 1 / 3))


TUNE_ATTACKS = {
    "sepia": sepia,
    "stuck_picture": stuck_picture,
    "strip3": strip3,
    "gallery": gallery,
    "palette": palette,
    "stretched": stretch,
    "written_over": write_over,
    "mirrored_photo": mirrored_photo,
    "ghost": ghost,
    "framed": add_frame,
    "curved": curve_page,
}
CHECK_ATTACKS = {
    "halftone": halftone,
    "jpeg8_gamma": jpeg8_gamma,
    "steep_screen": steep_screen,
    "filtered": apply_filter,
    "rounded": round_corners,
    "sheared": shear,
    "pixelated": pixelate,
    "oversharp": oversharp,
    "confetti": confetti,
    "square_filter_mirror": square_filter_mirror,
    "book_mockup": book_mockup,
    "letter": letter,
}
SIBLING_ATTACKS = {"sibling_centre": sibling_centre, "sibling_half": sibling_half, "sibling_banner": sibling_banner}
ATTACKS = TUNE_ATTACKS | CHECK_ATTACKS | SIBLING_ATTACKS
