"""Time a list, a rematch after new works and an export in a database of very many stored listings.

    python bench/million.py build FOLDER [--listings N]
    python bench/million.py list FOLDER
    python bench/million.py rematch FOLDER
    python bench/million.py export FOLDER

FOLDER holds what ../shared/bench/titles/make_registry.py wrote (registry.jsonl and queries.jsonl): titles become
listings, the last NEW works of the registry are added later. Times are processor time, except for `list`, which a
person waits for: there it is the slowest of five runs on the wall clock, after a first one that does not count.
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

NEW = 1_000  # works that are added later
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
DAYS, SELLERS, BATCH = 60, 20_000, 5_000
PLATFORMS = ("kongfz", "xianyu", "taobao", "ebay", "etsy", "quark", "baidu", "aliyun", "github", "steam", "mycd", "web")
SAYS = (
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
DECIDED = (*[Decision.HIT] * 9, *[Decision.REVIEW] * 2, *[Decision.LICENSED] * 3, *[Decision.DROPPED] * 6)


def main() -> None:
    """Build the database, or measure one operation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("build", "list", "rematch", "export"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--listings", type=int, default=1_000_000)
    asked = parser.parse_args()
    database = f"sqlite:///{asked.folder / f'{asked.listings}.db'}"
    with Store.open(database) as store:
        if asked.what == "build":
            build(store, database, asked.folder, asked.listings)
        elif asked.what == "list":
            listed(store)
        elif asked.what == "rematch":
            rematched(store, asked.folder)
        else:
            exported(store, asked.folder)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def works_of(folder: Path) -> list[Work]:
    """The works of the registry, some with a picture."""
    source = random.Random(1)
    found = []
    for row in map(json.loads, (folder / "registry.jsonl").open(encoding="utf-8")):
        images = (looks(source),) if source.random() < 0.3 else ()
        found.append(Work(id=row["work_id"], title=row["title"], kind=row["kind"], images=images, owner="北岸出版社"))
    return found


def looks(source: random.Random) -> Picture:
    """A picture with random hashes of the kinds that a crawl stores."""
    hashes = tuple(
        PictureHash(hasher=hasher, version="1", settings="", value=f"{source.getrandbits(bits):0{bits // 4}x}")
        for hasher, bits in ((PHASH, 64), (PDQ, 256))
    )
    return Picture(url=f"https://pictures.example/{source.getrandbits(40)}.jpg", hashes=hashes)


def build(store: Store, database: str, folder: Path, count: int) -> None:
    """Fill the database."""
    begun = time.process_time()
    works = works_of(folder)
    store.works.import_works(works[:-NEW], NOW - timedelta(days=DAYS))
    titles = {work.id: work for work in works[:-NEW]}
    lines = islice((folder / "queries.jsonl").open(encoding="utf-8"), count)
    engine = open_engine(database)
    made = listings(map(json.loads, lines), random.Random(2))
    while part := list(islice(made, BATCH)):
        stored(engine, part, titles)
    store.admin.analyse_tables()
    print(f"built in {time.process_time() - begun:.0f} s of the processor")


def listings(queries: Iterator[dict[str, Any]], source: random.Random) -> Iterator[tuple[Listing, str | None]]:
    """A listing for each row of the stream, with the id of the work that it names."""
    for number, query in enumerate(queries):
        platform = PLATFORMS[int(source.triangular(0, len(PLATFORMS), 0)) % len(PLATFORMS)]
        yield (
            Listing(
                platform=platform,
                kind=ListingKind.OFFER,
                url=f"https://{platform}.example/item/{number}",
                title=query["text"],
                text="。".join(source.sample(SAYS, 3)),
                seller=f"店{int(source.triangular(0, SELLERS, 0))}",
                price=Decimal(source.randrange(100, 20_000)) / 100,
                currency="CNY",
                reach=Reach(sales=source.randrange(100)),
                pictures=(looks(source),) if source.random() < 0.3 else (),
                links=links(source) if source.random() < 0.05 else (),
                seen_at=NOW - timedelta(days=source.randrange(DAYS), seconds=source.randrange(80_000)),
            ),
            query["gold"],
        )


def links(source: random.Random) -> tuple[ShareLink, ...]:
    """One link to a share."""
    mark = f"1{source.getrandbits(64):x}"
    return (ShareLink(platform="baidu", share_id=mark, url=f"https://pan.baidu.com/s/{mark}", code="8848"),)


def stored(engine: Engine, part: list[tuple[Listing, str | None]], works: dict[str, Work]) -> None:
    """Write some listings, with a hit where one names a known work."""
    source = random.Random(part[0][0].url)
    made = [(listing_id(listing.url), listing, work) for listing, work in part]
    found = [listing_row(key, listing, "r1", NOW) for key, listing, _ in made]
    hits = []
    for key, listing, work in made:
        if work in works:
            row = hit_row(key, listing, assessed(works[work], listing, source), "r1", NOW)
            row |= {"rank": hit_rank(row["rank"], row["first_seen"]), "changed_at": row["last_seen"]}
            hits.append(row)
    with write_transaction(engine) as connection:
        connection.execute(insert(schema.listings), found)
        connection.execute(insert(schema.hits), hits)


def assessed(work: Work, listing: Listing, source: random.Random) -> Assessment:
    """An assessment with three findings, as a crawl would store it."""
    made: dict[str, Any] = {"work_id": work.id, "polarity": Polarity.FOR}
    offence: dict[str, Any] = made | {"question": Question.OFFENCE}
    name = Finding(
        **made,
        question=Question.IDENTITY,
        matcher="title",
        probability=0.93,
        ground="title_exact",
        why=f"the title names “{work.title}”",
        ours=work.title,
        theirs=work.title,
    )
    file = Finding(
        **offence,
        matcher="delivery",
        probability=0.9,
        ground="delivery_file",
        why="a file by its own words: 电子版",
        ours=work.title,
        theirs="电子版",
    )
    price = Finding(
        **offence,
        matcher="price",
        probability=0.5,
        ground="price_low",
        why=f"{listing.price} CNY is 9 % of the list price 90.00 CNY",
        ours="90.00 CNY",
        theirs=f"{listing.price} CNY",
    )
    return Assessment(
        work_id=work.id,
        identity=round(source.uniform(0.6, 0.98), 4),
        offence=round(source.uniform(0.2, 0.98), 4),
        decision=source.choice(DECIDED),
        findings=(name, file, price),
        harm=source.uniform(-6, 6),
    )


def filters(store: Store) -> dict[str, HitQuery]:
    """Filters of each kind and some combinations, with the commonest and the rarest value of each."""
    names = [hit.work_id for hit in store.hits.find_page(HitQuery(), 3)]
    hit = (Decision.HIT,)
    return {
        "none": HitQuery(),
        "decision": HitQuery(decisions=hit),
        "hit and review": HitQuery(decisions=(Decision.HIT, Decision.REVIEW)),
        "platform": HitQuery(platforms=("kongfz",)),
        "rare platform": HitQuery(platforms=("web",)),
        "two platforms, decision": HitQuery(platforms=("kongfz", "web"), decisions=hit),
        "unknown platform": HitQuery(platforms=("nowhere",)),
        "work": HitQuery(works=(names[0],)),
        "three works": HitQuery(works=tuple(names), decisions=hit),
        "seller": HitQuery(sellers=("店7",)),
        "rare seller": HitQuery(sellers=(f"店{SELLERS - 2}",)),
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


def listed(store: Store) -> None:
    """Time the first fifty hits of each filter."""
    slowest = 0.0
    for name, wanted in filters(store).items():
        times = []
        for _ in range(6):
            begun = time.perf_counter()
            found = store.hits.find_page(wanted, 50)
            times.append(time.perf_counter() - begun)
        slowest = max(slowest, *times[1:])
        print(f"{name:28} {max(times[1:]) * 1000:7.1f} ms (first {times[0] * 1000:7.1f} ms), {len(found)} shown")
    print(f"slowest {slowest * 1000:.0f} ms")


def exported(store: Store, folder: Path) -> None:
    """Time the export of at most 100,000 hits as CSV, JSON Lines and XLSX."""
    for suffix in (".csv", ".jsonl", ".xlsx"):
        begun = time.process_time()
        found = islice(export_rows(store, HitQuery(decisions=(Decision.HIT,)), "en"), 100_000)
        count = export_hits(folder / f"hits{suffix}", found)
        print(f"{suffix}: {count} hits in {time.process_time() - begun:.1f} s of the processor")


def rematched(store: Store, folder: Path) -> None:
    """Import the NEW works and time their rematch against all stored listings."""
    works = works_of(folder)
    store.works.import_works(works[-NEW:], NOW)
    begun = time.process_time()
    built: list[float] = []

    def assessor() -> Assessor:
        start = time.process_time()
        made = Assessor(works, MIN_STORED_IDENTITY)
        built.append(time.process_time() - start)
        return made

    done = rematch_new_works(store, works[-NEW:], assessor, Context(now=NOW), 1)
    seconds = time.process_time() - begun
    print(f"{done}: {seconds:.1f} s of the processor, {sum(built):.1f} of them for the index of {len(works)} works")


if __name__ == "__main__":
    main()
