"""Log lines that a page cannot forge and that give nothing away: one JSON object a line, cleaned, without secrets.

On a terminal the same in plain words. Page titles, addresses and error messages reach the log, so every line passes the
text door: no line breaks, no control characters, no escape sequences.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from crawler.secrets import hushed
from crawler.text import clean

LONGEST = 4_000  # characters of one line


class Plain(logging.Formatter):
    """LEVEL logger: message, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return f"{record.levelname} {record.name}: {message(record, self)}"


class JsonLines(logging.Formatter):
    """One JSON object with at, level, logger and message."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"at": at, "level": record.levelname, "logger": record.name, "message": message(record, self)}
        return json.dumps(told, ensure_ascii=False)


def message(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    """What a record says, with its traceback, on one line and without secrets."""
    text = record.getMessage()
    if record.exc_info:
        text = f"{text}\n{formatter.formatException(record.exc_info)}"
    return clean(hushed(text[: 4 * LONGEST]), LONGEST).replace("\n", "\\n").replace("\t", " ")


def begin(level: int = logging.WARNING) -> None:
    """Send the log to standard error: in words on a terminal, else as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(Plain() if sys.stderr.isatty() else JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
