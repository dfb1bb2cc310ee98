"""Whether a text can hold a link at all, told in a few microseconds: most descriptions hold none.

Either some sign is written in a way that has to be undone first, or the letters and digits that are left when all else
is dropped spell a known host. Wrong only to the side of looking closer.
"""

from __future__ import annotations

import re
from functools import cache

from ahocorasick_rs import AhoCorasick

from crawler.shares.clipped import partial_hosts
from crawler.shares.rules import load_grammar

_OBFUSCATION_RE = re.compile(
    "[%&\\\\@|<¥€£₤￥＠群裙斜\u00ad\u0300-\u036f\u061c\u115f\u1160\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f"
    "\ufeff\u00b2\u00b3\u00b9\u2024\u2044\u2070-\u209f\u2100-\u218f\u2215\u2460-\u24ff\u2571\u2776-\u2792\u29f8\u3200-\u33ff"
    "\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf\ufe52\ufe68\uff05\uff06\uff0e-\uff19\uff21-\uff3a\uff41-\uff5a"
    "\u0370-\u052f\U0001d400-\U0001d7ff\U0001f100-\U0001f1ff\U000e0000-\U000e01ef]"
)
_LINK_SIGN_RE = re.compile(
    r"[A-Za-z0-9+/_-]{20}|[(（][A-Za-z0-9]{11}[)）]|//:|/(?:moc|nc|zn|ten)\.|[?&][a-z]{1,12}="
    r"|/[a-z]{1,2}/[A-Za-z0-9]{8}|://| (?:dot|slash) "
)
_NON_ALPHANUMERIC_RE = re.compile(r"[^a-z0-9]+")
_SHARE_ID_RE = re.compile(
    r"(?=[A-Za-z_-]{0,40}[0-9])(?=[0-9_-]{0,40}[A-Za-z])[A-Za-z0-9_-]{8}"
)  # of a share, it may be
_ASCII_RUN_RE = re.compile("[!-~]{3}")  # without one, neither of the two before
_SCHEME_WORDS = ("magnet", "thunder", "ed2k", "lanz", "fromcharcode")


def may_hold_links(text: str) -> bool:
    """False only where no link can be in the text."""
    if _OBFUSCATION_RE.search(text):
        return True
    if _ASCII_RUN_RE.search(text) and (
        _LINK_SIGN_RE.search(text)
        or (_SHARE_ID_RE.search(text) and any(name in text for name in _chinese_platform_names()))
    ):
        return True
    return bool(
        _host_automaton().find_matches_as_indexes(
            _NON_ALPHANUMERIC_RE.sub("", text.lower()).replace("dot", "").replace("slash", "")
        )
    )


@cache
def _chinese_platform_names() -> tuple[str, ...]:
    return tuple(name for rule in load_grammar().rules for name in rule.seller_names if not name.isascii())


@cache
def _host_automaton() -> AhoCorasick:
    grammar = load_grammar()
    hosts = (
        *grammar.exact_hosts,
        *grammar.domains,
        *(partial_host for host in (*grammar.exact_hosts, *grammar.domains) for partial_host in partial_hosts(host)),
    )
    return AhoCorasick(sorted({_NON_ALPHANUMERIC_RE.sub("", host.lower()) for host in hosts} | set(_SCHEME_WORDS)))
