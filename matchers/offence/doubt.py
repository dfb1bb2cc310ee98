"""Two careful people could judge the offer differently: a key without its origin, a seller's own account, own notes.

Such an offer is a review whatever its probability is, unless something else makes it a hit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.intent import is_joined_extra
from matchers.signals.listing_signals import find_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

DOUBT_KEY = Ground("doubt_key", Polarity.FOR, 0.5)
DOUBT_ACCOUNT = Ground("doubt_account", Polarity.FOR, 0.5)
DOUBT_NOTES = Ground("doubt_notes", Polarity.FOR, 0.5)
KEY_RE = re.compile(
    r"\b(?:cd|product|licen[cs]e|activation|serial|steam|game)[ -]?keys?\b|\b(?:activation|redeem) codes?\b"
    r"|激活码|激活密钥|产品密钥|序列号|兑换码|(?<=[\u4e00-\u9fff])\s?(?:cd ?)?key(?![a-z])",
    re.IGNORECASE,
)
OWN_ACCOUNT_RE = re.compile(
    r"(?:selling|sell|sale of)\s(?:my|own)\s(?:\w{1,20}\s){0,3}accounts?\b|\baccounts? for sale\b|\baccount sale\b"
    r"|(?:自用|自己|个人|本人)[^，,。\n]{0,8}(?:账号|帐号|号)|(?:出|卖|转)(?:个|一个|自用)?(?:账号|帐号|老号|号)(?!码)"
    r"|(?:账号|帐号)(?:出售|转让|出手)|退坑|弃坑|退游",
    re.IGNORECASE,
)
NOTES_RE = re.compile(
    r"(?:手写|自己|自制|个人|学霸|学姐|学长|课堂)[^，,。\n]{0,6}笔记|笔记(?:整理|电子)|真题|题库|历年|期末(?:试|复习)"
    r"|\b(?:lecture|class|study|revision|my|own) notes\b|\bpast papers?\b|\btest bank\b|\bexam questions\b",
    re.IGNORECASE,
)
PATTERNS = (
    (DOUBT_KEY, KEY_RE, (WorkType.PROGRAM,)),
    (DOUBT_ACCOUNT, OWN_ACCOUNT_RE, (WorkType.PROGRAM, WorkType.SHOW)),
    (DOUBT_NOTES, NOTES_RE, (WorkType.PRINT, WorkType.COURSE)),
)
DOUBT_PROBABILITY = 0.8  # estimate
MAX_SEARCHED_CHARS = 2_000  # of each field
PLAIN_AREAS = ("service", "own")  # a service, or what the seller made: nothing to doubt
MIN_PLAIN_STRENGTH = 0.8  # of such signals


class Matcher(OffenceMatcher):
    """Words for each kind of doubt, beside the works that it is about."""

    name = "doubt"
    grounds = (DOUBT_KEY, DOUBT_ACCOUNT, DOUBT_NOTES)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """One finding for each kind of doubt, in offers."""
        if listing.kind is not ListingKind.OFFER:
            return
        for ground, pattern, types in PATTERNS:
            if work_type(work) not in types:
                continue
            if ground is DOUBT_NOTES and is_joined_extra(listing, work):
                continue
            # A description mentions keys that are not sold: item specifics have a line for them.
            texts = (listing.title,) if ground is DOUBT_KEY else (listing.title, listing.text[:MAX_SEARCHED_CHARS])
            match = next((match for text in texts if (match := pattern.search(text))), None)
            if match is None or match.group().casefold() in work.title.casefold():
                continue
            if signal_strength(find_signals(listing, work, *PLAIN_AREAS)) < MIN_PLAIN_STRENGTH:
                yield make_finding(self.name, work, ground, DOUBT_PROBABILITY, theirs=match.group())
