"""What sellers and release groups put around a title: release names, group tags, phrases with numbers.

`Show.Name.S02E03.2019.1080p.WEB-DL`, `[字幕组] 片名 - 01 [1080p]`, `片名 (1994)【4K REMUX】`: a text with a sign of a
release (resolution, source, codec, check sum, video file) is cut at the first season, episode, year or sign after its
beginning; the title is what comes before. If a sign comes first, the text is no release name. The phrases (editions,
episodes, sizes, prices) are patterns over folded texts in phrases.csv; each begins at a word boundary and comes with
examples, which show every character that it can begin with.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources

from crawler.errors import BadInput, Problem

_RELEASE_SIGN_RE = re.compile(
    r"(?<![a-z\d])(?:\d{3,4}[pi]|[248]k|u?hd|hdr(?:10)?|blu-?ray|b[dr]-?rip|bdremux|dvd-?rip|web-?(?:dl|rip)|hdtv|hd-?rip|hd-?(?:cam|ts|tc)|pre-?dvd|dvd-?scr|remux|xvid|divx"
    r"|[xh]\.?26[45]|hevc|avc|60fps|\d{3,4}x\d{3,4})(?![a-z\d])|\.(?:mkv|avi|mp4|wmv|rmvb|ts|flv|mov|srt|ass|ogm)$|\[[\da-f]{8}\]",
)
_TITLE_END_RE = re.compile(
    r"(?<![a-z\d])(?:s\d{1,4}[\s._]{0,3}x?[ex]\d{1,4}|s\d{1,2}(?=[\s._-])|(?:19|20)?\d{1,2}x\d{2}(?!\d)|seasons?[\s._-]{1,3}s?\d"
    r"|\d{1,2}(?:st|nd|rd|th)[\s._-]season|complete(?![a-z])|\d{1,2}-\d{1,2}-(?:19|20)\d\d)|第\s?[\d一二三四五六七八九十]{1,3}\s?[季期]"
    r"|[\s._](?:us|uk|au|nz|ca|collection)(?=[\s._\[(]{1,3}(?:(?:19|20)\d\d|s\d|season|complete|[\[(]|\d{3,4}p))"
    r"|[\s._\[(（【](?:19|20)\d\d(?![\dpx])"
    r"|[\s._]-[\s._]{0,2}\d{1,4}(?:v\d)?(?=[\s._\[(（]|-\d)|[\s._]e(?:p|pisode)?[\s._]?\d{1,4}(?!\d)"
    r"|[\s._](?:\d{2,3})(?:v\d)?[\s._]{0,2}(?=[\[(（])|[\[【]\d{1,4}(?:v\d|-\d{1,4}|[\s._]of[\s._]\d{1,4}|（end）)?(?:[\]】]|[\s._-])",
)
_GROUP_PREFIX_RE = re.compile(r"\s{0,3}(?:\d{1,3}\s)?[\[【][^\[\]【】]{1,40}[\]】]")
_GROUP_TAG_RE = re.compile(
    r"(?<![a-z\d])(?:[xh]\.?26[45]|hevc|avc|xvid|divx|aac|ac3|dts|flac|web-?(?:dl|rip)|hdtv|blu-?ray|b[dr]-?rip|dvd-?rip"
    r"|remux|repack|proper|\d{3,4}p)-(?P<group>(?!dl\b|rip\b|ray\b)[a-z\d]{2,15})(?![\w-])",
    re.IGNORECASE,
)
_SITE_PREFIX_RE = re.compile(r"\s{0,3}www\.[\w.-]{3,40}\s{1,3}-\s{1,3}")
_LETTER_RE = re.compile(r"[^\W_]")


def find_title_span(original: str) -> tuple[int, int] | None:
    """The offsets of the title in a release name; None for a text that is no release name."""
    text = original.lower()
    if len(text) != len(original):
        text = original
    sign = _RELEASE_SIGN_RE.search(text)
    if sign is None:
        return None
    group = _GROUP_PREFIX_RE.match(text) or _SITE_PREFIX_RE.match(text)
    if group and sign.start() < group.end():
        sign = _RELEASE_SIGN_RE.search(text, group.end()) or sign
    start = group.end() if group and _LETTER_RE.search(text, group.end(), max(group.end(), sign.start())) else 0
    if not _LETTER_RE.search(text, start, sign.start()):
        return None
    tails = (match.start() for match in _TITLE_END_RE.finditer(text, start))
    tail = next((position for position in tails if _LETTER_RE.search(text, start, position)), sign.start())
    return start, min(tail, sign.start())


def find_group_tags(original: str) -> Iterator[tuple[int, int]]:
    """The offsets of the tags of release groups behind a codec, source or resolution (x264-GRP)."""
    for match in _GROUP_TAG_RE.finditer(original) if "-" in original else ():
        yield match.span("group")


# Parts of a file that have the names of goods, and what shows in a text that a file is meant: 书签高清非扫描.
_FILE_PART_RE = re.compile(r"书签|目录|bookmarks?")
_FILE_SIGN_RE = re.compile(r"pdf|epub|mobi|azw|djvu|扫描|高清|清晰|文字版|影印|ocr|书签版")


def is_file_part(word: str, folded: str) -> bool:
    """Whether a word names a part of the file that this folded text offers: the bookmarks of a PDF."""
    return _FILE_PART_RE.fullmatch(word) is not None and _FILE_SIGN_RE.search(folded) is not None


_PHRASE_SIGN_RE = re.compile(r"[0-9一二三四五六七八九十整全]|edition|whole|entire|full|complete")


def find_phrases(folded: str) -> Iterator[tuple[int, int]]:
    """The offsets in a folded text of the phrases of phrases.csv."""
    if _PHRASE_SIGN_RE.search(folded):
        for match in _phrases_re().finditer(folded):
            yield match.span()


@cache
def _phrases_re() -> re.Pattern[str]:
    """All patterns in one; it first checks for a character that they can begin with, as there is nearly always none."""
    either = "|".join(f"(?:{row['pattern']})" for row in phrase_rows())
    firsts = "".join(
        sorted({example[0] for row in phrase_rows() for example in row["examples"].split("|")} | set("0123456789"))
    )
    return re.compile(rf"(?<![a-z\d])(?=[{firsts}])(?:{either})")


def phrase_rows() -> list[dict[str, str]]:
    """The rows of phrases.csv (pattern, examples, source). Raises BadInput with every bad row."""
    text = (resources.files("matchers.titles") / "phrases.csv").read_text(encoding="utf-8")
    good_rows: list[dict[str, str]] = []
    problems: list[Problem] = []
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        examples = row["examples"].split("|")
        if row["source"] and all(re.fullmatch(row["pattern"], example) for example in examples):
            good_rows.append(row)
        else:
            problems.append(Problem(file="phrases.csv", line=line, message="a pattern, what it matches, a source"))
    if problems:
        raise BadInput(problems)
    return good_rows
