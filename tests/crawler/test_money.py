from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.money import Money, parse_currency, parse_price


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
