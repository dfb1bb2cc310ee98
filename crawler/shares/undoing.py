"""What platforms, editors and sellers do to addresses, undone step by step.

Entities, markup, escapes, %XX, base64, full-width letters, invisible characters, look-alike letters, words for dots.
The steps repeat until nothing changes, at most MOST_PASSES times; each is linear in the text: repeats are bounded or
cannot overlap.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterator

from crawler.shares.views import Piece, Replacement, View, plain

MOST_PASSES = 16


def undone(text: str) -> View:
    """The text with all tricks undone."""
    view = plain(text.translate(_PUNCTUATION))
    for _ in range(MOST_PASSES):
        before = view
        for pattern, pieces in _STEPS:
            view = view.replaced(pattern, pieces)
        if view is before or view.text == before.text:
            break
    return view.in_order()


# Full-width punctuation that no address holds is no trick, only Chinese typing; one sign for one, so offsets stay.
_PUNCTUATION = str.maketrans("：，；！（）＝＋｜？＃＆　", ":,;!()=+|?#& ")


def _whole(match: re.Match[str], text: str, trick: str | None = None) -> Replacement:
    return [(text, match.start(), match.end())], trick


def _is_address(text: str) -> bool:
    return all(character.isascii() and (character.isalnum() or character in "./") for character in text)


def _entity(match: re.Match[str]) -> Replacement:
    found = html.unescape(match[0])
    if found == match[0]:
        return None
    return _whole(match, found, "entities" if _is_address(found) else None)


def _compatible(match: re.Match[str]) -> Replacement:
    found = unicodedata.normalize("NFKC", match[0])
    if found == match[0]:
        return None
    return _whole(match, found, "full_width" if _is_address(found.strip()) and found.strip() else None)


_DRAWN_FROM = (
    (0x2474, "1"),
    (0x2776, "1"),
    (0x2780, "1"),
    (0x278A, "1"),
    (0x1F150, "A"),
    (0x1F170, "A"),
    (0x1F1E6, "A"),
)


def _drawn(match: re.Match[str]) -> Replacement:
    """Digits and letters in discs and boxes."""
    place = ord(match[0])
    first, sign = max(known for known in _DRAWN_FROM if known[0] <= place)
    return _whole(match, chr(ord(sign) + place - first), "full_width")


def _percent(match: re.Match[str]) -> Replacement:
    try:
        found = bytes.fromhex(match[0].replace("%", "")).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return _percent_pieces(found, match.start()), "percent"


def _percent_pieces(found: str, place: int) -> Iterator[Piece]:
    for character in found:
        width = 3 * len(character.encode())
        yield character, place, place + width
        place += width


def _javascript(match: re.Match[str]) -> Replacement:
    number = int(match[1] or match[2], 16)
    return None if 0xD800 <= number < 0xE000 else _whole(match, chr(number), "escapes")


def _base64(match: re.Match[str]) -> Replacement:
    found = _decoded(match[0])
    return None if found is None else _whole(match, f" {found} ", "base64")


def _decoded(written: str) -> str | None:
    body = written.rstrip("=")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


_BLOCKS = ("address", "article", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol")
_MORE_BLOCKS = ("option", "p", "section", "table", "tr", "ul")
_SEPARATORS = dict.fromkeys((*_BLOCKS, *_MORE_BLOCKS), "\n") | {"td": " ", "th": " "}
_VALUES = re.compile(r"""=\s?(?:"([^"]{1,2000})"|'([^']{1,2000})'|([^\s"'>]{1,2000}))""")


_CODE_ATTRIBUTE = re.compile(r"(?:code|pwd|pass|passwd|password|tiquma)\Z", re.IGNORECASE)


