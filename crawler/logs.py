"""Log formatters for untrusted text: one JSON object per line (plain text on a terminal), cleaned and redacted.

Page titles, URLs and error messages reach the log, so every line passes `clean_text`: no line breaks, no control
characters, no escape sequences.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from crawler.redaction import redact
from crawler.text import clean_text

MAX_LINE_CHARS = 4_000


class PlainFormatter(logging.Formatter):
    """Formats a record as one line: LEVEL logger: message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        return f"{record.levelname} {record.name}: {format_message(record, self)}"


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object with at, level, logger and message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry = {"at": at, "level": record.levelname, "logger": record.name, "message": format_message(record, self)}
        return json.dumps(entry, ensure_ascii=False)


def format_message(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    """The message of a record with its traceback, on one line and without secrets."""
    text = record.getMessage()
    if record.exc_info:
        text = f"{text}\n{formatter.formatException(record.exc_info)}"
    return clean_text(redact(text[: 4 * MAX_LINE_CHARS]), MAX_LINE_CHARS).replace("\n", "\\n").replace("\t", " ")


def configure_logging(level: int = logging.WARNING) -> None:
    """Send the log to standard error: plain text on a terminal, else JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter() if sys.stderr.isatty() else JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
