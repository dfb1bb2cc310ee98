"""Messages name new hits, in the form each service takes, and nothing that strangers wrote is read as markup there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from crawler.config import WEBHOOK_SERVICES
from crawler.items import Decision, Hit, Listing, ListingKind, Verdict
from crawler.store import Store
from desk.crawling import RunResult
from desk.nightly.chat_messages import (
    HitNote,
    NightMessage,
    load_services,
    mail_text,
    note_hit,
    webhook_address,
    webhook_body,
)
from desk.nightly.report import new_hit_query
from tests.judged_store import hit_by_url, judge_hit, make_offers, make_works, record_crawl

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
HOSTILE = '<!channel> <@U1> <at user_id="all">所有人</at> @all [x](http://evil.example) *b*\n# h \u202egnp'
NOTE = HitNote(
    id="8c1f0a52d9e34b77",
    title="潮汐图书馆 PDF",
    work="潮汐图书馆",
    platform="kongfz",
    url="https://item.kongfz.com/book/1.html",
)


def night_message(*notes: HitNote, count: int | None = None, complaints: tuple[str, ...] = ()) -> NightMessage:
    return NightMessage(
        title="SwordNet 2026-11-22",
        language="en",
        complaints=complaints,
        hits=notes,
        hit_count=len(notes) if count is None else count,
        report={"run": "r", "healthy": True},
        report_text="# Report",
    )


def body_of(message: NightMessage, service: str, **signed: Any) -> Any:
    return json.loads(webhook_body(message, service, **signed))


def strings_of(value: Any) -> list[str]:
    """All texts in a JSON value."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings_of(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings_of(part)]
    return [value] if isinstance(value, str) else []


def test_every_service_of_the_settings_has_its_form_with_source_and_date() -> None:
    assert ("json", *load_services()) == WEBHOOK_SERVICES
    for form in load_services().values():
        assert form["source"].startswith("https://")
        assert form["read"].year == 2026


@pytest.mark.parametrize("service", load_services())
def test_a_message_names_title_work_platform_and_link(service: str) -> None:
    text = "\n".join(strings_of(body_of(night_message(NOTE, complaints=("appstore: below its floor",)), service)))
    for expected in (
        "SwordNet 2026-11-22",
        "appstore: below its floor",
        "1 new hits found by the program; no person has judged them yet",
        "潮汐图书馆 PDF",
        " · 潮汐图书馆 · kongfz · 8c1f0a52",
        "https://item.kongfz.com/book/1.html",
    ):
        assert expected in text


def test_each_service_gets_its_documented_form() -> None:
    message = night_message(NOTE)
    slack = body_of(message, "slack")
    assert slack["text"] == "SwordNet 2026-11-22"
    (block,) = slack["blocks"]
    (section,) = block["elements"]
    assert (block["type"], section["type"]) == ("rich_text", "rich_text_section")
    assert {"type": "link", "text": "潮汐图书馆 PDF", "url": NOTE.url} in section["elements"]
    feishu = body_of(message, "feishu")
    assert feishu["msg_type"] == "post"
    assert feishu["content"]["post"]["zh_cn"]["title"] == "SwordNet 2026-11-22"
    assert feishu["content"]["post"]["zh_cn"]["content"][1] == [
        {"tag": "text", "text": "1. "},
        {"tag": "a", "text": "潮汐图书馆 PDF", "href": NOTE.url},
        {"tag": "text", "text": " · 潮汐图书馆 · kongfz · 8c1f0a52"},
    ]
    for service in ("wecom", "dingtalk"):
        body = body_of(message, service)
        assert body["msgtype"] == "text"
        assert body["text"]["content"].splitlines()[2:] == [
            "1. 潮汐图书馆 PDF · 潮汐图书馆 · kongfz · 8c1f0a52",
            "   https://item.kongfz.com/book/1.html",
        ]
    assert body_of(message, "dingtalk")["at"]["isAtAll"] is False


def test_json_is_the_report_with_the_new_hits() -> None:
    body = body_of(night_message(NOTE, count=31), "json")
    assert body["run"] == "r"
    assert body["new_hits"] == {
        "count": 31,
        "judged": False,
        "hits": [{"id": NOTE.id, "title": NOTE.title, "work": NOTE.work, "platform": "kongfz", "url": NOTE.url}],
    }


@pytest.mark.parametrize("service", load_services())
def test_what_strangers_wrote_mentions_nobody_and_is_no_markup(service: str) -> None:
    url = "https://a.example/<@all>?x=@all\u202e"
    note = evolve(NOTE, title=HOSTILE, work=HOSTILE, platform=HOSTILE, url=url)
    body = body_of(night_message(note, complaints=(HOSTILE,)), service)
    texts = strings_of(body)
    assert not any("\u202e" in text for text in texts)
    assert any("⟨U+202E⟩" in text for text in texts)
    if service == "slack":
        # Only elements of the type text show it, and these are never parsed; the fallback text is ours alone.
        elements = body["blocks"][0]["elements"][0]["elements"]
        assert {element["type"] for element in elements} == {"text", "link"}
        assert "channel" not in body["text"]
        assert [element["url"] for element in elements if element["type"] == "link"] == [
            "https://a.example/%3C@all%3E?x=@all%E2%80%AE"
        ]
        return
    assert service == "dingtalk" or not any("<" in text for text in texts)
    if service == "feishu":
        tags = {part["tag"] for row in body["content"]["post"]["zh_cn"]["content"] for part in row}
        assert tags == {"text", "a"}
    else:
        assert body["msgtype"] == "text"
        assert not any("@" in text for text in texts)
        assert "   https://a.example/%3C%40all%3E?x=%40all%E2%80%AE" in body["text"]["content"].splitlines()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://[bad", "//host/x", "https://a.example/" + "x" * 600, "http:///x"]
)
def test_only_addresses_that_can_be_followed_become_links(url: str) -> None:
    message = night_message(evolve(NOTE, url=url))
    elements = body_of(message, "slack")["blocks"][0]["elements"][0]["elements"]
    assert {element["type"] for element in elements} == {"text"}
    assert body_of(message, "wecom")["text"]["content"].count("\n") == 2


