"""Boost the identity of a work by the context of its name in a title.

Where the rest of a title is nothing but sellers' words, or the listing is of the work's own type (a season beside a
series, a crack beside a program), a weak name match is the work's. The title matcher knows few of these words, so it is
run again on the title without them; then neither their number (16 weights OTF) nor a word among them (同款内容) makes
it another work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.items import Finding, Listing, ListingKind, Question, Work
from crawler.text import fold, is_han
from matchers.decision import SHARED_TITLE_GROUND, calibrated_probability, identity_probability
from matchers.findings import identity_finding
from matchers.matcher import Context
from matchers.signals.listing_signals import find_signals, signal_strength
from matchers.signals.text_signals import EXTRA_PREFIX, TextSignals, find_text_signals
from matchers.signals.work_type import WorkType, work_type
from matchers.titles.analysis import analyse
from matchers.titles.tokens import UNKNOWN_WORD_BITS, token_bits
from matchers.weights import default_weights
from registry.company_names import CompanyMatch, compare_companies

NAME = "rest"
# Factor on the odds of the identity. Of title_exact findings without doubts over seven title sets (bench/titles.py),
# 191 had nothing but signals beside the name: of those with probability .2 to .4, .74 were right (23), of .4 to .6,
# .96 (68). With the calibrated probability of matchers/weights.toml, over all sets: 124 pairs, stated .86, right .86.
SELLER_WORDS_ODDS = 6.0
MAX_BOOSTED_IDENTITY = 0.9  # probability that a boost can reach
MAX_UNKNOWN_WORDS = 1.0  # beside the name (a Han character is one word)
MIN_IDENTITY_GAIN = 0.02  # in probability; less is not worth a reason
EXACT_TITLE_GROUNDS = ("title_exact", "title_exact_reasoned")
NUMBER_GROUNDS = frozenset(
    {"veto_sequel", "veto_behind", "veto_before", "veto_other_number", "veto_season", "edition_other"}
)
_SELLING_AREA_RE = re.compile(  # areas of signals that say how the work is sold, never which work it is
    "account|bundle|burned|copy|copyshop|counterfeit|course|crack|drive|file|handover"
    "|pirateshop|rip|server|stream|virtual|wholesale|disclaimer|new|shop|used|open|gone|preorder|original|print"
)
_WORD_RE = re.compile(r"[^ ]{1,80}")
_FUNCTION_WORD_RE = re.compile(
    "the|an?|of|by|and|for|with|in|on|to|from|or|w|s|is|it|my|your|all|watch|season|episode|movie|film|book|app|game"
)
# Words that turn a name into a call to action, and what clones of apps append to one.
_CALL_TO_ACTION_RE = re.compile(r"^(?:watch|download|get|stream|read|listen to|buy)\b", re.IGNORECASE)
_APP_SUFFIX_RE = re.compile(
    r"(?:(?<=[\s:：\-－—(（·])|(?<=[^\x00-\x7f]))"
    r"(?:(?:19|20)\d\d|[2-9]|hd|pro|plus|lite|free|mobile|online|max|vip|premium|deluxe|gold|fast|new|手游|极速版|官方版"
    r"|正版|最新版|无广告版?|免费版|纯净版|国际版|破解版|福利版|满v版?|高清版|专业版|经典版|新版|助手版)"
    r"(?=$|[\s:：\-－—)）·])",
    re.IGNORECASE,
)
_HAN_FUNCTION_CHARS = frozenset("的了等含送带及与和版有是著")


def boost_identity(
    listing: Listing, work: Work, findings: Sequence[Finding], stripped_findings: Sequence[Finding], context: Context
) -> list[Finding]:
    """The findings about a work, where that helps with one more and without those against the name.

    `stripped_findings` are what the title matcher finds in the title without sellers' words.
    """
    if _is_other_company_app(listing, work) or _is_minor_version(listing, work, findings):
        findings = [finding for finding in findings if finding.ground not in NUMBER_GROUNDS]
        stripped_findings = [finding for finding in stripped_findings if finding.ground not in NUMBER_GROUNDS]
    identity_findings = [finding for finding in findings if finding.question is Question.IDENTITY]
    name_findings = [finding for finding in identity_findings if finding.ground in EXACT_TITLE_GROUNDS]
    if not identity_findings:
        return list(stripped_findings)
    if len(name_findings) != 1 or any(
        finding.matcher != name_findings[0].matcher or finding.ground == SHARED_TITLE_GROUND
        for finding in identity_findings
    ):
        return list(findings)
    weights = context.weights or default_weights()
    identity, chance = (
        identity_probability(identity_findings, weights),
        calibrated_probability(name_findings[0], weights),
    )
    if identity + MIN_IDENTITY_GAIN >= MAX_BOOSTED_IDENTITY:
        return list(findings)
    target = (
        min(MAX_BOOSTED_IDENTITY, identity_probability(stripped_findings, weights))
        if not any(finding.ground == SHARED_TITLE_GROUND for finding in stripped_findings)
        else 0.0
    )
    key = "rest_sellers_words"
    if len(identity_findings) == 1:
        target, key = _boost_lone_name(listing, work, name_findings[0], chance, target)
    if target <= identity + MIN_IDENTITY_GAIN:
        return list(findings)
    kept_findings = [finding for finding in findings if finding not in identity_findings] + name_findings
    if target <= chance:
        return kept_findings
    probability = (target - chance) / (1.0 - chance)
    ours, theirs = name_findings[0].ours, listing.title
    return [*kept_findings, identity_finding(NAME, context, work, key, probability, ours=ours, theirs=theirs)]


def _boost_lone_name(
    listing: Listing, work: Work, name_finding: Finding, chance: float, target: float
) -> tuple[float, str]:
    """The identity probability of a lone name match, by what is beside it, and the key of the reason."""
    if has_other_number(listing, work, name_finding.ours):
        return 0.0, "rest_sellers_words"
    if _has_only_signals(find_text_signals(listing.title), name_finding.theirs):
        target = max(target, _multiply_odds(chance, SELLER_WORDS_ODDS))
    type_target = _multiply_odds(chance, work_type_odds(listing, work, name_finding.ours))
    return (type_target, "rest_of_its_kind") if type_target > target else (target, "rest_sellers_words")


def _multiply_odds(chance: float, odds: float) -> float:
    """The probability whose odds are `odds` times those of `chance`, at most MAX_BOOSTED_IDENTITY."""
    return min(MAX_BOOSTED_IDENTITY, odds * chance / (1.0 - chance + odds * chance))


def _is_minor_version(listing: Listing, work: Work, findings: Sequence[Finding]) -> bool:
    """Whether the title has a program's name with a minor version behind its number: 4.2 of 4 is not a sequel."""
    if work_type(work) is not WorkType.PROGRAM:
        return False
    numbered_names = [
        finding.ours for finding in findings if finding.ground in EXACT_TITLE_GROUNDS and finding.ours[-1:].isdigit()
    ]
    title = fold(listing.title)
    return any(re.search(re.escape(fold(name)) + r"(?: |\.)\d{1,3}(?!\d)", title) for name in numbered_names)


