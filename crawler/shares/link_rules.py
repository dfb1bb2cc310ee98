"""The share-link rules of platforms.toml, one per platform, validated and compiled on first use."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from attrs import field, frozen

from crawler.errors import BadInput, Problem

_RULES_FILE = "platforms.toml"
# An id ends where no letter or digit follows; a single - or _ before one continues the id, two of them end it.
_ID_END_PATTERN = r"(?![A-Za-z0-9]|[-_][A-Za-z0-9])"
_GAP_PATTERN = r"[^A-Za-z0-9/.]{0,3}"
_HOST_GAP_PATTERN = r"[^A-Za-z0-9/.\n]{0,4}"
_HOST_DOT_PATTERN = r"[^A-Za-z0-9/\n]{1,6}"


@frozen(kw_only=True)
class PathPattern:
    """One form of path, up to where the share's id begins. `gapped_prefix` allows gaps between its characters."""

    prefix: re.Pattern[str]
    gapped_prefix: re.Pattern[str]


@frozen(kw_only=True)
class QueryPattern:
    """An address whose share is named by several numbers in the query, in any order."""

    path: re.Pattern[str]
    params: tuple[tuple[str, re.Pattern[str]], ...]  # each parameter with the pattern that finds its number
    url: str  # the canonical address up to the name

    def share_id(self, tail: str) -> tuple[str, int] | None:
        """The share's name, as shareid=1&uk=2 whatever the order, and where its last number ends; None without one."""
        path = self.path.match(tail)
        matches = [pattern.search(tail, path.end() - 1) for _, pattern in self.params] if path else []
        if not matches or not all(matches):
            return None
        found = [match for match in matches if match]
        share_id = "&".join(f"{name}={match[1]}" for (name, _), match in zip(self.params, found, strict=True))
        return share_id, max(match.end() for match in found)


@frozen(kw_only=True)
class LinkRule:
    """One platform. `strict_id` and `loose_id` match a share's id in its position; see platforms.toml for the rest."""

    name: str
    hosts: tuple[str, ...]
    host_patterns: tuple[re.Pattern[str], ...]
    paths: tuple[PathPattern, ...]
    queries: tuple[QueryPattern, ...]
    strict_id: re.Pattern[str]
    loose_id: re.Pattern[str]
    url_template: str | None
    has_fixed_length: bool  # `strict_id` allows one length, or two neighbouring ones
    suffix: re.Pattern[str] | None
    code_pattern: re.Pattern[str] | None
    code_param: re.Pattern[str] | None
    code_fragment: re.Pattern[str] | None
    seller_names: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    required_words: tuple[str, ...]
    ignores_case: bool
    needs_label: bool  # codes of this platform count only behind a label
    is_batch_excluded: bool
    counts_bare: bool  # an id alone counts right behind a name of the platform
    example: str
    source: str = field(validator=lambda *given: _check_not_empty(*given))


@frozen(kw_only=True, eq=False)
class LinkGrammar:
    """All platforms, with lookup tables by host and by seller name."""

    rules: tuple[LinkRule, ...]
    exact_hosts: Mapping[str, LinkRule]
    domains: Mapping[str, LinkRule]
    gapped_hosts: tuple[tuple[str, str, LinkRule], ...]  # a host, its letters alone, its rule
    platform_name_pattern: re.Pattern[str]  # a seller name of a platform at the end of a text, before a code's label
    platform_by_name: Mapping[str, str]  # seller name in lower case -> platform

    def rule_for_host(self, host: str) -> LinkRule | None:
        """The rule of the platform that `host` belongs to; None for unknown hosts and look-alikes."""
        host = host.lower().rstrip(".")
        if listed_rule := self.exact_hosts.get(host.removeprefix("www.")):
            return listed_rule
        labels = host.split(".")
        for position in range(len(labels) - 1):
            if listed_rule := self.domains.get(".".join(labels[position:])):
                return listed_rule
        for rule in self.rules:
            if any(pattern.fullmatch(host) for pattern in rule.host_patterns):
                return rule
        return None


@cache
def load_grammar() -> LinkGrammar:
    """The grammar of the shipped platforms.toml. Raises BadInput where the file is not as its header describes."""
    text = (resources.files("crawler.shares") / _RULES_FILE).read_text(encoding="utf-8")
    return compile_grammar(tomllib.loads(text))


