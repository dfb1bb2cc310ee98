"""Why a title that spells a name may still be another work, by what the listing says around and beside it.

In a large registry most names are also head words, subjects, parts of longer titles, people, or names of works of
another kind. The title engine judges a name by its surroundings in one text; here the whole listing speaks: formats,
stated creators, how a subtitle goes on, whether a description names the work or only mentions it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from crawler.items import Listing, ListingKind, Work
from crawler.text import fold, is_han
from matchers.carried_media import is_other_medium, is_own_medium
from matchers.signals.work_type import WorkType, work_type
from matchers.stated_creators import Agreement, compare_creators, find_claims
from matchers.titles import Candidate, Contradiction
from matchers.titles.analysis import AnalysedText, analyse
from matchers.titles.corroboration import is_part_of_person
from matchers.titles.numerals import NUMERAL_PATTERN, unit_roles
from matchers.titles.title_names import han_equivalents, strip_mark

# Probabilities that a doubt is right. Estimates, checked on the 393 hits of bench/bulk_verdicts.csv; those of .65 and
# below leave a certain name to a person.
OTHER_SIGN_PROBABILITY = 0.97
# Where a namesake of the right kind is registered; and where none is: then sellers' words may name any format, and
# matchers/decision.py lets the name alone be no hit.
SHARED_OTHER_MEDIUM_PROBABILITY, OTHER_MEDIUM_PROBABILITY = 0.9, 0.3
OTHER_SUBTITLE_PROBABILITY = 0.65
MENTION_PROBABILITY = 0.9
PASSING_MENTION_PROBABILITY = 0.5
OTHER_SPELLING_PROBABILITY = 0.45  # a slip, or another word: matchers/decision.py lets neither be a hit by itself
UNCONFIRMED_PROBABILITY = 0.6
HEAD_WORD_PROBABILITY = 0.55
NUMBER_PROBABILITY = 0.8
PERSON_PROBABILITY = 0.65
SERIES_REMARK_PROBABILITY = 0.65

MIN_SUBTITLE_SHARE = 0.5  # of the characters of the shorter of two Han subtitles of one work, in their order
MIN_SUBTITLE_SIMILARITY = 60.0  # partial_ratio of two Latin subtitles of one work
MIN_TITLE_SIMILARITY = 55.0  # partial_ratio of a listing's title and a name of the work that its text names
MIN_SUBTITLE_INFORMATION = 2.0  # Han characters; a shorter rest of a title is no subtitle
SHORT_SPELLING_INFORMATION = 5.0  # Han characters up to which one character more or less makes another word
MIN_SENTENCE_INFORMATION = 3.0  # Han characters beside a name that make more of it than an item of a list
MIN_DISTINCTIVE_INFORMATION = 5.0  # Han characters below which words of a sentence may spell a name
MIN_HEAD_INFORMATION = 4.0  # Han characters of a name that is more than a word
MIN_HEAD_REST_SHARE = 0.6  # share of a title's information beside the name that makes it a longer title
MAX_PERSON_PART_CHARS = 4  # Han characters of a part of a foreign name
MIN_RUN_SHARE = 0.5  # of the unknown words around a name that only sounds like it
MIN_CREATOR_CHARS = 3  # characters of a creator's name that a collection may be called by
MAX_SHORT_WORD_CHARS = 3  # characters of a Latin word that one edit makes another word
_SIGN_RE = re.compile(r"[+#＋＃]")
_SIGNS_RE = re.compile(r"(?<![^\W\d_])[A-Za-z](?P<signs>[+#＋＃]{1,3})?")
_LEADING_SIGNS_RE = re.compile(r"[+#＋＃]{0,3}")
_LATIN_WORD_RE = re.compile(r"[a-z]+")
_EDITION_RE = re.compile(r"(?:原书)?第? ?[\d一二三四五六七八九十]{1,3} ?版|\d{1,2}(?:st|nd|rd|th)? ?(?:ed|edition|e)\b")
_SUBTITLE_START_RE = re.compile(r"\s{0,3}(?:[:：—–_-]|[^\s\W])")
_NUMBER_RE = re.compile(rf"\d+|第(?:{NUMERAL_PATTERN})(?P<unit>[^\d\W]{{1,2}})")
_DOTTED_NAME_RE = re.compile(r"[\u4e00-\u9fff]{1,6}(?:[·・•][\u4e00-\u9fff]{1,6}){1,3}")
_ITEM_SEPARATOR_RE = re.compile(r"[、，,+/;；|·。！!？?()（）\n]")
_SERIES_RE = re.compile(r"(?:丛书|文丛|译丛|文库|书系|系列)$|\b(?:series|library|collection)$", re.IGNORECASE)
_DELIMITED_RE = re.compile(r"^\s{0,3}《.*》\s{0,3}$|\.[A-Za-z]{2,4}[0-9]?\s{0,3}$")
_AUTHORED_TYPES = frozenset({WorkType.PRINT, WorkType.COURSE})  # whose creators are those that a listing states
_TITLED_KINDS = frozenset({ListingKind.POST, ListingKind.SHARE})  # their titles are titles, with few sellers' words
# A name in front of or behind these words is spoken of: its author's new book, what is as good.
_MENTION_BEFORE_RE = re.compile(
    r"(?:媲美|堪比|比肩|不输给?|类似于?|致敬|改编自|出自|(?:继|(?<!\w)(?:像|如同?|比))(?=\s{0,2}《))\s{0,2}[《「“\"]?$"
    r"|\b(?:(?:authors?|creators?|makers?|directors?|producers?|team|studio|writers?) (?:of|behind)|fans of|lovers of"
    r"|reminiscent of|(?:style|vein|spirit) of|similar to|better than|inspired by|sequel to|companion to)\s{0,2}"
    r"[\"“'‘*]?(?:the )?$",
    re.IGNORECASE,
)
_MENTION_BEHIND_RE = re.compile(
    r"[》」”\"]?\s?的?(?:作者|导演|编剧|主创|团队|原班人马|制作人|制作组|主演)[^:：\n《]{0,6}(?:新作|力作|新书|新片|最新|另一|又一|再度|《)"
    r"|[》」”\"]\s?的?(?:姊妹篇|姐妹篇|续[篇作集]|前[作传]|外传)"
)


def find_doubts(candidate: Candidate, work: Work, listing: Listing) -> Iterator[Contradiction]:
    """The doubts about a candidate that `title` or `text` of the listing names; the listing holds stated creators."""
    text = analyse(listing.text if candidate.text_index else listing.title)
    is_confirmed = candidate.corroboration.has_second_reason()
    if candidate.channel == "spelled":
        yield from _sign_doubts(candidate, text)
        yield from _spelling_doubts(candidate, is_confirmed)
        if candidate.edits and _is_own_creator(candidate, work):
            yield _doubt("mention", candidate, candidate.quote, MENTION_PROBABILITY)
        yield from _mention_doubts(candidate, work, listing, text)
        if not candidate.edits and not candidate.text_index:
            yield from _title_doubts(candidate, work, listing, text)
    if not is_confirmed and is_other_medium(listing, work):
        probability = SHARED_OTHER_MEDIUM_PROBABILITY if candidate.rival_count else OTHER_MEDIUM_PROBABILITY
        yield _doubt("other_medium", candidate, listing.title, probability)
    is_whole = not (candidate.edits or candidate.text_index) and "all" in candidate.features
    if (
        not is_confirmed
        and not is_whole
        and work_type(work) in _AUTHORED_TYPES
        and _is_creator_unconfirmed(listing, work)
        and not _has_other_reason(candidate, work, listing)
    ):
        yield _doubt("unconfirmed", candidate, "、".join(listing.creators), UNCONFIRMED_PROBABILITY)


def _title_doubts(candidate: Candidate, work: Work, listing: Listing, text: AnalysedText) -> Iterator[Contradiction]:
    """The doubts about a name that a title spells exactly: it may be a part of another title."""
    if work_type(work) is WorkType.PRINT:  # other works are known by the head of their titles
        yield from _subtitle_doubts(candidate, work, listing, text)
    if _is_number(candidate) and not _is_outright(candidate):
        yield _doubt("number", candidate, text.original, NUMBER_PROBABILITY)
    elif candidate.corroboration.has_second_reason():
        return
    elif _is_person(candidate, text):
        yield _doubt("mention", candidate, text.original, PERSON_PROBABILITY)
    elif _is_series_remark(candidate, text):
        yield _doubt("series_remark", candidate, candidate.quote, SERIES_REMARK_PROBABILITY)
    elif listing.kind in _TITLED_KINDS and _is_head_word(candidate) and not _has_other_reason(candidate, work, listing):
        yield _doubt("head_word", candidate, text.original, HEAD_WORD_PROBABILITY)


def is_claimed_creator(candidate: Candidate, listing: Listing) -> bool:
    """Whether what spells the name is a creator whom the text states (作者：…), not a title."""
    start, end = candidate.span
    text = listing.text if candidate.text_index else listing.title
    return any(claim.span[0] <= start and end <= claim.span[1] for claim in find_claims(text))


def _doubt(kind: str, candidate: Candidate, theirs: str, probability: float) -> Contradiction:
    return Contradiction(kind=kind, ours=candidate.name.spelled, theirs=theirs, probability=probability)


def _sign_doubts(candidate: Candidate, text: AnalysedText) -> Iterator[Contradiction]:
    """A single letter with another sign: C# is not C++, and C is neither. Folding drops the signs."""
    start, end = candidate.span
    quote = text.original[start:end] + _LEADING_SIGNS_RE.match(text.original[end:]).group()  # type: ignore[union-attr]
    ours = [match["signs"] or "" for match in _SIGNS_RE.finditer(candidate.name.spelled) if _is_alone(match)]
    theirs = [match["signs"] or "" for match in _SIGNS_RE.finditer(quote) if _is_alone(match)]
    is_spelled_apart = len(_SIGN_RE.findall(quote)) > len("".join(theirs))  # T+i+t+l+e is a disguise
    if ours and len(ours) == len(theirs) and ours != theirs and not is_spelled_apart:
        yield _doubt("other_sign", candidate, quote, OTHER_SIGN_PROBABILITY)


