"""Saved pages as they might arrive: cut, shuffled, tags removed, encodings swapped, values of JSON exchanged."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

_TAG = re.compile(rb"<[^<>]{0,2000}>")
_ODD_VALUES: tuple[Any, ...] = (None, "", [], {}, -1, 0, 1e308, True, "\x00\ud800", "x" * 3000, {"a": [{}]}, "9" * 400)
_ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16", "utf-16-le", "cp932", "latin-1", "utf-7", "koi8_r")


def mutate(body: bytes, seed: int) -> bytes:
    """One damaged copy; the same for the same seed."""
    generator = random.Random(seed)
    mutations: list[Callable[[bytes, random.Random], bytes]] = [
        _cut_bytes,
        _shuffle_pieces,
        _drop_tags,
        _change_encoding,
        _flip_bytes,
        _repeat_piece,
        _empty_values,
    ]
    if body.lstrip()[:1] in (b"{", b"["):
        mutations += [_replace_json_values] * 5
    for _ in range(generator.randint(1, 3)):
        body = generator.choice(mutations)(body, generator)
    return body


def _cut_bytes(body: bytes, generator: random.Random) -> bytes:
    start, end = sorted(generator.randint(0, len(body)) for _ in range(2))
    return body[:start] + body[end:] if generator.random() < 0.5 else body[:end]


def _shuffle_pieces(body: bytes, generator: random.Random) -> bytes:
    pieces = body.split(b"<") if b"<" in body else body.split(b",")
    generator.shuffle(pieces)
    return (b"<" if b"<" in body else b",").join(pieces)


def _drop_tags(body: bytes, generator: random.Random) -> bytes:
    share = generator.random()
    return _TAG.sub(lambda tag: b"" if generator.random() < share else tag[0], body)


def _change_encoding(body: bytes, generator: random.Random) -> bytes:
    source_encoding, target_encoding = generator.choice(_ENCODINGS), generator.choice(_ENCODINGS)
    return body.decode(source_encoding, "replace").encode(target_encoding, "replace")


def _flip_bytes(body: bytes, generator: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(min(50, len(changed))):
        changed[generator.randrange(len(changed))] = generator.randrange(256)
    return bytes(changed)


def _repeat_piece(body: bytes, generator: random.Random) -> bytes:
    start = generator.randint(0, len(body))
    piece = body[start : start + generator.randint(1, 200)]
    return body[:start] + piece * generator.randint(2, 200) + body[start:]


def _empty_values(body: bytes, generator: random.Random) -> bytes:
    """Attribute values and texts gone."""
    return re.sub(rb'"[^"]{0,500}"', lambda match: b'""' if generator.random() < 0.2 else match[0], body)


def _replace_json_values(body: bytes, generator: random.Random) -> bytes:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    slots = _json_slots(value)
    for node, key in generator.sample(slots, min(len(slots), generator.randint(1, 4))):
        if generator.random() < 0.3 and isinstance(node, dict):
            node.pop(key, None)
        else:
            node[key] = generator.choice(_ODD_VALUES)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _json_slots(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON value, as the object or list that holds it and the key there."""
    slots: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        node = pending.pop()
        children = (
            list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        )
        slots += [(node, key) for key, _ in children]
        pending += [child for _, child in children]
    return slots
