"""Find the signals of a listing, except those that are part of the work's own name.

The title of a book called "PDF Explained" does not make it a digital delivery.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from attrs import evolve, frozen

from crawler.items import Listing, Work
from matchers.signals.clauses import Evidence
from matchers.signals.hearsay import is_told, makes_no_offer
from matchers.signals.text_signals import COPY_AREAS, Signal, TextSignals, find_text_signals, unlisted_evidence
from matchers.titles.title_names import names_of

MAX_QUOTES = 4  # in one reason
MIN_BORNE_PROBABILITY = 0.1  # of a signal, times what its clause can bear; below it the signal is dropped
TOLD_SHARE = 0.2  # share of a signal that counts where a post without any offer tells of others; estimate
MAX_NAME_CHARS = 400  # of a longer name at most this much is compared on either side of a signal


@frozen(kw_only=True)
class ListingSignal:
    """A signal, as the listing writes it (`quote`), and whether it is in the title."""

    signal: Signal
    quote: str
    in_title: bool

    @property
    def probability(self) -> float:
        """The probability that the signal's area is true where it occurs."""
        return self.signal.probability


def find_signals(listing: Listing, work: Work, *areas: str) -> list[ListingSignal]:
    """The signals of these areas in title, text and condition, the most probable first; each word once."""
    last_listing, last_work, by_area = _last_lookup[0]
    if last_listing is not listing or last_work is not work:
        by_area = _signals_by_area(
            listing.title,
            listing.text,
            listing.condition or "",
            compact_names(work.title, work.aliases),
            makes_no_offer(listing),
        )
        _last_lookup[0] = (listing, work, by_area)
    signals = [signal for area in areas for signal in by_area.get(area, ())]
    return sorted(signals, key=lambda signal: -signal.probability) if len(areas) > 1 else signals


# The result for the last pair of listing and work: every ground asks for it several times.
_last_lookup: list[tuple[Listing | None, Work | None, Mapping[str, tuple[ListingSignal, ...]]]] = [(None, None, {})]


def genuine_probability(listing: Listing) -> float:
    """The probability of the clause without any listed word that reads most like a genuine copy; 0.0 without one."""
    return max(
        (
            probability
            for text, in_title in ((listing.title, True), (listing.text, False))
            for evidence, probability in unlisted_evidence(text, in_title).values()
            if evidence is Evidence.GENUINE
        ),
        default=0.0,
    )


def has_signal(listing: Listing, work: Work, *areas: str) -> bool:
    """Whether the listing has any signal of these areas."""
    return bool(find_signals(listing, work, *areas))


def signal_strength(signals: list[ListingSignal]) -> float:
    """The probability that the area is true, taking the signals as independent; 0.0 without any."""
    missed = 1.0
    for signal in signals:
        missed *= 1.0 - signal.probability
    return 1.0 - missed


def quote_signals(signals: list[ListingSignal]) -> str:
    """The first MAX_QUOTES distinct quotes of these signals, for a reason."""
    return "、".join(list(dict.fromkeys(signal.quote for signal in signals))[:MAX_QUOTES])


@lru_cache(maxsize=256)
def _signals_by_area(
    title: str, text: str, condition: str, names: frozenset[str], is_offerless: bool
) -> Mapping[str, tuple[ListingSignal, ...]]:
    """The signals of a listing by area, the most probable first, each word once."""
    by_area: dict[str, dict[str, ListingSignal]] = {}
    for place, part in enumerate((title, text, condition)):
        for signal in _find_part_signals(find_text_signals(part), names, place == 0, is_offerless) if part else ():
            by_area.setdefault(signal.signal.area, {}).setdefault(signal.signal.word, signal)
    return {
        area: tuple(sorted(by_word.values(), key=lambda signal: -signal.probability))
        for area, by_word in by_area.items()
    }


def _find_part_signals(
    text_signals: TextSignals, names: frozenset[str], in_title: bool, is_offerless: bool
) -> Iterator[ListingSignal]:
    origins = text_signals.analysis.fold_map.origins
    for signal in text_signals.signals:
        before = text_signals.folded_text[max(0, signal.start - MAX_NAME_CHARS) : signal.start].replace(" ", "")
        after = text_signals.folded_text[signal.end : signal.end + MAX_NAME_CHARS].replace(" ", "")
        inner = text_signals.folded_text[signal.start : signal.end].replace(" ", "")
        if _is_in_name(inner, before, after, names):
            continue
        borne = signal.probability * text_signals.bearing(signal, in_title)
        if (
            is_offerless
            and signal.area in COPY_AREAS
            and is_told(text_signals.analysis.original, origins[signal.start])
        ):
            borne *= TOLD_SHARE
        if borne >= MIN_BORNE_PROBABILITY:
            yield ListingSignal(
                signal=evolve(signal, probability=borne), quote=text_signals.quote(signal), in_title=in_title
            )


@lru_cache(maxsize=4_096)
def compact_names(title: str, aliases: tuple[str, ...]) -> frozenset[str]:
    """The compact forms of a work's names, cached because every ground needs them."""
    return frozenset(name.compact for name in names_of(0, Work(id="asked", title=title, aliases=aliases)))


def _is_in_name(inner: str, before: str, after: str, names: frozenset[str]) -> bool:
    """Whether `inner`, between `before` and `after`, is part of an occurrence of one of the names."""
    for name in names:
        position = name.find(inner)
        while position >= 0:
            if before.endswith(name[:position]) and after.startswith(name[position + len(inner) :]):
                return True
            position = name.find(inner, position + 1)
    return False
