"""A look at a site: what is downloaded, kept and counted, and what becomes of the questions where it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import scrapy
from scrapy.http import HtmlResponse

from crawler.config import Config
from crawler.items import Ask, Outcome, UnitKind
from crawler.page import Request
from crawler.page.site_profile import WALK_KEY, SiteProfile
from crawler.platform_settings import SiteConfig
from crawler.store import Store
from crawler.web.limits import NoPageError
from crawler.web.session import CrawlStats
from crawler.web.site_learning import (
    Walk,
    is_searched,
    keep_listing_shapes,
    load_profile,
    prepare_site,
    walk_of,
)
from spiders.sites import NOTHING_QUESTION, site_platform

HOME = "https://attic.example/"
FIND = f"{HOME}find?q={NOTHING_QUESTION}"
FORM = "<html><body><form action='/find'><input name='q' type='search'></form><p>Welcome</p></body></html>"
NOTHING = "<html><body><p>Nothing was found for your words.</p></body></html>"
QUESTIONS = (Ask(question="red kite"), Ask(question="tin lantern"))
Answer = tuple[int, str] | Exception


class Engine:
    """Answers from a table; what it lacks is a failed connection."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers, self.asked = answers, list[str]()

    async def download_async(self, request: scrapy.Request) -> HtmlResponse:
        self.asked.append(request.url)
        answer = self.answers.get(request.url, OSError("connection refused"))
        if isinstance(answer, Exception):
            raise answer
        status, text = answer
        return HtmlResponse(request.url, status=status, body=text.encode(), encoding="utf-8", request=request)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as opened:
        yield opened


def make_spider(
    store: Store, answers: Mapping[str, Answer], kind: UnitKind = UnitKind.QUESTION, run: str = "r1"
) -> Any:
    settings = SiteConfig(address=HOME, browse=3, pages=40)
    session = SimpleNamespace(
        store=store, config=Config(), on_answer=None, incremental=True, archive=None, captured=False
    )
    return SimpleNamespace(
        session=session,
        unit=SimpleNamespace(kind=kind, run=run),
        platform=site_platform("attic", settings)(),
        name="attic",
        base="",
        stats=CrawlStats(),
        crawler=SimpleNamespace(engine=Engine(answers)),
        parse=None,
        handle_failure=None,
    )


def prepare(spider: Any) -> bool:
    return asyncio.run(prepare_site(spider, QUESTIONS))


def test_a_site_is_looked_at_once_a_run(store: Store) -> None:
    answers: dict[str, Answer] = {HOME: (200, FORM), FIND: (200, NOTHING)}
    first, second = make_spider(store, answers), make_spider(store, answers, UnitKind.WALK)
    assert prepare(first)
    assert first.crawler.engine.asked == [HOME, FIND]
    assert first.stats.outcomes == {Outcome.LIVE: 2}
    assert is_searched(first.platform)
    assert prepare(second)
    assert second.crawler.engine.asked == []
    assert second.platform.profile == load_profile(store, "attic") == first.platform.profile
    next_night = make_spider(store, answers, run="r2")
    assert prepare(next_night)
    assert next_night.crawler.engine.asked == [HOME, FIND]


@pytest.mark.parametrize(
    ("answer", "outcome", "is_deferred"),
    [
        (OSError("connection refused"), Outcome.ERROR, True),
        (NoPageError(Outcome.BLOCKED, "too many"), Outcome.BLOCKED, True),
        (NoPageError(Outcome.DISALLOWED, "robots.txt"), Outcome.DISALLOWED, False),
        ((503, "<html><body>Down for maintenance</body></html>"), Outcome.BLOCKED, True),
    ],
)
def test_questions_of_a_site_that_is_down_are_asked_later(
    store: Store, answer: Answer, outcome: Outcome, is_deferred: bool
) -> None:
    spider = make_spider(store, {HOME: answer})
    assert not prepare(spider)
    assert spider.stats.outcomes == {outcome: 1}
    assert list(spider.stats.deferred_asks) == (list(QUESTIONS) if is_deferred else [])
    assert load_profile(store, "attic") is None
    assert spider.stats.problems


