"""Replace disguised letters and digits: full-width, enclosed, look-alikes from other alphabets, and invisible ones."""

from __future__ import annotations

import re
import unicodedata

from crawler.shares.text_view import Replacement

_ENCLOSED_RANGES = (
    (0x2474, "1"),
    (0x2776, "1"),
    (0x2780, "1"),
    (0x278A, "1"),
    (0x1F150, "A"),
    (0x1F170, "A"),
    (0x1F1E6, "A"),
)
_CONFUSABLE_ALPHABETS = {
    "аеорсухіјѕһԁԛԝкмтвнг": "aeopcyxijshdqwkmtbhr",  # Cyrillic
    "АВЕКМНОРСТХУІЈЅ": "ABEKMHOPCTXYIJS",
    "αβγεικνορτυχωη": "abyeikvoptuxwn",  # Greek
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ": "ABEZHIKMNOPTYX",
    "ɑɡıȷʏɪƅɴʀᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢǫꜰɢʜʟꜱʙ": "agijyibnracdejkmoptuvwzqfghlsb",  # phonetic and other Latin letters
}
_LOOKALIKE_TABLE = {
    ord(one): other for alike, plain in _CONFUSABLE_ALPHABETS.items() for one, other in zip(alike, plain, strict=True)
}
LOOKALIKE_PATTERN = f"[{''.join(_CONFUSABLE_ALPHABETS)}]{{1,20}}"
# Host labels as sellers write them in Chinese, longest first.
CHINESE_HOST_LABELS = {
    "阿里云盘": "alipan",
    "网盘": "pan",
    "百度": "baidu",
    "夸克": "quark",
    "迅雷": "xunlei",
    "微云": "weiyun",
} | {"蓝奏": "lanzou", "城通": "ctfile", "盘": "pan", "盤": "pan", "云": "yun", "雲": "yun"}
# Blocks of characters whose compatibility forms are Latin letters, digits and punctuation.
COMPATIBILITY_CHARS = (
    "\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf"
    "\u00a0\u00b2\u00b3\u00b9\u2000-\u200a\u2024\u202f\u205f\u2070-\u209f\u2100-\u218f\u2460-\u24ff\u3000\u3200-\u33ff"
    "\ufe10-\ufe6f\uff00-\uffef\U0001d400-\U0001d7ff\U0001f100-\U0001f16f"
)
ENCLOSED_CHARS = "⑴-⑼❶-❾➀-➈➊-➒\U0001f150-\U0001f169\U0001f170-\U0001f189\U0001f1e6-\U0001f1ff"  # no plain form
INVISIBLE_CHARS = (
    "\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\u20e3\ufeff\uffa0\U000e0000-\U000e01ef"
)


def replace_match(match: re.Match[str], text: str, trick: str | None = None) -> Replacement:
    """A replacement of the whole match by `text`."""
    return [(text, match.start(), match.end())], trick


def is_url_text(text: str) -> bool:
    """Whether all characters of `text` may occur in an address."""
    return all(character.isascii() and (character.isalnum() or character in "./") for character in text)


def replace_compatible(match: re.Match[str]) -> Replacement:
    """Replace a full-width, styled or superscript character with its plain form."""
    plain_form = unicodedata.normalize("NFKC", match[0])
    if plain_form == match[0]:
        return None
    return replace_match(
        match, plain_form, "full_width" if is_url_text(plain_form.strip()) and plain_form.strip() else None
    )


def replace_enclosed_chars(match: re.Match[str]) -> Replacement:
    """Replace a digit or letter in a circle or box with its plain form."""
    code_point = ord(match[0])
    first, sign = max(enclosed_range for enclosed_range in _ENCLOSED_RANGES if enclosed_range[0] <= code_point)
    return replace_match(match, chr(ord(sign) + code_point - first), "full_width")


def replace_lookalikes(match: re.Match[str]) -> Replacement:
    """Replace letters of other alphabets, or with accents, with the Latin letters they look like."""
    decomposed = unicodedata.normalize("NFD", match[0].translate(_LOOKALIKE_TABLE))
    latin = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return None if latin == match[0] else replace_match(match, latin, "lookalikes")


def replace_chinese_label(match: re.Match[str]) -> Replacement:
    """Replace a host label written in Chinese with its Latin form."""
    return replace_match(match, CHINESE_HOST_LABELS[match[0]], "lookalikes")
