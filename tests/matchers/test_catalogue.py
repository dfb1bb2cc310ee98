"""Matchers are found by their files, and what they find is declared: grounds and weights."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from attrs import evolve

from crawler.errors import BadInput
from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers import assessor
from matchers.assessor import Assessor
from matchers.catalogue import check_weights, declared_weights, matcher_classes
from matchers.decision import offence_terms
from matchers.findings import make_finding
from matchers.matcher import Candidates, Context, Ground, IdentityMatcher, Matcher, Stage
from matchers.title_grounds import TITLE_GROUNDS
from matchers.weights import default_weights, read_weights

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MATCHERS = [matcher for stage in Stage for matcher in matcher_classes(stage)]


def test_every_name_is_one_matcher() -> None:
    names = [matcher.name for matcher in MATCHERS]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("matcher", MATCHERS, ids=lambda matcher: matcher.name)
def test_every_ground_of_a_module_is_declared_by_its_matcher(matcher: type[Matcher]) -> None:
    constants = [value for value in vars(sys.modules[matcher.__module__]).values() if isinstance(value, Ground)]
    imported = {ground.key for ground in TITLE_GROUNDS} if matcher.name != "title" else set()
    assert {ground.key for ground in constants} - imported <= {ground.key for ground in matcher.grounds}
    assert len({ground.key for ground in matcher.grounds}) == len(matcher.grounds)


class Undeclared(IdentityMatcher):
    """A matcher that finds what it has not declared."""

    name = "title"
    grounds = ()

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        ground = Ground("title_guessed", Polarity.FOR, None)
        yield make_finding(self.name, self._works[0], ground, 0.9)


def test_a_finding_that_is_not_declared_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_undeclared(stage: Stage) -> tuple[type[IdentityMatcher], ...]:
        return (Undeclared,) if stage is Stage.IDENTITY else ()

    monkeypatch.setattr(assessor, "matcher_classes", only_undeclared)
    listing = Listing(platform="x", kind=ListingKind.OFFER, url="x", title="轨道纪元")
    with pytest.raises(ValueError, match="title_guessed"):
        Assessor([Work(id="work", title="轨道纪元")]).assess(listing, Context(now=NOW))


def test_a_weight_has_the_sign_of_its_ground() -> None:
    with pytest.raises(ValueError, match="toy_stated"):
        Ground("toy_stated", Polarity.AGAINST, 1.0)


def test_the_shipped_weights_are_of_declared_grounds() -> None:
    check_weights(default_weights(), "weights.toml")


def test_a_weight_of_an_undeclared_ground_is_named_with_its_file() -> None:
    data = default_weights().to_dict()
    data["for"]["toy_stated"] = 1.0
    data["against"]["share_is"] = -1.0
    del data["for"]["share_is"]
    with pytest.raises(BadInput) as caught:
        check_weights(read_weights(data, "weights.toml"), "weights.toml")
    problems = {problem.message.split(":")[0]: problem.file for problem in caught.value.problems}
    assert problems == {"toy_stated": "weights.toml", "share_is": "weights.toml"}


def test_a_ground_without_a_weight_has_the_declared_one() -> None:
    weights = evolve(default_weights(), grounds={})
    listing = Listing(platform="x", kind=ListingKind.SHARE, url="x", title="轨道纪元")
    (found,) = Assessor([Work(id="work", title="轨道纪元")]).assess(listing, Context(now=NOW, weights=weights))
    terms = {term.ground: term.weight for term in offence_terms(found.findings, "share", weights)}
    assert terms["share_is"] == declared_weights()["share_is"]