def _is_alone(match: re.Match[str]) -> bool:
    """Whether the letter is a word of its own in Latin script."""
    after = match.string[match.end() : match.end() + 1]
    return not (after.isascii() and after.isalnum())


def _spelling_doubts(candidate: Candidate, is_confirmed: bool) -> Iterator[Contradiction]:
    """An edit or sound that makes a short name, or a short Latin word in it, another word."""
    if candidate.is_homophone and not is_confirmed and _is_part_of_run(candidate):
        yield _doubt("other_spelling", candidate, candidate.quote, OTHER_SPELLING_PROBABILITY)
    if not candidate.edits or candidate.is_homophone:
        return
    ours, theirs = candidate.name.compact, fold(candidate.quote).replace(" ", "")
    our_words, their_words = (
        {word for word in _LATIN_WORD_RE.findall(compact) if len(word) <= MAX_SHORT_WORD_CHARS}
        for compact in (ours, theirs)
    )
    is_other_word = our_words != their_words and any(map(is_han, ours))
    is_unlike = len(ours) != len(theirs) or "replaced_foreign" in candidate.features
    if is_other_word or (
        is_unlike
        and is_han(ours[0])
        and not is_confirmed
        and candidate.name.han_equivalents <= SHORT_SPELLING_INFORMATION
    ):
        yield _doubt("other_spelling", candidate, candidate.quote, OTHER_SPELLING_PROBABILITY)


