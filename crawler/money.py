"""Parses prices as people and machines write them: a decimal amount and an ISO 4217 code.

price-parser reads the number, as it knows the thousands separators of many countries. Added are Chinese notations (万,
元, 包邮), whole words for "free", and the currency: "$" and "¥" alone are ambiguous, so the host decides, and where it
does not either, there is no currency. A price is never a guess: what cannot be parsed is None.
"""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal, InvalidOperation

from attrs import frozen
from price_parser import Price

MAX_PRICE_CHARS = 120  # the rest of a text is ignored; prices are at the beginning of their element

# Longest first, so that "NT$" is not read as "$". Sources: ISO 4217 for the codes, saved shop pages for the spellings.
_CURRENCY_SIGNS = (
    ("新台币", "TWD"), ("新臺幣", "TWD"), ("人民币", "CNY"), ("澳门元", "MOP"), ("CDN$", "CAD"),
    ("台币", "TWD"), ("港币", "HKD"), ("港元", "HKD"), ("港幣", "HKD"), ("美元", "USD"), ("美金", "USD"),
    ("欧元", "EUR"), ("歐元", "EUR"), ("日元", "JPY"), ("日圓", "JPY"), ("英镑", "GBP"), ("韩元", "KRW"),
    ("卢布", "RUB"), ("руб", "RUB"),
    ("NT$", "TWD"), ("HK$", "HKD"), ("US$", "USD"), ("AU$", "AUD"), ("NZ$", "NZD"), ("CA$", "CAD"), ("MX$", "MXN"),
    ("NTD", "TWD"), ("RMB", "CNY"), ("тг.", "KZT"), ("р.", "RUB"), ("lei", "RON"), ("Kč", "CZK"), ("zł", "PLN"),
    ("лв", "BGN"), ("R$", "BRL"), ("A$", "AUD"), ("C$", "CAD"), ("S$", "SGD"), ("RM", "MYR"), ("Ft", "HUF"),
    ("円", "JPY"), ("원", "KRW"),
    ("€", "EUR"), ("£", "GBP"), ("₽", "RUB"), ("₩", "KRW"), ("₹", "INR"), ("₪", "ILS"), ("฿", "THB"), ("₺", "TRY"),
    ("₸", "KZT"), ("₴", "UAH"), ("₫", "VND"), ("₱", "PHP"), ("₦", "NGN"), ("₾", "GEL"),
)  # fmt: skip
_CURRENCY_CODES = (
    "AED ARS AUD BDT BGN BHD BRL BYN CAD CHF CLP CNY COP CRC CZK DKK EGP EUR GBP GEL HKD HRK HUF IDR ILS INR ISK "
    "JOD JPY KRW KWD KZT LKR MAD MOP MXN MYR NGN NOK NPR NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB "
    "TND TRY TWD UAH USD UYU UZS VND ZAR"
)
# The currency of an ambiguous sign by the last label of the host; "" gives the default (missing: unknown).
_DOLLAR_BY_HOST = {
    "cl": "CLP", "ar": "ARS", "mx": "MXN", "co": "COP", "uy": "UYU", "ca": "CAD", "au": "AUD", "nz": "NZD", "tw": "TWD",
    "hk": "HKD", "sg": "SGD", "us": "USD", "com": "USD", "net": "USD", "org": "USD",
}  # fmt: skip
_AMBIGUOUS_SIGNS: dict[str, dict[str, str]] = {
    "$": _DOLLAR_BY_HOST,
    "¥": {"jp": "JPY", "": "CNY"},
    "元": {"tw": "TWD", "hk": "HKD", "mo": "MOP", "": "CNY"},
    "圓": {"jp": "JPY", "tw": "TWD", "hk": "HKD", "mo": "MOP"},
    "块": {"": "CNY"},
    "rs": {"pk": "PKR", "in": "INR", "lk": "LKR", "np": "NPR"},
    "kr": {"se": "SEK", "no": "NOK", "dk": "DKK", "is": "ISK"},
    "kn": {"hr": "HRK"},
}
_FREE_WORDS = frozenset(
    {"免费", "免費", "free", "gratis", "kostenlos", "gratuit", "gratuito", "бесплатно", "無料", "무료"}
)
_NOT_PRICE_RE = re.compile(r"包邮|包郵|免邮|免運|运费\s{0,3}[\d.]{0,8}|[-−]?\d{1,3}\s?%")
_DATE_RE = re.compile(
    r"(?<!\d)(?:19|20)\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?!\d)|(?<!\d)\d{1,2}:\d{2}(?::\d{2})?(?!\d)"
)
# White space between two numbers; the one before exactly three digits, without cents before it, parts thousands.
_NUMBER_GAP_RE = re.compile(r"(?<=[.,]\d\d)\s+(?=\d)|(?<=\d)(?:\s*[\n\t]\s*|\s+(?!\d{3}(?!\d)))(?=\d)")
_MULTIPLIERS = (("亿", 100_000_000), ("万", 10_000), ("萬", 10_000), ("千", 1_000))
_MULTIPLIER_RE = re.compile(r"(\d[\d.,]{0,15})\s{0,2}([亿万萬千])")
_DIGIT_RE = re.compile(r"[0-9]")
_NEGATIVE_RE = re.compile(r"[-−]\s{0,2}\d")
_CODE_RE = re.compile(r"(?<![A-Za-z])([A-Z]{3})(?![A-Za-z])")


