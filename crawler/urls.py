"""Canonical URLs: hits are keyed by them, so two spellings of one page must not become two hits.

Kept apart: paths differing in case or in a trailing slash, parameters that select content. Dropped: parameters that
only track visitors, give an element's position on the page, or say who is logged in.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit, urlunsplit

if TYPE_CHECKING:
    from tldextract import TLDExtract

# Parameters that never select content (a final * stands for any ending), with their origin.
TRACKING_PARAMETERS = (
    ("utm_*", "Google Analytics, campaign URL builder"),
    ("gclid", "Google Ads"),
    ("gbraid", "Google Ads"),
    ("wbraid", "Google Ads"),
    ("dclid", "Google Display"),
    ("srsltid", "Google Merchant Center"),
    ("_ga", "Google Analytics, cross-domain"),
    ("_gl", "Google Analytics, cross-domain"),
    ("fbclid", "Facebook"),
    ("igshid", "Instagram"),
    ("msclkid", "Microsoft Advertising"),
    ("yclid", "Yandex Direct"),
    ("twclid", "Twitter"),
    ("ttclid", "TikTok"),
    ("mc_cid", "Mailchimp"),
    ("mc_eid", "Mailchimp"),
    ("_hsenc", "HubSpot"),
    ("_hsmi", "HubSpot"),
    ("_trksid", "eBay"),
    ("_trkparms", "eBay"),
    ("pd_rd_*", "Amazon recommendations"),
    ("pf_rd_*", "Amazon recommendations"),
    ("spm", "Alibaba page position"),
    ("scm", "Alibaba content position"),
    ("pvid", "Alibaba page view"),
    ("algo_pvid", "AliExpress search"),
    ("algo_expid", "AliExpress search"),
    ("ut_sk", "Taobao sharing"),
    ("share_crt_v", "Taobao sharing"),
    ("spm_id_from", "Bilibili page position"),
    ("from_spmid", "Bilibili page position"),
    ("vd_source", "Bilibili visitor"),
    ("share_source", "Bilibili sharing"),
    ("share_medium", "Bilibili sharing"),
    ("hmsr", "Baidu Tongji"),
    ("hmpl", "Baidu Tongji"),
    ("bd_vid", "Baidu advertising"),
)
_TRACKING_NAMES = frozenset(name for name, _ in TRACKING_PARAMETERS if not name.endswith("*"))
_TRACKING_PREFIXES = tuple(name[:-1] for name, _ in TRACKING_PARAMETERS if name.endswith("*"))
# Names under which forums and shops carry a visitor's session, with a value that could be nothing else.
_SESSION_NAMES = frozenset(("sid", "s", "phpsessid", "jsessionid", "oscsid", "zenid", "session_id", "sessionid"))
_SESSION_VALUE_RE = re.compile(r"[0-9a-f]{26,64}|[0-9A-Za-z]{32}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNWANTED_RE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\u2060\ufeff\ud800-\udfff]")
_HOST_RE = re.compile(r"[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}")
_TYPED_HOST_RE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")
_UNRESERVED_CHARS = "-._~"
_GB2312_LEVEL_1 = range(0xB0, 0xD8)  # lead bytes of the 3,755 everyday characters, ordered by sound
_ENCODED_RUN_RE = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"  # printable by their category, and drawn as nothing


@lru_cache(maxsize=4096)
def canonicalize_url(url: str) -> str:
    """The canonical URL of a page; a text that is no http(s) URL is only stripped of white space and invisible
    characters. Idempotent.

    The fragment is kept only where it is the route of a single page application (`#!...`, `#/...`).
    """
    parts = _split_url(url)
    if parts is None:
        return _clean_url(url)
    query = [pair for pair in parts.query.split("&") if pair and not _is_tracking(pair)]
    fragment = _normalise_quoting(parts.fragment, "!/?=&:@,;+") if parts.fragment.startswith(("!", "/")) else ""
    return _join_url(parts, query, fragment)


def request_url(url: str, volatile: tuple[str, ...] = ()) -> str:
    """The URL by which an archive finds a request: without fragment and `volatile` parameters, its query sorted."""
    parts = _split_url(url)
    if parts is None:
        return _clean_url(url)
    query = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] not in volatile]
    return _join_url(parts, query, "")


def url_host(url: str) -> str:
    """The host of a URL in lower case and ASCII (IDNA); "" where there is none."""
    parts = _split_url(url)
    return _ascii_host(parts.hostname or "") if parts else ""


def url_place(url: str) -> str:
    """The host of a URL with its port where that is not the usual one; "" where there is none."""
    return urlsplit(canonicalize_url(url)).netloc if url_host(url) else ""


def url_port(url: str) -> int | None:
    """The port of a URL, that of its scheme where it names none; None where there is no URL."""
    parts = _split_url(url)
    return (parts.port or _DEFAULT_PORTS[parts.scheme.lower()]) if parts else None


@lru_cache(maxsize=4096)
def domain_label(url: str) -> str:
    """The part of a URL's host that somebody registered, without the suffix: "pellbrook" of www.pellbrook.co.uk; ""
    for a number or where there is none.
    """
    host = url_host(url)
    if not host or host.replace(".", "").isdigit() or ":" in host:
        return ""
    domain, suffix = split_domain(host)
    labels = host.split(".")
    return domain if suffix else labels[-2] if len(labels) > 1 else ""


def split_domain(host: str) -> tuple[str, str]:
    """The registered part of a host's name and its public suffix: ("pellbrook", "co.uk"); "" for what it lacks."""
    extracted = _suffix_extractor()(host)
    return extracted.domain, extracted.suffix


