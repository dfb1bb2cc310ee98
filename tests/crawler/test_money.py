from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.money import Money, find_prices, parse_currency, parse_price


@pytest.mark.parametrize(
    ("text", "host", "amount", "code"),
    [
        ("¥1,234.50", "shop.example.cn", "1234.50", "CNY"),
        ("￥39.8 包邮", None, "39.8", "CNY"),
        ("包邮 35元", None, "35", "CNY"),
        ("１２．５元", None, "12.5", "CNY"),
        ("1.2万元", None, "12000", "CNY"),
        ("3萬元", "shop.example.tw", "30000", "TWD"),
        ("12-20元", None, "12", "CNY"),
        ("¥1,980", "shop.example.co.jp", "1980", "JPY"),
        ("1,980円", None, "1980", "JPY"),
        ("NT$1,280", "shop.example.com", "1280", "TWD"),
        ("HK$ 88", None, "88", "HKD"),
        ("R$ 1.234,50", None, "1234.50", "BRL"),
        ("Rs 23,450", "shop.example.pk", "23450", "PKR"),
        ("Rs 23,450", "shop.example.com", "23450", None),
        ("$24.990", "shop.example.cl", "24990", "CLP"),
        ("$24.99", "shop.example.com", "24.99", "USD"),
        ("$24.99", None, "24.99", None),
        ("EUR 1 234,56", None, "1234.56", "EUR"),
        ("25,00 €", None, "25.00", "EUR"),
        ("199 kr", "shop.example.se", "199", "SEK"),
        ("-20% 15,00 zł", None, "15.00", "PLN"),
        ("15.00 2026-11-02", None, "15.00", None),
        ("2026-11-02 15.00元", None, "15.00", "CNY"),
        ("15.00\n2026-11-02", None, "15.00", None),
        ("15 2026年11月2日", None, "15", None),
        ("9.90 20:41 CHF", None, "9.90", "CHF"),
        ("$5 2026", "shop.example.com", "5", "USD"),
        ("15.00 12 in stock", None, "15.00", None),
        ("12 500 ₽", None, "12500", "RUB"),
        ("1 299 000 Ft", None, "1299000", "HUF"),
        ("免费", None, "0", None),
        ("Free", None, "0", None),
    ],
)
def test_prices_are_parsed_as_written(text: str, host: str | None, amount: str, code: str | None) -> None:
    assert parse_price(text, site_host=host) == Money(Decimal(amount), code)


@pytest.mark.parametrize(
    ("text", "host", "amount", "code"),
    [
        ("2 pairs from $349", "shop.example.com", "349", "USD"),
        ("4 options from $439.34", "shop.example.com", "439.34", "USD"),
        ("2本 ￥39.80", None, "39.80", "CNY"),
        ("3件 9.9元", None, "9.9", "CNY"),
        ("2本 39.80", None, "39.80", None),
        ("2 pairs from 349", None, "349", None),
        ("A4 39.80", None, "39.80", None),
        ("(2) $349", "shop.example.com", "349", "USD"),
        ("3 for $10", "shop.example.com", "10", "USD"),
        ("5 x 2,99 €", None, "2.99", "EUR"),
        ("4.8 (120) ￥39.80", None, "39.80", "CNY"),
        ("5 ¥39.80", None, "39.80", "CNY"),
        ("5 39.80", None, "5", None),
        ("5\n349.00 €", None, "349.00", "EUR"),
        ("1 - $39.80", "shop.example.com", "39.80", "USD"),
        ("€12.99 (€1.30/100 g)", None, "12.99", "EUR"),
        ("1,30 €/100 g 12,99 €", None, "12.99", "EUR"),
        ("$10 per copy", "shop.example.com", "10", "USD"),
    ],
)
def test_the_price_is_the_number_beside_a_currency(text: str, host: str | None, amount: str, code: str | None) -> None:
    assert parse_price(text, site_host=host) == Money(Decimal(amount), code)


@pytest.mark.parametrize(
    ("text", "amount", "code"),
    [
        ("1’299.00 CHF", "1299", "CHF"),
        ("1ʼ299.00 CHF", "1299", "CHF"),
        ("1`299.00 CHF", "1299", "CHF"),
        ("1´299.00 CHF", "1299", "CHF"),
        ("CHF 1'299.-", "1299", "CHF"),
        ("CHF 1’299.–", "1299", "CHF"),
        ("1\xa0299,00 €", "1299", "EUR"),
        ("1\u202f299,00 €", "1299", "EUR"),
        ("1\u2009299\u2009000 Ft", "1299000", "HUF"),
        ("1.299,- €", "1299", "EUR"),
        ("12,- €", "12", "EUR"),
        ("12,– €", "12", "EUR"),
        ("€ 12,--", "12", "EUR"),
        ("1.299,000 €", "1299", "EUR"),
        ("140.000 €", "140000", "EUR"),
        ("12.500 KWD", "12.5", "KWD"),
        ("0.125 €", "0.125", "EUR"),
        ("₹1,29,900", "129900", "INR"),
        ("₹ 1,29,900.50", "129900.5", "INR"),
        ("٣٩٫٨٠ SAR", "39.8", "SAR"),
        ("￥３９．８０", "39.8", "CNY"),
        ("$,75", "0.75", "USD"),
        ("$.75", "0.75", "USD"),
        ("99¢", "0.99", "USD"),
        ("99 ¢", "0.99", "USD"),
        ("50p", "0.5", "GBP"),
        ("£1.50 (was 250p)", "1.5", "GBP"),
        ("720p", "720", None),
        ("35€99", "35.99", "EUR"),
        ("12⁹⁹ €", "12.99", "EUR"),
        ("39元9角", "39.9", "CNY"),
        ("39元9角5分", "39.95", "CNY"),
        ("39块9", "39.9", "CNY"),
        ("5角", "0.5", "CNY"),
        ("3.98万", "39800", None),
        ("2万5千元", "25000", "CNY"),
        ("1万2800円", "12800", "JPY"),
        ("3만 5천원", "35000", "KRW"),
        ("$5k", "5000", "USD"),
    ],
)
def test_notations_of_numbers(text: str, amount: str, code: str | None) -> None:
    assert parse_price(text, site_host="shop.example.com") == Money(Decimal(amount), code)


