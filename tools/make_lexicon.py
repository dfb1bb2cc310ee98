"""Make the word lists of matchers/signals/lexicon: families from their templates, and what each row is worth.

    python -m tools.make_lexicon [--check]

A list AREA.LANGUAGE.csv holds plain rows, which people write, and the rows of families: every family of
templates/AREA.LANGUAGE.toml is a pattern crossed over its slots, less its exceptions. A row that another of its area
makes needless, since that one is found wherever it would be and is at least as probable, is left out. `fixtures` counts
the open fixtures that hold a word (of fixtures/offers only the sets whose errors may be looked at, so that counting
reads nothing of the others); a word in none is `unverified`. Nothing else of a plain row is changed.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from itertools import product
from pathlib import Path

from attrs import evolve, frozen

from crawler.text import fold, is_han
from matchers.signals.lexicon import Lexicon, Word

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "matchers" / "signals" / "lexicon"
FIXTURES = ROOT / "fixtures"
OPEN_SETS = ("tune", "others-a", "others-d", "market-a")  # of fixtures/offers
TEXT_FIELDS = ("title", "text", "condition", "seller")
TEMPLATE_SOURCE = "template "  # and the name of the family
COLUMNS = ("word", "probability", "source", "fixtures", "status")
MAX_SUBSUMED_DIFFERENCE = 0.099  # a longer word that is weaker by more qualifies the shorter one; noise of estimates
SLOT_RE = re.compile(r"\{(\w+)\}")
TAG_RE = re.compile(r"<[^>]*>")


@frozen(kw_only=True)
class Row:
    """A row of a list: `word` is folded, `fixtures` the number of open fixtures that hold it."""

    word: str
    area: str
    probability: float
    source: str
    fixtures: int = 0

    @property
    def is_made(self) -> bool:
        """Whether a template made it."""
        return self.source.startswith(TEMPLATE_SOURCE)

    @property
    def file(self) -> str:
        """The name of its list: area, and language by script."""
        return f"{self.area}.{language_of(self.word)}.csv"


def language_of(word: str) -> str:
    """zh for a word with Han characters, en for one of ASCII, other for the rest."""
    if any(is_han(character) for character in word):
        return "zh"
    return "en" if word.isascii() else "other"


def read_rows(folder: Path = FOLDER) -> list[Row]:
    """The rows of all lists of a folder as they are written."""
    rows = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                row = Row(
                    word=line["word"],
                    area=path.name.partition(".")[0],
                    probability=float(line["probability"]),
                    source=line["source"],
                    fixtures=int(line["fixtures"]),
                )
                rows.append(row)
    return rows


def expand_templates(folder: Path = FOLDER) -> list[Row]:
    """The rows that the templates of a folder make, in order of file, family and slots; each word once."""
    rows: dict[str, Row] = {}
    for path in sorted((folder / "templates").glob("*.toml")):
        area = path.name.partition(".")[0]
        for family in tomllib.loads(path.read_text(encoding="utf-8"))["family"]:
            for word in expand_family(family):
                row = Row(
                    word=word, area=area, probability=family["probability"], source=TEMPLATE_SOURCE + family["name"]
                )
                rows.setdefault(word, row)
    return list(rows.values())


def expand_family(family: Mapping[str, object]) -> Iterator[str]:
    """The folded words of a family: its pattern with every choice for each {slot}, less its `except`."""
    pattern, left_out = str(family["pattern"]), {fold(word) for word in as_words(family.get("except", ()))}
    slots = SLOT_RE.findall(pattern)
    for choice in product(*(as_words(family[slot]) for slot in slots)):
        word = fold(SLOT_RE.sub("{}", pattern).format(*choice))
        if word not in left_out:
            yield word


def as_words(value: object) -> tuple[str, ...]:
    """A list of words in a template. Raises TypeError for anything else."""
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"a list of words is needed, not {value!r}")
    return tuple(str(word) for word in value)


def find_subsumed(rows: Iterable[Row]) -> dict[str, str]:
    """Needless words -> the shorter word of their area that is found wherever they are and at least as probable."""
    by_area: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_area[row.area].append(row)
    return {
        row.word: other
        for area_rows in by_area.values()
        for row in area_rows
        if (other := _subsuming_word(row, {entry.word: entry for entry in area_rows}))
    }


def _subsuming_word(row: Row, by_word: Mapping[str, Row]) -> str | None:
    word, length = row.word, len(row.word)
    for start in range(length):
        for end in range(start + 1, length + 1):
            other = by_word.get(word[start:end])
            if other and other is not row and 0 <= other.probability - row.probability < MAX_SUBSUMED_DIFFERENCE:
                lexicon = Lexicon([Word(text=other.word, area=row.area, probability=1.0, source="-")])
                if lexicon.find_spans(word):  # at the bounds of words
                    return other.word
    return None


def make_rows(folder: Path = FOLDER) -> list[Row]:
    """The rows that the lists of a folder should hold: plain ones, those of families, none needless, all counted.

    Raises ValueError for a word of two areas.
    """
    made = expand_templates(folder)
    made_words = {row.word for row in made}
    rows = [*made, *(row for row in read_rows(folder) if not row.is_made and row.word not in made_words)]
    areas = Counter(row.word for row in rows)
    doubles = [word for word, count in areas.items() if count > 1]
    if doubles:
        raise ValueError(f"each word is of one area: {doubles[:20]}")
    subsumed = find_subsumed(rows)
    counts = count_fixtures(row.word for row in rows if row.word not in subsumed)
    kept = [evolve(row, fixtures=counts[row.word]) for row in rows if row.word not in subsumed]
    return sorted(kept, key=lambda row: (row.file, row.word))


def count_fixtures(words: Iterable[str], texts: Iterable[str] | None = None) -> Counter[str]:
    """How many of these texts, or else of the open fixtures, hold each word, where no longer word covers it."""
    lexicon = Lexicon(Word(text=word, area="-", probability=1.0, source="-") for word in words)
    counts: Counter[str] = Counter()
    for text in open_fixtures() if texts is None else texts:
        counts.update({word.text for part in text.split("\0") for word, _, _ in lexicon.find_spans(fold(part))})
    return counts


def open_fixtures() -> list[str]:
    """The texts of the open fixtures, the fields of one parted by NUL: offers, pairs and the pages of the night."""
    return [*offer_texts(), *pair_texts(), *page_texts()]


def offer_texts() -> Iterator[str]:
    """The open rows of fixtures/offers."""
    for name in OPEN_SETS:
        for line in (FIXTURES / "offers" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            yield _join_fields(json.loads(line))


def pair_texts() -> Iterator[str]:
    """The rows of fixtures/pairs."""
    for path in sorted((FIXTURES / "pairs").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield _join_fields(row)


def page_texts() -> Iterator[str]:
    """The pages of fixtures/night without their tags, each element's text a field."""
    for path in sorted((FIXTURES / "night").rglob("*.*")):
        if path.suffix in (".html", ".json", ".txt"):
            yield "\0".join(part for part in TAG_RE.split(unescape(path.read_text(encoding="utf-8"))) if part.strip())


def _join_fields(row: Mapping[str, object]) -> str:
    return "\0".join(str(row[field]) for field in TEXT_FIELDS if row.get(field))


def render_lists(rows: Iterable[Row]) -> dict[str, str]:
    """Name of each list -> its text."""
    by_file: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_file[row.file].append(row)
    return {name: _render_list(file_rows) for name, file_rows in sorted(by_file.items())}


def _render_list(rows: Iterable[Row]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        status = "verified" if row.fixtures else "unverified"
        writer.writerow((row.word, f"{row.probability:g}", row.source, row.fixtures, status))
    return buffer.getvalue()


def main() -> None:
    """Write the lists, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a list is out of date")
    lists = render_lists(make_rows())
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.csv")}
    stale = sorted(name for name in lists.keys() | written.keys() if lists.get(name) != written.get(name))
    if parser.parse_args().check:
        sys.exit(f"out of date, run python -m tools.make_lexicon: {', '.join(stale)}" if stale else 0)
    for name in stale:
        if name in lists:
            (FOLDER / name).write_text(lists[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()


if __name__ == "__main__":
    main()
