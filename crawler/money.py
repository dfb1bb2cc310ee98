"""Parses prices as people and machines write them: a decimal amount and an ISO 4217 code.

A text may hold several numbers ("2 pairs from $349"): the price is the one that a currency stands beside. price-parser
reads that number, as it knows the thousands separators of many countries. Added are ranges, minor units (99¢, 9角),
Chinese, Japanese and Korean multipliers (万), whole words for "free", and the currency: "$" and "¥" alone are
ambiguous, so the host decides, and where it does not, there is no currency. What cannot be parsed is None, no guess.
"""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal, InvalidOperation

from attrs import define, field, frozen
from price_parser import Price

MAX_ROUNDED_AMOUNT = Decimal(10**12)  # Decimal has 28 digits
MAX_PRICE_CHARS = 120  # the rest of a text is ignored; prices are at the beginning of their element

# Longest first, so that "NT$" is not read as "$". Sources: ISO 4217 for the codes, saved shop pages for the spellings.
_CURRENCY_SIGNS = (
    ("新台币", "TWD"), ("新臺幣", "TWD"), ("人民币", "CNY"), ("人民幣", "CNY"), ("澳门元", "MOP"), ("CDN$", "CAD"),
    ("台币", "TWD"), ("港币", "HKD"), ("港元", "HKD"), ("港幣", "HKD"), ("美元", "USD"), ("美金", "USD"),
    ("欧元", "EUR"), ("歐元", "EUR"), ("日元", "JPY"), ("日圓", "JPY"), ("英镑", "GBP"), ("韩元", "KRW"),
    ("卢布", "RUB"), ("рублей", "RUB"), ("рубля", "RUB"), ("руб.", "RUB"), ("руб", "RUB"),
    ("грн.", "UAH"), ("грн", "UAH"),
    ("euros", "EUR"), ("Euros", "EUR"), ("euro", "EUR"), ("Euro", "EUR"), ("yuan", "CNY"),
    ("NT$", "TWD"), ("HK$", "HKD"), ("US$", "USD"), ("U$S", "USD"), ("AU$", "AUD"), ("NZ$", "NZD"), ("CA$", "CAD"),
    ("MX$", "MXN"), ("NT $", "TWD"), ("HK $", "HKD"), ("US $", "USD"), ("AU $", "AUD"),
    ("NZ $", "NZD"), ("CA $", "CAD"),
    ("NTD", "TWD"), ("RMB", "CNY"), ("тг.", "KZT"), ("р.", "RUB"), ("lei", "RON"), ("Kč", "CZK"), ("zł", "PLN"),
    ("лв.", "BGN"), ("лв", "BGN"), ("R$", "BRL"), ("A$", "AUD"), ("C$", "CAD"), ("S$", "SGD"), ("RM", "MYR"),
    ("Ft", "HUF"),
    ("Rp", "IDR"), ("SFr", "CHF"), ("Fr.", "CHF"), ("円", "JPY"), ("원", "KRW"),
    ("€", "EUR"), ("£", "GBP"), ("₽", "RUB"), ("₩", "KRW"), ("₹", "INR"), ("₪", "ILS"), ("฿", "THB"), ("₺", "TRY"),
    ("₸", "KZT"), ("₴", "UAH"), ("₫", "VND"), ("₱", "PHP"), ("₦", "NGN"), ("₾", "GEL"),
)  # fmt: skip
_CURRENCY_CODES = (
    "AED ARS AUD BDT BGN BHD BRL BYN CAD CHF CLP CNY COP CRC CZK DKK EGP EUR GBP GEL HKD HRK HUF IDR ILS INR ISK "
    "JOD JPY KRW KWD KZT LKR MAD MOP MXN MYR NGN NOK NPR NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB "
    "TND TRY TWD UAH USD UYU UZS VND ZAR"
)
# Currencies with other than two digits after the mark (ISO 4217), and such in which shops write none.
_WHOLE_CURRENCIES = frozenset({"CLP", "COP", "HUF", "IDR", "ISK", "JPY", "KRW", "VND"})
_MILLESIMAL_CURRENCIES = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
# The currency of an ambiguous sign by the last label of the host; "" gives the default (missing: unknown).
_DOLLAR_BY_HOST = {
    "cl": "CLP", "ar": "ARS", "mx": "MXN", "co": "COP", "uy": "UYU", "ca": "CAD", "au": "AUD", "nz": "NZD", "tw": "TWD",
    "hk": "HKD", "sg": "SGD", "us": "USD", "com": "USD", "net": "USD", "org": "USD", "jp": "USD", "cn": "USD",
}  # fmt: skip
_AMBIGUOUS_SIGNS: dict[str, dict[str, str]] = {
    "$": _DOLLAR_BY_HOST,
    "¥": {"jp": "JPY", "": "CNY"},
    "元": {"tw": "TWD", "hk": "HKD", "mo": "MOP", "": "CNY"},
    "圓": {"jp": "JPY", "tw": "TWD", "hk": "HKD", "mo": "MOP"},
    "块": {"": "CNY"},
    "rs.": {"pk": "PKR", "in": "INR", "lk": "LKR", "np": "NPR"},
    "rs": {"pk": "PKR", "in": "INR", "lk": "LKR", "np": "NPR"},
    "kr": {"se": "SEK", "no": "NOK", "dk": "DKK", "is": "ISK"},
    "kn": {"hr": "HRK"},
}
# A hundredth of a currency, behind the number. "p" is one only alone ("50p") or in Britain: 720p is a size of pictures.
_MINOR_UNITS: dict[str, dict[str, str]] = {
    "¢": _DOLLAR_BY_HOST,
    "cents": _DOLLAR_BY_HOST,
    "cent": {"de": "EUR", "at": "EUR", **_DOLLAR_BY_HOST},
    "ct": {"": "EUR"},
    "p": {"": "GBP"},
}
_TRAILING_SIGNS = frozenset("€元円圓块원₽₴₸₫¢") | {
    *("zł", "kč", "kr", "kn", "ft", "лв", "лв.", "р.", "тг.", "грн", "грн.", "lei", "euro", "euros", "yuan"),
    *("руб", "руб.", "рубля", "рублей"),
}
# An amount with its currency where it stands in a longer text, in the notations that pages use most.
DIGITS_PATTERN = r"(?:[0-9](?:[0-9.,'’ʼ`´]|[ \u00a0\u2009\u202f](?=[0-9]{3}(?![0-9]))){0,16}|(?<=\$)[.,][0-9]{2})"
LEADING_CURRENCY_PATTERN = (
    r"(?:(?:\b(?:NT|HK|US|AU|NZ|CA|MX|[ACRS]))?\$|[€£¥￥₹₽₩₺₪₸₫₱฿]|\b(?:Rs|Rp)(?![a-z])\.?"
    r"|\b(?:RM|kr|EUR|USD|GBP|CHF|CNY|JPY|SGD)(?![A-Za-z]))"
)
TRAILING_CURRENCY_PATTERN = (
    r"(?:[$€£₽₩₺₸₫¢元円원]|(?:zł|Kč|kr|lei|Ft|лв|руб|EUR|USD|GBP|CHF|CNY|JPY|PLN|SEK)(?![^\W\d_]))"
)
AMOUNT_PATTERN = (
    rf"(?:{LEADING_CURRENCY_PATTERN}\s{{0,2}}{DIGITS_PATTERN}"
    rf"|{DIGITS_PATTERN}(?:[-–—]{{1,2}})?\s{{0,2}}{TRAILING_CURRENCY_PATTERN})"
)
_FREE_WORDS = frozenset(
    {"免费", "免費", "free", "gratis", "kostenlos", "gratuit", "gratuito", "бесплатно", "無料", "무료"}
)
_NOT_PRICE_RE = re.compile(r"包邮|包郵|免邮|免運|运费\s{0,3}[\d.]{0,8}|[-−]?\d{1,3}(?:[.,]\d{1,2})?\s?%")
_DATE_RE = re.compile(
    r"(?<!\d)(?:19|20)\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?!\d)|(?<!\d)\d{1,2}:\d{2}(?::\d{2})?(?!\d)"
)
_APOSTROPHES = dict.fromkeys(map(ord, "’‘ʼ′`´＇"), "'")  # part thousands in Switzerland
_SUPERSCRIPT_CENTS_RE = re.compile(r"(?<=\d)[.,]?([⁰¹²³⁴-⁹]{2})(?![⁰¹²³⁴-⁹])")
_JAPANESE_TAX_RE = re.compile(r"税[込抜別]|円")
# A unit between the digits (35€99, 39元9角, 39块9), and tenths alone (5角).
_UNIT_INSIDE_RE = re.compile(
    r"(?<![\d.,])(\d{1,6})\s?([€元块])\s?(\d{2}(?!\d)|\d(?=\s?[角毛]|(?<=块\d)(?!\d)))\s?[角毛]?(?:(?<=[角毛])\s?(\d)\s?分)?"
)
_TENTHS_RE = re.compile(r"(?<![\d.,元块])(\d)\s?[角毛](?![^\W\d_])")
# A blank parts thousands only in whole groups of three behind at most three digits; a line break or a tab never does.
_NUMBER_RE = re.compile(
    r"(?<![\d])(?:\d{1,3}(?: \d{3}){1,5}(?!\d)(?:[.,]\d{1,2}(?!\d))?|\d[\d.,']{0,40}|(?<![.,])[.,]\d{1,2}(?!\d))"
)
_MULTIPLIERS = {"亿": 10**8, "億": 10**8, "억": 10**8, "万": 10**4, "萬": 10**4, "만": 10**4, "千": 1000, "천": 1000}
_MULTIPLIER_RE = re.compile(r"\s{0,2}([亿億억万萬만千천])")
_THOUSANDS_RE = re.compile(r"[kK](?![^\W_])")
_RANGE_RE = re.compile(r"\s{0,3}(?:[-–—−~〜至到]|\bto\b|\bbis\b|\bà\b|\btot\b|\bdo\b|до)\s{0,3}", re.I)
_PER_UNIT_RE = re.compile(r"\s?(?:/|\bper\b|\bpro\b|\bje\b)", re.I)
_MAX_GAP_CHARS = 2  # between a number and its currency


