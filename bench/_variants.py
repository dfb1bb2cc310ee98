"""What a variant of an input is, how bytes are damaged, and how a reading is compared with the right one."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

Item = Mapping[str, str]
Items = Mapping[str, Item]
UTF8_BYTES_PER_BYTE = 3  # a byte that is no UTF-8 becomes U+FFFD


class Verdict(StrEnum):
    """What became of a variant, the best first."""

    WHOLE = "read whole"
    REPORTED = "losses reported"
    REFUSED = "of which refused"  # the whole file, in one sentence
    UNSEEN = "cannot be seen"  # bytes changed in plain text that no checksum covers
    SILENT = "lost in silence"
    WRONG = "wrong"

    @property
    def is_failure(self) -> bool:
        """Whether a hit may be lost and nobody would know."""
        return self in (Verdict.SILENT, Verdict.WRONG)


SEVERITIES = list(Verdict)


@dataclass(frozen=True)
class Variant:
    """One input as files by their path, the one to be read, and what an undamaged reading gives, by item.

    `plain_bytes` is how many bytes were changed in plain text that no checksum covers: a value that differs by no more
    is as right as the file. `others` are items that may be read too.
    """

    kind: str
    files: Mapping[str, bytes]
    path: str
    right: Items
    plain_bytes: int = 0
    others: frozenset[str] = frozenset()
    sealed_fields: frozenset[str] = frozenset()  # whose bytes do have a checksum
    hints: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write the files below a folder; the path to be read."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder / self.path


@dataclass(frozen=True)
class Reading:
    """What was read of a variant, by item; whether a loss of an item is reported; why all was refused, if it was."""

    items: Items = field(default_factory=dict)
    is_reported: Callable[[str], bool] = lambda item: False
    refusal: str = ""
    reports: tuple[str, ...] = ()


Maker = Callable[[random.Random], Variant]


@dataclass(frozen=True)
class Group:
    """Variants of one kind of input: what makes them, each as likely as the others, and what reads them."""

    name: str
    makers: tuple[Maker, ...]
    read: Callable[[Variant, Path], Reading]

    def variant(self, seed: int, number: int) -> Variant:
        """Make a variant; the same for the same seed and number. All makers come round in turn."""
        chance = random.Random(f"{self.name}/{seed}/{number}")
        return self.makers[number % len(self.makers)](chance)


def judge(variant: Variant, reading: Reading) -> tuple[Verdict, str]:
    """The worst of what became of the items, with a note on it."""
    if reading.refusal:
        return _judge_refusal(reading.refusal)
    results = [_judge_item(name, variant, reading) for name in variant.right]
    others = set(reading.items) - set(variant.right) - variant.others
    unknown = sorted(name for name in others if not reading.is_reported(name))
    if unknown and not variant.plain_bytes:
        results.append((Verdict.WRONG, f"{unknown[0]} is nowhere in the undamaged reading"))
    return max(results, key=lambda result: SEVERITIES.index(result[0]), default=(Verdict.WHOLE, ""))


def _judge_refusal(refusal: str) -> tuple[Verdict, str]:
    """A refusal is a sentence in plain characters, or a line per fault; anything else is as bad as silence."""
    if not all(line.isprintable() for line in refusal.split("\n")) or "Traceback" in refusal or "<_io" in refusal:
        return Verdict.SILENT, f"refused, but not in a sentence: {refusal[:100]!r}"
    return Verdict.REFUSED, refusal[:160]


def _judge_item(name: str, variant: Variant, reading: Reading) -> tuple[Verdict, str]:
    right, found = variant.right[name], reading.items.get(name)
    if found == right:
        return Verdict.WHOLE, ""
    if reading.is_reported(name):
        return Verdict.REPORTED, f"{name}: {'; '.join(reading.reports)}"[:300]
    if found is None:
        unknown = [item for key, item in reading.items.items() if key not in variant.right]
        if any(_is_as_changed(right, item, variant) for item in unknown):
            return Verdict.UNSEEN, name
        return Verdict.SILENT, f"{name} is lost; reported: {'; '.join(reading.reports) or 'nothing'}"[:300]
    if _is_as_changed(right, found, variant):
        return Verdict.UNSEEN, name
    return Verdict.WRONG, f"{name}: {_difference(right, found)}; {'; '.join(reading.reports)}"[:400]


def _is_as_changed(right: Item, found: Item, variant: Variant) -> bool:
    """Whether two items differ in one run of a few characters only, as one does whose bytes were changed there."""
    if not variant.plain_bytes:
        return False
    changed = [key for key in right.keys() | found.keys() if right.get(key) != found.get(key)]
    if variant.sealed_fields & set(changed):
        return False
    limit = variant.plain_bytes * UTF8_BYTES_PER_BYTE + UTF8_BYTES_PER_BYTE
    return len(changed) <= 2 and all(
        _changed_length(right.get(key, ""), found.get(key, "")) <= limit for key in changed
    )


def _changed_length(one: str, other: str) -> int:
    """The length of what is left of the longer text without what both begin and end with."""
    shorter = min(len(one), len(other))
    start = next((index for index in range(shorter) if one[index] != other[index]), shorter)
    end = next((index for index in range(shorter - start) if one[-1 - index] != other[-1 - index]), shorter - start)
    return max(len(one), len(other)) - start - end


def _difference(right: Item, found: Item) -> str:
    parts = [
        f"{key} {_excerpt(right.get(key, ''), found.get(key, ''))}"
        for key in sorted(right.keys() | found.keys())
        if right.get(key) != found.get(key)
    ]
    return ", ".join(parts)[:300]


def _excerpt(right: str, found: str) -> str:
    start = next((at for at, pair in enumerate(zip(right, found, strict=False)) if pair[0] != pair[1]), 0)
    start = max(start - 8, 0)
    return f"{found[start : start + 40]!r} instead of {right[start : start + 40]!r} ({len(found)} for {len(right)})"


def cut_end(data: bytes, chance: random.Random, least: float = 0.1) -> bytes:
    """Data without its end: at least the share `least` stays."""
    return data[: chance.randrange(int(len(data) * least), len(data) - 1)]


def flip_byte(data: bytes, chance: random.Random, start: int = 0) -> bytes:
    """Data with one byte changed, behind `start`."""
    changed = bytearray(data)
    changed[chance.randrange(start, len(data))] ^= chance.randrange(1, 256)
    return bytes(changed)


def _run(data: bytes, chance: random.Random, start: int, longest: int) -> tuple[int, int]:
    begin = chance.randrange(start, len(data) - 1)
    return begin, min(begin + chance.randint(1, longest), len(data))


def remove_bytes(data: bytes, chance: random.Random, start: int = 0, longest: int = 200) -> bytes:
    """Data without a run of bytes within."""
    begin, end = _run(data, chance, start, longest)
    return data[:begin] + data[end:]


def insert_bytes(data: bytes, chance: random.Random, start: int = 0, longest: int = 200) -> bytes:
    """Data with foreign bytes within."""
    begin, end = _run(data, chance, start, longest)
    return data[:begin] + chance.randbytes(end - begin) + data[begin:]


def zero_bytes(data: bytes, chance: random.Random, start: int = 0, longest: int = 200) -> bytes:
    """Data of which a run is zero, as a bad block of a disk leaves it."""
    begin, end = _run(data, chance, start, longest)
    return data[:begin] + b"\0" * (end - begin) + data[end:]


DAMAGES: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    "cut": cut_end,
    "a byte changed": flip_byte,
    "bytes missing": remove_bytes,
    "bytes inserted": insert_bytes,
    "bytes zeroed": zero_bytes,
}
CHANGED_BYTES = {"a byte changed": 1, "bytes zeroed": 200}  # damage that no length shows


def damage(data: bytes, chance: random.Random, names: tuple[str, ...] = tuple(DAMAGES)) -> tuple[str, bytes]:
    """Damage data in one of the named ways; the way, and the damaged data, which differ from the others."""
    name = chance.choice(names)
    damaged = DAMAGES[name](data, chance)
    return name, damaged if damaged != data else flip_byte(data, chance)
