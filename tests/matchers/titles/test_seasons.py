"""Seasons, parts and volumes however they are written, with one, some or all registered. All titles are invented."""

from __future__ import annotations

import pytest

from crawler.items import Listing, ListingKind, Work
from crawler.text import fold
from matchers.assessor import Assessor
from matchers.matcher import Context
from matchers.titles.seasons import SeasonMark, stated_seasons, strip_season

SEASONS = tuple(
    Work(id=f"{key}{number}", title=f"{name}{word}", kind="series")
    for key, name, words in (
        ("mist", "雾海长明", (" 第一季", " 第二季", " 第三季")),
        ("gull", "The Quiet Gulls ", ("Season 1", "Season 2", "Season 3")),
    )
    for number, word in enumerate(words, start=1)
)
ALL_SEASONS = Assessor(SEASONS)


def identities(title: str, assessor: Assessor = ALL_SEASONS) -> dict[str, float]:
    """The works that a post with this title names with at least .4, the surest first, and their identity."""
    listing = Listing(platform="x", kind=ListingKind.POST, url="https://x.example/1", title=title)
    found = {item.work_id: item.identity for item in assessor.assess(listing, Context()) if item.identity >= 0.4}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def named(title: str, *works: Work) -> list[str]:
    return list(identities(title, Assessor(works) if works else ALL_SEASONS))


@pytest.mark.parametrize(
    "title",
    [
        "雾海长明.S02.2160p.WEB-DL",
        "雾海长明 S2 4K",
        "雾海长明 s02e05 1080p",
        "雾海长明2 全集 网盘",
        "雾海长明Ⅱ 全集 网盘",
        "雾海长明II 全集",
        "雾海长明二 网盘",
        "雾海长明 第2季 网盘",
        "雾海长明第二部 网盘",
        "雾海长明第二期 全12话",
        "雾海长明第2季第5集",
        "雾海长明 Season 2",
        "雾海长明 2nd Season",
        "雾海长明 シーズン2",
        "雾海长明 시즌2",
        "【第二季】雾海长明 4K",
        "霧海長明 第貳季 網盤",
    ],
)
def test_a_season_is_known_in_every_writing(title: str) -> None:
    found = identities(title)
    assert list(found) == ["mist2"]
    assert found["mist2"] > 0.5


@pytest.mark.parametrize(
    "title",
    [
        "The.Quiet.Gulls.S02.1080p.WEB-DL",
        "The.Quiet.Gulls.S02E03.720p.HDTV.x264-GRP",
        "The Quiet Gulls 2nd Season",
        "The Quiet Gulls Second Season",
        "The Quiet Gulls: Season Two",
        "The Quiet Gulls II",
        "The Quiet Gulls 2 mkv",
        "The Quiet Gulls 第二季",
    ],
)
def test_a_season_is_known_in_latin_titles(title: str) -> None:
    assert named(title) == ["gull2"]


@pytest.mark.parametrize(
    "title",
    [
        "雾海长明 全三季 合集",
        "雾海长明 1-3季 网盘",
        "雾海长明 第一至三季",
        "雾海长明 第一季、第二季、第三季",
        "雾海长明 S01-S03 1080p",
    ],
)
def test_a_collection_offers_all_its_seasons(title: str) -> None:
    assert set(named(title)) == {"mist1", "mist2", "mist3"}


def test_a_collection_offers_no_season_that_it_leaves_out() -> None:
    assert set(named("雾海长明 前两季 网盘")) == {"mist1", "mist2"}
    assert set(named("The Quiet Gulls complete series 1080p")) == {"gull1", "gull2", "gull3"}


def test_a_season_that_nobody_registered_is_none_of_the_others() -> None:
    assert named("雾海长明 第四季 4K") == []
    assert named("雾海长明4 网盘") == []


def test_without_a_season_the_first_is_meant() -> None:
    assert named("雾海长明 全集 网盘") == ["mist1"]


def test_with_the_first_alone_the_second_is_not_claimed() -> None:
    for title in ("雾海长明.S02.2160p.WEB-DL", "雾海长明2 网盘", "雾海长明 第二季"):
        assert named(title, SEASONS[0]) == []


def test_a_series_registered_without_season_has_all_of_them() -> None:
    series = Work(id="whole", title="雾海长明", kind="series")
    for title in (
        "雾海长明.S02.2160p.WEB-DL",
        "雾海长明2 全集",
        "雾海长明 第二部",
        "【第二季】雾海长明",
        "雾海长明 全三季",
    ):
        assert named(title, series) == ["whole"]


