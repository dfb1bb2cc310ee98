"""Compare company names: "Kestrel & Co" and "Kestrel and Co. Ltd" are the same.

A company's own name must be contained whole in the other one, and everything around it must be legal forms, trades,
places and the words of official stores (companies.csv). So 北辰出版社旗舰店 is 北辰出版社, 北辰出版社代购小铺 is not,
and 小榕科技 is not 小榕网络. A name that is only part of the other is `UNCLEAR`.
"""

from __future__ import annotations

import csv
import re
from enum import StrEnum
from functools import cache
from importlib import resources

from crawler.text import fold


class CompanyMatch(StrEnum):
    """How two company names relate."""

    SAME = "same"
    UNCLEAR = "unclear"  # one is a part of the other
    OTHER = "other"


def compare_companies(ours: str, theirs: str) -> CompanyMatch:
    """How `theirs`, the name of a seller or publisher, relates to `ours`, a company's name."""
    own_name, other_name = _without_legal_form(ours), _compact_name(theirs)
    if not own_name or not other_name:
        return CompanyMatch.OTHER
    position = other_name.find(own_name)
    while position >= 0:
        if _is_affix(other_name[:position]) and _is_affix(other_name[position + len(own_name) :]):
            return CompanyMatch.SAME
        position = other_name.find(own_name, position + 1)
    other_bare = _without_legal_form(theirs)
    return (
        CompanyMatch.UNCLEAR
        if other_bare
        and (other_bare in own_name or own_name in other_bare)
        and len(min(other_bare, own_name, key=len)) > 1
        else CompanyMatch.OTHER
    )


def _compact_name(name: str) -> str:
    """Letters only, without spaces; "and" is "&", which folding drops."""
    words = [word for word in fold(name.replace("&", " ")).split(" ") if word != "and"]
    return "".join(words)


@cache
def _without_legal_form(name: str) -> str:
    """A company's compact name without its legal form."""
    key = _compact_name(name)
    stripped = _suffix_re("legal").sub("", key)
    return stripped or key


def _is_affix(text: str) -> bool:
    """Whether a text consists of words that companies put around their names."""
    return not text or _affix_re().fullmatch(text) is not None


@cache
def _affix_re() -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(_load_words('legal', 'store', 'trade', 'place'))}){{1,6}}")


@cache
def _suffix_re(kind: str) -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(_load_words(kind))})$")


def _load_words(*kinds: str) -> list[str]:
    text = (resources.files("registry") / "companies.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    words = {_compact_name(row["word"]) for row in rows if row["kind"] in kinds}
    return sorted((re.escape(word) for word in words if word), key=lambda word: (-len(word), word))