def _sign_pattern(sign: str) -> str:
    """A pattern for a sign; letters of alphabets only as whole words: "rs" in "hours" is no currency."""
    first, last = (character.isalpha() and character < "\u3000" for character in (sign[0], sign[-1]))
    return ("(?<![^\\W\\d_])" if first else "") + re.escape(sign) + ("(?![^\\W\\d_])" if last else "")


_MARK_RE = re.compile(
    rf"(?P<code>(?<![A-Za-z])(?:{_CURRENCY_CODES.replace(' ', '|')})(?![A-Za-z]))"
    rf"|(?P<sign>{'|'.join(_sign_pattern(sign) for sign, _ in _CURRENCY_SIGNS)})"
    rf"|(?P<ambiguous>(?i:{'|'.join(map(_sign_pattern, _AMBIGUOUS_SIGNS))}))"
    rf"|(?P<minor>(?i:{'|'.join(map(_sign_pattern, _MINOR_UNITS))}))"
)
_MARK_RANKS = ("code", "sign", "ambiguous", "minor")
_CODE_BY_SIGN = dict(_CURRENCY_SIGNS)


@frozen
class Money:
    """An amount of at least 0 and its ISO 4217 code; `currency` is None where it is not stated and not implied."""

    amount: Decimal
    currency: str | None = None


