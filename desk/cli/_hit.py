"""The one hit that somebody means by the beginning of its id."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.errors import BadInput, Problem
from crawler.items import Hit
from desk.cli._options import Desk


def one(desk: Desk, found: Sequence[Hit], hit_id: str) -> Hit:
    """The only one of `found`. Raises BadInput where there is none, or more."""
    if len(found) != 1:
        message = desk.word("many_hits" if found else "no_hit", id=hit_id, count=len(found))
        raise BadInput(Problem(file="hits", field="id", message=message))
    return found[0]
