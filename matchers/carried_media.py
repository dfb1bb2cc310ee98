"""Which media a listing carries by its formats, labels and release marks, to tell namesakes of different kinds apart.

A book, a film and a game of one title are told apart by what a file of theirs is called: extensions, resolutions,
episode and version numbers. Courses carry every medium, so nothing contradicts them.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from crawler.items import Listing, ListingKind, Work
from crawler.text import fold
from matchers.signals.work_type import WorkType, work_type

MAX_SEARCHED_CHARS = 4_000  # characters of a text in which formats are looked for


class Medium(Enum):
    """What a file plays, shows or runs."""

    TEXT = "text"
    VIDEO = "video"
    AUDIO = "audio"
    PROGRAM = "program"


# Formats and marks that one medium alone has, in title and text.
_MARK_RES = {
    Medium.TEXT: re.compile(r"(?<![a-z])(?:epub|mobi|azw3?|djvu|isbn)(?![a-z])|(?:译者|出版社|页数)\s{0,2}[:：]", re.I),
    Medium.VIDEO: re.compile(
        r"(?<![a-z\d])(?:2160p|1080[pi]|720p|mkv|rmvb|[xh]\.?26[45]|hevc|blu-?ray|bdrip|brrip|web-?rip|web-?dl|hdtv|dvdrip"
        r"|remux|s\d{2}e\d{2,3}|4k|hdr(?:10)?)(?![a-z\d])|(?:导演|主演|片长)\s{0,2}[:：]|杜比|中字|字幕|蓝光",
        re.I,
    ),
    Medium.AUDIO: re.compile(r"(?<![a-z])(?:flac|320kbps)(?![a-z])", re.I),
    Medium.PROGRAM: re.compile(r"(?<![a-z])(?:apk|xapk|ipa|exe|dmg|nsp|xci)(?![a-z])", re.I),
}
# Words beside a program; they are in titles of books too, so they speak against no other kind.
_PROGRAM_WORD_RE = re.compile(
    r"(?<![a-z])(?:apps?|dlc|steam|build[ .]\d{3,9})(?![a-z])|软件|手游|安装|v\d{1,3}\.\d", re.I
)
# Formats that several media use as an extra; they count where the title ends with them, or names them in capitals.
_TITLE_FORMAT_RES = {
    Medium.TEXT: re.compile(r"\.(?:pdf|txt|chm|docx?|cbz)\W{0,3}$|(?<![A-Za-z])PDF(?![A-Za-z])", re.I),
    Medium.VIDEO: re.compile(r"\.(?:mp4|avi|wmv)\W{0,3}$", re.I),
    Medium.AUDIO: re.compile(r"\.(?:mp3|ape|wav|m4a)\W{0,3}$", re.I),
}
_OWN_MEDIA = {  # the media in which a work of a type is passed on; an audio book and a concert film are the work
    WorkType.PRINT: frozenset({Medium.TEXT, Medium.AUDIO}),
    WorkType.PROGRAM: frozenset({Medium.PROGRAM}),
    WorkType.COURSE: frozenset(Medium),
}
_AUDIO_KINDS = frozenset({"music", "album", "song", "audiobook", "podcast"})
_FILM_KINDS = frozenset({"film", "movie"})
_EPISODE_RE = re.compile(
    r"(?<![a-z\d])s\d{2}(?: ?e\d{2,3})?(?![a-z\d])|\bseason \d{1,2}\b|(?<![a-z])ep ?\d{1,3}(?!\d)"
    r"|第\s?[\d一二三四五六七八九十]{1,3}\s?季|(?:全|更新?至)\s?\d{1,3}\s?集|\d{1,3}\s?集[全完]",
    re.I,
)  # seasons and episodes, which no film has
_VIDEO_KINDS = frozenset({"film", "movie", "series", "video", "anime", "documentary", "tv", "show", "cartoon"})


def is_other_medium(listing: Listing, work: Work) -> bool:
    """Whether the listing carries media, and none in which the work is passed on; or episodes of what is a film.

    False if the kind is not stated.
    """
    if listing.kind is ListingKind.APP or not work.kind:
        return False
    if fold(work.kind) in _FILM_KINDS and _EPISODE_RE.search(listing.title):
        return True
    own_media = _own_media(work)
    carried = carried_media(listing.title, listing.text)
    if not own_media or not carried or own_media & carried:
        return False
    return Medium.PROGRAM not in own_media or not _PROGRAM_WORD_RE.search(f"{listing.title}\n{listing.text}")


def is_own_medium(listing: Listing, work: Work) -> bool:
    """Whether the listing carries a medium in which the work is passed on, or words that stand beside programs."""
    own_media = _own_media(work) if work.kind else frozenset()
    if own_media & carried_media(listing.title, listing.text):
        return True
    return Medium.PROGRAM in own_media and _PROGRAM_WORD_RE.search(f"{listing.title}\n{listing.text}") is not None


@lru_cache(maxsize=1_024)
def carried_media(title: str, text: str) -> frozenset[Medium]:
    """The media that title and text state."""
    both = f"{title}\n{text[:MAX_SEARCHED_CHARS]}"
    marked = {medium for medium, pattern in _MARK_RES.items() if pattern.search(both)}
    return frozenset(marked | {medium for medium, pattern in _TITLE_FORMAT_RES.items() if pattern.search(title)})


def _own_media(work: Work) -> frozenset[Medium]:
    """The media of the work's kind; empty where the kind says nothing."""
    kind = fold(work.kind or "")
    if kind in _AUDIO_KINDS:
        return frozenset({Medium.AUDIO, Medium.VIDEO})
    if kind in _VIDEO_KINDS:
        return frozenset({Medium.VIDEO})
    return _OWN_MEDIA.get(work_type(work), frozenset())
