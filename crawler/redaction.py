"""Reading secrets from the environment or from a file that only its owner may read, and redacting them from texts.

`redact` replaces what looks like a secret: passwords in URLs, tokens in queries, credentials in headers. Access codes
of shares are not our secrets: they are evidence and are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crawler.errors import BadInput, Problem

REDACTION_MARK = "***"
_USERINFO_RE = re.compile(r"(?<=://)[^\s/?#@]{1,500}@")
_QUERY_SECRET_RE = re.compile(
    r"""(?i)([?&;](?:access_?token|id_?token|refresh_?token|auth|token|api_?key|key|secret|password|passwd|session|sid|sign|signature)=)[^&\s"'<>#]{1,2000}"""
)
_HEADER_SECRET_RE = re.compile(
    r"(?i)\b((?:proxy-)?authorization|set-cookie|cookie|x-[a-z-]{0,30}token)(['\"]{0,2}\s{0,3}[:=]\s{0,3})[^\r\n]{1,4000}"
)


def read_secret(environ: Mapping[str, str], name: str) -> str:
    """The value of the variable `name`, or the content of the file that `name`_FILE names; "" for neither.

    Raises BadInput where the file cannot be read, or others than its owner may read it.
    """
    if environ.get(name):
        return environ[name]
    file_name = environ.get(f"{name}_FILE")
    if not file_name:
        return ""
    file = Path(file_name)
    try:
        if is_readable_by_others(file):
            raise BadInput(Problem(file=file_name, message="others may read this file: chmod 600"))
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadInput(Problem(file=file_name, message=str(error))) from None


def is_readable_by_others(file: Path) -> bool:
    """Whether a file exists and its mode gives group or others any permission."""
    return file.exists() and bool(file.stat().st_mode & 0o077)


def has_password(url: Any) -> bool:
    """Whether a URL contains a password."""
    try:
        return isinstance(url, str) and bool(urlsplit(url).password)
    except ValueError:
        return False


def redact(text: str) -> str:
    """`text` with passwords, tokens and credentials replaced by REDACTION_MARK."""
    text = _USERINFO_RE.sub(f"{REDACTION_MARK}@", text)
    text = _QUERY_SECRET_RE.sub(rf"\1{REDACTION_MARK}", text)
    return _HEADER_SECRET_RE.sub(rf"\1\2{REDACTION_MARK}", text)