def is_same_site(url: str, other_url: str) -> bool:
    """Whether two addresses are of one site: names below one registered domain, else the same host and port."""
    place, other_place = url_place(url), url_place(other_url)
    if place == other_place or ":" in place + other_place or not (domain_label(url) and domain_label(other_url)):
        return place == other_place != ""
    return _registered_domain(url_host(url)) == _registered_domain(url_host(other_url))


def _registered_domain(host: str) -> str:
    domain, suffix = split_domain(host)
    return f"{domain}.{suffix}" if suffix else ".".join(host.split(".")[-2:])


@cache
def _suffix_extractor() -> TLDExtract:
    from tldextract import TLDExtract  # reads a list of suffixes, which few commands need

    return TLDExtract(suffix_list_urls=(), cache_dir=None)  # the bundled list: nothing is fetched


def complete_url(text: str) -> str | None:
    """The http(s) URL that a person typed, with https:// where it begins with a plain host name (shop.example/1).

    None where it is no address: another scheme, a single word, a number, a user name before the host.
    """
    typed = _clean_url(text)
    if _split_url(typed):
        return typed
    host, _, port = re.split(r"[/?#]", typed, maxsplit=1)[0].partition(":")
    is_host_name = (
        _TYPED_HOST_RE.fullmatch(_ascii_host(host)) and not host.endswith(".") and (port.isdecimal() or not port)
    )
    return f"https://{typed}" if is_host_name and _split_url(f"https://{typed}") else None


def sha256_hex(text: str | bytes) -> str:
    """The SHA-256 in hex digits; text is encoded as UTF-8."""
    return sha256(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text).hexdigest()


def _clean_url(url: str) -> str:
    return _UNWANTED_RE.sub("", url).strip()


