"""Links that sellers tore apart: blanks, Chinese words or pictures between the letters of a host or a name.

Gaps are short and stand only where a known host would go on, so Chinese is never removed from a text as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crawler.shares.addresses import ParsedLink, fold_share_id, is_inside_path, read_url_code, url_tail
from crawler.shares.names import match_share_id
from crawler.shares.rules import LinkGrammar, LinkRule, gapped_host_pattern
from crawler.shares.views import TextView


def find_gapped_links(view: TextView, grammar: LinkGrammar) -> Iterator[ParsedLink]:
    """Links with gaps; those without any are among them."""
    text = view.text
    text_letters = "".join(filter(str.isalnum, text.lower().encode("ascii", "ignore").decode()))
    for host, letters, rule in grammar.gapped_hosts:
        if letters in text_letters:
            for match in gapped_host_pattern(host).finditer(text):
                if not is_inside_path(text, match.start()) and not _is_separate_host(match[0]):
                    yield from _parse_gapped_path(text, rule, match, host)


def _is_separate_host(host: str) -> bool:
    """pan-example.cn is a host of its own; with hyphens for all dots it could not be one."""
    return "-" in host and "." in host and " " not in host


def _parse_gapped_path(text: str, rule: LinkRule, host_match: re.Match[str], plain_host: str) -> Iterable[ParsedLink]:
    for path in rule.paths:
        prefix = path.gapped_prefix.match(text, host_match.end())
        if prefix is None:
            continue
        id_match = match_share_id(text, rule, prefix.end(), len(text))
        if id_match is None or not (
            rule.strict_id.fullmatch(id_match.share_id) or any(map(str.isdigit, id_match.share_id))
        ):
            continue
        share_id, end = id_match.share_id, id_match.end
        url = rule.url_template or f"https://{plain_host}{_strip_gaps(prefix[0])}{{id}}"
        link = ParsedLink(
            rule=rule,
            share_id=fold_share_id(rule, share_id),
            url=url.format(id=share_id),
            start=host_match.start(),
            end=end,
            tricks={"gaps"},
        )
        tail = url_tail(text, end)
        if tail[:1] in ("?", "#", "&"):
            read_url_code(link, tail, end)
        return [link]
    return []


def _strip_gaps(path: str) -> str:
    return "".join(sign for sign in path if sign.isascii() and not sign.isspace() and sign not in "{}")
