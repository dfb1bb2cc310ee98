"""Time a list, a rematch after new works and an export in a database of very many stored listings.

    python bench/million.py build FOLDER [--listings N]
    python bench/million.py list FOLDER
    python bench/million.py rematch FOLDER
    python bench/million.py export FOLDER

FOLDER holds what ../shared/bench/titles/make_registry.py wrote (registry.jsonl and queries.jsonl): titles become
listings, the last NEW_WORK_COUNT works of the registry are added later. Times are processor time, except for `list`,
which a person waits for: there it is the slowest of five runs on the wall clock, after a first one that does not count.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import Engine, insert  # noqa: E402

from crawler.items import (  # noqa: E402
    Assessment,
    Decision,
    Finding,
    Listing,
    ListingKind,
    Picture,
    PictureHash,
    Polarity,
    Question,
    Reach,
    ShareLink,
    Work,
)
from crawler.pictures.hashing import PDQ, PHASH  # noqa: E402
from crawler.store import HitQuery, Store, listing_id, schema  # noqa: E402
from crawler.store.database import open_engine, write_transaction  # noqa: E402
from crawler.store.write import (  # noqa: E402
    hit_rank,
    hit_row,
    listing_row,
)
from desk.export.formats import export_hits  # noqa: E402
from desk.export.rows import export_rows  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.decision import MIN_STORED_IDENTITY  # noqa: E402
from matchers.matcher import Context  # noqa: E402
from screening.rematch_listings import rematch_new_works  # noqa: E402

NEW_WORK_COUNT = 1_000  # works that are added later
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
DAY_COUNT, SELLER_COUNT, BATCH_SIZE = 60, 20_000, 5_000
PLATFORMS = ("kongfz", "xianyu", "taobao", "ebay", "etsy", "quark", "baidu", "aliyun", "github", "steam", "mycd", "web")
SELLER_SENTENCES = (
    "拍下后请留意消息，半小时内处理完毕",
    "店主每周三周五统一打包，节假日顺延",
    "有问题先咨询再下单，看到就回",
    "多件合并运费，偏远地区除外",
    "图片为实物拍摄，光线不同略有色差",
    "付款后不退不换，介意的绕行",
    "电子版，拍下自动发链接，永久有效",
    "Ships within two days from our warehouse",
    "Message me before you buy more than three",
    "Instant link after payment, all readers",
)
DECISION_POOL = (*[Decision.HIT] * 9, *[Decision.REVIEW] * 2, *[Decision.LICENSED] * 3, *[Decision.DROPPED] * 6)


def main() -> None:
    """Build the database, or measure one operation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("build", "list", "rematch", "export"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--listings", type=int, default=1_000_000)
    arguments = parser.parse_args()
    database = f"sqlite:///{arguments.folder / f'{arguments.listings}.db'}"
    with Store.open(database) as store:
        if arguments.what == "build":
            build_database(store, database, arguments.folder, arguments.listings)
        elif arguments.what == "list":
            time_pages(store)
        elif arguments.what == "rematch":
            time_rematch(store, arguments.folder)
        else:
            time_exports(store, arguments.folder)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def registry_works(folder: Path) -> list[Work]:
    """The works of the registry, some with a picture."""
    source = random.Random(1)
    works = []
    for row in map(json.loads, (folder / "registry.jsonl").open(encoding="utf-8")):
        images = (random_picture(source),) if source.random() < 0.3 else ()
        works.append(Work(id=row["work_id"], title=row["title"], kind=row["kind"], images=images, owner="北岸出版社"))
    return works


def random_picture(source: random.Random) -> Picture:
    """A picture with random hashes of the kinds that a crawl stores."""
    hashes = tuple(
        PictureHash(hasher=hasher, version="1", settings="", value=f"{source.getrandbits(bits):0{bits // 4}x}")
        for hasher, bits in ((PHASH, 64), (PDQ, 256))
    )
    return Picture(url=f"https://pictures.example/{source.getrandbits(40)}.jpg", hashes=hashes)


def build_database(store: Store, database: str, folder: Path, count: int) -> None:
    """Fill the database."""
    begun = time.process_time()
    works = registry_works(folder)
    store.works.import_works(works[:-NEW_WORK_COUNT], NOW - timedelta(days=DAY_COUNT))
    titles = {work.id: work for work in works[:-NEW_WORK_COUNT]}
    lines = islice((folder / "queries.jsonl").open(encoding="utf-8"), count)
    engine = open_engine(database)
    listing_stream = invent_listings(map(json.loads, lines), random.Random(2))
    while batch := list(islice(listing_stream, BATCH_SIZE)):
        write_listings(engine, batch, titles)
    store.admin.analyse_tables()
    print(f"built in {time.process_time() - begun:.0f} s of the processor")


def invent_listings(queries: Iterator[dict[str, Any]], source: random.Random) -> Iterator[tuple[Listing, str | None]]:
    """A listing for each row of the stream, with the id of the work that it names."""
    for number, query in enumerate(queries):
        platform = PLATFORMS[int(source.triangular(0, len(PLATFORMS), 0)) % len(PLATFORMS)]
        yield (
            Listing(
                platform=platform,
                kind=ListingKind.OFFER,
                url=f"https://{platform}.example/item/{number}",
                title=query["text"],
                text="。".join(source.sample(SELLER_SENTENCES, 3)),
                seller=f"店{int(source.triangular(0, SELLER_COUNT, 0))}",
                price=Decimal(source.randrange(100, 20_000)) / 100,
                currency="CNY",
                reach=Reach(sales=source.randrange(100)),
                pictures=(random_picture(source),) if source.random() < 0.3 else (),
                links=random_links(source) if source.random() < 0.05 else (),
                seen_at=NOW - timedelta(days=source.randrange(DAY_COUNT), seconds=source.randrange(80_000)),
            ),
            query["gold"],
        )


def random_links(source: random.Random) -> tuple[ShareLink, ...]:
    """One link to a share."""
    share_id = f"1{source.getrandbits(64):x}"
    return (ShareLink(platform="baidu", share_id=share_id, url=f"https://pan.baidu.com/s/{share_id}", code="8848"),)


def write_listings(engine: Engine, batch: list[tuple[Listing, str | None]], works: dict[str, Work]) -> None:
    """Write some listings, with a hit where one names a known work."""
    source = random.Random(batch[0][0].url)
    keyed_listings = [(listing_id(listing.url), listing, work) for listing, work in batch]
    listing_rows = [listing_row(key, listing, "r1", NOW) for key, listing, _ in keyed_listings]
    hit_rows = []
    for key, listing, work in keyed_listings:
        if work in works:
            row = hit_row(key, listing, invent_assessment(works[work], listing, source), "r1", NOW)
            row |= {"rank": hit_rank(row["rank"], row["first_seen"]), "changed_at": row["last_seen"]}
            hit_rows.append(row)
    with write_transaction(engine) as connection:
        connection.execute(insert(schema.listings), listing_rows)
        connection.execute(insert(schema.hits), hit_rows)


def invent_assessment(work: Work, listing: Listing, source: random.Random) -> Assessment:
    """An assessment with three findings, as a crawl would store it."""
    shared_fields: dict[str, Any] = {"work_id": work.id, "polarity": Polarity.FOR}
    offence_fields: dict[str, Any] = shared_fields | {"question": Question.OFFENCE}
    name = Finding(
        **shared_fields,
        question=Question.IDENTITY,
        matcher="title",
        probability=0.93,
        ground="title_exact",
        ours=work.title,
        theirs=work.title,
    )
    file = Finding(
        **offence_fields,
        matcher="delivery",
        probability=0.9,
        ground="delivery_file",
        ours=work.title,
        theirs="电子版",
    )
    price = Finding(
        **offence_fields,
        matcher="price",
        probability=0.5,
        ground="price_low",
        ours="90.00 CNY",
        theirs=f"{listing.price} CNY",
        values={"percent": 9},
    )
    return Assessment(
        work_id=work.id,
        identity=round(source.uniform(0.6, 0.98), 4),
        offence=round(source.uniform(0.2, 0.98), 4),
        decision=source.choice(DECISION_POOL),
        findings=(name, file, price),
        harm=source.uniform(-6, 6),
    )


def hit_queries(store: Store) -> dict[str, HitQuery]:
    """Filters of each kind and some combinations, with the commonest and the rarest value of each."""
    work_ids = [hit.work_id for hit in store.hits.find_page(HitQuery(), 3)]
    hit = (Decision.HIT,)
    return {
        "none": HitQuery(),
        "decision": HitQuery(decisions=hit),
        "hit and review": HitQuery(decisions=(Decision.HIT, Decision.REVIEW)),
        "platform": HitQuery(platforms=("kongfz",)),
        "rare platform": HitQuery(platforms=("web",)),
        "two platforms, decision": HitQuery(platforms=("kongfz", "web"), decisions=hit),
        "unknown platform": HitQuery(platforms=("nowhere",)),
        "work": HitQuery(works=(work_ids[0],)),
        "three works": HitQuery(works=tuple(work_ids), decisions=hit),
        "seller": HitQuery(sellers=("店7",)),
        "rare seller": HitQuery(sellers=(f"店{SELLER_COUNT - 2}",)),
        "seller, platform, decision": HitQuery(sellers=("店7",), platforms=("kongfz",), decisions=hit),
        "one day": HitQuery(since=date(2026, 11, 1), until=date(2026, 11, 1)),
        "since the first day": HitQuery(since=date(2026, 1, 1)),
        "before the first day": HitQuery(until=date(2026, 1, 1)),
        "after the last day": HitQuery(since=date(2027, 1, 1), decisions=hit),
        "days, platform, decision": HitQuery(since=date(2026, 10, 1), platforms=("web",), decisions=hit),
        "judged": HitQuery(verdicts=("infringing",)),
        "not judged": HitQuery(verdicts=("none",)),
        "run": HitQuery(run="r1"),
        "unknown run": HitQuery(run="r2"),
        "audit": HitQuery(audit=True),
        "changed lately": HitQuery(changed_after=NOW - timedelta(days=1)),
        "changed after all": HitQuery(changed_after=NOW + timedelta(days=1), decisions=hit),
    }


def time_pages(store: Store) -> None:
    """Time the first fifty hits of each filter."""
    slowest = 0.0
    for name, hit_query in hit_queries(store).items():
        times = []
        for _ in range(6):
            begun = time.perf_counter()
            hits = store.hits.find_page(hit_query, 50)
            times.append(time.perf_counter() - begun)
        slowest = max(slowest, *times[1:])
        print(f"{name:28} {max(times[1:]) * 1000:7.1f} ms (first {times[0] * 1000:7.1f} ms), {len(hits)} shown")
    print(f"slowest {slowest * 1000:.0f} ms")


def time_exports(store: Store, folder: Path) -> None:
    """Time the export of at most 100,000 hits as CSV, JSON Lines and XLSX."""
    for suffix in (".csv", ".jsonl", ".xlsx"):
        begun = time.process_time()
        rows = islice(export_rows(store, HitQuery(decisions=(Decision.HIT,)), "en"), 100_000)
        count = export_hits(folder / f"hits{suffix}", rows)
        print(f"{suffix}: {count} hits in {time.process_time() - begun:.1f} s of the processor")


def time_rematch(store: Store, folder: Path) -> None:
    """Import the last NEW_WORK_COUNT works and time their rematch against all stored listings."""
    works = registry_works(folder)
    store.works.import_works(works[-NEW_WORK_COUNT:], NOW)
    begun = time.process_time()
    build_seconds: list[float] = []

    def build_assessor() -> Assessor:
        start = time.process_time()
        instance = Assessor(works, MIN_STORED_IDENTITY)
        build_seconds.append(time.process_time() - start)
        return instance

    counts = rematch_new_works(store, works[-NEW_WORK_COUNT:], build_assessor, Context(now=NOW), 1)
    seconds = time.process_time() - begun
    index_text = f"{sum(build_seconds):.1f} of them for the index of {len(works)} works"
    print(f"{counts}: {seconds:.1f} s of the processor, {index_text}")


if __name__ == "__main__":
    main()
