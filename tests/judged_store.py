"""A small store with hits of offers that infringe and offers that do not, for the tests of judging and auditing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from crawler.items import Ask, AssessedListing, Hit, Listing, ListingKind, UnitKind, Verdict, Work
from crawler.store import HitQuery, Store
from desk.review.judge import Lesson, NewVerdict, record_verdicts
from matchers.assessor import Assessor
from screening.match_context import build_context

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
SELLER_PHRASES = ("电子版 PDF 网盘秒发", "影印 胶装", "精装 全新 现货", "二手 九成新 有划线")


def make_works(count: int) -> list[Work]:
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


def make_offers(works: Sequence[Work], count_per_work: int, seen_at: datetime = NOW) -> list[Listing]:
    """So many listings of each work, in turn a file, a photocopy, a new and a used book, by few sellers."""
    return [
        Listing(
            platform="kongfz",
            kind=ListingKind.OFFER,
            url=f"https://book.kongfz.com/{work_number}/{number}/",
            title=f"{work.title} {SELLER_PHRASES[number % len(SELLER_PHRASES)]}",
            seller=f"店{number % 5}",
            price=Decimal(6 if number % len(SELLER_PHRASES) < 2 else 48),
            currency="CNY",
            seen_at=seen_at,
        )
        for work_number, work in enumerate(works)
        for number in range(count_per_work)
    ]


def record_crawl(
    store: Store, listings: Sequence[Listing], run: str, now: datetime, assessor: Assessor | None = None
) -> None:
    """A run that sees these listings and assesses them with what the store knows."""
    store.runs.start_run(run, f"{now:%Y-%m-%d}", now, "night")
    store.queue.plan_units(run, "kongfz", UnitKind.QUESTION, 1, [(Ask(question="x"),)])
    unit = store.queue.claim_next(run, "a", now, 60)
    assert unit is not None
    used_assessor = assessor or Assessor(store.works.registered_works(), 0.2)
    context = build_context(store, now)
    store.hits.write_batch(
        [AssessedListing(listing=listing, assessments=used_assessor.assess(listing, context)) for listing in listings],
        unit,
        now,
    )


def hit_by_url(store: Store, url: str) -> Hit:
    """The hit of an address."""
    (only_hit,) = [hit for hit in store.hits.find_hits(HitQuery()) if hit.listing.url == url]
    return only_hit


NO_LESSON = Lesson()


def judge_hit(
    store: Store, hit: Hit, verdict: Verdict, at: datetime = NOW, lesson: Lesson = NO_LESSON, reason: str = "seen"
) -> None:
    """Judge one hit."""
    record_verdicts(store, [NewVerdict(hit=hit, verdict=verdict, reason=reason, by="li", at=at, lesson=lesson)])
