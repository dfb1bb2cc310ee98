"""A clause reads as if the work is passed on, though it holds no word of any list.

The model of clauses (matchers/signals/clauses.py) has read thousands of clauses and knows how sellers put such things;
lists of words do not carry over to wording that nobody has seen. Clauses with a known word are left to the matchers of
words, and so are those that hold the work's own name.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from crawler.text import fold
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.clauses import Evidence
from matchers.signals.intent import intent_factor
from matchers.signals.listing_signals import compact_names
from matchers.signals.text_signals import unlisted_evidence

CLAUSE_DIGITAL = Ground("clause_digital", Polarity.FOR, 2.0)
CLAUSE_COPY = Ground("clause_copy", Polarity.FOR, 2.0)
CLAUSE_CRACK = Ground("clause_crack", Polarity.FOR, 2.0)
CLAUSE_ACCOUNT = Ground("clause_account", Polarity.FOR, 2.0)
GROUNDS_BY_EVIDENCE = {
    Evidence.DIGITAL: CLAUSE_DIGITAL,
    Evidence.COPY: CLAUSE_COPY,
    Evidence.CRACK: CLAUSE_CRACK,
    Evidence.ACCOUNT: CLAUSE_ACCOUNT,
}
MAX_QUOTE_CHARS = 40
MIN_NAME_CHARS = 3  # of a name that makes a clause the work's own


class Matcher(OffenceMatcher):
    """The surest clause for each kind of evidence."""

    name = "clause"
    grounds = tuple(GROUNDS_BY_EVIDENCE.values())

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding for each kind of evidence."""
        if listing.kind is not ListingKind.OFFER and listing.kind is not ListingKind.POST:
            return
        names = [name for name in compact_names(work.title, work.aliases) if len(name) >= MIN_NAME_CHARS]
        surest: dict[Evidence, tuple[float, str]] = {}
        for text, in_title in ((listing.title, True), (listing.text, False)):
            for clause, (kind, probability) in unlisted_evidence(text, in_title).items():
                compact = fold(clause).replace(" ", "")
                if kind not in GROUNDS_BY_EVIDENCE or any(name in compact for name in names):
                    continue
                if probability > surest.get(kind, (0.0, ""))[0]:
                    surest[kind] = probability, clause
        factor = intent_factor(listing, work)
        for kind, (probability, clause) in surest.items():
            quote = clause[:MAX_QUOTE_CHARS]
            yield make_finding(self.name, work, GROUNDS_BY_EVIDENCE[kind], probability * factor, theirs=quote)