def is_uncertain_name(findings: Sequence[Finding], context: Context) -> bool:
    """Whether the title names the work, with an identity probability below MAX_BOOSTED_IDENTITY."""
    is_named = any(finding.ground in EXACT_TITLE_GROUNDS for finding in findings)
    return is_named and identity_probability(findings, context.weights or default_weights()) < MAX_BOOSTED_IDENTITY


def _is_other_company_app(listing: Listing, work: Work) -> bool:
    """Whether an app is by another company than the work's: its "second part" is a clone with a new suffix."""
    if listing.kind is not ListingKind.APP:
        return False
    ours = [name for name in (work.publisher, work.owner, *work.creators) if name]
    theirs = listing.publisher or listing.seller
    return bool(ours and theirs) and all(compare_companies(name, theirs or "") is CompanyMatch.OTHER for name in ours)


def strip_signals(listing: Listing, quotes: Sequence[str]) -> str:
    """The title with every character of a selling signal replaced by a bar, except inside `quotes`."""
    title = listing.title
    text_signals = find_text_signals(title)
    stripped = bytearray(len(title))
    for signal in text_signals.signals:
        if _SELLING_AREA_RE.fullmatch(signal.area.removeprefix(EXTRA_PREFIX)):
            first, last = text_signals.analysis.fold_map.original_span(signal.start, signal.end)
            stripped[first:last] = b"\x01" * (last - first)
    patterns = (_CALL_TO_ACTION_RE, _APP_SUFFIX_RE) if listing.kind is ListingKind.APP else (_CALL_TO_ACTION_RE,)
    for match in (match for is_stripped in patterns for match in is_stripped.finditer(title)):
        stripped[slice(*match.span())] = b"\x01" * len(match.group())
    for quote in quotes:
        start = title.find(quote)
        if start >= 0:
            stripped[start : start + len(quote)] = bytes(len(quote))
    return (
        "".join("|" if is_stripped else letter for letter, is_stripped in zip(title, stripped, strict=True))
        if any(stripped)
        else title
    )


def _has_only_signals(text_signals: TextSignals, quote: str) -> bool:
    """Whether there is a signal beside the quote, and at most MAX_UNKNOWN_WORDS words that are none."""
    in_name = _mark_quote(text_signals, quote)
    is_known = bytearray(in_name)
    signal_count = 0
    for signal in text_signals.signals:
        signal_count += not any(in_name[signal.start : signal.end])
        is_known[signal.start : signal.end] = b"\x01" * (signal.end - signal.start)
    for place, noisy in zip(text_signals.analysis.positions, text_signals.analysis.noise, strict=True):
        is_known[place] |= noisy
    return signal_count > 0 and _count_unknown_words(text_signals.folded_text, is_known) <= MAX_UNKNOWN_WORDS


def _mark_quote(text_signals: TextSignals, quote: str) -> bytearray:
    """1 for each character of the folded text that is part of the quote, else 0."""
    start = text_signals.analysis.original.find(quote)
    end = start + len(quote)
    return bytearray(start <= origin < end for origin in text_signals.analysis.fold_map.origins)