def test_the_season_comes_before_the_series_of_the_same_name() -> None:
    series = Work(id="whole", title="雾海长明", kind="series")
    for title in ("雾海长明.S02.2160p.WEB-DL", "雾海长明2 全集", "雾海长明 第二季"):
        found = identities(title, Assessor((series, SEASONS[1])))
        assert next(iter(found)) == "mist2"
        assert found.get("whole", 0.0) < 0.7  # it may be registered for all its seasons: a person looks


@pytest.mark.parametrize(
    ("title", "kind", "listed", "other"),
    [
        ("The Quiet Gulls S02", "series", "The Quiet Gulls 第二季 网盘", "The Quiet Gulls 第三季"),
        ("雾海长明 S02", "series", "雾海长明 第二季", "雾海长明 第三季"),
        ("雾海长明2", "game", "雾海长明Ⅱ 破解版", "雾海长明3 破解版"),
        ("Lantern Coast II", "game", "Lantern Coast 2 download", "Lantern Coast 3 download"),
        ("Lantern Coast Part Two", "film", "Lantern Coast 2 1080p", "Lantern Coast Part 3 1080p"),
        ("潮声书简 第二部", "book", "潮声书简2 txt", "潮声书简3 txt"),
        ("潮声书简 第二卷", "book", "潮声书简 Vol.2 epub", "潮声书简 第三卷 epub"),
        ("潮声编程营 第二期", "course", "潮声编程营 2期 网盘", "潮声编程营 第三期 网盘"),
    ],
)
def test_parts_of_other_works_are_known_alike(title: str, kind: str, listed: str, other: str) -> None:
    work = Work(id="part", title=title, kind=kind)
    assert identities(listed, Assessor((work,))).get("part", 0.0) > 0.5
    assert named(other, work) == []


@pytest.mark.parametrize(
    ("title", "kind", "base", "mark"),
    [
        ("雾海长明(第二季)", "series", "雾海长明", ("season", 2)),
        ("雾海长明 第二十一季", None, "雾海长明", ("season", 21)),
        ("등대 시즌 2", "series", fold("등대"), ("season", 2)),
        ("Gulls Vol. 3", "book", "gulls", ("volume", 3)),
        ("Gulls: Part II", "film", "gulls", ("part", 2)),
        ("Gulls 2", "game", "gulls", ("number", 2)),
    ],
)
def test_the_season_at_the_end_of_a_title(title: str, kind: str | None, base: str, mark: tuple[str, int]) -> None:
    stripped = strip_season(title, kind)
    assert stripped is not None
    assert stripped[0] == base
    assert stripped[1] == SeasonMark(unit=mark[0], value=mark[1])


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("第二季", "series"),
        ("1984", "book"),
        ("Area 51", "film"),
        ("Gulls 2", "software"),
        ("Gulls Home Series 18", "product"),
        ("Gulls 2", None),
        ("雾海长明 第二部分", "book"),
    ],
)
def test_titles_that_end_in_no_season(title: str, kind: str | None) -> None:
    assert strip_season(title, kind) is None


@pytest.mark.parametrize(
    ("text", "unit", "numbers"),
    [
        ("S01-S03", "season", {1, 2, 3}),
        ("S01-03", "season", {1, 2, 3}),
        ("S1+S3", "season", {1, 3}),
        ("S02E01-E10", "season", {2}),
        ("三季全", "season", {1, 2, 3}),
        ("第一、三季", "season", {1, 3}),
        ("第一二季", "season", {1, 2}),
        ("Seasons 1-3", "season", {1, 2, 3}),
        ("2 сезон", "season", {2}),
        ("第二部", "part", {2}),
        ("卷二", "volume", {2}),
        ("全12册", "volume", set(range(1, 13))),
        ("三册", "volume", set()),
        ("第二辑（套装共12册）", "collection", {2}),
        ("第2卷（全3卷）", "volume", {2}),
        ("2部手机", "part", set()),
        ("第二季度报表", "season", set()),
        ("12集全", "season", set()),
        ("season finale", "season", set()),
    ],
)
def test_what_a_text_states(text: str, unit: str, numbers: set[int]) -> None:
    assert stated_seasons(text).numbers.get(unit, frozenset()) == numbers
