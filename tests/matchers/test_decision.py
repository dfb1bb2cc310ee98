"""Findings become probabilities and a decision; the command writes them."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from crawler.errors import BadInput
from crawler.items import Decision, Finding, Polarity, Question
from desk.cli import application
from desk.match_rows import read_offers
from matchers.decision import MAX_PROBABILITY, offence_probability, offence_terms, weigh_findings
from matchers.weights import default_weights
from tests.cover_pictures import picture_bytes

PROBABILITIES = st.floats(0, 1)


def make_finding(
    question: Question, probability: float, matcher: str = "title", polarity: Polarity = Polarity.FOR
) -> Finding:
    return Finding(
        matcher=matcher, question=question, work_id="w", probability=probability, polarity=polarity, why="because"
    )


def identity_finding(probability: float, matcher: str = "title", polarity: Polarity = Polarity.FOR) -> Finding:
    return make_finding(Question.IDENTITY, probability, matcher, polarity)


def offence_finding(probability: float, matcher: str = "delivery", polarity: Polarity = Polarity.FOR) -> Finding:
    return make_finding(Question.OFFENCE, probability, matcher, polarity)


def ground_finding(name: str, strength: float, polarity: Polarity = Polarity.FOR) -> Finding:
    return evolve(offence_finding(strength, name.split("_")[0], polarity), ground=name)


LICENCE_FINDING = offence_finding(0.99, "licence", Polarity.AGAINST)


@pytest.mark.parametrize(
    ("findings", "decision"),
    [
        ([identity_finding(0.9), offence_finding(0.9)], Decision.HIT),
        ([identity_finding(0.9), offence_finding(0.4)], Decision.REVIEW),
        ([identity_finding(0.5), offence_finding(0.9)], Decision.REVIEW),
        ([identity_finding(0.8), offence_finding(0.4)], Decision.REVIEW),
        ([identity_finding(0.4), offence_finding(0.4)], Decision.REVIEW),
        ([identity_finding(0.2), offence_finding(0.4)], Decision.DROPPED),
        ([identity_finding(0.9)], Decision.DROPPED),
        ([identity_finding(0.3), offence_finding(0.9)], Decision.REVIEW),
        ([identity_finding(0.2), offence_finding(0.9)], Decision.DROPPED),
        ([identity_finding(0.9), offence_finding(0.9), LICENCE_FINDING], Decision.LICENSED),
        ([identity_finding(0.9), LICENCE_FINDING], Decision.LICENSED),
        ([identity_finding(0.3), offence_finding(0.9), LICENCE_FINDING], Decision.DROPPED),
        (
            [identity_finding(0.9), identity_finding(0.9, polarity=Polarity.AGAINST), offence_finding(0.9)],
            Decision.DROPPED,
        ),
        (
            [
                identity_finding(0.9, "identifier"),
                identity_finding(0.9, polarity=Polarity.AGAINST),
                offence_finding(0.9),
            ],
            Decision.REVIEW,
        ),
        (
            [identity_finding(0.9), offence_finding(0.9), offence_finding(0.8, "innocent", Polarity.AGAINST)],
            Decision.REVIEW,
        ),
        ([identity_finding(0.9), offence_finding(0.9, "licence")], Decision.HIT),
    ],
)
def test_decisions(findings: list[Finding], decision: Decision) -> None:
    assert weigh_findings("w", findings).decision is decision


def test_reasons_for_an_identity_are_joined_as_independent_chances() -> None:
    assert weigh_findings("w", [identity_finding(0.5), identity_finding(0.6, "image")]).identity == pytest.approx(0.8)


def test_what_grounds_add_to_the_log_odds_is_the_sum_that_the_terms_tell() -> None:
    grounds = [
        ground_finding("delivery_file", 0.9),
        ground_finding("delivery_drive", 0.8),
        ground_finding("used_copy", 0.75, Polarity.AGAINST),
    ]
    terms = offence_terms(grounds, "offer", default_weights())
    assert [term.ground for term in terms] == ["start_offer", "delivery_file", "delivery_drive", "used_copy"]
    total = sum(term.contribution for term in terms)
    assert weigh_findings("w", [identity_finding(0.9), *grounds]).offence == pytest.approx(
        1 / (1 + math.exp(-total)), abs=1e-4
    )


def test_a_ground_counts_once_by_its_strongest_finding() -> None:
    single, repeated = (
        [ground_finding("delivery_file", 0.9)],
        [ground_finding("delivery_file", 0.9), ground_finding("delivery_file", 0.5)],
    )
    assert offence_probability(single, "offer", default_weights()) == offence_probability(
        repeated, "offer", default_weights()
    )


def test_a_matcher_of_ones_own_without_a_weight_says_what_it_says() -> None:
    assert offence_probability([offence_finding(0.9)], "offer", default_weights()) == pytest.approx(0.9)
    assert offence_probability([offence_finding(0.9)], "post", default_weights()) == pytest.approx(0.9)


FINDINGS = st.lists(
    st.builds(
        make_finding,
        st.sampled_from(Question),
        PROBABILITIES,
        st.sampled_from(["title", "image", "delivery", "price"]),
        st.sampled_from(Polarity),
    ),
    max_size=8,
)


@given(FINDINGS, PROBABILITIES)
def test_one_more_reason_never_pulls_the_wrong_way(findings: list[Finding], chance: float) -> None:
    before = weigh_findings("w", findings)
    assert 0 <= before.identity <= MAX_PROBABILITY
    assert 0 <= before.offence <= MAX_PROBABILITY
    assert weigh_findings("w", [*findings, identity_finding(chance)]).identity >= before.identity - 1e-4
    assert (
        weigh_findings("w", [*findings, identity_finding(chance, polarity=Polarity.AGAINST)]).identity
        <= before.identity + 1e-4
    )
    assert (
        weigh_findings("w", [*findings, offence_finding(chance, "price", Polarity.AGAINST)]).offence
        <= before.offence + 1e-4
    )


@given(FINDINGS)
def test_the_order_of_findings_does_not_matter(findings: list[Finding]) -> None:
    assessment, reversed_assessment = weigh_findings("w", findings), weigh_findings("w", findings[::-1])
    assert (assessment.identity, assessment.offence, assessment.decision) == (
        pytest.approx(reversed_assessment.identity, abs=2e-4),
        pytest.approx(reversed_assessment.offence, abs=2e-4),
        reversed_assessment.decision,
    )


WORKS = [
    {"id": "w1", "title": "轨道纪元", "creators": ["沈岚"], "list_price": "68", "currency": "CNY"},
    {"id": "w2", "title": "古塔测绘图集", "images": ["cover.png"]},
]
LISTINGS = [
    {"id": "a", "title": "轨道纪元 沈岚 电子版PDF", "platform": "kongfz", "price": 4.9, "currency": "CNY"},
    {"id": "b", "title": "铁路时刻表"},
    {"id": "c", "title": "", "text": "高清复印件", "images": ["theirs.jpg"]},
    {"id": "d", "title": "轨道纪元", "text": "见 https://pan.quark.cn/s/0a1b2c3d4e5f 提取码 ab1c"},
    {"id": "e", "title": "轨道纪元2 电子版"},
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "works.jsonl").write_text("\n".join(map(json.dumps, WORKS)), encoding="utf-8")
    (tmp_path / "listings.jsonl").write_text("\n".join(map(json.dumps, LISTINGS)), encoding="utf-8")
    (tmp_path / "cover.png").write_bytes(picture_bytes("drawn 1"))
    (tmp_path / "theirs.jpg").write_bytes(picture_bytes("cut 1"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_match(*arguments: str, source: str | None = None) -> list[dict[str, object]]:
    result = CliRunner().invoke(application(), ["match", *arguments], input=source)
    assert result.exit_code == 0, result.output or result.exception
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_command_answers_every_row_in_its_order(folder: Path) -> None:
    rows = run_match("listings.jsonl", "--works", "works.jsonl", "--stats", "stats.json")
    assert [(row["id"], row["work_id"], row["decision"]) for row in rows] == [
        ("a", "w1", "hit"),
        ("b", None, "none"),
        ("c", "w2", "hit"),
        ("d", "w1", "hit"),
        ("e", "w1", "dropped"),
    ]
    assert set(rows[0]) == {"id", "work_id", "identity", "offence", "decision", "findings"}
    reasons = {reason["matcher"]: reason for row in rows for reason in row["findings"]}  # type: ignore[attr-defined]
    assert reasons["image"]["verdict"] == "copy"
    assert set(reasons["title"]) == {"matcher", "why", "ours", "theirs", "probability", "polarity"}
    stats = json.loads((folder / "stats.json").read_text(encoding="utf-8"))
    assert (stats["works"], stats["rows"]) == (2, 5)
    assert set(stats) == {
        "works", "rows", "index_build_s", "index_open_s", "match_s", "rows_per_s", "peak_rss_mb"
    }  # fmt: skip


def test_works_less_surely_identified_are_left_out(folder: Path) -> None:
    rows = run_match("listings.jsonl", "--works", "works.jsonl", "--min-identity", "0.5")
    assert [row["decision"] for row in rows] == ["hit", "none", "hit", "hit", "none"]


def test_csv_standard_input_and_an_output_file_say_the_same(folder: Path) -> None:
    rows = [row for row in LISTINGS if "images" not in row]
    with (folder / "listings.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ["id", "title", "text", "platform", "price", "currency"])
        writer.writeheader()
        writer.writerows(rows)
    lines = "\n".join(map(json.dumps, rows))
    from_csv = run_match("listings.csv", "--works", "works.jsonl")
    assert from_csv == run_match("-", "--works", "works.jsonl", source=lines)
    table = (folder / "listings.csv").read_text(encoding="utf-8-sig")
    (folder / "listings.csv").write_bytes(f"sep=,\r\n{table}".encode("gb18030"))
    assert run_match("listings.csv", "--works", "works.jsonl") == from_csv
    assert run_match("listings.csv", "--works", "works.jsonl", "--encoding", "gbk") == from_csv
    assert run_match("listings.csv", "--works", "works.jsonl", "-o", "out.jsonl") == []
    out_lines = (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in out_lines] == from_csv


def test_a_picture_that_cannot_be_decoded_does_not_end_the_job(folder: Path) -> None:
    (folder / "theirs.jpg").write_bytes(b"<html>gone</html>")
    rows = run_match("listings.jsonl", "--works", "works.jsonl")
    assert [row["decision"] for row in rows if row["id"] == "c"] == ["none"]


def test_every_wrong_row_is_named(folder: Path) -> None:
    rows = [
        {"title": "no id"},
        {"id": "a", "title": "x", "price": "cheap", "kind": "offr", "seen_at": "yesterday"},
        {"id": "a", "title": "twice", "images": ["missing.jpg"]},
    ]
    (folder / "bad.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n{", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_offers(folder / "bad.jsonl")
    places = [(problem.line, problem.field) for problem in caught.value.problems]
    assert sorted(places, key=str) == sorted(
        [(1, "id"), (2, "kind"), (2, "price"), (2, "seen_at"), (3, "id"), (3, "images"), (4, None)], key=str
    )
