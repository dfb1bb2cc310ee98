"""Decode the bytes of a page, whatever its label says: Chinese pages are often mislabelled.

Order of trust: byte order mark, valid UTF-8, Japanese and Chinese encodings that yield everyday text, the labels
(header, then meta) if the bytes fit them, detection. A wrong guess would hide a title. UTF-7 is never decoded: it
smuggles markup. The decoded text has no NUL and no lone surrogate. Limit: a few bytes of a legacy encoding can be
ambiguous; then the label decides.
"""

from __future__ import annotations

import codecs
import re
from functools import cache
from importlib import resources

from attrs import frozen

SAMPLE_BYTES = 131_072  # enough for any head and several screens of text
MAX_ERROR_SHARE = 0.01  # undecodable characters among the non-ASCII ones that a correct label may leave
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
_MOJIBAKE_RE = re.compile("[ÂÃâãäåæçèéð][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]{1,3}")


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
    meta = _META_CHARSET_RE.search(body[:4096])
    declared = [
        codec_for_label(label.group(1)) if label else None,
        codec_for_label(meta.group(1).decode("ascii")) if meta else None,
    ]
    return _decode_as(body, _choose_encoding(body, [name for name in declared if name]))


def _choose_encoding(body: bytes, declared: list[str]) -> str:
    utf16 = _detect_utf16(body[:4096])
    if utf16:
        return utf16
    sample = body[:SAMPLE_BYTES]
    if body.isascii():
        return "iso2022_jp" if "iso2022_jp" in declared and b"\x1b$" in sample else "utf-8"
    if _is_utf8(sample) and not _is_false_utf8(sample, declared):
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
    text = body.decode(encoding, "replace").replace("\x00", "")
    is_damaged = text.count("\ufffd") > max(3, len(text) // 100) or "锟斤拷" in text
    is_double_encoded = len(_MOJIBAKE_RE.findall(text[:SAMPLE_BYTES])) > 8 and not _has_cjk(text[:SAMPLE_BYTES])
    return DecodedText(text, encoding, is_damaged or is_double_encoded)


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


def _is_utf8(sample: bytes) -> bool:
    """Whether `sample` is UTF-8 but for a cut tail, or so nearly that nothing else fits (pasted foreign bytes)."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        non_ascii = [character for character in sample.decode("utf-8", "replace") if character > "\x7f"]
        return non_ascii.count("\ufffd") <= len(non_ascii) * MAX_ERROR_SHARE
    return True


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
    if not letters or non_latin.count("\ufffd") > len(non_latin) * MAX_ERROR_SHARE:
        return 0.0
    everyday = _everyday_characters()
    return sum(character in everyday for character in letters) / len(letters)


def _kana_share(sample: bytes, encoding: str) -> float:
    """Share of full-width kana among the non-ASCII characters; 0 if too much is undecodable."""
    non_latin = [character for character in sample.decode(encoding, "replace")[:-1] if character > "\u00bf"]
    if not non_latin or non_latin.count("\ufffd") > len(non_latin) * MAX_ERROR_SHARE:
        return 0.0
    return sum("\u3041" <= character <= "\u30ff" for character in non_latin) / len(non_latin)


@cache
def _everyday_characters() -> frozenset[str]:
    text = (resources.files("crawler.page") / "everyday.txt").read_text(encoding="utf-8")
    return frozenset("".join(line for line in text.splitlines() if not line.startswith("#")))


def _detect_codec(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(sample[:16_384], cp_isolation=_DETECTABLE_CODECS, enable_fallback=False).best()
    return best.encoding if best else None


def _has_cjk(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)