def test_a_link_leads_where_it_goes_and_not_where_it_seems_to() -> None:
    message = night_message(evolve(NOTE, url="https://item.kongfz.com@evil.example/"))
    assert "   https://evil.example/" in body_of(message, "dingtalk")["text"]["content"].splitlines()


@pytest.mark.parametrize("service", load_services())
def test_a_long_night_is_cut_to_what_the_service_takes(service: str) -> None:
    notes = [evolve(NOTE, id=f"{number:016}", title="长" * 300) for number in range(50)]
    message = night_message(*notes, count=300, complaints=tuple("坏" * 500 for _ in range(40)))
    content = webhook_body(message, service)
    assert len(content) <= load_services()[service]["max_bytes"]
    text = "\n".join(strings_of(json.loads(content)))
    assert 0 <= text.count("长…") <= 20
    assert "more in the report" in text
    assert "300 new hits" in text


def test_what_does_not_fit_is_counted() -> None:
    notes = [evolve(NOTE, id=f"{number:08}", title=f"第{number}本") for number in range(20)]
    lines = body_of(night_message(*notes, count=23), "dingtalk")["text"]["content"].splitlines()
    assert lines[-1] == "and 3 more in the report"
    assert sum(line.startswith("   https://") for line in lines) == 20
    wecom = body_of(night_message(*notes, count=23), "wecom")["text"]["content"]
    named = wecom.count("   https://")
    assert 5 <= named < 20
    assert wecom.splitlines()[-1] == f"and {23 - named} more in the report"


def test_a_mail_names_the_new_hits_before_the_report() -> None:
    text = mail_text(night_message(evolve(NOTE, title=HOSTILE)))
    assert text.index("no person has judged them yet") < text.index("# Report")
    assert "\u202e" not in text
    assert mail_text(night_message()) == "# Report"


def stored_hit(**listing: Any) -> Hit:
    return Hit(
        id="8c1f0a52d9e34b77",
        listing=Listing(platform="kongfz", kind=ListingKind.OFFER, url=NOTE.url, title="潮汐 加微信 abc123", **listing),
        work_id="w",
        identity=0.9,
        offence=0.9,
        decision=Decision.HIT,
        findings=(),
        first_seen=NOW,
        last_seen=NOW,
    )


def test_sellers_and_contacts_are_named_only_where_that_is_wished() -> None:
    hit = stored_hit(seller="墨香书屋", seller_id="77", text="电话 13812345678", price=Decimal(5))
    sparse, full = (night_message(note_hit(hit, "潮汐图书馆", wish)) for wish in (False, True))
    for service in WEBHOOK_SERVICES:
        content = webhook_body(sparse, service).decode()
        assert "墨香书屋" not in content
        assert "13812345678" not in content
        content = webhook_body(full, service).decode()
        assert "墨香书屋" in content
        assert "13812345678" in content
    assert "墨香书屋" not in mail_text(sparse)
    assert "seller: 墨香书屋" in mail_text(full)


def test_a_message_to_feishu_is_signed_in_its_body_and_one_to_dingtalk_in_its_address() -> None:
    message = night_message(NOTE)
    body = body_of(message, "feishu", secret="SECabc", now=NOW)
    # base64(HMAC-SHA256(key "1795309200\nSECabc", "")), by openssl
    assert (body["timestamp"], body["sign"]) == ("1795309200", "Zo3chycKCkjE/+Fkbr9MT085yEn+dVd4DbPxSHitGMo=")
    assert "sign" not in body_of(message, "feishu")
    assert "sign" not in body_of(message, "dingtalk", secret="SECabc", now=NOW)
    assert webhook_address("https://x/?a=1", "feishu", "SECabc", NOW) == "https://x/?a=1"
    assert webhook_address("https://x/?a=1", "dingtalk", "", NOW) == "https://x/?a=1"
    assert webhook_address("https://x/send?a=1", "dingtalk", "SECabc", NOW) == (
        "https://x/send?a=1&timestamp=1795309200000&sign=rt2TVmHq04ulRdnYU%2F8sh9UflY3LMBde3rW8GhMFMoo%3D"
    )


def test_new_hits_are_those_decided_since_the_night_began_and_not_judged(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        works = make_works(4)
        store.works.import_works(works, NOW)
        offers, later = make_offers(works, 4, NOW), NOW + timedelta(days=1)
        known = [offer for offer in offers if not offer.url.startswith("https://book.kongfz.com/3/")]
        record_crawl(store, known, "r1", NOW)
        record_crawl(store, [evolve(offer, seen_at=later) for offer in offers], "r2", later)

        def new_urls(run: str, started: datetime) -> set[str]:
            result = RunResult(run=run, started=started, finished=started, platforms=[], complaints={})
            return {hit.listing.url for hit in store.hits.find_hits(new_hit_query(result))}

        assert new_urls("r2", later) == {"https://book.kongfz.com/3/0/", "https://book.kongfz.com/3/1/"}
        hit = hit_by_url(store, "https://book.kongfz.com/3/0/")
        judge_hit(store, hit, Verdict.NOT, later + timedelta(minutes=1))
        assert new_urls("r2", later) == {"https://book.kongfz.com/3/1/"}
