"""What people say of hits is kept for ever, taken back by another line, and taught where it says "not"."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from attrs import evolve
from openpyxl import load_workbook
from sqlalchemy import text
from typer.testing import CliRunner

from crawler.errors import BadInput
from crawler.items import Decision, Licence, Listing, ListingKind, Verdict
from crawler.store import HitQuery, Store
from crawler.store.database import MIGRATIONS_FOLDER, open_engine
from desk.cli import application
from desk.clusters import find_clusters
from desk.export.formats import export_hits
from desk.export.rows import export_rows
from desk.review.judge import (
    Lesson,
    NewVerdict,
    check_lesson,
    read_verdicts,
    record_verdicts,
    redecide_owner,
    undo_verdict,
    withdraw_rule,
)
from matchers.assessor import Assessor
from matchers.decision import MIN_STORED_IDENTITY
from matchers.findings import finding_sentence
from screening.match_context import build_context
from screening.redecide_hits import redecide_hits
from screening.rematch_listings import rematch_all
from tests.conftest import on_sqlite
from tests.judged_store import NOW, hit_by_url, judge_hit, make_offers, make_works, record_crawl

LATER = NOW + timedelta(days=1)
WORKS = make_works(2)
LISTINGS = make_offers(WORKS, 8)
FILE_URL, PHOTOCOPY_URL, SAME_SELLER_URL = LISTINGS[0].url, LISTINGS[1].url, LISTINGS[5].url


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        opened.works.import_works(WORKS, NOW)
        record_crawl(opened, LISTINGS, "r1", NOW)
        yield opened


def decisions(store: Store) -> dict[str, Decision]:
    return {hit.listing.url: hit.decision for hit in store.hits.find_hits(HitQuery())}


def test_what_is_judged_no_infringement_is_dropped_and_never_new_again(store: Store) -> None:
    before = decisions(store)
    assert before[FILE_URL] is Decision.HIT
    judge_hit(store, hit_by_url(store, FILE_URL), Verdict.NOT, reason="our own reader's copy")
    assert decisions(store) == before | {FILE_URL: Decision.DROPPED}
    record_crawl(store, LISTINGS, "r2", LATER)
    judged_hit = hit_by_url(store, FILE_URL)
    assert (judged_hit.decision, judged_hit.first_seen, judged_hit.judged) == (Decision.DROPPED, NOW, Verdict.NOT)
    assert "judged" in {finding.matcher for finding in judged_hit.findings}
    assert not [
        summary
        for summary in store.hits.find_summaries(HitQuery(run="r2"))
        if summary.id == judged_hit.id and summary.is_new
    ]


def test_a_judgement_taken_back_takes_its_lessons_back_and_stays_in_the_history(store: Store) -> None:
    before, hit = decisions(store), hit_by_url(store, FILE_URL)
    judge_hit(store, hit, Verdict.NOT, lesson=Lesson(seller=True))
    assert len(store.reviews.all_rules()) == 2
    undone = undo_verdict(store, hit, "wang", LATER, "looked again")
    assert undone is not None
    assert undone.verdict is Verdict.NOT
    assert decisions(store) == before
    assert store.reviews.all_rules() == []
    assert [(rule.withdrawn_by, rule.judgement) for rule in store.reviews.all_rules(include_withdrawn=True)] == [
        ("wang", 1)
    ] * 2
    history = [
        (judgement.verdict, judgement.by, judgement.undoes) for judgement in store.reviews.judgement_history(hit.id)
    ]
    assert history == [(Verdict.NOT, "li", None), (Verdict.NOT, "wang", 1)]
    assert undo_verdict(store, hit, "wang", LATER) is None
    assert hit_by_url(store, FILE_URL).judged is None


def test_an_older_judgement_stands_again_when_a_newer_one_is_taken_back(store: Store) -> None:
    hit = hit_by_url(store, FILE_URL)
    judge_hit(store, hit, Verdict.INFRINGING)
    judge_hit(store, hit, Verdict.UNSURE, LATER)
    undo_verdict(store, hit, "li", LATER)
    assert hit_by_url(store, FILE_URL).judged is Verdict.INFRINGING
    assert store.reviews.current_judgements([hit.id])[hit.id].verdict is Verdict.INFRINGING


def test_another_verdict_about_a_listing_withdraws_that_it_is_innocent_and_undo_restores_it(store: Store) -> None:
    before, hit = decisions(store), hit_by_url(store, FILE_URL)
    judge_hit(store, hit, Verdict.NOT)
    judge_hit(store, hit, Verdict.NOT, reason="sure")
    judge_hit(store, hit, Verdict.INFRINGING, LATER)
    assert decisions(store) == before
    assert store.reviews.all_rules() == []
    undo_verdict(store, hit, "li", LATER)
    assert decisions(store)[FILE_URL] is Decision.DROPPED
    assert [rule.reason for rule in store.reviews.all_rules()] == ["sure"]
    undo_verdict(store, hit, "li", LATER)
    assert decisions(store)[FILE_URL] is Decision.DROPPED
    undo_verdict(store, hit, "li", LATER)
    assert decisions(store) == before


SAME_SELLER_USED_URL = LISTINGS[11].url
USED_URL, OTHER_URL = LISTINGS[3].url, "https://forum.example/thread/77"


def decision_of(store: Store, url: str) -> tuple[Decision, set[str]]:
    hit = hit_by_url(store, url)
    return hit.decision, {finding.ground for finding in hit.findings if finding.matcher == "judged"}


def test_what_is_judged_infringing_is_a_hit_everywhere_and_stays_one(store: Store) -> None:
    hit = hit_by_url(store, USED_URL)
    assert hit.decision is Decision.DROPPED
    judge_hit(store, hit, Verdict.INFRINGING, reason="bought it: a photocopy")
    judged_hit = hit_by_url(store, USED_URL)
    assert (judged_hit.decision, judged_hit.judged) == (Decision.HIT, Verdict.INFRINGING)
    assert "Listing was judged infringing (li 2026-11-22): bought it: a photocopy" in {
        finding_sentence(finding, "en") for finding in judged_hit.findings
    }
    hits_only = HitQuery(decisions=(Decision.HIT,))
    assert hit.id in {row.id for row in store.hits.find_hits(hits_only)}
    assert hit.id in {row.id for row in store.hits.find_page(hits_only, 100)}
    exported = {row.hit_id: row for row in export_rows(store, hits_only, "en")}
    assert (exported[hit.id].decision, exported[hit.id].verdict) == ("hit", "infringing")
    judge_hit(store, hit_by_url(store, SAME_SELLER_USED_URL), Verdict.INFRINGING)
    assert hit.id in {member for cluster in find_clusters(store, HitQuery())[0] for member in cluster.hits}
    assert judged_hit.rank > hit.rank, "in the order of work it comes as a hit does"
    record_crawl(store, LISTINGS, "r2", LATER)
    assert decision_of(store, USED_URL)[0] is Decision.HIT
    context = build_context(store, LATER)
    assessor = Assessor(store.works.registered_works(), MIN_STORED_IDENTITY)
    assert rematch_all(store, assessor, context, 1).changed == 0
    store.works.set_quarantine(hit.work_id, True, "many", "night", LATER)
    redecide_hits(store, [hit.work_id], build_context(store, LATER))
    assert decision_of(store, USED_URL)[0] is Decision.HIT, "a work that is held sends to people what none has judged"
    undo_verdict(store, hit, "wang", LATER)
    assert decision_of(store, USED_URL) == (Decision.DROPPED, set())
    assert hit_by_url(store, USED_URL).identity == hit.identity


def test_a_pair_that_the_matchers_find_no_more_stays_a_hit_of_the_verdict(store: Store) -> None:
    post = Listing(platform="forum", kind=ListingKind.POST, url=OTHER_URL, title=WORKS[0].title, seen_at=NOW)
    record_crawl(store, [*LISTINGS, post], "r2", NOW)
    judge_hit(store, hit_by_url(store, OTHER_URL), Verdict.INFRINGING)
    renamed = evolve(post, title="老规矩，懂的来", seen_at=LATER)
    record_crawl(store, [renamed], "r3", LATER)
    hit = hit_by_url(store, OTHER_URL)
    assert (hit.decision, hit.last_seen, hit.listing.title) == (Decision.HIT, LATER, renamed.title)
    undo_verdict(store, hit, "li", LATER)
    assert decision_of(store, OTHER_URL)[0] is Decision.DROPPED


def test_the_verdict_on_a_listing_is_stronger_than_rules_and_licences(store: Store) -> None:
    judge_hit(store, hit_by_url(store, FILE_URL), Verdict.NOT, lesson=Lesson(seller=True))
    assert decision_of(store, SAME_SELLER_URL)[0] is Decision.DROPPED
    judge_hit(store, hit_by_url(store, SAME_SELLER_URL), Verdict.INFRINGING)
    decision, grounds = decision_of(store, SAME_SELLER_URL)
    assert decision is Decision.HIT
    assert "judged_infringing" in grounds
    assert "judged_seller" not in grounds
    store.works.add_official_shop("北岸出版社", Licence(seller=LISTINGS[5].seller), LATER)
    redecide_owner(store, "北岸出版社", LATER)
    assert decision_of(store, SAME_SELLER_URL)[0] is Decision.HIT


def test_a_verdict_that_repeats_a_verdict_teaches_no_weights(store: Store) -> None:
    for _ in range(2):
        judge_hit(store, hit_by_url(store, USED_URL), Verdict.INFRINGING)
    (reviewed,) = store.reviews.reviewed_hits()
    assert reviewed.snapshot is None


def test_verdicts_stored_before_decide_after_the_upgrade(database: str, store: Store) -> None:
    ids = {url: hit_by_url(store, url).id for url in (FILE_URL, USED_URL)}
    engine = open_engine(database)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS_FOLDER))
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")
        for url, verdict in ((FILE_URL, "not"), (USED_URL, "infringing")):
            connection.execute(
                text("UPDATE hits SET judged = :verdict WHERE id = :id"), {"verdict": verdict, "id": ids[url]}
            )
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()
    assert decisions(store)[FILE_URL] is Decision.DROPPED
    assert decisions(store)[USED_URL] is Decision.HIT


def test_a_seller_taught_is_innocent_for_this_work_only(store: Store) -> None:
    before = decisions(store)
    judge_hit(store, hit_by_url(store, FILE_URL), Verdict.NOT, lesson=Lesson(seller=True))
    same_work = {listing.url for listing in LISTINGS[:8] if listing.seller == LISTINGS[0].seller}
    changed = {url for url, decision in decisions(store).items() if decision is not before[url]}
    assert changed == {url for url in same_work if before[url] is not Decision.DROPPED}
    assert len(same_work) == 2
    assert decisions(store)[LISTINGS[8].url] is Decision.HIT, "the same seller with another work"


def test_words_taught_are_innocent_beside_this_work_and_withdrawn_by_their_number(store: Store) -> None:
    before = decisions(store)
    judge_hit(store, hit_by_url(store, PHOTOCOPY_URL), Verdict.NOT, lesson=Lesson(phrase="影印 胶装"))
    after = decisions(store)
    assert [after[LISTINGS[number].url] for number in (1, 5, 9, 13)] == [Decision.DROPPED] * 2 + [Decision.HIT] * 2
    (phrase,) = [rule for rule in store.reviews.all_rules() if rule.kind == "phrase"]
    assert withdraw_rule(store, phrase.id, "wang", LATER)
    assert not withdraw_rule(store, phrase.id, "wang", LATER)
    assert decisions(store) == before | {PHOTOCOPY_URL: Decision.DROPPED}, "the listing itself stays judged"


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
    new_verdict = NewVerdict(
        hit=hit_by_url(store, FILE_URL), verdict=verdict, reason="", by="li", at=NOW, lesson=lesson
    )
    with pytest.raises(BadInput):
        check_lesson(new_verdict, "en", "hits judge")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@on_sqlite
def test_an_edited_export_judges_and_the_same_file_twice_changes_nothing(
    store: Store, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"hits{suffix}"
    export_hits(path, export_rows(store, HitQuery(decisions=(Decision.HIT,)), "en"))
    edited_file = fill_verdicts(path, {FILE_URL: ("infringing", "a file", ""), PHOTOCOPY_URL: ("Not", "", "seller")})
    verdicts = read_verdicts(edited_file, store, "li", NOW, "en")
    assert {
        (verdict.hit.listing.url, verdict.verdict, verdict.reason, verdict.lesson.seller) for verdict in verdicts
    } == {
        (FILE_URL, Verdict.INFRINGING, "a file", False),
        (PHOTOCOPY_URL, Verdict.NOT, "", True),
    }
    record_verdicts(store, verdicts)
    second_verdicts = read_verdicts(edited_file, store, "li", LATER, "en")
    assert [verdict.lesson for verdict in second_verdicts] == [Lesson(seller=True)], (
        "only the lesson is asked for again"
    )
    record_verdicts(store, second_verdicts)
    assert len(store.reviews.all_rules()) == 2


def fill_verdicts(path: Path, verdicts: dict[str, tuple[str, str, str]]) -> Path:
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


def as_saved_again(path: Path, encoding: str, delimiter: str, first_line: str, end: str) -> Path:
    """A file as another spreadsheet writes it: other encoding, delimiter and line ends, guards kept, times as shown."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(file))
    saved = path.with_name("saved.csv")
    with saved.open("w", encoding=encoding, errors="replace", newline="") as out:
        out.write(first_line)
        csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(table)
    return saved


