"""The features of a name found in a text, by which the models of weights.toml judge it (scoring.py).

A name is stronger evidence the longer it is, and the less else there is in the text that is neither sellers' noise nor
known of the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from attrs import frozen

from crawler.text import fold
from matchers.titles.analysis import AnalysedText
from matchers.titles.edits import edit_features
from matchers.titles.name_matches import NameMatch
from matchers.titles.scoring import build_hinges, hinge_features, neighbour_feature
from matchers.titles.surrounding_text import run_features, surrounding_features
from matchers.titles.title_names import NOTE_FORM, SHORTENED_FORM, Name
from matchers.titles.tokens import has_han, information_bits

FEATURE_KNOTS = {
    "rest": (0.15, 0.4, 0.7),
    "segment": (0.4, 0.7, 0.9),
    "elsewhere": (0.1, 0.25, 0.5),
    "bits": (2.0, 3.5, 5.0),
    "units": (3.0, 5.0),
    "crowd": (0.5, 1.0),
}


LONG_TEXT_CHARS = 80  # characters; in longer texts only what is near a name counts
MAX_HAN_EQUIVALENTS = 8.0  # information of a name, in Han characters
NEGLIGIBLE_REST_SHARE = 0.1  # share of the text that is neither name nor noise
# Han characters of information below which a name needs a second reason: two characters are a coin toss.
SHORT_NAME_INFORMATION = 2.5
TINY_NAME_INFORMATION = 1.6  # the same for names without Han characters: three letters
DERIVED_WORD_REACH_CHARS = 25  # characters around a name in which a word of a derived work counts in a long text
_HINGES = build_hinges(**FEATURE_KNOTS)
_POSSESSIVE_CHARS = frozenset("的之")  # 沈岚的灯塔: the creator's


@frozen(kw_only=True)
class Corroboration:
    """What the listing says about the work besides its name. `other_creators`: it names other creators."""

    creator: str | None = None
    publisher: str | None = None
    year: int | None = None
    other_creators: str | None = None

    def has_second_reason(self) -> bool:
        """Whether something besides the name supports the work."""
        return bool(self.creator or self.publisher)


NO_CORROBORATION = Corroboration()


def match_features(name_match: NameMatch, text: AnalysedText, corroboration: Corroboration) -> dict[str, float]:
    """Features by name, each about 0..1 except `units` (information in Han characters, at most 8) and `bits` (tens).

    Features that are 0 may be missing.
    """
    name, start, end = name_match.name, name_match.start, name_match.end
    rest_share, known_spans = _rest_share(name_match, text, corroboration)
    is_short = name.han_equivalents < SHORT_NAME_INFORMATION
    neighbour_share = neighbour_feature(name_match.neighbour_count)
    values = {
        "units": min(name.han_equivalents, MAX_HAN_EQUIVALENTS),
        "bits": _cached_information_bits(name.folded),
        "rest": rest_share,
        "crowd": neighbour_share,
        "crowd_rest": neighbour_share * rest_share,
        **surrounding_features(text, start, end, name.han_equivalents, known_spans),
        **run_features(text, start, end, known_spans, derived_word_reach(text)),
    }
    values.update((feature, 1.0) for feature, holds in (
        ("short", is_short),
        ("framed", _is_framed(name_match, text)),
        ("released", text.is_title_span(start, end)),
        ("all", rest_share < NEGLIGIBLE_REST_SHARE),
        ("leads", text.noise.find(0, 0, start) < 0),
        ("disguised", name_match.is_disguised),
        ("broken", _is_torn(name_match, text)),
        ("shortened", name.form == SHORTENED_FORM),
        ("noted", name.form == NOTE_FORM),
    ) if holds)  # fmt: skip
    if corroboration is not NO_CORROBORATION:
        values |= corroboration_features(corroboration)
        values["short_reasoned"] = float(is_short and corroboration.has_second_reason())
    if name.form == SHORTENED_FORM and "behind_hard" in values and _begins_subtitle(text, end):
        values["other_subtitle"] = 1.0
    if name.form == NOTE_FORM and "behind_aside" in values:
        values["other_note"] = 1.0
    if name_match.edits:
        values |= _edit_match_features(name_match, text, values)
    values.update(hinge_features(_HINGES, values))
    return values


def model_of(name_match: NameMatch, features: Mapping[str, float]) -> str:
    """The model that judges a match: by exact spelling or edit, by script, by whether unknown text touches it."""
    kind = "error" if name_match.edits else "exact"
    script = "han" if has_han(name_match.name.compact) else "latin"
    return f"{kind}_{script}_touched" if "touched" in features else f"{kind}_{script}"


def _edit_match_features(name_match: NameMatch, text: AnalysedText, features: dict[str, float]) -> dict[str, float]:
    """The further features of a match with one edit, or of one in sound only."""
    return {
        "error": 1.0 / max(features["units"], 1.0),
        "error_all": float(not name_match.is_homophone and "all" in features),
        "error_bits": features["bits"],
        **_edit_kind_features(name_match, text),
        "sound": float(name_match.is_homophone),
        "unlike": 1.0 - name_match.similarity,
    }


def _edit_kind_features(name_match: NameMatch, text: AnalysedText) -> dict[str, float]:
    """Features of the kind of edit; none if only the sound agrees."""
    if name_match.is_homophone:
        return {}
    return edit_features(name_match.name.compact, name_match.start, name_match.end, text)


def derived_word_reach(text: AnalysedText) -> int:
    """The characters around a name in which a word of a derived work counts."""
    return DERIVED_WORD_REACH_CHARS if len(text.compact) > LONG_TEXT_CHARS else LONG_TEXT_CHARS


def is_tiny(name: Name) -> bool:
    """Whether a name is so short that it needs a second reason: two Han characters, three letters."""
    return name.han_equivalents < (SHORT_NAME_INFORMATION if has_han(name.compact) else TINY_NAME_INFORMATION)


def corroboration_features(corroboration: Corroboration) -> dict[str, float]:
    """Features of what supports the work besides its name."""
    return {
        "creator": float(corroboration.creator is not None),
        "publisher": float(corroboration.publisher is not None),
        "year": float(corroboration.year is not None),
    }


_cached_information_bits = lru_cache(maxsize=8_192)(information_bits)


def _is_framed(name_match: NameMatch, text: AnalysedText) -> bool:
    start, end = text.span(name_match.start, name_match.end)
    before, after = text.original[max(0, start - 1) : start], text.original[end : end + 1]
    return bool(before and after) and before in '《〈「『【[“"' and after in '》〉」』】]”"'


def _rest_share(
    name_match: NameMatch, text: AnalysedText, corroboration: Corroboration
) -> tuple[float, list[tuple[int, int]]]:
    """The share of the text that is neither name, noise, creator, publisher nor year; and where the last three stand.

    Of a long text only what is near the name counts.
    """
    first = max(0, name_match.start - LONG_TEXT_CHARS)
    last = min(len(text.compact), name_match.end + LONG_TEXT_CHARS)
    unknown_sums = text.unknown_sums
    unknown_information = (
        unknown_sums[last] - unknown_sums[name_match.end] + unknown_sums[name_match.start] - unknown_sums[first]
    )
    known_spans: list[tuple[int, int]] = []
    if corroboration is NO_CORROBORATION:
        return unknown_information / (unknown_information + name_match.name.han_equivalents), known_spans
    for stated in (
        corroboration.creator,
        corroboration.publisher,
        str(corroboration.year) if corroboration.year else None,
    ):
        compact = fold(stated).replace(" ", "") if stated else ""
        position = text.compact.find(compact, first, last) if compact else -1
        if position >= 0 and (position >= name_match.end or position + len(compact) <= name_match.start):
            after = (
                position
                + len(compact)
                + (text.compact[position + len(compact) : position + len(compact) + 1] in _POSSESSIVE_CHARS)
            )
            known_spans.append((position, after))
            unknown_information -= unknown_sums[after] - unknown_sums[position]
    unknown_information = max(0.0, unknown_information)
    return unknown_information / (unknown_information + name_match.name.han_equivalents), known_spans


def _begins_subtitle(text: AnalysedText, position: int) -> bool:
    """Whether a colon or dash separates `position` from the one before it."""
    first, last = text.span(position - 1, position + 1)
    return any(character in ":：—–-" for character in text.original[first + 1 : last - 1])


def _is_torn(name_match: NameMatch, text: AnalysedText) -> bool:
    """Whether words are separated elsewhere than in the name, so that the match may run across words of a sentence."""
    if name_match.edits:
        return False
    return bool(text.word_breaks(name_match.start, name_match.end) ^ name_match.name.word_breaks)