@frozen
class StatedPrice:
    """A number of a text that may be a price, with the upper end of its range (None: no range).

    `label` is the text between the number before it and this one; `has_currency` says that a currency stands beside it,
    `is_counted` that it is a whole number before or behind letters ("2 pairs", "A4"), `is_per_unit` that "/" or a word
    for "per" follows.
    """

    money: Money
    high: Decimal | None = None
    label: str = ""
    has_currency: bool = False
    is_counted: bool = False
    is_per_unit: bool = False


def parse_price(
    value: object, currency_hint: str | None = None, site_host: str | None = None, *, is_machine_written: bool = False
) -> Money | None:
    """The price in a text, or a number as Money; None where there is none.

    Of several numbers the first with a currency beside it counts, else the first that counts no pieces.
    `currency_hint` is a code or sign stated elsewhere (an attribute beside the price) and takes precedence over the
    text; `site_host` resolves the ambiguous signs, such as "$", "¥", "元", "Rs" and "kr". In what is written for
    machines (schema.org) a dot is the mark of decimals: "140.000" is 140, except in currencies without decimals.
    """
    if not isinstance(value, str):
        amount = _number_to_decimal(value)
        return None if amount is None else Money(amount, parse_currency(currency_hint or "", site_host))
    price = choose_price(find_prices(value, currency_hint, site_host, is_machine_written=is_machine_written))
    return price.money if price else None


