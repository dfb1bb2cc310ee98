"""A name at its place in a text: as a number (`Seen`), and with the name itself (`Sighting`)."""

from __future__ import annotations

from typing import NamedTuple

from attrs import frozen

from matchers.titles.names import Name


class Seen(NamedTuple):
    """A name, by its number, at places start..end of a reading.

    `errors` is 1 with one edit and for what only sounds like the name; `disguised`: digits for letters or split
    characters; `crowd`: halves of other names that share characters with the stretch; `is_hopeless`: by itself
    it comes to nothing (prospects.py); it may hide shorter names, and a creator may speak for it.
    """

    number: int
    start: int
    end: int
    errors: int
    disguised: bool = False
    by_sound: bool = False
    crowd: int = 0
    is_hopeless: bool = False


class Looked(NamedTuple):
    """What was found in one text: names, and bare names (editions.py) that stand there as they are."""

    names: list[Seen]
    bare: list[Seen]


@frozen(kw_only=True)
class Sighting:
    """A name at places start..end of a reading, as `Seen` has it.

    `alike`: the share of the name's characters that stand there.
    """

    name: Name
    start: int
    end: int
    errors: int = 0
    disguised: bool = False
    by_sound: bool = False
    alike: float = 1.0
    crowd: int = 0
