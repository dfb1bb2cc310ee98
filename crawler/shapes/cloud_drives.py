"""Requests to cloud drives and their answers, as far as all drives are alike.

The values of a request carry the id of the share and the access code that it sends; an answer becomes one listing of
kind `share` with state, title, files and sharer. Pure: platforms call this, nothing here knows a platform.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from attrs import evolve

from crawler.errors import BadInput, Problem
from crawler.items import Listing, ListingKind, Outcome, SharedFile, ShareLink, ShareState
from crawler.page import LayoutError, Page, Request
from crawler.page.outcome import outcome_of
from crawler.shapes.folder_walk import MAX_FILES
from crawler.shapes.share_states import outcome_of_state
from crawler.shares import extract_links

_THROTTLE_STATUSES = frozenset({429, 503})
_UNIT_BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE_RE = re.compile(r"([0-9]{1,9}(?:[.,][0-9]{1,6})?) ?([KMGT]?)i?[Bo]?\b", re.IGNORECASE)


def parse_share(platform: str, address: str, code: str | None = None) -> ShareLink:
    """The share at `address`, with the access code `code`. Raises BadInput if it is not a share of `platform`."""
    share = next((link for link in extract_links(address) if link.platform == platform), None)
    if share is None:
        raise BadInput(Problem(file=address, message=f"not the address of a share of {platform}"))
    return evolve(share, code=code or None, code_kind=None, tricks=(), span=(0, 0))


def share_of_page(platform: str, page: Page) -> ShareLink:
    """The share that a page belongs to; with id "" if neither the request nor the page's address names one."""
    address = page.values.get("address") or page.url
    try:
        return parse_share(platform, address)
    except BadInput:
        return ShareLink(platform=platform, share_id="", url=address)


def share_values(link: ShareLink, code: str | None = None) -> dict[str, str]:
    """The values that a request for this share carries; `code` only if the request sends it."""
    return {"share_id": link.share_id, "address": link.url} | ({"code": code} if code else {})


def json_request(url: str, body: Mapping[str, Any], values: Mapping[str, str], **headers: str) -> Request:
    """A POST request with a JSON body; _ in the names of `headers` stands for -."""
    sent_headers = {
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    payload = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return Request(url=url, method="POST", headers=sent_headers, body=payload, values=values)


def form_request(url: str, body: Mapping[str, str], values: Mapping[str, str], **headers: str) -> Request:
    """A POST request with the body of an HTML form."""
    sent_headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", **headers}
    return Request(url=url, method="POST", headers=sent_headers, body=urlencode(body).encode(), values=values)


def parse_answer(page: Page) -> Any:
    """The answer as a JSON value, else as text (an HTML page, a truncated answer)."""
    text = page.source
    if text[:64].lstrip()[:1] in ("{", "["):
        try:
            return page.json()
        except LayoutError:
            return text
    return text


def request_value(page: Page, *names: str) -> str:
    """The value of the first of `names` in the request's values, body or query. Raises LayoutError without any."""
    body = page.values.get("request_body", "")
    body_values = (
        json.loads(body) if body.startswith("{") else {key: entries[0] for key, entries in parse_qs(body).items()}
    )
    values = {
        **{key: entries[0] for key, entries in parse_qs(urlsplit(page.url).query).items()},
        **body_values,
        **page.values,
    }
    for name in names:
        if name in values:
            return str(values[name])
    raise LayoutError(f"an answer to a request that is not known: it should name {names[0]}")


def state_of(page: Page, classify: Callable[[Any], ShareState]) -> ShareState:
    """The state that an answer and its status mean: a throttled or challenged request says nothing of the share."""
    if page.status in _THROTTLE_STATUSES:
        return ShareState.RATE_LIMITED
    answer = parse_answer(page)
    state = classify(answer)
    if isinstance(answer, str) and state not in (ShareState.NEEDS_CODE, ShareState.ALIVE):
        outcome = outcome_of(200, page.body, page.content_type, page.url)
        return ShareState.CAPTCHA if outcome is Outcome.CHALLENGED else state
    if state is ShareState.NEEDS_CODE and page.values.get("code"):
        return ShareState.WRONG_CODE  # a code was sent and rejected
    return state


def share_listing(
    platform: str,
    link: ShareLink,
    state: ShareState,
    page: Page,
    *,
    title: str = "",
    files: Iterable[SharedFile] = (),
    sharer: str | None = None,
) -> Listing:
    """The share as a listing; its link carries the code that was sent. A share without an id has no link."""
    listed_files = tuple(files)[:MAX_FILES]
    return Listing(
        platform=platform,
        kind=ListingKind.SHARE,
        url=link.url,
        title=title or (listed_files[0].name if listed_files else ""),
        files=listed_files,
        seller=sharer,
        share_state=state,
        links=(link,) if link.share_id else (),
        sources={"answer": answer_signature(page)} if state is ShareState.UNKNOWN else {},
        outcome=outcome_of_state(state),
    )


def answer_signature(page: Page) -> str:
    """A short form of an answer, to count those that nobody has explained: its status and its own code."""
    answer = parse_answer(page)
    if isinstance(answer, Mapping):
        code = next((answer[name] for name in ("errno", "code", "res_code", "error", "value") if name in answer), "-")
        return f"{page.status} {str(code)[:40]}"
    return f"{page.status} {'list' if isinstance(answer, list) else 'html' if '<' in answer[:400] else 'text'}"


def shared_file(name: Any, size: Any = None, folder: Any = False) -> SharedFile:
    """One file of an answer; `size` is a number, digits, or text like "12.5 MB"."""
    return SharedFile(name=str(name), size=parse_size(size), folder=bool(folder))


def parse_size(text: Any) -> int | None:
    """A size in bytes; None if it cannot be parsed."""
    if isinstance(text, bool) or text is None:
        return None
    if isinstance(text, int):
        return text
    match = _SIZE_RE.match(str(text).strip())
    return int(float(match[1].replace(",", ".")) * _UNIT_BYTES[match[2].upper()]) if match else None


def objects_at(value: Any, *path: str) -> list[Mapping[str, Any]]:
    """The objects of the list at `path`; [] if the answer has none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def object_at(value: Any, *path: str) -> Mapping[str, Any]:
    """The object at `path`; {} if the answer has none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}
