"""Find out how a site is searched, from its own pages: the form with all its fields, its method and its charset.

Sources, the most exact first: an OpenSearch description (https://github.com/dewitt/opensearch), a SearchAction in
JSON-LD (https://schema.org/SearchAction), the forms that look most like a search, addresses that a script builds, and
what the site's software is known for (search_routes.toml). Only addresses on the site's own host or below its domain
count. Fields are sent as a browser sends them (https://html.spec.whatwg.org/#form-submission-algorithm): in the
charset of the form or of its page, what that cannot express as a character reference.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from html import unescape
from importlib import resources
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from attrs import asdict, evolve, frozen

from crawler.page.charset import codec_for_label
from crawler.page.jsonld import jsonld_objects
from crawler.page.page import Page, Selection
from crawler.page.request import Request
from crawler.page.structured_data import objects, texts
from crawler.urls import is_same_site

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
    r"search|sou_?suo|cha_?xun|(?<![a-z])so\.(?:asp|php)|such|busca|cerca|recherch|hledat|szukaj"
    r"|sök|søk|haku|otsi|поиск|搜索|搜尋|查询|查詢|查找|検索|검색|query|find",
    re.I,
)

_SCRIPTED_ADDRESS_RE = re.compile(r"""["']([^"'<>\\\s]{0,200}[?&]([\w-]{1,30})=)["']\s{0,9}\+""")
MAX_SEARCH_LINK_CHARS = 12  # of the text of a link to the search
MAX_FORMS = 40  # of one page
MAX_FIELD_CHARS = 2_000  # of the value of a field that is sent along
MAX_SENT_CHARS = 20_000  # of all fields together; a form with more is no search
MAX_SCRIPT_CHARS = 400_000  # of a page's source, searched for addresses that a script builds
_NARROW_CODECS = {"gb18030": "gbk"}  # pages are read as the wider set, but a browser sends the narrow one


@frozen(kw_only=True)
class SearchForm:
    """How a site is asked. `address` and `body` hold {query}, at least one of them; an empty body makes a GET.

    `charset` is the Python name of the encoding in which the question is sent.
    """

    address: str
    body: str = ""
    charset: str = "utf-8"
    source: str = ""  # where it was found, for people

    def to_request(self, question: str, **fields: Any) -> Request:
        """The request that asks `question`; `fields` are further fields of Request."""
        address = fill_template(self.address, question, self.charset)
        if not self.body:
            return Request(url=address, **fields)
        body = fill_template(self.body, question, self.charset).encode("ascii", "replace")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request(url=address, method="POST", body=body, headers=headers, **fields)

    def answers_at(self, url: str) -> bool:
        """Whether an address is one of this search, whatever it asks: its path, and the parameter of the question."""
        own, other = urlsplit(self.address), urlsplit(url)
        own_path = own.path.partition(QUERY_PLACEHOLDER)[0]
        is_in_path = QUERY_PLACEHOLDER in own.path
        has_path = other.path.startswith(own_path) if is_in_path else other.path.rstrip("/") == own_path.rstrip("/")
        if other.netloc != own.netloc or not has_path:
            return False
        wanted = [name for name, value in parse_qsl(own.query, keep_blank_values=True) if value == QUERY_PLACEHOLDER]
        stated = dict(parse_qsl(other.query, keep_blank_values=True, encoding="latin-1"))
        names = own_path.rstrip("/").rpartition("/")[2]
        is_search_script = _SEARCH_WORD_RE.search(names) is not None or bool(self.body)
        return is_in_path or any(name in stated for name in wanted) or (is_search_script and bool(own_path.strip("/")))

    def to_json(self) -> dict[str, str]:
        """The form as JSON types."""
        return asdict(self)


def search_forms(page: Page) -> list[SearchForm]:
    """The ways in which a page says that its site is searched, the best first; none if it says nothing."""
    charset = form_charset(page.encoding) or "utf-8"
    found: list[SearchForm] = [
        SearchForm(address=template, charset=charset, source="SearchAction")
        for template in _action_templates(page)
        if template
    ]
    found += _forms_of_page(page, charset)
    found += _scripted_forms(page, charset)
    found += [evolve(form, charset=charset) for form in _software_forms(page)]
    unique = {(form.address, form.body): form for form in reversed(found)}
    return list(reversed(unique.values()))


def search_page_address(page: Page) -> str | None:
    """The address of a page of the site that is only for searching, from a link that says so; None without one."""
    for link in page.css("a[href]"):
        text, reference = link.text(""), link.attrib["href"]
        if len(text) <= MAX_SEARCH_LINK_CHARS and _SEARCH_WORD_RE.search(text) and "=" not in reference:
            address = page.link(reference)
            if address and is_same_site(address, page.url) and address != page.url:
                return address
    return None


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


def fill_template(template: str, question: str, charset: str = "utf-8") -> str:
    """An address or body with `question` in place of {query}, percent-encoded in `charset`."""
    return template.replace(QUERY_PLACEHOLDER, quote(question.encode(charset, "xmlcharrefreplace"), safe=""))


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


def _forms_of_page(page: Page, charset: str) -> list[SearchForm]:
    """The forms that look like a search, best first."""
    ranked = []
    for number, form in enumerate(page.css("form")):
        if number < MAX_FORMS and (ranked_form := _rank_form(page, form, charset)):
            rank, search_form = ranked_form
            ranked.append((-rank, number, search_form))
    return [search_form for _, _, search_form in sorted(ranked, key=lambda entry: entry[:2])]


def _rank_form(page: Page, form: Selection, charset: str) -> tuple[int, SearchForm] | None:
    """How much a form looks like a search, and the form; None if it is none."""
    fields = [candidate.attrib for candidate in form.css("input[name]")]
    kinds = [candidate.get("type", "text").lower() for candidate in fields]
    text_fields = [candidate for candidate, kind in zip(fields, kinds, strict=True) if kind in ("text", "search", "")]
    if len(text_fields) not in (1, 2) or set(kinds) & {"password", "email", "file"} or len(form.css("textarea")):
        return None
    field = max(
        text_fields,
        key=lambda candidate: (
            (candidate.get("type") == "search") + 2 * (candidate["name"].lower() in _QUERY_FIELD_NAMES)
        ),
    )
    buttons = ("".join(button.attrib.get("value", "").split()) for button in form.css("input[type=submit]"))
    form_words = " ".join((*form.attrib.values(), *field.values(), *buttons, form.text("")))[:2_000]
    rank = (
        2 * (field["name"].lower() in _QUERY_FIELD_NAMES)
        + 2 * bool(_SEARCH_WORD_RE.search(form_words))
        + (field.get("type") == "search")
    )
    accepted = form.attrib.get("accept-charset", "").split()
    charset = next(filter(None, map(form_charset, accepted)), charset)
    is_posted = form.attrib.get("method", "get").lower() == "post"
    pairs = _sent_fields(form, field["name"], is_posted)
    query = "&".join(
        QUERY_FIELD if value is None else urlencode([(name, value)], encoding=charset, errors="xmlcharrefreplace")
        for name, value in pairs
    ).replace(QUERY_FIELD, f"{quote(field['name'])}={QUERY_PLACEHOLDER}")
    action = page.link(form.attrib.get("action") or page.url) or page.url
    if not rank or len(query) > MAX_SENT_CHARS or not is_same_site(action, page.url):
        return None
    if is_posted:
        return rank, SearchForm(address=action.partition("#")[0], body=query, charset=charset, source="form, POST")
    template = _normalize_template(page, f"{action.partition('?')[0].partition('#')[0]}?{query}")
    return (rank, SearchForm(address=template, charset=charset, source="form")) if template else None


QUERY_FIELD = "\x00"  # where the field of the question stands among the others


def _sent_fields(form: Selection, query_name: str, is_posted: bool) -> list[tuple[str, str | None]]:
    """The fields that a browser sends, in page order, None as value of the question's; of the buttons the first.

    Of a GET, values that differ at every visit are left out: they would make another page of every question.
    """
    pairs: dict[str, str | None] = {}
    has_button = False
    for element in form.css("input[name], select[name], button[name]"):
        name, is_button = element.attrib["name"], _is_submit_button(element)
        value = "" if name == query_name else _field_value(element)
        if value is None or (is_button and has_button) or name in pairs:
            continue
        has_button = has_button or is_button
        is_token = not is_posted and (len(value) >= MAX_GET_VALUE_CHARS or "token" in name.lower())
        if not is_token and len(value) <= MAX_FIELD_CHARS:
            pairs[name] = None if name == query_name else value
    return list(pairs.items())


def _is_submit_button(element: Selection) -> bool:
    return element.attrib.get("type", "submit" if element.tag == "button" else "text").lower() == "submit"


def _field_value(element: Selection) -> str | None:
    """The value that a browser sends for an untouched field, None where it sends none."""
    attributes = element.attrib
    kind = attributes.get("type", "").lower()
    if element.tag == "select":
        options = element.css("option[selected]") if len(element.css("option[selected]")) else element.css("option")
        return str(options.attrib.get("value", options.text(""))) if len(options) else None
    if kind in ("checkbox", "radio"):
        return attributes.get("value", "on") if "checked" in attributes else None
    return None if kind in ("button", "reset", "image") else attributes.get("value", "")


MAX_GET_VALUE_CHARS = 40  # a longer value of a hidden field is a token


def _scripted_forms(page: Page, charset: str) -> list[SearchForm]:
    """Searches whose address a script puts together: a text in quotes that ends with the parameter, then a plus."""
    found = []
    for match in islice(_SCRIPTED_ADDRESS_RE.finditer(page.source[:MAX_SCRIPT_CHARS]), MAX_FORMS):
        reference, name = unescape(match[1]), match[2].lower()
        if (name in _QUERY_FIELD_NAMES or _SEARCH_WORD_RE.search(name)) and not reference.startswith("&"):
            template = _normalize_template(page, reference + QUERY_PLACEHOLDER)
            if template:
                found.append(SearchForm(address=template, charset=charset, source="script"))
    return found


@frozen(kw_only=True)
class _SearchRoute:
    """How sites of one software are searched, and what its pages contain."""

    software: str
    signs: tuple[str, ...]
    address: str
    source: str


@cache
def _search_routes() -> tuple[_SearchRoute, ...]:
    table = tomllib.loads((resources.files("crawler.page") / "search_routes.toml").read_text(encoding="utf-8"))
    return tuple(_SearchRoute(**{**row, "signs": tuple(row["signs"])}) for row in table["route"])


def _software_forms(page: Page) -> Iterator[SearchForm]:
    source = page.source[:MAX_SCRIPT_CHARS]
    for route in _search_routes():
        if any(sign in source for sign in route.signs):
            template = _normalize_template(page, route.address)
            if template:
                yield SearchForm(address=template, source=route.software)


def form_charset(label: str) -> str | None:
    """The codec in which a form of this charset is sent, as browsers do; None for unknown and forbidden labels.

    UTF-16 is sent as UTF-8 (https://encoding.spec.whatwg.org/#get-an-encoder).
    """
    codec = codec_for_label(label)
    return None if codec is None else "utf-8" if codec.startswith("utf-") else _NARROW_CODECS.get(codec, codec)


def _normalize_template(page: Page, address: str) -> str | None:
    """An absolute template with one {query} and no other placeholder; None if unusable or of another site."""
    template = _QUERY_TERM_RE.sub(QUERY_PLACEHOLDER, address, count=1)
    template = _PLACEHOLDER_RE.sub(lambda match: match[0] if match[0] == QUERY_PLACEHOLDER else "", template)
    absolute = page.link(template)
    if absolute is None or QUERY_PLACEHOLDER not in absolute or not is_same_site(absolute, page.url):
        return None
    return absolute if urlsplit(absolute).path or urlsplit(absolute).query else None
