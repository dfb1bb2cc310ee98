"""The tables of docs/matchers.md, generated from what the matchers declare: `python -m desk.matcher_tables FILE`.

Each table is written between the two marks that bear its name; the text around them is written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from crawler.items import Polarity
from matchers.catalogue import declared_weights, matcher_classes
from matchers.matcher import Ground, Matcher, Stage
from matchers.weights import default_weights

TABLES = {"identity": (Stage.IDENTITY, Stage.BOOST), "offence": (Stage.OFFENCE,)}
_HEADS = {
    "identity": ("module", "the work is recognised by", "grounds for it", "grounds against it"),
    "offence": ("module", "what is wrong with the offer, or right", "grounds and their weights"),
}


def renew_tables(text: str) -> str:
    """The page with its tables as they should be. Raises ValueError where a mark is missing."""
    for name in TABLES:
        begin, end = f"<!-- {name}: written by make docs -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found_end:
            raise ValueError(f"the marks of the table {name} are missing")
        text = before + begin + matcher_table(name) + end + after
    return text


def matcher_table(name: str) -> str:
    """The table of the matchers of stage identity and boost, or of stage offence."""
    cells = _identity_cells if name == "identity" else _offence_cells
    matchers = [matcher for stage in TABLES[name] for matcher in matcher_classes(stage)]
    head = _HEADS[name]
    rows = [head, ("---",) * len(head), *(tuple(cells(matcher)) for matcher in matchers)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _identity_cells(matcher: type[Matcher]) -> Iterator[str]:
    yield from _first_cells(matcher)
    for polarity in (Polarity.FOR, Polarity.AGAINST):
        yield _key_list([ground for ground in matcher.grounds if ground.polarity is polarity])


def _offence_cells(matcher: type[Matcher]) -> Iterator[str]:
    yield from _first_cells(matcher)
    weights = {**declared_weights(), **default_weights().grounds}
    yield ", ".join(f"`{ground.key}` {weights[ground.key]:+.2f}" for ground in matcher.grounds)


def _first_cells(matcher: type[Matcher]) -> Iterator[str]:
    """The module, with the name that its findings bear where that is another, and its docstring's first sentence."""
    module = matcher.__module__.rpartition(".")[2]
    yield f"`{module}`" if matcher.name == module else f"`{module}` (findings: `{matcher.name}`)"
    docstring = " ".join((sys.modules[matcher.__module__].__doc__ or "").split())
    yield docstring.partition(". ")[0].removesuffix(".").replace("|", "\\|")


def _key_list(grounds: Sequence[Ground]) -> str:
    return ", ".join(f"`{ground.key}`" for ground in grounds)


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(renew_tables(page.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