@pytest.mark.parametrize(
    ("encoding", "delimiter", "first_line", "end"),
    [
        ("gbk", ",", "", "\r\n"),
        ("utf-8", ";", "sep=;\r\n", "\r\n"),
        ("utf-16", "\t", "", "\r\n"),
        ("utf-8-sig", ";", "", "\r"),
        ("utf-8", ",", '"sep=,"\n', "\n"),
    ],
)
@on_sqlite
def test_an_export_reads_back_after_a_spreadsheet_saved_it(
    store: Store, tmp_path: Path, encoding: str, delimiter: str, first_line: str, end: str
) -> None:
    export_hits(tmp_path / "hits.csv", export_rows(store, HitQuery(decisions=(Decision.HIT,)), "en"))
    edited = fill_verdicts(tmp_path / "hits.csv", {FILE_URL: ("侵权", "", ""), PHOTOCOPY_URL: ("NOT", "", "")})
    saved = as_saved_again(edited, encoding, delimiter, first_line, end)
    verdicts = {verdict.hit.listing.url: verdict.verdict for verdict in read_verdicts(saved, store, "li", NOW, "en")}
    assert verdicts == {FILE_URL: Verdict.INFRINGING, PHOTOCOPY_URL: Verdict.NOT}


@on_sqlite
def test_an_id_that_became_a_number_is_refused_with_what_to_do(store: Store, tmp_path: Path) -> None:
    lines = ["hit_id,verdict", "6.32111E+19,not", '"6,32111E+19",not', "63211110000000000000,not"]
    (tmp_path / "hits.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_verdicts(tmp_path / "hits.csv", store, "li", NOW, "en")
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]
    assert all("made a number of it" in problem.message for problem in caught.value.problems)


