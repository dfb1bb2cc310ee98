"""The one hit that somebody means by the beginning of its id."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.errors import BadInput, Problem
from crawler.items import Hit
from desk.cli._options import CommandContext


def only_hit(ctx: CommandContext, hits: Sequence[Hit], hit_id: str) -> Hit:
    """The only one of `hits`. Raises BadInput where there is none, or more."""
    if len(hits) != 1:
        message = ctx.message("many_hits" if hits else "no_hit", id=hit_id, count=len(hits))
        raise BadInput(Problem(file="hits", field="id", message=message))
    return hits[0]
