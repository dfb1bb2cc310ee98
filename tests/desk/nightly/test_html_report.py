"""The night's report: says what was found, and stays harmless whatever strangers wrote into it."""

import re
from base64 import b64encode
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import EnumType
from hashlib import sha256
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from attrs import evolve
from selectolax.lexbor import LexborHTMLParser

from crawler.config import Config, StoreConfig
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
    Verdict,
    Work,
)
from crawler.messages import LANGUAGES, load_messages
from crawler.store import Store
from crawler.web.chromium import find_executable
from desk.crawling import RunResult
from desk.nightly.html_report import (
    MAX_PICTURE_BYTES,
    PlatformRow,
    ReportData,
    ReportHit,
    axis_top,
    render_html,
    write_report,
)
from desk.nightly.report import report_data as report_data_of
from desk.nightly.report import report_json, report_markdown
from desk.review.explain import Explanation
from tests.conftest import ROOT

NOW = datetime(2026, 11, 22, 18, 5, tzinfo=UTC)
WEB_LINKS = "a:not([href^='#'])"
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
    assert [(node.attributes["id"], node.css("span")[0].text()) for node in page.css("h2")] == [
        ("trouble", "1"),
        ("new", "2"),
        ("review", "1"),
        ("licensed", "1"),
        ("dropped", "1"),
        ("platforms", "2"),
    ]
    assert [node.text() for node in page.css(".figure b")] == ["2", "0", "1", "1", "1"]
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
    assert not tree.css("iframe, object, link, base, form, [onerror], [style], [src]:not(img)")
    (script,) = tree.css("script")
    assert script.text() == (ROOT / "desk" / "templates" / "report.js").read_text(encoding="utf-8").rstrip()
    assert {node.attributes["src"][:5] for node in tree.css("img")} == {"data:"}  # type: ignore[index]
    assert HOSTILE_TEXT in tree.css("h1 bdi")[0].text()
    assert "{{ 7*7 }}" in page


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,<b>", "file:///etc/passwd", "//host/x", "http:///x", "https://[bad", " x"],
)
def test_only_web_addresses_become_links(url: str) -> None:
    tree = LexborHTMLParser(render_html(report_data(report_hit(url=url))))
    assert [node.attributes["href"] for node in tree.css(WEB_LINKS)] == ["https://pan.quark.cn/s/a"]
    assert url.strip() in text_of(render_html(report_data(report_hit(url=url))))


def test_links_tell_nobody_where_they_come_from() -> None:
    for node in LexborHTMLParser(render_html(report_data(report_hit()))).css(WEB_LINKS):
        assert "noreferrer" in (node.attributes["rel"] or "")


