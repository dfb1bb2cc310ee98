"""Map answers of cloud drives to states of a share: a calibrated list (states.toml), `unknown` for everything else.

So an HTML shell, a throttled request, a truncated answer or an unexplained code never declares a live share dead.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any

from attrs import frozen

from crawler.errors import BadInput, Problem
from crawler.items import Outcome, ShareState

GONE_STATES = frozenset({ShareState.EXPIRED, ShareState.CANCELLED, ShareState.REMOVED_VIOLATION, ShareState.NOT_FOUND})
OPEN_STATES = frozenset({ShareState.ALIVE, ShareState.PARTLY_REMOVED})
LOCKED_STATES = frozenset({ShareState.NEEDS_CODE, ShareState.WRONG_CODE})
INCONCLUSIVE_STATES = frozenset(
    {ShareState.RATE_LIMITED, ShareState.CAPTCHA, ShareState.UNKNOWN, ShareState.UNSUPPORTED}
)

_STATE_OUTCOMES = dict.fromkeys(GONE_STATES, Outcome.GONE) | {
    ShareState.RATE_LIMITED: Outcome.BLOCKED,
    ShareState.CAPTCHA: Outcome.CHALLENGED,
    ShareState.UNKNOWN: Outcome.PARTIAL,
}
_DATA_FILE = "states.toml"


@frozen(kw_only=True)
class Calibration:
    """The answers of one platform whose meaning is known. `codes` are keyed by the value itself, type included."""

    codes: Mapping[int | str, ShareState]
    words: tuple[tuple[str, ShareState], ...]
    source: str


@cache
def calibrations() -> Mapping[str, Calibration]:
    """The shipped list: platform -> calibration. Raises BadInput naming every invalid record."""
    table = tomllib.loads((resources.files("crawler.shapes") / _DATA_FILE).read_text(encoding="utf-8"))
    problems: list[Problem] = []
    by_platform: dict[str, Calibration] = {}
    for platform, record in table.items():
        try:
            by_platform[platform] = _parse_calibration(record)
        except (KeyError, TypeError, ValueError) as error:
            problems.append(Problem(file=_DATA_FILE, field=platform, message=f"{type(error).__name__}: {error}"))
    if problems:
        raise BadInput(problems)
    return by_platform


def state_by_code(platform: str, code: Any) -> ShareState:
    """The state that a code of an answer means; a code of another type than the calibrated one is `unknown`."""
    if isinstance(code, bool) or not isinstance(code, int | str):
        return ShareState.UNKNOWN
    return calibrations()[platform].codes.get(code, ShareState.UNKNOWN)


def state_by_words(platform: str, page: str) -> ShareState:
    """The state of the first calibrated words that occur in `page`; `unknown` without any."""
    return next((state for words, state in calibrations()[platform].words if words in page), ShareState.UNKNOWN)


def outcome_of_state(state: ShareState) -> Outcome:
    """The outcome of a page that shows a share in `state`."""
    return _STATE_OUTCOMES.get(state, Outcome.LIVE)


def answer_lifetime(state: ShareState) -> timedelta:
    """How long an answer is valid before the share is asked again. Throttling is no answer, so it is never kept."""
    if state is ShareState.RATE_LIMITED:
        return timedelta(0)
    if state in OPEN_STATES:
        return timedelta(hours=24)
    if state in GONE_STATES:
        return timedelta(hours=6)
    return timedelta(hours=12) if state in LOCKED_STATES else timedelta(minutes=30)


def _parse_calibration(record: Mapping[str, Any]) -> Calibration:
    unknown = record.keys() - {"codes", "words", "source"}
    if unknown or not record["source"].strip() or not (record.get("codes") or record.get("words")):
        raise ValueError(f"codes or words, and a source, are needed; not {sorted(unknown)}")
    return Calibration(
        codes={_parse_code(code): ShareState(state) for code, state in record.get("codes", {}).items()},
        words=tuple((words, ShareState(state)) for words, state in record.get("words", ())),
        source=record["source"],
    )


def _parse_code(text: str) -> int | str:
    """A code of the list as it is in an answer: digits are a number there."""
    return int(text) if text.lstrip("-").isdecimal() else text
