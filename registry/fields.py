"""Parsers of single values in a list of works. A wrong value raises FieldError with the key of its message.

Empty means "not stated" and gives None or an empty tuple. A list is written `a|b|c` in tables, or one value a line, and
as a list in JSON; a bar that belongs to a value is written `\\|`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from crawler.items import Licence
from crawler.money import parse_currency as find_currency
from registry.headings import canonical_kind, licence_field, platform_name

MIN_YEAR, MAX_YEAR = -3000, 2100
MONTHS_PER_YEAR = 12
LICENCE_FIELDS = ("platform", "seller", "territory", "since", "until")

_DAY_RE = re.compile(r"(\d{4})([-/.]|年)(\d{1,2})(?:(?:[-/.]|月)(\d{1,2}))?[日月]?(?:[T ]00:00(?::00)?)?", re.ASCII)
_PACKED_DAY_RE = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)", re.ASCII)
_YEAR_RE = re.compile(r"(-?\d{1,4})年?", re.ASCII)
_SERIAL_DAY_RE = re.compile(r"\d{5}", re.ASCII)  # 10000 to 99999: 1927 to 2173, as spreadsheets count days
SERIAL_DAYS_START = date(1899, 12, 30)  # day 0 of spreadsheets, after their leap day of 1900 that never was
_LICENCE_BAR_RE = re.compile(r"(?<!\\)[|｜]|\n")
_SEMICOLON_RE = re.compile(r"(?<!\\)[;；]")
_SPECIAL_RE = re.compile(r"([;；|｜])")
_ESCAPED_RE = re.compile(r"\\([;；|｜])")
_ESCAPE = r"\\\1"
LOST_LETTER = "\ufffd"
_LOST_TITLE_RE = re.compile(
    r"[\s\d:,.()-]{0,99}(?:\?[\s\d:,.()-]{0,99}){2,999}"
)  # what "save as CSV" leaves of letters it lacks
MAX_SIGN_CHARS = 8  # of a currency beside a price
_BAR_RE = re.compile(r"(?<!\\)\||\n")
_SIGNED_PRICE_RE = re.compile(
    r"(?P<before>[^\d\s.,~-]{0,8})\s{0,2}(?P<amount>\d(?:[\d.,\s'’]{0,24}\d)?)\s{0,2}(?P<after>[^\d\s.,~-]{0,8})"
)
_ABOUT_RE = re.compile(r"[约約起～+<>≈]|以上|以下|左右|from|about", re.I)
_HAN = r"\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af"
# A stroke, an ampersand or a comma parts names between blanks, or beside Han, kana or Hangul: AC/DC is one name.
_NAME_SEPARATOR_RE = re.compile(
    rf" ?[、；;，] ?| [/／&＆] |(?<=[{_HAN}\])）】］]) ?[/／&＆] ?| ?[/／&＆] ?(?=[{_HAN}\[(（【［])"
    rf"|(?<=[{_HAN}]), ?(?=[{_HAN}])"
)
_ALIAS_SEPARATOR_RE = re.compile(r"[、；\n]")
_ROLE = (
    r"编著|編著|主编|主編|原著|编译|編譯|著|编|編|撰|译|譯|绘|繪|图|圖|文|摄|攝|导演|作者|author|"
    r"ed\.?|eds\.?|trans\.?|translator|illustrator"
)
_BARE_ROLE = r"编著|編著|主编|主編|原著|编译|編譯|著|编|編|译|譯|绘|繪|等|等著"
_ROLE_RE = re.compile(
    rf" ?[(（\[［【](?:{_ROLE})[)）\]］】]$|(?<=\S\S) (?:{_BARE_ROLE})$"
    rf"|(?<=[{_HAN}]{{2}})(?:编著|編著|主编|主編|著|等著)$",
    re.I,
)
_COUNTRY_RE = re.compile(r"^[\[［【(（〔][^\]］】)）〕]{1,8}[\]］】)）〕]\s*(?=.)")
# A point before the fraction, or a comma as half of the world writes it; thousands parted by the other of the two, by
# blanks or apostrophes. A comma before three digits parts thousands.
_AMOUNT_RES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(?P<whole>\d{1,12})(?:\.(?P<fraction>\d{1,6}))?",
        r"(?P<whole>\d{1,12}),(?P<fraction>\d{1,2})",
        r"(?P<whole>\d{1,3}(?:,\d{3}){1,3})(?:\.(?P<fraction>\d{1,6}))?",
        r"(?P<whole>\d{1,3}(?:\.\d{3}){1,3}),(?P<fraction>\d{1,2})",
        r"(?P<whole>\d{1,3}(?:\.\d{3}){2,3})",
        r"(?P<whole>\d{1,3}(?:[ \u00a0\u202f'’]\d{3}){1,3})(?:[.,](?P<fraction>\d{1,2}))?",
    )
)
_GROUP_MARKS = str.maketrans("", "", ".,'’ \u00a0\u202f")
_INTEGER_RE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_CONTROL_RE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]|[\ud800-\udfff]")


class FieldError(Exception):
    """A value cannot be used. `key` names the message in messages.toml, `values` fill its placeholders."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def parse_text(value: Any) -> str | None:
    """A text without outer white space, with inner white space collapsed; JSON numbers become their digits."""
    if value is None:
        return None
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise FieldError("bad_text", value=value)
        value = str(value)
    if _CONTROL_RE.search(value):
        raise FieldError("control_characters", value=value)
    return " ".join(value.split()) or None


