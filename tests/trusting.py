"""A small store with hits of offers that infringe and offers that do not, for the tests of judging and auditing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from crawler.items import Ask, Assessed, Hit, Listing, ListingKind, UnitKind, Verdict, Work
from crawler.store import Filter, Store
from desk.judging import Lesson, Said, judge
from matchers.assess import Assessor
from pipelines._knowing import context_of

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
NAMES = (
    "潮汐测绘手记",
    "雨林铁路学徒",
    "古塔修缮图说",
    "盐碱地来信",
    "冰川气象年表",
    "陶轮与釉色谱",
    "夜渡船工口述",
    "骆驼商路账册",
)
SAYS = ("电子版 PDF 网盘秒发", "影印 胶装", "精装 全新 现货", "二手 九成新 有划线")


def works(count: int) -> list[Work]:
    """So many works, each under a name of its own."""
    return [
        Work(
            id=f"W{number:04}",
            title=f"{NAMES[number % len(NAMES)]}{chr(0x4E00 + 37 * (number // len(NAMES)))}卷",
            kind="book",
            owner="北岸出版社",
            list_price=Decimal(60),
            currency="CNY",
        )
        for number in range(count)
    ]


def offers(of: Sequence[Work], each: int, seen: datetime = NOW) -> list[Listing]:
    """So many listings of each work, in turn a file, a photocopy, a new and a used book, by few sellers."""
    return [
        Listing(
            platform="kongfz",
            kind=ListingKind.OFFER,
            url=f"https://book.kongfz.com/{place}/{number}/",
            title=f"{work.title} {SAYS[number % len(SAYS)]}",
            seller=f"店{number % 5}",
            price=Decimal(6 if number % len(SAYS) < 2 else 48),
            currency="CNY",
            seen_at=seen,
        )
        for place, work in enumerate(of)
        for number in range(each)
    ]


def crawled(store: Store, listings: Sequence[Listing], run: str, now: datetime, asked: Assessor | None = None) -> None:
    """A run that sees these listings and assesses them with what the store knows."""
    store.runs.start(run, f"{now:%Y-%m-%d}", now, "night")
    store.units.plan(run, "kongfz", UnitKind.QUESTION, 1, [(Ask(question="x"),)])
    unit = store.units.claim(run, "a", now, 60)
    assert unit is not None
    known = asked or Assessor(store.registry(), 0.2)
    context = context_of(store, now, "en")
    store.hits.write([Assessed(listing=each, assessments=known.assess(each, context)) for each in listings], unit, now)


def hit_of(store: Store, url: str) -> Hit:
    """The hit of an address."""
    (found,) = [hit for hit in store.hits.find(Filter()) if hit.listing.url == url]
    return found


NOTHING = Lesson()


def say(
    store: Store, hit: Hit, verdict: Verdict, at: datetime = NOW, lesson: Lesson = NOTHING, why: str = "seen"
) -> None:
    """Judge one hit."""
    judge(store, [Said(hit=hit, verdict=verdict, reason=why, by="li", at=at, lesson=lesson)], "en")
