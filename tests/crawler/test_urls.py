from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.urls import TRACKING_PARAMETERS, canonicalize_url, request_url, sha256_hex, url_host


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Shop.Example.COM:80/a/./b/../c?b=2&utm_source=x&a=1#top", "http://shop.example.com/a/c?a=1&b=2"),
        ("https://shop.example:443", "https://shop.example/"),
        ("https://shop.example:8443/", "https://shop.example:8443/"),
        ("https://shop.example./a", "https://shop.example/a"),
        ("https://user:secret@shop.example/a", "https://shop.example/a"),
        ("https://例子.测试/路径?q=三体", "https://xn--fsqu00a.xn--0zwm56d/%E8%B7%AF%E5%BE%84?q=%E4%B8%89%E4%BD%93"),
        ("https://shop.example/%7euser%2f?x=%e4%b8%89", "https://shop.example/~user%2F?x=%E4%B8%89"),
        ("https://shop.example/a b\u200b", "https://shop.example/a%20b"),
        ("https://shop.example/#/app/C1", "https://shop.example/#/app/C1"),
        ("https://shop.example/#!item=1", "https://shop.example/#!item=1"),
        ("https://item.example/?id=1&spm=a21&scm=1007&UTM_Medium=m", "https://item.example/?id=1"),
        ("https://shop.example/?tag=b&tag=a&empty=", "https://shop.example/?empty=&tag=b&tag=a"),
        ("http://[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
        ("https://shop.example/../../a", "https://shop.example/a"),
    ],
)
def test_one_address_for_a_page(url: str, canonical: str) -> None:
    assert canonicalize_url(url) == canonical


@pytest.mark.parametrize(
    "url", ["magnet:?xt=urn:btih:AB", "http://a b/", "http://shop.example:99999/", "http://[::1", "", "x"]
)
def test_other_texts_stay_as_they_are(url: str) -> None:
    assert canonicalize_url(url) == url
    assert url_host(url) == ""


def test_pages_that_differ_stay_apart() -> None:
    urls = [
        "https://s.example/A",
        "https://s.example/a",
        "https://s.example/a/",
        "https://s.example/a?x=1",
        "http://s.example/a",
    ]
    assert len({canonicalize_url(url) for url in urls}) == len(urls)


def test_every_tracking_parameter_is_dropped() -> None:
    for name, source in TRACKING_PARAMETERS:
        assert source
        assert canonicalize_url(f"https://s.example/?{name.replace('*', 'x')}=1&id=2") == "https://s.example/?id=2"


def test_requests_are_equal_whatever_the_order() -> None:
    assert request_url("https://s.example/?b=1&a=2&_t=99#x", ("_t",)) == request_url(
        "https://s.example/?a=2&_t=1&b=1", ("_t",)
    )
    assert request_url("https://s.example/?a=1&utm_source=x") != request_url("https://s.example/?a=1")


def test_digest_of_text_and_bytes() -> None:
    assert sha256_hex("三体") == sha256_hex("三体".encode())


ADDRESSES = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "HTTPS", "ftp", ""]),
    st.text(max_size=20),
    st.sampled_from(["", ":80", ":443", "/", "/./../", "?"]),
    st.text(max_size=40),
)


@given(st.one_of(st.text(max_size=80), ADDRESSES))
def test_canonical_is_idempotent(url: str) -> None:
    once = canonicalize_url(url)
    assert canonicalize_url(once) == once
