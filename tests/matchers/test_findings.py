"""A finding is a key and values; its sentence is rendered in the language of whoever reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.items import Finding, Question, ShareState, Work
from crawler.messages import load_messages
from crawler.store.database import from_json, to_json
from matchers.catalogue import declared_grounds
from matchers.findings import finding_sentence, make_finding, make_phrase, share_state_text, stored_sentence
from matchers.matcher import Ground
from matchers.signals.outlets import COPY_KINDS
from registry.territories import HintKind

WORK = Work(id="w", title="潮汐图书馆")
# Sentences of the trade, each with values as its matcher gives them, in both languages.
SENTENCES: list[tuple[str, dict[str, Any], str, str]] = [
    ("delivery_file", {"theirs": "电子书"}, "Described as a digital file (“电子书”)", "自称电子文件（“电子书”）"),
    ("talk_request", {"theirs": "求资源"}, "Wanted ad, not an offer (“求资源”)", "是求购，不是出售（“求资源”）"),
    ("share_link", {"theirs": "u", "count": 1}, "Contains a cloud-drive link: u", "含 1 个网盘链接：u"),
    ("share_link", {"theirs": "u、v", "count": 2}, "Contains 2 cloud-drive links: u、v", "含 2 个网盘链接：u、v"),
    (
        "title_exact_reasoned",
        {"ours": "潮汐图书馆", "theirs": "潮汐图书馆", "reasons": ["沈砚秋", 2019]},
        "Title names “潮汐图书馆”, listing also names 沈砚秋, 2019",
        "标题写明“潮汐图书馆”，条目还写明沈砚秋、2019",
    ),
    (
        "history_repeat",
        {"theirs": "画室小铺", "count": 5, "others": make_phrase("history_also_innocent", count=1)},
        "5 earlier listings of 画室小铺 were confirmed as infringing, 1 not infringing",
        "画室小铺此前有 5 个条目被判侵权，1 个被判不侵权",
    ),
    (
        "history_clean",
        {"theirs": "画室小铺", "count": 1, "others": ""},
        "1 earlier listing of 画室小铺 was judged not infringing",
        "画室小铺此前有 1 个条目被判不侵权",
    ),
    (
        "publisher_app",
        {"ours": "折光互动", "theirs": "Lucky Plum"},
        "App is published by Lucky Plum, not by 折光互动",
        "该应用由 Lucky Plum 发布，而非折光互动",
    ),
    (
        "short_abbreviated",
        {"ours": "Tidal Maps", "theirs": "Tid Maps", "confirmed": make_phrase("short_confirmed", reasons=[2, 3])},
        "Title abbreviates “Tidal Maps” to “Tid Maps” (2, 3)",
        "标题将“Tidal Maps”简写为“Tid Maps”（2、3）",
    ),
]


def make(key: str, **values: Any) -> Finding:
    return make_finding("m", WORK, declared_grounds()[key], 0.9, **values)


@pytest.mark.parametrize(("key", "values", "english", "chinese"), SENTENCES)
def test_a_finding_is_said_in_the_language_of_its_reader(
    key: str, values: dict[str, Any], english: str, chinese: str
) -> None:
    finding = make(key, **values)
    assert not finding.why, "no sentence is made where it is found"
    stored = json.loads(json.dumps(to_json(finding)))
    assert "why" not in stored
    assert from_json(stored, Finding) == finding
    for language, sentence in (("en", english), ("zh", chinese)):
        assert finding_sentence(finding, language) == stored_sentence(stored, language) == sentence


def test_a_finding_stored_with_its_sentence_keeps_it() -> None:
    stored = to_json(make("delivery_file", theirs="电子书")) | {"why": "a file by its own words: 电子书"}
    for language in ("en", "zh"):
        assert finding_sentence(from_json(stored, Finding), language) == "a file by its own words: 电子书"
        assert stored_sentence(stored, language) == "a file by its own words: 电子书"


@pytest.mark.parametrize("ground", ["of_tomorrow", "price_low"])
def test_a_finding_of_another_version_still_says_what_it_has(ground: str) -> None:
    """A key that is unknown here, and one whose sentence has come to need another value."""
    finding = Finding(
        matcher="m", question=Question.OFFENCE, work_id="w", probability=0.9, theirs="9.90 CNY", ground=ground
    )
    assert finding_sentence(finding, "en") == f"Reason that this version has no sentence for: {ground} (9.90 CNY)"
    assert finding_sentence(finding, "zh") == f"本版本未收录说明的理由：{ground}（9.90 CNY）"


def test_every_ground_and_every_phrase_has_its_sentences_and_no_sentence_is_without_use() -> None:
    phrases = {f"share_{state.value}" for state in ShareState} | {f"hint_{kind.value}" for kind in HintKind}
    phrases |= {f"outlet_{kind.value}" for kind in COPY_KINDS} | {"file_series", "short_confirmed", "unknown_ground"}
    phrases |= {"history_also_innocent", "history_also_infringing"}
    assert not phrases & set(declared_grounds())
    assert set(load_messages("matchers")) == phrases | set(declared_grounds())


def test_states_of_shares_are_words() -> None:
    assert share_state_text("needs_code", "en") == "needs a code"
    assert share_state_text("needs_code", "zh") == "需要提取码"


def test_a_key_can_be_searched_for() -> None:
    with pytest.raises(ValueError, match="Toy"):
        Ground("Toy", declared_grounds()["share_is"].polarity, None)