def parse_title(value: Any) -> str | None:
    """A text that no program replaced letters of: a title of nothing but question marks would match nothing."""
    title = parse_text(value)
    if title and (LOST_LETTER in title or _LOST_TITLE_RE.fullmatch(title)):
        raise FieldError("lost_letters", value=title)
    return title


def split_bars(text: str) -> list[str]:
    """The parts of a list in a table: `a|b`, or one a line."""
    return [part.replace("\\|", "|") for part in _BAR_RE.split(text)]


def join_bars(values: Iterable[str]) -> str:
    """The values of a list as one cell, which `split_bars` reads back."""
    return "|".join(value.replace("|", "\\|") for value in values)


def join_aliases(aliases: Sequence[str]) -> str:
    """Other titles as one cell that `parse_aliases` reads back: a bar at the end keeps a single one whole."""
    cell = join_bars(aliases)
    return f"{cell}|" if len(aliases) == 1 and parse_aliases(cell) != tuple(aliases) else cell


def join_names(names: Sequence[str]) -> str:
    """The names of people as one cell that `parse_names` reads back: a bar at the end keeps a single name whole."""
    cell = join_bars(names)
    return f"{cell}|" if len(names) == 1 and parse_names(cell) != tuple(names) else cell


def parse_texts(value: Any) -> tuple[str, ...]:
    """A list of texts without duplicates, in order."""
    if isinstance(value, str):
        value = split_bars(value)
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise FieldError("bad_list", value=value)
    return tuple(dict.fromkeys(item_text for item in value if (item_text := parse_text(item))))


def parse_aliases(value: Any) -> tuple[str, ...]:
    """Other titles: `a|b`, or parted by 、 and ； as Chinese lists have them; a cell with a bar by bars only."""
    if not isinstance(value, str) or "|" in value:
        return parse_texts(value)
    return parse_texts(_ALIAS_SEPARATOR_RE.split(value))


def parse_names(value: Any) -> tuple[str, ...]:
    """The names of people: `a|b`, or as lists have them: "[美] 林一舟 著；赵夏 (译)", "A. Smith & B. Jones".

    A cell with a bar is parted by bars only, so "Simon & Garfunkel|" is one name.
    """
    if not isinstance(value, str) or "|" in value:
        return parse_texts(value)
    names = (
        _COUNTRY_RE.sub("", part.strip())
        for line in value.split("\n")
        for part in _NAME_SEPARATOR_RE.split(" ".join(line.split()))
    )
    return parse_texts([_ROLE_RE.sub("", name) for name in names])


def parse_kind(value: Any) -> str | None:
    """The kind of a work by the program's word where it has one (课程: course), else as it is written."""
    kind = parse_text(value)
    return canonical_kind(kind) if kind else None


def parse_day(value: Any) -> date | None:
    """A calendar day: 2026-01-31, or as people and spreadsheets write it: 2026/1/31, 2026年1月31日, 20260131, 46053."""
    day_text = parse_text(value)
    if day_text is None:
        return None
    match = _DAY_RE.fullmatch(day_text)
    parts = (match[1], match[3], match[4]) if match else None
    if packed := _PACKED_DAY_RE.fullmatch(day_text):
        parts = (packed[1], packed[2], packed[3])
    try:
        if parts and parts[2]:
            return date(*map(int, parts))
        if _SERIAL_DAY_RE.fullmatch(day_text):
            return SERIAL_DAYS_START + timedelta(days=int(day_text))
    except ValueError:
        pass
    raise FieldError("bad_date", value=day_text)


def parse_published(value: Any) -> tuple[int | None, date | None]:
    """Year and day of publication, as far as they are stated: 2026-01-31, 2026年1月, 2026.1, 2026."""
    text = parse_text(value)
    match = (_DAY_RE.fullmatch(text) or _YEAR_RE.fullmatch(text)) if text else None
    if match and (match.lastindex == 1 or not match[4]):
        months = int(match[3]) if match.lastindex != 1 else 1
        if not 1 <= months <= MONTHS_PER_YEAR:
            raise FieldError("bad_date", value=text)
        return parse_year(match[1]), None
    day = parse_day(text)
    return (day.year, day) if day else (None, None)


def parse_year(value: Any) -> int | None:
    """A year of the common era, negative before it."""
    if isinstance(value, str) and (match := _YEAR_RE.fullmatch(value.strip())):
        value = match[1]
    number = _parse_integer(value, "bad_year", low=MIN_YEAR, high=MAX_YEAR)
    if number is not None and not MIN_YEAR <= number <= MAX_YEAR:
        raise FieldError("bad_year", value=value, low=MIN_YEAR, high=MAX_YEAR)
    return number


