"""An index over recorded responses: by method, address without volatile parameters, and digest of the request body.

The responses are held in memory; limits keep an archive that decompresses endlessly from exhausting it. What of an
archive could not be used is kept beside them, with its place, so that nothing is lost in silence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum

from attrs import Factory, frozen

from crawler.items import Outcome
from crawler.page.outcome import outcome_of
from crawler.urls import request_url, sha256_hex

MAX_ARCHIVE_BYTES = 2 * 1024 * 1024 * 1024


@frozen(kw_only=True)
class RecordedResponse:
    """One recorded response, its content encoding removed. `request_body` and `values` are the request's.

    `is_cut` says that the recorder itself or a stated length says that the end of the body is missing.
    """

    url: str
    method: str = "GET"
    status: int = 200
    headers: Mapping[str, str] = Factory(dict)
    body: bytes = b""
    content_type: str = ""
    fetched_at: datetime | None = None
    request_body: bytes = b""
    values: Mapping[str, str] = Factory(dict)
    is_cut: bool = False


class SkipReason(StrEnum):
    """Why an entry of an archive holds no response that can be read as recorded.

    Sentences: desk/messages.toml, `skipped_...`.
    """

    NO_RESPONSE = "no_response"  # the request was aborted, blocked or never answered
    NOT_WEB = "not_web"  # data:, blob:, chrome-extension: and the like
    NO_BODY = "no_body"  # the recorder kept the response but not its body
    NO_FILE = "no_file"  # the body is said to lie in a file beside, which is not there
    NO_ORIGINAL = "no_original"  # a revisit of a response that the archive does not hold
    CODING = "coding"  # a body in a coding that cannot be undone
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    ENCRYPTED = "encrypted"
    CUT = "cut"  # read, but a part of it is missing
    ALTERED = "altered"  # read, but a checksum says that it is not as recorded


# Reasons that lose nothing of the web: there was no page.
HARMLESS_REASONS = frozenset({SkipReason.NO_RESPONSE, SkipReason.NOT_WEB})
# Reasons to doubt an entry that was read.
DOUBT_REASONS = frozenset({SkipReason.CUT, SkipReason.ALTERED})


@frozen(kw_only=True)
class SkippedEntry:
    """An entry of an archive that was left out, or (`DOUBT_REASONS`) read though something is wrong with it.

    `place` names it as a reader of the file finds it ("entry 2", "record 4 at byte 1839"); `file` is the file or the
    member in it; `detail` is what the decoder said, in printable characters.
    """

    file: str
    place: str
    reason: SkipReason
    url: str = ""
    detail: str = ""


class Archive:
    """Recorded responses in the order of recording, and what was left out.

    Of several responses to one request the best one counts (see `_is_better`), of equally good ones the last.
    """

    def __init__(self, entries: Iterable[RecordedResponse | SkippedEntry]) -> None:
        responses: list[RecordedResponse] = []
        skipped: list[SkippedEntry] = []
        for entry in entries:
            if isinstance(entry, SkippedEntry):
                skipped.append(entry)
            else:
                responses.append(entry)
        self._responses, self.skipped = tuple(responses), tuple(skipped)
        self._by_url: dict[str, tuple[RecordedResponse, ...]] | None = None
        self._indexes: dict[tuple[str, ...], dict[tuple[str, str, str], RecordedResponse]] = {}

    def __iter__(self) -> Iterator[RecordedResponse]:
        return iter(self._responses)

    def __len__(self) -> int:
        return len(self._responses)

    def responses_at(self, url: str) -> tuple[RecordedResponse, ...]:
        """The responses of exactly this address, in the order of recording."""
        if self._by_url is None:
            by_url: dict[str, list[RecordedResponse]] = defaultdict(list)
            for recorded in self._responses:
                by_url[recorded.url].append(recorded)
            self._by_url = {address: tuple(responses) for address, responses in by_url.items()}
        return self._by_url.get(url, ())

    def find_response(
        self, method: str, url: str, body: bytes = b"", volatile: tuple[str, ...] = ()
    ) -> RecordedResponse | None:
        """The response to a request, None if there is none. `volatile` parameters are ignored on both sides."""
        if volatile not in self._indexes:
            self._indexes[volatile] = self._build_index(volatile)
        return self._indexes[volatile].get(_request_key(method, url, body, volatile))

    def _build_index(self, volatile: tuple[str, ...]) -> dict[tuple[str, str, str], RecordedResponse]:
        best: dict[tuple[str, str, str], RecordedResponse] = {}
        for recorded in self._responses:
            key = _request_key(recorded.method, recorded.url, recorded.request_body, volatile)
            known = best.get(key)
            if known is None or not _is_better(known, recorded):
                best[key] = recorded
        return best


def parse_timestamp(text: str) -> datetime | None:
    """A timestamp as an aware UTC datetime; None if it is not one. Without an offset it is taken as UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _is_better(known: RecordedResponse, later: RecordedResponse) -> bool:
    """Whether a response tells more of its address than one recorded after it."""
    if _quality(known) != _quality(later):
        return _quality(known) > _quality(later)
    if _quality(known) < _WHOLE_PAGE or known.body == later.body:
        return False
    beginning = later.body.removesuffix(_REPLACEMENT)
    is_copy_cut = len(beginning) < len(known.body) and known.body.startswith(beginning)
    return is_copy_cut or (_is_live(known) and not _is_live(later))


_WHOLE_PAGE = 4
_REPLACEMENT = "\ufffd".encode()  # what a recorder makes of a character that was cut


def _quality(recorded: RecordedResponse) -> int:
    """How much a response tells of its address: a page with its body (4), a page that was cut (3), that the page
    is elsewhere or gone (2), that it was refused or failed (1), nothing (0: an empty body, "not modified").
    """
    has_body = bool(recorded.body.strip())
    if 200 <= recorded.status < 300 and has_body:
        return _WHOLE_PAGE - 1 if recorded.is_cut or recorded.status == 206 else _WHOLE_PAGE
    if recorded.status in (301, 302, 303, 307, 308, 404, 410):
        return 2
    return 1 if has_body else 0


def _is_live(recorded: RecordedResponse) -> bool:
    """Whether a page is what was asked for, not a captcha, a wall or a notice with status 200."""
    return outcome_of(recorded.status, recorded.body, recorded.content_type, recorded.url) is Outcome.LIVE


def _request_key(method: str, url: str, body: bytes, volatile: tuple[str, ...]) -> tuple[str, str, str]:
    return method.upper(), request_url(url, volatile), sha256_hex(body)
