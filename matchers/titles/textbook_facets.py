"""The facets of a school textbook that a text states: subject, grade or course, volume and edition.

Each facet is read by itself, wherever it stands and however it is written: 数学八年级下册, 8下数学, 初二 shuxue 下学期.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from itertools import product

from attrs import field, frozen

from crawler.text import fold, is_han
from matchers.titles.numerals import numeral_value
from matchers.titles.phonetics import syllable

_NTH = "[一二三四五六七八九1-9]"
_GRADE_RE = re.compile(
    rf"(?P<stage>初中|高中)?(?:(?<!\d)(?P<first>{_NTH})(?:[至到]|{_NTH})?)??(?P<grade>1[0-2]|{_NTH})(?:年级(?!起点)|年(?=[上下全第]))"
    r"|(?P<school>[初高])(?P<year>[一二三123])"
)
# 八下, 8下 and 8b name grade and volume at once; alone they are too short, so another facet must touch them.
_SHORT_RE = re.compile(rf"(?P<grade>{_NTH})(?P<volume>[上下]|(?<=\d)[ab](?!版))(?:册|学期)?")
_COURSE_RE = re.compile(
    r"(?P<course>选择性必修|选必|选修|必修)(?:[ab]?版)?(?:第?(?P<value>[一二三四五六七]|i{1,3}(?![a-z])|[1-7]{1,2})"
    r"(?:册|(?!\d)))?"
)
_BOTH_VOLUMES_RE = re.compile("上下(?:两|全)?册|上册下册|上下学期|全套|全册")
_VOLUME_RE = re.compile(
    r"(?P<volume>[上下全])(?:一|半)?(?:册|学期)|第?(?P<term>[一二12])学期|(?<=年级)(?P<behind>[上下])|(?P<last>[上下])$"
)
_EDITION_RE = re.compile(r"(?P<edition>[\u4e00-\u9fff]{1,4}?[a-d]?)版(?!本)")
_TRACK_RE = re.compile(
    r"(?P<track>[a-d])版|(?P<start>[一二三])年级起点|(?P<staff>五线谱|简谱)|(?P<extra>活动手册|活动册|地图册|图册)"
)
# What the titles of all school books share.
_SERIES_RE = re.compile(
    r"义务教育|普通高中|教科书|课程标准|实验|课本|教材|学生用?书|小学|初中|高中|(?:19|20)\d\d年?|[春秋]季?|[新旧]?版|册|第|学期|年级"
)
TEXTBOOK_HINT_RE = re.compile(
    rf"年[级級纪紀]|修|[选選]必|[初高][一二三1-3]|{_NTH} ?[（(]?[上下ab]|{_NTH}年|学期|學期|nian|ni[aá]n", re.IGNORECASE
)  # a quick check before folding
_NO_EDITION_RE = re.compile(r"子版|新版|旧版|正版|原版|第.版|秋版|春版|描版|清版|修订版|最新|电子|扫描|高清|出版")
_STAGE_YEARS = {"初中": 6, "高中": 9, "初": 6, "高": 9}
_BOTH_VOLUMES = ("上", "下")
_SUBJECT_CHARS = "语数英物化生史地政科"
MAX_STATED_BOOKS = 40  # combinations of subjects, levels and volumes that one text may state


@frozen(kw_only=True)
class TextbookFacets:
    """The facets of a textbook; "" for what is not stated."""

    subject: str
    level: str
    volume: str
    edition: str
    tracks: frozenset[str]


@frozen(kw_only=True)
class StatedTextbooks:
    """The facets that a text states; several subjects, levels or volumes if it offers a set.

    `rests`: the runs of Han characters that belong to none of them nor to sellers' noise.
    """

    subjects: tuple[str, ...]
    levels: tuple[str, ...]
    volumes: tuple[str, ...]
    edition: str
    tracks: frozenset[str]
    rests: tuple[str, ...] = field(default=())

    def books(self) -> Iterator[TextbookFacets]:
        """The facets of each book, at most MAX_STATED_BOOKS."""
        combinations = product(self.levels, self.volumes, self.subjects)
        for _, (level, volume, subject) in zip(range(MAX_STATED_BOOKS), combinations, strict=False):
            yield TextbookFacets(subject=subject, level=level, volume=volume, edition=self.edition, tracks=self.tracks)


def parse_facets(original: str) -> TextbookFacets | None:
    """The facets that the title of one book states; None unless it has a subject, and a grade or a course."""
    stated = read_facets(fold(original).replace(" ", ""))
    return next(stated.books()) if stated else None


def read_facets(compact: str, noise: bytes | bytearray = b"") -> StatedTextbooks | None:
    """The facets of a compact text; None unless it has a subject, and a grade or a course."""
    written, positions = _undo_pinyin(compact)
    covered = bytearray(len(written))
    edition, bare = _edition(written, covered)
    subjects = _subjects(bare, covered)
    levels, volumes = _levels(bare, covered, bool(subjects))
    if levels and not subjects:
        subjects = _subjects_by_character(bare, covered)
    if not (subjects and levels):
        return None
    edition = edition or _unknown_edition(written, covered)
    tracks = list(_TRACK_RE.finditer(written))
    for match in (*tracks, *_SERIES_RE.finditer(written)):
        _cover(covered, match)
    rests = _uncovered_runs(written, covered, [bool(noise) and noise[position] == 1 for position in positions])
    return StatedTextbooks(
        subjects=subjects,
        levels=levels,
        volumes=volumes,
        edition=edition,
        tracks=frozenset(match.group() for match in tracks),
        rests=tuple(rests),
    )


def _cover(covered: bytearray, match: re.Match[str]) -> None:
    covered[match.start() : match.end()] = b"\x01" * (match.end() - match.start())


def _uncovered_runs(written: str, covered: bytearray, noise: Sequence[bool]) -> Iterator[str]:
    run = ""
    for character, is_covered, noisy in zip(written, covered, noise, strict=True):
        if is_han(character) and not is_covered and not noisy:
            run += character
        elif run:
            yield run
            run = ""
    if run:
        yield run


def _subjects(bare: str, covered: bytearray) -> tuple[str, ...]:
    """The longest subject named, and those that stand in one row with it."""
    matches = list(_subject_re().finditer(bare))
    if not matches:
        return ()
    main = max(range(len(matches)), key=lambda number: len(matches[number].group()))
    first = last = main
    while first and matches[first - 1].end() == matches[first].start():
        first -= 1
    while last + 1 < len(matches) and matches[last].end() == matches[last + 1].start():
        last += 1
    for match in matches:
        _cover(covered, match)
    names = [_subject_synonyms().get(match.group(), match.group()) for match in matches[first : last + 1]]
    wider_names = {wider for name in names for wider in subject_family(name)[1:]}
    return tuple(dict.fromkeys(name for name in names if name not in wider_names))


def _subjects_by_character(bare: str, covered: bytearray) -> tuple[str, ...]:
    """Subjects named by one character each beside another facet (八下数, 语数英)."""
    for match in re.finditer(f"[{_SUBJECT_CHARS}]{{1,9}}", bare):
        start, end = match.span()
        if (start and covered[start - 1]) or (end < len(bare) and covered[end]):
            _cover(covered, match)
            return tuple(
                next(name for name in _subject_names() if len(name) == 2 and character in name)
                for character in dict.fromkeys(match.group())
            )
    return ()


def _levels(bare: str, covered: bytearray, has_subject: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The grades or courses, and the volumes; a course says more than a grade of the upper school beside it."""
    course = _COURSE_RE.search(bare)
    grade = _GRADE_RE.search(bare)
    short = None if course or grade else _short_grade(bare, covered)
    if not (course or grade or short):
        return (), ()
    for match in (course, grade, short):
        if match:
            _cover(covered, match)
    if course:
        levels = _course_levels(course)
    elif grade:
        levels = tuple(f"grade {value}" for value in _grade_values(grade))
    else:
        assert short is not None
        volume = {"a": "上", "b": "下"}.get(short["volume"], short["volume"])
        return (f"grade {numeral_value(short['grade'])}",), (volume,)
    if course and not levels[0].endswith(" "):
        return levels, ("",)
    return levels, _volumes(bare, covered)


