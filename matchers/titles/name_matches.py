"""A name at its place in a text: by its number in the index (`NameHit`), and with the name itself (`NameMatch`)."""

from __future__ import annotations

from typing import NamedTuple

from attrs import frozen

from matchers.titles.title_names import Name


class NameHit(NamedTuple):
    """A name, by its number, at places start..end of a reading.

    `edits` is 1 with one edit and for what only sounds like the name; `is_disguised`: digits for letters or split
    characters; `neighbour_count`: halves of other names that share characters with the stretch; `is_below_threshold`:
    by itself it comes to nothing (prospects.py); it may hide shorter names, and a creator may speak for it.
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
    """What was found in one text: names, and bare names (editions.py) that stand there as they are."""

    hits: list[NameHit]
    bare_hits: list[NameHit]


@frozen(kw_only=True)
class NameMatch:
    """A name at places start..end of a reading, as `NameHit` has it.

    `similarity`: the share of the name's characters that stand there.
    """

    name: Name
    start: int
    end: int
    edits: int = 0
    is_disguised: bool = False
    is_homophone: bool = False
    similarity: float = 1.0
    neighbour_count: int = 0
