"""The region of a page, which decides what its "$", "¥" and "kr" mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.page.page import Page
from crawler.urls import url_host

_LOCALE_RE = re.compile(r"^([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_]([A-Za-z]{2}))?$")
# Languages that decide between the currencies of one sign, as they are written in one country.
_COUNTRY_BY_LANGUAGE = {"ja": "jp", "sv": "se", "da": "dk", "nb": "no", "nn": "no", "no": "no", "is": "is"}
_CHINESE_ENDINGS = frozenset({"cn", "tw", "hk", "mo"})
_YEN_SIGNS = ("¥", "￥", "&yen;", "&#165;", "&#xa5;")
_JAPANESE_TAX_RE = re.compile(r"税[込抜別]")
_KANA_RE, _HAN_RE = re.compile("[\u3041-\u3096\u30a1-\u30fa]"), re.compile("[\u4e00-\u9fff]")
MIN_KANA_SHARE = 0.1  # of the Han and kana of a page in Japanese; Chinese ones have a の here and there (estimate)
MIN_KANA_CHARS = 20  # characters, below which a page shows too little to tell
MAX_LANGUAGE_CHARS = 200_000  # of markup in which kana are counted


def currency_region(page: Page) -> str:
    """A host that identifies the currency: the page's own, with the country of its locale if the host names none.

    Without either it ends in "com": other endings without a country, and numbers, say no more than that.
    """
    name = url_host(page.url)
    ending = name.rpartition(".")[2]
    tags = page.tree.css("meta[property='og:locale'], html[lang]")
    stated = [tag.attributes.get("content") or tag.attributes.get("lang") or "" for tag in tags]
    stated.sort(key=lambda locale: "_" not in locale)  # og:locale, which has a country, first
    locales = [match for text in stated if (match := _LOCALE_RE.match(text.strip()))]
    if ending not in _CHINESE_ENDINGS and _is_in_yen(page, [match[1].lower() for match in locales]):
        return f"{name}.jp"
    if len(ending) == 2:
        return name
    countries = [(match[2] or _COUNTRY_BY_LANGUAGE.get(match[1].lower(), "")).lower() for match in locales]
    return f"{name}.{next(filter(None, countries), 'com')}"


def _is_in_yen(page: Page, languages: Sequence[str]) -> bool:
    """Whether "¥" on a page means yen: it names a tax of Japan, or is in Japanese by its own word or by its kana."""
    if not any(sign in page.markup for sign in _YEN_SIGNS):
        return False
    text = page.markup[:MAX_LANGUAGE_CHARS]
    kana, han = len(_KANA_RE.findall(text)), len(_HAN_RE.findall(text))
    is_japanese = kana >= MIN_KANA_CHARS and kana >= MIN_KANA_SHARE * (kana + han)
    return "ja" in languages or is_japanese or _JAPANESE_TAX_RE.search(text) is not None
