"""Saved pages as they might arrive: cut, shuffled, tags removed, encodings swapped, values of JSON exchanged."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

_TAG = re.compile(rb"<[^<>]{0,2000}>")
_ODD: tuple[Any, ...] = (None, "", [], {}, -1, 0, 1e308, True, "\x00\ud800", "x" * 3000, {"a": [{}]}, "9" * 400)
_ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16", "utf-16-le", "cp932", "latin-1", "utf-7", "koi8_r")


def mutated(body: bytes, seed: int) -> bytes:
    """One damaged copy; the same for the same seed."""
    chance = random.Random(seed)
    ways: list[Callable[[bytes, random.Random], bytes]] = [
        _cut,
        _shuffled,
        _untagged,
        _recoded,
        _flipped,
        _repeated,
        _emptied,
    ]
    if body.lstrip()[:1] in (b"{", b"["):
        ways += [_exchanged] * 5
    for _ in range(chance.randint(1, 3)):
        body = chance.choice(ways)(body, chance)
    return body


def _cut(body: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randint(0, len(body)) for _ in range(2))
    return body[:start] + body[end:] if chance.random() < 0.5 else body[:end]


def _shuffled(body: bytes, chance: random.Random) -> bytes:
    pieces = body.split(b"<") if b"<" in body else body.split(b",")
    chance.shuffle(pieces)
    return (b"<" if b"<" in body else b",").join(pieces)


def _untagged(body: bytes, chance: random.Random) -> bytes:
    share = chance.random()
    return _TAG.sub(lambda tag: b"" if chance.random() < share else tag[0], body)


def _recoded(body: bytes, chance: random.Random) -> bytes:
    read, written = chance.choice(_ENCODINGS), chance.choice(_ENCODINGS)
    return body.decode(read, "replace").encode(written, "replace")


def _flipped(body: bytes, chance: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(min(50, len(changed))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _repeated(body: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(body))
    piece = body[start : start + chance.randint(1, 200)]
    return body[:start] + piece * chance.randint(2, 200) + body[start:]


def _emptied(body: bytes, chance: random.Random) -> bytes:
    """Attribute values and texts gone."""
    return re.sub(rb'"[^"]{0,500}"', lambda found: b'""' if chance.random() < 0.2 else found[0], body)


def _exchanged(body: bytes, chance: random.Random) -> bytes:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    places = _places(value)
    for node, key in chance.sample(places, min(len(places), chance.randint(1, 4))):
        if chance.random() < 0.3 and isinstance(node, dict):
            node.pop(key, None)
        else:
            node[key] = chance.choice(_ODD)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON value, as the object or list that holds it and the key there."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        node = waiting.pop()
        inner = (
            list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        )
        found += [(node, key) for key, _ in inner]
        waiting += [each for _, each in inner]
    return found
