"""Links that sellers tore apart: blanks, Chinese words or pictures between the letters of a host or a name.

Gaps are short and stand only where a known host would go on, so Chinese is never removed from a text as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crawler.shares.addresses import Address, folded, inside_a_path, read_code, tail_of
from crawler.shares.names import name_at
from crawler.shares.rules import Rule, Rules, gapped_host
from crawler.shares.views import View


def torn(view: View, known: Rules) -> Iterator[Address]:
    """Links with gaps; those without any are among them."""
    text = view.text
    squeezed = "".join(filter(str.isalnum, text.lower().encode("ascii", "ignore").decode()))
    for plain, letters, rule in known.gapped:
        if letters in squeezed:
            for match in gapped_host(plain).finditer(text):
                if not inside_a_path(text, match.start()) and not _is_other(match[0]):
                    yield from _path(text, rule, match, plain)


def _is_other(host: str) -> bool:
    """pan-example.cn is a host of its own; with hyphens for all dots it could not be one."""
    return "-" in host and "." in host and " " not in host


def _path(text: str, rule: Rule, host: re.Match[str], plain: str) -> Iterable[Address]:
    for path in rule.paths:
        before = path.gapped.match(text, host.end())
        if before is None:
            continue
        name = name_at(text, rule, before.end(), len(text))
        if name is None or not (rule.strict.fullmatch(name.share_id) or any(map(str.isdigit, name.share_id))):
            continue
        share_id, end = name.share_id, name.end
        url = rule.url or f"https://{plain}{_clean(before[0])}{{id}}"
        found = Address(
            rule=rule,
            share_id=folded(rule, share_id),
            url=url.format(id=share_id),
            start=host.start(),
            end=end,
            tricks={"gaps"},
        )
        tail = tail_of(text, end)
        if tail[:1] in ("?", "#", "&"):
            read_code(found, tail, end)
        return [found]
    return []


def _clean(path: str) -> str:
    return "".join(sign for sign in path if sign.isascii() and not sign.isspace() and sign not in "{}")
