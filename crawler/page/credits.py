"""Who made a work, as a page says it beside the title: links to authors, labels, "... 著", "by ..."."""

from __future__ import annotations

import re

from crawler.page.evidence import LABEL, SHOWN, Ballot
from crawler.page.page import Page, visible_text

LONGEST = 60  # characters of a name
MOST = 4  # names taken from one kind of place
_LINKED = "a[rel~=author], [itemprop=author], [itemprop=byArtist]"
_NAMED = (
    "[class~=author] a, a[class~=author], [class~=authors] a, [class*=author-name], [class*=authorName], "
    "[class*=book-author], [class*=bookauthor], a[class*=writer], [class~=writer] a, [class~=author]"
)
_ADDRESSED = (
    "a[href*='/author/'], a[href*='/authors/'], a[href*='/artist/'], a[href*='/writer/'], a[href*='author='], "
    "a[href*='/contributor/'], a[href*='/creator/'], a[href*='authorid=']"
)
_ROLE = re.compile(
    r"^(?:by|von|par|di|de|作者|著者|原著|author)\b[\s:：]{0,5}|^作者[:：]?\s{0,3}|\s{0,3}[(（\[［【]?(?:编著|編著|主编|主編|原著|著|編|编|撰|author)[)）\]］】]?$",
    re.I,
)
_BEHIND = re.compile(r"[\s/／]([^\s/／<>()（）]{2,20})[\s\u3000]{1,3}著(?:\s|$)")
_BETWEEN = re.compile(r"\s{0,3}(?:[;；、,，/／&]|\band\b|\bund\b|\bet\b)\s{0,3}")
_COUNTRY = re.compile(r"^[\[［【(（〔][^\]］】)）〕]{1,8}[\]］】)）〕]\s{0,3}")
_NO_NAME = re.compile(r"\d{3,}|https?:|@|^(?:more|all|see|view|follow|更多|全部|关注|登录|login)\b", re.I)


def from_credits(ballot: Ballot, page: Page, values: list[str], heading: str) -> None:
    """The votes for creators; `values` stand behind labels."""
    for value in values[:2]:
        ballot.say("creators", names(value), "label", LABEL)
    for selector, source, weight in (
        (_LINKED, "link to the author", LABEL),
        (_NAMED, "author beside the title", SHOWN / 2),
        (_ADDRESSED, "link to an author's page", SHOWN / 2),
    ):
        found = [name for node in page.nodes(selector, MOST) for name in names(visible_text(node))]
        ballot.say("creators", tuple(dict.fromkeys(found[:1])), source, weight)
    behind = _BEHIND.search(heading)
    if behind:
        ballot.say("creators", names(behind[1]), "heading", SHOWN / 2)


def names(text: str) -> tuple[str, ...]:
    """ "[美] 某某 著；某某 译" as names without countries and roles; what is no name is left out."""
    parts = _BETWEEN.split(text[: 5 * LONGEST])
    plain = (_ROLE.sub("", _COUNTRY.sub("", part.strip())).strip(" :：·.。") for part in parts)
    return tuple(name for name in plain if 1 < len(name) <= LONGEST and not _NO_NAME.search(name))
