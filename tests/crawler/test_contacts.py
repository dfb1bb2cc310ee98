"""Contacts in texts: what a seller writes to be reached, and words that only look like it."""

from __future__ import annotations

import pytest

from crawler.contacts import ContactKind, find_contacts


def wechat_ids(text: str) -> list[str]:
    return [contact.value for contact in find_contacts(text) if contact.kind is ContactKind.WECHAT]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("加微harbour88", ["harbour88"]),
        ("微信：tide_books", ["tide_books"]),
        ("vx: lanternshop", ["lanternshop"]),
        ("vxlantern2026", ["lantern2026"]),
        ("weixin seller_99", ["seller_99"]),
        ("薇 moonlight", ["moonlight"]),
    ],
)
def test_a_wechat_id_stands_behind_its_label(text: str, ids: list[str]) -> None:
    assert wechat_ids(text) == ids


@pytest.mark.parametrize(
    "text",
    ["Version 2.1", "version: release", "wxpython tutorial", "conversion kit", "WeChat official", "TV vs projector"],
)
def test_a_label_inside_a_word_is_none(text: str) -> None:
    assert wechat_ids(text) == []
