"""Short forms of names: several works that one short form may mean, and what a rematch may rely on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crawler.items import Finding, Listing, ListingKind, Work
from crawler.text import fold
from matchers.identity.short_name import ABBREVIATED_PROBABILITY, Matcher
from matchers.matcher import Context

THIRD = Work(id="third", title="岩石力学导论（第3版）", kind="textbook", creators=("顾远舟",))
SECOND = Work(id="second", title="岩石力学导论（第2版）", kind="textbook", creators=("顾远舟",))
LABORATORY = Work(id="laboratory", title="岩石力学试验方法", kind="textbook", creators=("顾远舟",))


def find(works: Sequence[Work], title: str, creators: tuple[str, ...] = ()) -> dict[str, Finding]:
    listing = Listing(platform="x", kind=ListingKind.OFFER, url="x", title=title, creators=creators)
    return {finding.work_id: finding for finding in Matcher(works).find(listing, {}, Context())}


def test_a_beginning_that_several_works_of_the_creator_have_means_none() -> None:
    assert set(find([THIRD], "顾远舟 岩石力学 影印")) == {"third"}
    assert not find([THIRD, LABORATORY], "顾远舟 岩石力学 影印")


def test_the_edition_tells_works_of_one_beginning_apart() -> None:
    assert set(find([THIRD, SECOND], "顾远舟 岩石力学3 影印")) == {"third"}
    assert not find([THIRD, SECOND], "顾远舟 岩石力学 影印")


def test_a_namesake_of_another_creator_is_no_rival() -> None:
    other = Work(id="other", title="岩石力学精要", kind="textbook", creators=("温若川",))
    assert set(find([THIRD, other], "顾远舟 岩石力学 影印")) == {"third"}


def test_works_of_the_same_abbreviation_share_its_probability() -> None:
    works = [
        Work(id="one", title="Seismology of Calderas", kind="textbook"),
        Work(id="two", title="Seismometry of Calderas", kind="textbook"),
    ]
    findings = find(works, "seismo calderas pdf")
    assert {finding.probability for finding in findings.values()} == {ABBREVIATED_PROBABILITY / 2}
    assert set(findings) == {"one", "two"}


def test_the_exact_name_of_another_work_is_no_abbreviation() -> None:
    works = [
        Work(id="long", title="Seismology of Calderas", kind="textbook"),
        Work(id="exact", title="Seismo Calderas", kind="game"),
    ]
    assert not find(works, "Seismo Calderas")


@pytest.mark.parametrize("title", ["顾远舟 岩石力学 影印", "岩石力学导 顾远舟 影印", "顾远舟《岩石力学》扫描"])
def test_a_listing_holds_a_prefilter_key_of_the_work_it_is_found_by(title: str) -> None:
    assert set(find([THIRD], title)) == {"third"}
    assert any(key in fold(title).replace(" ", "") for key in Matcher.prefilter_keys(THIRD))