def _is_part_of_run(candidate: Candidate) -> bool:
    """Whether a short name is the smaller part of a run of unknown words, which sound like it by chance."""
    features = candidate.features
    is_joined = "before_joined" in features or "behind_joined" in features
    is_short = candidate.name.han_equivalents <= SHORT_SPELLING_INFORMATION
    return is_joined and is_short and features.get("segment", 1.0) < MIN_RUN_SHARE


def _is_own_creator(candidate: Candidate, work: Work) -> bool:
    """Whether what is spelled with an error is hardly more than the creator's name, which is no second reason then."""
    quote = fold(candidate.quote).replace(" ", "")
    creators = [fold(name).replace(" ", "") for name in work.creators]
    return any(name in quote and len(quote) <= len(name) + 1 for name in creators if len(name) >= MIN_CREATOR_CHARS)


def _mention_doubts(candidate: Candidate, work: Work, listing: Listing, text: AnalysedText) -> Iterator[Contradiction]:
    """A name that is praised or compared with; and one in a description that words spell, or the title rules out."""
    start, end = candidate.span
    before, behind = text.original[max(0, start - 40) : start], text.original[end : end + 24]
    if _MENTION_BEFORE_RE.search(before) or _MENTION_BEHIND_RE.match(behind):
        yield _doubt("mention", candidate, before[-12:] + candidate.quote + behind[:8], MENTION_PROBABILITY)
    elif not candidate.text_index and is_han(candidate.name.compact[0]) and _is_in_remark(candidate, text):
        yield _doubt("mention", candidate, text.original, MENTION_PROBABILITY)
    elif candidate.text_index and _is_title_of_other_work(candidate, work, listing):
        yield _doubt("mention", candidate, listing.title, MENTION_PROBABILITY)
    elif candidate.text_index and _is_passing(candidate, listing):
        yield _doubt("passing_mention", candidate, candidate.quote, PASSING_MENTION_PROBABILITY)


