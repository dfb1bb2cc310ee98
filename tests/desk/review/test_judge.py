"""What people say of hits is kept for ever, taken back by another line, and taught where it says "not"."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from crawler.errors import BadInput
from crawler.items import Decision, Verdict
from crawler.store import HitQuery, Store
from desk.cli import application
from desk.export.formats import export_hits
from desk.export.rows import export_rows
from desk.review.judge import (
    Lesson,
    NewVerdict,
    check_lesson,
    read_verdicts,
    record_verdicts,
    undo_verdict,
    withdraw_rule,
)
from matchers.assessor import Assessor
from tests.conftest import on_sqlite
from tests.trusting import NOW, crawled, hit_of, offers, say, works

LATER = NOW + timedelta(days=1)
WORKS = works(2)
LISTINGS = offers(WORKS, 8)
FILE, COPY, SAME_SELLER = LISTINGS[0].url, LISTINGS[1].url, LISTINGS[5].url


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        opened.works.import_works(WORKS, NOW)
        crawled(opened, LISTINGS, "r1", NOW)
        yield opened


def decisions(store: Store) -> dict[str, Decision]:
    return {hit.listing.url: hit.decision for hit in store.hits.find_hits(HitQuery())}


def test_what_is_judged_no_infringement_is_dropped_and_never_new_again(store: Store) -> None:
    before = decisions(store)
    assert before[FILE] is Decision.HIT
    say(store, hit_of(store, FILE), Verdict.NOT, why="our own reader's copy")
    assert decisions(store) == before | {FILE: Decision.DROPPED}
    crawled(store, LISTINGS, "r2", LATER)
    again = hit_of(store, FILE)
    assert (again.decision, again.first_seen, again.judged) == (Decision.DROPPED, NOW, Verdict.NOT)
    assert "judged" in {finding.matcher for finding in again.findings}
    assert not [each for each in store.hits.find_summaries(HitQuery(run="r2")) if each.id == again.id and each.is_new]


def test_a_judgement_taken_back_takes_its_lessons_back_and_stays_in_the_history(store: Store) -> None:
    before, hit = decisions(store), hit_of(store, FILE)
    say(store, hit, Verdict.NOT, lesson=Lesson(seller=True))
    assert len(store.reviews.all_rules()) == 2
    taken = undo_verdict(store, hit, "wang", LATER, "en", "looked again")
    assert taken is not None
    assert taken.verdict is Verdict.NOT
    assert decisions(store) == before
    assert store.reviews.all_rules() == []
    assert [(rule.withdrawn_by, rule.judgement) for rule in store.reviews.all_rules(include_withdrawn=True)] == [
        ("wang", 1)
    ] * 2
    told = [(each.verdict, each.by, each.undoes) for each in store.reviews.judgement_history(hit.id)]
    assert told == [(Verdict.NOT, "li", None), (Verdict.NOT, "wang", 1)]
    assert undo_verdict(store, hit, "wang", LATER, "en") is None
    assert hit_of(store, FILE).judged is None


def test_an_older_judgement_stands_again_when_a_newer_one_is_taken_back(store: Store) -> None:
    hit = hit_of(store, FILE)
    say(store, hit, Verdict.INFRINGING)
    say(store, hit, Verdict.UNSURE, LATER)
    undo_verdict(store, hit, "li", LATER, "en")
    assert hit_of(store, FILE).judged is Verdict.INFRINGING
    assert store.reviews.current_judgements([hit.id])[hit.id].verdict is Verdict.INFRINGING


def test_another_verdict_about_a_listing_withdraws_that_it_is_innocent_and_undo_restores_it(store: Store) -> None:
    before, hit = decisions(store), hit_of(store, FILE)
    say(store, hit, Verdict.NOT)
    say(store, hit, Verdict.NOT, why="sure")
    say(store, hit, Verdict.INFRINGING, LATER)
    assert decisions(store) == before
    assert store.reviews.all_rules() == []
    undo_verdict(store, hit, "li", LATER, "en")
    assert decisions(store)[FILE] is Decision.DROPPED
    assert [rule.reason for rule in store.reviews.all_rules()] == ["sure"]
    undo_verdict(store, hit, "li", LATER, "en")
    assert decisions(store)[FILE] is Decision.DROPPED
    undo_verdict(store, hit, "li", LATER, "en")
    assert decisions(store) == before


def test_a_seller_taught_is_innocent_for_this_work_only(store: Store) -> None:
    before = decisions(store)
    say(store, hit_of(store, FILE), Verdict.NOT, lesson=Lesson(seller=True))
    same_work = {each.url for each in LISTINGS[:8] if each.seller == LISTINGS[0].seller}
    changed = {url for url, decision in decisions(store).items() if decision is not before[url]}
    assert changed == {url for url in same_work if before[url] is not Decision.DROPPED}
    assert len(same_work) == 2
    assert decisions(store)[LISTINGS[8].url] is Decision.HIT, "the same seller with another work"


def test_words_taught_are_innocent_beside_this_work_and_withdrawn_by_their_number(store: Store) -> None:
    before = decisions(store)
    say(store, hit_of(store, COPY), Verdict.NOT, lesson=Lesson(phrase="影印 胶装"))
    after = decisions(store)
    assert [after[LISTINGS[place].url] for place in (1, 5, 9, 13)] == [Decision.DROPPED] * 2 + [Decision.HIT] * 2
    (phrase,) = [rule for rule in store.reviews.all_rules() if rule.kind == "phrase"]
    assert withdraw_rule(store, phrase.id, "wang", LATER, "en")
    assert not withdraw_rule(store, phrase.id, "wang", LATER, "en")
    assert decisions(store) == before | {COPY: Decision.DROPPED}, "the listing itself stays judged"


@pytest.mark.parametrize(
    ("verdict", "lesson"),
    [
        (Verdict.INFRINGING, Lesson(seller=True)),
        (Verdict.NOT, Lesson(phrase="没有的话")),
        (Verdict.NOT, Lesson(phrase="版")),
    ],
)
@on_sqlite
def test_what_cannot_be_taught_is_refused(store: Store, verdict: Verdict, lesson: Lesson) -> None:
    said = NewVerdict(hit=hit_of(store, FILE), verdict=verdict, reason="", by="li", at=NOW, lesson=lesson)
    with pytest.raises(BadInput):
        check_lesson(said, "en", "hits judge")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@on_sqlite
def test_an_edited_export_judges_and_the_same_file_twice_changes_nothing(
    store: Store, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"hits{suffix}"
    export_hits(path, export_rows(store, HitQuery(decisions=(Decision.HIT,)), "en"))
    filled = fill(path, {FILE: ("infringing", "a file", ""), COPY: ("Not", "", "seller")})
    said = read_verdicts(filled, store, "li", NOW, "en")
    assert {(each.hit.listing.url, each.verdict, each.reason, each.lesson.seller) for each in said} == {
        (FILE, Verdict.INFRINGING, "a file", False),
        (COPY, Verdict.NOT, "", True),
    }
    record_verdicts(store, said, "en")
    again = read_verdicts(filled, store, "li", LATER, "en")
    assert [each.lesson for each in again] == [Lesson(seller=True)], "only the lesson is asked for again"
    record_verdicts(store, again, "en")
    assert len(store.reviews.all_rules()) == 2


def fill(path: Path, verdicts: dict[str, tuple[str, str, str]]) -> Path:
    """The exported file as an analyst gives it back: verdict filled in, two columns added, rows in another order."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = list(csv.DictReader(file))
    else:
        sheet = load_workbook(path)["hits"]
        lines = list(sheet.iter_rows(values_only=True))
        table = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    for row in table:
        row["verdict"], row["reason"], row["teach"] = verdicts.get(str(row["url"]), ("", "", ""))
    edited = path.with_name("edited.csv")
    with edited.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, table[0].keys())
        writer.writeheader()
        writer.writerows(reversed(table))
    return edited


