"""Decode the bytes of a page, whatever its label says: Chinese pages are often mislabelled.

Order of trust: byte order mark, UTF-8, Japanese and Chinese encodings that yield everyday text, the labels (header,
then meta) if the bytes fit them, detection. A wrong guess would hide a title. Few foreign bytes do not make another
encoding of a page: in UTF-8 they are decoded by themselves (a footer's Latin-1 ©, a banner in GBK), and UTF-8 that was
encoded twice is undone. UTF-7 is never decoded: it smuggles markup. The decoded text has no NUL and no lone surrogate.
Limit: a few bytes of a legacy encoding can be ambiguous; then the label decides.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from attrs import frozen

SAMPLE_BYTES = 131_072  # enough for several screens of text
LABEL_SEARCH_BYTES = 16_384  # searched for a meta tag: scripts may come before it
MAX_ERROR_SHARE = 0.01  # undecodable characters among the non-ASCII ones that a correct label may leave
# The same where everyday words show the encoding besides: a short page may hold a stray byte.
MAX_EVERYDAY_ERROR_SHARE = 0.1
# Bytes that are no UTF-8 among the non-ASCII characters of a page in UTF-8. Texts in eleven legacy encodings have at
# least 0.77 of them (Thai), in GB18030 0.85: below the first no label is needed, below the second a label that says so.
MAX_FOREIGN_SHARE = 0.25
MAX_LABELLED_FOREIGN_SHARE = 0.5
MAX_FOREIGN_RUNS = 2_000  # of a page, decoded by themselves; the rest is shown as undecodable
# Share of everyday characters that Chinese text exceeds (measured: right encoding 0.30-0.60, wrong below 0.08).
MIN_EVERYDAY_SHARE = 0.2
MIN_KANA_SHARE = 0.3  # share of kana that Japanese text exceeds; Chinese decoded as Japanese has next to none

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Browsers decode these narrow labels as the wider set (https://encoding.spec.whatwg.org/#names-and-labels).
_WIDER_CODECS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_ALLOWED_CODECS = frozenset(
    (
        *(
            "utf-8",
            "utf-16",
            "utf-16-le",
            "utf-16-be",
            "gb18030",
            "big5hkscs",
            "cp932",
            "euc_jp",
            "iso2022_jp",
            "cp949",
        ),
        *("koi8-r", "koi8-u", "cp866", "cp874", "tis-620", "mac-cyrillic"),
        *(f"cp{number}" for number in range(1250, 1259)),
        *(f"iso8859-{part}" for part in range(2, 17)),
    )
)
_CHINESE_CODECS = ("gb18030", "big5hkscs")
_JAPANESE_CODECS = ("cp932", "euc_jp")
_DETECTABLE_CODECS = ["cp1251", "cp1252", "koi8_r", "cp949", "cp1253", "cp1255", "cp1256"]
_META_CHARSET_RE = re.compile(
    rb"""<(?:meta|\?xml)[^<>]{0,300}?(?:charset|encoding)\s{0,9}=\s{0,9}["']?\s{0,9}([\w.:-]{2,40})""", re.I
)
_HEADER_CHARSET_RE = re.compile(r"""charset\s{0,9}=\s{0,9}["']?\s{0,9}([\w.:-]{2,40})""", re.I)
_CP1252_MARKS = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"  # what the bytes 0x80 to 0x9f are there
_MOJIBAKE_RE = re.compile(f"[ÂÃâãäåæçèéð][\u0080-\u00bf{_CP1252_MARKS}]{{1,3}}")
_TWICE_ENCODED_RE = re.compile(f"[\u00c2-\u00f4][\u0080-\u00bf{_CP1252_MARKS}]{{1,3}}")
_TWICE_ENCODED_HAN_RE = re.compile(f"(?:[\u00e3-\u00e9\u00ef][\u0080-\u00bf{_CP1252_MARKS}]{{2}}){{4}}")
_NON_ASCII_RE = re.compile(rb"[\x80-\xff]")
# Bytes that were no UTF-8, as Python escapes them, and what may lie beside and between them in a text in GBK: bytes
# that happen to be UTF-8, an ASCII letter as the second byte of a character.
_ESCAPED_RE = re.compile("[\udc80-\udcff]+")
_FOREIGN_RUN_RE = re.compile(
    "([\u0080-\ud7ff]{0,2})([\udc80-\udcff]+[\x40-\x7e]?(?:[\u0080-\ud7ff]{0,4}[\udc80-\udcff]+[\x40-\x7e]?)*)"
    "([\u0080-\ud7ff]{0,2})"
)


