"""Every regular expression of the project takes linear time on texts made to hurt it.

They are found, not listed: in the modules' values and in the calls of their sources. For each repeat of an expression a
text is made that fills it and then breaks it; a text four times as long may take four times as long, not sixteen.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import re._constants as codes  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import slowdown

PACKAGES = ("crawler", "registry", "spiders", "matchers", "pipelines", "desk")
LENGTH = 12_000  # repetitions of what fills a repeat
QUADRATIC = 9.0  # between linear (4) and quadratic (16)
_CALLS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}


def modules() -> Iterator[Any]:
    for package in PACKAGES:
        root = importlib.import_module(package)
        yield root
        for each in pkgutil.walk_packages(root.__path__, f"{package}."):
            if ".migrations" not in each.name and "__main__" not in each.name:
                yield importlib.import_module(each.name)


def values(thing: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    if isinstance(thing, re.Pattern):
        yield thing
    elif depth < 3 and isinstance(thing, dict):
        for each in thing.values():
            yield from values(each, depth + 1)
    elif depth < 3 and isinstance(thing, tuple | list | set | frozenset):
        for each in thing:
            yield from values(each, depth + 1)


def written(file: Path) -> Iterator[re.Pattern[Any]]:
    """Expressions that stand as constants in calls of `re`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _CALLS
            and node.args
        ):
            first = node.args[0]
            is_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
            if is_re and isinstance(first, ast.Constant) and isinstance(first.value, str | bytes):
                yield re.compile(first.value)


def expressions() -> list[re.Pattern[Any]]:
    found: dict[tuple[Any, int], re.Pattern[Any]] = {}
    for module in modules():
        for pattern in values(list(vars(module).values())):
            found[pattern.pattern, pattern.flags] = pattern
        for pattern in written(Path(module.__file__)) if module.__file__ else ():
            found.setdefault((pattern.pattern, pattern.flags), pattern)
    return [found[key] for key in sorted(found, key=str)]


def sample(tree: Any) -> str:
    """A short text that a parsed expression matches, roughly."""
    return "".join(_filled(code, value) for code, value in tree)


def _filled(code: Any, value: Any) -> str:
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.NOT_LITERAL:
        return "x" if value != ord("x") else "y"
    if code is codes.IN:
        return _member(value)
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return sample(value[2]) * max(1, value[0])
    if code is codes.SUBPATTERN:
        return sample(value[3])
    if code is codes.BRANCH:
        return sample(value[1][0])
    if code is codes.ATOMIC_GROUP:
        return sample(value)
    return "x" if code is codes.ANY else ""


def _member(members: Any) -> str:
    if members[0][0] is codes.NEGATE:
        unwanted = [re.compile(f"[{chr(value)!r}]") for code, value in members[1:] if code is codes.LITERAL]
        return next(each for each in "x 1-=\u4e09" if not any(one.search(each) for one in unwanted))
    code, value = members[0]
    if code is codes.RANGE:
        return chr(value[0])
    if code is codes.CATEGORY:
        return {codes.CATEGORY_DIGIT: "1", codes.CATEGORY_SPACE: " "}.get(value, "x")
    return chr(value)


def repeats(tree: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """For each repeat that may go on for long: what must stand before it, and what fills it."""
    for code, value in tree:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            if value[1] >= 50:
                yield before, sample(value[2])
            yield from repeats(value[2], before)
        elif code is codes.SUBPATTERN:
            yield from repeats(value[3], before)
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from repeats(branch, before)
        before += _filled(code, value)


def attacks(pattern: re.Pattern[Any]) -> set[tuple[str, str]]:
    """Pairs of a beginning and a piece that is repeated after it."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = parser.parse(text, pattern.flags & ~re.UNICODE)
    made = {("", sample(tree)), ("", " "), ("", "a"), ("", "1")}
    for before, piece in repeats(tree):
        made |= {(before, piece), ("", before + piece), ("", piece), ("", before)}
    return {(before, piece) for before, piece in made if piece}


FOUND = expressions()


def test_expressions_are_found() -> None:
    assert len(FOUND) > 80


@pytest.mark.parametrize("pattern", FOUND, ids=lambda each: f"{FOUND.index(each)}-{str(each.pattern)[:30]!a}")
def test_an_expression_takes_linear_time(pattern: re.Pattern[Any]) -> None:
    in_bytes = isinstance(pattern.pattern, bytes)

    def search(text: str) -> None:
        for _ in pattern.finditer(text.encode("utf-8", "replace") if in_bytes else text):
            pass

    for before, piece in sorted(attacks(pattern)):
        grown = slowdown(search, (before, piece[:50], LENGTH, "\x00!"))
        assert grown < QUADRATIC, (pattern.pattern, before, piece, grown)