def _count_unknown_words(key: str, is_known: bytearray) -> float:
    """The number of words of the folded text that are neither known nor function words nor numbers."""
    count = 0.0
    for word in _WORD_RE.finditer(key):
        places = [place for place in range(*word.span()) if not is_known[place]]
        letters = [key[place] for place in places if key[place].isalpha()]
        han = sum(is_han(letter) and letter not in _HAN_FUNCTION_CHARS for letter in letters)
        is_latin = any(not is_han(letter) for letter in letters)
        count += han + (is_latin and not _FUNCTION_WORD_RE.fullmatch(word.group()))
    return count


MIN_COINED_CHARS = 7  # of a coined word
MAX_COINED_WORDS = 2  # in a coined name, not counting numbers
# Factors on the odds of the identity of a coined name. Estimates; five title sets of bench/titles.py were unaffected.
OWN_TRADE_ODDS = 15.0  # for signals of an offence that only this type of work suffers, or an app with an app's name
SAME_TYPE_ODDS = 6.0  # for a plain word of the trade
MIN_COINED_STRENGTH = 0.5  # of such signals
MIN_COMMON_STRENGTH = 0.8  # of such signals, where the name is made of common words
BESIDE_WORK_AREAS = ("merch", "own", "service")
_NUMBER_RE = re.compile(r"\d{1,4}")
OWN_TRADE_AREAS = {
    WorkType.PROGRAM: ("crack", "server", "account"),
    WorkType.SHOW: ("rip", "stream", "burned", "account"),
    WorkType.COURSE: ("course",),
    WorkType.PRINT: ("copy",),
}
_TRADE_WORD_RES = {
    WorkType.PROGRAM: re.compile(
        r"\b(?:apps?|apk|software|plug-?in|vst|licen[cs]e|windows|win|mac|macos|android|ios|ipad|pc|steam|games?|version"
        r"|v\d{1,3}(?:\.\d{1,3}){0,3}|x64|subscription|premium|activation)\b|软件|手游|单机|安卓|苹果|插件|字体",
        re.IGNORECASE,
    ),
    WorkType.SHOW: re.compile(
        r"\b(?:seasons?|s\d{1,2}(?:e\d{1,3})?|episodes?|series|dvds?|blu-?ray|movie|film|album|lp|vinyl|mp3|flac|cd"
        r"|uhd|4k|soundtrack)\b|电影|电视剧|全集|第?\d{1,4}集|专辑|黑胶",
        re.IGNORECASE,
    ),
    WorkType.COURSE: re.compile(r"\b(?:course|class|lessons?|videos?|workshop|bootcamp|masterclass)\b|课程|网课", re.I),
    WorkType.PRINT: re.compile(
        r"\b(?:books?|paperback|hardcover|hardback|novel|textbook|edition|epub|pdf|kindle|isbn)\b|小说|教材|绘本", re.I
    ),
}


def work_type_odds(listing: Listing, work: Work, name: str) -> float:
    """The factor on the odds of the work of this name; 1.0 where nothing shows the listing's type."""
    if find_signals(listing, work, *BESIDE_WORK_AREAS):
        return 1.0
    if not _is_coined_name(name):
        return (
            SAME_TYPE_ODDS
            if signal_strength(find_signals(listing, work, *OWN_TRADE_AREAS[work_type(work)])) >= MIN_COMMON_STRENGTH
            else 1.0
        )
    kind = work_type(work)
    is_app = listing.kind is ListingKind.APP and kind is WorkType.PROGRAM
    if is_app or signal_strength(find_signals(listing, work, *OWN_TRADE_AREAS[kind])) >= MIN_COINED_STRENGTH:
        return OWN_TRADE_ODDS
    return SAME_TYPE_ODDS if _TRADE_WORD_RES[kind].search(f"{listing.title}\n{listing.text}") else 1.0


def has_other_number(listing: Listing, work: Work, name: str) -> bool:
    """Whether the number behind `name` is none of the work's numbers, if it has any: Draft 2019 is not Draft 2026.

    False for a name that ends with a digit: a number behind it is a point release.
    """
    work_numbers = {number for work_name in (work.title, *work.aliases) for number in _NUMBER_RE.findall(work_name)}
    number_match = (
        re.search(re.escape(fold(name)) + r" ?v?(\d{1,4})", fold(listing.title))
        if work_numbers and not name[-1:].isdigit()
        else None
    )
    return number_match is not None and number_match.group(1) not in work_numbers


def _is_coined_name(name: str) -> bool:
    """Whether the name consists wholly or mostly of a long Latin word that is unknown to general text."""
    words = [word for word in analyse(name).fold_map.text.split() if not word.isdigit()]
    rare_words = [
        word
        for word in words
        if len(word) >= MIN_COINED_CHARS and not is_han(word[0]) and token_bits(word) >= UNKNOWN_WORD_BITS
    ]
    return bool(rare_words) and len(words) <= MAX_COINED_WORDS
