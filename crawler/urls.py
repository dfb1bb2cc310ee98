"""Canonical URLs: hits are keyed by them, so two spellings of one page must not become two hits.

Kept apart: paths differing in case or in a trailing slash, parameters that select content. Dropped: parameters that
only track visitors, give an element's position on the page, or say who is logged in.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit, urlunsplit

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
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNWANTED_RE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\u2060\ufeff\ud800-\udfff]")
_HOST_RE = re.compile(r"[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}")
_UNRESERVED_CHARS = "-._~"


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
    name = pair.partition("=")[0].lower()
    return name in _TRACKING_NAMES or name.startswith(_TRACKING_PREFIXES)


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