def _tag(match: re.Match[str]) -> Replacement:
    """Tags vanish; blocks part lines, and values of attributes that may hold an address or a code are kept."""
    pieces: list[Piece] = []
    for value in _VALUES.finditer(match[0]):
        group = value.lastindex or 0
        if _CODE_ATTRIBUTE.search(match[0], max(0, value.start() - 24), value.start()) and len(value[group]) < 9:
            start, end = match.start() + value.start(group), match.start() + value.end(group)
            pieces += [(" code:", start, start), (value[group], start, end), (" ", end, end)]
            continue
        if "/" in value[group] or "magnet:" in value[group] or "码" in value[group]:
            start, end = match.start() + value.start(group), match.start() + value.end(group)
            pieces += [(" ", start, start), (value[group], start, end), (" ", end, end)]
    trick = None if pieces else "markup"
    if separator := _SEPARATORS.get((match[1] or "").lower()):
        pieces.append((separator, match.start(), match.end()))
    return pieces, trick


_LOOKALIKE = "[аеорсухіјѕһԁԛԝкмтвнοα]{1,20}"
_LOOKALIKES = str.maketrans("аеорсухіјѕһԁԛԝкмтвнοα", "aeopcyxijshdqwkmtbhoa")


def _lookalike(match: re.Match[str]) -> Replacement:
    return _whole(match, match[0].translate(_LOOKALIKES), "lookalikes")


_BBCODE = frozenset(
    ("a", "align", "b", "center", "code", "color", "email", "font", "hide", "i", "img", "indent", "left", "list", "p")
) | {"quote", "right", "s", "size", "spoiler", "table", "td", "th", "tr", "u", "url"}


def _bbcode(match: re.Match[str]) -> Replacement:
    """Marks of forums vanish; the address of [url=...] is kept, rows part lines."""
    name = match[1].lower()
    if name not in _BBCODE:
        return None
    if name in ("url", "img", "a") and match[2]:
        return [
            (" ", match.start(), match.start()),
            (match[2], match.start(2), match.end(2)),
            (" ", match.end(2), match.end()),
        ], None
    return _whole(match, {"td": " ", "th": " ", "tr": "\n", "url": " "}.get(name, ""))


_FIRST_LABELS = "pan|yun|eyun|www|drive|fast|share|cloud|caiyun"


def _first_label(match: re.Match[str]) -> Replacement:
    return [(f"{match[1]}.", match.start(), match.end())], "gaps"


def _any_base64(match: re.Match[str]) -> Replacement:
    """Base64 of a text with an address in it; names of shares decode to no text."""
    if match[0].isdecimal() or match[0].islower() or match[0].isupper():
        return None
    found = _decoded(match[0])
    if (
        found is None
        or not _ADDRESS_INSIDE.search(found)
        or not all(sign.isprintable() or sign in "\r\n\t" for sign in found)
    ):
        return None
    return _whole(match, f" {found} ", "base64")


_ADDRESS_INSIDE = re.compile(r"[A-Za-z0-9-]{2,30}\.(?:[a-z]{2,4}/|[a-z]{2,10}\.[a-z]{2,4}/)|magnet:|ed2k:")


def _to(text: str, trick: str | None = None) -> Callable[[re.Match[str]], Replacement]:
    return lambda match: _whole(match, text, trick)


def _group(match: re.Match[str]) -> Replacement:
    return [(match[1], match.start(1), match.end(1))], None


# The blocks of characters with compatibility forms that stand in for Latin letters, digits and signs.
_FORMS = (
    "\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf"
    "\u00a0\u00b2\u00b3\u00b9\u2000-\u200a\u2024\u202f\u205f\u2070-\u209f\u2100-\u218f\u2460-\u24ff\u3000\u3200-\u33ff"
    "\ufe10-\ufe6f\uff00-\uffef\U0001d400-\U0001d7ff\U0001f100-\U0001f16f"
)
_DRAWN = "⑴-⑼❶-❾➀-➈➊-➒\U0001f150-\U0001f169\U0001f170-\U0001f189\U0001f1e6-\U0001f1ff"  # no plain form
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\u20e3\ufeff\uffa0\U000e0000-\U000e01ef"
)
_BRACKETED_DOT = r"\[ ?(?:\.|dot|点) ?\]|\( ?(?:\.|dot|点) ?\)|\{ ?(?:\.|dot|点) ?\}|【 ?[.点] ?】"
_SIDE, _OTHER_SIDE = r"(?<=[A-Za-z0-9]) {0,2}", r" {0,2}(?=[A-Za-z0-9])"

