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


@pytest.mark.parametrize(
    ("text", "is_service"),
    [
        ("客服QQ：71234567", True),
        ("售后服务微信 haidao_88", True),
        ("举报电话 13812345678", True),
        ("Customer service WeChat: haidao_88", True),
        ("support@harbour.example", True),
        ("加我微信 haidao_88", False),
        ("全程服务到位，加QQ 71234567", False),
        ("mo.lin@harbour.example", False),
    ],
)
def test_contacts_of_a_service_are_told_from_those_of_a_person(text: str, is_service: bool) -> None:
    (contact,) = find_contacts(text)
    assert contact.is_service is is_service


def test_a_switchboard_is_no_contact_and_a_contact_is_equal_whatever_it_is_called() -> None:
    assert list(find_contacts("服务热线 +86 400 123 4567")) == []
    assert list(find_contacts("客服QQ 71234567")) == list(find_contacts("QQ 71234567"))
