"""Links to shares as platforms write them, found in a view.

Hosts are parsed, not searched for: with userinfo, port, and all their labels, so that pan.example.cn.evil.test or
xpan.example.cn is nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import define, field

from crawler.shares.names import Name, name_at
from crawler.shares.rules import Rule, Rules
from crawler.shares.values import DIGITS
from crawler.shares.views import View

_HOST = re.compile(
    r"(?:(?P<scheme>https?)://?)?(?P<user>(?<![A-Za-z0-9])[A-Za-z0-9._~%!$&'*+;=:-]{1,80}@)?"
    r"(?<![A-Za-z0-9.\-])(?P<host>(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,12})\.?(?::[0-9]{1,5})?(?=[/?#])"
)
_TAIL = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&*+;=%|^]{1,1000}")
_SCHEME_INSIDE = re.compile(r"(?:https?|magnet|ed2k|thunder)://?|magnet:")
_IN_PATH = re.compile(r"(?<=[A-Za-z0-9_-]{6})/(?=[0-9]{0,7}[A-Za-z])(?=[A-Za-z]{0,7}[0-9])([A-Za-z0-9]{4})\Z")


@define(kw_only=True)
class Address:
    """A link as found in a view: text[start:end] is its address. `code` is what the address itself says."""

    rule: Rule
    share_id: str
    url: str
    start: int
    end: int
    code: str | None = None
    code_kind: str | None = None
    code_end: int = 0
    tricks: set[str] = field(factory=set)
    index: int | None = None  # of "link 2"


def exact(view: View, known: Rules) -> Iterator[Address]:
    """Web addresses of shares whose host, path and name stand in one piece."""
    text = view.text
    if "." not in text:
        return
    for match in _HOST.finditer(text):
        rule = known.of_host(match["host"])
        if rule is None or inside_a_path(text, match.start("host")):
            continue
        tail = tail_of(text, match.end())
        for path in rule.paths:
            before = path.before.match(tail)
            stop = match.end() + len(tail)
            if before and (name := name_at(text, rule, match.end() + before.end(), stop)):
                yield _address(rule, match, tail, name)
                break


def tail_of(text: str, start: int) -> str:
    """What may follow a host at `start`, up to where another address begins."""
    match = _TAIL.match(text, start)
    tail = match[0] if match else ""
    inner = _SCHEME_INSIDE.search(tail)
    return tail[: inner.start()] if inner else tail


def inside_a_path(text: str, start: int) -> bool:
    """Whether what looks like a host stands in the path of another address: evil.test/pan.example.cn/s/1."""
    return text[start - 1 : start] == "/" and text[max(0, start - 2) : start - 1].isalnum()


def _address(rule: Rule, host: re.Match[str], tail: str, name: Name) -> Address:
    origin = host.end()
    end = name.end - origin  # in the tail; a torn name may end behind it
    if rule.suffix and (suffix := rule.suffix.match(tail, end)):
        end = suffix.end()
    url = rule.url.format(id=name.share_id) if rule.url else f"https://{host['host'].lower()}{tail[:end]}"
    rest = tail[end:]
    if rest[:1] in ("/", "?", "#", "&", "."):
        end += len(rest.rstrip(".,;:!*&#?|_-="))
    found = Address(rule=rule, share_id=folded(rule, name.share_id), url=url, start=host.start(), end=origin + end)
    if host.string.startswith("=", host.start() - 1):
        found.tricks.add("redirect")
    if name.torn:
        found.tricks.add("gaps")
    read_code(found, tail_of(host.string, origin + end) if name.torn else tail, origin + end if name.torn else origin)
    return found


def folded(rule: Rule, share_id: str) -> str:
    """The name of a share in its one spelling."""
    share_id = share_id.rstrip("=")
    return share_id.lower() if rule.lower else share_id


def read_code(address: Address, tail: str, origin: int) -> None:
    """Take over the code that the address itself states; `tail` stands at `origin` of the view."""
    rule = address.rule
    for pattern, kind in ((rule.params, "parameter"), (rule.fragment, "fragment")):
        match = pattern.search(tail) if pattern else None
        if match:
            address.code, address.code_kind, address.code_end = match[1], kind, origin + match.end()
            address.end = max(address.end, address.code_end)
            return
    if rule.code and rule.params and (match := _IN_PATH.search(tail)) and rule.code.fullmatch(match[1]):
        address.code, address.code_kind, address.code_end = match[1], "path", origin + match.end()


def patterns(view: View, known: Rules) -> Iterator[Address]:
    """Links that are no web address: magnet, ed2k, thunder, group numbers, paths with the name of a platform."""
    lower = view.text.lower()
    for rule in known.rules:
        if rule.needs and not any(sign in lower for sign in rule.needs):
            continue
        for pattern in rule.patterns:
            for match in pattern.finditer(view.text):
                share_id = "".join(match["id"].split()).translate(DIGITS)
                if match["id"][0].isdecimal():
                    share_id = share_id.replace("-", "")
                tricks = {"chinese_digits"} if share_id.isdecimal() and not match["id"][0].isascii() else set()
                if rule.params:
                    tricks.add("no_host")
                yield Address(
                    rule=rule,
                    share_id=folded(rule, share_id),
                    url=rule.url.format(id=share_id) if rule.url else match[0],
                    start=match.start(),
                    end=match.end(),
                    tricks=tricks,
                )