def test_the_policy_allows_exactly_the_style_and_the_script_in_the_page() -> None:
    page = render_html(report_data(report_hit()))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert style
    assert policy
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    rules = dict(part.strip().split(" ", 1) for part in policy[1].replace("&#39;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == f"'sha256-{digest}'"
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script
    assert rules["script-src"] == f"'sha256-{b64encode(sha256(script[1].encode()).digest()).decode()}'"
    assert "innerHTML" not in script[1]
    assert not {"fetch", "XMLHttpRequest", "eval"} & set(re.findall(r"\w+", script[1]))
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
    assert [node.text() for node in LexborHTMLParser(page).css(".blank")] == ["no picture", "no picture"]


def test_new_hits_stand_first_and_what_was_rejected_is_folded() -> None:
    new, known = with_hit(report_hit(), id="11" * 8), evolve(report_hit(), is_new=False)
    judged = evolve(with_hit(report_hit(), id="22" * 8, judged=Verdict.INFRINGING), is_new=False)
    tree = LexborHTMLParser(render_html(report_data(known, report_hit(Decision.DROPPED), new, judged)))
    assert [node.attributes["id"] for node in tree.css("article, h2, tbody tr[id]")] == [
        "trouble", "new", "hit-111111111111", "known", "hit-222222222222", "hit-8c1f0a52d9e3", "dropped",
        "hit-8c1f0a52d9e3", "platforms",
    ]  # fmt: skip
    folds = {node.css("h2")[0].attributes["id"]: "open" in node.attributes for node in tree.css("details.fold")}
    assert folds == {"known": False, "dropped": False}
    assert [node.text() for node in tree.css(".judged")] == ["Judged infringing"]
    only_known = LexborHTMLParser(render_html(report_data(known)))
    assert "No new hits." in only_known.css(".empty")[0].text()
    assert "open" in only_known.css("details.fold")[0].attributes


def test_every_link_within_the_page_leads_somewhere() -> None:
    for hits in ((), (report_hit(),), (report_hit(), report_hit(Decision.REVIEW), report_hit(Decision.LICENSED))):
        tree = LexborHTMLParser(render_html(report_data(*hits)))
        targets = {node.attributes["href"] for node in tree.css("a") if (node.attributes["href"] or "").startswith("#")}
        assert targets
        assert all(tree.css(target or "") for target in targets)
        for node in tree.css("[aria-labelledby]"):
            assert tree.css(f"#{node.attributes['aria-labelledby']}")


def test_an_address_is_shown_decoded_and_its_target_is_unchanged() -> None:
    url = "https://xn--80ak6aa92e.com/%E6%BD%AE%E6%B1%90?q=%E2%80%AE%2F"
    tree = LexborHTMLParser(render_html(report_data(report_hit(url=url))))
    (link,) = tree.css(".where a")
    assert link.attributes["href"] == url
    assert link.text() == "https://xn--80ak6aa92e.com (аррӏе.com)/潮汐?q=%E2%80%AE%2F"


def test_red_is_kept_for_hits() -> None:
    style = (ROOT / "desk" / "templates" / "report.css").read_text(encoding="utf-8")
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", style))
    red = {selector.strip() for selector, body in rules if "var(--hit" in body}
    assert red == {".hit", ".known", ".chart .known, .swatch.known", ".chart .fresh, .swatch.fresh"}
    tree = LexborHTMLParser(render_html(report_data(report_hit(Decision.REVIEW), report_hit(Decision.DROPPED))))
    assert {node.attributes["class"] for node in tree.css(".hit, .known")} == {"figure hit", "figure known"}


def test_charts_have_axes_and_say_their_numbers_in_words() -> None:
    night = evolve(report_data(report_hit()), past=(("2026-11-20", 30, 4), ("2026-11-21", 7, 0)))
    tree = LexborHTMLParser(render_html(night))
    outcomes, nights = tree.css("svg[role=img]")
    assert [node.text() for node in nights.css("text.end")] == ["0", "20", "40"]
    assert [node.text() for node in nights.css("text.middle")] == ["11-20", "11-21", "Night", "Hits"]
    assert "2026-11-20: 30 Hits, 4 New; 2026-11-21: 7 Hits, 0 New" in (nights.attributes["aria-label"] or "")
    assert [float(node.attributes["height"] or 0) for node in nights.css("rect")] == [97.5, 13.0, 22.8, 0.0]
    assert [node.text() for node in outcomes.css("text.middle")][:3] == ["0 %", "50 %", "100 %"]
    assert [node.css("title")[0].text() for node in outcomes.css("rect")] == [
        "kongfz: 5 live",
        "appstore: 2 Not readable",
    ]


@pytest.mark.parametrize(("largest", "top"), [(0, 2), (2, 2), (3, 4), (5, 10), (11, 20), (41, 100), (1001, 2000)])
def test_an_axis_ends_at_a_round_number(largest: int, top: int) -> None:
    assert axis_top(largest) == top


def test_a_night_with_several_runs_has_one_bar(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        runs = [
            ("2026-11-21", 0, {"kongfz": {"hits": 9, "new": 3}}),
            ("2026-11-22", 24, {"kongfz": {"hits": 10, "new": 2}, "shop": {"hits": 4, "new": 4}}),
            ("2026-11-22", 26, {"kongfz": {"hits": 12, "new": 1}}),
        ]
        for number, (night, hours, counts) in enumerate(runs):
            started = NOW + timedelta(hours=hours)
            store.runs.start_run(f"r{number}", night, started, "night")
            store.runs.finish_run(f"r{number}", "done", counts, started)
        result = RunResult(run="r2", started=NOW, finished=NOW, platforms=[], complaints={})
        past = report_data_of(store, result, Config(store=StoreConfig(blobs=str(tmp_path / "blobs")))).past
    assert past == (("2026-11-21", 9, 3), ("2026-11-22", 16, 7))


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_is_readable_on_a_phone_and_its_filter_works(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    hits = [
        with_hit(report_hit(decision, f"{decision.value} {'长' * 40} {'x' * 200}"), id=f"{number:02}" * 8)
        for number, decision in enumerate((Decision.HIT, Decision.REVIEW, Decision.LICENSED, Decision.DROPPED))
    ]
    file = tmp_path / "report.html"
    write_report(file, report_data(*hits))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_executable())
        page = browser.new_page(viewport={"width": 390, "height": 800})
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = false })")
        page.fill("#filter", "DROPPED 长")
        assert page.text_content("#filter-count") == "1 / 4"
        assert page.evaluate("[...document.querySelectorAll('.fold')].map((fold) => fold.open)") == [False, True]
        page.fill("#filter", "")
        assert page.evaluate("[...document.querySelectorAll('.fold')].map((fold) => fold.open)") == [False, False]
        page.goto(f"{file.as_uri()}#dropped")
        assert page.is_visible("#hit-030303030303")
        plain = browser.new_context(java_script_enabled=False).new_page()
        plain.goto(file.as_uri())
        assert plain.is_hidden("#filter")
        assert plain.is_visible("#hit-000000000000")
        browser.close()
    assert problems == []


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


@pytest.mark.parametrize(("values", "prefix"), [(Decision, "decision"), (ListingKind, "kind"), (Outcome, "outcome")])
def test_every_value_has_its_word(values: EnumType, prefix: str) -> None:
    message_keys = {key for key in load_messages("desk") if key.startswith(f"{prefix}_")}
    assert message_keys >= {f"{prefix}_{value}" for value in values}


def test_reasons_and_states_of_shares_are_in_the_language_of_the_report() -> None:
    ground = Finding(
        matcher="m", question=Question.OFFENCE, work_id="w", probability=0.9, theirs="电子书", ground="delivery_file"
    )
    dropped = with_hit(report_hit(Decision.DROPPED), findings=(ground, finding("stored as it was")))
    night = report_data(with_hit(report_hit(), findings=(ground,)), dropped, language="zh")
    text = text_of(render_html(night))
    assert text.count("自称电子文件（“电子书”）") == 2
    assert "stored as it was" in text
    assert "已过期" in text
    assert "Described as a digital file" in text_of(render_html(evolve(night, language="en")))


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
