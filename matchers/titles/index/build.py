"""Builds the index of names, and keeps it on disk, one folder for one list of works.

Names of at least five Han characters or eight letters are indexed as halves (at most twelve characters of each) and
once with the middle swapped; shorter names whole; Han names by their pinyin; and the most informative tokens of a name.
Bare names (title_names.py) must be spelled exactly, so only their first half (or the whole) is indexed.

A folder is opened if it was built from exactly these names, extended if works were only appended, and otherwise
rebuilt. A half-written folder is never read: the description is written last and holds a digest of the names.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import Factory, define, frozen

from crawler.items import Work
from crawler.text import is_han
from matchers.titles.index.arrays import (
    FIRST_BARE_NTH,
    PINYIN_TABLE,
    SPELLING_TABLE,
    TABLE_SALTS,
    TOKEN_TABLE,
    IndexArrays,
    IntArray,
)
from matchers.titles.index.hash_table import Entries, HashTable
from matchers.titles.index.one_edit import (
    FIRST_HALF,
    MAX_SEED_CHARS,
    SECOND_HALF,
    SWAP_CONTEXT_CHARS,
    SWAPPED_MIDDLE,
    WHOLE_NAME,
)
from matchers.titles.index.pruning import FORM_CODES
from matchers.titles.phonetics import pinyin_variants
from matchers.titles.rolling_hash import MAX_STRING_CHARS, CodePoints, Hashes, code_points, prefix_hashes, window_hashes
from matchers.titles.title_names import Name, bare_names, names_of
from matchers.titles.tokens import has_han, information_bits, informative_tokens, token_id, token_weight, tokenize

MIN_SPLIT_HAN_CHARS, MIN_SPLIT_LATIN_CHARS = 5, 8  # shorter names are indexed whole: an edit would leave too little
MAX_NAME_CHARS = 1_000  # longer names are not indexed
WORKS_BATCH_SIZE = 200_000  # works whose names are Python objects at a time


def build_arrays(works: Sequence[Work]) -> IndexArrays:
    """The index arrays of all works, built a batch at a time: the names of ten million works as Python objects would
    take more memory than the index.
    """
    builder = _ArraysBuilder()
    for first in range(0, max(1, len(works)), WORKS_BATCH_SIZE):
        builder.add(_NameColumns(works, first, first + WORKS_BATCH_SIZE))
    return builder.build()


@define
class _ArraysBuilder:
    """The columns of all batches, and the keys and entries of the tables."""

    _columns: dict[str, list[npt.NDArray[Any]]] = Factory(lambda: defaultdict(list))
    _keys: dict[str, list[Hashes]] = Factory(lambda: defaultdict(list))
    _entries: dict[str, list[Entries]] = Factory(lambda: defaultdict(list))
    _lengths: set[int] = Factory(set)
    _count: int = 0

    def add(self, names: _NameColumns) -> None:
        """Adds the names of a batch."""
        columns = names.columns()
        sizes = columns["starts"]
        starts = _offsets(sizes)
        is_bare = columns["nths"] >= FIRST_BARE_NTH
        at_edge = np.array(names.han_at_edge, dtype=bool)
        for keys, entries, lengths in _seed_hashes(columns["codes"], starts, at_edge, is_bare):
            self._add_entries(SPELLING_TABLE, keys, entries + (self._count << 2))
            self._lengths.update(lengths)
        self._add_entries(
            PINYIN_TABLE,
            _string_hashes(names.pinyin, PINYIN_TABLE),
            np.array(names.pinyin_name_ids, dtype=np.int64) + self._count,
        )
        self._add_entries(
            TOKEN_TABLE,
            _string_hashes(names.tokens, TOKEN_TABLE),
            np.array(names.token_name_ids, dtype=np.int64) + self._count,
        )
        for name, column in columns.items():
            self._columns[name].append(column)
        self._count += len(sizes)

    def build(self) -> IndexArrays:
        """The arrays of all batches; leaves the builder empty."""
        columns = {name: self._pop_column(self._columns, name) for name in list(self._columns)}
        tables = {
            name: HashTable.from_pairs(self._pop_column(self._keys, name), self._pop_column(self._entries, name))
            for name in TABLE_SALTS
        }
        for name in ("starts", "word_starts"):
            columns[name] = _offsets(columns[name])
        return IndexArrays(**columns, lengths=tuple(sorted(self._lengths)), tables=tables)

    def _add_entries(self, table: str, keys: Hashes, entries: IntArray) -> None:
        self._keys[table].append(keys)
        self._entries[table].append(entries.astype(np.uint32))

    @staticmethod
    def _pop_column(parts: dict[str, list[npt.NDArray[Any]]], name: str) -> npt.NDArray[Any]:
        return np.concatenate(parts.pop(name))


class _NameColumns:
    """The columns of a batch of works, filled name by name: objects of a million names would cost a gigabyte."""

    def __init__(self, works: Sequence[Work], first: int, last: int) -> None:
        self.compact_names: list[str] = []
        self.sizes: list[int] = []
        self.works: list[int] = []
        self.nths: list[int] = []
        self.information: list[float] = []
        self.han_equivalents: list[float] = []
        self.information_bits: list[float] = []
        self.is_han: list[bool] = []
        self.is_cut: list[int] = []
        self.words = array("I")
        self.weights = array("f")
        self.word_counts = array("q")
        self.han_at_edge: list[bool] = []
        self.pinyin: list[str] = []
        self.pinyin_name_ids: list[int] = []
        self.tokens: list[str] = []
        self.token_name_ids: list[int] = []
        for nth, name in _indexable_names(works[first:last], first):
            self._add(nth, name)

    def _add(self, nth: int, name: Name) -> None:
        name_id = len(self.compact_names)
        self.compact_names.append(name.compact)
        self.sizes.append(len(name.compact))
        self.works.append(name.work_index)
        self.nths.append(nth)
        self.han_at_edge.append(is_han(name.compact[0]) or is_han(name.compact[-1]))
        self.han_equivalents.append(name.han_equivalents)
        self.information_bits.append(information_bits(name.folded))
        self.is_han.append(has_han(name.compact))
        self.is_cut.append(FORM_CODES.get(name.form, 0))
        if nth >= FIRST_BARE_NTH:
            self.information.append(0.0)
            self.word_counts.append(0)
            return
        variants = pinyin_variants(name.compact)
        self.pinyin.extend(variants)
        self.pinyin_name_ids.extend([name_id] * len(variants))
        weights = {word: token_weight(word) for word in tokenize(name.folded)}
        self.words.extend(map(token_id, weights))
        self.weights.extend(weights.values())
        self.word_counts.append(len(weights))
        tokens = informative_tokens(weights)
        self.information.append(sum(weights.values()))
        self.tokens.extend(tokens)
        self.token_name_ids.extend([name_id] * len(tokens))

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays of the index by field name; `starts` and `word_starts` as sizes."""
        return {
            "codes": code_points("".join(self.compact_names)),
            "starts": np.array(self.sizes, dtype=np.int64),
            "works": np.array(self.works, dtype=np.int32),
            "nths": np.array(self.nths, dtype=np.uint8),
            "information": np.array(self.information, dtype=np.float32),
            "units": np.array(self.han_equivalents, dtype=np.float32),
            "bits": np.array(self.information_bits, dtype=np.float32),
            "is_han": np.array(self.is_han, dtype=bool),
            "is_cut": np.array(self.is_cut, dtype=np.uint8),
            "words": np.array(self.words, dtype=np.uint32),
            "weights": np.array(self.weights, dtype=np.float32),
            "word_starts": np.array(self.word_counts, dtype=np.int64),
        }


