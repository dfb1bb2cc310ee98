"""The night's report: says what was found, and stays harmless whatever strangers wrote into it."""

import re
from base64 import b64encode
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from enum import EnumType
from hashlib import sha256
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from attrs import evolve
from selectolax.lexbor import LexborHTMLParser

from crawler.errors import BadInput
from crawler.health import PlatformCounts, counts_from_dict
from crawler.items import (
    Decision,
    Finding,
    Hit,
    Listing,
    ListingKind,
    Outcome,
    Polarity,
    Question,
    ShareLink,
    ShareState,
    Work,
)
from crawler.messages import LANGUAGES, load_messages
from desk.crawling import RunResult
from desk.nightly.html_report import MAX_PICTURE_BYTES, PlatformRow, ReportData, ReportHit, render_html, write_report
from desk.nightly.report import report_json, report_markdown
from desk.review.explain import Explanation

NOW = datetime(2026, 11, 22, 18, 5, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
HOSTILE_TEXT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}\u202e"


def finding(why: str, question: Question = Question.IDENTITY, polarity: Polarity = Polarity.FOR) -> Finding:
    return Finding(
        matcher="m", question=question, work_id="w", probability=0.9, polarity=polarity, why=why, ours="A", theirs="B"
    )


def report_hit(decision: Decision = Decision.HIT, text: str = "潮汐图书馆 PDF", url: str = "") -> ReportHit:
    listing = Listing(
        platform="kongfz",
        kind=ListingKind.OFFER,
        url=url or "https://item.kongfz.com/book/1.html",
        title=text,
        seller=text,
        price=Decimal("4.90"),
        currency="CNY",
        links=(ShareLink(platform="quark", share_id="a", url="https://pan.quark.cn/s/a", code="t8Kd"),),
    )
    hit = Hit(
        id="8c1f0a52d9e34b77",
        listing=listing,
        work_id="w",
        identity=0.984,
        offence=0.999,
        decision=decision,
        findings=(finding(text), finding("sold as a file", Question.OFFENCE)),
        first_seen=NOW,
        last_seen=NOW,
        share_states=("expired",),
    )
    explanation = Explanation(hit=hit, work=Work(id="w", title=text))
    return ReportHit(explanation=explanation, work_picture=PNG, listing_picture=PNG)


def with_hit(report: ReportHit, **changes: Any) -> ReportHit:
    return evolve(report, explanation=evolve(report.explanation, hit=evolve(report.hit, **changes)))


def report_data(*hits: ReportHit, language: str = "en", title: str = "Night") -> ReportData:
    platforms = (
        PlatformRow(name="kongfz", asked=3, pages={"live": 5}, listings=7, hits=1),
        PlatformRow(name="appstore", asked=2, pages={"challenged": 2}, healthy=False, note="below its floor"),
    )
    return ReportData(title=title, started=NOW, finished=NOW, platforms=platforms, hits=hits, language=language)


def text_of(page: str) -> str:
    body = LexborHTMLParser(page).body
    assert body is not None
    return " ".join(body.text(separator=" ").split())


def test_a_card_shows_work_and_listing_reasons_and_shares() -> None:
    page = render_html(report_data(report_hit()))
    text = text_of(page)
    for expected in (
        "98 %",
        "99 %",
        "4.90 CNY",
        "sold as a file",
        "t8Kd",
        "expired",
        "below its floor",
        "2 challenged",
        "2026-11-22 18:05 UTC",
        "https://item.kongfz.com/book/1.html",
    ):
        assert expected in text
    assert page.count(f"data:image/png;base64,{b64encode(PNG).decode()}") == 2


def test_decisions_have_their_own_sections_surest_first() -> None:
    hits = [report_hit(decision, f"title of {decision.value}") for decision in Decision]
    surest_hit = with_hit(hits[0], identity=1.0, id="2", findings=(finding("the surest"),))
    page = LexborHTMLParser(render_html(report_data(*hits, surest_hit)))
    assert [node.text() for node in page.css("h2 .count")] == ["2", "1", "1", "1"]
    assert [node.text() for node in page.css(".figure b")] == ["2", "1", "1", "1"]
    cards = [node.attributes["class"] for node in page.css("article")]
    assert cards == ["card hit", "card hit", "card review"]
    assert "the surest" in page.css("article")[0].text()
    assert "title of none" not in text_of(render_html(report_data(*hits)))


def test_a_rejected_listing_is_summed_up_by_what_speaks_against_it() -> None:
    dropped = report_hit(Decision.DROPPED)
    reasons = (finding("the title fits"), finding("another volume", polarity=Polarity.AGAINST))
    page = LexborHTMLParser(render_html(report_data(with_hit(dropped, findings=reasons))))
    (why,) = page.css("table tbody tr td:nth-child(3) bdi")
    assert why.text() == "another volume"


