"""Builds findings: a probability with its ground, and the ground's sentence in the language of the context."""

from __future__ import annotations

from crawler.items import Finding, PictureMatch, Question, Work
from matchers.matcher import Context, Ground


def make_finding(
    matcher: str,
    context: Context,
    work: Work,
    ground: Ground,
    probability: float,
    /,
    *,
    ours: str = "",
    theirs: str = "",
    verdict: str | None = None,
    picture_match: PictureMatch | None = None,
    **values: object,
) -> Finding:
    """A finding of `matcher`; `ours`, `theirs` and `values` fill the placeholders of the ground's sentence."""
    return Finding(
        matcher=matcher,
        question=Question.IDENTITY if ground.weight is None else Question.OFFENCE,
        work_id=work.id,
        probability=round(probability, 6),
        polarity=ground.polarity,
        why=ground.sentence(context.language).format(ours=ours, theirs=theirs, **values),
        ours=ours,
        theirs=theirs,
        verdict=verdict,
        sighting=picture_match,
        ground=ground.key,
    )
