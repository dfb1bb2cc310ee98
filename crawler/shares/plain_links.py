"""Find share links in the form that platforms write.

Hosts are parsed with userinfo, port and all their labels, not searched for as substrings, so that neither
pan.example.cn.evil.test nor xpan.example.cn is taken for a platform.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import define, evolve, field

from crawler.shares.code_values import CHINESE_DIGIT_TABLE
from crawler.shares.link_rules import LinkGrammar, LinkRule
from crawler.shares.share_ids import ShareIdMatch, match_share_id
from crawler.shares.text_view import TextView

_HOST_RE = re.compile(
    r"(?:(?P<scheme>https?)://?)?(?P<user>(?<![A-Za-z0-9])[A-Za-z0-9._~%!$&'*+;=:-]{1,80}@)?"
    r"(?<![A-Za-z0-9.\-])(?P<host>(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,12})\.?(?::[0-9]{1,5})?(?=[/?#])"
)
_URL_TAIL_RE = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&*+;=%|^]{1,1000}")
_INNER_SCHEME_RE = re.compile(r"(?:https?|magnet|ed2k|thunder)://?|magnet:")
_PATH_CODE_RE = re.compile(r"(?<=[A-Za-z0-9_-]{6})/(?=[0-9]{0,7}[A-Za-z])(?=[A-Za-z]{0,7}[0-9])([A-Za-z0-9]{4})\Z")


@define(kw_only=True)
class ParsedLink:
    """A link found in a view: text[start:end] is its address, `code` the access code, at first the address's own."""

    rule: LinkRule
    share_id: str
    url: str
    start: int
    end: int
    code: str | None = None
    code_kind: str | None = None
    code_end: int = 0
    tricks: set[str] = field(factory=set)
    index: int | None = None  # 2 of "link 2"


def find_plain_links(view: TextView, grammar: LinkGrammar) -> Iterator[ParsedLink]:
    """Share addresses whose host and path are written without gaps."""
    text = view.text
    if "." not in text:
        return
    for match in _HOST_RE.finditer(text):
        rule = grammar.rule_for_host(match["host"])
        if rule is None or is_inside_path(text, match.start("host")):
            continue
        tail = url_tail(text, match.end())
        for path in rule.paths:
            prefix = path.prefix.match(tail)
            end = match.end() + len(tail)
            if prefix and (id_match := match_share_id(text, rule, match.end() + prefix.end(), end)):
                yield _parse_link(rule, match, tail, id_match)
                break
        else:
            yield from _parse_query(rule, match, tail)


def url_tail(text: str, start: int) -> str:
    """The URL characters at `start`, behind a host, up to where another address begins."""
    match = _URL_TAIL_RE.match(text, start)
    tail = match[0] if match else ""
    inner = _INNER_SCHEME_RE.search(tail)
    return tail[: inner.start()] if inner else tail


def is_inside_path(text: str, start: int) -> bool:
    """Whether what looks like a host is part of another address's path: evil.test/pan.example.cn/s/1."""
    return text[start - 1 : start] == "/" and text[max(0, start - 2) : start - 1].isalnum()


def _parse_query(rule: LinkRule, host: re.Match[str], tail: str) -> Iterator[ParsedLink]:
    """The link of an address whose share is named by its query, if it is one."""
    for query in rule.queries:
        if found := query.share_id(tail):
            share_id, end = found
            id_match = ShareIdMatch(share_id=share_id, end=host.end() + end)
            yield _build_link(rule, host, tail, id_match, f"{query.url}{share_id}")
            return


def _parse_link(rule: LinkRule, host: re.Match[str], tail: str, id_match: ShareIdMatch) -> ParsedLink:
    end = id_match.end - host.end()  # in the tail; a gapped id may end behind it
    if rule.suffix and (suffix := rule.suffix.match(tail, end)):
        id_match = evolve(id_match, end=host.end() + suffix.end())
        end = suffix.end()
    url = (
        rule.url_template.format(id=id_match.share_id)
        if rule.url_template
        else f"https://{host['host'].lower()}{tail[:end]}"
    )
    return _build_link(rule, host, tail, id_match, url)


def _build_link(rule: LinkRule, host: re.Match[str], tail: str, id_match: ShareIdMatch, url: str) -> ParsedLink:
    origin = host.end()
    end = id_match.end - origin
    remainder = tail[end:]
    if remainder[:1] in ("/", "?", "#", "&", "."):
        end += len(remainder.rstrip(".,;:!*&#?|_-="))
    link = ParsedLink(
        rule=rule, share_id=fold_share_id(rule, id_match.share_id), url=url, start=host.start(), end=origin + end
    )
    if host.string.startswith("=", host.start() - 1):
        link.tricks.add("redirect")
    if id_match.is_gapped:
        link.tricks.add("gaps")
    read_url_code(
        link,
        url_tail(host.string, origin + end) if id_match.is_gapped else tail,
        origin + end if id_match.is_gapped else origin,
    )
    return link


def fold_share_id(rule: LinkRule, share_id: str) -> str:
    """The canonical spelling of a share's id."""
    share_id = share_id.rstrip("=")
    return share_id.lower() if rule.ignores_case else share_id


def read_url_code(link: ParsedLink, tail: str, origin: int) -> None:
    """Set `link.code` from the address itself; `tail` begins at `origin` in the view."""
    rule = link.rule
    for pattern, kind in ((rule.code_param, "parameter"), (rule.code_fragment, "fragment")):
        match = pattern.search(tail) if pattern else None
        if match:
            link.code, link.code_kind, link.code_end = match[1], kind, origin + match.end()
            link.end = max(link.end, link.code_end)
            return
    if (
        rule.code_pattern
        and rule.code_param
        and (match := _PATH_CODE_RE.search(tail))
        and rule.code_pattern.fullmatch(match[1])
    ):
        link.code, link.code_kind, link.code_end = match[1], "path", origin + match.end()


def find_pattern_links(view: TextView, grammar: LinkGrammar) -> Iterator[ParsedLink]:
    """Links that are not web addresses: magnet, ed2k, thunder, group numbers, paths behind a platform's name."""
    lower = view.text.lower()
    for rule in grammar.rules:
        if rule.required_words and not any(word in lower for word in rule.required_words):
            continue
        for pattern in rule.patterns:
            for match in pattern.finditer(view.text):
                share_id = "".join(match["id"].split()).translate(CHINESE_DIGIT_TABLE)
                if match["id"][0].isdecimal():
                    share_id = share_id.replace("-", "")
                tricks = {"chinese_digits"} if share_id.isdecimal() and not match["id"][0].isascii() else set()
                if rule.code_param:
                    tricks.add("no_host")
                link = ParsedLink(
                    rule=rule,
                    share_id=fold_share_id(rule, share_id),
                    url=rule.url_template.format(id=share_id) if rule.url_template else match[0],
                    start=match.start(),
                    end=match.end(),
                    tricks=tricks,
                )
                if rule.code_param and (tail := url_tail(view.text, match.end()))[:1] in ("?", "#", "&"):
                    read_url_code(link, tail, match.end())
                yield link