def _short_grade(bare: str, covered: bytearray) -> re.Match[str] | None:
    for match in _SHORT_RE.finditer(bare):
        start, end = match.span()
        is_touched = (start and covered[start - 1]) or (end < len(bare) and covered[end])
        if is_touched or (end < len(bare) and bare[end] in _SUBJECT_CHARS) or bare[start - 1 : start] in _SUBJECT_CHARS:
            return match
    return None


def _course_levels(match: re.Match[str]) -> tuple[str, ...]:
    course = "选择性必修" if match["course"] == "选必" else match["course"]
    value = match["value"] or ""
    if len(value) == 2 and value.isdigit() and course != "选修":  # 必修1-3; 选修3-1 is the number of one book
        return tuple(f"{course} {number}" for number in range(int(value[0]), int(value[1]) + 1)) or (f"{course} ",)
    return (f"{course} {numeral_value(value) or ''}",)


def _grade_values(match: re.Match[str]) -> Iterable[int]:
    if match["school"]:
        return (_STAGE_YEARS[match["school"]] + (numeral_value(match["year"]) or 0),)
    value, first = numeral_value(match["grade"]) or 0, numeral_value(match["first"] or "")
    if first and first < value:
        return range(first, value + 1)
    return (value + _STAGE_YEARS.get(match["stage"] or "", 0) if value <= 3 else value,)


