"""A name at its positions in a text: by its number in the index (`NameHit`), and with the name itself (`NameMatch`)."""

from __future__ import annotations

from typing import NamedTuple

from attrs import frozen

from matchers.titles.title_names import Name


class NameHit(NamedTuple):
    """A name, by its number in the index, at positions start..end of an analysed text.

    `edits` is 1 for one edit and for what only sounds like the name; `is_disguised`: digits for letters or split
    characters; `neighbour_count`: halves of other names that share characters with start..end; `is_below_threshold`:
    too weak on its own (index/pruning.py), but it may hide shorter names, and a creator may support it.
    """

    name_id: int
    start: int
    end: int
    edits: int
    is_disguised: bool = False
    is_homophone: bool = False
    neighbour_count: int = 0
    is_below_threshold: bool = False


class LookupResult(NamedTuple):
    """The hits in one text: full names, and bare names (title_names.py), which must be spelled exactly."""

    hits: list[NameHit]
    bare_hits: list[NameHit]


@frozen(kw_only=True)
class NameMatch:
    """A name at positions start..end of an analysed text, with the fields of its `NameHit`.

    `similarity`: the share of the name's characters that are found there.
    """

    name: Name
    start: int
    end: int
    edits: int = 0
    is_disguised: bool = False
    is_homophone: bool = False
    similarity: float = 1.0
    neighbour_count: int = 0
