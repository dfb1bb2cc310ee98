"""Vote for the creators of a work by links to authors, labels and bylines ("... 著", "by ...") beside the title."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from crawler.page.field_votes import LABEL_WEIGHT, VISIBLE_WEIGHT, Ballot
from crawler.page.page import Page, visible_text

MAX_NAME_CHARS = 60
MAX_ELEMENTS = 4  # elements read per selector
_AUTHOR_REL_SELECTOR = "a[rel~=author], [itemprop=author], [itemprop=byArtist]"
_AUTHOR_CLASS_SELECTOR = (
    "[class~=author] a, a[class~=author], [class~=authors] a, [class*=author-name], [class*=authorName], "
    "[class*=book-author], [class*=bookauthor], a[class*=writer], [class~=writer] a, [class~=author]"
)
_AUTHOR_PAGE_SELECTOR = (
    "a[href*='/author/'], a[href*='/authors/'], a[href*='/artist/'], a[href*='/writer/'], a[href*='author='], "
    "a[href*='/contributor/'], a[href*='/creator/'], a[href*='authorid=']"
)
_BYLINE_SELECTOR = (
    "a[rel~=author], [itemprop=author] [itemprop=name], .vcard .fn, .author.vcard, .p-author, .byline a, "
    "[class~=entry-meta] a[href*='author'], [class*=post-author] a, [class*=entry-author] a, "
    "[class*=author-link], .byline"
)
_ROLE_RE = re.compile(
    r"^(?:by|von|par|di|de|作者|著者|原著|author)\b[\s:：]{0,5}|^作者[:：]?\s{0,3}|\s{0,3}[(（\[［【]?(?:编著|編著|主编|主編|原著|著|編|编|撰|author)[)）\]］】]?$",
    re.I,
)
_AUTHOR_SUFFIX_RE = re.compile(r"[\s/／]([^\s/／<>()（）]{2,20})[\s\u3000]{1,3}著(?:\s|$)")
_SEPARATOR_RE = re.compile(r"\s{0,3}(?:[;；、,，/／&]|\band\b|\bund\b|\bet\b)\s{0,3}")
_COUNTRY_RE = re.compile(r"^[\[［【(（〔][^\]］】)）〕]{1,8}[\]］】)）〕]\s{0,3}")
_NON_NAME_RE = re.compile(r"\d{3,}|https?:|@|^(?:more|all|see|view|follow|更多|全部|关注|登录|login)\b", re.I)


def vote_creators(ballot: Ballot, page: Page, values: list[str], heading: str) -> None:
    """Add the votes for creators; `values` are the texts behind author labels."""
    for value in values[:2]:
        ballot.add_vote("creators", split_names(value), "label", LABEL_WEIGHT)
    for selector, source, weight in (
        (_AUTHOR_REL_SELECTOR, "link to the author", LABEL_WEIGHT),
        (_AUTHOR_CLASS_SELECTOR, "author beside the title", VISIBLE_WEIGHT / 2),
        (_AUTHOR_PAGE_SELECTOR, "link to an author's page", VISIBLE_WEIGHT / 2),
    ):
        linked_names = [name for node in page.nodes(selector, MAX_ELEMENTS) for name in split_names(_named(node))]
        ballot.add_vote("creators", tuple(dict.fromkeys(linked_names[:1])), source, weight)
    suffix = _AUTHOR_SUFFIX_RE.search(heading)
    if suffix:
        ballot.add_vote("creators", split_names(suffix[1]), "heading", VISIBLE_WEIGHT / 2)


def _named(node: LexborNode) -> str:
    """The text of an element that names a person: of the name inside it, without a label beside that."""
    inner = node.css_first("[itemprop=name], a[rel~=author]")
    return visible_text(inner if inner is not None else node)


def byline(page: Page) -> str:
    """Who wrote a page that is a post, "" if nothing says so.

    Only marks of writing count (hAtom, microformats, rel=author), because an author beside a title may be the work's.
    """
    for node in page.nodes(_BYLINE_SELECTOR, MAX_ELEMENTS):
        names = split_names(_named(node))
        if len(names) == 1:
            return names[0]
    return ""


def without_role(name: str) -> str:
    """A name without the label or role beside it ("作者：某某", "某某 著")."""
    return _ROLE_RE.sub("", name).strip(" :：·.。") or name


def split_names(text: str) -> tuple[str, ...]:
    """Split "[美] 某某 著；某某 译" into names without countries and roles; parts that are not names are left out."""
    parts = _SEPARATOR_RE.split(text[: 5 * MAX_NAME_CHARS])
    candidates = (_ROLE_RE.sub("", _COUNTRY_RE.sub("", part.strip())).strip(" :：·.。") for part in parts)
    return tuple(name for name in candidates if 1 < len(name) <= MAX_NAME_CHARS and not _NON_NAME_RE.search(name))