@on_sqlite
def test_a_file_without_the_columns_of_an_export_says_which_are_missing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "hits.csv").write_text("id,title\n1,a\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_verdicts(tmp_path / "hits.csv", store, "li", NOW, "en")
    assert [problem.field for problem in caught.value.problems] == ["hit_id", "verdict"]


@on_sqlite
def test_every_wrong_verdict_of_a_file_is_named_and_none_is_taken(store: Store, tmp_path: Path) -> None:
    good = hit_by_url(store, FILE_URL).id
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
def test_hits_are_judged_taught_and_undone_by_commands(
    store: Store, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "swordnet.toml").write_text(f'[store]\nurl = "{database}"\n', encoding="utf-8")
    key = hit_by_url(store, FILE_URL).id

    def run_hits(*arguments: str) -> str:
        result = CliRunner().invoke(application(), ["hits", *arguments])
        assert result.exit_code == 0, result.output or result.exception
        return result.stdout

    summary = json.loads(
        run_hits("judge", key[:8], "not", "--reason", "own shop", "--teach-seller", "--by", "li", "--json")
    )
    assert summary == {"judged": 1, "rules": [1, 2]}
    assert "own shop" in run_hits("rules")
    assert "Judged not by li" in run_hits("show", key)
    assert [
        row["hit_id"] for row in json.loads(run_hits("list", "--json", "--verdict", "not", "--decision", "dropped"))
    ] == [key]
    run_hits("unteach", "2", "--by", "li")
    assert [rule["id"] for rule in json.loads(run_hits("rules", "--json"))] == [1]
    run_hits("undo", key, "--by", "wang")
    assert json.loads(run_hits("rules", "--json")) == []
    assert "taken back by wang" in run_hits("show", key)


def test_any_row_of_judgements_leaves_a_whole_history_and_nothing_new(database: str) -> None:
    _play_judgements(database, moves=120, size=(4, 8), batch=30)


@pytest.mark.slow
@on_sqlite
def test_ten_thousand_judgements(database: str) -> None:
    _play_judgements(database, moves=10_000, size=(120, 8), batch=2_000)


def _play_judgements(database: str, moves: int, size: tuple[int, int], batch: int) -> None:
    """Random judgements in batches, some taken back; then the night again: a model says what holds of every pair."""
    generator = random.Random(moves)
    registered = make_works(size[0])
    listings = make_offers(registered, size[1])
    with Store.open(database) as store:
        store.works.import_works(registered, NOW)
        assessor = Assessor(store.works.registered_works(), 0.2)
        record_crawl(store, listings, "r1", NOW, assessor)
        hits = {hit.id: hit for hit in store.hits.find_hits(HitQuery())}
        model: dict[str, list[Verdict]] = {key: [] for key in hits}
        line_counts = dict.fromkeys(hits, 0)
        for start in range(0, moves, batch):
            chosen = [generator.choice(list(hits)) for _ in range(min(batch, moves - start))]
            batch_verdicts = [
                NewVerdict(hit=hits[key], verdict=generator.choice(list(Verdict)), reason="", by="li", at=NOW)
                for key in chosen
            ]
            record_verdicts(store, batch_verdicts)
            for new_verdict in batch_verdicts:
                model[new_verdict.hit.id].append(new_verdict.verdict)
                line_counts[new_verdict.hit.id] += 1
            for key in generator.sample(list(hits), 10):
                undone = undo_verdict(store, hits[key], "li", NOW)
                assert (undone.verdict if undone else None) == (model[key].pop() if model[key] else None)
                line_counts[key] += undone is not None
        decision_by_hit = {hit.id: hit.decision for hit in store.hits.find_hits(HitQuery())}
        record_crawl(store, make_offers(registered, size[1], LATER), "r2", LATER, assessor)
        for hit in store.hits.find_hits(HitQuery()):
            current_verdict = model[hit.id][-1] if model[hit.id] else None
            assert hit.judged is current_verdict
            assert hit.decision is decision_by_hit[hit.id]
            dismissed = any(finding.ground == "judged_listing" for finding in hit.findings)
            assert dismissed is (current_verdict is Verdict.NOT)
            assert hit.decision is Decision.DROPPED or not dismissed
            assert hit.first_seen == NOW
        assert not [summary for summary in store.hits.find_summaries(HitQuery(run="r2")) if summary.is_new]
        assert store.reviews.count_judgements() == sum(line_counts.values())
        assert all(
            len(store.reviews.judgement_history(key)) == line_counts[key] for key in generator.sample(list(hits), 20)
        )
