"""The findings of the title engine: what a name in a title, a text or a file name says for a work and against it.

Shared by the matchers that use the engine; each declares the grounds that it may give.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.items import Finding, Listing, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground
from matchers.titles import Candidate, Contradiction, TitleMatcher

TITLE_MATCHER = "title"  # the matcher's name in findings of titles, whichever matcher yields them
# The most that text alone can give: 97 titles of one list of books cover 212 works.
MAX_TITLE_PROBABILITY = 0.985
TEXT_FACTOR = 0.55  # estimate: names in free text are often mentioned, not offered
MIN_TEXT_HAN_EQUIVALENTS = 3.0  # shorter names are not searched for in free text

TITLE_EXACT = Ground(
    "title_exact",
    Polarity.FOR,
    None,
    en="the title names “{ours}”",
    zh="标题写明“{ours}”",
)
TITLE_EXACT_REASONED = Ground(
    "title_exact_reasoned",
    Polarity.FOR,
    None,
    en="the title names “{ours}”, and the listing also names {reasons}",
    zh="标题写明“{ours}”，并写明{reasons}",
)
TITLE_ERROR = Ground(
    "title_error",
    Polarity.FOR,
    None,
    en="the title spells “{ours}” with one error: “{theirs}”",
    zh="标题“{theirs}”与“{ours}”只差一字",
)
TITLE_ERROR_REASONED = Ground(
    "title_error_reasoned",
    Polarity.FOR,
    None,
    en="the title spells “{ours}” with one error: “{theirs}”, and the listing also names {reasons}",
    zh="标题“{theirs}”与“{ours}”只差一字，并写明{reasons}",
)
TITLE_SOUND = Ground(
    "title_sound",
    Polarity.FOR,
    None,
    en="the title sounds like “{ours}”: “{theirs}”",
    zh="标题与“{ours}”同音：“{theirs}”",
)
TITLE_SOUND_REASONED = Ground(
    "title_sound_reasoned",
    Polarity.FOR,
    None,
    en="the title sounds like “{ours}”: “{theirs}”, and the listing also names {reasons}",
    zh="标题与“{ours}”同音：“{theirs}”，商品还提到{reasons}",
)
TITLE_LOOSE = Ground(
    "title_loose",
    Polarity.FOR,
    None,
    en="the title says most words of “{ours}” and little else: “{theirs}”",
    zh="标题包含“{ours}”的大部分词语，其余内容很少：“{theirs}”",
)
TITLE_LOOSE_REASONED = Ground(
    "title_loose_reasoned",
    Polarity.FOR,
    None,
    en="the title says most words of “{ours}” and little else: “{theirs}”, and the listing also names {reasons}",
    zh="标题包含“{ours}”的大部分词语，其余内容很少：“{theirs}”，商品还提到{reasons}",
)
TITLE_SCHOOL = Ground(
    "title_school",
    Polarity.FOR,
    None,
    en="subject, grade and volume are those of the school book “{ours}”: “{theirs}”",
    zh="学科、年级和册次与课本“{ours}”一致：“{theirs}”",
)
TITLE_IN_TEXT = Ground(
    "title_in_text",
    Polarity.FOR,
    None,
    en="the description names “{ours}”",
    zh="描述中提到“{ours}”",
)
TITLE_IN_TEXT_REASONED = Ground(
    "title_in_text_reasoned",
    Polarity.FOR,
    None,
    en="the description names “{ours}” and {reasons}",
    zh="描述中提到“{ours}”和{reasons}",
)
TITLE_SHARED = Ground(
    "title_shared",
    Polarity.AGAINST,
    None,
    en="{count} other registered works have the same name; the listing must tell them apart",
    zh="另有{count}部登记作品同名，需要其他信息区分",
)
# By the kind of contradiction (matchers/titles/contradictions.py).
CONTRADICTION_GROUNDS = {
    "sequel": Ground(
        "veto_sequel",
        Polarity.AGAINST,
        None,
        en="“{theirs}” beside the name makes it another part than “{ours}”",
        zh="名称旁的“{theirs}”表明这不是“{ours}”，而是另一部",
    ),
    "season": Ground(
        "veto_season",
        Polarity.AGAINST,
        None,
        en="“{theirs}” makes it another season than “{ours}”",
        zh="“{theirs}”表明这是另一季，不是“{ours}”",
    ),
    "volume": Ground(
        "veto_volume",
        Polarity.AGAINST,
        None,
        en="“{theirs}” may be another volume than “{ours}”",
        zh="“{theirs}”可能是“{ours}”以外的另一册",
    ),
    "other_number": Ground(
        "veto_other_number",
        Polarity.AGAINST,
        None,
        en="“{theirs}” differs from “{ours}” in a number or volume",
        zh="“{theirs}”与“{ours}”的册次或编号不同",
    ),
    "derived": Ground(
        "veto_derived",
        Polarity.AGAINST,
        None,
        en="“{theirs}” says that this is about “{ours}” or made after it, not the work itself",
        zh="“{theirs}”表明这是关于“{ours}”的内容或衍生品，不是作品本身",
    ),
    "before": Ground(
        "veto_before",
        Polarity.AGAINST,
        None,
        en="“{theirs}” before the name makes it a work about “{ours}”",
        zh="名称前的“{theirs}”表明这是关于“{ours}”的另一作品",
    ),
    "behind": Ground(
        "veto_behind",
        Polarity.AGAINST,
        None,
        en="“{theirs}” behind the name makes it a work about “{ours}”",
        zh="名称后的“{theirs}”表明这是关于“{ours}”的另一作品",
    ),
    "other_creator": Ground(
        "veto_other_creator",
        Polarity.AGAINST,
        None,
        en="the listing names {theirs}, the work is by {ours}",
        zh="该条目的作者是{theirs}，登记作品的作者是{ours}",
    ),
    "stranger": Ground(
        "veto_stranger",
        Polarity.AGAINST,
        None,
        en="the listing seems to name {theirs}, the work is by {ours}",
        zh="该条目似乎写的是{theirs}，登记作品的作者是{ours}",
    ),
}
TITLE_GROUNDS = (
    TITLE_EXACT,
    TITLE_EXACT_REASONED,
    TITLE_ERROR,
    TITLE_ERROR_REASONED,
    TITLE_SOUND,
    TITLE_SOUND_REASONED,
    TITLE_LOOSE,
    TITLE_LOOSE_REASONED,
    TITLE_SCHOOL,
    TITLE_IN_TEXT,
    TITLE_IN_TEXT_REASONED,
    TITLE_SHARED,
    *CONTRADICTION_GROUNDS.values(),
)


def title_findings(engine: TitleMatcher, listing: Listing, context: Context) -> Iterator[Finding]:
    """A finding for each work that title or text name, and one against it for each contradiction."""
    seen: set[int] = set()
    for candidate in sorted(
        engine.find((listing.title, listing.text), listing), key=lambda candidate: candidate.text_index
    ):
        if candidate.work_index in seen or (
            candidate.text_index and candidate.name.han_equivalents < MIN_TEXT_HAN_EQUIVALENTS
        ):
            continue
        seen.add(candidate.work_index)
        yield from _candidate_findings(candidate, engine.works[candidate.work_index], context)


def _candidate_findings(candidate: Candidate, work: Work, context: Context) -> Iterator[Finding]:
    probability = MAX_TITLE_PROBABILITY * candidate.probability * (TEXT_FACTOR if candidate.text_index else 1.0)
    corroboration = candidate.corroboration
    reasons = [corroboration.creator, corroboration.publisher, corroboration.year]
    reasons_text = ", ".join(str(reason) for reason in reasons if reason)
    ours, theirs = candidate.name.spelled, candidate.quote
    yield make_finding(
        TITLE_MATCHER,
        context,
        work,
        _name_ground(candidate, bool(reasons_text)),
        probability,
        ours=ours,
        theirs=theirs,
        reasons=reasons_text,
    )
    if candidate.rival_count:
        yield make_finding(
            TITLE_MATCHER, context, work, TITLE_SHARED, 0.0, ours=ours, theirs=theirs, count=candidate.rival_count
        )
    yield from contradiction_findings(TITLE_MATCHER, candidate.contradictions, work, context)


def contradiction_findings(
    matcher: str, contradictions: Sequence[Contradiction], work: Work, context: Context
) -> Iterator[Finding]:
    """A finding against the work for each contradiction."""
    for contradiction in contradictions:
        ground = CONTRADICTION_GROUNDS[contradiction.kind]
        yield make_finding(
            matcher,
            context,
            work,
            ground,
            contradiction.probability,
            ours=contradiction.ours,
            theirs=contradiction.theirs,
        )


def _name_ground(candidate: Candidate, is_reasoned: bool) -> Ground:
    if candidate.text_index:
        return TITLE_IN_TEXT_REASONED if is_reasoned else TITLE_IN_TEXT
    if candidate.channel == "school":
        return TITLE_SCHOOL
    if candidate.channel == "loose":
        return TITLE_LOOSE_REASONED if is_reasoned else TITLE_LOOSE
    if candidate.is_homophone:
        return TITLE_SOUND_REASONED if is_reasoned else TITLE_SOUND
    if candidate.edits:
        return TITLE_ERROR_REASONED if is_reasoned else TITLE_ERROR
    return TITLE_EXACT_REASONED if is_reasoned else TITLE_EXACT
