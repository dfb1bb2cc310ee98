"""The context of a name in the title makes a work more certain: only sellers' words, or signs of the work's type.

Where the rest of a title is nothing but sellers' words, or the listing is of the work's own type (a season beside a
series, a crack beside a program), a weak name match counts more. The title matcher knows few of these words, so it is
run again on the title without them; then neither their number (16 weights OTF) nor a word among them (同款内容) makes
it another work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from attrs import evolve

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from crawler.text import fold, is_han
from matchers.decision import SHARED_TITLE_GROUND, calibrated_probability, identity_probability
from matchers.findings import make_finding
from matchers.matcher import Candidates, Context, Ground, IdentityMatcher, Stage, works_by_id
from matchers.signals.listing_signals import find_signals, signal_strength
from matchers.signals.text_signals import EXTRA_PREFIX, TextSignals, find_text_signals
from matchers.signals.work_type import WorkType, work_type
from matchers.stated_creators import with_stated_creators
from matchers.title_findings import title_findings
from matchers.title_grounds import DOUBT_KEYS, TITLE_EXACT, TITLE_EXACT_REASONED
from matchers.titles import title_matcher_for
from matchers.titles.analysis import analyse
from matchers.titles.tokens import UNKNOWN_WORD_BITS, token_bits
from matchers.weights import default_weights
from registry.company_names import CompanyMatch, compare_companies

REST_SELLERS_WORDS = Ground("rest_sellers_words", Polarity.FOR, None)
REST_OF_ITS_KIND = Ground("rest_of_its_kind", Polarity.FOR, None)
# Factor on the odds of the identity. Of title_exact findings without doubts over seven title sets (bench/titles.py),
# 191 had nothing but signals beside the name: of those with probability .2 to .4, .74 were right (23), of .4 to .6,
# .96 (68). With the calibrated probability of matchers/weights.toml, over all sets: 124 pairs, stated .86, right .86.
SELLER_WORDS_ODDS = 6.0
MAX_BOOSTED_IDENTITY = 0.9  # probability that a boost can reach
MAX_UNKNOWN_WORDS = 1.0  # beside the name (a Han character is one word)
MIN_IDENTITY_GAIN = 0.02  # in probability; less is not worth a reason
EXACT_GROUNDS = (TITLE_EXACT.key, TITLE_EXACT_REASONED.key)
NUMBER_GROUNDS = frozenset(
    {"veto_sequel", "veto_behind", "veto_before", "veto_other_number", "veto_season", "edition_other", "season_other"}
)
VERSIONED_KINDS = frozenset({"software", "plugin", "app"})  # whose number is a version; a game's is a part
MIN_APP_VERSION = 4  # of a bare number: many apps are games, which have a second and third part; estimate
STRIPPED_TITLES_CACHE_SIZE = 1_024  # titles, more than a batch has: each is stripped for its prefetch and when asked
_SELLING_AREA_RE = re.compile(  # areas of signals of how the work is sold, not of which work it is
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


class Matcher(IdentityMatcher):
    """The titles of works that the title names without certainty, looked up without sellers' words."""

    name = "rest"
    stage = Stage.BOOST
    grounds = (REST_SELLERS_WORDS, REST_OF_ITS_KIND)

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = title_matcher_for(works)
        self._works = works_by_id(works)

    def prefetch(self, batch: Sequence[tuple[Listing, Candidates]], context: Context) -> None:
        """Look up all titles without sellers' words at once."""
        stripped_listings = (_strip_seller_words(listing, candidates, context) for listing, candidates in batch)
        self._engine.prefetch((stripped.title, stripped) for stripped in stripped_listings if stripped)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """The findings of works that the context changes, and of those that only the stripped title names."""
        stripped_findings = self._find_stripped(listing, candidates, context)
        for work_id in {**candidates, **stripped_findings}:
            findings = candidates.get(work_id, ())
            boosted = self._boost(listing, self._works[work_id], findings, stripped_findings.get(work_id, ()), context)
            if boosted is not findings:
                yield from boosted

    def _find_stripped(self, listing: Listing, candidates: Candidates, context: Context) -> Candidates:
        """The findings of the title engine in the title without sellers' words, by work."""
        by_work: dict[str, list[Finding]] = {}
        stripped_listing = _strip_seller_words(listing, candidates, context)
        for finding in title_findings(self._engine, stripped_listing) if stripped_listing else ():
            by_work.setdefault(finding.work_id, []).append(finding)
        return by_work

    def _boost(
        self,
        listing: Listing,
        work: Work,
        findings: Sequence[Finding],
        stripped_findings: Sequence[Finding],
        context: Context,
    ) -> Sequence[Finding]:
        """The findings of a work without those against its name and with one more, if the context supports it, else
        `findings` itself.
        """
        if (
            _is_other_company_app(listing, work)
            or _is_minor_version(listing, work, findings)
            or _is_major_version(listing, work, findings)
        ):
            findings = _without_number_grounds(findings)
            stripped_findings = _without_number_grounds(stripped_findings)
        if not findings:
            return stripped_findings
        name_finding = _lone_name_finding(findings)
        if name_finding is None:
            return findings
        return self._boost_name(listing, work, name_finding, findings, stripped_findings, context)

    def _boost_name(
        self,
        listing: Listing,
        work: Work,
        name_finding: Finding,
        findings: Sequence[Finding],
        stripped_findings: Sequence[Finding],
        context: Context,
    ) -> Sequence[Finding]:
        """`name_finding` and one that boosts it, if that makes the work more probable than all `findings` do."""
        weights = context.weights or default_weights()
        identity = identity_probability(findings, weights)
        if identity + MIN_IDENTITY_GAIN >= MAX_BOOSTED_IDENTITY:
            return findings
        probability = calibrated_probability(name_finding, weights)
        target, ground = 0.0, REST_SELLERS_WORDS
        if not any(finding.ground == SHARED_TITLE_GROUND for finding in stripped_findings):
            target = min(MAX_BOOSTED_IDENTITY, identity_probability(stripped_findings, weights))
        if len(findings) == 1:
            target, ground = _boost_lone_name(listing, work, name_finding, probability, target)
        if target <= identity + MIN_IDENTITY_GAIN:
            return findings
        if target <= probability:
            return [name_finding]
        gain = (target - probability) / (1.0 - probability)
        ours, theirs = name_finding.ours, listing.title
        return [name_finding, make_finding(self.name, work, ground, gain, ours=ours, theirs=theirs)]


