"""Draws docs/rooms.svg: the packages as rooms with their modules, an arrow where one room imports another.

    python -m tools.draw_rooms            writes docs/rooms.svg
    python -m tools.draw_rooms --check    exits 1 where the drawing is out of date

Arrows into the ground floor (the modules of crawler/ itself, which every room may use) are left out, and so is an
arrow that a chain of others implies.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping
from html import escape

from tools.imports import LAYERS, ROOT, import_graph

DRAWING = ROOT / "docs" / "rooms.svg"
GROUND_FLOOR = "crawler"
SPLIT_PACKAGES = ("crawler", "matchers", "desk")  # their folders are rooms of their own
BOX_WIDTH, LINE_HEIGHT, GAP, ROW_GAP, MARGIN = 190, 13, 22, 46, 20
MAX_ROW_ROOMS = 5
MAX_LINE_CHARS = 31
PALETTE = {
    "desk": "#fde8d0", "pipelines": "#e3f0d8", "screening": "#d6ecec", "spiders": "#e6e0f3", "matchers": "#dbe6f8",
    "registry": "#f8dfe4", "crawler": "#eeeeee",
}  # fmt: skip


def room_of(module: str, modules: set[str]) -> str:
    """The room of a module: its package, and the folder in it where that is a room of its own."""
    parts = module.split(".")
    folder = ".".join(parts[:2])
    is_folder = any(other.startswith(f"{folder}.") for other in modules)
    return folder if parts[0] in SPLIT_PACKAGES and len(parts) > 1 and is_folder else parts[0]


def room_imports(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Room -> the rooms that it imports, without the ground floor."""
    modules = set(graph)
    rooms: dict[str, set[str]] = {room_of(module, modules): set() for module in sorted(modules)}
    for module, targets in graph.items():
        room = room_of(module, modules)
        rooms[room] |= {room_of(target, modules) for target in targets} - {room, GROUND_FLOOR}
    return rooms


def reachable(rooms: Mapping[str, set[str]], start: str, without: tuple[str, str]) -> set[str]:
    """The rooms that can be reached from one, when one arrow is left out."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        room = waiting.pop()
        for target in rooms[room]:
            if (room, target) != without and target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def levels_of(rooms: Mapping[str, set[str]]) -> dict[str, int]:
    """Room -> how many rooms stand one above the other below it; rooms in a circle are told apart by their names."""
    levels: dict[str, int] = {}

    def level(room: str, path: tuple[str, ...]) -> int:
        if room not in levels:
            below = [level(target, (*path, room)) for target in sorted(rooms[room]) if target not in (*path, room)]
            if path and any(target in path for target in rooms[room]):
                return 1 + max(below, default=-1)
            levels[room] = 1 + max(below, default=-1)
        return levels[room]

    for room in sorted(rooms):
        level(room, ())
    return levels


def draw(graph: Mapping[str, set[str]]) -> str:
    """The drawing as SVG; the same imports give the same text."""
    rooms = room_imports(graph)
    arrows = [
        (room, target)
        for room, targets in rooms.items()
        for target in sorted(targets)
        if target not in reachable(rooms, room, (room, target))
    ]
    modules = defaultdict(list)
    for module in sorted(graph):
        room = room_of(module, set(graph))
        if module != room:
            modules[room].append(module.removeprefix(f"{room}."))
    places, width, height = lay_out(rooms, modules)
    shapes = [arrow_shape(places[start], places[end]) for start, end in arrows]
    shapes += [room_shape(room, places[room], modules[room]) for room in rooms]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        'font-size="11"><defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="3" orient="auto">'
        '<path d="M0,0 L7,3 L0,6" fill="none" stroke="#555"/></marker></defs>'
        '<rect width="100%" height="100%" fill="#fff"/>'
    )
    return "\n".join([head, *shapes, "</svg>\n"])


def lay_out(
    rooms: Mapping[str, set[str]], modules: Mapping[str, list[str]]
) -> tuple[dict[str, tuple[int, int, int]], int, int]:
    """Room -> (x, y, height), one band of rows a layer of imports, the ground floor last; and the size of it all."""
    levels = levels_of({room: targets for room, targets in rooms.items() if room != GROUND_FLOOR})
    rows: list[list[str]] = []
    for layer in LAYERS:
        band = sorted((room for room in levels if room.split(".")[0] in layer), key=lambda room: (-levels[room], room))
        rows += [sorted(band[start : start + MAX_ROW_ROOMS]) for start in range(0, len(band), MAX_ROW_ROOMS)]
    rows.append([GROUND_FLOOR])
    width = 2 * MARGIN + MAX_ROW_ROOMS * BOX_WIDTH + (MAX_ROW_ROOMS - 1) * GAP
    places: dict[str, tuple[int, int, int]] = {}
    y = MARGIN
    for row in rows:
        x = (width - len(row) * BOX_WIDTH - (len(row) - 1) * GAP) // 2
        heights = {room: (2 + len(text_lines(modules[room]))) * LINE_HEIGHT for room in row}
        for room in row:
            places[room] = (x, y, heights[room])
            x += BOX_WIDTH + GAP
        y += max(heights.values()) + ROW_GAP
    return places, width, y - ROW_GAP + MARGIN


def text_lines(names: list[str]) -> list[str]:
    """Names of modules, as many in a line as the box is wide."""
    lines = [""]
    for name in names:
        longer = f"{lines[-1]}, {name}" if lines[-1] else name
        if len(longer) > MAX_LINE_CHARS and lines[-1]:
            lines.append(name)
        else:
            lines[-1] = longer
    return lines


def room_shape(room: str, place: tuple[int, int, int], names: list[str]) -> str:
    """A box with the room's name and its modules."""
    x, y, height = place
    colour = PALETTE[room.split(".")[0]]
    lines = [
        f'<text x="{x + 8}" y="{y + (2 + number) * LINE_HEIGHT + 2}" fill="#333" font-size="10">{escape(line)}</text>'
        for number, line in enumerate(text_lines(names))
    ]
    return (
        f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{height + 4}" rx="4" fill="{colour}" stroke="#888"/>'
        f'<text x="{x + 8}" y="{y + LINE_HEIGHT + 1}" font-weight="bold">{escape(room)}</text>' + "".join(lines)
    )


def arrow_shape(start: tuple[int, int, int], end: tuple[int, int, int]) -> str:
    """A curve from the edge of a room to the edge of the one that it imports."""
    is_up = start[1] > end[1]
    x1, y1 = start[0] + BOX_WIDTH // 2, start[1] if is_up else start[1] + start[2] + 4
    x2, y2 = end[0] + BOX_WIDTH // 2, end[1] - 2 if start[1] < end[1] else end[1] + end[2] + 6
    bend1, bend2 = (-ROW_GAP if is_up else ROW_GAP), (-ROW_GAP if start[1] < end[1] else ROW_GAP)
    return (
        f'<path d="M{x1},{y1} C{x1},{y1 + bend1} {x2},{y2 + bend2} {x2},{y2}" fill="none" stroke="#777" '
        'marker-end="url(#tip)"/>'
    )


def main() -> None:
    """Write the drawing, or check it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the drawing is out of date")
    drawing = draw(import_graph())
    if parser.parse_args().check:
        sys.exit(DRAWING.read_text(encoding="utf-8") != drawing)
    DRAWING.write_text(drawing, encoding="utf-8")


if __name__ == "__main__":
    main()