def compile_grammar(records: Mapping[str, Any]) -> LinkGrammar:
    """The grammar compiled from `records`. Raises BadInput naming every wrong record and field."""
    problems: list[Problem] = []
    rules = []
    for name, record in records.items():
        try:
            rules.append(_compile_rule(name, record))
        except (KeyError, TypeError, ValueError, re.error) as error:
            problems.append(Problem(file=_RULES_FILE, field=name, message=f"{type(error).__name__}: {error}"))
    exact_hosts, domains = _index_hosts(rules, problems)
    if problems:
        raise BadInput(problems)
    platform_by_name = {word.lower(): rule.name for rule in rules for word in rule.seller_names}
    words = "|".join(re.escape(word) for word in sorted(platform_by_name, key=len, reverse=True))
    platform_name_pattern = re.compile(
        rf"(?<![A-Za-z0-9])({words})(?:网盘|云盘|网|盘|云|的|链接|[ :_\-]){{0,3}}\Z", re.IGNORECASE
    )
    gapped_hosts = tuple((host, _alphanumerics(host), rule) for host, rule in (*exact_hosts.items(), *domains.items()))
    return LinkGrammar(
        rules=tuple(rules),
        exact_hosts=exact_hosts,
        domains=domains,
        gapped_hosts=gapped_hosts,
        platform_name_pattern=platform_name_pattern,
        platform_by_name=platform_by_name,
    )


def _check_not_empty(_: object, attribute: Any, value: str) -> None:
    if not value.strip():
        raise ValueError(f"{attribute.name} is empty")


_TEXT_FIELDS = frozenset(["id", "loose", "url", "suffix", "code", "example", "source"])
_LIST_FIELDS = frozenset(["hosts", "paths", "queries", "params", "names", "needs", "patterns"])
_FLAG_FIELDS = frozenset(["fragment", "lower", "beyond", "said", "bare"])
_FIELD_TYPES: tuple[tuple[frozenset[str], type], ...] = (
    (_TEXT_FIELDS, str),
    (_LIST_FIELDS, list),
    (_FLAG_FIELDS, bool),
)


def _compile_rule(name: str, record: Mapping[str, Any]) -> LinkRule:
    _check_types(record)
    if not record.get("patterns") and not (record["hosts"] and record["paths"] and record["id"]):
        raise ValueError("neither hosts with paths and id, nor patterns")
    for part_name in ("id", "loose", "suffix", "code"):
        re.compile(record.get(part_name, ""))  # each alone: an unclosed bracket must not be closed by what wraps it
    hosts = record.get("hosts", [])
    strict = record.get("id", r"(?!)")
    params = "|".join(re.escape(param) for param in record.get("params", []))
    code = record.get("code")
    return LinkRule(
        name=name,
        hosts=tuple(host for host in hosts if not host.startswith("/")),
        host_patterns=tuple(re.compile(host[1:-1]) for host in hosts if host.startswith("/")),
        paths=tuple(_compile_path(template) for template in record.get("paths", [])),
        queries=_compile_queries(hosts, record.get("queries", [])),
        strict_id=re.compile(f"(?P<id>{strict}){_ID_END_PATTERN}"),
        loose_id=re.compile(f"(?P<id>{record.get('loose', strict)})(?![A-Za-z0-9])"),
        url_template=record.get("url"),
        has_fixed_length=_has_fixed_length(strict),
        suffix=re.compile(record["suffix"]) if "suffix" in record else None,
        code_pattern=re.compile(code) if code else None,
        code_param=re.compile(f"[?&#;](?:{params})=({code})(?![A-Za-z0-9])", re.IGNORECASE)
        if code and params
        else None,
        code_fragment=re.compile(f"#({code})(?![A-Za-z0-9/=])") if code and record.get("fragment") else None,
        seller_names=tuple(record.get("names", [])),
        patterns=tuple(re.compile(pattern, re.IGNORECASE) for pattern in record.get("patterns", [])),
        required_words=tuple(record.get("needs", [])),
        ignores_case=record.get("lower", False),
        needs_label=record.get("said", False),
        is_batch_excluded=record.get("beyond", False),
        counts_bare=record.get("bare", False),
        example=record["example"],
        source=record["source"],
    )


