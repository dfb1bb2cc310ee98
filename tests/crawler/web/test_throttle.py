"""Hosts are asked at their pace, left alone where they ask for it, and tried again one request at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.store import Backoff, Store
from crawler.web.throttle import (
    CIRCUIT_OPEN_FAILURES,
    JITTER_FRACTION,
    MAX_BACKOFF_SECONDS,
    MAX_RETRY_AFTER_SECONDS,
    HostThrottle,
    HostThrottles,
    host_key,
    parse_retry_after,
)

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("Sun, 22 Nov 2026 01:00:30 GMT", 30.0),
        ("Sunday, 22-Nov-26 01:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 00:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 02:00:10 +0100", 10.0),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("", None),
        ("99999999999999999999", None),
        ("٣", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_breaks_a_crawl(header: str) -> None:
    seconds = parse_retry_after(header, NOW)
    assert seconds is None or seconds >= 0


@given(st.floats(0, 1000), st.integers(1, 40))
def test_requests_of_a_host_are_never_nearer_than_its_pace(now: float, count: int) -> None:
    host = HostThrottle(crawl_delay=1.0)
    moments = [host.reserve(now, 2.0) for _ in range(count)]
    assert all(later - earlier >= 2.0 - 1e-9 for earlier, later in pairwise(moments))


def test_a_crawl_delay_longer_than_ours_counts() -> None:
    host = HostThrottle(crawl_delay=7.0)
    assert host.reserve(0.0, 2.0) == 0.0
    assert host.reserve(0.0, 2.0) >= 7.0


def test_retry_after_is_never_cut_short_but_at_a_day() -> None:
    host = HostThrottle()
    assert 3.0 <= host.record_failure(100.0, 2.0, 3.0, "429") <= 3.0 * (1 + JITTER_FRACTION)
    assert host.not_before >= 103.0
    assert HostThrottle().record_failure(0.0, 2.0, 10_000_000.0, "429") <= MAX_RETRY_AFTER_SECONDS * (
        1 + JITTER_FRACTION
    )


def test_pauses_double_with_jitter_and_end() -> None:
    host = HostThrottle()
    for number in range(20):
        pause = host.record_failure(0.0, 2.0, None, "reset")
        expected = min(MAX_BACKOFF_SECONDS, 2.0 * 2**number)
        assert expected * (1 - JITTER_FRACTION) <= pause <= expected * (1 + JITTER_FRACTION)


def test_the_circuit_opens_after_failures_in_a_row_and_closes_with_an_answer() -> None:
    host = HostThrottle()
    for _ in range(CIRCUIT_OPEN_FAILURES - 1):
        host.record_failure(0.0, 1.0, None, "reset")
    assert not host.is_circuit_open
    host.record_failure(0.0, 1.0, None, "reset")
    assert host.is_circuit_open
    host.record_success()
    assert not host.is_circuit_open


def test_a_host_is_its_name_and_port_whoever_is_logged_in() -> None:
    assert host_key("http://user:secret@Shop.test:8080/a") == "shop.test:8080"
    hosts = HostThrottles()
    assert hosts.for_url("https://shop.test/a") is hosts.for_url("https://SHOP.test/b")


def test_pauses_outlive_a_process_and_a_clock_that_jumps_back(database: str) -> None:
    with Store.open(database) as store:
        store.queue.set_backoff(
            Backoff(key="host:shop.test", not_before=NOW + timedelta(minutes=5), failures=2, why="429")
        )
        store.queue.set_backoff(
            Backoff(key="host:shop.test", not_before=NOW + timedelta(minutes=1), failures=3, why="429")
        )
    with Store.open(database) as store:
        (backoff,) = store.queue.active_backoffs(NOW)
        assert (backoff.not_before, backoff.failures) == (NOW + timedelta(minutes=5), 3)
        assert list(store.queue.active_backoffs(NOW + timedelta(minutes=6))) == []
        assert list(store.queue.active_backoffs(NOW - timedelta(days=30))) == [], "no pause is a month long"
