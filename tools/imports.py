"""The modules of the packages and what each imports, read from the source: for tests and the drawing of the rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = (("desk",), ("pipelines",), ("screening",), ("spiders", "matchers"), ("registry",), ("crawler",))
PACKAGES = tuple(package for layer in LAYERS for package in layer)


@cache
def module_paths(root: Path = ROOT) -> dict[str, Path]:
    """Dotted name -> file, for all modules of the packages but the migrations of the schema."""
    paths = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                name = ".".join(path.relative_to(root).with_suffix("").parts)
                paths[name.removesuffix(".__init__")] = path
    return paths


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Every (module, name) imported, inside functions and for type checkers too; name "" for `import module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


@cache
def import_graph(root: Path = ROOT) -> dict[str, set[str]]:
    """Module -> the modules of the packages that it imports."""
    modules = module_paths(root)
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        targets = {
            f"{base}.{name}" if f"{base}.{name}" in modules else base for base, name in imported_names(parse(path))
        }
        graph[module] = {target for target in targets if target in modules and target != module}
    return graph


def importers(graph: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Module -> the modules that import it."""
    users: dict[str, set[str]] = {module: set() for module in graph}
    for module, targets in graph.items():
        for target in targets:
            users[target].add(module)
    return users


def import_cycles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The modules that lie on circles of imports (or between two of them), as one sorted group; [] without a circle.

    What imports nothing, or is imported by nothing, is peeled off until nothing is left or only circles are.
    """
    left = {module: set(targets) for module, targets in graph.items()}
    while True:
        users = importers(left)
        outside = {module for module in left if not left[module] or not users[module]}
        if not outside:
            return [sorted(left)] if left else []
        left = {module: targets - outside for module, targets in left.items() if module not in outside}