@on_sqlite
def test_every_wrong_verdict_of_a_file_is_named_and_none_is_taken(store: Store, tmp_path: Path) -> None:
    good = hit_of(store, FILE).id
    lines = [f"{good},not,", f"{good},maybe,", "ffff,not,", f"{good},infringing,seller"]
    (tmp_path / "bad.csv").write_text("\n".join(["hit_id,verdict,teach", *lines]), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_verdicts(tmp_path / "bad.csv", store, "li", NOW, "en")
    assert [(problem.line, problem.field) for problem in caught.value.problems] == [
        (3, "verdict"),
        (4, "hit_id"),
        (5, "teach"),
    ]


@on_sqlite
def test_the_commands(store: Store, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "swordnet.toml").write_text(f'[store]\nurl = "{database}"\n', encoding="utf-8")
    key = hit_of(store, FILE).id

    def desk(*arguments: str) -> str:
        done = CliRunner().invoke(application(), ["hits", *arguments])
        assert done.exit_code == 0, done.output or done.exception
        return done.stdout

    told = json.loads(desk("judge", key[:8], "not", "--reason", "own shop", "--teach-seller", "--by", "li", "--json"))
    assert told == {"judged": 1, "rules": [1, 2]}
    assert "own shop" in desk("rules")
    assert "Judged not by li" in desk("show", key)
    assert [
        row["hit_id"] for row in json.loads(desk("list", "--json", "--verdict", "not", "--decision", "dropped"))
    ] == [key]
    desk("unteach", "2", "--by", "li")
    assert [rule["id"] for rule in json.loads(desk("rules", "--json"))] == [1]
    desk("undo", key, "--by", "wang")
    assert json.loads(desk("rules", "--json")) == []
    assert "taken back by wang" in desk("show", key)


def test_any_row_of_judgements_leaves_a_whole_history_and_nothing_new(database: str) -> None:
    _played(database, moves=120, size=(4, 8), batch=30)


@pytest.mark.slow
@on_sqlite
def test_ten_thousand_judgements(database: str) -> None:
    _played(database, moves=10_000, size=(120, 8), batch=2_000)


def _played(database: str, moves: int, size: tuple[int, int], batch: int) -> None:
    """Random judgements in batches, some taken back; then the night again: a model says what holds of every pair."""
    source = random.Random(moves)
    some = works(size[0])
    listings = offers(some, size[1])
    with Store.open(database) as store:
        store.works.import_works(some, NOW)
        assessor = Assessor(store.works.registered_works(), 0.2)
        crawled(store, listings, "r1", NOW, assessor)
        hits = {hit.id: hit for hit in store.hits.find_hits(HitQuery())}
        model: dict[str, list[Verdict]] = {key: [] for key in hits}
        lines = dict.fromkeys(hits, 0)
        for start in range(0, moves, batch):
            chosen = [source.choice(list(hits)) for _ in range(min(batch, moves - start))]
            said = [
                NewVerdict(hit=hits[key], verdict=source.choice(list(Verdict)), reason="", by="li", at=NOW)
                for key in chosen
            ]
            record_verdicts(store, said, "en")
            for one in said:
                model[one.hit.id].append(one.verdict)
                lines[one.hit.id] += 1
            for key in source.sample(list(hits), 10):
                taken = undo_verdict(store, hits[key], "li", NOW, "en")
                assert (taken.verdict if taken else None) == (model[key].pop() if model[key] else None)
                lines[key] += taken is not None
        known = {hit.id: hit.decision for hit in store.hits.find_hits(HitQuery())}
        crawled(store, offers(some, size[1], LATER), "r2", LATER, assessor)
        for hit in store.hits.find_hits(HitQuery()):
            standing = model[hit.id][-1] if model[hit.id] else None
            assert hit.judged is standing
            assert hit.decision is known[hit.id]
            dismissed = any(finding.ground == "judged_listing" for finding in hit.findings)
            assert dismissed is (standing is Verdict.NOT)
            assert hit.decision is Decision.DROPPED or not dismissed
            assert hit.first_seen == NOW
        assert not [each for each in store.hits.find_summaries(HitQuery(run="r2")) if each.is_new]
        assert store.reviews.count_judgements() == sum(lines.values())
        assert all(len(store.reviews.judgement_history(key)) == lines[key] for key in source.sample(list(hits), 20))