@pytest.mark.parametrize(
    ("text", "amount", "code"),
    [
        ("¥12,800（税込）", "12800", "JPY"),
        ("￥12,800 税抜", "12800", "JPY"),
        ("12,800円（税込14,080円）", "12800", "JPY"),
        ("NT$ 1,280", "1280", "TWD"),
        ("S$12.90", "12.90", "SGD"),
        ("A$15", "15", "AUD"),
        ("US $12.50", "12.50", "USD"),
        ("$349 AUD", "349", "AUD"),
        ("Rp25.000", "25000", "IDR"),
        ("₩12,800", "12800", "KRW"),
        ("499 руб.", "499", "RUB"),
        ("499 рублей", "499", "RUB"),
        ("1 299 Kč", "1299", "CZK"),
        ("2.990 Ft", "2990", "HUF"),
        ("12,50 лв.", "12.50", "BGN"),
        ("1.299.000 ₫", "1299000", "VND"),
        ("12 euros", "12", "EUR"),
        ("270,00 € 540,00 £", "270", "EUR"),
        ("SHAFTS 12", "12", None),
    ],
)
def test_spellings_of_currencies(text: str, amount: str, code: str | None) -> None:
    assert parse_price(text, site_host="shop.example.com") == Money(Decimal(amount), code)


@pytest.mark.parametrize(
    ("text", "low", "high", "code"),
    [
        ("39.8-59.8", "39.8", "59.8", None),
        ("¥39.8-59.8", "39.8", "59.8", "CNY"),
        ("￥39.8 ~ ￥59.8", "39.8", "59.8", "CNY"),
        ("$10 – $20", "10", "20", "USD"),
        ("from $10 to $20", "10", "20", "USD"),
        ("10 bis 20 €", "10", "20", "EUR"),
        ("1.299–1.499 €", "1299", "1499", "EUR"),
        ("12元至20元", "12", "20", "CNY"),
        ("12.00", "12.00", None, None),
        ("$20 - $10", "20", None, "USD"),
        ("$20, 10 copies", "20", None, "USD"),
    ],
)
def test_ranges_keep_both_ends(text: str, low: str, high: str | None, code: str | None) -> None:
    price = find_prices(text, site_host="shop.example.com")[0]
    assert price.money == Money(Decimal(low), code)
    assert price.high == (Decimal(high) if high else None)


@pytest.mark.parametrize(
    ("text", "code", "amount"),
    [
        ("140.000", "EUR", "140"),
        ("39.80 CNY", None, "39.80"),
        ("1299.00", "EUR", "1299"),
        ("1,299.00", "USD", "1299"),
        ("39,80", "EUR", "39.80"),
        ("1,299", "USD", "1299"),
        ("24.990", "CLP", "24990"),
        ("12800.000", "JPY", "12800"),
    ],
)
def test_a_dot_of_machines_is_the_mark_of_decimals(text: str, code: str | None, amount: str) -> None:
    money = parse_price(text, code, is_machine_written=True)
    assert money is not None
    assert money.amount == Decimal(amount)


def test_labels_tell_prices_apart() -> None:
    former, current = find_prices("原价59.80 现价39.80元")
    assert (former.label, former.money.amount) == ("原价", Decimal("59.80"))
    assert (current.label, current.money.amount) == ("现价", Decimal("39.80"))


@pytest.mark.parametrize("text", ["-$5.00", "$-5", "Off: −$5"])
def test_a_deduction_is_no_price(text: str) -> None:
    assert [price.money.amount for price in find_prices(text)] == []


@pytest.mark.parametrize(
    "text", ["", "价格面议", "free shipping", "-5", "−12 €", None, True, float("nan"), -1, float("inf"), []]
)
def test_texts_without_a_price(text: object) -> None:
    assert parse_price(text) is None


def test_numbers_keep_their_digits() -> None:
    assert parse_price(0.1, "USD") == Money(Decimal("0.1"), "USD")
    assert parse_price(Decimal("9.90"), "¥") == Money(Decimal("9.90"), "CNY")
    assert parse_price(12) == Money(Decimal(12), None)


def test_the_hint_wins_over_the_text() -> None:
    assert parse_price("$ 10", "AUD", "shop.example.com") == Money(Decimal(10), "AUD")
    assert parse_price("$ 10", "?", "shop.example.com") == Money(Decimal(10), "USD")


def test_letters_are_a_currency_only_as_words() -> None:
    assert parse_currency("3 hours", "shop.example.in") is None
    assert parse_currency("THE BOX") is None
    assert parse_currency("eur") == "EUR"


@given(st.text(max_size=300))
def test_any_text_is_a_price_or_none(text: str) -> None:
    money = parse_price(text, site_host="shop.example.com")
    assert money is None or (money.amount >= 0 and money.amount.is_finite())