def choose_price(prices: list[StatedPrice]) -> StatedPrice | None:
    """The one of the numbers of a text that is its price; None of none."""
    return min(prices, key=lambda price: (not price.has_currency, price.is_per_unit, price.is_counted), default=None)


def find_prices(
    text: str, currency_hint: str | None = None, site_host: str | None = None, *, is_machine_written: bool = False
) -> list[StatedPrice]:
    """The numbers of a text that are not negative, in its order, without dates and percentages; parameters as above."""
    text = _normalize(text)
    hint = parse_currency(currency_hint or "", site_host)
    if text.strip().lower() in _FREE_WORDS:
        return [StatedPrice(Money(Decimal(0), hint), has_currency=True)]
    numbers = _find_numbers(text)
    _attach_marks(text, numbers, site_host, hint)
    default = hint or parse_currency(text, site_host)
    prices, before = [], 0
    for number, following in zip(numbers, [*numbers, None][1:], strict=True):
        if _is_negative(text, number):
            before = number.end
            continue
        is_range = following is not None and _is_range(text, number, following)
        currency = number.currency or (following.currency if is_range and following else None)
        currency = hint or currency or default
        amount = number.amount(currency, is_machine_written)
        high = following.amount(currency, is_machine_written) if is_range and following else None
        if amount is not None:
            price = StatedPrice(
                Money(amount, currency),
                high=high if high is not None and high > amount else None,
                label=text[before : number.start].strip(),
                has_currency=number.is_marked or (is_range and following is not None and following.is_marked),
                is_counted=not is_range and _is_counted(text, number),
                is_per_unit=_PER_UNIT_RE.match(text, number.end) is not None,
            )
            prices.append(price)
        before = number.end
    return prices


def parse_currency(text: str, site_host: str | None = None) -> str | None:
    """The ISO 4217 code of the currency named in a text; None if there is none, or it may be one of several."""
    text = unicodedata.normalize("NFKC", text)[:MAX_PRICE_CHARS]
    marks = list(_MARK_RE.finditer(text.upper() if len(text) == 3 and text.isalpha() and text.isascii() else text))
    marks = [mark for mark in marks if mark.lastgroup != "minor"]
    mark = min(marks, key=lambda mark: _MARK_RANKS.index(mark.lastgroup or ""), default=None)
    return _resolve(mark, text, site_host) if mark else None


@define
class _Number:
    """A number in a text: the span of it and of the currency attached to it, and what that is."""

    digits: str
    start: int
    end: int
    multiplier: Decimal = Decimal(1)
    rest: Decimal = Decimal(0)  # behind a multiplier: 2800 of 1万2800
    marks: list[re.Match[str]] = field(factory=list)
    currency: str | None = None
    is_minor: bool = False

    @property
    def is_marked(self) -> bool:
        return bool(self.marks)

    def amount(self, currency: str | None, is_machine_written: bool) -> Decimal | None:
        """The amount in the main unit of the currency."""
        amount = _parse_number(self.digits, currency, is_machine_written)
        if amount is None:
            return None
        amount = amount * self.multiplier + self.rest
        return amount / 100 if self.is_minor else amount


