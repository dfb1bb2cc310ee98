"""Make a registry of many works and a stream of 1600-pixel listing pictures for bench/pictures.py to time.

    python bench/pictures_stream.py ../shared/bench/images OUT --works 10000 --strangers 270 --copies 30
    python -m bench.pictures OUT/works.jsonl OUT/queries.jsonl --index OUT/looks --workers 1 -o OUT/predictions.jsonl

The benchmark's 498 works are filled up with mosaics of half of its distractors; strangers are pictures of the other
half, copies are works re-saved, cropped, photographed or framed by make_queries.py's own attacks, in turn.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

QUERY_SIDE_PIXELS, WORK_SIDE_PIXELS = 1600, 800
CELLS_PER_SIDE = 3  # per side of a mosaic
ATTACKS = ("jpeg40", "bright", "crop25", "persp", "collage2", "phone", "jpeg20", "flip", "identity", "small150")


def main() -> None:
    """Write works, queries and their pictures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bench", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--works", type=int, default=10_000)
    parser.add_argument("--strangers", type=int, default=270)
    parser.add_argument("--copies", type=int, default=30)
    options = parser.parse_args()
    options.bench = options.bench.resolve()
    maker = _load_maker(options.bench / "make_queries.py")
    lines = (options.bench / "distractors.txt").read_text().splitlines()
    paths = [options.bench / line.split("\t")[0] for line in lines if not line.startswith("#")]
    dice = np.random.default_rng(20261123)
    works = [json.loads(line) for line in (options.bench / "works.jsonl").read_text().splitlines()]
    for work in works:
        work["images"] = [str(options.bench / image) for image in work["images"]]
    (options.out / "works").mkdir(parents=True, exist_ok=True)
    (options.out / "images").mkdir(exist_ok=True)
    parts = [maker.load_rgb(path) for path in paths[::2]]
    for number in range(len(works), options.works):
        path = options.out / "works" / f"{number}.jpg"
        _draw_mosaic(parts, dice).save(path, quality=90)
        works.append({"work_id": f"m{number}", "title": str(number), "images": [str(path)]})
    _write_rows(options.out / "works.jsonl", works)
    rows = [_write_stranger(paths[1::2], number, options.out, maker) for number in range(options.strangers)]
    context = maker.Context(paths[1::2])
    for number in range(options.copies):
        work = works[int(dice.integers(498))]
        attack = ATTACKS[number % len(ATTACKS)]
        copy_image = maker.ATTACKS[attack](maker.load_rgb(work["images"][0]), dice, context)
        rows.append(
            _write_query(copy_image, f"c{number}", work["work_id"], options.out, maker)
            | {"attack": attack, "role": "copy"}
        )
    _write_rows(options.out / "queries.jsonl", rows)


def _draw_mosaic(parts: list[Image.Image], dice: np.random.Generator) -> Image.Image:
    """A mosaic of cut-outs of other pictures, none of them complete."""
    wide, high = WORK_SIDE_PIXELS * int(dice.integers(6, 10)) // 10, WORK_SIDE_PIXELS
    out = Image.new("RGB", (wide, high))
    for cell in range(CELLS_PER_SIDE * CELLS_PER_SIDE):
        source = parts[int(dice.integers(len(parts)))]
        side = max(24, int(min(source.size) * dice.uniform(0.3, 0.6)))
        left, top = (int(dice.integers(0, extent - side + 1)) for extent in source.size)
        cut = source.crop((left, top, left + side, top + side))
        tile = ImageOps.mirror(cut) if dice.random() < 0.5 else cut
        size = (wide // CELLS_PER_SIDE + 1, high // CELLS_PER_SIDE + 1)
        out.paste(tile.resize(size), (cell % CELLS_PER_SIDE * (size[0] - 1), cell // CELLS_PER_SIDE * (size[1] - 1)))
    return out


def _write_stranger(paths: list[Path], number: int, out: Path, maker: Any) -> dict[str, Any]:
    image = maker.load_rgb(paths[number % len(paths)])
    return _write_query(image, f"s{number}", None, out, maker) | {"attack": "identity", "role": "negative"}


def _write_query(image: Image.Image, name: str, gold: str | None, out: Path, maker: Any) -> dict[str, Any]:
    maker.fit_side(image, QUERY_SIDE_PIXELS).save(out / "images" / f"{name}.jpg", quality=88)
    return {"query_id": name, "image": f"images/{name}.jpg", "gold": gold, "kind": "any", "series": None}


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _load_maker(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("make_queries", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