@frozen
class Money:
    """An amount of at least 0 and its ISO 4217 code; `currency` is None where it is not stated and not implied."""

    amount: Decimal
    currency: str | None = None


def parse_price(value: object, currency_hint: str | None = None, site_host: str | None = None) -> Money | None:
    """The first price in a text, or a number as Money; None where there is none.

    `currency_hint` is a code or sign stated elsewhere (an attribute beside the price) and takes precedence over the
    text; `site_host` resolves the ambiguous signs, such as "$", "¥", "元", "Rs" and "kr".
    """
    text = unicodedata.normalize("NFKC", str(value))[:MAX_PRICE_CHARS] if isinstance(value, str) else ""
    amount = _parse_amount(text) if isinstance(value, str) else _number_to_decimal(value)
    if amount is None:
        return None
    return Money(amount, parse_currency(currency_hint or "", site_host) or parse_currency(text, site_host))


def parse_currency(text: str, site_host: str | None = None) -> str | None:
    """The ISO 4217 code of the currency named in a text; None if there is none, or it may be one of several."""
    text = unicodedata.normalize("NFKC", text)[:MAX_PRICE_CHARS]
    stated_code = next(
        (code for code in _CODE_RE.findall(text.upper() if len(text) == 3 else text) if code in _CURRENCY_CODES), None
    )
    if stated_code is not None:
        return str(stated_code)
    sign = next((code for sign_text, code in _CURRENCY_SIGNS if sign_text in text), None)
    if sign:
        return sign
    ending = (site_host or "").rstrip(".").rpartition(".")[2].lower()
    lower_text = text.lower()
    for sign_text, meanings in _AMBIGUOUS_SIGNS.items():
        if _has_word(lower_text, sign_text):
            return meanings.get(ending, meanings.get(""))
    return None


def _has_word(text: str, sign: str) -> bool:
    """Whether `text` contains `sign`; signs of Latin letters only as whole words: "rs" in "hours" is no currency."""
    if not sign.isascii() or not sign.isalpha():
        return sign in text
    return re.search(rf"(?<![a-z]){sign}(?![a-z])", text) is not None


def _number_to_decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value) or value < 0:
        return None
    return Decimal(str(value))


def _parse_amount(text: str) -> Decimal | None:
    text = _NUMBER_GAP_RE.sub("; ", _DATE_RE.sub(" ", _NOT_PRICE_RE.sub(" ", text))).strip()
    if text.lower() in _FREE_WORDS:
        return Decimal(0)
    if not _DIGIT_RE.search(text) or _NEGATIVE_RE.match(text):
        return None
    multiplier = _MULTIPLIER_RE.search(text)
    if multiplier:
        return _parse_number(multiplier[1], dict(_MULTIPLIERS)[multiplier[2]])
    return _parse_number(text, 1)


def _parse_number(text: str, multiplier: int) -> Decimal | None:
    try:
        amount = Price.fromstring(text).amount
    except (InvalidOperation, ValueError):
        return None
    return None if amount is None or amount < 0 else amount * multiplier
