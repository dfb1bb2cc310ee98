"""Converts prices with rounded exchange rates (rates.csv), exact enough to tell a twentieth from a half."""

from __future__ import annotations

import csv
from decimal import Decimal
from functools import cache
from importlib import resources


def to_dollars(price: Decimal, currency: str | None) -> Decimal | None:
    """The approximate price in US dollars; None for a currency without a rate."""
    rate = _rates().get(currency or "")
    return None if rate is None else price * rate


@cache
def _rates() -> dict[str, Decimal]:
    text = (resources.files("matchers") / "rates.csv").read_text(encoding="utf-8")
    return {row["currency"]: Decimal(row["dollars"]) for row in csv.DictReader(text.splitlines())}