@frozen
class DecodedText:
    """Decoded text, the Python name of its encoding, and whether it still looks damaged (`mojibake`)."""

    text: str
    encoding: str
    mojibake: bool = False


def decode(body: bytes, content_type: str = "") -> DecodedText:
    """Decode a page; never raises. `content_type` is the header's value, with or without a charset."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return _decode_as(body[len(mark) :], encoding)
    label = _HEADER_CHARSET_RE.search(content_type)
    meta = _META_CHARSET_RE.search(body[:LABEL_SEARCH_BYTES])
    declared = [
        codec_for_label(label.group(1)) if label else None,
        codec_for_label(meta.group(1).decode("ascii")) if meta else None,
    ]
    return _decode_as(body, _choose_encoding(body, [name for name in declared if name]))


def _choose_encoding(body: bytes, declared: list[str]) -> str:
    utf16 = _detect_utf16(body[:4096])
    if utf16:
        return utf16
    first = _NON_ASCII_RE.search(body)
    if first is None:
        return "iso2022_jp" if "iso2022_jp" in declared and b"\x1b$" in body else "utf-8"
    sample = body[first.start() : first.start() + SAMPLE_BYTES]
    if _is_utf8(sample, is_labelled="utf-8" in declared) and not _is_false_utf8(sample, declared):
        return "utf-8"
    declared = [name for name in declared if not name.startswith("utf-")]
    japanese = max(_JAPANESE_CODECS, key=lambda name: _kana_share(sample, name))
    if _kana_share(sample, japanese) >= MIN_KANA_SHARE:
        return japanese
    chinese = max(_CHINESE_CODECS, key=lambda name: _everyday_share(sample, name))
    if _everyday_share(sample, chinese) >= MIN_EVERYDAY_SHARE:
        return chinese
    fitting_codecs = [name for name in declared if _error_share(sample, name) <= MAX_ERROR_SHARE]
    if fitting_codecs:
        return fitting_codecs[0]
    return _detect_codec(sample) or (declared[0] if declared else "utf-8")


def _decode_as(body: bytes, encoding: str) -> DecodedText:
    text = _decode_utf8(body) if encoding == "utf-8" else body.decode(encoding, "replace")
    text = text.replace("\x00", "")
    is_mojibake = _is_twice_encoded(text[:SAMPLE_BYTES])
    if is_mojibake:
        text = _TWICE_ENCODED_RE.sub(_decode_again, text)
        is_mojibake = _is_twice_encoded(text[:SAMPLE_BYTES])
    is_damaged = text.count("\ufffd") > max(3, len(text) // 100) or "锟斤拷" in text
    return DecodedText(text, encoding, is_damaged or is_mojibake)


def _decode_utf8(body: bytes) -> str:
    """A page in UTF-8, with bytes of other encodings that were put into it."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        text = _FOREIGN_RUN_RE.sub(_decode_foreign, body.decode("utf-8", "surrogateescape"), MAX_FOREIGN_RUNS)
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decode_foreign(run: re.Match[str]) -> str:
    """Bytes that are no UTF-8 as what they most likely are: Chinese text in GBK, else letters and signs of Latin-1.

    What is left of a UTF-8 character that was cut is neither, and stays undecodable.
    """
    before, inside, behind = run.groups()
    for begins, ends in ((before, behind), (before, ""), ("", behind), ("", "")):
        chinese = _decode_chinese(f"{begins}{inside}{ends}".encode("utf-8", "surrogateescape"))
        if chinese:
            return f"{before.removeprefix(begins)}{chinese}{behind.removeprefix(ends)}"
    is_after_han = before[-1:] > "\u07ff"
    return before + _ESCAPED_RE.sub(lambda escaped: _decode_latin(escaped[0], is_after_han), inside) + behind


def _decode_chinese(octets: bytes) -> str:
    """Bytes as everyday Chinese in GBK of at least two characters, else ""."""
    try:
        text = octets.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    characters = [character for character in text if character > "\x7f"]
    is_chinese = len(characters) > 1 and all("\u3000" <= each <= "\u9fff" or each >= "\uff00" for each in characters)
    return text if is_chinese and _share_of_everyday(characters) >= MIN_EVERYDAY_SHARE else ""


def _decode_latin(escaped: str, is_after_han: bool) -> str:
    """Escaped bytes as letters and signs of Latin-1, or as they are if they rather begin a character that was cut."""
    octets = escaped.encode("utf-8", "surrogateescape")
    has_letters = min(octets) >= 0xC0
    if is_after_han if has_letters else len(octets) > 1:
        return escaped
    return octets.decode("cp1252", "surrogateescape")


