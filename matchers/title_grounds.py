"""The grounds of what the title engine and the doubts about it say, for the matchers that look names up."""

from __future__ import annotations

from crawler.items import Polarity
from matchers.matcher import Ground

TITLE_MATCHER = "title"  # the matcher's name in findings of titles, whichever matcher yields them
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
# By the kind of doubt (matchers/title_doubts.py).
DOUBT_GROUNDS = {
    "other_sign": Ground(
        "veto_other_sign",
        Polarity.AGAINST,
        None,
        en="“{theirs}” has another sign than “{ours}”",
        zh="“{theirs}”与“{ours}”的符号不同",
    ),
    "other_spelling": Ground(
        "veto_other_spelling",
        Polarity.AGAINST,
        None,
        en="“{theirs}” may be another word than “{ours}”",
        zh="“{theirs}”可能与“{ours}”不是同一个词",
    ),
    "other_subtitle": Ground(
        "veto_other_subtitle",
        Polarity.AGAINST,
        None,
        en="“{theirs}” begins like “{ours}” and continues differently",
        zh="“{theirs}”开头与“{ours}”相同，后文不同",
    ),
    "other_medium": Ground(
        "veto_other_medium",
        Polarity.AGAINST,
        None,
        en="the formats of “{theirs}” are not those of “{ours}”: a work of another kind",
        zh="“{theirs}”的格式与“{ours}”不符，应为另一类作品",
    ),
    "mention": Ground(
        "veto_mention",
        Polarity.AGAINST,
        None,
        en="the listing mentions “{ours}” but offers something else: “{theirs}”",
        zh="该条目只是提到“{ours}”，提供的是其他内容：“{theirs}”",
    ),
    "passing_mention": Ground(
        "veto_passing_mention",
        Polarity.AGAINST,
        None,
        en="“{ours}” is only mentioned in a sentence of the description",
        zh="“{ours}”只出现在描述的句子中",
    ),
    "series_remark": Ground(
        "veto_series_remark",
        Polarity.AGAINST,
        None,
        en="“{ours}” stands in brackets behind another title",
        zh="“{ours}”写在另一书名后的括号内",
    ),
    "number": Ground(
        "veto_number",
        Polarity.AGAINST,
        None,
        en="“{ours}” may be a year or a number in “{theirs}”",
        zh="“{ours}”在“{theirs}”中可能只是年份或编号",
    ),
    "head_word": Ground(
        "veto_head_word",
        Polarity.AGAINST,
        None,
        en="“{ours}” is short, and most of “{theirs}” is something else",
        zh="“{ours}”较短，且“{theirs}”大部分是其他内容",
    ),
    "unconfirmed": Ground(
        "veto_unconfirmed",
        Polarity.AGAINST,
        None,
        en="the listing states {theirs}, and nothing connects them with “{ours}”",
        zh="该条目写明{theirs}，无法确认与“{ours}”有关",
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
    *DOUBT_GROUNDS.values(),
)
DOUBT_KEYS = frozenset(ground.key for ground in DOUBT_GROUNDS.values())