def _normalize(text: str) -> str:
    """A text with ASCII digits, dots, commas and apostrophes, without dates, percentages and words on shipping."""
    text = _SUPERSCRIPT_CENTS_RE.sub(r".\1", text[:MAX_PRICE_CHARS]).translate(_APOSTROPHES)
    text = unicodedata.normalize("NFKC", text)[:MAX_PRICE_CHARS].replace("٫", ".").replace("٬", ",")
    text = "".join(str(unicodedata.decimal(character)) if character.isdecimal() else character for character in text)
    text = re.sub(r"[^\S\n\t]+", " ", text)
    text = _DATE_RE.sub("|", _NOT_PRICE_RE.sub("|", text))
    text = _UNIT_INSIDE_RE.sub(lambda match: f"{match[1]}.{match[3]}{match[4] or ''}{match[2]}", text)
    return _TENTHS_RE.sub(r"0.\1元", text)


def _find_numbers(text: str) -> list[_Number]:
    numbers: list[_Number] = []
    for match in _NUMBER_RE.finditer(text):
        digits = match[0].rstrip(".,'")
        number = _Number(digits, match.start(), match.start() + len(digits))
        previous = numbers[-1] if numbers else None
        if digits[0] in ".," and text[match.start() - 1 : match.start()].isalpha():  # "Rs.50"
            number.digits, number.start = digits[1:], match.start() + 1
        unit = _MULTIPLIER_RE.match(text, number.end)
        if unit:
            number.multiplier, number.end = Decimal(_MULTIPLIERS[unit[1]]), unit.end()
        if previous and previous.multiplier > number.multiplier and not text[previous.end : number.start].strip(" "):
            rest = _parse_number(number.digits, None, False)  # 1万2800, 3만 5천
            previous.rest += (rest or 0) * number.multiplier
            previous.end = number.end
        else:
            numbers.append(number)
    return numbers


def _attach_marks(text: str, numbers: list[_Number], site_host: str | None, hint: str | None) -> None:
    """Give each currency to the nearest number; as near to two, to the one that its kind is written beside."""
    for mark in _MARK_RE.finditer(text):
        before = max((number for number in numbers if number.end <= mark.start()), key=lambda n: n.end, default=None)
        after = min((number for number in numbers if number.start >= mark.end()), key=lambda n: n.start, default=None)
        gap_before = _gap(text, before.end, mark.start()) if before else math.inf
        gap_after = _gap(text, mark.end(), after.start) if after and mark.lastgroup != "minor" else math.inf
        is_trailing = mark[0].lower() in _TRAILING_SIGNS or mark.lastgroup == "code"
        number = before if gap_before < gap_after or (gap_before == gap_after and is_trailing) else after
        if number is None or min(gap_before, gap_after) > _MAX_GAP_CHARS:
            continue
        if mark.lastgroup == "minor" and (number.is_marked or not _is_minor(text, mark, number, site_host, hint)):
            continue
        number.marks.append(mark)
        number.is_minor = mark.lastgroup == "minor"
        if mark.start() >= number.end:
            number.end = mark.end()
        else:
            thousands = _THOUSANDS_RE.match(text, number.end)  # $5k
            number.multiplier *= 1000 if thousands and number.multiplier == 1 else 1
    for number in numbers:
        if number.marks:
            best = min(number.marks, key=lambda mark: _MARK_RANKS.index(mark.lastgroup or ""))
            number.currency = _resolve(best, text, site_host)
            number.start = min(number.start, *(mark.start() for mark in number.marks))


def _gap(text: str, start: int, end: int) -> float:
    """The length of the blanks between two places, infinite if anything else is there."""
    between = text[start:end]
    return math.inf if between.strip(" \n\t():") or len(between) > _MAX_GAP_CHARS else len(between)


