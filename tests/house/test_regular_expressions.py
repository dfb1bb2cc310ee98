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
ATTACK_REPETITIONS = 12_000  # repetitions of what fills a repeat
MAX_SLOWDOWN = 9.0  # between linear (4) and quadratic (16)
_RE_CALLS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}


def project_modules() -> Iterator[Any]:
    for package in PACKAGES:
        root = importlib.import_module(package)
        yield root
        for module_info in pkgutil.walk_packages(root.__path__, f"{package}."):
            if ".migrations" not in module_info.name and "__main__" not in module_info.name:
                yield importlib.import_module(module_info.name)


def patterns_in_value(value: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 3 and isinstance(value, dict):
        for item in value.values():
            yield from patterns_in_value(item, depth + 1)
    elif depth < 3 and isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from patterns_in_value(item, depth + 1)


def patterns_in_source(file: Path) -> Iterator[re.Pattern[Any]]:
    """Expressions that stand as constants in calls of `re`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _RE_CALLS
            and node.args
        ):
            first = node.args[0]
            is_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
            if is_re and isinstance(first, ast.Constant) and isinstance(first.value, str | bytes):
                yield re.compile(first.value)


def all_patterns() -> list[re.Pattern[Any]]:
    pattern_by_key: dict[tuple[Any, int], re.Pattern[Any]] = {}
    for module in project_modules():
        for pattern in patterns_in_value(list(vars(module).values())):
            pattern_by_key[pattern.pattern, pattern.flags] = pattern
        for pattern in patterns_in_source(Path(module.__file__)) if module.__file__ else ():
            pattern_by_key.setdefault((pattern.pattern, pattern.flags), pattern)
    return [pattern_by_key[key] for key in sorted(pattern_by_key, key=str)]


def sample_match(tree: Any) -> str:
    """A short text that a parsed expression matches, roughly."""
    return "".join(_sample_node(code, value) for code, value in tree)


def _sample_node(code: Any, value: Any) -> str:
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.NOT_LITERAL:
        return "x" if value != ord("x") else "y"
    if code is codes.IN:
        return _sample_member(value)
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return sample_match(value[2]) * max(1, value[0])
    if code is codes.SUBPATTERN:
        return sample_match(value[3])
    if code is codes.BRANCH:
        return sample_match(value[1][0])
    if code is codes.ATOMIC_GROUP:
        return sample_match(value)
    return "x" if code is codes.ANY else ""


def _sample_member(members: Any) -> str:
    if members[0][0] is codes.NEGATE:
        unwanted = [re.compile(f"[{chr(value)!r}]") for code, value in members[1:] if code is codes.LITERAL]
        return next(
            character
            for character in "x 1-=\u4e09"
            if not any(unwanted_pattern.search(character) for unwanted_pattern in unwanted)
        )
    code, value = members[0]
    if code is codes.RANGE:
        return chr(value[0])
    if code is codes.CATEGORY:
        return {codes.CATEGORY_DIGIT: "1", codes.CATEGORY_SPACE: " "}.get(value, "x")
    return chr(value)


def iter_repeats(tree: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """For each repeat that may go on for long: what must stand before it, and what fills it."""
    for code, value in tree:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            if value[1] >= 50:
                yield before, sample_match(value[2])
            yield from iter_repeats(value[2], before)
        elif code is codes.SUBPATTERN:
            yield from iter_repeats(value[3], before)
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from iter_repeats(branch, before)
        before += _sample_node(code, value)


def attack_texts(pattern: re.Pattern[Any]) -> set[tuple[str, str]]:
    """Pairs of a beginning and a piece that is repeated after it."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = parser.parse(text, pattern.flags & ~re.UNICODE)
    attack_pairs = {("", sample_match(tree)), ("", " "), ("", "a"), ("", "1")}
    for before, piece in iter_repeats(tree):
        attack_pairs |= {(before, piece), ("", before + piece), ("", piece), ("", before)}
    return {(before, piece) for before, piece in attack_pairs if piece}


PATTERNS = all_patterns()


def test_expressions_are_found() -> None:
    assert len(PATTERNS) > 80


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda regex: f"{PATTERNS.index(regex)}-{str(regex.pattern)[:30]!a}")
def test_an_expression_takes_linear_time(pattern: re.Pattern[Any]) -> None:
    in_bytes = isinstance(pattern.pattern, bytes)

    def search(text: str) -> None:
        for _ in pattern.finditer(text.encode("utf-8", "replace") if in_bytes else text):
            pass

    for before, piece in sorted(attack_texts(pattern)):
        slowdown_factor = slowdown(search, (before, piece[:50], ATTACK_REPETITIONS, "\x00!"))
        assert slowdown_factor < MAX_SLOWDOWN, (pattern.pattern, before, piece, slowdown_factor)
