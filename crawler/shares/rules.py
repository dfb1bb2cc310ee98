"""What a share link of each platform looks like: platforms.toml, validated and compiled when first needed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from attrs import field, frozen

from crawler.errors import BadInput, Problem

_DATA = "platforms.toml"
# A name ends where no letter or digit follows; a lone - or _ before one continues it, two of them part it.
_END = r"(?![A-Za-z0-9]|[-_][A-Za-z0-9])"
_GAP = r"[^A-Za-z0-9/.]{0,3}"
_HOST_GAP = r"[^A-Za-z0-9/.\n]{0,4}"
_HOST_DOT = r"[^A-Za-z0-9/\n]{1,6}"


@frozen(kw_only=True)
class Path:
    """One form of path: up to where the name of the share begins. `gapped` forgives blanks between its signs."""

    before: re.Pattern[str]
    gapped: re.Pattern[str]


@frozen(kw_only=True)
class Rule:
    """One platform. `strict` and `loose` match the name of a share at its place; see platforms.toml for the rest."""

    name: str
    hosts: tuple[str, ...]
    host_patterns: tuple[re.Pattern[str], ...]
    paths: tuple[Path, ...]
    strict: re.Pattern[str]
    loose: re.Pattern[str]
    url: str | None
    narrow: bool  # `strict` allows one length, or two neighbouring ones
    suffix: re.Pattern[str] | None
    code: re.Pattern[str] | None
    params: re.Pattern[str] | None
    fragment: re.Pattern[str] | None
    names: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    needs: tuple[str, ...]
    lower: bool
    said: bool  # codes of this platform count only behind a word for them
    beyond: bool
    example: str
    source: str = field(validator=lambda *given: _filled(*given))


@frozen(kw_only=True, eq=False)
class Rules:
    """All platforms, with hosts ready to be asked."""

    rules: tuple[Rule, ...]
    exact: Mapping[str, Rule]
    domains: Mapping[str, Rule]
    gapped: tuple[tuple[str, str, Rule], ...]  # a host, its letters alone, its rule
    named: re.Pattern[str]  # what sellers call a platform, just before a word for its code
    by_word: Mapping[str, str]  # such a name -> platform

    def of_host(self, host: str) -> Rule | None:
        """The platform that a host belongs to; None for strangers and look-alikes."""
        host = host.lower().rstrip(".")
        if found := self.exact.get(host.removeprefix("www.")):
            return found
        labels = host.split(".")
        for place in range(len(labels) - 1):
            if found := self.domains.get(".".join(labels[place:])):
                return found
        for rule in self.rules:
            if any(pattern.fullmatch(host) for pattern in rule.host_patterns):
                return rule
        return None


@cache
def rules() -> Rules:
    """The rules that ship. Raises BadInput where platforms.toml is not as its head says."""
    text = (resources.files("crawler.shares") / _DATA).read_text(encoding="utf-8")
    return compiled(tomllib.loads(text))


def compiled(records: Mapping[str, Any]) -> Rules:
    """Rules from their records. Raises BadInput naming every wrong record and field."""
    problems: list[Problem] = []
    made = []
    for name, record in records.items():
        try:
            made.append(_rule(name, record))
        except (KeyError, TypeError, ValueError, re.error) as error:
            problems.append(Problem(file=_DATA, field=name, message=f"{type(error).__name__}: {error}"))
    exact, domains = _hosts(made, problems)
    if problems:
        raise BadInput(problems)
    by_word = {word.lower(): rule.name for rule in made for word in rule.names}
    words = "|".join(re.escape(word) for word in sorted(by_word, key=len, reverse=True))
    named = re.compile(rf"(?<![A-Za-z0-9])({words})(?:网盘|云盘|网|盘|云|的|链接|[ :_\-]){{0,3}}\Z", re.IGNORECASE)
    gapped = tuple((host, _letters(host), rule) for host, rule in (*exact.items(), *domains.items()))
    return Rules(rules=tuple(made), exact=exact, domains=domains, gapped=gapped, named=named, by_word=by_word)


def _filled(_: object, attribute: Any, value: str) -> None:
    if not value.strip():
        raise ValueError(f"{attribute.name} is empty")


_TEXTS = frozenset(["id", "loose", "url", "suffix", "code", "example", "source"])
_LISTS = frozenset(["hosts", "paths", "params", "names", "needs", "patterns"])
_FLAGS = frozenset(["fragment", "lower", "beyond", "said"])
_KINDS: tuple[tuple[frozenset[str], type], ...] = ((_TEXTS, str), (_LISTS, list), (_FLAGS, bool))


def _rule(name: str, record: Mapping[str, Any]) -> Rule:
    _check_types(record)
    if not record.get("patterns") and not (record["hosts"] and record["paths"] and record["id"]):
        raise ValueError("neither hosts with paths and id, nor patterns")
    for name_of_part in ("id", "loose", "suffix", "code"):
        re.compile(record.get(name_of_part, ""))  # each by itself: a bracket left open must not close in a frame
    hosts = record.get("hosts", [])
    strict = record.get("id", r"(?!)")
    params = "|".join(re.escape(param) for param in record.get("params", []))
    code = record.get("code")
    return Rule(
        name=name,
        hosts=tuple(host for host in hosts if not host.startswith("/")),
        host_patterns=tuple(re.compile(host[1:-1]) for host in hosts if host.startswith("/")),
        paths=tuple(_path(template) for template in record.get("paths", [])),
        strict=re.compile(f"(?P<id>{strict}){_END}"),
        loose=re.compile(f"(?P<id>{record.get('loose', strict)})(?![A-Za-z0-9])"),
        url=record.get("url"),
        narrow=_is_narrow(strict),
        suffix=re.compile(record["suffix"]) if "suffix" in record else None,
        code=re.compile(code) if code else None,
        params=re.compile(f"[?&#;](?:{params})=({code})(?![A-Za-z0-9])", re.IGNORECASE) if code and params else None,
        fragment=re.compile(f"#({code})(?![A-Za-z0-9/=])") if code and record.get("fragment") else None,
        names=tuple(record.get("names", [])),
        patterns=tuple(re.compile(pattern, re.IGNORECASE) for pattern in record.get("patterns", [])),
        needs=tuple(record.get("needs", [])),
        lower=record.get("lower", False),
        said=record.get("said", False),
        beyond=record.get("beyond", False),
        example=record["example"],
        source=record["source"],
    )


def _is_narrow(name: str) -> bool:
    lengths = re.fullmatch(r"[^|]{0,500}\{([0-9]{1,4})(?:,([0-9]{1,4}))?\}", name)
    return lengths is not None and int(lengths[2] or lengths[1]) - int(lengths[1]) < 2


def _check_types(record: Mapping[str, Any]) -> None:
    for field_name, value in record.items():
        wanted = next((kind for names, kind in _KINDS if field_name in names), None)
        if wanted is None:
            raise ValueError(f"unknown field {field_name}")
        members = value if isinstance(value, list) else []
        if not isinstance(value, wanted) or not all(isinstance(one, str) for one in members):
            raise TypeError(f"{field_name} must be {wanted.__name__}")


def _path(template: str) -> Path:
    before, separator, after = template.partition("{id}")
    if not separator or after or not before.startswith("/"):
        raise ValueError(f"path {template!r} must begin with / and end with {{id}}")
    parts = before.split("{any}")
    exact = "[^/?#\\s]{1,120}".join(_literal(part) for part in parts)
    gapped = "[^/?#\\s]{1,120}".join(_GAP.join(map(re.escape, part)) for part in parts)
    return Path(before=re.compile(exact, re.IGNORECASE), gapped=re.compile(f"{_GAP}{gapped}{_GAP}"))


def _literal(part: str) -> str:
    """The signs of a path; a parameter may stand behind other parameters, a slash may be doubled."""
    start, mark, name = part.partition("?")
    path = re.escape(start).replace("/", "/{1,2}")
    return f"{path}\\?(?:[^#\\s]{{0,300}}?&)?{re.escape(name)}" if mark else path


def _letters(host: str) -> str:
    return "".join(filter(str.isalnum, host))


@cache
def gapped_host(host: str) -> re.Pattern[str]:
    """A host with gaps between its signs; made when a text holds its letters, as most texts hold none of them."""
    labels = (_HOST_GAP.join(map(re.escape, label)) for label in host.split("."))
    return re.compile(
        r"(?:(?<=www\.)|(?<![A-Za-z0-9.\-]))" + _HOST_DOT.join(labels) + r"(?![A-Za-z0-9.\-])", re.IGNORECASE
    )


def _hosts(made: list[Rule], problems: list[Problem]) -> tuple[dict[str, Rule], dict[str, Rule]]:
    """Single hosts and whole domains, each with its rule; a host of two platforms is a problem."""
    exact: dict[str, Rule] = {}
    domains: dict[str, Rule] = {}
    for rule in made:
        for host in rule.hosts:
            place = domains if host.startswith("*.") else exact
            if place.setdefault(host.removeprefix("*."), rule) is not rule:
                problems.append(Problem(file=_DATA, field=rule.name, message=f"{host} belongs to another platform too"))
    return exact, domains
