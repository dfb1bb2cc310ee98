"""The word lists of signals: made by their script, counted over the fixtures, without a needless or a doubtful row."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pytest

from crawler.errors import BadInput
from crawler.text import fold
from matchers.signals import word_lists
from matchers.signals.lexicon import load_lexicon
from matchers.signals.text_signals import find_text_signals
from matchers.signals.word_lists import signal_lexicon, signal_pairs, slot_lexicon
from tests import ROOT
from tools.make_lexicon import (
    FOLDER,
    TEMPLATE_SOURCE,
    Row,
    count_fixtures,
    expand_family,
    expand_templates,
    find_subsumed,
    make_rows,
    offer_texts,
    open_fixtures,
    page_texts,
    read_rows,
)

ROWS = read_rows()
ACCUSING_AREAS = (
    "account", "bundle", "burned", "copy", "counterfeit", "course", "crack", "drive", "file", "handover", "rip",
    "server", "stream", "virtual", "wholesale",
)  # fmt: skip
TEMPLATES = sorted((FOLDER / "templates").glob("*.toml"))
PLAIN_SOURCES = (
    "own list 2026-11",
    "own family of expressions 2026-11-28",
    "everyday words that hold a sign 2026-11",
    "lexicon of sellers' expressions in the share-link bench, reviewed 2026-11",
)


def test_the_lists_are_what_the_script_makes() -> None:
    made = {(row.file, row.word, row.probability, row.source) for row in make_rows()}
    shipped = {
        (path.name, row["word"], float(row["probability"]), row["source"])
        for path in FOLDER.glob("*.csv")
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    }
    assert shipped == made, "run: python -m tools.make_lexicon"


def test_every_family_ships_whole() -> None:
    subsumed = find_subsumed([*(row for row in ROWS if not row.is_made), *expand_templates()])
    made = {(row.word, row.area, row.source) for row in expand_templates() if row.word not in subsumed}
    assert {(row.word, row.area, row.source) for row in ROWS if row.is_made} == made
    assert len(made) > 1_000


def test_no_word_is_twice_and_none_is_needless() -> None:
    assert len({row.word for row in ROWS}) == len(ROWS)
    assert find_subsumed(ROWS) == {}
    assert all(row.word == fold(row.word) for row in ROWS)


def test_every_row_has_a_source_that_can_be_followed() -> None:
    families = {
        (path.name.partition(".")[0], TEMPLATE_SOURCE + family["name"])
        for path in TEMPLATES
        for family in tomllib.loads(path.read_text(encoding="utf-8"))["family"]
    }
    plain = {row.source for row in ROWS if not row.is_made}
    assert plain == set(PLAIN_SOURCES)
    assert {(row.area, row.source) for row in ROWS if row.is_made} <= families


def test_the_fixtures_of_each_row_are_counted() -> None:
    """Pairs come and go with every change, so a number may lag behind them alone until the next `make docs`."""
    words = [row.word for row in ROWS]
    frozen_counts = count_fixtures(words, [*offer_texts(), *page_texts()])
    all_counts = count_fixtures(words, open_fixtures())
    stale = [row.word for row in ROWS if not frozen_counts[row.word] <= row.fixtures <= all_counts[row.word]]
    assert stale == [], "run: python -m tools.make_lexicon"


def test_only_what_a_fixture_holds_is_verified() -> None:
    for path in FOLDER.glob("*.csv"):
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            assert row["status"] == ("verified" if int(row["fixtures"]) else "unverified"), (path.name, row["word"])


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_are_of_a_list_and_their_exceptions_are_real(path: Path) -> None:
    assert (FOLDER / f"{path.stem}.csv").exists()
    for family in tomllib.loads(path.read_text(encoding="utf-8"))["family"]:
        words = set(expand_family({**family, "except": []}))
        left_out = {fold(word) for word in family.get("except", ())}
        assert len(words) >= 1
        assert left_out <= words, family["name"]


def test_a_needless_row_is_one_that_a_shorter_word_is_found_in_as_surely() -> None:
    words = [
        ("影印", 0.92),
        ("影印本", 0.9),
        ("print", 0.6),
        ("printed", 0.6),
        ("home print", 0.6),
        ("print shop", 0.4),
    ]
    rows = [Row(word=word, area="copy", probability=probability, source="-") for word, probability in words]
    assert find_subsumed(rows) == {"影印本": "影印", "home print": "print"}
    assert find_subsumed([rows[0], Row(word="影印本", area="merch", probability=0.9, source="-")]) == {}


def test_the_words_of_slots_are_of_one_slot() -> None:
    path = ROOT / "matchers" / "signals" / "slots.csv"
    words = [fold(row["word"]) for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())]
    assert len(words) == len(set(words)) == len(list(slot_lexicon().words()))


def test_words_that_say_nothing_by_themselves_are_no_strong_signals() -> None:
    strength = {word.text: word.probability for word in signal_lexicon().words()}
    for word in ("全书", "传世", "内封", "百科", "大全", "合集", "no cd", "pack", "not affiliated", "reprint"):
        assert strength.get(word, 0.0) <= 0.4, word


@pytest.mark.parametrize(
    "text",
    [
        "以后印象更深",
        "没想到会发现印度",
        "电影本身好看",
        "来自印尼的故事",
        "手机打不开",
        "已向注册机构备案",
        "可开统一发票",
        "附近有停车位",
        "电磁力与磁力线",
        "全书五章 内封烫金",
        "the patch of grass",
    ],
)
def test_a_sign_that_two_everyday_words_hold_by_accident_is_none(text: str) -> None:
    signals = [(signal.area, signal.word, signal.probability) for signal in find_text_signals(text).signals]
    assert [signal for signal in signals if signal[0] in ACCUSING_AREAS and signal[2] > 0.4] == []


def test_a_bad_row_is_refused_by_file_line_and_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "wordy_package" / "words"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    (folder / "file.zh.csv").write_text("word,probability,source\n电子稿,0.9,own\n电子本,1.2,own\n,x,\n电,0.5\n")
    (folder / "file.en.csv").write_text("word,source\nebook,own\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BadInput) as caught:
        load_lexicon("wordy_package", "words")
    places = [(problem.file, problem.line, problem.field) for problem in caught.value.problems]
    assert places == [
        ("file.en.csv", 1, "probability"),
        ("file.zh.csv", 3, "probability"),
        ("file.zh.csv", 4, "word"),
        ("file.zh.csv", 4, "source"),
        ("file.zh.csv", 4, "probability"),
        ("file.zh.csv", 5, None),
    ]


def test_a_bad_row_of_a_smaller_list_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = "area,first,second,reach,probability,source\n"
    (tmp_path / "pairs.csv").write_text(header + "file,a,b,x,0.5,own\nfile,a,b,2,0,own\nfile,a,b,2,0.5,\n")
    monkeypatch.setattr(word_lists.resources, "files", lambda _package: tmp_path)
    with pytest.raises(BadInput) as caught:
        signal_pairs.__wrapped__()
    places = [(problem.file, problem.line, problem.field) for problem in caught.value.problems]
    assert places == [("pairs.csv", 2, "reach"), ("pairs.csv", 3, "probability"), ("pairs.csv", 4, "source")]
