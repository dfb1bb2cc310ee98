"""Letters and digits in disguise: full-width, drawn in discs, taken from other alphabets, invisible ones between."""

from __future__ import annotations

import re
import unicodedata

from crawler.shares.views import Replacement

_DRAWN_FROM = (
    (0x2474, "1"),
    (0x2776, "1"),
    (0x2780, "1"),
    (0x278A, "1"),
    (0x1F150, "A"),
    (0x1F170, "A"),
    (0x1F1E6, "A"),
)
_ALIKE = {
    "аеорсухіјѕһԁԛԝкмтвнг": "aeopcyxijshdqwkmtbhr",  # Cyrillic
    "АВЕКМНОРСТХУІЈЅ": "ABEKMHOPCTXYIJS",
    "αβγεικνορτυχωη": "abyeikvoptuxwn",  # Greek
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ": "ABEZHIKMNOPTYX",
    "ɑɡıȷʏɪƅɴʀᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢǫꜰɢʜʟꜱʙ": "agijyibnracdejkmoptuvwzqfghlsb",  # of Latin alphabets
}
_LOOKALIKES = {ord(one): other for alike, plain in _ALIKE.items() for one, other in zip(alike, plain, strict=True)}
LOOKALIKE = f"[{''.join(_ALIKE)}]{{1,20}}"
# Labels of hosts as sellers write them in Chinese, longest first.
IN_WORDS = {
    "阿里云盘": "alipan",
    "网盘": "pan",
    "百度": "baidu",
    "夸克": "quark",
    "迅雷": "xunlei",
    "微云": "weiyun",
} | {"蓝奏": "lanzou", "城通": "ctfile", "盘": "pan", "盤": "pan", "云": "yun", "雲": "yun"}
# The blocks of characters with compatibility forms that stand in for Latin letters, digits and signs.
FORMS = (
    "\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf"
    "\u00a0\u00b2\u00b3\u00b9\u2000-\u200a\u2024\u202f\u205f\u2070-\u209f\u2100-\u218f\u2460-\u24ff\u3000\u3200-\u33ff"
    "\ufe10-\ufe6f\uff00-\uffef\U0001d400-\U0001d7ff\U0001f100-\U0001f16f"
)
DRAWN = "⑴-⑼❶-❾➀-➈➊-➒\U0001f150-\U0001f169\U0001f170-\U0001f189\U0001f1e6-\U0001f1ff"  # no plain form
INVISIBLE = (
    "\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\u20e3\ufeff\uffa0\U000e0000-\U000e01ef"
)


def whole(match: re.Match[str], text: str, trick: str | None = None) -> Replacement:
    """The whole match replaced by `text`."""
    return [(text, match.start(), match.end())], trick


def is_address(text: str) -> bool:
    """Whether these signs may stand in an address."""
    return all(character.isascii() and (character.isalnum() or character in "./") for character in text)


def compatible(match: re.Match[str]) -> Replacement:
    """The plain form of a full-width, styled or raised sign."""
    found = unicodedata.normalize("NFKC", match[0])
    if found == match[0]:
        return None
    return whole(match, found, "full_width" if is_address(found.strip()) and found.strip() else None)


def drawn(match: re.Match[str]) -> Replacement:
    """Digits and letters in discs and boxes."""
    place = ord(match[0])
    first, sign = max(known for known in _DRAWN_FROM if known[0] <= place)
    return whole(match, chr(ord(sign) + place - first), "full_width")


def lookalike(match: re.Match[str]) -> Replacement:
    """The Latin letters that letters of other alphabets, or with accents, stand in for."""
    plain = unicodedata.normalize("NFD", match[0].translate(_LOOKALIKES))
    found = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return None if found == match[0] else whole(match, found, "lookalikes")


def in_words(match: re.Match[str]) -> Replacement:
    """The label of a host that is written in Chinese."""
    return whole(match, IN_WORDS[match[0]], "lookalikes")
