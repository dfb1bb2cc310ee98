"""How a site wants to be asked: the address of its search with {query} in it, found on its own pages.

Three places say so, the most exact first: an OpenSearch description (https://github.com/dewitt/opensearch), a
SearchAction in JSON-LD (https://schema.org/SearchAction), the form that looks like a search. Only addresses that a GET
can ask count, on the site's own host or below its domain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from crawler.page.jsonld import json_ld
from crawler.page.metadata import objects, texts
from crawler.page.page import Page, Selection
from crawler.urls import host

QUERY = "{query}"
_URL = re.compile(r"<(?:[A-Za-z]{1,20}:)?Url\b([^<>]{1,4000})>", re.I)
_ATTRIBUTE = re.compile(r"""([A-Za-z:]{1,30})\s{0,5}=\s{0,5}["']([^"']{0,3000})["']""")
_ANY_PLACE = re.compile(r"\{[A-Za-z_:.-]{1,40}\??\}")
_TERMS = re.compile(r"\{(?:search_?terms?(?:_string)?|query|q|keywords?)\??\}", re.I)
_NAMES = ("q", "query", "keyword", "keywords", "search", "wd", "s", "k", "text", "term", "key", "kw", "searchterm")
_WORDS = re.compile(
    r"search|such|busca|cerca|recherch|hledat|szukaj|sök|søk|haku|otsi|поиск|搜索|搜尋|検索|검색|query|find", re.I
)


def described_at(page: Page) -> str | None:
    """The address of the site's OpenSearch description, None where it has none."""
    link = page.css("link[type='application/opensearchdescription+xml'][href]")
    return page.link(link.attrib["href"]) if len(link) else None


def described(page: Page) -> str | None:
    """The template that an OpenSearch description holds: the one for pages that people read."""
    found: list[tuple[bool, str]] = []
    for tag in _URL.finditer(page.source[:200_000]):
        said = {name.lower(): unescape(value) for name, value in _ATTRIBUTE.findall(tag[1])}
        template = said.get("template", "")
        if said.get("method", "get").lower() == "get" and _TERMS.search(template):
            found.append(("html" in said.get("type", ""), template))
    best = max(found, key=lambda pair: pair[0], default=None)
    return _template(page, best[1]) if best else None


def asked_by_page(page: Page) -> str | None:
    """The template that the page itself holds, in its SearchAction or its form."""
    return next(filter(None, (*_actions(page), *_forms(page))), None)


def filled(template: str, question: str) -> str:
    """The address that asks a question."""
    return template.replace(QUERY, quote(question, safe=""))


def _actions(page: Page) -> Iterator[str | None]:
    for each in json_ld(page):
        for action in [*objects(each.get("potentialAction")), each]:
            if "SearchAction" in " ".join(texts(action.get("@type"))):
                yield from (_template(page, target) for target in _targets(action.get("target")))


def _targets(target: Any) -> Iterator[str]:
    for each in target if isinstance(target, list) else [target]:
        if isinstance(each, Mapping):
            yield from texts(each.get("urlTemplate"))
        else:
            yield from texts(each)


def _forms(page: Page) -> Iterator[str | None]:
    """Templates of the forms that look most like a search, best first."""
    ranked = []
    for number, form in enumerate(page.css("form")):
        if number >= 40 or form.attrib.get("method", "get").lower() not in ("get", ""):
            continue
        template, rank = _form(page, form)
        if template and rank:
            ranked.append((-rank, number, template))
    return iter(template for _, _, template in sorted(ranked))


def _form(page: Page, form: Selection) -> tuple[str | None, int]:
    fields = [each.attrib for each in form.css("input[name]")]
    asked = [each for each in fields if each.get("type", "text").lower() in ("text", "search", "")]
    if len(asked) not in (1, 2) or any(each.get("type", "").lower() in ("password", "email") for each in fields):
        return None, 0
    field = max(asked, key=lambda each: (each.get("type") == "search") + 2 * (each["name"].lower() in _NAMES))
    about = " ".join((*form.attrib.values(), *field.values()))
    rank = (
        2 * (field["name"].lower() in _NAMES) + 2 * bool(_WORDS.search(about[:2_000])) + (field.get("type") == "search")
    )
    hidden = {each["name"]: each.get("value", "") for each in fields if each.get("type", "").lower() == "hidden"}
    kept = {name: value for name, value in hidden.items() if len(value) < 40 and "token" not in name.lower()}
    action = page.link(form.attrib.get("action") or page.url) or page.url
    query = "&".join(filter(None, (urlencode(kept), f"{quote(field['name'])}={QUERY}")))
    return _template(page, f"{action.partition('?')[0]}?{query}"), rank


def _template(page: Page, address: str) -> str | None:
    """An address with one place for the question; of other places the optional ones are dropped."""
    template = _TERMS.sub(QUERY, address, count=1)
    template = _ANY_PLACE.sub(lambda found: found[0] if found[0] == QUERY else "", template)
    absolute = page.link(template)
    if absolute is None or QUERY not in absolute or not _same_site(host(absolute), host(page.url)):
        return None
    return absolute if urlsplit(absolute).path or urlsplit(absolute).query else None


def _same_site(one: str, other: str) -> bool:
    def ending(name: str) -> list[str]:
        return name.removeprefix("www.").split(".")[-2:]

    return bool(one) and ending(one) == ending(other)