def _split_url(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(_clean_url(url))
        is_usable = parts.scheme.lower() in _DEFAULT_PORTS and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        return None
    return parts if is_usable and _ascii_host(parts.hostname or "") else None


def _join_url(parts: SplitResult, query: list[str], fragment: str) -> str:
    scheme = parts.scheme.lower()
    host_name = _ascii_host(parts.hostname or "")
    authority = f"[{host_name}]" if ":" in host_name else host_name
    if parts.port and parts.port != _DEFAULT_PORTS[scheme]:
        authority = f"{authority}:{parts.port}"
    path = _remove_dot_segments(_normalise_quoting(parts.path, "/!$&'()*+,;=:@"))
    pairs = sorted(
        (_normalise_quoting(pair, "!$'()*+,;=:@/?") for pair in query), key=lambda pair: pair.partition("=")[0]
    )
    return urlunsplit((scheme, authority, path or "/", "&".join(pairs), fragment))


def _is_tracking(pair: str) -> bool:
    name, _, value = pair.partition("=")
    name = name.lower()
    is_session = name in _SESSION_NAMES and _SESSION_VALUE_RE.fullmatch(value) is not None
    return is_session or name in _TRACKING_NAMES or name.startswith(_TRACKING_PREFIXES)


def _ascii_host(name: str) -> str:
    name = name.lower().rstrip(".")
    try:
        name = name if name.isascii() else name.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return ""
    return name if _HOST_RE.fullmatch(name) else ""


def _normalise_quoting(text: str, safe: str) -> str:
    """Normalise percent-encoding: upper-case digits, unreserved characters decoded, all else except `safe` encoded.

    Reserved characters that were encoded stay encoded.
    """

    def quote_piece(part: str) -> str:
        if len(part) == 3 and part[0] == "%":
            byte = unquote_to_bytes(part)
            is_unreserved = byte.isascii() and (byte.isalnum() or byte.decode() in _UNRESERVED_CHARS)
            return byte.decode() if is_unreserved else part.upper()
        return quote(part, safe=safe + _UNRESERVED_CHARS)

    return "".join(quote_piece(part) for part in re.split(r"(%[0-9A-Fa-f]{2})", text))


def _remove_dot_segments(path: str) -> str:
    """Resolve dot segments (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    resolved_segments: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            del resolved_segments[max(1, len(resolved_segments) - 1) :]
        elif segment != ".":
            resolved_segments.append(segment)
    if segments[-1] in (".", ".."):
        resolved_segments.append("")
    return "/".join(resolved_segments)


def readable_url(url: str) -> str:
    """`url` as people read it: letters and digits that were percent-encoded (UTF-8, else GB2312) are decoded, a host in
    punycode is followed by what it says. For display only.

    Everything that could deceive the eye stays encoded or becomes so: delimiters, blanks, invisible characters, letters
    that are written from right to left. A decoded host never replaces the real one, as other scripts have look-alikes
    of Latin letters; one of Han characters alone does.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return _quote_deceptive(url)
    end = next((index for index, sign in enumerate(rest) if sign in "/?#"), len(rest))
    authority, path = rest[:end], rest[end:]
    return f"{_quote_deceptive(scheme)}://{_readable_host(authority)}{_readable_path(path)}"


def reveal_invisible(text: str) -> str:
    """`text` on one line, with invisible and direction-changing characters shown by their number: ⟨U+202E⟩."""
    return "".join(
        sign if sign.isprintable() and sign not in _BLANK_LETTERS else f"⟨U+{ord(sign):04X}⟩"
        for sign in " ".join(text.split())
    )


def _readable_path(path: str) -> str:
    parts, last_end = [], 0
    for run in _ENCODED_RUN_RE.finditer(path):
        parts += [_quote_deceptive(path[last_end : run.start()]), _decode_run(run[0])]
        last_end = run.end()
    return "".join([*parts, _quote_deceptive(path[last_end:])])


def _decode_run(encoded: str) -> str:
    """A run of percent-encoded bytes with its letters and digits decoded, if it is text at all."""
    content = unquote_to_bytes(encoded)
    for charset in ("utf-8", "gb2312"):
        try:
            text = content.decode(charset)
        except UnicodeDecodeError:
            continue
        if charset == "gb2312" and not all(
            sign.isascii() or sign.encode(charset)[0] in _GB2312_LEVEL_1 for sign in text
        ):
            continue
        return "".join(sign if _is_plain_letter(sign) else _quote_bytes(sign.encode(charset)) for sign in text)
    return encoded.upper()


def _readable_host(authority: str) -> str:
    host = _quote_deceptive(authority if authority.isascii() else _ascii_host(authority) or authority)
    if "xn--" not in host.lower():
        return host
    decoded_labels = []
    for label in host.split("."):
        decoded = _decode_label(label)
        if decoded is None:
            return host
        decoded_labels.append(decoded)
    foreign = "".join(label for label in decoded_labels if not label.isascii())
    is_han = all(unicodedata.name(sign, "").startswith("CJK UNIFIED IDEOGRAPH") for sign in foreign)
    readable = _quote_deceptive(".".join(decoded_labels))
    return readable if is_han else f"{host} ({readable})"


def _decode_label(label: str) -> str | None:
    """A label of a host without punycode; None if its punycode is none, or says what needs none."""
    if not label.lower().startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return None
    return None if decoded.isascii() else decoded


def _quote_deceptive(text: str) -> str:
    return "".join(
        sign if (sign.isascii() and sign.isprintable() and sign != " ") or _is_plain_letter(sign) else _quote_sign(sign)
        for sign in text
    )


def _is_plain_letter(sign: str) -> bool:
    """Whether a character is a letter or digit that is visible and written from left to right."""
    return sign.isalnum() and sign not in _BLANK_LETTERS and unicodedata.bidirectional(sign) in ("L", "EN")


def _quote_sign(sign: str) -> str:
    return _quote_bytes(sign.encode("utf-8", "surrogatepass"))


def _quote_bytes(content: bytes) -> str:
    return "".join(f"%{byte:02X}" for byte in content)
