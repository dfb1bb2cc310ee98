from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.urls import (
    TRACKING_PARAMETERS,
    canonicalize_url,
    complete_url,
    is_same_site,
    readable_url,
    request_url,
    reveal_invisible,
    sha256_hex,
    url_host,
)


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
        ("https://forum.example/t?id=5&sid=0123456789abcdef0123456789abcdef", "https://forum.example/t?id=5"),
        ("https://forum.example/t?sid=5&s=word", "https://forum.example/t?s=word&sid=5"),
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


@pytest.mark.parametrize(
    ("url", "readable"),
    [
        ("https://s.example/s?q=%E6%BD%AE%E6%B1%90&x=%2Fa%20b", "https://s.example/s?q=潮汐&x=%2Fa%20b"),
        ("https://s.example/?q=%B3%B1%CF%AB+pdf", "https://s.example/?q=潮汐+pdf"),  # a form in GB2312
        ("https://s.example/caf%C3%A9/%41%25%26%3d", "https://s.example/café/A%25%26%3D"),
        ("https://s.example/%E9%E8", "https://s.example/%E9%E8"),  # of no charset that is sure
        ("https://xn--fiqs8s.example/", "https://中国.example/"),
        ("https://中国.example/", "https://中国.example/"),
        # Cyrillic letters that look like Latin ones: the real host stays in sight.
        ("https://xn--80ak6aa92e.com/a", "https://xn--80ak6aa92e.com (аррӏе.com)/a"),
        ("https://аррӏе.com/a", "https://xn--80ak6aa92e.com (аррӏе.com)/a"),
        ("https://xn--a-.example/", "https://xn--a-.example/"),
        # Reversed, invisible, or a delimiter in disguise: stays encoded, or becomes so.
        ("https://s.example/%E2%80%AEfdp.exe", "https://s.example/%E2%80%AEfdp.exe"),
        ("https://s.example/\u202efdp\u200b\u3164", "https://s.example/%E2%80%AEfdp%E2%80%8B%E3%85%A4"),
        ("https://s.example/%D7%90%D7%91", "https://s.example/%D7%90%D7%91"),
        ("https://s.example/a\u2044b", "https://s.example/a%E2%81%84b"),
        ("no address\u200b", "no%20address%E2%80%8B"),
    ],
)
def test_an_address_is_shown_as_people_read_it_and_deceives_nobody(url: str, readable: str) -> None:
    assert readable_url(url) == readable


@given(st.one_of(st.text(max_size=80), ADDRESSES))
def test_a_shown_address_has_nothing_invisible_and_says_the_same(url: str) -> None:
    readable = readable_url(url)
    assert readable.isprintable()
    assert " " not in readable.replace(" (", "").replace(") ", "")
    if url.isascii() and "%" not in url and "xn--" not in url.lower():
        assert unquote(readable) == url


def test_invisible_signs_of_a_text_are_shown_by_number() -> None:
    assert reveal_invisible("a\u202eb\n  c\u3164 潮汐 é") == "a⟨U+202E⟩b c⟨U+3164⟩ 潮汐 é"


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://shop.example/1", "https://shop.example/1"),
        (" http://127.0.0.1:8802/x ", "http://127.0.0.1:8802/x"),
        ("HTTP://Shop.Example", "HTTP://Shop.Example"),
        ("shop.example/1", "https://shop.example/1"),
        ("Shop.Example:8443/a?b=c", "https://Shop.Example:8443/a?b=c"),
        ("www.shop.example", "https://www.shop.example"),
        ("古籍书店.中国/1", "https://古籍书店.中国/1"),
        ("shop.example?id=1#top", "https://shop.example?id=1#top"),
        ("foo", None),
        ("localhost:8802/x", None),
        ("127.0.0.1:8802/x", None),
        ("潮汐图书馆", None),
        ("the lampwright.pdf", None),
        ("ftp://shop.example/1", None),
        ("file:///etc/passwd", None),
        ("mailto:li@shop.example", None),
        ("li@shop.example/1", None),
        ("htp://shop.example/1", None),
        ("http:/shop.example", None),
        ("//shop.example/1", None),
        ("shop.example:port/1", None),
        ("shop.example:99999/1", None),
        ("/p/1", None),
        ("", None),
    ],
)
def test_an_address_as_a_person_types_it(typed: str, url: str | None) -> None:
    assert complete_url(typed) == url


@pytest.mark.parametrize(
    ("url", "other", "expected"),
    [
        ("https://www.attic.example/a", "http://attic.example/b", True),
        ("https://forum.attic.example/", "https://shop.attic.example/", True),
        ("https://attic.co.uk/", "https://pots.co.uk/", False),
        ("https://forum.attic.co.uk/", "https://attic.co.uk/", True),
        ("http://127.0.0.1:8801/", "http://127.0.0.1:8801/x", True),
        ("http://127.0.0.1:8801/", "http://127.0.0.1:8802/", False),
        ("http://10.2.0.1/", "http://10.1.0.1/", False),
        ("https://attic.example/", "https://attic.example:8443/", False),
        ("http://[::1]/", "http://[::2]/", False),
        ("ftp://attic.example/", "ftp://attic.example/", False),
        ("https://attic.example/", "mailto:a@attic.example", False),
    ],
)
def test_what_belongs_to_one_site(url: str, other: str, expected: bool) -> None:
    assert is_same_site(url, other) is expected
    assert is_same_site(other, url) is expected