def test_nothing_that_strangers_wrote_becomes_markup() -> None:
    page = render_html(
        report_data(report_hit(text=HOSTILE_TEXT, url='https://x.example/?a="><script>'), title=HOSTILE_TEXT)
    )
    tree = LexborHTMLParser(page)
    assert not tree.css("script, iframe, object, link, base, form, [onerror], [style]")
    assert {node.attributes["src"][:5] for node in tree.css("img")} == {"data:"}  # type: ignore[index]
    assert HOSTILE_TEXT in tree.css("h1 bdi")[0].text()
    assert "{{ 7*7 }}" in page


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,<b>", "file:///etc/passwd", "//host/x", "http:///x", "https://[bad", " x"],
)
def test_only_web_addresses_become_links(url: str) -> None:
    tree = LexborHTMLParser(render_html(report_data(report_hit(url=url))))
    assert [node.attributes["href"] for node in tree.css("a")] == ["https://pan.quark.cn/s/a"]
    assert url.strip() in text_of(render_html(report_data(report_hit(url=url))))


def test_links_tell_nobody_where_they_come_from() -> None:
    for node in LexborHTMLParser(render_html(report_data(report_hit()))).css("a"):
        assert "noreferrer" in (node.attributes["rel"] or "")


def test_the_policy_allows_exactly_the_style_in_the_page() -> None:
    page = render_html(report_data(report_hit()))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert style
    assert policy
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    rules = dict(part.strip().split(" ", 1) for part in policy[1].replace("&#39;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_a_hit_shows_the_picture_that_was_drawn_as_evidence() -> None:
    jpeg = b"\xff\xd8\xff drawn"
    tree = LexborHTMLParser(render_html(report_data(evolve(report_hit(), comparison=jpeg))))
    (image,) = tree.css(".beside img")
    assert image.attributes["src"] == f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
    assert not LexborHTMLParser(render_html(report_data(report_hit()))).css(".beside")


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"", b"%PDF", b"\xff\xd8\xff" + bytes(MAX_PICTURE_BYTES)]
)
def test_what_is_no_plain_picture_is_left_out(content: bytes) -> None:
    page = render_html(report_data(evolve(report_hit(), work_picture=content, listing_picture=None)))
    assert "<img" not in page


@pytest.mark.parametrize(
    ("identity", "shown"), [(0.0, "0 %"), (0.001, "1 %"), (0.5, "50 %"), (0.9999, "99 %"), (1.0, "100 %")]
)
def test_a_percentage_never_claims_more_than_was_measured(identity: float, shown: str) -> None:
    hit = report_hit()
    tree = LexborHTMLParser(render_html(report_data(with_hit(hit, identity=identity))))
    assert tree.css(".answer b")[0].text() == shown


def test_an_empty_night_says_so_in_both_languages() -> None:
    assert "Nothing was found" in render_html(report_data())
    assert "没有发现" in render_html(report_data(language="zh"))


def test_the_file_is_whole_even_with_half_a_surrogate_pair(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", report_data(report_hit(text="half \ud83d")))
    assert "half ?" in (tmp_path / "report.html").read_text(encoding="utf-8")
    with pytest.raises(BadInput, match="nowhere"):
        write_report(tmp_path / "nowhere" / "report.html", report_data())


@pytest.mark.parametrize(
    ("values", "prefix"), [(Decision, "decision"), (ListingKind, "kind"), (Outcome, "outcome"), (ShareState, "share")]
)
def test_every_value_has_its_word(values: EnumType, prefix: str) -> None:
    message_keys = {key for key in load_messages("desk") if key.startswith(f"{prefix}_")}
    assert message_keys >= {f"{prefix}_{value}" for value in values}


def test_sentences_have_the_same_placeholders_in_every_language() -> None:
    for key, templates in load_messages("desk").items():
        assert sorted(templates) == sorted(LANGUAGES), key
        names = [{name for _, name, _, _ in Formatter().parse(text) if name is not None} for text in templates.values()]
        assert names[0] == names[1], key


def test_what_a_limit_left_out_is_reported_in_every_form() -> None:
    counts = PlatformCounts(platform="shop", asked=1, pages=Counter(live=1), limits=Counter(sitemap=3, page_limit=1))
    result = RunResult(
        run="r", started=NOW, finished=NOW, platforms=[counts_from_dict("shop", counts.to_dict())], complaints={}
    )
    row = PlatformRow(name="shop", asked=1, pages=counts.pages, limits=counts.limits)
    expected = "Left out by [limits]: 1 page_limit, 3 sitemap"
    assert expected in report_markdown(result, "en")
    assert expected in text_of(render_html(ReportData(title="Night", started=NOW, platforms=(row,))))
    assert report_json(result)["platforms"]["shop"]["limits"] == {"page_limit": 1, "sitemap": 3}
