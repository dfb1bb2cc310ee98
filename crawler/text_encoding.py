"""Tell the encoding of a text without a label from its bytes, also of a short list of titles.

Two kinds of evidence are multiplied: how usual the pairs of bytes are in the languages of an encoding (chardet's
models), and how many of the letters that come out belong to the alphabet of one language. The second tells apart what
differs in a few letters only: "año" in Windows-1252 is no Polish "ańo" beside "sí". Measured with
bench/list_encodings.py. If two encodings that read the text differently are about as likely, the answer is "weak".
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from attrs import frozen

from crawler.page.charset import everyday_characters

SAMPLE_BYTES = 16_384  # of the lines that are not ASCII
# How much better than another reading the best must be. Of 2,400 lists of 1 to 15 rows, 3 of those above it were wrong
# and 2 % of the right ones were below it.
MIN_LIKELIHOOD_RATIO = 1.2
MIN_ALPHABET_SHARE = 0.8  # of the letters in one alphabet; wrong Windows code pages give 0 to 0.75
ALPHABET_WEIGHT = 3  # power of that share; 2 to 4 give the same figures, without it 5 % of the lists are read wrongly
ISO2022_SHIFT = b"\x1b$"  # begins Japanese in ISO-2022-JP
FIRST_LEVEL_WEIGHT = 0.5  # of a character that is not everyday but of the standard's first level
USUAL_WEIGHT = 1
MIN_SIGNS_TWICE = 4  # two characters in UTF-8, encoded again
MAX_WEIGHED_SIGNS = 2_000
LAST_CJK_PUNCTUATION, FIRST_FULL_WIDTH = "\u303f", "\uff00"
MAX_TWO_BYTE_SIGN = "\u07ff"  # what UTF-8 writes in two bytes, which can also be one character of GB18030

# By chardet's name: Python's codec, and the name people know. The order breaks ties: what Windows writes comes first.
_CODECS = {
    "utf-8": ("utf-8", "UTF-8"),
    "gb18030": ("gb18030", "GB18030"),
    "big5hkscs": ("big5hkscs", "Big5"),
    "cp932": ("cp932", "Shift-JIS"),
    "euc_jis_2004": ("euc_jp", "EUC-JP"),
    "cp949": ("cp949", "EUC-KR"),
    **{f"cp{page}": (f"cp{page}", f"Windows-{page}") for page in (1252, 1250, 1251, 1253, 1254, 1255, 1256, 1257)},
    "koi8-r": ("koi8-r", "KOI8-R"),
    "koi8-u": ("koi8-u", "KOI8-U"),
    "cp866": ("cp866", "CP866"),
    "iso8859-2": ("iso8859-2", "ISO-8859-2"),
    "iso8859-7": ("iso8859-7", "ISO-8859-7"),
}
_NAMES = dict(_CODECS.values()) | {"iso2022_jp": "ISO-2022-JP"}
_RANKS = {codec: rank for rank, codec in enumerate(_NAMES)}
# An ISO set and the code page that Windows writes instead: where both fit, nobody is asked.
_SIBLINGS = {"iso8859-2": "cp1250", "iso8859-7": "cp1253", "koi8-u": "koi8-r"}
# Where each standard has its most usual characters: a test of a character's bytes.
_FIRST_LEVELS: dict[str, Callable[[bytes], bool]] = {
    "gb18030": lambda sign: len(sign) == 2 and 0xB0 <= sign[0] <= 0xD7 and sign[1] >= 0xA1,
    "big5hkscs": lambda sign: 0xA4 <= sign[0] <= 0xC6,
    "cp932": lambda sign: 0x88 <= sign[0] <= 0x97,
    "euc_jp": lambda sign: 0xB0 <= sign[0] <= 0xCF,
    "cp949": lambda sign: 0xB0 <= sign[0] <= 0xC8 and sign[1] >= 0xA1,
}
_UTF16_LINE_ENDS = {"utf-16-le": re.compile(rb"[\r\n]\x00"), "utf-16-be": re.compile(rb"\x00[\r\n]")}

# Letters beyond ASCII of the languages that people write these encodings in, as CLDR's exemplar characters have them.
_ALPHABETS = tuple(
    frozenset(letters)
    for letters in (
        *("àâæçèéêëîïôœùûüÿ", "äöüß", "áéíñóúü", "áâãàçéêíóôõú", "àèéìíîòóù", "äåöæøé", "äéëïíóöúè", "àçéèíïóòúü"),
        *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "çğıöşüâîû"),
        *("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž", "áðéíóúýþæö", "çë"),
        *("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "абвгдеёжзійклмнопрстуўфхцчшыьэюя"),
        *("абвгдђежзијклљмнњопрстћуфхцчџш", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ", "אבגדהוזחטיךכלםמןנסעףפץצקרשת"),
        "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگکیًٌٍَُِّْـ،؛؟",
    )
)
# Punctuation, and the dot that the lower case of a Turkish capital leaves behind.
_IGNORED = frozenset("“”„‘’‚–—…·«»‹›€£¥©®™°№¡¿ªº§•×\u00a0\u200e\u200f\u0307")
_NON_ASCII_RE = re.compile(r"[^\x00-\x7f]")
_TOUCHING_RE = re.compile("(?<=[a-z])[\u0370-\u06ff]|[\u0370-\u06ff](?=[a-z])")  # Greek to Arabic


@frozen(kw_only=True)
class DetectedEncoding:
    """The likeliest Python codec, None if nothing fits; a `rival` reads the bytes otherwise and is about as likely."""

    codec: str | None
    rival: str | None = None


def detect_encoding(data: bytes) -> DetectedEncoding:
    """The encoding of a text without byte order mark. UTF-8 wins wherever it fits and reads as a language."""
    if utf16 := detect_utf16(data):
        return DetectedEncoding(codec=utf16)
    if ISO2022_SHIFT in data and data.isascii() and _decode(data, "iso2022_jp") is not None:
        return DetectedEncoding(codec="iso2022_jp")
    text = _decode(data, "utf-8")
    if text is not None and reads_as_language(text):
        return DetectedEncoding(codec="utf-8")
    sample = _sample_lines(data)
    ranking = _rank_codecs(sample, alphabet_share) or _rank_codecs(sample, _share_by_line)
    if not ranking:
        return DetectedEncoding(codec="utf-8" if text is not None else None)
    (best, likelihood, best_text), *others = ranking
    rival = next((other for other in others if other[2] != best_text and _SIBLINGS.get(other[0]) != best), None)
    is_weak = rival is not None and likelihood < MIN_LIKELIHOOD_RATIO * rival[1]
    return DetectedEncoding(codec=best, rival=rival[0] if rival and is_weak else None)


def detect_utf16(data: bytes) -> str | None:
    """The UTF-16 codec of a text without mark, else None: the zero bytes of its line ends lie on one side."""
    if len(data) % 2 or b"\x00" not in data:
        return None
    fitting = [codec for codec, line_end in _UTF16_LINE_ENDS.items() if _is_utf16(data, codec, line_end)]
    return fitting[0] if len(fitting) == 1 else None


def undo_second_encoding(text: str) -> str | None:
    """The text whose UTF-8 was taken for Windows-1252 or GB18030 and encoded again; None if this is no such text.

    Nothing else is reversible throughout: every character beyond ASCII must become a part of valid UTF-8.
    """
    if text.isascii():
        return None
    for as_octets in (_latin_octets, lambda text: text.encode("gb18030")):
        with suppress(UnicodeError):
            codecs.getincrementaldecoder("utf-8")().decode(as_octets(text[:SAMPLE_BYTES]))  # most lists end here
            once = as_octets(text).decode("utf-8")
            if len(_NON_ASCII_RE.findall(text)) >= MIN_SIGNS_TWICE and reads_as_language(once):
                return once
    return None


def reads_as_language(text: str) -> bool:
    """Whether decoded UTF-8 is no chance: two bytes of GB18030 can be one character of it, three hardly are."""
    if text.isascii() or max(text) > MAX_TWO_BYTE_SIGN:
        return True
    return (
        alphabet_share("\n".join(line for line in re.split(r"[\r\n]", text) if not line.isascii())[:SAMPLE_BYTES])
        >= MIN_ALPHABET_SHARE
    )


def _latin_octets(text: str) -> bytes:
    """The bytes that Windows-1252 shows as these characters; those it leaves undefined are shown as themselves."""
    return b"".join(bytes([ord(sign)]) if sign < "\u0100" else sign.encode("cp1252") for sign in text)


def encoding_name(codec: str) -> str:
    """The name that people know a Python codec by."""
    return _NAMES.get(codec) or codec.upper().replace("_", "-").removesuffix("-LE").removesuffix("-BE")


def alphabet_share(text: str) -> float:
    """The share of the characters beyond ASCII and punctuation that belong to one alphabet, the best one; 1 without
    any. Letters of another script than Latin do not count where they touch ASCII letters: "Thι" is "Thé" misread.
    """
    lowered = text.lower()
    letters = Counter(sign for sign in lowered if not sign.isascii() and sign not in _IGNORED)
    total = letters.total()
    letters.subtract(_TOUCHING_RE.findall(lowered))
    covered = max(sum(count for sign, count in letters.items() if sign in alphabet) for alphabet in _ALPHABETS)
    return max(covered, 0) / total if total else 1.0


def _share_by_line(text: str) -> float:
    """The lowest `alphabet_share` of the lines: a list in several languages has one alphabet in each row."""
    return min(map(alphabet_share, text.split("\n")))


def _usual_share(text: str, codec: str) -> float:
    """How usual the ideographs, kana and hangul of a text are, 0 to 1: everyday Chinese and kana count whole, what the
    standard has in its first level most of it, rare characters nothing.
    """
    level = _FIRST_LEVELS[codec]
    signs = [sign for sign in text if sign > LAST_CJK_PUNCTUATION and sign < FIRST_FULL_WIDTH][:MAX_WEIGHED_SIGNS]
    everyday = everyday_characters()
    usual = 0.0
    for sign in signs:
        if sign in everyday or "\u3041" <= sign <= "\u30ff":
            usual += 1
        elif level(sign.encode(codec)):
            usual += FIRST_LEVEL_WEIGHT
    return usual / len(signs) if signs else 1.0


def _rank_codecs(sample: bytes, share_of: Callable[[str], float]) -> Sequence[tuple[str, float, str]]:
    """The codecs that can be, the likeliest first, with their likelihood and the text they read."""
    from chardet import detect_all

    answers = detect_all(sample, ignore_threshold=True, compat_names=False, include_encodings=list(_CODECS))
    ranking = []
    for answer in answers:
        codec = _CODECS.get(answer["encoding"] or "", ("", ""))[0]
        text = _decode(sample, codec) if codec else None
        if text is None:
            continue
        if codec in _FIRST_LEVELS:
            ranking.append((codec, answer["confidence"] * _usual_share(text, codec) ** USUAL_WEIGHT, text))
        elif codec == "utf-8":
            ranking.append((codec, answer["confidence"], text))
        elif (share := share_of(text)) >= MIN_ALPHABET_SHARE:
            ranking.append((codec, answer["confidence"] * share**ALPHABET_WEIGHT, text))
    return sorted(ranking, key=lambda entry: (-entry[1], _RANKS[entry[0]]))


def _sample_lines(data: bytes) -> bytes:
    """The lines that are not ASCII: a heading in English says nothing of the encoding, and weighs much in a list."""
    lines = [line for line in re.split(rb"[\r\n]+", data) if not line.isascii()]
    sample: list[bytes] = []
    size = 0
    for line in lines:
        size += len(line)
        if sample and size > SAMPLE_BYTES:
            break
        sample.append(line)
    return b"\n".join(sample)


def _is_utf16(data: bytes, codec: str, line_end: re.Pattern[bytes]) -> bool:
    text = _decode(data, codec)
    if text is None or "\x00" in text or line_end.search(data) is None:
        return False
    # Read in the wrong order, ASCII becomes rare ideographs and line ends U+0A00, which is no character.
    return any(sign in text for sign in "\r\n") and not any("\ue000" <= sign <= "\uf8ff" for sign in text)


def _decode(data: bytes, codec: str) -> str | None:
    with suppress(UnicodeDecodeError):
        return codecs.decode(data, codec)
    return None
