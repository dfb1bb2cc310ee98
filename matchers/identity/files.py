"""The names of the files in a share spell registered names. What is in the share counts, whatever its title says.

A listing that sells a share carries its files too; its finding tells the chain: share, code, state, time, file, and how
many lessons of a numbered series are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crawler.items import Finding, Listing, Polarity, SharedFile, ShareState, Work
from crawler.messages import render_message
from matchers.course_lessons import coverage
from matchers.findings import identity_finding
from matchers.matcher import Context
from matchers.titles import Candidate, title_matcher_for

NAME = "files"
MAX_FILE_PROBABILITY = 0.95  # file names are written by the sharer alone
MAX_FILES = 500  # of one share; the rest is not looked at


class Matcher:
    """All names of all works, asked with each file name."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = title_matcher_for(works)

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """The best finding for each work, with what speaks against that file."""
        if not listing.files:
            return
        best: dict[int, Candidate] = {}
        for candidate in self._engine.find([file.name for file in listing.files[:MAX_FILES]]):
            previous = best.get(candidate.work_index)
            if previous is None or (previous.contradictions and not candidate.contradictions):
                best[candidate.work_index] = candidate
        for candidate in best.values():
            work = self._engine.works[candidate.work_index]
            yield _file_finding(listing, listing.files[candidate.text_index], candidate, work, context)
            for veto in candidate.contradictions:
                yield identity_finding(
                    NAME,
                    context,
                    work,
                    f"veto_{veto.kind}",
                    veto.probability,
                    polarity=Polarity.AGAINST,
                    ours=veto.ours,
                    theirs=veto.theirs,
                )


def _file_finding(listing: Listing, file: SharedFile, candidate: Candidate, work: Work, context: Context) -> Finding:
    chance = MAX_FILE_PROBABILITY * candidate.probability
    names: dict[str, Any] = {"ours": candidate.name.spelled, "theirs": file.name}
    series_coverage = coverage([shared_file for shared_file in listing.files if shared_file.share == file.share])
    series = (
        render_message(
            "matchers", "file_series", context.language, present=series_coverage.present, whole=series_coverage.total
        )
        if series_coverage
        else ""
    )
    link = next((link for link in listing.links if file.share and link.url == file.share), None)
    if link is None:
        return identity_finding(NAME, context, work, "file_names", chance, series=series, **names)
    chain: dict[str, Any] = {
        "share": link.url,
        "code": link.code or "-",
        "state": link.state.value if link.state else ShareState.UNKNOWN.value,
        "checked": f"{link.checked_at:%Y-%m-%d %H:%M} UTC" if link.checked_at else "-",
    }
    return identity_finding(NAME, context, work, "file_in_share", chance, series=series, **names, **chain)
