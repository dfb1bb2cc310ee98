from __future__ import annotations

import pytest

from crawler.items import SharedFile
from matchers.course_lessons import Coverage, coverage, lesson_number


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("第01课 潮汐表.mp4", 1),
        ("第十二讲.mp4", 12),
        ("第二十集.mkv", 20),
        ("第一百零五回.txt", 105),
        ("Tides.S01E07.1080p.mkv", 7),
        ("Lesson 3 - Tides.mp4", 3),
        ("08. 潮汐表.mp4", 8),
        ("[09] 潮汐表.pdf", 9),
        ("潮汐年鉴 2026.pdf", None),
        ("1080p.mkv", None),
    ],
)
def test_the_number_of_a_file(name: str, number: int | None) -> None:
    assert lesson_number(name) == number


def test_38_of_40_lessons_are_counted() -> None:
    files = [SharedFile(name=f"第{n:02d}课 潮汐表.mp4") for n in range(1, 41) if n not in (7, 23)]
    assert coverage(files) == Coverage(present=38, total=40)


def test_two_volumes_or_a_few_far_numbers_are_no_series() -> None:
    assert coverage([SharedFile(name=f"第{n}集.mp4") for n in (1, 2)]) is None
    assert coverage([SharedFile(name=f"第{n}集.mp4") for n in (1, 2, 300)]) is None