def test_a_site_that_is_down_tonight_is_asked_as_it_was_known(store: Store) -> None:
    assert prepare(make_spider(store, {HOME: (200, FORM), FIND: (200, NOTHING)}))
    spider = make_spider(store, {}, run="r2")
    assert prepare(spider)
    assert is_searched(spider.platform)
    assert spider.stats.deferred_asks == {}


def test_a_look_that_cannot_read_a_page_is_an_error_of_the_site(store: Store) -> None:
    spider = make_spider(store, {HOME: (200, FORM)})

    def learn(_: SiteProfile | None) -> Iterator[Request]:
        yield Request(url=HOME)
        raise RecursionError("too deep")

    spider.platform.learn = learn
    assert not prepare(spider)
    assert list(spider.stats.deferred_asks) == list(QUESTIONS)
    assert spider.stats.outcomes[Outcome.ERROR] == 1


def test_a_page_that_would_choke_a_parser_is_not_looked_at(store: Store) -> None:
    bomb = "<html><body>" + "<div>" * 5_000
    assert not prepare(make_spider(store, {HOME: (200, bomb)}))
    assert load_profile(store, "attic") is None


def test_kinds_of_addresses_are_added_to_what_is_known(store: Store) -> None:
    keep_listing_shapes(store, "attic", ["attic.example/item/#?"])
    assert load_profile(store, "attic") is None, "nothing to add to"
    assert prepare(make_spider(store, {HOME: (200, FORM), FIND: (200, NOTHING)}))
    keep_listing_shapes(store, "attic", ["attic.example/item/#?"])
    keep_listing_shapes(store, "attic", (f"attic.example/{number}/*?" for number in range(90)))
    profile = load_profile(store, "attic")
    assert profile is not None
    assert (profile.listing_shapes[0], len(profile.listing_shapes)) == ("attic.example/item/#?", 20)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"form": 1}', '{"form": {"adress": "x"}, "frame": {}}'])
def test_a_profile_that_another_version_kept_is_learned_anew(store: Store, text: str) -> None:
    store.runs.put_named_value("site attic", text)
    assert load_profile(store, "attic") is None


def test_a_walk_opens_each_page_once_and_no_more_than_it_may(store: Store) -> None:
    walk = Walk(2)
    pages = [Request(url=f"{HOME}{path}", values={WALK_KEY: "1"}) for path in ("a", "a#top", "b", "c")]
    assert [walk.admit(page) for page in pages] == [True, False, True, False]
    assert walk.admit(Request(url=f"{HOME}c")), "requests of other kinds are not the walk's"
    spider = make_spider(store, {HOME: (200, FORM), FIND: (200, NOTHING)})
    prepare(spider)
    admitted = [walk_of(spider).admit(page) for page in pages]
    assert admitted[0]
    numbered = [Request(url=f"{HOME}{number}", values={WALK_KEY: "1"}) for number in range(60)]
    searched = walk_of(spider)
    assert sum(map(searched.admit, numbered)) == 3
    spider.platform.profile = SiteProfile()
    unsearched = walk_of(spider)
    assert sum(map(unsearched.admit, numbered)) == 40


def test_captured_pages_are_read_with_what_is_known_and_nothing_is_asked(store: Store) -> None:
    assert prepare(make_spider(store, {HOME: (200, FORM), FIND: (200, NOTHING)}))
    spider = make_spider(store, {}, run="r2")
    spider.session.captured = True
    assert prepare(spider)
    assert is_searched(spider.platform)
    assert spider.crawler.engine.asked == []


def test_a_search_that_says_like_a_notice_that_nothing_is_there_is_a_search(store: Store) -> None:
    notice = "<html><head><title>没有找到内容</title></head><body><h1>没有找到内容</h1></body></html>"
    spider = make_spider(store, {HOME: (200, FORM), FIND: (200, notice)})
    assert prepare(spider)
    assert spider.stats.outcomes[Outcome.GONE] == 1
    assert is_searched(spider.platform)
