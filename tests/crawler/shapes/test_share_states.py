"""Every drive's `classify` against its table of recorded-shape answers: fixtures/shares/answers.jsonl."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import BadInput
from crawler.items import Listing, ListingKind, ShareState
from crawler.page import Page
from crawler.page.reader import read_page
from crawler.shapes.cloud_drives import parse_size, state_of
from crawler.shapes.share_states import GONE_STATES, answer_lifetime, calibrations
from crawler.shares.link_rules import load_grammar
from spiders.catalogue import platforms
from tests.conftest import ROOT

ANSWERS = [
    json.loads(line)
    for line in (ROOT / "fixtures" / "shares" / "answers.jsonl").read_text(encoding="utf-8").splitlines()
]
DRIVES: dict[str, Any] = {
    spider.share_platform or name: spider for name, spider in platforms().items() if spider.kind is ListingKind.SHARE
}
REQUIRED_DRIVES = {
    *("quark", "aliyun", "baidu", "115", "123", "tianyi", "xunlei", "uc", "lanzou", "weiyun", "mobile", "ctfile"),
    *("gdrive", "dropbox", "mega", "mediafire", "1fichier", "pixeldrain"),
}


def state_of_answer(row: dict[str, Any]) -> ShareState:
    values = {"code": row["code"]} if "code" in row else {}
    page = Page(url="https://drive.example/x", body=row["body"].encode(), status=row["status"], values=values)
    return state_of(page, DRIVES[row["platform"]].classify)


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"{row['platform']}: {row['case']}")
def test_an_answer_means_one_state(row: dict[str, Any]) -> None:
    assert state_of_answer(row).value == row["state"]


@pytest.mark.parametrize("platform", sorted(DRIVES))
def test_every_drive_has_a_table_of_all_kinds(platform: str) -> None:
    states = {row["state"] for row in ANSWERS if row["platform"] == platform}
    calibrated_states = {state.value for state in (*calibrations()[platform].codes.values(),)}
    calibrated_states |= {state.value for _, state in calibrations()[platform].words}
    assert calibrated_states | {"alive", "rate_limited", "captcha", "unknown"} <= states
    if "needs_code" in calibrated_states and platform not in (
        "lanzou",
        "weiyun",
        "1fichier",
    ):  # no code is sent to these
        assert "wrong_code" in states
    cases = {row["case"] for row in ANSWERS if row["platform"] == platform}
    assert {"throttled", "html shell", "null"} <= cases
    assert any(case.startswith("truncated") for case in cases)
    assert any(case.startswith("unmapped") for case in cases)


def test_the_drives_of_the_issue_are_there_and_bear_names_of_the_rules() -> None:
    assert set(DRIVES) >= REQUIRED_DRIVES
    assert set(DRIVES) <= {rule.name for rule in load_grammar().rules}
    assert set(calibrations()) == set(DRIVES)


@pytest.mark.parametrize("platform", sorted(DRIVES))
def test_every_drive_is_off_by_default_and_paced(platform: str) -> None:
    spider = DRIVES[platform]
    assert spider.off_by_default
    assert spider.pace >= (10 if platform == "115" else 3)


@pytest.mark.parametrize(
    "rule", [rule for rule in load_grammar().rules if rule.name in DRIVES], ids=lambda rule: rule.name
)
def test_a_drive_opens_the_example_of_its_rule_and_nothing_else(rule: Any) -> None:
    spider = DRIVES[rule.name]()
    request = spider.open(rule.example, None)
    assert request.values["share_id"]
    assert request.url.startswith("https://")
    with pytest.raises(BadInput):
        spider.open("https://elsewhere.example/s/1")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-200, 50000) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["code", "errno", "state", "data", "res_code", "share_status", "error", "value", "e", "success"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(answer=json_values)
def test_no_answer_outside_the_calibrated_list_is_gone(answer: Any) -> None:
    for platform, spider in DRIVES.items():
        if spider.classify(answer) in GONE_STATES:
            gone_codes = {code for code, state in calibrations()[platform].codes.items() if state in GONE_STATES}
            answer_json = json.dumps(answer, ensure_ascii=False)
            assert any(json.dumps(code, ensure_ascii=False) in answer_json for code in gone_codes), (platform, answer)


def test_the_lifetime_of_an_answer_depends_on_its_state() -> None:
    hours = {
        state: answer_lifetime(ShareState(state)) / timedelta(hours=1)
        for state in ("alive", "cancelled", "needs_code", "unknown", "rate_limited")
    }
    assert hours == {"alive": 24, "cancelled": 6, "needs_code": 12, "unknown": 0.5, "rate_limited": 0}


@pytest.mark.parametrize(
    ("text", "size"),
    [(5, 5), ("5", 5), ("12.5 MB", 13107200), ("1,5 GB", 1610612736), ("1.8M)", 1887436), ("", None), (True, None)],
)
def test_sizes_are_bytes(text: Any, size: int | None) -> None:
    assert parse_size(text) == size


def test_a_page_whose_address_names_no_share_is_read_without_a_link() -> None:
    body = (ROOT / "fixtures" / "pages" / "gdrive" / "folder" / "page.html").read_bytes()
    page = Page(
        url="https://drive.google.com/embeddedfolderview?id=", body=body, content_type="text/html; charset=utf-8"
    )
    (listing,) = read_page(platforms()["gdrive"](), page)
    assert isinstance(listing, Listing)
    assert listing.files
    assert listing.links == ()