def _is_passing(candidate: Candidate, listing: Listing) -> bool:
    """Whether words of a sentence in the description, or a hash tag, spell a short name, perhaps by chance."""
    is_hash_tag = listing.text[max(0, candidate.span[0] - 1) : candidate.span[0]] in ("#", "＃")
    is_part_of_sentence = (
        is_hash_tag
        or "touched" in candidate.features
        or (listing.kind in _TITLED_KINDS and is_in_sentence(candidate, listing.text))
    )
    return is_part_of_sentence and candidate.name.han_equivalents < MIN_DISTINCTIVE_INFORMATION


def _is_in_remark(candidate: Candidate, text: AnalysedText) -> bool:
    """Whether the name is part of a sentence in the brackets behind another title; lists in brackets are contents."""
    start = candidate.span[0]
    opened = max(text.original.rfind(bracket, 0, start) for bracket in "(（")
    closed = max(text.original.rfind(bracket, 0, start) for bracket in ")）")
    if opened <= closed or han_equivalents(fold(text.original[:opened]).replace(" ", "")) < MIN_SUBTITLE_INFORMATION:
        return False
    return han_equivalents("".join(_words_beside(candidate, text.original))) >= MIN_SENTENCE_INFORMATION


def is_in_sentence(candidate: Candidate, text: str) -> bool:
    """Whether words lead to the name in its line, in a sentence: contents stand apart, titles begin a line."""
    before, behind = _words_beside(candidate, text)
    return bool(before) and han_equivalents(before + behind) >= MIN_SENTENCE_INFORMATION


def _words_beside(candidate: Candidate, text: str) -> tuple[str, str]:
    """The compact text between the name and the next separators before and behind it."""
    start, end = candidate.span
    before, behind = _ITEM_SEPARATOR_RE.split(text[:start])[-1], _ITEM_SEPARATOR_RE.split(text[end:])[0]
    return fold(before).replace(" ", ""), fold(behind).replace(" ", "")


def _is_title_of_other_work(candidate: Candidate, work: Work, listing: Listing) -> bool:
    """Whether the text names the work in another script than the title, which is unlike all names in its own script."""
    title = strip_edition(fold(listing.title))
    is_title_han = any(map(is_han, title))
    if is_title_han == any(map(is_han, candidate.name.compact)):
        return False
    names = [fold(name) for name in (work.title, *work.aliases)]
    comparable = [name for name in names if any(map(is_han, name)) == is_title_han]
    return bool(comparable) and all(fuzz.partial_ratio(name, title) < MIN_TITLE_SIMILARITY for name in comparable)


def _subtitle_doubts(candidate: Candidate, work: Work, listing: Listing, text: AnalysedText) -> Iterator[Contradiction]:
    """A title that begins like the work's and goes on otherwise: another volume, or another book of the same head."""
    is_joined = _is_joined(candidate, text)
    theirs = _text_behind(candidate, text)
    if _subtitle_information(theirs, candidate) < MIN_SUBTITLE_INFORMATION:
        return
    if is_joined and listing.kind not in _TITLED_KINDS and not _is_delimited(text):
        return  # sellers' words may touch the name
    ours = [
        rest
        for name in (work.title, *work.aliases)
        if (rest := _rest_of(strip_edition(fold(name)), candidate.name.compact))
        and han_equivalents(rest) >= MIN_SUBTITLE_INFORMATION
    ]
    corroboration = candidate.corroboration
    known = [fold(name).replace(" ", "") for name in (corroboration.creator, corroboration.publisher) if name]
    if any(name in theirs for name in known) or any(_is_same_subtitle(rest, theirs) for rest in ours):
        return
    if ours or (_is_delimited(text) and is_joined):
        yield _doubt("other_subtitle", candidate, text.original[candidate.span[0] :], OTHER_SUBTITLE_PROBABILITY)


def _subtitle_information(theirs: str, candidate: Candidate) -> float:
    """The information of a subtitle; behind a Han name only that of its Han characters."""
    return float(sum(map(is_han, theirs))) if is_han(candidate.quote[-1]) else han_equivalents(theirs)


def _is_delimited(text: AnalysedText) -> bool:
    """Whether the text is a title and nothing else: in title marks, or a file name."""
    return _DELIMITED_RE.search(text.original) is not None


def _is_joined(candidate: Candidate, text: AnalysedText) -> bool:
    """Whether a Han name touches further Han characters behind it."""
    quote, behind = candidate.quote, text.original[candidate.span[1] : candidate.span[1] + 1]
    return bool(behind) and is_han(quote[-1]) and is_han(behind)


