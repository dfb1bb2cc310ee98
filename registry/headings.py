"""Find the heading of a table and what its columns mean: 书名 or "Book Title*" is title, 定價（元） list_price in CNY.

The words are in headings.toml. A heading is the row that names most columns, so a title or a note above it is none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources

from attrs import field, frozen

from crawler.money import parse_currency
from crawler.text import fold

MAX_ROWS_ABOVE = 20  # filled rows among which the heading is looked for
MAX_HEADING_CHARS = 80  # a longer cell is a sentence

_BRACKET_RE = re.compile(r"[(（\[［【〔<《]([^()（）\[\]［］【】〔〕<>《》]{0,80})[)）\]］】〕>》]")
_PART_RE = re.compile(r"[/／|｜\n:：,，;；]")
_JOINING_RE = re.compile(r"[\s_*＊·.#-]+")


@frozen(kw_only=True)
class Column:
    """One column: its name (None if the vocabulary has none), its heading as it is written, and the currency that the
    heading states.
    """

    name: str | None
    heading: str
    currency: str | None = None


@frozen(eq=False)
class Vocabulary:
    """The columns of one kind of list, the other words for each, and which columns may hold several values."""

    columns: tuple[str, ...]
    lists: frozenset[str] = frozenset()
    words: Mapping[str, Sequence[str]] = field(factory=dict)

    def column(self, heading: str) -> Column:
        """What a heading means: as a whole, without what is in brackets, or by its parts if they do not disagree."""
        heading = " ".join(heading.split())
        bracketed = " ".join(_BRACKET_RE.findall(heading))
        bare = _BRACKET_RE.sub(" ", heading)
        names = _names_by_key(self)
        for parts in ([heading], [bare], [bracketed], [*_PART_RE.split(heading), bracketed], bare.split()):
            found = {names[key] for part in parts if len(part) <= MAX_HEADING_CHARS and (key := _key(part)) in names}
            if len(found) == 1:
                return Column(name=found.pop(), heading=heading, currency=_unit(heading, bracketed))
        return Column(name=None, heading=heading)


def find_heading(rows: Sequence[Sequence[object]], vocabulary: Vocabulary) -> tuple[int, int]:
    """The index of the row that names most columns, the first of equals, and how many; (0, 0) if none names any."""
    best = (0, 0)
    for index, cells in enumerate(rows[:MAX_ROWS_ABOVE]):
        texts = [text for cell in cells if (text := str(cell).strip()) and len(text) <= 2 * MAX_HEADING_CHARS]
        count = len({column.name for column in map(vocabulary.column, dict.fromkeys(texts))} - {None})
        if count > best[1]:
            best = (index, count)
    return best


@cache
def works_vocabulary(columns: tuple[str, ...], lists: frozenset[str]) -> Vocabulary:
    """The vocabulary of lists of works with these columns, and those of them that may hold several values."""
    return Vocabulary(columns, lists, _load_words()["works"])


@cache
def offers_vocabulary(columns: tuple[str, ...]) -> Vocabulary:
    """The vocabulary of lists of offers with these columns."""
    return Vocabulary(columns, words=_load_words()["offers"])


def canonical_kind(text: str) -> str:
    """The program's word for a kind of work (课程: course); a word that it does not know stays as it is."""
    return _index_of("kinds").get(_key(text), text)


def canonical_channel(text: str) -> str:
    """The kind of a listing by the program's word (分享: share), else the text itself."""
    return _index_of("channels").get(_key(text), text)


def known_kinds() -> tuple[str, ...]:
    """The kinds of works that the program has words for."""
    return tuple(_load_words()["kinds"])


def platform_name(text: str) -> str:
    """The name of a platform for what people call it (淘宝: taobao), else the text itself."""
    return _index_of("platforms").get(_key(text), text)


def named_platforms() -> tuple[str, ...]:
    """The platforms that have other names."""
    return tuple(_load_words()["platforms"])


def licence_field(text: str) -> str:
    """The name of a licence's field for the word that people write (平台: platform), else the word itself."""
    return _index_of("licence").get(_key(text), text)


def _unit(heading: str, bracketed: str) -> str | None:
    """The currency that a heading states: in brackets, or behind a stroke."""
    rest = _PART_RE.split(heading)[1:]
    return next((currency for part in (bracketed, *rest) if part and (currency := parse_currency(part))), None)


def _key(text: str) -> str:
    return _JOINING_RE.sub("", fold(_JOINING_RE.sub(" ", text)))


@cache
def _names_by_key(vocabulary: Vocabulary) -> Mapping[str, str]:
    return _index({name: vocabulary.words.get(name, ()) for name in vocabulary.columns})


@cache
def _index_of(table: str) -> Mapping[str, str]:
    return _index(_load_words()[table])


def _index(words: Mapping[str, Iterable[str]]) -> dict[str, str]:
    keys = {_key(word): name for name, others in words.items() for word in others}
    return keys | {_key(name): name for name in words}


@cache
def _load_words() -> dict[str, dict[str, list[str]]]:
    text = (resources.files("registry") / "headings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
