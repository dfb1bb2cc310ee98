"""Time the extraction of share links: usual texts, texts without any, adversarial megabytes, QR codes.

    python bench/links_speed.py

Processor time of one process. The texts are those of the tests; nothing else is needed.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402

from crawler.pictures.qr import qr_codes  # noqa: E402
from crawler.shares import extract_links  # noqa: E402
from tests.crawler.shares.test_seller_texts import HOSTILE_TEXTS, LINK, TEXTS  # noqa: E402

PLAIN_TEXT = "正版图书 潮汐钟楼的守望者 闻笙著 全三册 精装 品相九五，出版社直发。" * 6


def main() -> None:
    """Print one line per figure."""
    extract_links(LINK)
    linked_texts = [(f"{row['text']} " + PLAIN_TEXT)[:200] for row in TEXTS if len(row["text"]) < 160]
    seconds = [median_cpu_seconds(extract_links, text, 5) for text in linked_texts]
    times = f"median {median(seconds) * 1000:.2f} ms, worst {max(seconds) * 1000:.2f} ms"
    print(f"text of 200 signs with a link or a mark: {times}")
    print(
        f"text of 200 signs without any: median {median_cpu_seconds(extract_links, PLAIN_TEXT[:200], 400) * 1e6:.1f} µs"
    )
    for name, (before, repeated, times, after) in HOSTILE_TEXTS.items():
        print(f"1 MB, {name}: {median_cpu_seconds(extract_links, before + repeated * times + after, 1):.2f} s")
    qr_seconds = median_cpu_seconds(qr_codes, np.asarray(plain_picture()), 15)
    print(f"picture of 1200 x 900 without a QR code: median {qr_seconds * 1000:.1f} ms")


def median_cpu_seconds(function: Callable[[object], object], argument: object, times: int) -> float:
    """The median processor time of `done(what)` over `times` runs, in seconds."""
    seconds = []
    for _ in range(times):
        begun = time.process_time()
        function(argument)
        seconds.append(time.process_time() - begun)
    return median(seconds)


def plain_picture() -> Image.Image:
    """A drawn picture with edges and without a QR code."""
    image = Image.new("RGB", (1200, 900), "white")
    pen = ImageDraw.Draw(image)
    for place in range(0, 1200, 40):
        pen.line((place, 0, 1200 - place, 900), fill=(place % 255, 90, 160), width=5)
        pen.rectangle((place, place // 2, place + 60, place // 2 + 90), outline="black")
    return Image.open(io.BytesIO(encode_jpeg(image))).convert("RGB")


def encode_jpeg(image: Image.Image) -> bytes:
    """The picture as JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


if __name__ == "__main__":
    main()
