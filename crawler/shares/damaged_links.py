"""Find links that sellers damaged: gaps in a host or an id, a host that is partial, masked or reversed, an id alone.

Gaps are short and accepted only where a known host would continue, so Chinese is never removed from the text as a
whole. Behind a partial host (pan.baidu/s/1..., quark.cn/s/...) the id must have the platform's exact length; an id
alone counts only behind the platform's name and a word that announces an id (夸克网盘后缀：...), which ids of an
unmistakable form do without. Further ids of the platform may follow in the same list, each with its code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from crawler.shares.link_rules import LinkGrammar, LinkRule, PathPattern, gapped_host_pattern
from crawler.shares.plain_links import ParsedLink, fold_share_id, is_inside_path, read_url_code, url_tail
from crawler.shares.share_ids import match_share_id
from crawler.shares.text_view import TextView


def find_gapped_links(view: TextView, grammar: LinkGrammar) -> Iterator[ParsedLink]:
    """Links with gaps in host, path or id; links without any gap are also found."""
    text = view.text
    text_letters = "".join(filter(str.isalnum, text.lower().encode("ascii", "ignore").decode()))
    for host, letters, rule in grammar.gapped_hosts:
        if letters in text_letters:
            for match in gapped_host_pattern(host).finditer(text):
                if not is_inside_path(text, match.start()) and not _is_separate_host(match[0]):
                    yield from _parse_gapped_path(text, rule, match, host)


def _is_separate_host(host: str) -> bool:
    """Whether `host` is a host of its own, like pan-example.cn; one with hyphens for all its dots is none."""
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


_ID_CUE_PATTERN = (
    r"/?[a-z]{1,5}/|(?:的|网盘|云盘|盘)?(?:链接|鏈接|地址|网址)?的?"
    r"(?:后缀|後綴|尾缀|尾巴|尾号|后面|后半段?|分享[码号]|链接码|代码|编号|[Ii][Dd]|链接|鏈接|地址|suffix|share)[是为:]?"
)
_PARTIAL_HOST_RE = re.compile(r"(?<![A-Za-z0-9.\-_@])[A-Za-z0-9-]{3,20}(?:\.[A-Za-z0-9-]{2,20}){0,2}(?=[/?])")
_GENERIC_HOST_LABELS = frozenset(("pan", "yun", "cloud", "drive", "share", "fast", "www", "h5", "eyun", "app"))


def find_partial_links(view: TextView, grammar: LinkGrammar) -> Iterator[ParsedLink]:
    """Links whose host lacks its first label, its end or its dots, and ids alone behind the name of their platform."""
    by_partial_host = _rules_by_partial_host(grammar)
    for match in _PARTIAL_HOST_RE.finditer(view.text):
        rule = by_partial_host.get(match[0].lower())
        if rule and not is_inside_path(view.text, match.start()):
            yield from _parse_behind_host(view.text, rule, match.start(), match.end())
    yield from _find_masked_links(view, grammar)
    for names, pattern, rule in _named_id_patterns(grammar):
        if any(name in view.text for name in names):
            for match in pattern.finditer(view.text):
                yield _partial_link(view.text, rule, match["id"], match.start(), match.end())


_MASKED_HOST_RE = re.compile(r"(?<![A-Za-z0-9.@])[A-Za-z0-9.*#@!○●×?$+^~-]{6,40}(?=/)")
_MASK_CHARS = frozenset("*#@!○●×?$+^~")
_MAX_MASK_CHARS = 3


def _find_masked_links(view: TextView, grammar: LinkGrammar) -> Iterator[ParsedLink]:
    """Links whose host has a symbol in place of a letter (pan.ba!du.com) or is written backwards."""
    for match in _MASKED_HOST_RE.finditer(view.text):
        host_text = match[0].lower()
        if is_inside_path(view.text, match.start()):
            continue
        rule = (
            grammar.rule_for_host(host_text[::-1])
            if not _MASK_CHARS.intersection(host_text)
            else _rule_for_masked_host(host_text, grammar)
        )
        rule = (
            rule or grammar.rule_for_host(host_text.removesuffix(".c0m") + ".com")
            if host_text.endswith(".c0m")
            else rule
        )
        if rule and rule.has_fixed_length and rule.url_template:
            yield from _parse_behind_host(view.text, rule, match.start(), match.end())


def _rule_for_masked_host(masked_host: str, grammar: LinkGrammar) -> LinkRule | None:
    """The one platform whose host equals `masked_host` except for the masked characters."""
    if sum(sign in _MASK_CHARS for sign in masked_host) > _MAX_MASK_CHARS:
        return None
    rules = [
        rule
        for host, rule in (*grammar.exact_hosts.items(), *grammar.domains.items())
        if len(host) == len(masked_host)
        and all(
            masked_char == host_char or masked_char in _MASK_CHARS
            for masked_char, host_char in zip(masked_host, host, strict=True)
        )
    ]
    return rules[0] if len({rule.name for rule in rules}) == 1 else None


def _parse_behind_host(text: str, rule: LinkRule, start: int, end: int) -> Iterable[ParsedLink]:
    for path in _segment_paths(rule):
        if prefix := path.prefix.match(text, end):
            id_match = match_share_id(text, rule, prefix.end(), len(text))
            if id_match and rule.strict_id.fullmatch(id_match.share_id):
                return [_partial_link(text, rule, id_match.share_id, start, id_match.end)]
    return []


def _partial_link(text: str, rule: LinkRule, share_id: str, start: int, end: int) -> ParsedLink:
    url = (rule.url_template or "{id}").format(id=share_id)
    link = ParsedLink(
        rule=rule, share_id=fold_share_id(rule, share_id), url=url, start=start, end=end, tricks={"no_host"}
    )
    tail = url_tail(text, end)
    if tail[:1] in ("?", "#", "&"):
        read_url_code(link, tail, end)
    return link


def _segment_paths(rule: LinkRule) -> list[PathPattern]:
    """Paths that begin with a segment of their own: /s/, /t/. An id directly behind the host proves nothing."""
    return [path for path in rule.paths if path.prefix.match("/") is None]


@cache
def _rules_by_partial_host(grammar: LinkGrammar) -> dict[str, LinkRule]:
    hosts = (*grammar.exact_hosts.items(), *grammar.domains.items())
    return {
        partial_host: rule
        for host, rule in hosts
        if rule.has_fixed_length and rule.url_template and _segment_paths(rule)
        for partial_host in partial_hosts(host)
    }


def partial_hosts(host: str) -> set[str]:
    """Spellings of `host` with some labels or the dots left out; the brand always stays."""
    labels = host.split(".")
    brand = max((label for label in labels[:-1] if label not in _GENERIC_HOST_LABELS), key=len)
    spellings = {".".join(labels[:-1]), "".join(labels), "".join(labels[:-1]), brand}
    if len(labels) > 2:
        spellings.add(".".join(labels[1:]))
    return {spelling for spelling in spellings if spelling != host and (len(spelling) > 3 or not spelling.isdecimal())}


@cache
def _named_id_patterns(grammar: LinkGrammar) -> tuple[tuple[tuple[str, ...], re.Pattern[str], LinkRule], ...]:
    entries = []
    for rule in grammar.rules:
        names = rule.seller_names
        if (rule.has_fixed_length or rule.counts_bare) and rule.url_template and names:
            cue = (
                rf"[^\n/.,@A-Za-z0-9]{{0,8}}(?:{_ID_CUE_PATTERN})[^\n/.,@A-Za-z0-9]{{0,4}}"
                if rule.has_fixed_length
                else ""
            )
            bare = _BARE_GAP_PATTERN if rule.counts_bare else ""
            if any(map(str.isdecimal, names)):  # a number names a drive only with a word for one
                bare = bare and rf"(?<=[盘云盤n]){bare}"
            pattern = (
                rf"(?<![A-Za-z0-9.])(?:{'|'.join(map(re.escape, names))}){_DRIVE_WORD_PATTERN}?"
                rf"(?:{'|'.join(filter(None, (cue, bare)))}){_bare_id_pattern(rule)}"
            )
            entries.append((names, re.compile(pattern), rule))
    return tuple(entries)


_DRIVE_WORD_PATTERN = "(?:网盘|云盘|雲盤|云|盘|pan)"
# Between a platform's name and an id alone: signs, one line break, the number or a few Han characters of a list item.
_BARE_GAP_PATTERN = (
    r"(?:[^\w\n/.,@]|_){0,8}\n?(?:[^\w\n/.,@]|_){0,4}"
    r"(?:(?:\(?[1-9][0-9]?[.、):]|[\u4e00-\u9fff]{1,6})[^\w\n/,@]{1,4})?(?<![A-Za-z0-9])"
)


def _bare_id_pattern(rule: LinkRule) -> str:
    """An id of the platform's own length that is no word, behind what stands before all the platform's ids."""
    id_prefix = re.escape((rule.url_template or "").partition("{id}")[0].rpartition("/")[2])  # the 1 of baidu
    no_word = "(?:(?=[A-Za-z_-]{0,40}[0-9])(?=[0-9_-]{0,40}[A-Za-z])|(?=[A-Za-z_-]{0,40}[a-z][A-Z]))"
    return rf"{id_prefix}{no_word}{rule.strict_id.pattern}"


# Between two ids of a list stand a code with its label, a number, a volume: in all no more than this.
_MAX_LIST_GAP_CHARS, _MAX_LIST_GAP_HAN, _MAX_LIST_GAP_LINES, _MAX_LIST_GAP_TOKENS = 60, 8, 2, 4
_MAX_TOKEN_CHARS = 8  # of a code, or an English word for one
_CODE_WORDS_RE = re.compile(r"(?:提取|访问|訪問|分享)?[码碼]|密[码碼]|口令|链接|鏈接|网盘|云盘")
_OTHER_NUMBER_RE = re.compile(r"(?<![0-9一二三四五六七八九十])[号號]|md5|sha", re.IGNORECASE)  # 订单号, 型号


def find_listed_ids(view: TextView, links: Sequence[ParsedLink]) -> Iterator[ParsedLink]:
    """Ids alone that follow a link of their platform in a list: 百度网盘 1AbC..?pwd=x9k2 1DeF..?pwd=m3p7."""
    for index, link in enumerate(links):
        stop = links[index + 1].start if index + 1 < len(links) else len(view.text)
        if not ("no_host" in link.tricks and link.rule.has_fixed_length) and not link.rule.counts_bare:
            continue
        has_host, end = "no_host" not in link.tricks, max(link.end, link.code_end)
        while found := _next_listed_id(view.text, link.rule, end, min(stop, end + _MAX_LIST_GAP_CHARS), has_host):
            yield found
            end = max(found.end, found.code_end)


def _next_listed_id(text: str, rule: LinkRule, start: int, stop: int, has_host: bool) -> ParsedLink | None:
    """The next id; behind a whole address, words other than those for a code show that it is something else."""
    match = _listed_id_pattern(rule).search(text, start, stop + _MAX_LIST_GAP_CHARS)
    if rule.url_template is None or match is None or match.start() > stop:
        return None
    gap = text[start : match.start()]
    tokens = re.findall(r"[A-Za-z0-9_-]+", gap)
    han = sum("\u4e00" <= character <= "\u9fff" for character in _CODE_WORDS_RE.sub("", gap))
    if (
        gap.count("\n") > _MAX_LIST_GAP_LINES
        or han > (0 if has_host else _MAX_LIST_GAP_HAN)
        or len(tokens) > _MAX_LIST_GAP_TOKENS
        or any(len(token) > _MAX_TOKEN_CHARS for token in tokens)
        or _OTHER_NUMBER_RE.search(gap)
    ):
        return None
    return _partial_link(text, rule, match["id"], match.start(), match.end())


@cache
def _listed_id_pattern(rule: LinkRule) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9_./@=&#?%:-])(?:/[a-z]{{1,3}}/)?{_bare_id_pattern(rule)}")
