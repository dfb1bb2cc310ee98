"""Every matcher against its table of pairs in fixtures/pairs: work, listing, what must be said, why."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random

import pytest
from attrs import evolve

from crawler.items import Decision, Finding, Listing, ListingKind, Picture, Polarity, Question, SharedFile, Work
from crawler.messages import LANGUAGES, load_messages
from crawler.pictures import inspect_picture
from crawler.shares import extract_links
from crawler.store.database import from_json, to_json
from matchers.assessor import Assessor
from matchers.catalogue import matcher_classes
from matchers.findings import finding_sentence
from matchers.images import indexing
from matchers.images.image_matcher import open_image_matcher
from matchers.matcher import (
    Candidates,
    Context,
    MedianPrice,
    Rule,
    RuleKind,
    SellerRecord,
    Stage,
)
from registry import fields
from tests import ROOT
from tests.cover_pictures import picture_bytes

PAIRS = ROOT / "fixtures" / "pairs"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
UNKNOWN_STARTS = tuple(load_messages("matchers")["unknown_ground"][language].split("{")[0] for language in LANGUAGES)
OTHER_WORKS = (
    Work(id="other-1", title="雨林铁路"),
    Work(id="other-2", title="Ledger of Tides", creators=("Ana Brandt",)),
)
MATCHERS = {matcher.name: matcher for stage in Stage for matcher in matcher_classes(stage)}


def read_pairs(name: str) -> list[dict[str, str]]:
    with (PAIRS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{column: value for column, value in row.items() if value} for row in csv.DictReader(file)]


ALL_PAIRS = [
    pytest.param(name, row, id=f"{name}: {row['reason']}: {row['title'][:24]}")
    for name in MATCHERS
    if (PAIRS / f"{name}.csv").exists()
    for row in read_pairs(name)
]


@cache
def registered_pictures(names: str) -> tuple[Picture, ...]:
    return tuple(inspect_picture(picture_bytes(name), name) for name in names.split("|"))


@cache
def listing_pictures(names: str, work_names: str, folder: Path) -> tuple[Picture, ...]:
    """Pictures of a listing, compared with a registry that holds the pictures `ours`."""
    root = folder / "-".join(work_names.split())
    extractor = indexing.DescriptorExtractor(root)
    owners = {extractor(picture_bytes(name), name).sha256 or "": frozenset({"work"}) for name in work_names.split("|")}
    indexing.index_pictures(root, owners, 1 << 30)
    return tuple(open_image_matcher(root).inspect(picture_bytes(name), name).picture for name in names.split("|"))


@pytest.fixture(scope="module")
def index_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("looks")


def split_cell(row: dict[str, str], name: str) -> tuple[str, ...]:
    return tuple(row[name].split("|")) if name in row else ()


def work_of(row: dict[str, str]) -> Work:
    identifiers = {scheme: (row[f"work_{scheme}"],) for scheme in ("isbn", "package") if f"work_{scheme}" in row}
    return Work(
        id="work",
        title=row["work_title"],
        kind=row.get("work_kind"),
        creators=split_cell(row, "work_creators"),
        publisher=row.get("work_publisher"),
        identifiers=identifiers,
        list_price=fields.parse_price(row.get("work_price")),
        currency=row.get("work_currency"),
        licences=fields.parse_licences(row.get("work_licences")),
        released_on=fields.parse_day(row.get("work_released_on")),
        images=registered_pictures(row["work_images"]) if "work_images" in row else (),
    )


def listing_of(row: dict[str, str], index_root: Path) -> Listing:
    return Listing(
        platform=row.get("platform", "bookshop"),
        kind=ListingKind(row.get("kind", "offer")),
        url=row.get("url", "https://bookshop.example/1"),
        title=row["title"],
        text=row.get("text", ""),
        creators=split_cell(row, "creators"),
        publisher=row.get("publisher"),
        seller=row.get("seller"),
        sku=row.get("sku"),
        territory=row.get("territory"),
        identifiers={scheme: (row[scheme],) for scheme in ("isbn", "package") if scheme in row},
        price=fields.parse_price(row.get("price")),
        currency=row.get("currency"),
        condition=row.get("condition"),
        availability=row.get("availability"),
        links=tuple(extract_links(row.get("links", ""))),
        files=tuple(SharedFile(name=name) for name in split_cell(row, "files")),
        pictures=listing_pictures(row["images"], row["work_images"], index_root) if "images" in row else (),
        seen_at=datetime.fromisoformat(row["seen_at"]) if "seen_at" in row else None,
    )


def make_context() -> Context:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    rules = [
        Rule(id=1, kind=RuleKind.LISTING, work="work", value="https://bookshop.example/judged", at=at),
        Rule(id=2, kind=RuleKind.SELLER, work="work", value="清白书屋", platform="kongfz", at=at),
        Rule(id=3, kind=RuleKind.PHRASE, work="work", value="出版社赠阅本", at=at),
    ]
    return Context(
        now=NOW,
        medians={("work", "kongfz"): MedianPrice(price=Decimal(40), currency="CNY", count=12)},
        sellers={
            ("kongfz", "惯犯书屋"): SellerRecord(infringing=5, innocent=1),
            ("kongfz", "清白书屋"): SellerRecord(infringing=0, innocent=4),
            ("kongfz", "新来书屋"): SellerRecord(infringing=1),
        },
        rules={"work": tuple(rules)},
    )


def found_by(name: str, row: dict[str, str], looks: Path) -> list[Finding]:
    """What a matcher finds for a row, after the stages before its own."""
    work, listing = work_of(row), listing_of(row, looks)
    works = [*OTHER_WORKS, work]
    matcher = MATCHERS[name]
    candidates: Candidates = {}
    if matcher.stage is Stage.BOOST:
        earlier = [
            finding
            for identity in matcher_classes(Stage.IDENTITY)
            for finding in identity(works).find(listing, {}, make_context())
        ]
        candidates = {work.id: [finding for finding in earlier if finding.work_id == work.id]}
    elif matcher.stage is Stage.OFFENCE:
        candidates = {work.id: ()}
    findings = list(matcher(works).find(listing, candidates, make_context()))
    assert not [finding for finding in findings if finding.work_id != work.id]
    return [finding for finding in findings if finding.matcher == name]


@pytest.mark.parametrize(("name", "row"), ALL_PAIRS)
def test_a_pair_gives_the_expected_finding(name: str, row: dict[str, str], index_root: Path) -> None:
    findings = found_by(name, row, index_root)
    likely = [finding for finding in findings if finding.probability > 0.1]
    polarities = {finding.polarity.value for finding in likely}
    expected = {"for": {"for"}, "none": set(), "against": {"against"}}[row["expected"]]
    is_judged = MATCHERS[name].stage is Stage.OFFENCE
    assert polarities - ({"for"} if row["expected"] == "against" and not is_judged else set()) == expected
    grounds = {ground.key: ground for ground in MATCHERS[name].grounds}
    assert all(finding.polarity is grounds[finding.ground].polarity for finding in findings)
    for finding in findings:
        assert from_json(json.loads(json.dumps(to_json(finding))), Finding) == finding, "its values are of JSON types"
        for language in LANGUAGES:
            assert not finding_sentence(finding, language).startswith(UNKNOWN_STARTS), "every placeholder has its value"
    assert all((finding.question is Question.OFFENCE) is is_judged for finding in findings)


@pytest.mark.parametrize("name", MATCHERS)
def test_every_matcher_has_a_table_that_can_fail(name: str) -> None:
    expected = Counter(row["expected"] for row in read_pairs(name))
    assert len(expected) >= 2, f"fixtures/pairs/{name}.csv needs pairs of both kinds"


@pytest.mark.parametrize("row", [pytest.param(row, id=row["reason"]) for row in read_pairs("decisions")])
def test_a_pair_gives_the_expected_decision(row: dict[str, str], index_root: Path) -> None:
    work, listing = work_of(row), listing_of(row, index_root)
    assessments = Assessor([*OTHER_WORKS, work]).assess(listing, Context(now=NOW))
    decision = next((assessment.decision for assessment in assessments if assessment.work_id == work.id), Decision.NONE)
    expected = {Decision(row["expected"])}
    assert decision in (expected | {Decision.NONE} if expected == {Decision.DROPPED} else expected)
    assert all(
        assessment.decision in (Decision.DROPPED, Decision.NONE)
        for assessment in assessments
        if assessment.work_id != work.id
    )


def test_the_finding_quotes_the_very_characters() -> None:
    work = Work(id="work", title="轨道纪元")
    listing = Listing(platform="x", kind=ListingKind.OFFER, url="x", title="秒发 軌\u200b道紀元！")
    (finding,) = MATCHERS["title"]([work]).find(listing, {}, Context(now=NOW))
    assert finding.theirs == "軌\u200b道紀元"
    assert finding.ours == "轨道纪元"


def test_several_works_in_one_listing_are_all_found() -> None:
    works = [Work(id=title, title=title) for title in ("轨道纪元", "雨林铁路", "雨林铁路学徒手记", "古塔测绘图集")]
    title = "打包：轨道纪元 / 雨林铁路学徒手记 / 古塔测绘图集 3本PDF"
    assessments = Assessor(works).assess(
        Listing(platform="x", kind=ListingKind.OFFER, url="x", title=title), Context(now=NOW)
    )
    hits = {assessment.work_id for assessment in assessments if assessment.decision is Decision.HIT}
    assert hits == {"轨道纪元", "雨林铁路学徒手记", "古塔测绘图集"}, "the longer name hides the shorter one inside it"


def test_equal_titles_need_something_that_tells_them_apart() -> None:
    works = [Work(id="a", title="轨道纪元", creators=("沈岚",)), Work(id="b", title="轨道纪元", creators=("顾北川",))]
    assessor = Assessor(works)
    listing = Listing(platform="x", kind=ListingKind.OFFER, url="x", title="轨道纪元 电子版")
    assert {assessment.decision for assessment in assessor.assess(listing, Context(now=NOW))} == {Decision.REVIEW}
    assessments = assessor.assess(evolve(listing, title="轨道纪元 沈岚 电子版"), Context(now=NOW))
    assert [
        (assessment.work_id, assessment.decision) for assessment in assessments if assessment.decision is Decision.HIT
    ] == [("a", Decision.HIT)]


def test_retired_works_are_not_found() -> None:
    work = Work(id="work", title="轨道纪元", identifiers={"isbn": ("9787999012344",)}, retired_at=NOW)
    listing = Listing(
        platform="x", kind=ListingKind.SHARE, url="x", title="轨道纪元", identifiers={"isbn": ("9787999012344",)}
    )
    assert Assessor([work]).assess(listing, Context(now=NOW)) == ()


def test_an_empty_registry_and_an_empty_listing_are_no_problem() -> None:
    listing = Listing(platform="x", kind=ListingKind.OFFER, url="x", title="")
    assert Assessor([]).assess(listing, Context(now=NOW)) == ()
    assert Assessor([Work(id="a", title="·· ··")]).assess(evolve(listing, title="轨道纪元"), Context(now=NOW)) == ()


def test_every_name_is_found_in_noise_of_its_own_script() -> None:
    generator = Random(7)
    characters = [chr(generator.randrange(0x4E00, 0x9F00)) for _ in range(300)]
    titles = ["".join(generator.sample(characters, generator.randrange(4, 9))) for _ in range(200)]
    works = [Work(id=title, title=title) for title in titles]
    assessor = Assessor(works)
    for title in titles:
        listing = Listing(platform="x", kind=ListingKind.OFFER, url="x", title=f"高清 {title} 电子版 秒发")
        assessments = assessor.assess(listing, Context(now=NOW))
        assert assessments[0].work_id == title
        assert assessments[0].decision is Decision.HIT


def test_findings_against_are_about_identity_or_offence_never_both() -> None:
    listing = Listing(platform="x", kind=ListingKind.OFFER, url="x", title="轨道纪元2 二手")
    (assessment,) = Assessor([Work(id="work", title="轨道纪元")]).assess(listing, Context(now=NOW))
    against = [finding for finding in assessment.findings if finding.polarity is Polarity.AGAINST]
    assert {finding.matcher for finding in against} == {"title", "innocent"}
