"""Identity asks for a reason: namesakes, mentions, other volumes and people, in a registry that holds them all."""

from __future__ import annotations

import pytest

from crawler.items import Decision, Listing, ListingKind, SharedFile, Work
from matchers.assessor import Assessor
from matchers.matcher import Context
from matchers.stated_creators import Agreement, compare_creators, find_claims, with_stated_creators

WORKS = (
    Work(id="film", title="海雾纪事", aliases=("Mist Annals",), kind="film", creators=("陆远",)),
    Work(id="book", title="海雾纪事", aliases=("Mist Annals",), kind="book", creators=("艾拉·沃恩",)),
    Work(id="game", title="Lanternfall", kind="game"),
    Work(id="novel", title="Lanternfall", kind="book"),
    Work(id="tiny", title="归航", kind="book", creators=("孟岸",)),
    Work(id="harbour", title="晨港灯火", kind="book", creators=("艾拉·沃恩",)),
    Work(id="person", title="艾拉·沃恩", kind="book", creators=("周砚",)),
    Work(id="place", title="诺维亚", kind="book", creators=("周砚",)),
    Work(
        id="dynasty",
        title="北川澜朝晚期史",
        aliases=("The Northmere History of Lan",),
        kind="book",
        creators=("傅岚山",),
    ),
    Work(id="head", title="灯塔编程入门篇", aliases=("灯塔编程",), kind="book", creators=("鲸叔",)),
    Work(id="series", title="半岛轻读文库", kind="book"),
    Work(id="year", title="2031", kind="film"),
    Work(id="part", title="第二集", kind="book"),
    Work(id="platform", title="Velomir", kind="app"),
    Work(id="single", title="Copper Rain Harbour", kind="film"),
)
ASSESSOR = Assessor(WORKS)
DRIVE = "\n简体PDF 网盘下载 https://pan.baidu.com/s/1AbCdEfGhIjKlMnOpQrStUv 提取码：ab12"


def decisions(
    title: str, text: str = "", kind: ListingKind = ListingKind.POST, files: tuple[str, ...] = ()
) -> dict[str, str]:
    """The decision on each work that is not dropped."""
    listing = Listing(
        platform="github",
        kind=kind,
        url="https://lists.example/1",
        title=title,
        text=text + DRIVE,
        files=tuple(SharedFile(name=name) for name in files),
    )
    assessments = ASSESSOR.assess(listing, Context())
    return {item.work_id: item.decision.value for item in assessments if item.decision is not Decision.DROPPED}


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        pytest.param("海雾纪事", "作者：(英) 艾拉·沃恩", {"book": "hit"}, id="the creator tells namesakes apart"),
        pytest.param("海雾纪事", "简体EPUB 简体MOBI", {"book": "hit"}, id="formats tell namesakes apart"),
        pytest.param("Lanternfall.epub", "", {"novel": "hit"}, id="an extension tells namesakes apart"),
        pytest.param("Lanternfall", "", {"game": "review", "novel": "review"}, id="nothing tells namesakes apart"),
        pytest.param("归航 ——一次晚归", "作者：孟岸", {"tiny": "hit"}, id="two characters and their creator"),
        pytest.param("归航 ——一次晚归", "作者：郑渡", {}, id="two characters and another creator"),
        pytest.param("北方来信", "作者：(英) 艾拉·沃恩", {}, id="a person who is a title too"),
        pytest.param("北方来信", "作者：(诺维亚) 某某", {}, id="a country that is a title too"),
        pytest.param("天上的职分 艾拉·沃恩", "", {"person": "review"}, id="an author in the title who is a title too"),
        pytest.param("艾拉·沃恩 周砚", "", {"person": "hit"}, id="a biography and its author"),
        pytest.param("艾拉·诺维亚 镜中人", "", {}, id="a part of a person's name"),
        pytest.param("晨港灯火", "继《海雾纪事》之后的又一部长篇", {"harbour": "hit"}, id="a mention beside a subject"),
        pytest.param(
            "前澜史", "The Northmere History of Lan\n作者：傅岚山", {}, id="a series that shares its original name"
        ),
        pytest.param("灯塔编程：提高篇.pdf", "", {"head": "review"}, id="another volume of an alias"),
        pytest.param("灯塔编程入门篇（第二版）.pdf", "", {"head": "hit"}, id="the volume itself"),
        pytest.param("FROSTVALE [2031] DVDRip x264", "", {}, id="a year that is a title too"),
        pytest.param("2031", "1080p mkv", {"year": "hit"}, id="a number that is all of the title"),
        pytest.param("旧闻录（第二集）", "", {}, id="a volume that is a title too"),
        pytest.param("远岸寻人 Velomir官方字幕 1080p", "", {}, id="a platform in the title of a film"),
        pytest.param("Copper Rain Harbour S01E04 1080p", "", {"single": "review"}, id="an episode of what is a film"),
        pytest.param("Copper Rain Harbour 1080p", "", {"single": "hit"}, id="the film"),
        pytest.param("Copper Rain Harbour 更新至12集 4K", "", {"single": "review"}, id="a series of a film's name"),
        pytest.param(
            "铜雨港 Copper Rain Harbour 4K", "导演：孟岸", {"single": "hit"}, id="a director of a film by nobody"
        ),
        pytest.param("潮汐往事 4K 中字", "#诺维亚 #剧情", {}, id="a hash tag that is a title too"),
        pytest.param("晨港灯火 4K 杜比视界 中字", "", {"harbour": "review"}, id="a film of a book's name"),
        pytest.param("半岛轻读文库：潮汐", "", {"series": "hit"}, id="a registered series leads the title"),
        pytest.param("潮汐的故事 (半岛轻读文库)", "", {"series": "review"}, id="a registered series as a remark"),
    ],
)
def test_the_listing_decides_between_works(title: str, text: str, expected: dict[str, str]) -> None:
    assert decisions(title, text) == expected


def test_a_file_of_another_volume_is_for_a_person() -> None:
    files = ("灯塔编程：提高篇.pdf",)
    assert decisions("资料合集", kind=ListingKind.SHARE, files=files) == {"head": "review"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("作者：(英) 艾拉·沃恩 (旧译名：爱拉)\n", ("爱拉", "艾拉·沃恩")),
        ("作者: 沈岚 / 陆远 著 出版社: 北辰", ("沈岚", "陆远")),
        ("作者：(多人)", ()),
        ("Copper Rain by Ana Brandt (EPUB)", ("Ana Brandt",)),
        ("cracked by Ana Brandt", ()),
        ("Repack by M0. Install, enjoy", ()),
        ("Instructor: Tom Hill; 12 lessons", ("Tom Hill",)),
    ],
)
def test_creators_are_read_behind_labels(text: str, names: tuple[str, ...]) -> None:
    assert tuple(name for claim in find_claims(text) for name in claim.names) == names


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ("沃恩", "艾拉·沃恩", Agreement.SAME),
        ("艾拉·沃恩", "艾拉·伏恩", Agreement.SAME),
        ("陆远", "艾拉·沃恩", Agreement.OTHER),
        ("Li Yunfan", "李云帆", Agreement.SAME),
        ("Tom Hill", "李云帆", Agreement.UNKNOWN),
    ],
)
def test_people_are_compared_where_they_can_be(theirs: str, ours: str, expected: Agreement) -> None:
    assert compare_creators((theirs,), (ours,)) is expected


def test_the_field_of_creators_counts_before_words() -> None:
    listing = Listing(
        platform="x", kind=ListingKind.OFFER, url="https://x.example", title="t", text="作者：陆远", creators=("沈岚",)
    )
    assert with_stated_creators(listing) is listing
