"""Undo step by step what platforms, editors and sellers do to addresses.

Entities, markup, escapes, %XX, base64, full-width letters, invisible characters, look-alike letters, words for dots.
The steps repeat until nothing changes, at most MAX_PASSES times. Each is linear in the text: repetitions in the
patterns are bounded or cannot overlap.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from crawler.shares.confusables import (
    CHINESE_HOST_LABELS,
    COMPATIBILITY_CHARS,
    ENCLOSED_CHARS,
    INVISIBLE_CHARS,
    LOOKALIKE_PATTERN,
    replace_chinese_label,
    replace_compatible,
    replace_enclosed_chars,
    replace_lookalikes,
    replace_match,
)
from crawler.shares.markup import replace_bbcode, replace_entity, replace_tag
from crawler.shares.text_view import Piece, Replacement, TextView, identity_view

MAX_PASSES = 16


def deobfuscate(text: str) -> TextView:
    """A view of `text` with all tricks undone."""
    view = identity_view(text.translate(_PUNCTUATION_TABLE))
    for _ in range(MAX_PASSES):
        before = view
        for required_substrings, pattern, replace in _STEPS:
            if required_substrings is None and view.text.isascii():
                continue
            if not required_substrings or any(sign in view.text for sign in required_substrings):
                view = view.replace(pattern, replace)
        if view is before or view.text == before.text:
            break
    return view.with_sorted_marks()


# Full-width punctuation is ordinary Chinese typing, not a trick. One character replaces one, so offsets stay valid.
_PUNCTUATION_TABLE = str.maketrans("：，；！（）＝＋｜？＃＆　", ":,;!()=+|?#& ")


def _decode_percent(match: re.Match[str]) -> Replacement:
    try:
        decoded_text = bytes.fromhex(match[0].replace("%", "")).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return _percent_pieces(decoded_text, match.start()), "percent"


def _percent_pieces(decoded_text: str, position: int) -> Iterator[Piece]:
    for character in decoded_text:
        width = 3 * len(character.encode())
        yield character, position, position + width
        position += width


def _decode_js_escape(match: re.Match[str]) -> Replacement:
    number = int(match[1] or match[2], 16)
    return None if 0xD800 <= number < 0xE000 else replace_match(match, chr(number), "escapes")


def _decode_base64(match: re.Match[str]) -> Replacement:
    decoded_text = _base64_text(match[0])
    return None if decoded_text is None else replace_match(match, f" {decoded_text} ", "base64")


def _base64_text(encoded: str) -> str | None:
    body = encoded.rstrip("=")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


_FIRST_LABELS_PATTERN = "pan|yun|eyun|www|drive|fast|share|cloud|caiyun"


def _join_first_label(match: re.Match[str]) -> Replacement:
    return [(f"{match[1]}.", match.start(), match.end())], "gaps"


def _replace_list_number(match: re.Match[str]) -> Replacement:
    """Replace a circled number that counts the items of a list."""
    return replace_match(match, f"({ord(match[0]) - ord('①') + 1}) ")


def _join_signs(match: re.Match[str]) -> Replacement:
    """Join characters written one per line, or each in its own quotes."""
    offsets = [offset for offset, sign in enumerate(match[0]) if sign not in " \n"]
    if match[0][0] in "\"'":
        offsets = [quoted_sign.start() + 1 for quoted_sign in re.finditer(r"[\"'][!-~][\"'](?= ?,|$)", match[0])]
    origin = match.start()
    return [(match[0][offset], origin + offset, origin + offset + 1) for offset in offsets], "joined"


def _decode_char_codes(match: re.Match[str]) -> Replacement:
    codes = [int(code) for code in match[1].replace(" ", "").split(",") if code]
    return (
        replace_match(match, f" {''.join(map(chr, codes))} ", "escapes")
        if all(31 < code < 127 for code in codes)
        else None
    )


def _decode_hex(match: re.Match[str]) -> Replacement:
    data = bytes.fromhex(match[0])
    if not data.isascii() or not _URL_INSIDE_RE.search(text := data.decode()) or not text.isprintable():
        return None
    return replace_match(match, f" {text} ", "escapes")


def _decode_any_base64(match: re.Match[str]) -> Replacement:
    """Decode base64 of a text that holds an address; share ids do not decode to text."""
    if match[0].isdecimal() or match[0].islower() or match[0].isupper():
        return None
    decoded_text = _base64_text(match[0])
    if (
        decoded_text is None
        or not _URL_INSIDE_RE.search(decoded_text)
        or not all(sign.isprintable() or sign in "\r\n\t" for sign in decoded_text)
    ):
        return None
    return replace_match(match, f" {decoded_text} ", "base64")


_URL_INSIDE_RE = re.compile(r"[A-Za-z0-9-]{2,30}\.(?:[a-z]{2,4}/|[a-z]{2,10}\.[a-z]{2,4}/)|magnet:|ed2k:")


def _replace_with(text: str, trick: str | None = None) -> Callable[[re.Match[str]], Replacement]:
    return lambda match: replace_match(match, text, trick)


def _keep_group(match: re.Match[str]) -> Replacement:
    return [(match[1], match.start(1), match.end(1))], None


_BRACKETED_DOT_PATTERN = r"\[ ?(?:\.|dot|点) ?\]|\( ?(?:\.|dot|点) ?\)|\{ ?(?:\.|dot|点) ?\}|【 ?[.点] ?】"
# Text that forums insert between letters to spoil copies, and other invisible text.
_HIDDEN_TEXT_RE = re.compile(
    r"<(font|span|div|p|i|b|em|u|s)\s[^<>]{0,200}?(?:jammer|display ?: ?none|font-size ?: ?0|visibility ?: ?hidden)"
    r"[^<>]{0,100}>[^<>]{0,200}</\1>",
    re.IGNORECASE,
)
_CHINESE_LABELS_PATTERN = "|".join(CHINESE_HOST_LABELS)
_LEFT_SIDE_PATTERN, _RIGHT_SIDE_PATTERN = r"(?<=[A-Za-z0-9]) {0,2}", r" {0,2}(?=[A-Za-z0-9])"

# Each step: substrings of which one must occur for the step to be tried, its pattern, its replacement.
# (): always tried; None: tried unless the text is all ASCII.
_STEPS: tuple[tuple[tuple[str, ...] | None, re.Pattern[str], Callable[[re.Match[str]], Replacement]], ...] = (
    (None, re.compile(f"[{INVISIBLE_CHARS}]{{1,200}}"), _replace_with("", "zero_width")),
    (("&",), re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});"), replace_entity),
    (None, re.compile(f"[{ENCLOSED_CHARS}]"), replace_enclosed_chars),
    (
        tuple("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"),
        re.compile(r"(?:(?<=[\s:,、;])|\A)[①-⑳](?= ?https?:|[A-Za-z0-9]{4}(?![A-Za-z0-9①-⑳]))"),
        _replace_list_number,
    ),
    (None, re.compile(f"[{COMPATIBILITY_CHARS}]"), replace_compatible),
    (
        ("∕", "⁄", "╱", "⧸", "〳", "丿"),
        re.compile(r"[∕⁄╱⧸〳]|(?<=[A-Za-z0-9:/丿])丿(?=[A-Za-z0-9丿])"),
        _replace_with("/", "lookalikes"),
    ),
    (("\n",), re.compile(r"(?:(?<=\n)|\A)(?:[!-~] ?\n){8,300}[!-~](?=\n|\Z)"), _join_signs),
    ((", ", "',", '",'), re.compile(r"(?:[\"'][!-~][\"'] ?, ?){6,300}[\"'][!-~][\"']"), _join_signs),
    (("fromCharCode",), re.compile(r"fromCharCode\(([0-9, ]{20,2000})\)"), _decode_char_codes),
    (("2f", "2F"), re.compile(r"(?<![A-Za-z0-9])(?:[0-9a-f]{2}){16,400}(?![A-Za-z0-9])", re.I), _decode_hex),
    (
        ("删", "去", "移除"),
        re.compile(r"[【(\[「] ?(?:删除|去除|删掉|去掉|移除|删|去)[\u4e00-\u9fff]{0,6} ?[】)\]」]"),
        _replace_with("", "gaps"),
    ),
    (("%25",), re.compile(r"%(?:25){1,2000000}(?=25|[0-9A-Fa-f]{2})"), _replace_with("%", "percent")),
    (("%",), re.compile(r"(?:%[0-9A-Fa-f]{2}){1,400}"), _decode_percent),
    (("\\u", "\\x"), re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})"), _decode_js_escape),
    (("\\",), re.compile(r"\\{1,3}([/_.\-#~*&=:?!+\"'])"), _keep_group),
    (("\\r", "\\n"), re.compile(r"\\r\\n|\\[nr]"), _replace_with("\n")),
    (("=\n",), re.compile(r"(?<=[A-Za-z0-9_/.?&-])=\n(?=[A-Za-z0-9_/.?&-])"), _replace_with("", "escapes")),
    (
        ("=3D",),
        re.compile(r"(?<=[?&][a-z]{3}=)3D|(?<=[?&][a-z]{4}=)3D|(?<=[?&][a-z]{8}=)3D"),
        _replace_with("", "escapes"),
    ),
    (("=3D",), re.compile(r"(?<=[a-z]=)3D(?=[\"'])"), _replace_with("")),
    (("</",), _HIDDEN_TEXT_RE, _replace_with("", "markup")),
    (("<",), re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]{0,20})(?:\s[^<>]{0,4000})?/?>|<!--()[^<>]{0,200}?-->"), replace_tag),
    (("[",), re.compile(r"\[/?([a-zA-Z]{1,8})(?:=(\"?[^\[\]\n]{1,600}))?\]"), replace_bbcode),
    (("+",), re.compile(r"[\"'] {0,2}\+ {0,2}[\"']"), _replace_with("", "joined")),
    ((), re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{20,1600}={0,2}(?![A-Za-z0-9+/=])"), _decode_any_base64),
    (("aHR0c",), re.compile(r"(?<![A-Za-z0-9+/])aHR0c(?:Dov|HM6)[A-Za-z0-9+/]{8,600}={0,2}"), _decode_base64),
    (
        ("xx", "*", "tx", "xt", "--"),
        re.compile(r"(?<![A-Za-z])(?:hxxp|h\*\*p|htxp|hxtp|ht\*p|h--p|httx)(?=s?[:/])", re.I),
        _replace_with("http", "defanged"),
    ),
    (
        (".]", "t]", "点]", "T]", "] ", ".)", "t)", "点)", "T)", ". )", " )", "}", "】"),
        re.compile(rf"{_LEFT_SIDE_PATTERN}(?:{_BRACKETED_DOT_PATTERN}){_RIGHT_SIDE_PATTERN}", re.I),
        _replace_with(".", "defanged"),
    ),
    (
        tuple("点點丶。·•・●"),
        re.compile(rf"{_LEFT_SIDE_PATTERN}[点點丶。·•・●]{_RIGHT_SIDE_PATTERN}"),
        _replace_with(".", "dot_words"),
    ),
    (
        (" dot ", " DOT ", " Dot "),
        re.compile(rf"{_LEFT_SIDE_PATTERN}(?<= )dot(?= ){_RIGHT_SIDE_PATTERN}", re.I),
        _replace_with(".", "dot_words"),
    ),
    (
        ("slash", "SLASH", "Slash"),
        re.compile(rf"{_LEFT_SIDE_PATTERN}(?<= )slash(?= ){_RIGHT_SIDE_PATTERN}", re.I),
        _replace_with("/", "slash_words"),
    ),
    (
        ("\\",),
        re.compile(r"(?:(?<=\.cn)|(?<=\.com)|(?<=\.nz)|(?<=/[a-z]))\\{1,2}(?=[A-Za-z0-9])"),
        _replace_with("/", "slash_words"),
    ),
    (
        tuple(f"{word}." for word in CHINESE_HOST_LABELS),
        re.compile(
            rf"(?<![\u4e00-\u9fff])(?:{_CHINESE_LABELS_PATTERN})(?=\.)|(?<=\.)(?:{_CHINESE_LABELS_PATTERN})(?=\.[a-z]{{2,3}}/)"
        ),
        replace_chinese_label,
    ),
    ((".\n",), re.compile(rf"\b({_FIRST_LABELS_PATTERN})\.\n(?=[a-z0-9]{{2,12}}\.(?:cn|com)/)"), _join_first_label),
    (("冒号",), re.compile(r"(?<=[A-Za-z])冒号(?=[A-Za-z0-9/?])"), _replace_with(":", "dot_words")),
    (("等于",), re.compile(r"(?<=[A-Za-z])等于(?=[A-Za-z0-9])"), _replace_with("=", "dot_words")),
    (("斜",), re.compile(r" {0,2}(?:正|反)?(?:斜杠|斜槓|斜线|斜線) {0,2}"), _replace_with("/", "slash_words")),
    (
        None,
        re.compile(
            rf"(?<=[A-Za-z0-9.]){LOOKALIKE_PATTERN}(?=[A-Za-z0-9./])|{LOOKALIKE_PATTERN}(?=[A-Za-z0-9]{{0,20}}\.)"
        ),
        replace_lookalikes,
    ),
    (None, re.compile(r"[À-ɏ](?=[A-Za-z0-9]{0,20}\.[a-z])"), replace_lookalikes),
    (("\t",), re.compile(r"(?<=[^\s:]) ?\t[\t ]*(?=\S)"), _replace_with("|")),
    (("  ", "\t", "\x0b", "\x0c", "\r"), re.compile(r"[ \t\x0b\x0c]{2,}|[\t\x0b\x0c]|\r"), _replace_with(" ")),
    (("\n",), re.compile(r"(?: ?\n){2,}"), _replace_with("\n")),
)
