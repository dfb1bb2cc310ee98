"""What platforms, editors and sellers do to addresses, undone step by step.

Entities, markup, escapes, %XX, base64, full-width letters, invisible characters, look-alike letters, words for dots.
The steps repeat until nothing changes, at most MOST_PASSES times; each is linear in the text: repeats are bounded or
cannot overlap.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from crawler.shares.letters import (
    DRAWN,
    FORMS,
    IN_WORDS,
    INVISIBLE,
    LOOKALIKE,
    compatible,
    drawn,
    in_words,
    lookalike,
    whole,
)
from crawler.shares.markup import bbcode, entity, tag
from crawler.shares.views import Piece, Replacement, View, plain

MOST_PASSES = 16


def undone(text: str) -> View:
    """The text with all tricks undone."""
    view = plain(text.translate(_PUNCTUATION))
    for _ in range(MOST_PASSES):
        before = view
        for signs, pattern, pieces in _STEPS:
            if signs is None and view.text.isascii():
                continue
            if not signs or any(sign in view.text for sign in signs):
                view = view.replaced(pattern, pieces)
        if view is before or view.text == before.text:
            break
    return view.in_order()


# Full-width punctuation that no address holds is no trick, only Chinese typing; one sign for one, so offsets stay.
_PUNCTUATION = str.maketrans("：，；！（）＝＋｜？＃＆　", ":,;!()=+|?#& ")


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
    return None if 0xD800 <= number < 0xE000 else whole(match, chr(number), "escapes")


def _base64(match: re.Match[str]) -> Replacement:
    found = _decoded(match[0])
    return None if found is None else whole(match, f" {found} ", "base64")


def _decoded(written: str) -> str | None:
    body = written.rstrip("=")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


_FIRST_LABELS = "pan|yun|eyun|www|drive|fast|share|cloud|caiyun"


def _first_label(match: re.Match[str]) -> Replacement:
    return [(f"{match[1]}.", match.start(), match.end())], "gaps"


def _mark(match: re.Match[str]) -> Replacement:
    """A number in a circle that counts the items of a list."""
    return whole(match, f"({ord(match[0]) - ord('①') + 1}) ")


def _joined(match: re.Match[str]) -> Replacement:
    """Signs that stand one below the other, or each between quotes of its own."""
    wanted = [place for place, sign in enumerate(match[0]) if sign not in " \n"]
    if match[0][0] in "\"'":
        wanted = [found.start() + 1 for found in re.finditer(r"[\"'][!-~][\"'](?= ?,|$)", match[0])]
    origin = match.start()
    return [(match[0][place], origin + place, origin + place + 1) for place in wanted], "joined"


def _char_codes(match: re.Match[str]) -> Replacement:
    codes = [int(code) for code in match[1].replace(" ", "").split(",") if code]
    return whole(match, f" {''.join(map(chr, codes))} ", "escapes") if all(31 < code < 127 for code in codes) else None


def _hex(match: re.Match[str]) -> Replacement:
    found = bytes.fromhex(match[0])
    if not found.isascii() or not _ADDRESS_INSIDE.search(text := found.decode()) or not text.isprintable():
        return None
    return whole(match, f" {text} ", "escapes")


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
    return whole(match, f" {found} ", "base64")


_ADDRESS_INSIDE = re.compile(r"[A-Za-z0-9-]{2,30}\.(?:[a-z]{2,4}/|[a-z]{2,10}\.[a-z]{2,4}/)|magnet:|ed2k:")


def _to(text: str, trick: str | None = None) -> Callable[[re.Match[str]], Replacement]:
    return lambda match: whole(match, text, trick)


def _group(match: re.Match[str]) -> Replacement:
    return [(match[1], match.start(1), match.end(1))], None


_BRACKETED_DOT = r"\[ ?(?:\.|dot|点) ?\]|\( ?(?:\.|dot|点) ?\)|\{ ?(?:\.|dot|点) ?\}|【 ?[.点] ?】"
# What forums put between letters so that copies are spoilt, and text that no reader sees.
_HIDDEN = re.compile(
    r"<(font|span|div|p|i|b|em|u|s)\s[^<>]{0,200}?(?:jammer|display ?: ?none|font-size ?: ?0|visibility ?: ?hidden)"
    r"[^<>]{0,100}>[^<>]{0,200}</\1>",
    re.IGNORECASE,
)
_WORDS = "|".join(IN_WORDS)
_SIDE, _OTHER_SIDE = r"(?<=[A-Za-z0-9]) {0,2}", r" {0,2}(?=[A-Za-z0-9])"

# Signs without which a step has nothing to do, what it looks for, what it puts there. (): always tried; None: tried
# where not all is ASCII.
_STEPS: tuple[tuple[tuple[str, ...] | None, re.Pattern[str], Callable[[re.Match[str]], Replacement]], ...] = (
    (None, re.compile(f"[{INVISIBLE}]{{1,200}}"), _to("", "zero_width")),
    (("&",), re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});"), entity),
    (None, re.compile(f"[{DRAWN}]"), drawn),
    (
        tuple("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"),
        re.compile(r"(?:(?<=[\s:,、;])|\A)[①-⑳](?= ?https?:|[A-Za-z0-9]{4}(?![A-Za-z0-9①-⑳]))"),
        _mark,
    ),
    (None, re.compile(f"[{FORMS}]"), compatible),
    (
        ("∕", "⁄", "╱", "⧸", "〳", "丿"),
        re.compile(r"[∕⁄╱⧸〳]|(?<=[A-Za-z0-9:/丿])丿(?=[A-Za-z0-9丿])"),
        _to("/", "lookalikes"),
    ),
    (("\n",), re.compile(r"(?:(?<=\n)|\A)(?:[!-~] ?\n){8,300}[!-~](?=\n|\Z)"), _joined),
    ((", ", "',", '",'), re.compile(r"(?:[\"'][!-~][\"'] ?, ?){6,300}[\"'][!-~][\"']"), _joined),
    (("fromCharCode",), re.compile(r"fromCharCode\(([0-9, ]{20,2000})\)"), _char_codes),
    (("2f", "2F"), re.compile(r"(?<![A-Za-z0-9])(?:[0-9a-f]{2}){16,400}(?![A-Za-z0-9])", re.I), _hex),
    (
        ("删", "去", "移除"),
        re.compile(r"[【(\[「] ?(?:删除|去除|删掉|去掉|移除|删|去)[\u4e00-\u9fff]{0,6} ?[】)\]」]"),
        _to("", "gaps"),
    ),
    (("%25",), re.compile(r"%(?:25){1,2000000}(?=25|[0-9A-Fa-f]{2})"), _to("%", "percent")),
    (("%",), re.compile(r"(?:%[0-9A-Fa-f]{2}){1,400}"), _percent),
    (("\\u", "\\x"), re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})"), _javascript),
    (("\\",), re.compile(r"\\{1,3}([/_.\-#~*&=:?!+\"'])"), _group),
    (("\\r", "\\n"), re.compile(r"\\r\\n|\\[nr]"), _to("\n")),
    (("=\n",), re.compile(r"(?<=[A-Za-z0-9_/.?&-])=\n(?=[A-Za-z0-9_/.?&-])"), _to("", "escapes")),
    (("=3D",), re.compile(r"(?<=[?&][a-z]{3}=)3D|(?<=[?&][a-z]{4}=)3D|(?<=[?&][a-z]{8}=)3D"), _to("", "escapes")),
    (("=3D",), re.compile(r"(?<=[a-z]=)3D(?=[\"'])"), _to("")),
    (("</",), _HIDDEN, _to("", "markup")),
    (("<",), re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]{0,20})(?:\s[^<>]{0,4000})?/?>|<!--()[^<>]{0,200}?-->"), tag),
    (("[",), re.compile(r"\[/?([a-zA-Z]{1,8})(?:=(\"?[^\[\]\n]{1,600}))?\]"), bbcode),
    (("+",), re.compile(r"[\"'] {0,2}\+ {0,2}[\"']"), _to("", "joined")),
    ((), re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{20,1600}={0,2}(?![A-Za-z0-9+/=])"), _any_base64),
    (("aHR0c",), re.compile(r"(?<![A-Za-z0-9+/])aHR0c(?:Dov|HM6)[A-Za-z0-9+/]{8,600}={0,2}"), _base64),
    (
        ("xx", "*", "tx", "xt", "--"),
        re.compile(r"(?<![A-Za-z])(?:hxxp|h\*\*p|htxp|hxtp|ht\*p|h--p|httx)(?=s?[:/])", re.I),
        _to("http", "defanged"),
    ),
    (
        (".]", "t]", "点]", "T]", "] ", ".)", "t)", "点)", "T)", ". )", " )", "}", "】"),
        re.compile(rf"{_SIDE}(?:{_BRACKETED_DOT}){_OTHER_SIDE}", re.I),
        _to(".", "defanged"),
    ),
    (tuple("点點丶。·•・●"), re.compile(rf"{_SIDE}[点點丶。·•・●]{_OTHER_SIDE}"), _to(".", "dot_words")),
    ((" dot ", " DOT ", " Dot "), re.compile(rf"{_SIDE}(?<= )dot(?= ){_OTHER_SIDE}", re.I), _to(".", "dot_words")),
    (("slash", "SLASH", "Slash"), re.compile(rf"{_SIDE}(?<= )slash(?= ){_OTHER_SIDE}", re.I), _to("/", "slash_words")),
    (
        ("\\",),
        re.compile(r"(?:(?<=\.cn)|(?<=\.com)|(?<=\.nz)|(?<=/[a-z]))\\{1,2}(?=[A-Za-z0-9])"),
        _to("/", "slash_words"),
    ),
    (
        tuple(f"{word}." for word in IN_WORDS),
        re.compile(rf"(?<![\u4e00-\u9fff])(?:{_WORDS})(?=\.)|(?<=\.)(?:{_WORDS})(?=\.[a-z]{{2,3}}/)"),
        in_words,
    ),
    ((".\n",), re.compile(rf"\b({_FIRST_LABELS})\.\n(?=[a-z0-9]{{2,12}}\.(?:cn|com)/)"), _first_label),
    (("冒号",), re.compile(r"(?<=[A-Za-z])冒号(?=[A-Za-z0-9/?])"), _to(":", "dot_words")),
    (("等于",), re.compile(r"(?<=[A-Za-z])等于(?=[A-Za-z0-9])"), _to("=", "dot_words")),
    (("斜",), re.compile(r" {0,2}(?:正|反)?(?:斜杠|斜槓|斜线|斜線) {0,2}"), _to("/", "slash_words")),
    (
        None,
        re.compile(rf"(?<=[A-Za-z0-9.]){LOOKALIKE}(?=[A-Za-z0-9./])|{LOOKALIKE}(?=[A-Za-z0-9]{{0,20}}\.)"),
        lookalike,
    ),
    (None, re.compile(r"[À-ɏ](?=[A-Za-z0-9]{0,20}\.[a-z])"), lookalike),
    (("\t",), re.compile(r"(?<=[^\s:]) ?\t[\t ]*(?=\S)"), _to("|")),
    (("  ", "\t", "\x0b", "\x0c", "\r"), re.compile(r"[ \t\x0b\x0c]{2,}|[\t\x0b\x0c]|\r"), _to(" ")),
    (("\n",), re.compile(r"(?: ?\n){2,}"), _to("\n")),
)