def _indexable_names(works: Sequence[Work], first: int) -> Iterator[tuple[int, Name]]:
    for work_index, work in enumerate(works, start=first):
        if work.retired_at is None:
            for nth, name in enumerate(names_of(work_index, work)):
                if len(name.compact) <= MAX_NAME_CHARS and nth < FIRST_BARE_NTH:
                    yield nth, name
            for nth, name in enumerate(bare_names(work_index, work), start=FIRST_BARE_NTH):
                if len(name.compact) <= MAX_NAME_CHARS:
                    yield nth, name


def _offsets(sizes: IntArray) -> IntArray:
    """Where each of several strings of these sizes begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)


def _seed_hashes(
    codes: CodePoints, starts: IntArray, han_at_edge: npt.NDArray[np.bool_], is_bare: npt.NDArray[np.bool_]
) -> Iterator[tuple[Hashes, IntArray, set[int]]]:
    """Hashes and entries of the seeds of one kind at a time, and the lengths of these seeds."""
    begin, end = starts[:-1], starts[1:]
    sizes = end - begin
    name_ids = np.arange(len(sizes), dtype=np.int64)
    is_long = sizes >= np.where(han_at_edge, MIN_SPLIT_HAN_CHARS, MIN_SPLIT_LATIN_CHARS)
    whole_ids, split_ids = name_ids[~is_long], name_ids[is_long]
    heads = begin[split_ids] + sizes[split_ids] // 2
    seeds = [
        (whole_ids, WHOLE_NAME, begin[whole_ids], end[whole_ids]),
        (split_ids, FIRST_HALF, begin[split_ids], np.minimum(heads, begin[split_ids] + MAX_SEED_CHARS)),
    ]
    split_ids = split_ids[~is_bare[split_ids]]
    middle = begin[split_ids] + sizes[split_ids] // 2
    seeds.append((split_ids, SECOND_HALF, middle, np.minimum(end[split_ids], middle + MAX_SEED_CHARS)))
    sums, positions = _name_prefix_hashes(codes, starts)
    for name_ids, kind, first, last in seeds:
        lengths = set(np.unique(last - first).tolist())
        yield (
            window_hashes(sums, first, last, TABLE_SALTS[SPELLING_TABLE], positions[first]),
            name_ids << 2 | kind,
            lengths,
        )
    swapped_codes = codes.copy()
    swapped_codes[middle - 1], swapped_codes[middle] = codes[middle], codes[middle - 1]
    differ = codes[middle - 1] != codes[middle]
    first, last = (
        np.maximum(begin[split_ids], middle - SWAP_CONTEXT_CHARS)[differ],
        np.minimum(end[split_ids], middle + SWAP_CONTEXT_CHARS)[differ],
    )
    sums, _ = _name_prefix_hashes(swapped_codes, starts)
    lengths = set(np.unique(last - first).tolist())
    yield (
        window_hashes(sums, first, last, TABLE_SALTS[SPELLING_TABLE], positions[first]),
        split_ids[differ] << 2 | SWAPPED_MIDDLE,
        lengths,
    )


def _string_hashes(strings: list[str], table: str) -> Hashes:
    """The hashes of whole strings."""
    codes = code_points("".join(strings))
    starts = _offsets(np.fromiter(map(len, strings), dtype=np.int64, count=len(strings)))
    sums, positions = _name_prefix_hashes(codes, starts)
    positions = np.append(positions, 0)
    return window_hashes(sums, starts[:-1], starts[1:], TABLE_SALTS[table], positions[starts[:-1]])


def _name_prefix_hashes(codes: CodePoints, starts: IntArray) -> tuple[npt.NDArray[np.uint64], IntArray]:
    positions = np.arange(len(codes), dtype=np.int64) - np.repeat(starts[:-1], np.diff(starts))
    return prefix_hashes(codes, positions % MAX_STRING_CHARS), positions


DESCRIPTION_FILE = "works.json"


@frozen(kw_only=True)
class StoredIndex:
    """The arrays, and their `origin`: opened, extended or built."""

    arrays: IndexArrays
    origin: str


def open_index(works: Sequence[Work], folder: Path) -> StoredIndex:
    """The index over exactly these works, opened from `folder` if it is there; else extended or built, and written."""
    count, digest = _read_description(folder)
    arrays = IndexArrays.open(folder) if 0 < count <= len(works) and digest == works_digest(works[:count]) else None
    if arrays is not None and count == len(works):
        return StoredIndex(arrays=arrays, origin="opened")
    if arrays is not None:
        arrays = arrays.concatenate(build_arrays(works[count:]), count)
        origin = "extended"
    else:
        arrays = build_arrays(works)
        origin = "built"
    _replace_folder(arrays, works, folder)
    return StoredIndex(arrays=arrays, origin=origin)


def works_digest(works: Sequence[Work]) -> str:
    """A digest of everything about the works that the index holds."""
    digest = hashlib.blake2b(digest_size=16)
    for first in range(0, len(works), 10_000):
        rows = (
            "\x1f".join((work.title, *work.aliases, "" if work.retired_at is None else "\x1d"))
            for work in works[first : first + 10_000]
        )
        digest.update(("\x1e".join(rows) + "\x1e").encode("utf-8", "replace"))
    return digest.hexdigest()


def _read_description(folder: Path) -> tuple[int, str]:
    try:
        description = json.loads((folder / DESCRIPTION_FILE).read_text(encoding="utf-8"))
        return int(description["works"]), str(description["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""


def _replace_folder(arrays: IndexArrays, works: Sequence[Work], folder: Path) -> None:
    """Writes a new folder beside `folder`, then puts it in its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    arrays.save(temporary)
    description = {"works": len(works), "digest": works_digest(works)}
    (temporary / DESCRIPTION_FILE).write_text(json.dumps(description), encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    temporary.replace(folder)
