"""The grounds of what the title engine and the doubts about it say, for the matchers that look names up."""

from __future__ import annotations

from crawler.items import Polarity
from matchers.matcher import Ground

TITLE_MATCHER = "title"  # the matcher's name in findings of titles, whichever matcher yields them
TITLE_EXACT = Ground("title_exact", Polarity.FOR, None)
TITLE_EXACT_REASONED = Ground("title_exact_reasoned", Polarity.FOR, None)
TITLE_ERROR = Ground("title_error", Polarity.FOR, None)
TITLE_ERROR_REASONED = Ground("title_error_reasoned", Polarity.FOR, None)
TITLE_SOUND = Ground("title_sound", Polarity.FOR, None)
TITLE_SOUND_REASONED = Ground("title_sound_reasoned", Polarity.FOR, None)
TITLE_LOOSE = Ground("title_loose", Polarity.FOR, None)
TITLE_LOOSE_REASONED = Ground("title_loose_reasoned", Polarity.FOR, None)
TITLE_SCHOOL = Ground("title_school", Polarity.FOR, None)
TITLE_IN_TEXT = Ground("title_in_text", Polarity.FOR, None)
TITLE_IN_TEXT_REASONED = Ground("title_in_text_reasoned", Polarity.FOR, None)
TITLE_SHARED = Ground("title_shared", Polarity.AGAINST, None)
# By the kind of contradiction (matchers/titles/contradictions.py).
CONTRADICTION_GROUNDS = {
    "sequel": Ground("veto_sequel", Polarity.AGAINST, None),
    "season": Ground("veto_season", Polarity.AGAINST, None),
    "volume": Ground("veto_volume", Polarity.AGAINST, None),
    "other_number": Ground("veto_other_number", Polarity.AGAINST, None),
    "derived": Ground("veto_derived", Polarity.AGAINST, None),
    "before": Ground("veto_before", Polarity.AGAINST, None),
    "behind": Ground("veto_behind", Polarity.AGAINST, None),
    "other_creator": Ground("veto_other_creator", Polarity.AGAINST, None),
    "stranger": Ground("veto_stranger", Polarity.AGAINST, None),
}
# By the kind of doubt (matchers/title_doubts.py).
DOUBT_GROUNDS = {
    "other_sign": Ground("veto_other_sign", Polarity.AGAINST, None),
    "other_spelling": Ground("veto_other_spelling", Polarity.AGAINST, None),
    "other_subtitle": Ground("veto_other_subtitle", Polarity.AGAINST, None),
    "other_medium": Ground("veto_other_medium", Polarity.AGAINST, None),
    "mention": Ground("veto_mention", Polarity.AGAINST, None),
    "passing_mention": Ground("veto_passing_mention", Polarity.AGAINST, None),
    "series_remark": Ground("veto_series_remark", Polarity.AGAINST, None),
    "number": Ground("veto_number", Polarity.AGAINST, None),
    "head_word": Ground("veto_head_word", Polarity.AGAINST, None),
    "unconfirmed": Ground("veto_unconfirmed", Polarity.AGAINST, None),
}
TITLE_GROUNDS = (
    TITLE_EXACT,
    TITLE_EXACT_REASONED,
    TITLE_ERROR,
    TITLE_ERROR_REASONED,
    TITLE_SOUND,
    TITLE_SOUND_REASONED,
    TITLE_LOOSE,
    TITLE_LOOSE_REASONED,
    TITLE_SCHOOL,
    TITLE_IN_TEXT,
    TITLE_IN_TEXT_REASONED,
    TITLE_SHARED,
    *CONTRADICTION_GROUNDS.values(),
    *DOUBT_GROUNDS.values(),
)
DOUBT_KEYS = frozenset(ground.key for ground in DOUBT_GROUNDS.values())
