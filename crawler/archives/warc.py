"""WARC: what its records say of the web, as recorded responses.

Responses and resources are answers. The method and body of a request are in a record of their own, linked by
WARC-Concurrent-To in either direction, or by address and time. A revisit repeats a response that lies elsewhere, before
it or after it, in this file or in another one of the same package. A conversion is the text of a page, which counts
only where the page itself is missing. A record in segments is joined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import Factory, define, evolve, frozen

from crawler.archives.archive import MAX_ARCHIVE_BYTES, RecordedResponse, SkippedEntry, SkipReason, parse_timestamp
from crawler.archives.bodies import (
    MAX_BODY_BYTES,
    Buffer,
    DamagedBodyError,
    HttpMessage,
    parse_request,
    parse_response,
    remove_codings,
)
from crawler.archives.warc_records import (
    RecordReader,
    WarcRecord,
    digest_of,
    matches_digest,
)
from crawler.errors import BadInput, Problem

# Records of these schemes are no pages, in any crawl: resolved names, texts and pictures that the crawler made itself.
_INTERNAL_SCHEMES = ("dns:", "whois:", "urn:", "metadata:", "screenshot:", "thumbnail:", "filedesc:")
_ANSWER_TYPES = frozenset({"response", "resource", "conversion", "revisit"})
_SILENT_TYPES = frozenset({"warcinfo", "metadata"})
_PACKED_STARTS = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_TEXT_TYPES = ("text/", "application/json", "application/xhtml", "application/javascript")
_ID_RE = re.compile(r"<[^<>]{1,300}>|[^\s,<>]{1,300}")


@frozen
class _SkippedError(Exception):
    """A record holds no response that can be read."""

    reason: SkipReason
    detail: str = ""


@frozen(kw_only=True)
class _Answer:
    """A response as recorded, with what it is linked by. `is_repeat`: a revisit, whose body lies in another one;
    `is_conversion`: only the text of a page.
    """

    file: str
    place: str
    response: RecordedResponse
    ids: tuple[str, ...]
    date: str
    fault: str = ""
    digest: tuple[str, bytes] | None = None
    is_repeat: bool = False
    is_conversion: bool = False
    original_id: str = ""
    original_url: str = ""
    original_date: str = ""


@frozen(kw_only=True)
class _Request:
    method: str
    body: bytes


@define(kw_only=True)
class WarcCollector:
    """Collects the records of one WARC file or of several that belong together, and links them at the end."""

    _entries: list[_Answer | SkippedEntry] = Factory(list)
    _requests: dict[str, _Request] = Factory(dict)
    _segments: dict[str, dict[int, tuple[WarcRecord, str]]] = Factory(dict)
    _segmented: list[tuple[WarcRecord, str]] = Factory(list)
    _total_bytes: int = 0
    _record_count: int = 0

    def read(self, data: Buffer, file: str, reports_gaps: bool = True) -> None:
        """Collect the records of one file; without `reports_gaps` bytes between them are nothing amiss.

        Raises BadInput where it holds no record, and where the responses are too many to hold.
        """
        known_entries, known_records, fault = len(self._entries), self._record_count, ""
        try:
            for item in RecordReader(data):
                if isinstance(item, WarcRecord):
                    self._record_count += 1
                    self._add_record(item, file)
                elif reports_gaps:
                    self._skip(file, item.place, SkipReason.DAMAGED, "", item.detail)
        except ValueError as error:
            fault = f": {error}"
            self._skip(file, "the rest of the file", SkipReason.DAMAGED, "", str(error))
        if self._record_count == known_records:
            del self._entries[known_entries:]
            raise BadInput(Problem(file=file, message=f"not a WARC file: no record{fault}"))

    def results(self) -> Iterator[RecordedResponse | SkippedEntry]:
        """What was collected, in the order of recording: responses with their requests, and what was left out."""
        for record, file in self._segmented:
            self._add_record(self._join_segments(record), file)
        for record, file in (segment for parts in self._segments.values() for segment in parts.values()):
            self._skip(file, record.place, SkipReason.DAMAGED, "", "a segment whose beginning is missing")
        finder = _OriginalFinder(self._entries)
        for entry in self._entries:
            if isinstance(entry, SkippedEntry):
                yield entry
                continue
            answer = finder.resolve(entry)
            if answer is None:
                if not entry.is_conversion:
                    yield _skip(entry.file, entry.place, SkipReason.NO_ORIGINAL, entry.response.url)
                continue
            keys = (*entry.ids, _time_key(entry.response.url, entry.date))
            request = next((self._requests[key] for key in keys if key in self._requests), None)
            method = request.method if request else "GET"
            if answer.is_cut and not answer.body and method != "HEAD" and 200 <= answer.status < 300:
                yield _skip(entry.file, entry.place, SkipReason.NO_BODY, answer.url, entry.fault)
            else:
                yield evolve(answer, method=method, request_body=request.body if request else b"")

    def _skip(self, file: str, place: str, reason: SkipReason, url: str, detail: str = "") -> None:
        self._entries.append(_skip(file, place, reason, url, detail))

    def _add_record(self, record: WarcRecord, file: str) -> None:
        headers = record.headers
        kind = headers.get("warc-type", "").lower()
        url = headers.get("warc-target-uri", "").strip("<> ")
        segment = headers.get("warc-segment-number", "")
        if segment.isdecimal() and len(segment) < 7:
            if kind == "continuation":
                origin = _first_id(headers.get("warc-segment-origin-id", ""))
                self._segments.setdefault(origin, {})[int(segment)] = record, file
            else:
                self._segmented.append((record, file))
            self._count_bytes(record.block, file)
            return
        if kind == "request":
            self._add_request(record, file, url)
            if record.fault:
                self._skip(file, record.place, SkipReason.CUT, url, record.fault)
        elif kind in _ANSWER_TYPES:
            self._add_answer(record, file, kind, url)
        elif record.fault or kind not in _SILENT_TYPES:
            fault = record.fault or (f"unknown WARC-Type {kind}" if kind else "no WARC-Type")
            self._skip(file, record.place, SkipReason.DAMAGED, url, fault)

    def _add_request(self, record: WarcRecord, file: str, url: str) -> None:
        message = parse_request(record.block)
        try:
            body = remove_codings(message.body, message.headers.get("content-encoding", ""))
        except ValueError:
            body = message.body
        request = _Request(method=message.method, body=body)
        self._count_bytes(body, file)
        keys = _link_ids(record)
        if "warc-concurrent-to" not in record.headers:
            keys = (*keys, _time_key(url, record.headers.get("warc-date", "")))
        for key in filter(None, keys):
            self._requests.setdefault(key, request)

    def _add_answer(self, record: WarcRecord, file: str, kind: str, url: str) -> None:
        try:
            if url.lower().startswith(_INTERNAL_SCHEMES):
                return
            answer = _parse_answer(record, file, kind, url)
        except _SkippedError as error:
            self._skip(file, record.place, error.reason, url, error.detail)
            return
        self._entries.append(answer)
        self._count_bytes(answer.response.body, file)
        is_bodiless = answer.response.is_cut and not answer.response.body and 200 <= answer.response.status < 300
        if record.is_altered:
            self._skip(file, record.place, SkipReason.ALTERED, url, answer.fault)
        elif answer.fault or answer.response.is_cut:
            if is_bodiless and not answer.is_repeat:
                return  # told by `results`, which knows the method
            self._skip(file, record.place, SkipReason.CUT, url, answer.fault)

    def _join_segments(self, first: WarcRecord) -> WarcRecord:
        """A record with its segments; what is behind a missing one is left out."""
        segments = self._segments.pop(_first_id(first.headers.get("warc-record-id", "")), {})
        blocks, number, total = [first.block], 2, ""
        while number in segments:
            segment, _ = segments.pop(number)
            blocks.append(segment.block)
            total = segment.headers.get("warc-segment-total-length", "")
            number += 1
        block = b"".join(blocks)
        is_whole = not segments and total == str(len(block))
        # The digest and the number are those of the first segment.
        headers = {name: text for name, text in first.headers.items() if name != "warc-segment-number"}
        fault = first.fault if is_whole else f"segment {number} is missing"
        return evolve(first, headers=headers, block=block, fault=fault, is_cut=first.is_cut or not is_whole)

    def _count_bytes(self, content: bytes, file: str) -> None:
        self._total_bytes += len(content)
        if self._total_bytes > MAX_ARCHIVE_BYTES:
            raise BadInput(Problem(file=file, message=f"holds more than {MAX_ARCHIVE_BYTES} bytes"))


class _OriginalFinder:
    """Finds the response that a revisit repeats, and tells which conversions stand for a page that is missing."""

    def __init__(self, entries: list[_Answer | SkippedEntry]) -> None:
        self._by_key: dict[object, RecordedResponse] = {}
        self._urls: set[str] = set()
        answers = [entry for entry in entries if isinstance(entry, _Answer) and not entry.is_repeat]
        for answer in answers:
            if answer.is_conversion:
                continue
            response = answer.response
            self._urls.add(response.url)
            keys: list[object] = [answer.ids[0]] if answer.ids else []
            keys += [_time_key(response.url, answer.date), answer.digest]
            if 200 <= response.status < 300 and response.body:
                keys.append(response.url)
            for key in filter(None, keys):
                known = self._by_key.get(key)
                if known is None or (known.is_cut and not response.is_cut):
                    self._by_key[key] = response

    def resolve(self, answer: _Answer) -> RecordedResponse | None:
        """The response of an answer; None for a revisit without original and a conversion of a page that is there."""
        if answer.is_conversion:
            return None if answer.response.url in self._urls else answer.response
        if not answer.is_repeat:
            return answer.response
        repeat = answer.response
        if repeat.body or _is_empty_digest(answer.digest):
            return repeat
        keys = (
            answer.digest,  # first: within one second an address may have answered twice, with a page and with an error
            answer.original_id,
            answer.original_url and answer.original_date and _time_key(answer.original_url, answer.original_date),
            *(() if answer.digest else (answer.original_url, repeat.url)),
        )
        original = next((self._by_key[key] for key in keys if key and key in self._by_key), None)
        if original is None:
            return repeat if repeat.status in (301, 302, 303, 307, 308, 404, 410) else None
        is_unchanged = repeat.status in (0, 304) or not repeat.headers
        return evolve(
            original,
            url=repeat.url,
            status=original.status if is_unchanged else repeat.status,
            headers=original.headers if is_unchanged else repeat.headers,
            content_type=original.content_type if is_unchanged else repeat.content_type or original.content_type,
            fetched_at=repeat.fetched_at,
        )


def _skip(file: str, place: str, reason: SkipReason, url: str, detail: str = "") -> SkippedEntry:
    detail = "".join(sign if sign.isprintable() else "�" for sign in detail)
    return SkippedEntry(file=file, place=place, reason=reason, url=url, detail=detail)


def _first_id(text: str) -> str:
    match = _ID_RE.search(text)
    return match.group() if match else ""


def _link_ids(record: WarcRecord) -> tuple[str, ...]:
    """The id of a record, then those of the records that belong to the same exchange."""
    ids = [_first_id(record.headers.get("warc-record-id", ""))]
    ids += _ID_RE.findall(record.headers.get("warc-concurrent-to", ""))
    return tuple(filter(None, ids))


def _time_key(url: str, date: str) -> str:
    return f"{date} {url}" if date else ""


def _is_empty_digest(digest: tuple[str, bytes] | None) -> bool:
    return digest is not None and bool(matches_digest(f"{digest[0]}:{digest[1].hex()}", b""))


def _parse_answer(record: WarcRecord, file: str, kind: str, url: str) -> _Answer:
    """Raises _SkippedError where the record holds no response of the web."""
    if not url:
        raise _SkippedError(SkipReason.DAMAGED, "; ".join(filter(None, ("no WARC-Target-URI", record.fault))))
    if not url.lower().startswith(("http://", "https://")):
        raise _SkippedError(SkipReason.NOT_WEB)
    headers = record.headers
    if len(record.block) > MAX_BODY_BYTES:
        raise _SkippedError(SkipReason.TOO_LARGE, f"{len(record.block)} bytes")
    is_http = kind in ("response", "revisit") or headers.get("content-type", "").startswith("application/http")
    message = parse_response(record.block) if is_http else HttpMessage(headers={}, body=record.block, status=200)
    media_type = message.headers.get("content-type", "")
    if not message.headers and not headers.get("content-type", "").startswith("application/http"):
        media_type = headers.get("content-type", "") if kind != "revisit" else ""
    is_truncated = bool(headers.get("warc-truncated")) or record.is_cut
    is_repeat = kind == "revisit"
    body, coding_fault = _decode_body(message, media_type)
    status = message.status
    if not status and not is_repeat:
        if not body:
            raise _SkippedError(SkipReason.NO_RESPONSE)
        status = 200  # early browser crawlers wrote 0 for what their browser had loaded
    return _Answer(
        file=file,
        place=record.place,
        response=RecordedResponse(
            url=url,
            status=status,
            headers=message.headers,
            body=body,
            content_type=media_type,
            fetched_at=parse_timestamp(headers.get("warc-date", "")),
            is_cut=is_truncated
            or bool(coding_fault)
            or (message.is_cut and not is_repeat and status not in (204, 304)),
        ),
        fault="; ".join(filter(None, (record.fault, coding_fault))),
        ids=_link_ids(record),
        date=headers.get("warc-date", ""),
        digest=digest_of(headers.get("warc-payload-digest", "")),
        is_repeat=is_repeat,
        is_conversion=kind == "conversion",
        original_id=_first_id(headers.get("warc-refers-to", "")),
        original_url=headers.get("warc-refers-to-target-uri", "").strip("<> "),
        original_date=headers.get("warc-refers-to-date", ""),
    )


def _decode_body(message: HttpMessage, media_type: str) -> tuple[bytes, str]:
    """(the body without codings, also one that no header names, what was wrong with them).

    Raises _SkippedError where nothing of it comes out.
    """
    codings = message.headers.get("content-encoding", "")
    body = message.body
    packed = next((name for start, name in _PACKED_STARTS if body.startswith(start)), "")
    if packed and packed not in codings.lower() and (codings or media_type.startswith(_TEXT_TYPES)):
        codings = packed  # the label names another coding, or none
    try:
        return remove_codings(body, codings), ""
    except DamagedBodyError as error:
        if not error.content:
            raise _SkippedError(SkipReason.CODING, str(error)) from None
        return error.content, str(error)
    except ValueError as error:
        raise _SkippedError(SkipReason.CODING, str(error)) from None