def _volumes(bare: str, covered: bytearray) -> tuple[str, ...]:
    both = _BOTH_VOLUMES_RE.search(bare)
    if both:
        _cover(covered, both)
        return (*_BOTH_VOLUMES, "全")
    match = _VOLUME_RE.search(bare)
    if match is None:
        return (_lone_volume(bare, covered),)
    _cover(covered, match)
    if match["term"]:
        return (_BOTH_VOLUMES[(numeral_value(match["term"]) or 1) - 1],)
    return (match["volume"] or match["behind"] or match["last"],)


def _unknown_edition(written: str, covered: bytearray) -> str:
    """An edition of no known name: what stands before 版 and is no other facet."""
    free = "".join("|" if is_covered else character for character, is_covered in zip(written, covered, strict=True))
    for match in _EDITION_RE.finditer(free):
        if not _NO_EDITION_RE.search(match.group()):
            _cover(covered, match)
            return match["edition"]
    return ""


def _lone_volume(bare: str, covered: bytearray) -> str:
    """The 上 or 下 that stands between another facet and something that continues no word; "" if there is none."""
    for match in re.finditer("[上下]", bare):
        start, end = match.span()
        if start and covered[start - 1] and (end == len(bare) or covered[end] or not is_han(bare[end])):
            _cover(covered, match)
            return match.group()
    return ""


def _edition(written: str, covered: bytearray) -> tuple[str, str]:
    """The edition ("" if none is stated), and the text with a bar in place of its name."""
    synonyms = _edition_synonyms()
    for match in _edition_re().finditer(written):
        before, after = written[: match.start()], written[match.end() :]
        is_before_facet = _FACET_BEHIND_RE.match(after) or _subject_re().match(after)
        if match["mark"] or is_before_facet or _FACET_BEFORE_RE.search(before) or before.endswith(_subject_names()):
            _cover(covered, match)
            name = match["known"]
            return synonyms.get(name, name), f"{before}{'|' * len(match.group())}{after}"
    return "", written


def subject_family(subject: str) -> tuple[str, ...]:
    """A subject, and the wider one that it is a part of (中国历史 is taught as 历史)."""
    wider = next((name for name in _subject_names() if name != subject and subject.endswith(name)), "")
    return (subject, wider) if wider else (subject,)


