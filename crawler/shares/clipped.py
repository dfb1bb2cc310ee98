"""Links with a part of the host left out, and names of shares that stand alone behind the platform's own name.

pan.baidu/s/1..., quark.cn/s/..., panquarkcn/s/..., 夸克网盘后缀：... A reader who knows the platform mends them. Only
where the name has the platform's exact length, and for a name alone only behind a word that says it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from crawler.shares.addresses import Address, folded, inside_a_path, read_code, tail_of
from crawler.shares.names import name_at
from crawler.shares.rules import Path, Rule, Rules
from crawler.shares.views import View

_CUE = (
    r"/?[a-z]{1,5}/|(?:的|网盘|云盘|盘)?(?:链接|鏈接|地址|网址)?的?"
    r"(?:后缀|後綴|尾缀|尾巴|尾号|后面|后半段?|分享[码号]|链接码|代码|编号|[Ii][Dd]|链接|鏈接|地址|suffix|share)[是为:]?"
)
_HOST = re.compile(r"(?<![A-Za-z0-9.\-_@])[A-Za-z0-9-]{3,20}(?:\.[A-Za-z0-9-]{2,20}){0,2}(?=[/?])")
_GENERIC = frozenset(("pan", "yun", "cloud", "drive", "share", "fast", "www", "h5", "eyun", "app"))


def clipped(view: View, known: Rules) -> Iterator[Address]:
    """Links whose host lacks its first label, its end or its dots; names alone behind the name of their platform."""
    by_form = _by_form(known)
    for match in _HOST.finditer(view.text):
        rule = by_form.get(match[0].lower())
        if rule and not inside_a_path(view.text, match.start()):
            yield from _behind(view.text, rule, match.start(), match.end())
    yield from _masked(view, known)
    for names, pattern, rule in _named(known):
        if any(name in view.text for name in names):
            for match in pattern.finditer(view.text):
                yield _address(view.text, rule, match["id"], match.start(), match.end())


_MASKED = re.compile(r"(?<![A-Za-z0-9.@])[A-Za-z0-9.*#@!○●×?$+^~-]{6,40}(?=/)")
_MASKS = frozenset("*#@!○●×?$+^~")
_MOST_MASKS = 3


def _masked(view: View, known: Rules) -> Iterator[Address]:
    """Hosts with a sign in the place of a letter (pan.ba!du.com), and hosts written backwards."""
    for match in _MASKED.finditer(view.text):
        written = match[0].lower()
        if inside_a_path(view.text, match.start()):
            continue
        rule = known.of_host(written[::-1]) if not _MASKS.intersection(written) else _of_masked(written, known)
        rule = rule or known.of_host(written.removesuffix(".c0m") + ".com") if written.endswith(".c0m") else rule
        if rule and rule.narrow and rule.url:
            yield from _behind(view.text, rule, match.start(), match.end())


def _of_masked(written: str, known: Rules) -> Rule | None:
    """The one platform whose host this is but for the masked signs."""
    if sum(sign in _MASKS for sign in written) > _MOST_MASKS:
        return None
    fitting = [
        rule
        for host, rule in (*known.exact.items(), *known.domains.items())
        if len(host) == len(written)
        and all(one == other or one in _MASKS for one, other in zip(written, host, strict=True))
    ]
    return fitting[0] if len({rule.name for rule in fitting}) == 1 else None


def _behind(text: str, rule: Rule, start: int, end: int) -> Iterable[Address]:
    for path in _sure(rule):
        if before := path.before.match(text, end):
            name = name_at(text, rule, before.end(), len(text))
            if name and rule.strict.fullmatch(name.share_id):
                return [_address(text, rule, name.share_id, start, name.end)]
    return []


def _address(text: str, rule: Rule, share_id: str, start: int, end: int) -> Address:
    url = (rule.url or "{id}").format(id=share_id)
    found = Address(rule=rule, share_id=folded(rule, share_id), url=url, start=start, end=end, tricks={"no_host"})
    tail = tail_of(text, end)
    if tail[:1] in ("?", "#", "&"):
        read_code(found, tail, end)
    return found


def _sure(rule: Rule) -> list[Path]:
    """Paths that begin with a segment of their own: /s/, /t/. A name straight behind the host proves nothing."""
    return [path for path in rule.paths if path.before.match("/") is None]


@cache
def _by_form(known: Rules) -> dict[str, Rule]:
    hosts = (*known.exact.items(), *known.domains.items())
    return {form: rule for host, rule in hosts if rule.narrow and rule.url and _sure(rule) for form in forms(host)}


def forms(host: str) -> set[str]:
    """Spellings of a host with something left out; the brand always stays."""
    labels = host.split(".")
    brand = max((label for label in labels[:-1] if label not in _GENERIC), key=len)
    found = {".".join(labels[:-1]), "".join(labels), "".join(labels[:-1]), brand}
    if len(labels) > 2:
        found.add(".".join(labels[1:]))
    return {form for form in found if form != host and (len(form) > 3 or not form.isdecimal())}


@cache
def _named(known: Rules) -> tuple[tuple[tuple[str, ...], re.Pattern[str], Rule], ...]:
    found = []
    for rule in known.rules:
        names = rule.names
        if rule.narrow and rule.url and names:
            mark = re.escape(rule.url.partition("{id}")[0].rpartition("/")[2])  # the 1 before every name of baidu
            pattern = (
                rf"(?<![A-Za-z0-9.])(?:{'|'.join(map(re.escape, names))})(?:网盘|云盘|雲盤|云|盘)?"
                rf"[^\n/.,@A-Za-z0-9]{{0,8}}(?:{_CUE})"
                rf"[^\n/.,@A-Za-z0-9]{{0,4}}{mark}"
                rf"(?=[A-Za-z_-]{{0,40}}[0-9])(?=[0-9_-]{{0,40}}[A-Za-z]){rule.strict.pattern}"
            )
            found.append((names, re.compile(pattern), rule))
    return tuple(found)