def _is_twice_encoded(text: str) -> bool:
    """Whether a text is UTF-8 that was taken for Latin-1 and encoded again, all of it or where Chinese should be."""
    if _TWICE_ENCODED_HAN_RE.search(text):
        return True
    return len(_MOJIBAKE_RE.findall(text)) > 8 and not _has_cjk(text)


def _decode_again(character: re.Match[str]) -> str:
    """The character whose UTF-8 was taken for these ones, else the same."""
    octets = b"".join(bytes([ord(part)]) if part < "\u0100" else part.encode("cp1252") for part in character[0])
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return character[0]


@cache
def codec_for_label(label: str) -> str | None:
    """The codec that a label names; None for unknown and forbidden ones (utf-7, rot13, idna, ...)."""
    label = {"x-gbk": "gbk", "x-sjis": "shift_jis", "x-big5": "big5", "utf8mb4": "utf-8"}.get(label.lower(), label)
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    name = _WIDER_CODECS.get(name, name)
    return name if name in _ALLOWED_CODECS else None


def _detect_utf16(head: bytes) -> str | None:
    """The UTF-16 codec of bytes without a mark, else None: markup and JSON syntax put a NUL in nearly every pair of
    bytes, always on the same side.
    """
    pairs = len(head) // 2
    if pairs < 2:
        return None
    even, odd = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if odd > pairs * 0.2 and even < pairs * 0.02:
        return "utf-16-le"
    return "utf-16-be" if even > pairs * 0.2 and odd < pairs * 0.02 else None


def _is_utf8(sample: bytes, is_labelled: bool) -> bool:
    """Whether `sample` is UTF-8 but for a cut tail and few foreign bytes; stray letters contradict no label."""
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(sample)
    foreign_runs = [len(run) for run in _ESCAPED_RE.findall(text)]
    if not foreign_runs:
        return True
    foreign = sum(length for length in foreign_runs if length > 1 or not is_labelled)
    whole = sum(character > "\x7f" for character in _ESCAPED_RE.sub("", text))
    return foreign <= (foreign + whole) * (MAX_LABELLED_FOREIGN_SHARE if is_labelled else MAX_FOREIGN_SHARE)


def _is_false_utf8(sample: bytes, declared: list[str]) -> bool:
    """Whether valid UTF-8 is really the declared GBK or Big5: a few characters of those can form two-byte UTF-8."""
    label = next((name for name in declared if name in _CHINESE_CODECS), None)
    if label is None or max(sample.decode("utf-8", "ignore"), default="") >= "\u0800":
        return False
    return _error_share(sample, label) == 0 and _everyday_share(sample, label) >= MIN_EVERYDAY_SHARE


def _error_share(sample: bytes, encoding: str) -> float:
    """Share of undecodable characters among the non-ASCII ones. The last one, which may be cut, is ignored."""
    non_ascii = [character for character in sample.decode(encoding, "replace")[:-1] if character > "\x7f"]
    return non_ascii.count("\ufffd") / len(non_ascii) if non_ascii else 0.0


def _everyday_share(sample: bytes, encoding: str) -> float:
    """Share of everyday Chinese characters among those beyond ASCII and punctuation; 0 if too much is undecodable."""
    non_latin = [character for character in sample.decode(encoding, "replace")[:-1] if character > "\u00bf"]
    letters = [character for character in non_latin if not "\u2000" <= character <= "\u303f" and character < "\uff00"]
    if not letters or non_latin.count("\ufffd") > len(non_latin) * MAX_EVERYDAY_ERROR_SHARE:
        return 0.0
    return _share_of_everyday(letters)


def _share_of_everyday(characters: Sequence[str]) -> float:
    everyday = everyday_characters()
    return sum(character in everyday for character in characters) / len(characters)


def _kana_share(sample: bytes, encoding: str) -> float:
    """Share of full-width kana among the non-ASCII characters; 0 if too much is undecodable."""
    non_latin = [character for character in sample.decode(encoding, "replace")[:-1] if character > "\u00bf"]
    if not non_latin or non_latin.count("\ufffd") > len(non_latin) * MAX_EVERYDAY_ERROR_SHARE:
        return 0.0
    return sum("\u3041" <= character <= "\u30ff" for character in non_latin) / len(non_latin)


@cache
def everyday_characters() -> frozenset[str]:
    """Everyday Chinese characters, simplified and traditional."""
    text = (resources.files("crawler.page") / "everyday.txt").read_text(encoding="utf-8")
    return frozenset("".join(line for line in text.splitlines() if not line.startswith("#")))


def _detect_codec(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(sample[:16_384], cp_isolation=_DETECTABLE_CODECS, enable_fallback=False).best()
    return best.encoding if best else None


def _has_cjk(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)
