"""Release names: where the title ends and episode, year, quality and group begin.

`Show.Name.S02E03.2019.1080p.WEB-DL`, `[字幕组] 片名 - 01 [1080p]`, `片名 (1994)【4K REMUX】`. A text with a sign of
a release (resolution, source, codec, check sum, video file) is cut at the first season, episode, year or sign behind
its beginning; the title is what stands before. Where a sign comes first, a seller strings words together: that is no
release name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
    """Where the title of a release name stands; None for a text that is no release name."""
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
    """Where the tags of release groups stand behind a codec, source or resolution (x264-GRP)."""
    for match in _GROUP_TAG_RE.finditer(original) if "-" in original else ():
        yield match.span("group")
