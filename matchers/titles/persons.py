"""Who else is named beside a title: a run of characters of its own that looks like a person's name.

A foreign name with its middle dot, or two to four characters that begin with a common surname (surnames.csv), standing
apart from title, sellers' words and publisher. Asked only where the work's own creators are not named.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

from crawler.text import is_han
from matchers.titles.reading import AnalysedText
from matchers.titles.sightings import NameMatch

_DOTTED_NAME_RE = re.compile(r"[\u4e00-\u9fff]{1,6}(?:[·・•・][\u4e00-\u9fff]{1,6}){1,3}$")
MAX_PERSON_NAME_CHARS = 4  # characters of a Chinese or Japanese name


def find_other_person(name_match: NameMatch, text: AnalysedText, known_text: str) -> str | None:
    """The first run that looks like a person who is not `known_text` (a folded text of what the work's own fields
    say).
    """
    for start, end in _name_runs(name_match, text):
        quote = text.quote(start, end).strip()
        compact = text.compact[start:end]
        if compact in known_text or not all(map(is_han, compact)):
            continue
        if _DOTTED_NAME_RE.fullmatch(quote) or (
            len(compact) <= MAX_PERSON_NAME_CHARS and _begins_with_surname(compact)
        ):
            return quote
    return None


def _name_runs(name_match: NameMatch, text: AnalysedText) -> list[tuple[int, int]]:
    """Stretches between gaps, noise and the sighting; a middle dot is no gap."""
    runs: list[tuple[int, int]] = []
    run_start = None
    for position in range(len(text.compact) + 1):
        is_outside = position < len(text.compact) and not (name_match.start <= position < name_match.end)
        is_free = is_outside and not text.noise[position]
        if run_start is not None and (
            not is_free or (text.boundaries[position] and not _has_middle_dot(text, position))
        ):
            runs.append((run_start, position))
            run_start = None
        if is_free and run_start is None:
            run_start = position
    return [(first, last) for first, last in runs if last - first > 1]


def _has_middle_dot(text: AnalysedText, position: int) -> bool:
    first, last = text.span(position - 1, position + 1)
    return any(dot in text.original[first:last] for dot in "·・•・")


def _begins_with_surname(compact: str) -> bool:
    return (len(compact) <= 3 and compact[0] in _surnames()) or compact[:2] in _surnames()


@cache
def _surnames() -> frozenset[str]:
    text = (resources.files("matchers.titles") / "surnames.csv").read_text(encoding="utf-8")
    return frozenset(name for row in csv.DictReader(text.splitlines()) for name in row["surnames"].split())
