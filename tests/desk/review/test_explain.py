"""`hits show` of ten kinds of offers: each says which work, why, what is wrong with the offer, how sure, and what would
change it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve

from crawler.items import Listing, Polarity, Question
from crawler.store import HitQuery, Store
from desk.match_rows import read_offers
from desk.review.explain import explain_hit
from desk.review.explanation_text import explanation_lines
from matchers.findings import finding_sentence
from registry.works_reader import read_works
from tests.conftest import ROOT, on_sqlite
from tests.judged_store import record_crawl

OFFERS = ROOT / "fixtures" / "offers"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
KIND_WORDS = {  # kind -> what must be among the words
    "photocopy": "Described as a reprint or photocopy",
    "cracked": "Described as cracked or unlocked",
    "clone-app": "App is published by",
    "hidden-share": "Promises delivery of a link or code",
    "licensed": "holds a licence",
    "official": "is the rights holder",
    "used-copy": "Described as used",
    "undecided": "condition not stated",
    "licence-ended": "Licence of",
    "account": "Sells or shares an account",
}
CHANGE_PHRASES = ("It would be decided", "A licence for this seller", "would make it a hit", "would have to be surer")


@pytest.fixture
def explanations(database: str) -> dict[str, str]:
    store = Store.open(database)
    works = read_works(OFFERS / "works-tune.jsonl")
    store.works.import_works(works, NOW)
    record_crawl(store, list(one_listing_per_kind(OFFERS / "tune.jsonl").values()), "r1", NOW)
    names = {work.id: work.title for work in works}
    texts = {}
    for hit in store.hits.find_hits(HitQuery()):
        text = "\n".join(explanation_lines(explain_hit(store, hit), "en"))
        assert names[hit.work_id] in text, "which work"
        identity = [finding for finding in hit.findings if finding.question is Question.IDENTITY]
        assert all(finding_sentence(finding, "en") in text for finding in identity), "why"
        grounds = [
            finding
            for finding in hit.findings
            if finding.question is Question.OFFENCE and finding.polarity is Polarity.FOR
        ]
        assert all(finding_sentence(finding, "en") in text for finding in grounds), "what is wrong"
        assert f"{hit.identity:.2f}" in text, "how sure"
        assert f"{hit.offence:.2f}" in text, "how sure"
        assert any(phrase in text for phrase in CHANGE_PHRASES), "what would change it"
        texts[hit.listing.url.rpartition("/")[2]] = text
    store.close()
    return texts


def one_listing_per_kind(path: Path) -> dict[str, Listing]:
    listing_by_kind = {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row, offer in zip(rows, read_offers(path), strict=True):
        kind = row["set"]
        if kind in KIND_WORDS and kind not in listing_by_kind:
            seen_at = offer.listing.seen_at or NOW
            listing_by_kind[kind] = evolve(offer.listing, url=f"https://shop.example/{kind}", seen_at=seen_at)
    return listing_by_kind


@on_sqlite
def test_ten_kinds_say_all_that_a_newcomer_asks(explanations: dict[str, str]) -> None:
    assert set(explanations) == set(KIND_WORDS)
    assert "offered by 深蓝星云网络" in explanations["clone-app"], "an app has a developer, if no seller"
    assert "Price is <1% of list" in explanations["cracked"]
    assert not any("[ |" in text or "price - " in text for text in explanations.values()), "nothing empty is shown"
    assert "swordnet hits judge" in explanations["photocopy"], "the way to disagree is told"
    missing = {kind: words for kind, words in KIND_WORDS.items() if words not in explanations[kind]}
    assert missing == {}
