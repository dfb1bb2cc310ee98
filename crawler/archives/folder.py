"""A folder of saved pages: each folder below it with request.json and page.* is one recorded response.

request.json: {"url", "method"?="GET", "body"?, "status"?=200, "content_type"?, "headers"?, "values"?, "fetched_at"?}.
Responses are read in the order of their paths, so that a replay is the same everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crawler.archives.archive import RecordedResponse, parse_timestamp
from crawler.errors import BadInput, Problem

_MEDIA_TYPES = {
    ".html": "text/html",
    ".htm": "text/html",
    ".json": "application/json",
    ".xml": "text/xml",
    ".txt": "text/plain",
}
_REQUEST_FIELDS = frozenset({"url", "method", "body", "status", "content_type", "headers", "values", "fetched_at"})


def read_folder(folder: Path) -> Iterator[RecordedResponse]:
    """All recorded responses below a folder. Raises BadInput with every damaged case, or if there is none."""
    problems: list[Problem] = []
    answers: list[RecordedResponse] = []
    for request in sorted(folder.rglob("request.json"), key=lambda path: path.relative_to(folder).parts):
        try:
            answers.append(_read_case(request))
        except BadInput as error:
            problems += error.problems
    if not answers and not problems:
        problems = [Problem(file=str(folder), message="no request.json with a page.* beside it below this folder")]
    if problems:
        raise BadInput(problems)
    return iter(answers)


def _read_case(request: Path) -> RecordedResponse:
    pages = sorted(path for path in request.parent.glob("page.*") if path.is_file())
    if len(pages) != 1:
        raise BadInput(Problem(file=str(request.parent), message=f"expected one page.*, found {len(pages)}"))
    try:
        request_fields = json.loads(request.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise BadInput(Problem(file=str(request), line=error.lineno, message=f"not JSON: {error.msg}")) from None
    except (OSError, ValueError) as error:
        raise BadInput(Problem(file=str(request), message=str(error))) from None
    if not isinstance(request_fields, Mapping):
        raise BadInput(Problem(file=str(request), message="expected an object"))
    problems = [
        Problem(file=str(request), field=name, message=message) for name, message in _field_problems(request_fields)
    ]
    if problems:
        raise BadInput(problems)
    return RecordedResponse(
        url=request_fields["url"],
        method=request_fields.get("method", "GET").upper(),
        status=request_fields.get("status", 200),
        headers=request_fields.get("headers", {}),
        body=pages[0].read_bytes(),
        content_type=request_fields.get("content_type", _MEDIA_TYPES.get(pages[0].suffix.lower(), "")),
        fetched_at=parse_timestamp(request_fields.get("fetched_at", "")),
        request_body=request_fields.get("body", "").encode("utf-8"),
        values=request_fields.get("values", {}),
    )


def _field_problems(request_fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in sorted(request_fields.keys() - _REQUEST_FIELDS):
        yield name, "unknown field"
    if not isinstance(request_fields.get("url"), str) or not request_fields["url"].startswith(("http://", "https://")):
        yield "url", "expected an http(s) address"
    for name in ("method", "body", "content_type", "fetched_at"):
        if not isinstance(request_fields.get(name, ""), str):
            yield name, "expected text"
    if not isinstance(request_fields.get("status", 200), int):
        yield "status", "expected a number"
    for name in ("headers", "values"):
        pairs = request_fields.get(name, {})
        if not isinstance(pairs, Mapping) or not all(isinstance(value, str) for value in pairs.values()):
            yield name, "expected an object of texts"
