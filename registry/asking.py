"""Which questions a platform is asked tonight: names always, names with a seller's word beside them where they pay.

The forms with words are data (forms.toml). A form's rate on a platform is the hits that its questions led to by the
questions that were answered. A fixed part of each night's questions goes to forms nobody knows enough about, drawn
with a seed, so that a form that begins to pay is found. Nothing here knows a database: yields are handed in.
"""

from __future__ import annotations

import math
import random
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from attrs import field, frozen, validators

from crawler.items import ListingKind, Work
from crawler.text import is_han
from registry.questions import ALIAS, TITLE, names_asked, question_by, suits

USUAL = {TITLE: 0.2, ALIAS: 0.1}  # hits a question while nothing is known; estimates, overruled by what is learned
WEIGHT = 20  # questions that such an estimate counts as
ENOUGH = 10  # questions of a form on a platform from which on its rate is believed
PAYS = 0.5  # of the rate of titles there, from which on a form with a word is asked every night; an estimate
TRIES = 20  # draws for each question that is to be explored; many works make no question of a form


@frozen
class Asked:
    """One question and the form that made it."""

    question: str
    form: str


@frozen
class Yield:
    """What a form brought on a platform so far: questions that were answered, hits that they led to."""

    asked: int = 0
    hits: int = 0


def _listed(names: Iterable[str]) -> tuple[ListingKind, ...]:
    return tuple(ListingKind(name) for name in names)


@frozen(kw_only=True)
class Form:
    """A title with something beside it: a seller's word, or the work's creator where `word` is empty."""

    name: str
    word: str
    script: str = field(validator=validators.in_(("han", "latin", "any")))
    kinds: tuple[str, ...] = field(converter=tuple)
    on: tuple[ListingKind, ...] = field(converter=_listed)
    source: str = field(validator=validators.min_len(10))

    def of(self, work: Work, kind: ListingKind | None) -> str | None:
        """This form's question about a work on a platform that lists `kind`; None where it makes none."""
        if (kind is not None and kind not in self.on) or not suits(work, kind):
            return None
        if work.kind is not None and work.kind not in self.kinds:
            return None
        name, beside = question_by(work.title, work), self.word or next(iter(work.creators), "")
        if not name or not beside or name.endswith(beside) or not self._is_written(name):
            return None
        return f"{name} {beside}"

    def _is_written(self, name: str) -> bool:
        return self.script == "any" or any(map(is_han, name)) == (self.script == "han")


def asked_tonight(
    works: Sequence[Work], kind: ListingKind | None, limit: int, yields: Mapping[str, Yield], seed: str, explore: float
) -> list[Asked]:
    """At most `limit` questions for a platform: what pays best first, the part `explore` of them drawn from the rest.

    `yields` are that platform's, by form. What pays is ranked by a form's rate times (1 + priority / 10) of the work;
    of equals titles come before aliases, then work ids decide. The same arguments give the same questions.
    """
    known = _once(sorted(_paying(works, kind, yields), key=lambda pair: -pair[0]))
    wanted = math.ceil(min(limit, len(known)) * explore)
    drawn = list(_drawn(works, kind, {each.question.casefold() for each in known}, wanted, seed))
    return known[: limit - len(drawn)] + drawn


def rate(form: str, yields: Mapping[str, Yield]) -> float:
    """Hits a question of this form, drawn to what is usual while little is known."""
    seen = yields.get(form, Yield())
    return (seen.hits + USUAL.get(form, 0.0) * WEIGHT) / (seen.asked + WEIGHT)


def pays(form: str, yields: Mapping[str, Yield]) -> bool:
    """Whether a form with a word is asked every night: it was tried, and brought half of what titles bring."""
    tried = yields.get(form, Yield()).asked >= ENOUGH
    return tried and rate(form, yields) >= PAYS * rate(TITLE, yields)


@cache
def forms() -> tuple[Form, ...]:
    """The forms of forms.toml. Raises ValueError where one is not as its fields demand."""
    table = tomllib.loads((resources.files("registry") / "forms.toml").read_text(encoding="utf-8"))
    return tuple(Form(**row) for row in table["form"])


def _paying(
    works: Sequence[Work], kind: ListingKind | None, yields: Mapping[str, Yield]
) -> Iterator[tuple[float, Asked]]:
    for form, question, work in names_asked(works, kind):
        yield rate(form, yields) * _urgency(work), Asked(question, form)
    live = sorted((work for work in works if work.retired_at is None), key=lambda work: work.id)
    for worded in (each for each in forms() if pays(each.name, yields)):
        worth = rate(worded.name, yields)
        for work in live:
            if asked := worded.of(work, kind):
                yield worth * _urgency(work), Asked(asked, worded.name)


def _urgency(work: Work) -> float:
    return 1 + max(0, work.priority) / 10


def _drawn(works: Sequence[Work], kind: ListingKind | None, known: set[str], wanted: int, seed: str) -> Iterator[Asked]:
    """Up to `wanted` questions of works and forms drawn at random, none of them known."""
    chance = random.Random(seed)
    live = sorted((work for work in works if work.retired_at is None), key=lambda work: work.id)
    for _ in range(TRIES * wanted if live else 0):
        if not wanted:
            return
        work, form = live[chance.randrange(len(live))], forms()[chance.randrange(len(forms()))]
        question = form.of(work, kind)
        if question and question.casefold() not in known:
            known.add(question.casefold())
            wanted -= 1
            yield Asked(question, form.name)


def _once(ranked: Iterable[tuple[float, Asked]]) -> list[Asked]:
    found: dict[str, Asked] = {}
    for _, each in ranked:
        found.setdefault(each.question.casefold(), each)
    return list(found.values())
