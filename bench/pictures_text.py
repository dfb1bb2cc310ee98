"""Draw covers that are nearly all text, as a class of their own for bench/pictures.py: books with shared designs.

    python bench/pictures_text.py ../shared/bench/images OUT
    python ../shared/bench/images/make_queries.py --originals OUT/originals --works OUT/works.jsonl --out OUT/queries \
        --per-attack 4 --negatives 90
    python -m bench.pictures OUT/works.jsonl OUT/queries/queries.jsonl --index OUT/looks -o OUT/predictions.jsonl
    python ../shared/bench/images/score_images.py OUT/predictions.jsonl OUT/queries/queries.jsonl

Ten designs (colours, frame, positions of title, lines and author) have four registered and four other covers each; 30
covers on either side have a design of their own. Collages are filled up with photographs of the shared benchmark.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

COVER_SIZE = (600, 850)
DESIGN_COUNT, VOLUMES_PER_DESIGN, SINGLE_COUNT, PHOTOGRAPH_COUNT = 10, 8, 60, 30
SYLLABLES = ("ka", "ren", "to", "mi", "sol", "ver", "an", "di", "lu", "por", "esk", "no", "bri", "el", "mar", "us")


def main() -> None:
    """Draw the covers and write the lists of works and distractors."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bench", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    folder = options.out / "originals"
    folder.mkdir(parents=True, exist_ok=True)
    volumes = [(design, volume) for design in range(DESIGN_COUNT) for volume in range(VOLUMES_PER_DESIGN)]
    singles = [(DESIGN_COUNT + single, single % 2) for single in range(SINGLE_COUNT)]
    works, others = [], []
    for design, volume in volumes + singles:
        name = f"text_{design:03}_{volume}.png"
        _draw_cover(design, volume).save(folder / name)
        series = f"design_{design}" if design < DESIGN_COUNT else None
        if volume % 2:
            others.append(f"originals/{name}\ttext\t{series or '-'}")
        else:
            row = {"work_id": name[5:-4], "title": name, "kind": "text", "images": [f"originals/{name}"]}
            works.append(json.dumps(row | {"series": series}))
    rows = (options.bench / "distractors.txt").read_text(encoding="utf-8").splitlines()
    paths = [row.split("\t")[0] for row in rows if row.split("\t")[1:] == ["photo", "-"]][:PHOTOGRAPH_COUNT]
    others += [f"{(options.bench / place).resolve()}\tphoto\t-" for place in paths]
    (options.out / "works.jsonl").write_text("\n".join(works) + "\n", encoding="utf-8")
    (options.out / "distractors.txt").write_text("\n".join(others) + "\n", encoding="utf-8")


def _draw_cover(design: int, volume: int) -> Image.Image:
    """One cover: the style is drawn from `design` alone, the words from `design` and `volume`."""
    style, words = Random(design), Random(1000 * design + volume)
    dark = style.random() < 0.4
    paper, ink = ((25, 60), (215, 250)) if dark else ((215, 250), (15, 70))
    image = Image.new("RGB", COVER_SIZE, tuple(style.randrange(*paper) for _ in range(3)))
    pen, colour = ImageDraw.Draw(image), tuple(style.randrange(*ink) for _ in range(3))
    margin, title, line = style.randrange(40, 80), style.randrange(48, 76), style.randrange(17, 26)
    if style.random() < 0.5:
        pen.rectangle(
            (margin // 2, margin // 2, COVER_SIZE[0] - margin // 2, COVER_SIZE[1] - margin // 2),
            outline=colour,
            width=3,
        )
    top = float(style.randrange(60, 130))
    top = _write_lines(pen, words, (margin, top), title, colour, lines=words.randrange(2, 4))
    pen.line((margin, top + 14, COVER_SIZE[0] - margin, top + 14), fill=colour, width=style.randrange(2, 7))
    top = _write_lines(pen, words, (margin, top + 34), line + 8, colour, lines=2)
    lines = int((COVER_SIZE[1] - 150 - top) // (1.35 * line))
    _write_lines(pen, words, (margin, top + 24), line, colour, lines=lines)
    _write_lines(pen, words, (margin, COVER_SIZE[1] - 95.0), 30, colour, lines=1)
    return image


def _write_lines(
    pen: ImageDraw.ImageDraw, words: Random, start: tuple[float, float], size: int, colour: tuple[int, ...], lines: int
) -> float:
    """Write lines as wide as the page; returns the vertical position behind them."""
    font = ImageFont.load_default(size)
    left, top = start
    for _ in range(lines):
        text = _invent_word(words).capitalize()
        while pen.textlength(f"{text} {(further := _invent_word(words))}", font=font) < COVER_SIZE[0] - 2 * left:
            text = f"{text} {further}"
        pen.text((left, top), text, font=font, fill=colour)
        top += 1.35 * size
    return top


def _invent_word(words: Random) -> str:
    return "".join(words.choice(SYLLABLES) for _ in range(words.randrange(1, 4)))


if __name__ == "__main__":
    main()