def _is_minor(text: str, mark: re.Match[str], number: _Number, site_host: str | None, hint: str | None) -> bool:
    """Whether a whole number counts hundredths: 99¢, 50p."""
    if not number.digits.isdecimal():
        return False
    if mark[0].lower() != "p":
        return True
    is_british = hint == "GBP" or "£" in text or (site_host or "").endswith((".uk", ".gb"))
    is_alone = not text[: number.start].strip() and not text[mark.end() :].strip()
    return number.end == mark.start() and len(number.digits) < 3 and (is_british or is_alone)


def _resolve(mark: re.Match[str], text: str, site_host: str | None) -> str | None:
    """The currency of a sign or code on a site; a tax of Japan in the text makes it yen."""
    if mark.lastgroup == "code":
        return mark[0]
    if mark.lastgroup == "sign":
        return _CODE_BY_SIGN[mark[0]]
    sign = mark[0].lower()
    if sign == "¥" and _JAPANESE_TAX_RE.search(text):
        return "JPY"
    meanings = _AMBIGUOUS_SIGNS.get(sign) or _MINOR_UNITS[sign]
    ending = (site_host or "").rstrip(".").rpartition(".")[2].lower()
    return meanings.get(ending, meanings.get(""))


def _is_negative(text: str, number: _Number) -> bool:
    """Whether a minus stands before a number: at the beginning of the text, or behind a blank and close to it."""
    before = text[: number.start]
    if not before.rstrip().endswith(("-", "−")):
        return False
    rest = before.rstrip()[:-1]
    return not rest.strip() or (before[-1] in "-−" and rest[-1] in " \n\t:(|$€£¥" and not rest.rstrip()[-1].isdigit())


def _is_range(text: str, number: _Number, following: _Number) -> bool:
    """Whether two numbers are the ends of one range, and not a number before a price ("5 - $39")."""
    if _RANGE_RE.fullmatch(text, number.end, following.start) is None:
        return False
    is_prefixed = any(mark.start() == following.start for mark in following.marks)
    return number.is_marked or not is_prefixed


def _is_counted(text: str, number: _Number) -> bool:
    if number.is_marked or not number.digits.isdecimal():
        return False
    before, after = text[: number.start][-1:], text[number.end : number.end + 2].lstrip(" ")[:1]
    return after.isalpha() or (before.isalpha() and before.isascii())


def _number_to_decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value) or value < 0:
        return None
    return Decimal(str(value))


def _parse_number(digits: str, currency: str | None, is_machine_written: bool) -> Decimal | None:
    """The value of digits with separators."""
    digits = digits.replace("'", "").replace(" ", "")
    digits = f"0{digits}" if digits[0] in ".," else digits
    try:
        amount = Price.fromstring(digits, decimal_separator=_decimal_mark(digits, currency, is_machine_written)).amount
    except (InvalidOperation, ValueError):
        return None
    if amount is None or amount < 0:
        return None
    cents = amount.quantize(Decimal("0.01")) if amount < MAX_ROUNDED_AMOUNT else amount
    return cents if cents == amount and len(digits) > len(str(cents)) else amount  # 140.000 is 140.00


def _decimal_mark(digits: str, currency: str | None, is_machine_written: bool) -> str | None:
    """The mark of decimals where it is known; price-parser takes three digits behind a mark for thousands."""
    marks = [character for character in digits if character in ".,"]
    if not marks:
        return None
    last = marks[-1]
    whole, _, fraction = digits.rpartition(last)
    if len(set(marks)) == 2 and marks.count(last) == 1:
        return last  # 1.299,000
    if len(marks) > 1 or len(fraction) != 3:
        return None
    is_decimal = whole in ("", "0") or len(whole) > 3 or currency in _MILLESIMAL_CURRENCIES
    is_decimal = is_decimal or (is_machine_written and last == "." and currency not in _WHOLE_CURRENCIES)
    return last if is_decimal else None
