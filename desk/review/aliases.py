"""Names that people use for a work: taught by a person with a verdict, or proposed from judged hits for one to confirm.

A taught name is a rule of the store (`ALIAS_RULE`), with who and when, and is withdrawn by its number as other rules
are. Works are read with their taught names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from crawler.errors import BadInput, Problem
from crawler.items import Hit, Verdict, Work
from crawler.messages import render_message
from crawler.store import ALIAS_RULE, ReviewedHit, Store
from crawler.text import clean_text, fold, is_han
from matchers.decision import MAX_TINY_HAN_CHARS, MAX_TINY_LETTERS
from matchers.titles.analysis import HARD_BOUNDARY, AnalysedText, analyse
from matchers.titles.tokens import information_bits

MAX_ALIAS_CHARS = 100
# Tens of bits that a name must carry; estimate: "history" has 1.1, "Python" 1.5, a rare word of four letters 1.9.
MIN_ALIAS_INFORMATION = 1.8
MAX_OTHER_WORKS = 1  # whose names may contain the name: in more it is a head word or a subject
MIN_PROPOSAL_LISTINGS = 3  # judged infringing, that carry a proposed name; below it may be one seller's whim
MIN_PROPOSAL_SELLERS = 2  # of these listings
MAX_EXAMPLES = 3  # titles shown with a proposal


@frozen(kw_only=True)
class AliasProposal:
    """A name in `listings` listings of `sellers` sellers judged infringing for the work, with some of their titles."""

    work_id: str
    work_title: str
    name: str
    listings: int
    sellers: int
    examples: tuple[str, ...]


class NameRegister:
    """All names of all works, to tell whether another one may be added."""

    def __init__(self, works: Iterable[Work]) -> None:
        self._names_by_work = {work.id: {_compact(name) for name in (work.title, *work.aliases)} for work in works}

    def has(self, name: str, work_id: str) -> bool:
        """Whether the work has this name already, however it is spelled."""
        return _compact(name) in self._names_by_work.get(work_id, ())

    def find_problem(self, name: str, work_id: str) -> tuple[str, dict[str, object]] | None:
        """Why a name cannot identify the work, as the key and the values of a message of desk; None if it can."""
        compact, analysed = _compact(name), analyse(name)
        if not compact or len(compact) <= (MAX_TINY_HAN_CHARS if is_han(compact[0]) else MAX_TINY_LETTERS):
            return "alias_short", {"name": name}
        if self.has(name, work_id):
            return "alias_known", {"name": name, "work": work_id}
        owners = [other for other, names in self._names_by_work.items() if other != work_id and compact in names]
        if owners:
            return "alias_taken", {"name": name, "works": ", ".join(owners[:MAX_EXAMPLES])}
        if not analysed.unknown_sums[-1] or information_bits(analysed.folded) < MIN_ALIAS_INFORMATION:
            return "alias_common", {"name": name}
        containing = sum(
            any(compact in longer for longer in names)
            for other, names in self._names_by_work.items()
            if other != work_id
        )
        return ("alias_in_names", {"name": name, "count": containing}) if containing > MAX_OTHER_WORKS else None

    def check(self, name: str, work_id: str, language: str, file: str, line: int | None = None) -> None:
        """Raise BadInput if a name cannot identify the work."""
        problem = self.find_problem(name, work_id)
        if problem:
            key, values = problem
            message = render_message("desk", key, language, **values)
            raise BadInput(Problem(file=file, line=line, field="alias", message=message))

    def add(self, name: str, work_id: str) -> None:
        """Add a name, so that it cannot be another work's as well."""
        self._names_by_work.setdefault(work_id, set()).add(_compact(name))


def _compact(name: str) -> str:
    return fold(name).replace(" ", "")


def alias_rule(work_id: str, name: str, reason: str, by: str, at: datetime) -> dict[str, Any]:
    """The rule that people call the work by a name, as the store's door `reviews` takes it."""
    shown = " ".join(clean_text(name, MAX_ALIAS_CHARS).split())
    common = {"work": work_id, "reason": reason, "by": by, "at": at, "platform": ""}
    return common | {"kind": ALIAS_RULE, "value": _compact(shown), "shown": shown}


def teach_alias(store: Store, work_id: str, name: str, reason: str, by: str, at: datetime, language: str) -> int:
    """Add a name to a work without a verdict; returns the number of its rule. Raises BadInput if it cannot be one."""
    register = NameRegister(store.works.all_works())
    register.check(name, work_id, language, "alias")
    return store.reviews.add_rule(alias_rule(work_id, name, reason, by, at))


