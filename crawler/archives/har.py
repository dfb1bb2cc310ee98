"""HAR as browsers save it: one JSON file, bodies as text or base64.

The format is HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/).
Text bodies are already decoded, so they come back as UTF-8 whatever the page declares. An entry without a stored body
(Firefox and Chrome drop large ones) is not a response and is left out; so is an aborted request.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crawler.archives.archive import MAX_ARCHIVE_BYTES, RecordedResponse, gunzip, parse_timestamp
from crawler.errors import BadInput, Problem


def read_har(path: Path) -> Iterator[RecordedResponse]:
    """The responses of a .har or .har.gz file. Raises BadInput naming the file and the entry."""
    for number, entry in enumerate(_read_entries(path), start=1):
        try:
            answer = _parse_response(entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"entry {number} is damaged: {type(error).__name__}: {error}"
            raise BadInput(Problem(file=str(path), message=message, field="log.entries")) from None
        if answer is not None:
            yield answer


def _read_entries(path: Path) -> list[Any]:
    try:
        with path.open("rb") as stream:
            is_gzip = path.name.lower().endswith(".gz")
            text = gunzip(stream, MAX_ARCHIVE_BYTES) if is_gzip else stream.read()
        entries = json.loads(text.decode("utf-8-sig"))["log"]["entries"]
    except json.JSONDecodeError as error:
        raise BadInput(Problem(file=str(path), line=error.lineno, message=f"not JSON: {error.msg}")) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(Problem(file=str(path), message=str(error))) from None
    except (KeyError, TypeError):
        raise BadInput(Problem(file=str(path), message="not a HAR file: log.entries is missing")) from None
    if not isinstance(entries, list):
        raise BadInput(Problem(file=str(path), message="not a HAR file: log.entries is no list"))
    return entries


def _parse_response(entry: Mapping[str, Any]) -> RecordedResponse | None:
    request, response = entry["request"], entry["response"]
    content = response.get("content") or {}
    status = int(response.get("status") or 0)
    if status <= 0 or ("text" not in content and int(content.get("size") or 0) > 0):
        return None
    body, content_type = _parse_body(content)
    headers = {str(header["name"]).lower(): str(header["value"]) for header in response.get("headers") or ()}
    return RecordedResponse(
        url=str(request["url"]),
        method=str(request.get("method") or "GET").upper(),
        status=status,
        headers=headers,
        body=body,
        content_type=content_type or headers.get("content-type", ""),
        fetched_at=parse_timestamp(str(entry.get("startedDateTime") or "")),
        request_body=_request_body(request.get("postData") or {}),
    )


def _parse_body(content: Mapping[str, Any]) -> tuple[bytes, str]:
    text, kind = str(content.get("text") or ""), str(content.get("mimeType") or "")
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=False), kind
        except binascii.Error as error:
            raise ValueError(f"base64: {error}") from None
    media_type = kind.partition(";")[0].strip()
    return text.encode("utf-8", "replace"), f"{media_type}; charset=utf-8" if media_type and text else media_type


def _request_body(data: Mapping[str, Any]) -> bytes:
    return str(data.get("text") or "").encode("utf-8", "replace")