_STEPS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Replacement]], ...] = (
    (re.compile(f"[{_INVISIBLE}]{{1,200}}"), _to("", "zero_width")),
    (re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});"), _entity),
    (re.compile(f"[{_DRAWN}]"), _drawn),
    (re.compile(f"[{_FORMS}]"), _compatible),
    (re.compile(r"[∕⁄╱⧸]"), _to("/", "lookalikes")),
    (re.compile(r"[【(\[「] ?(?:删|去|删除|去除|删掉|去掉|移除) ?[】)\]」]"), _to("", "gaps")),
    (re.compile(r"%(?:25){1,2000000}(?=25|[0-9A-Fa-f]{2})"), _to("%", "percent")),
    (re.compile(r"(?:%[0-9A-Fa-f]{2}){1,400}"), _percent),
    (re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})"), _javascript),
    (re.compile(r"\\{1,3}([/_.\-#~*&=:?!+])"), _group),
    (re.compile(r"\\r\\n|\\[nr]"), _to("\n")),
    (re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]{0,20})(?:\s[^<>]{0,4000})?/?>|<!--()-->"), _tag),
    (re.compile(r"\[/?([a-zA-Z]{1,8})(?:=(\"?[^\[\]\n]{1,600}))?\]"), _bbcode),
    (re.compile(r"[\"'] {0,2}\+ {0,2}[\"']"), _to("", "joined")),
    (re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{20,1600}={0,2}(?![A-Za-z0-9+/=])"), _any_base64),
    (re.compile(r"(?<![A-Za-z0-9+/])aHR0c(?:Dov|HM6)[A-Za-z0-9+/]{8,600}={0,2}"), _base64),
    (re.compile(r"(?<![A-Za-z])(?:hxxp|h\*\*p|htxp|hxtp|ht\*p|h--p|httx)(?=s?[:/])", re.I), _to("http", "defanged")),
    (re.compile(rf"{_SIDE}(?:{_BRACKETED_DOT}){_OTHER_SIDE}", re.I), _to(".", "defanged")),
    (re.compile(rf"{_SIDE}(?:[点點丶。·•・●]|(?<= )dot(?= )){_OTHER_SIDE}", re.I), _to(".", "dot_words")),
    (re.compile(rf"{_SIDE}(?<= )slash(?= ){_OTHER_SIDE}", re.I), _to("/", "slash_words")),
    (re.compile(r"(?:(?<=\.cn)|(?<=\.com)|(?<=\.nz)|(?<=/[a-z]))\\{1,2}(?=[A-Za-z0-9])"), _to("/", "slash_words")),
    (re.compile(rf"\b({_FIRST_LABELS})\.\n(?=[a-z0-9]{{2,12}}\.(?:cn|com)/)"), _first_label),
    (re.compile(r" {0,2}(?:正|反)?(?:斜杠|斜槓|斜线|斜線) {0,2}"), _to("/", "slash_words")),
    (re.compile(rf"(?<=[A-Za-z0-9.]){_LOOKALIKE}(?=[A-Za-z0-9./])|{_LOOKALIKE}(?=[A-Za-z0-9]{{1,20}}\.)"), _lookalike),
    (re.compile(r"[ \t\x0b\x0c]{2,}|[\t\x0b\x0c]|\r"), _to(" ")),
    (re.compile(r"(?: ?\n){2,}"), _to("\n")),
)
