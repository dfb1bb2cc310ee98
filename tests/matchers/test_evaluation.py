"""What the scripts of bench/ measure with: errors beside those by chance, sources that are left out of a fit."""

from __future__ import annotations

import random

from bench.calibration import Forecast, error_by_chance, error_text, pairs_of, real_identities, real_offences
from bench.offers_real import LabelledOffer, decide_left_out, reweigh
from crawler.items import Assessment, Decision, Listing, ListingKind, Work
from matchers.assessor import Assessor
from matchers.evaluation import bins, calibration_error
from matchers.matcher import Context
from matchers.weights import default_weights


def test_pairs_stated_alike_are_no_error_if_their_share_is_right() -> None:
    alike = [(0.5, number % 2 == 0) for number in range(40)]
    assert calibration_error(alike) == 0.0
    assert calibration_error(sorted(alike)) == calibration_error(sorted(alike, reverse=True))
    assert {calibration_bin.count for calibration_bin in bins(alike)} == {4}


def test_the_error_of_perfect_probabilities_lies_within_what_chance_shows() -> None:
    source = random.Random(7)
    stated = [source.random() for _ in range(300)]
    perfect = [(chance, source.random() < chance) for chance in stated]
    figures = error_by_chance(perfect, 200)
    assert figures.chance_interval[0] <= figures.error <= figures.chance_interval[1]
    assert 0.02 < figures.chance < 0.06
    overstated = [(chance, source.random() < chance / 2) for chance in stated]
    figures = error_by_chance(overstated, 200)
    assert figures.interval[0] > figures.chance_interval[1]
    assert error_by_chance(overstated, 50) == error_by_chance(overstated, 50), "the same draws each time"


def test_fewer_pairs_show_a_larger_error_by_chance() -> None:
    few, many = ([(0.7, number % 10 < 7) for number in range(count)] for count in (10, 1_000))
    assert error_by_chance(few, 100).chance > 3 * error_by_chance(many, 100).chance
    assert "0 pairs" in error_text(())


def _labelled(decision: str, work_ids: tuple[str, ...]) -> LabelledOffer:
    stated = {"lampwright": 0.9, "other": 0.3}
    assessments = tuple(
        Assessment(work_id=work, identity=identity, offence=0.6, decision=Decision.HIT, findings=())
        for work, identity in stated.items()
    )
    label = {"id": "r1", "decision": decision, "work_ids": work_ids, "accept": ()}
    return LabelledOffer(label=label, assessments=assessments, channel="post")


def test_real_rows_count_for_the_offence_only_as_the_work_and_if_they_can_be_decided() -> None:
    offers = [_labelled(decision, ("lampwright",)) for decision in ("hit", "none", "review", "licensed")]
    offers.append(_labelled("none", ()))
    assert pairs_of(real_identities(offers)) == [(0.9, True), (0.3, False)] * 4 + [(0.9, False), (0.3, False)]
    assert list(real_offences(offers)) == [
        Forecast(stated=0.6, is_right=is_right, channel="post") for is_right in (True, False)
    ]


WORK = Work(id="lampwright", title="The Lampwright of Quarn", creators=("Odile Marsh",), kind="book")


def _offers_of(source: str, decision: str, count: int) -> list[LabelledOffer]:
    listing = Listing(
        platform="-",
        kind=ListingKind.OFFER,
        url="row:1",
        title="The Lampwright of Quarn by Odile Marsh",
        text="PDF sent by email",
    )
    assessments = Assessor([WORK]).assess(listing, Context())
    label = {"id": "r1", "decision": decision, "work_ids": (WORK.id,), "accept": (), "source": source}
    return [LabelledOffer(label=label, assessments=assessments, channel="offer")] * count


def test_a_source_is_decided_by_what_the_others_teach() -> None:
    offers = _offers_of("one", "none", 60) + _offers_of("another", "hit", 60)
    works = {WORK.id: WORK}
    offence = {offer.label["source"]: offer.assessments[0].offence for offer in decide_left_out(offers, works, ())}
    assert offence["another"] < 0.2 < 0.9 < offence["one"]
    of_one_repository = _offers_of("dangdang", "none", 60) + _offers_of("dangdang2", "none", 60)
    assert {offer.assessments[0].offence for offer in decide_left_out(of_one_repository, works, ())} == {
        offer.assessments[0].offence for offer in decide_left_out(_offers_of("dangdang", "hit", 1), works, ())
    }, "neither part of a repository teaches the other"


def test_with_the_weights_that_ship_a_listing_is_decided_as_before() -> None:
    (offer,) = _offers_of("one", "hit", 1)
    (before,), (after,) = offer.assessments, reweigh(offer, {WORK.id: WORK}, default_weights()).assessments
    assert (after.identity, after.offence, after.decision) == (before.identity, before.offence, before.decision)
