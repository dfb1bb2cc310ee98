"""The names of the files in a share spell registered names. What is in the share counts, whatever its title says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.items import Finding, Listing, Polarity, Work
from matchers import Context
from matchers.reasons import identified
from matchers.titles import Candidate, engine_of

NAME = "files"
MOST = 0.95  # file names are written by the sharer alone
MAX_FILES = 500  # of one share; the rest is not looked at


class Matcher:
    """All names of all works, asked with each file name."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = engine_of(works)

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """The best finding for each work, with what speaks against that file."""
        best: dict[int, Candidate] = {}
        for candidate in self._engine.find([file.name for file in listing.files[:MAX_FILES]]):
            known = best.get(candidate.work)
            if known is None or (known.vetoes and not candidate.vetoes):
                best[candidate.work] = candidate
        for candidate in best.values():
            work = self._engine.works[candidate.work]
            file = listing.files[candidate.text].name
            chance = MOST * candidate.probability
            yield identified(NAME, context, work, "file_names", chance, ours=candidate.name.spelled, theirs=file)
            for veto in candidate.vetoes:
                yield identified(
                    NAME,
                    context,
                    work,
                    f"veto_{veto.kind}",
                    veto.probability,
                    polarity=Polarity.AGAINST,
                    ours=veto.ours,
                    theirs=veto.theirs,
                )
