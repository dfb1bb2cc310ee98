"""Builds findings: a probability with its ground and the sentence that explains it, in the language of the context."""

from __future__ import annotations

from functools import partial

from crawler.items import Finding, PictureMatch, Polarity, Question, Work
from crawler.messages import render_message
from matchers.matcher import Context


def _make_finding(
    question: Question,
    matcher: str,
    context: Context,
    work: Work,
    key: str,
    probability: float,
    /,
    *,
    polarity: Polarity = Polarity.FOR,
    ours: str = "",
    theirs: str = "",
    verdict: str | None = None,
    sighting: PictureMatch | None = None,
    **values: object,
) -> Finding:
    """A finding whose reason is the sentence `key` of matchers/messages.toml; it may use {ours} and {theirs} too."""
    return Finding(
        matcher=matcher,
        question=question,
        work_id=work.id,
        probability=round(probability, 6),
        polarity=polarity,
        why=render_message("matchers", key, context.language, ours=ours, theirs=theirs, **values),
        ours=ours,
        theirs=theirs,
        verdict=verdict,
        sighting=sighting,
        ground=key,
    )


identity_finding = partial(_make_finding, Question.IDENTITY)
offence_finding = partial(_make_finding, Question.OFFENCE)