def _strip_seller_words(listing: Listing, candidates: Candidates, context: Context) -> Listing | None:
    """The listing with its title without sellers' words and nothing else; None if no work is named with uncertainty."""
    uncertain = [findings for findings in candidates.values() if _is_uncertain_name(findings, context)]
    if not uncertain:
        return None
    quotes = [finding.theirs for findings in uncertain for finding in findings if finding.ground in EXACT_GROUNDS]
    bare_title = _strip_signals(listing.title, listing.kind is ListingKind.APP, tuple(quotes))
    return None if bare_title == listing.title else evolve(with_stated_creators(listing), title=bare_title, text="")


def _is_uncertain_name(findings: Sequence[Finding], context: Context) -> bool:
    """Whether the title names the work, with an identity probability below MAX_BOOSTED_IDENTITY."""
    is_named = any(finding.ground in EXACT_GROUNDS for finding in findings)
    return is_named and identity_probability(findings, context.weights or default_weights()) < MAX_BOOSTED_IDENTITY


def _without_number_grounds(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.ground not in NUMBER_GROUNDS]


def _lone_name_finding(findings: Sequence[Finding]) -> Finding | None:
    """The finding of an exactly spelled name, if no other matcher has a finding about the work and no other work shares
    the name.
    """
    name_findings = [finding for finding in findings if finding.ground in EXACT_GROUNDS]
    if (
        any(finding.ground in DOUBT_KEYS for finding in findings)
        or len(name_findings) != 1
        or any(
            finding.matcher != name_findings[0].matcher or finding.ground == SHARED_TITLE_GROUND for finding in findings
        )
    ):
        return None
    return name_findings[0]


def _boost_lone_name(
    listing: Listing, work: Work, name_finding: Finding, probability: float, target: float
) -> tuple[float, Ground]:
    """The identity if the name is the only evidence, by what is beside it, and its ground."""
    if _has_other_number(listing, work, name_finding.ours):
        return 0.0, REST_SELLERS_WORDS
    if _has_only_signals(find_text_signals(listing.title), name_finding.theirs):
        target = max(target, _multiply_odds(probability, SELLER_WORDS_ODDS))
    type_target = _multiply_odds(probability, _work_type_odds(listing, work, name_finding.ours))
    return (type_target, REST_OF_ITS_KIND) if type_target > target else (target, REST_SELLERS_WORDS)