def parse_priority(value: Any) -> int:
    """A whole number, 0 if not stated; works with higher numbers are searched for first."""
    return _parse_integer(value, "bad_priority") or 0


def _parse_integer(value: Any, key: str, **values: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not _INTEGER_RE.fullmatch(str(value).strip()):
        raise FieldError(key, value=value, **values)
    return int(value)


def parse_price(value: Any) -> Decimal | None:
    """A price without sign or currency: 39.80, 39,80, 1,280.00, 1.280,00, 1 280,00."""
    price_text = (
        str(value).strip() if isinstance(value, (int, float)) and not isinstance(value, bool) else parse_text(value)
    )
    if price_text is None:
        return None
    match = next((match for pattern in _AMOUNT_RES if (match := pattern.fullmatch(price_text))), None)
    if match is None:
        raise FieldError("bad_price", value=value)
    return Decimal(f"{match['whole'].translate(_GROUP_MARKS)}.{match.groupdict().get('fraction') or ''}".rstrip("."))


def parse_signed_price(value: Any) -> tuple[Decimal | None, str | None]:
    """A price, and its currency where a sign, code or word beside it tells one: ￥39.80, 39,80元, USD 1,280.00."""
    match = _SIGNED_PRICE_RE.fullmatch(value.strip()) if isinstance(value, str) else None
    sign = f"{match['before']}{match['after']}" if match else ""
    if match is None or not sign or _ABOUT_RE.search(sign):
        return parse_price(value), None
    currency = find_currency(sign)
    if currency is None:
        raise FieldError("bad_price", value=value)
    return parse_price(match["amount"]), currency


@cache
def currency_codes() -> frozenset[str]:
    """The ISO 4217 codes that a list price may have."""
    lines = (resources.files("registry") / "currencies.txt").read_text(encoding="ascii").splitlines()
    return frozenset(code for line in lines if not line.startswith("#") for code in line.split())


def parse_currency(value: Any) -> str | None:
    """An ISO 4217 code, in upper case; a word or sign that means only one is read too (人民币, RMB)."""
    code = parse_text(value)
    if code is None or code.upper() in currency_codes():
        return code.upper() if code else None
    named = find_currency(code) if len(code) <= MAX_SIGN_CHARS else None
    if named is None:
        raise FieldError("bad_currency", value=code)
    return named


def parse_licences(value: Any) -> tuple[Licence, ...]:
    """Licences: in tables `platform=kongfz;seller=X;until=2026-12-31|...`, in JSON a list of objects."""
    if value is None:
        return ()
    if isinstance(value, str):
        value = [_split_licence(part) for part in _LICENCE_BAR_RE.split(value) if part.strip()]
    if not isinstance(value, list):
        raise FieldError("bad_licence", value=value)
    return tuple(_parse_licence(item) for item in value)


def _split_licence(part: str) -> dict[str, str]:
    pairs = [re.split("[=＝]", pair, maxsplit=1) for pair in _SEMICOLON_RE.split(part) if pair.strip()]
    if not all(len(pair) > 1 for pair in pairs):
        raise FieldError("bad_licence", value=part)
    return {licence_field(name.strip().lower()): _ESCAPED_RE.sub(r"\1", field_value) for name, field_value in pairs}


def join_licences(licences: Iterable[Licence]) -> str:
    """Licences as one cell, which `parse_licences` reads back."""
    cells = []
    for licence in licences:
        stated = [(name, value) for name in LICENCE_FIELDS if (value := getattr(licence, name)) is not None]
        pairs = [f"{name}={_SPECIAL_RE.sub(_ESCAPE, str(value))}" for name, value in stated]
        cells.append(";".join(pairs or ["platform="]))
    return "|".join(cells)


def _parse_licence(licence_fields: Any) -> Licence:
    if not isinstance(licence_fields, Mapping):
        raise FieldError("bad_licence", value=licence_fields)
    for name in licence_fields:
        if name not in LICENCE_FIELDS:
            raise unknown_name_error(name, LICENCE_FIELDS)
    since, until = parse_day(licence_fields.get("since")), parse_day(licence_fields.get("until"))
    if since and until and since > until:
        raise FieldError("since_after_until", since=since, until=until)
    names = {name: parse_text(licence_fields.get(name)) for name in ("platform", "seller", "territory")}
    names["platform"] = platform_name(names["platform"]) if names["platform"] else None
    return Licence(since=since, until=until, **names)


def unknown_name_error(name: object, known_names: tuple[str, ...], key: str = "unknown_key") -> FieldError:
    """The error for a name that is not in `known_names`: it suggests the nearest one, or else lists them all."""
    nearest = get_close_matches(str(name).lower(), known_names, n=1)
    if nearest:
        return FieldError(f"{key}_near", name=name, near=nearest[0])
    return FieldError(key, name=name, known=", ".join(known_names))
