"""Whether two names name one company: "Kestrel & Co" and "Kestrel and Co. Ltd".

A company's own name must stand whole in the other one, and all that stands around it must be legal forms, trades,
places and the words of official stores (companies.csv). So 北辰出版社旗舰店 is 北辰出版社, 北辰出版社代购小铺 is not,
and 小榕科技 is not 小榕网络. What is only a part of the name is `UNCLEAR`.
"""

from __future__ import annotations

import csv
import re
from enum import StrEnum
from functools import cache
from importlib import resources

from crawler.text import fold


class Company(StrEnum):
    """How one name of a company stands to another."""

    SAME = "same"
    UNCLEAR = "unclear"  # one is a part of the other
    OTHER = "other"


def compared(ours: str, theirs: str) -> Company:
    """How `theirs`, the name of a seller or publisher, stands to `ours`, a company's name."""
    own, other = _bare(ours), _key(theirs)
    if not own or not other:
        return Company.OTHER
    place = other.find(own)
    while place >= 0:
        if _is_around(other[:place]) and _is_around(other[place + len(own) :]):
            return Company.SAME
        place = other.find(own, place + 1)
    bare = _bare(theirs)
    return (
        Company.UNCLEAR if bare and (bare in own or own in bare) and len(min(bare, own, key=len)) > 1 else Company.OTHER
    )


def _key(name: str) -> str:
    """Letters only, without spaces; "and" is "&", which folding drops."""
    words = [word for word in fold(name.replace("&", " ")).split(" ") if word != "and"]
    return "".join(words)


@cache
def _bare(name: str) -> str:
    """A company's name without its legal form."""
    key = _key(name)
    found = _ending("legal").sub("", key)
    return found or key


def _is_around(text: str) -> bool:
    """Whether a text consists of words that companies put around their names."""
    return not text or _around().fullmatch(text) is not None


@cache
def _around() -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(_words('legal', 'store', 'trade', 'place'))}){{1,6}}")


@cache
def _ending(kind: str) -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(_words(kind))})$")


def _words(*kinds: str) -> list[str]:
    text = (resources.files("registry") / "companies.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    found = {_key(row["word"]) for row in rows if row["kind"] in kinds}
    return sorted((re.escape(word) for word in found if word), key=lambda word: (-len(word), word))