def _multiply_odds(probability: float, odds: float) -> float:
    """The probability whose odds are `odds` times those of `probability`, at most MAX_BOOSTED_IDENTITY."""
    return min(MAX_BOOSTED_IDENTITY, odds * probability / (1.0 - probability + odds * probability))


def _is_minor_version(listing: Listing, work: Work, findings: Sequence[Finding]) -> bool:
    """Whether the title has a program's name with a minor version behind its number: 4.2 of 4 is not a sequel."""
    if work_type(work) is not WorkType.PROGRAM:
        return False
    numbered_names = [
        finding.ours for finding in findings if finding.ground in EXACT_GROUNDS and finding.ours[-1:].isdigit()
    ]
    title = fold(listing.title)
    return any(re.search(re.escape(fold(name)) + r"(?: |\.)\d{1,3}(?!\d)", title) for name in numbered_names)


def _is_major_version(listing: Listing, work: Work, findings: Sequence[Finding]) -> bool:
    """Whether all that speaks against a program's unnumbered name is one bare number behind it: the 9 of Quillforge 9.

    Programs are numbered by version, games by part, and so are the names of apps in app stores. A registered work with
    the number in its name has the longer name in the title, and so never gets here.
    """
    is_versioned = fold(work.kind or "") in VERSIONED_KINDS and listing.kind is not ListingKind.APP
    if not is_versioned or any(_NUMBER_RE.search(name) for name in (work.title, *work.aliases)):
        return False
    min_version = MIN_APP_VERSION if fold(work.kind or "") == "app" else 0
    against = [finding for finding in findings if finding.ground in NUMBER_GROUNDS]
    return bool(against) and all(
        finding.ground == "veto_sequel" and finding.theirs.isdecimal() and int(finding.theirs) >= min_version
        for finding in against
    )


def _is_other_company_app(listing: Listing, work: Work) -> bool:
    """Whether an app is by another company than the work's: its "second part" is a clone with a new suffix."""
    if listing.kind is not ListingKind.APP:
        return False
    ours = [name for name in (work.publisher, work.owner, *work.creators) if name]
    theirs = listing.publisher or listing.seller
    return bool(ours and theirs) and all(compare_companies(name, theirs or "") is CompanyMatch.OTHER for name in ours)


@lru_cache(maxsize=STRIPPED_TITLES_CACHE_SIZE)
def _strip_signals(title: str, is_app: bool, quotes: tuple[str, ...]) -> str:
    """The title with every character of a selling signal replaced by a bar, except inside `quotes`."""
    text_signals = find_text_signals(title)
    stripped = bytearray(len(title))
    for signal in text_signals.signals:
        if _SELLING_AREA_RE.fullmatch(signal.area.removeprefix(EXTRA_PREFIX)):
            first, last = text_signals.analysis.fold_map.original_span(signal.start, signal.end)
            stripped[first:last] = b"\x01" * (last - first)
    patterns = (_CALL_TO_ACTION_RE, _APP_SUFFIX_RE) if is_app else (_CALL_TO_ACTION_RE,)
    for match in (match for pattern in patterns for match in pattern.finditer(title)):
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


def _count_unknown_words(folded: str, is_known: bytearray) -> float:
    """The number of words of the folded text that are neither known nor function words nor numbers."""
    count = 0.0
    for word in _WORD_RE.finditer(folded):
        places = [place for place in range(*word.span()) if not is_known[place]]
        letters = [folded[place] for place in places if folded[place].isalpha()]
        han = sum(is_han(letter) and letter not in _HAN_FUNCTION_CHARS for letter in letters)
        is_latin = any(not is_han(letter) for letter in letters)
        count += han + (is_latin and not _FUNCTION_WORD_RE.fullmatch(word.group()))
    return count


def _work_type_odds(listing: Listing, work: Work, name: str) -> float:
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


def _has_other_number(listing: Listing, work: Work, name: str) -> bool:
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