def is_in_listing(name: str, title: str, text: str) -> bool:
    """Whether a listing's title or text contains a name, between word boundaries."""
    return any(analyse(part).find_mention([name]) is not None for part in (title, text))


def propose_aliases(store: Store, work_id: str | None = None) -> list[AliasProposal]:
    """Names that stand alone in a title somewhere and that several listings judged infringing for one work carry, from
    several sellers, but no listing judged "not" and none judged infringing for another work. The best attested first.
    """
    reviewed = [row for row in store.reviews.reviewed_hits() if row.judgement.verdict is not Verdict.UNSURE]
    infringing: dict[str, list[ReviewedHit]] = defaultdict(list)
    for row in reviewed:
        if row.judgement.verdict is Verdict.INFRINGING:
            infringing[row.work].append(row)
    chosen = [
        work
        for work, rows in sorted(infringing.items())
        if work_id in (None, work) and _is_attested({row.judgement.hit: row for row in rows}, rows)
    ]
    if not chosen:
        return []
    hits = store.hits.get_many(row.judgement.hit for row in reviewed)
    works = {work.id: work for work in store.works.all_works()}
    register = NameRegister(works.values())
    proposals: list[AliasProposal] = []
    for work in (works[name] for name in chosen if name in works):
        rivals = {
            _compact(title): title
            for row in reviewed
            if row.judgement.verdict is Verdict.NOT or row.work != work.id
            for title in (hits[row.judgement.hit].listing.title,)
        }
        proposals += _proposals_of(work, infringing[work.id], hits, rivals, register)
    return sorted(proposals, key=lambda one: (-one.sellers, -one.listings, one.work_id, one.name))


def _is_attested(carrying: Mapping[str, object], rows: Iterable[ReviewedHit]) -> bool:
    """Whether the hits in `carrying` are enough listings, of enough sellers; unnamed sellers do not count."""
    sellers = {(row.platform, row.seller) for row in rows if row.judgement.hit in carrying and row.seller}
    return len(carrying) >= MIN_PROPOSAL_LISTINGS and len(sellers) >= MIN_PROPOSAL_SELLERS


def _proposals_of(
    work: Work, rows: Sequence[ReviewedHit], hits: Mapping[str, Hit], rivals: Mapping[str, str], register: NameRegister
) -> Iterator[AliasProposal]:
    """The names that the listings of one work give, without those in any of `rivals` (titles by their compact key); of
    names within each other in the same listings the longest.
    """
    titles = {row.judgement.hit: hits[row.judgement.hit].listing.title for row in rows}
    known = [*(work.title, *work.aliases), *work.creators, *filter(None, (work.publisher, work.owner))]
    names = {_compact(name): name for title in titles.values() for name in unknown_runs(title, known)}
    carriers: dict[str, dict[str, str]] = {}
    for compact, name in names.items():
        carrying = {hit: title for hit, title in titles.items() if is_in_listing(name, title, "")}
        is_rival = any(is_in_listing(name, title, "") for key, title in rivals.items() if compact in key)
        if _is_attested(carrying, rows) and not is_rival and not register.find_problem(name, work.id):
            carriers[compact] = carrying
    for compact, carrying in carriers.items():
        if any(compact != other and compact in other and carrying == carriers[other] for other in carriers):
            continue
        yield AliasProposal(
            work_id=work.id,
            work_title=work.title,
            name=names[compact],
            listings=len(carrying),
            sellers=len({(row.platform, row.seller) for row in rows if row.judgement.hit in carrying and row.seller}),
            examples=tuple(sorted(set(carrying.values()), key=lambda title: (len(title), title))[:MAX_EXAMPLES]),
        )


def unknown_runs(title: str, known: Iterable[str]) -> Iterator[str]:
    """What is left of a title between separators, sellers' words and known names, as the title spells it.

    A blank separates where Han characters are on either side of it, not between words in letters.
    """
    analysed = analyse(title)
    is_known = bytearray(analysed.noise)
    for compact in filter(None, map(_compact, known)):
        start = analysed.compact.find(compact)
        while start >= 0:
            is_known[start : start + len(compact)] = b"\x01" * len(compact)
            start = analysed.compact.find(compact, start + 1)
    first = 0
    for position in range(1, len(is_known) + 1):
        if position == len(is_known) or is_known[position] != is_known[first] or _is_separated(analysed, position):
            if not is_known[first]:
                yield analysed.quote(first, position)
            first = position


def _is_separated(analysed: AnalysedText, position: int) -> bool:
    boundary = analysed.boundaries[position]
    is_beside_han = is_han(analysed.compact[position - 1]) or is_han(analysed.compact[position])
    return boundary == HARD_BOUNDARY or (bool(boundary) and is_beside_han)
