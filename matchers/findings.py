"""Findings are made here, as the key of a ground and values, and rendered here as a sentence in the reader's language.

The sentences are those of matchers/messages.toml, by the keys of grounds. A value is of a JSON type: text or a number;
a list, whose items are joined as the language joins them; or a phrase with sentences of its own: its key and values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from string import Formatter, ascii_letters, digits
from typing import Any

from crawler.items import Finding, PictureMatch, Question, Work
from crawler.messages import load_messages, render_message
from crawler.text import is_han
from matchers.matcher import Ground

UNKNOWN_GROUND_MESSAGE = "unknown_ground"  # for a ground of another version of the program
_PHRASE_KEY = "phrase"
_LATIN_CHARS = frozenset(ascii_letters + digits)
_LIST_SEPARATORS = {"en": ", ", "zh": "、"}


def make_finding(
    matcher: str,
    work: Work,
    ground: Ground,
    probability: float,
    /,
    *,
    ours: str = "",
    theirs: str = "",
    verdict: str | None = None,
    picture_match: PictureMatch | None = None,
    **values: Any,
) -> Finding:
    """A finding of `matcher`; `ours`, `theirs` and `values` fill the placeholders of the ground's sentences."""
    return Finding(
        matcher=matcher,
        question=Question.IDENTITY if ground.weight is None else Question.OFFENCE,
        work_id=work.id,
        probability=round(probability, 6),
        polarity=ground.polarity,
        ours=ours,
        theirs=theirs,
        verdict=verdict,
        sighting=picture_match,
        ground=ground.key,
        values=values,
    )


def make_phrase(key: str, /, **values: Any) -> dict[str, Any]:
    """A value that is a phrase: the key of its message, and the values of that."""
    return {_PHRASE_KEY: key, **values}


def finding_sentence(finding: Finding, language: str) -> str:
    """The sentence of a finding in a language of crawler.messages.LANGUAGES; one stored with its sentence keeps it."""
    values = {"ours": finding.ours, "theirs": finding.theirs, **finding.values}
    return finding.why or _render_ground(finding.ground, values, language)


def stored_sentence(finding: Mapping[str, Any], language: str) -> str:
    """The same of a finding as crawler.store keeps it, where building the Finding would take most of the time."""
    why: str = finding.get("why", "")
    sides = {"ours": finding.get("ours", ""), "theirs": finding.get("theirs", "")}
    return why or _render_ground(finding.get("ground", ""), sides | finding.get("values", {}), language)


def share_state_text(state: str, language: str) -> str:
    """What a state of a share is called in a language."""
    return _render(f"share_{state}", {}, language)


def _render_ground(ground: str, values: Mapping[str, Any], language: str) -> str:
    try:
        return _render(ground, values, language)
    except KeyError:
        return _render(UNKNOWN_GROUND_MESSAGE, {"ground": ground, "values": _texts(values.values())}, language)


def _render(key: str, values: Mapping[str, Any], language: str) -> str:
    texts = {
        name: _render_value(value, language) if isinstance(value, dict | list) else value
        for name, value in values.items()
    }
    if language == "zh":
        for name, is_behind_han, is_before_han in _han_neighbours(key):
            if isinstance(text := texts.get(name), str):
                texts[name] = (
                    f"{' ' * (is_behind_han and text[:1] in _LATIN_CHARS)}{text}"
                    f"{' ' * (is_before_han and text[-1:] in _LATIN_CHARS)}"
                )
    return render_message("matchers", key, language, **texts)


@cache
def _han_neighbours(key: str) -> tuple[tuple[str, bool, bool], ...]:
    """The placeholders of a Chinese sentence that touch a Han character, whether before them and behind them: a blank
    belongs between Han and Latin.
    """
    parts = list(Formatter().parse(load_messages("matchers")[key]["zh"]))
    followers = [part[0] for part in parts[1:]] + [""]
    touching = [
        (name, is_han(before[-1:]), is_han(behind[:1]))
        for (before, name, _, _), behind in zip(parts, followers, strict=True)
        if name
    ]
    return tuple(entry for entry in touching if any(entry[1:]))


def _render_value(value: dict[str, Any] | list[Any], language: str) -> str:
    """A phrase or a list as it stands in a sentence."""
    if isinstance(value, list):
        return _LIST_SEPARATORS[language].join(map(str, value))
    return _render(value[_PHRASE_KEY], {name: part for name, part in value.items() if name != _PHRASE_KEY}, language)


def _texts(values: Iterable[Any]) -> list[str]:
    return [str(value) for value in values if value and not isinstance(value, dict)]
