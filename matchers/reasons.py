"""A finding with its sentence, said in the language of the context."""

from __future__ import annotations

from functools import partial

from crawler.items import Finding, Polarity, Question, Sighting, Work
from crawler.messages import say
from matchers import Context


def _finding(
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
    sighting: Sighting | None = None,
    **values: object,
) -> Finding:
    """A finding whose reason is the sentence `key` of matchers/messages.toml; it may use {ours} and {theirs} too."""
    return Finding(
        matcher=matcher,
        question=question,
        work_id=work.id,
        probability=round(probability, 6),
        polarity=polarity,
        why=say("matchers", key, context.language, ours=ours, theirs=theirs, **values),
        ours=ours,
        theirs=theirs,
        verdict=verdict,
        sighting=sighting,
        ground=key,
    )


identified = partial(_finding, Question.IDENTITY)
offends = partial(_finding, Question.OFFENCE)