def _has_fixed_length(id_pattern: str) -> bool:
    lengths = re.fullmatch(r"[^|]{0,500}\{([0-9]{1,4})(?:,([0-9]{1,4}))?\}", id_pattern)
    return lengths is not None and int(lengths[2] or lengths[1]) - int(lengths[1]) < 2


def _check_types(record: Mapping[str, Any]) -> None:
    for field_name, value in record.items():
        expected_type = next((kind for names, kind in _FIELD_TYPES if field_name in names), None)
        if expected_type is None:
            raise ValueError(f"unknown field {field_name}")
        members = value if isinstance(value, list) else []
        if not isinstance(value, expected_type) or not all(isinstance(member, str) for member in members):
            raise TypeError(f"{field_name} must be {expected_type.__name__}")


def _compile_path(template: str) -> PathPattern:
    prefix, separator, after = template.partition("{id}")
    if not separator or after or not prefix.startswith("/"):
        raise ValueError(f"path {template!r} must begin with / and end with {{id}}")
    parts = prefix.split("{any}")
    exact_pattern = "[^/?#\\s]{1,120}".join(_literal_pattern(part) for part in parts)
    gapped_pattern = "[^/?#\\s]{1,120}".join(_GAP_PATTERN.join(map(re.escape, part)) for part in parts)
    return PathPattern(
        prefix=re.compile(exact_pattern, re.IGNORECASE),
        gapped_prefix=re.compile(f"{_GAP_PATTERN}{gapped_pattern}{_GAP_PATTERN}"),
    )


def _compile_queries(hosts: list[str], templates: list[str]) -> tuple[QueryPattern, ...]:
    urls: dict[tuple[str, ...], str] = {}
    queries = []
    for template in templates:
        path, _, names = template.partition("?")
        params = tuple(names.split("&"))
        if not path.startswith("/") or len(params) < 2 or not all(params):
            raise ValueError(f"query {template!r} must be a path, ? and at least two parameters joined by &")
        queries.append(
            QueryPattern(
                path=re.compile(re.escape(path).replace("/", "/{1,2}") + r"/?\?", re.IGNORECASE),
                params=tuple((name, re.compile(rf"[?&]{name}=([0-9]{{1,20}})(?![0-9])", re.I)) for name in params),
                url=urls.setdefault(params, f"https://{hosts[0]}{path}?"),
            )
        )
    return tuple(queries)


def _literal_pattern(part: str) -> str:
    """The pattern of a literal part of a path; a parameter may follow other parameters, a slash may be doubled."""
    start, question_mark, name = part.partition("?")
    path = re.escape(start).replace("/", "/{1,2}")
    return f"{path}\\?(?:[^#\\s]{{0,300}}?&)?{re.escape(name)}" if question_mark else path


def _alphanumerics(host: str) -> str:
    return "".join(filter(str.isalnum, host))


@cache
def gapped_host_pattern(host: str) -> re.Pattern[str]:
    """The pattern of `host` with gaps between its characters; compiled only when a text holds its letters."""
    labels = (_HOST_GAP_PATTERN.join(map(re.escape, label)) for label in host.split("."))
    return re.compile(
        r"(?:(?<=www\.)|(?<![A-Za-z0-9.\-]))" + _HOST_DOT_PATTERN.join(labels) + r"(?![A-Za-z0-9.\-])", re.IGNORECASE
    )


def _index_hosts(rules: list[LinkRule], problems: list[Problem]) -> tuple[dict[str, LinkRule], dict[str, LinkRule]]:
    """Exact hosts and domains, each with its rule; a host that two platforms claim is added to `problems`."""
    exact_hosts: dict[str, LinkRule] = {}
    domains: dict[str, LinkRule] = {}
    for rule in rules:
        for host in rule.hosts:
            index = domains if host.startswith("*.") else exact_hosts
            if index.setdefault(host.removeprefix("*."), rule) is not rule:
                problems.append(
                    Problem(file=_RULES_FILE, field=rule.name, message=f"{host} belongs to another platform too")
                )
    return exact_hosts, domains
