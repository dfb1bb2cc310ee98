"""What is screened by keys and hashes: everything that may carry a work passes, hardly anything else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.items import Listing, ListingKind, Picture, PictureHash, Work
from crawler.pictures.hashing import PDQ, PHASH
from crawler.store.write import picture_hash_bytes, screening_key
from matchers.prefilter import Prefilter

NAMES = ("潮汐测绘手记", "夜渡船工", "三体", "Marrow Grotesk Family", "Ember Hollow")
PREFILTER = Prefilter([Work(id=name, title=name) for name in NAMES])


def passes_prefilter(title: str, text: str = "", prefilter: Prefilter = PREFILTER) -> bool:
    listing = Listing(platform="a", kind=ListingKind.OFFER, url="https://a.test/1", title=title, text=text)
    return prefilter.select_rows([screening_key(listing)], [b""]) == [0]


@pytest.mark.parametrize(
    "title",
    [
        "【秒发】潮汐测绘手记 电子版",
        "潮汐测會手记 PDF",
        "潮汐绘手记",
        "潮夕侧绘手记",
        "夜渡船公 全集",
        "三体 全三册",
        "MARROW-GROTESK family otf",
        "marow grotesk family",
        "Ember Holow full version",
    ],
)
def test_names_pass_whole_with_an_error_and_by_their_sound(title: str) -> None:
    assert passes_prefilter(title)


@pytest.mark.parametrize("title", ["雨伞", "潮汐表 2026", "散题", "夜渡", "Grotesque families", "", "📚📚"])
def test_other_titles_do_not_pass(title: str) -> None:
    assert not passes_prefilter(title)


def test_in_the_text_a_name_must_stand_whole() -> None:
    assert passes_prefilter("雨伞", "内附潮汐测绘手记一册")
    assert not passes_prefilter("雨伞", "内附潮汐手记一册")


def test_numbers_and_pictures_pass() -> None:
    def picture(value: str) -> Picture:
        other = PictureHash(hasher=PDQ, version="1", settings="", value="ff" * 32)
        return Picture(url="x", hashes=(PictureHash(hasher=PHASH, version="1", settings="", value=value), other))

    work = Work(
        id="W", title="潮汐测绘手记", identifiers={"isbn": ("9787111213826",)}, images=(picture("ff00ff00ff00ff00"),)
    )
    prefilter = Prefilter([work])
    assert passes_prefilter("书 978-7-111-21382-6", prefilter=prefilter)
    near, far = (picture_hash_bytes([picture(value)]) for value in ("ff00ff00ff00ff0f", "00ff00ff00ff00ff"))
    assert prefilter.select_rows(["\n", "\n", "\n"], [far, near, b""]) == [1]


def test_no_works_no_listings() -> None:
    assert Prefilter([]).select_rows(["雨伞\n"], [b""]) == []
    assert PREFILTER.select_rows([], []) == []
    assert Prefilter([Work(id="W", title="书")]).select_rows(["书\n"], [b""]) == []


@given(st.text(max_size=60), st.sampled_from(NAMES), st.text(max_size=60))
def test_a_name_passes_whatever_stands_around_it(before: str, name: str, behind: str) -> None:
    assert passes_prefilter(f"{before} {name} {behind}")
