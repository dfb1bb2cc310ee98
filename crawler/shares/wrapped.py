"""What a thunder link wraps: the address between AA and ZZ in base64. Another link often hides in it."""

from __future__ import annotations

import base64
import binascii
import re

from crawler.items import ShareLink

_SCHEME_RE = re.compile(r"(?:https?|ftp|ed2k|magnet):", re.IGNORECASE)


def unwrap_link(link: ShareLink) -> str | None:
    """The address inside a thunder link; None for other links, and where it is wrapped otherwise."""
    if link.platform != "thunder":
        return None
    try:
        text = base64.b64decode(link.share_id + "=" * (-len(link.share_id) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    inner = text.removeprefix("AA").removesuffix("ZZ")
    return inner if _SCHEME_RE.match(inner) and inner.isprintable() else None
