"""Find out how a site is searched: the address of its search with {query} in it, from its own pages.

Three sources, the most exact first: an OpenSearch description (https://github.com/dewitt/opensearch), a SearchAction in
JSON-LD (https://schema.org/SearchAction), the form that looks most like a search. Only GET addresses on the site's own
host or below its domain count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from crawler.page.jsonld import jsonld_objects
from crawler.page.page import Page, Selection
from crawler.page.structured_data import objects, texts
from crawler.urls import url_host

QUERY_PLACEHOLDER = "{query}"
_URL_TAG_RE = re.compile(r"<(?:[A-Za-z]{1,20}:)?Url\b([^<>]{1,4000})>", re.I)
_ATTRIBUTE_RE = re.compile(r"""([A-Za-z:]{1,30})\s{0,5}=\s{0,5}["']([^"']{0,3000})["']""")
_PLACEHOLDER_RE = re.compile(r"\{[A-Za-z_:.-]{1,40}\??\}")
_QUERY_TERM_RE = re.compile(r"\{(?:search_?terms?(?:_string)?|query|q|keywords?)\??\}", re.I)
_QUERY_FIELD_NAMES = (
    "q",
    "query",
    "keyword",
    "keywords",
    "search",
    "wd",
    "s",
    "k",
    "text",
    "term",
    "key",
    "kw",
    "searchterm",
)
_SEARCH_WORD_RE = re.compile(
    r"search|such|busca|cerca|recherch|hledat|szukaj|sök|søk|haku|otsi|поиск|搜索|搜尋|検索|검색|query|find", re.I
)


def opensearch_address(page: Page) -> str | None:
    """The address of the site's OpenSearch description, None if it has none."""
    link = page.css("link[type='application/opensearchdescription+xml'][href]")
    return page.link(link.attrib["href"]) if len(link) else None


def opensearch_template(page: Page) -> str | None:
    """The template in an OpenSearch description, the one for HTML pages first; None if it has none."""
    templates: list[tuple[bool, str]] = []
    for tag in _URL_TAG_RE.finditer(page.source[:200_000]):
        attributes = {name.lower(): unescape(value) for name, value in _ATTRIBUTE_RE.findall(tag[1])}
        template = attributes.get("template", "")
        if attributes.get("method", "get").lower() == "get" and _QUERY_TERM_RE.search(template):
            templates.append(("html" in attributes.get("type", ""), template))
    best = max(templates, key=lambda pair: pair[0], default=None)
    return _normalize_template(page, best[1]) if best else None


def search_template(page: Page) -> str | None:
    """The template in the page's SearchAction or its form; None if it has neither."""
    return next(filter(None, (*_action_templates(page), *_form_templates(page))), None)


def fill_template(template: str, question: str) -> str:
    """The address of the search for `question`."""
    return template.replace(QUERY_PLACEHOLDER, quote(question, safe=""))


def _action_templates(page: Page) -> Iterator[str | None]:
    for entity in jsonld_objects(page):
        for action in [*objects(entity.get("potentialAction")), entity]:
            if "SearchAction" in " ".join(texts(action.get("@type"))):
                yield from (_normalize_template(page, target) for target in _target_addresses(action.get("target")))


def _target_addresses(target: Any) -> Iterator[str]:
    for item in target if isinstance(target, list) else [target]:
        if isinstance(item, Mapping):
            yield from texts(item.get("urlTemplate"))
        else:
            yield from texts(item)


def _form_templates(page: Page) -> Iterator[str | None]:
    """Templates of the forms that look like a search, best first."""
    ranked = []
    for number, form in enumerate(page.css("form")):
        if number >= 40 or form.attrib.get("method", "get").lower() not in ("get", ""):
            continue
        template, rank = _rank_form(page, form)
        if template and rank:
            ranked.append((-rank, number, template))
    return iter(template for _, _, template in sorted(ranked))


def _rank_form(page: Page, form: Selection) -> tuple[str | None, int]:
    fields = [candidate.attrib for candidate in form.css("input[name]")]
    text_fields = [candidate for candidate in fields if candidate.get("type", "text").lower() in ("text", "search", "")]
    if len(text_fields) not in (1, 2) or any(
        candidate.get("type", "").lower() in ("password", "email") for candidate in fields
    ):
        return None, 0
    field = max(
        text_fields,
        key=lambda candidate: (
            (candidate.get("type") == "search") + 2 * (candidate["name"].lower() in _QUERY_FIELD_NAMES)
        ),
    )
    form_words = " ".join((*form.attrib.values(), *field.values()))
    rank = (
        2 * (field["name"].lower() in _QUERY_FIELD_NAMES)
        + 2 * bool(_SEARCH_WORD_RE.search(form_words[:2_000]))
        + (field.get("type") == "search")
    )
    hidden_values = {
        candidate["name"]: candidate.get("value", "")
        for candidate in fields
        if candidate.get("type", "").lower() == "hidden"
    }
    fixed_values = {
        name: value for name, value in hidden_values.items() if len(value) < 40 and "token" not in name.lower()
    }
    action = page.link(form.attrib.get("action") or page.url) or page.url
    query = "&".join(filter(None, (urlencode(fixed_values), f"{quote(field['name'])}={QUERY_PLACEHOLDER}")))
    return _normalize_template(page, f"{action.partition('?')[0]}?{query}"), rank


def _normalize_template(page: Page, address: str) -> str | None:
    """An absolute template with one {query} and no other placeholder; None if unusable or of another site."""
    template = _QUERY_TERM_RE.sub(QUERY_PLACEHOLDER, address, count=1)
    template = _PLACEHOLDER_RE.sub(lambda match: match[0] if match[0] == QUERY_PLACEHOLDER else "", template)
    absolute = page.link(template)
    if (
        absolute is None
        or QUERY_PLACEHOLDER not in absolute
        or not _is_same_site(url_host(absolute), url_host(page.url))
    ):
        return None
    return absolute if urlsplit(absolute).path or urlsplit(absolute).query else None


def _is_same_site(host_name: str, other_host: str) -> bool:
    def last_labels(name: str) -> list[str]:
        return name.removeprefix("www.").split(".")[-2:]

    return bool(host_name) and last_labels(host_name) == last_labels(other_host)