# A known edition without 版 counts if another facet touches it (人教八下数学, not 清华大学附中).
_FACET_BEHIND_RE = re.compile(rf"{_NTH}(?:年|[上下])|[初高][一二三123]|[必选]修|选必|[{_SUBJECT_CHARS}]{_NTH}")
_FACET_BEFORE_RE = re.compile("(?:[上下]|册|学期|年级|修第?[一二三四五六七1-7]?)$")


@cache
def _subject_re() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, _subject_names())))


@cache
def _edition_re() -> re.Pattern[str]:
    names = "|".join(map(re.escape, _edition_names()))
    return re.compile(rf"(?P<known>{names})(?P<mark>版|(?<=出版社))?")


@cache
def _subject_synonyms() -> dict[str, str]:
    """The name used here for each subject with several names."""
    return {fold(name): fold(row[0]) for row in _kind_rows("same subject") for name in row}


def _undo_pinyin(compact: str) -> tuple[str, Sequence[int]]:
    """A compact text with the facets that are spelled in pinyin or by other characters of the same sound written out,
    and the position in `compact` of each character.
    """
    if not (_LETTERS_RE.search(compact) or _YEAR_HOMOPHONE_RE.search(compact)):
        return compact, range(len(compact))
    sounds = [syllable(character) for character in compact]
    owners = [position for position, sound in enumerate(sounds) for _ in sound]
    letters: list[str] = []
    positions: list[int] = []
    copied_to = 0
    for match in _facet_sounds_re().finditer("".join(sounds)):
        start, end = owners[match.start()], owners[match.end() - 1] + 1
        word, written = _facet_sounds()[match.group()], compact[start:end]
        is_cut = (match.start() and owners[match.start() - 1] == start) or owners[match.end() :][:1] == [end - 1]
        # Other characters of the same sound (年纪) count if one of the word's own is among them: 理事 is not 历史.
        is_chance = all(map(is_han, written)) and not set(written) & set(word)
        if is_cut or is_chance or start < copied_to:
            continue
        letters += [compact[copied_to:start], word]
        positions += [*range(copied_to, start), *([start] * len(word))]
        copied_to = end
    letters.append(compact[copied_to:])
    return "".join(letters), [*positions, *range(copied_to, len(compact))]


_LETTERS_RE = re.compile("[a-z]{3}")
_YEAR_HOMOPHONE_RE = re.compile("年(?!级)[\u4e00-\u9fff]")


@cache
def _facet_sounds() -> dict[str, str]:
    """The facets by their pinyin, if it is long enough not to be met by chance."""
    numerals = "一二三四五六七八九"
    words = [name for name in _subject_names() if len(name) > 1]
    words += [f"{numeral}年级{volume}" for numeral in numerals for volume in ("", "上", "下", "上册", "下册")]
    words += ["年级", "上册", "下册", "必修", "选修", "选择性必修", "人教版", "统编版"]
    words += [f"{course}{numeral}" for course in ("必修", "选修") for numeral in numerals]
    return {"".join(map(syllable, word)): word for word in words}


@cache
def _facet_sounds_re() -> re.Pattern[str]:
    return re.compile("|".join(sorted(_facet_sounds(), key=lambda sound: (-len(sound), sound))))


@cache
def _subject_names() -> tuple[str, ...]:
    """The folded names of all subjects, the longest first; of equally long ones the first listed."""
    return tuple(sorted({*_names_of_kind("subject"), *_subject_synonyms()}, key=lambda name: (-len(name), name)))


@cache
def _edition_names() -> tuple[str, ...]:
    names = {*_names_of_kind("edition"), *_edition_synonyms()}
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


@cache
def _edition_synonyms() -> dict[str, str]:
    """The name used here for each name of an edition."""
    return {fold(name): fold(row[0]) for row in _kind_rows("same") for name in row}


def _names_of_kind(kind: str) -> tuple[str, ...]:
    names = {fold(name) for row in _kind_rows(kind) for name in row}
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


def _kind_rows(kind: str) -> list[list[str]]:
    text = (resources.files("matchers.titles") / "school.csv").read_text(encoding="utf-8")
    return [row["names"].split() for row in csv.DictReader(text.splitlines()) if row["kind"] == kind]
