"""Measure how many pictures with cropped margins, compressed again, are found, and how many as another work.

    python bench/cuts.py [--works 500] [--seed 7]

Every second original is cropped by 8 to 12 % on one, two or four sides, saved at quality 40 and compared with all.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
from collections import Counter
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crawler.items import Picture
from crawler.pictures import PictureError, inspect_picture
from matchers.images import Looks

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "bench" / "images"
SIDES = {1: (1, 0, 0, 0), 2: (1, 0, 0, 1), 4: (1, 1, 1, 1)}


def cut(data: bytes, sides: int, chance: random.Random) -> bytes:
    """The picture with the margins of `sides` sides cropped, as JPEG of quality 40."""
    image = Image.open(io.BytesIO(data)).convert("RGBA").convert("RGB")
    width, height = image.size
    left, top, right, bottom = (side * chance.uniform(0.08, 0.12) for side in SIDES[sides])
    box = (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    out = io.BytesIO()
    image.crop(box).save(out, "JPEG", quality=40)
    return out.getvalue()


def main() -> int:
    """Print recall and wrong pairs by the number of cropped sides."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--works", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    if not DATA.exists():
        print("the pictures are not there: ../shared/bench/images")
        return 0
    rows = [json.loads(line) for line in (DATA / "works.jsonl").read_text(encoding="utf-8").splitlines()]
    chance = random.Random(arguments.seed)
    registered: list[tuple[int, Picture]] = []
    originals: list[bytes] = []
    for row in rows[: arguments.works]:
        data = (DATA / row["images"][0]).read_bytes()
        try:
            registered.append((len(originals), inspect_picture(data, row["images"][0])))
        except PictureError:
            continue
        originals.append(data)
    looks = Looks(registered)
    for sides in SIDES:
        told: Counter[str] = Counter()
        for number in range(0, len(originals), 2):
            query = inspect_picture(cut(originals[number], sides, chance), "query")
            sure = {near.work for near in looks.near(query) if not near.doubtful}
            told["queries"] += 1
            told["found"] += number in sure
            told["wrong"] += len(sure - {number})
        print(f"cut on {sides} sides: {told['found']} of {told['queries']} found, {told['wrong']} wrong pairs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
