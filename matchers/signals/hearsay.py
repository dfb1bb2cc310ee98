"""Hearsay: what a post tells of other people's offers, and whether it makes one of its own.

News of a raid and the story of a cheated buyer are full of the words of sellers, but their sentences are about someone
else (the seller said, two men printed), and the page hands nothing over: no link, file, price, code, contact, and no
place where the file is to be had. Either alone says little: sellers speak of other sellers, and leave links out.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from crawler.contacts import find_contacts
from crawler.items import Listing, ListingKind

MAX_TOLD_CHARS = 4_000  # of a text; the rest is not read
_SENTENCE_RE = re.compile(r"(?:[^。！？!?\n.]|\.(?!\s|$))+")
# Who a sentence is about. A pronoun counts if the text has named someone: novels are full of pronouns.
_SUBJECT_RE = re.compile(
    r"(?P<other>(?<![本我小])(?:卖家|商家|店家|店主|网店|对方|有人(?=在?[卖说发])|别人(?=在?卖)|骗子|团伙|男子|女子|嫌疑人|被告人?|执法人员|警方|民警|摊主|贩子)"
    r"|\b(?:the|a|an|one|two|three|this|that|some|these|those) (?:\w{1,12} )?(?:seller|vendor|shop|store|owner|m[ae]n"
    r"|wom[ae]n|pair|couple|gang|ring|trader|operator|suspect|defendant|guy|scammer|reseller)s?\b"
    r"|\b(?:sellers|scammers|suspects|officers|police|investigators|shop owner)\b)"
    r"|(?P<pronoun>[他她]们?|\b(?:he|she|they)\b)"
    r"|(?P<own>(?<![把给跟向对被让骗找问叫])我|[本小]店|咱|你|您|\b(?:i|we|my|our|you|your|u)\b)",
    re.IGNORECASE,
)
# Where a post says that its file is to be had: a message to its writer, a reply, another place of the same site.
_CHANNEL_RE = re.compile(
    r"私信|私聊|私我|私发|滴滴|加我|加微|加v|进群|入群|加群|留言|评论|回复|[一二三四五1-9]楼|楼[下主]|邮箱|扣\s?[1１]|主页|简介|签名|置顶|公众号|口令|附件"
    r"|提取码|解压码|密码|按钮|链接|自取|领取|见图|网盘|云盘|磁力|种子|需要的|要的"
    r"|\b(?:pm|dm|inbox|message me|text me|telegram|discord|whatsapp|comments?|reply|replies|bio|profile|sig|attached"
    r"|below|mirrors?|pass(?:word)?|torrent|magnet|seed(?:ers)?|seeding|mega|mediafire|dropbox|links?|grab|here)\b",
    re.IGNORECASE,
)
_BOUGHT_RE = re.compile(
    r"(?:花|付|转)了[^，,。]{0,6}[块元]|付了?款[之以]?后|买[到了]|\bi(?:'ve| have)? (?:paid|bought|ordered)\b",
    re.IGNORECASE,
)
_ADDRESS_RE = re.compile(
    r"https?:|magnet:|www\.|\b[a-z0-9-]{2,40}\.(?:com|net|org|io|cc|me|cn|to|nz|ru|site|top|xyz)\b", re.I
)


def is_told(text: str, place: int) -> bool:
    """Whether the character at `place` is in a passage about someone else."""
    spans = _told_spans(text)
    number = bisect_right(spans, (place, len(text) + 1)) - 1
    return number >= 0 and place < spans[number][1]


def makes_no_offer(listing: Listing) -> bool:
    """Whether a post has nothing by which a file or thing could change hands: link, file, price, contact or channel.

    What it tells of others does not count; other kinds of listings offer something by what they are.
    """
    if listing.kind is not ListingKind.POST or listing.price is not None or listing.links or listing.files:
        return False
    return not (_has_means(listing.title) or _has_means(listing.text))


def tells_a_story(listing: Listing) -> bool:
    """Whether a passage of title or text is about someone else, or about what the writer bought."""
    return any(_told_spans(text) or _BOUGHT_RE.search(text) for text in (listing.title, listing.text))


@lru_cache(maxsize=256)
def _has_means(text: str) -> bool:
    if _ADDRESS_RE.search(text) or next(iter(find_contacts(text)), None) is not None:
        return True
    return any(not is_told(text, match.start()) for match in _CHANNEL_RE.finditer(text))


@lru_cache(maxsize=256)
def _told_spans(text: str) -> tuple[tuple[int, int], ...]:
    """The passages about someone else: from the word for him to one for the writer or reader, or the sentence's end."""
    return tuple(_find_told_spans(text[:MAX_TOLD_CHARS]))


def _find_told_spans(text: str) -> Iterator[tuple[int, int]]:
    has_other = any(match["other"] for match in _SUBJECT_RE.finditer(text))
    if not has_other:
        return
    for sentence in _SENTENCE_RE.finditer(text):
        start = -1
        for subject in _SUBJECT_RE.finditer(text, *sentence.span()):
            if subject["own"] and start >= 0:
                yield start, subject.start()
                start = -1
            elif not subject["own"] and start < 0:
                start = subject.start()
        if start >= 0:
            yield start, sentence.end()