def _rest_of(folded_name: str, head: str) -> str:
    """What a name says behind `head`, compact; "" if it begins otherwise."""
    compact = folded_name.replace(" ", "")
    return compact[len(head) :] if compact.startswith(head) else ""


def _text_behind(candidate: Candidate, text: AnalysedText) -> str:
    """The compact text behind the name that continues it: joined, or behind a colon or dash; without sellers' words."""
    end = candidate.span[1]
    if not _SUBTITLE_START_RE.match(text.original[end:]) or text.original[end : end + 1].isspace():
        return ""
    positions = [
        position
        for position, origin in enumerate(text.origins)
        if origin >= end and not text.noise[position] and not text.bracketed[position]
    ]
    return strip_edition("".join(text.compact[position] for position in positions))


def _is_same_subtitle(ours: str, theirs: str) -> bool:
    our_words, their_words = (set(_LATIN_WORD_RE.findall(rest)) for rest in (ours, theirs))
    is_mixed = any(map(is_han, ours)) and any(map(is_han, theirs))
    if is_mixed and our_words and their_words and not our_words & their_words:
        return False
    if any(map(is_han, ours)):
        return LCSseq.similarity(ours, theirs) >= MIN_SUBTITLE_SHARE * min(len(ours), len(theirs))
    return fuzz.partial_ratio(ours, theirs) >= MIN_SUBTITLE_SIMILARITY


def strip_edition(folded: str) -> str:
    """A folded title without the editions it states."""
    stripped = strip_mark(folded)
    return _EDITION_RE.sub("", stripped[0] if stripped else folded).strip()


def _is_series_remark(candidate: Candidate, text: AnalysedText) -> bool:
    """Whether the name is that of a series, in brackets behind the title of one of its books."""
    if not _SERIES_RE.search(candidate.name.spelled):
        return False
    start, end = candidate.span
    before = text.original[:start].rstrip()
    return (
        before[-1:] in "(（" and text.original[end : end + 1] in ")）·,，/|" and bool(before[:-1].strip(" 《【[“\"'"))
    )


def _is_number(candidate: Candidate) -> bool:
    """Whether the name is a number, a year or a volume: 2010, 第二集."""
    match = _NUMBER_RE.fullmatch(candidate.name.compact)
    return match is not None and (not match["unit"] or match["unit"] in unit_roles())


def _is_person(candidate: Candidate, text: AnalysedText) -> bool:
    """Whether the name is a foreign person's, or part of one, beside other words of a title: more likely its author."""
    first, last = (bisect_left(text.origins, offset) for offset in candidate.span)
    is_beside_noise = (first > 0 and text.noise[first - 1]) or (last < len(text.compact) and text.noise[last])
    is_short = candidate.name.han_equivalents <= MAX_PERSON_PART_CHARS
    if is_short and not is_beside_noise and is_part_of_person(text, first, last):
        return True
    return _DOTTED_NAME_RE.fullmatch(candidate.name.spelled) is not None and not _is_outright(candidate)


def _is_outright(candidate: Candidate) -> bool:
    """Whether the name is all of a title, or of a release name, or in title marks."""
    is_marked = "framed" in candidate.features and not candidate.name.compact.isdigit()  # [2010] is a year
    return is_marked or "all" in candidate.features or "released" in candidate.features


def _is_head_word(candidate: Candidate) -> bool:
    """Whether a short name is a small part of a long title, which may only begin or end with the same words.

    A Latin name that begins the title is the title of many a release; a Han one begins a compound.
    """
    if _is_outright(candidate) or candidate.name.han_equivalents >= MIN_HEAD_INFORMATION:
        return False
    if not is_han(candidate.name.compact[0]):
        return "leads" not in candidate.features
    return candidate.features.get("rest", 0.0) >= MIN_HEAD_REST_SHARE


def _is_creator_unconfirmed(listing: Listing, work: Work) -> bool:
    """Whether the listing states creators whom nothing connects with the work's."""
    return bool(listing.creators and work.creators) and (
        compare_creators(listing.creators, work.creators) is Agreement.UNKNOWN
    )


def _has_other_reason(candidate: Candidate, work: Work, listing: Listing) -> bool:
    """Whether formats are those of the work's kind, if books are not, or the listing has another name of the work."""
    if "leads" in candidate.features and work_type(work) is not WorkType.PRINT and is_own_medium(listing, work):
        return True
    other_names = [
        name
        for name in (work.title, *work.aliases)
        if (compact := fold(name).replace(" ", "")) not in candidate.name.compact
        and candidate.name.compact not in compact
    ]
    return any(
        analyse(part).find_mention(other_names) for part in (listing.title, listing.text) if part and other_names
    )
