from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.items import Listing, ListingKind, Picture, SharedFile, ShareLink
from crawler.page.sanitize import MAX_LIST_ENTRIES, MAX_STRING_CHARS, MAX_TEXT_CHARS, check_types, sanitize_listing

DIRTY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def listing(**fields: object) -> Listing:
    values = {"platform": "shop", "kind": ListingKind.OFFER, "url": "https://a.test/", "title": "x"} | fields
    return Listing(**values)  # type: ignore[arg-type]


@given(DIRTY_TEXT, DIRTY_TEXT, DIRTY_TEXT)
def test_what_a_page_says_survives_database_export_and_log(title: str, name: str, text: str) -> None:
    clean = sanitize_listing(
        listing(title=title, text=text, files=(SharedFile(name=name),), identifiers={"isbn": (name,)})
    )
    for value in (clean.title, clean.text, clean.files[0].name, clean.identifiers["isbn"][0]):
        value.encode("utf-8")
        assert "\0" not in value
        assert not any(0x202A <= ord(sign) <= 0x202E for sign in value)


def test_lengths_are_bounded() -> None:
    clean = sanitize_listing(
        listing(
            title="a" * 10**6, text="b" * 10**6, pictures=(Picture(url="https://a.test/p"),) * (MAX_LIST_ENTRIES + 1)
        )
    )
    assert (len(clean.title), len(clean.text), len(clean.pictures)) == (
        MAX_STRING_CHARS,
        MAX_TEXT_CHARS,
        MAX_LIST_ENTRIES,
    )


def test_a_clean_listing_stays_what_it_is() -> None:
    link = ShareLink(platform="quark", share_id="a", url="https://pan.quark.cn/s/a", span=(3, 9))
    clean = listing(
        text="雾\u200b港\n第二行", price=Decimal("1.50"), links=(link,), seen_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert sanitize_listing(clean) == clean


def test_a_listing_whose_text_is_none_is_a_changed_layout() -> None:
    with pytest.raises(TypeError, match="title"):
        check_types(listing(title=True))
    with pytest.raises(TypeError, match="creators"):
        check_types(listing(creators=(7,)))
    assert check_types(listing(creators=("闻笙",))).creators == ("闻笙",)
