"""File names in a share contain registered names, whatever the share's title says.

A listing that sells a share carries its files too. Its finding shows the chain from listing to file (share, code,
state, time of the check) and how many lessons of a numbered series are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import evolve

from crawler.items import Finding, Listing, Polarity, SharedFile, ShareState, Work
from matchers.course_lessons import coverage
from matchers.findings import make_finding, make_phrase
from matchers.matcher import Candidates, Context, Ground, IdentityMatcher
from matchers.title_doubts import find_doubts
from matchers.title_findings import contradiction_findings
from matchers.title_grounds import CONTRADICTION_GROUNDS, DOUBT_GROUNDS
from matchers.titles import Candidate, title_matcher_for

MAX_FILE_PROBABILITY = 0.95  # file names are written by the sharer alone
MAX_FILES = 500  # files of one listing; the rest is ignored
FILE_NAMES = Ground("file_names", Polarity.FOR, None)
FILE_IN_SHARE = Ground("file_in_share", Polarity.FOR, None)


class Matcher(IdentityMatcher):
    """All names of all works, looked up in each file name."""

    name = "files"
    grounds = (FILE_NAMES, FILE_IN_SHARE, *CONTRADICTION_GROUNDS.values(), *DOUBT_GROUNDS.values())

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = title_matcher_for(works)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """The best finding for each work, with the findings against that file."""
        if not listing.files:
            return
        best: dict[int, Candidate] = {}
        for candidate in self._engine.find([file.name for file in listing.files[:MAX_FILES]]):
            previous = best.get(candidate.work_index)
            if previous is None or (previous.contradictions and not candidate.contradictions):
                best[candidate.work_index] = candidate
        for candidate in best.values():
            work = self._engine.works[candidate.work_index]
            file = listing.files[candidate.text_index]
            yield self._file_finding(listing, file, candidate, work)
            as_title = evolve(candidate, text_index=0)
            doubts = find_doubts(as_title, work, evolve(listing, title=file.name, text="", creators=()))
            yield from contradiction_findings(self.name, (*candidate.contradictions, *doubts), work)

    def _file_finding(self, listing: Listing, file: SharedFile, candidate: Candidate, work: Work) -> Finding:
        probability = MAX_FILE_PROBABILITY * candidate.probability
        values: dict[str, Any] = {"ours": candidate.name.spelled, "theirs": file.name}
        values["series"] = _series_phrase(listing, file)
        link = next((link for link in listing.links if file.share and link.url == file.share), None)
        if link is None:
            return make_finding(self.name, work, FILE_NAMES, probability, **values)
        values |= {
            "share": link.url,
            "code": link.code or "-",
            "state": make_phrase(f"share_{(link.state or ShareState.UNKNOWN).value}"),
            "checked": f"{link.checked_at:%Y-%m-%d %H:%M} UTC" if link.checked_at else "-",
        }
        return make_finding(self.name, work, FILE_IN_SHARE, probability, **values)


def _series_phrase(listing: Listing, file: SharedFile) -> dict[str, Any] | str:
    """How much of a numbered series is in the file's share; "" if it holds none."""
    lessons = coverage([shared_file for shared_file in listing.files if shared_file.share == file.share])
    if not lessons:
        return ""
    return make_phrase("file_series", present=lessons.present, whole=lessons.total)
