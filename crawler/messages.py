"""Localised messages (English and Chinese) from data files in the packages that use them, and times in them.

A package keeps `messages.toml` with one table per message: `[title_exact]`, `en = "..."`, `zh = "..."`. Placeholders
are those of str.format and must be the same in every language. `en_one = "..."`, where it is given, is the English used
where the value `count` is 1.
"""

from __future__ import annotations

import tomllib
from datetime import datetime, tzinfo
from functools import cache
from importlib import resources
from typing import Protocol, runtime_checkable

from crawler.errors import printable

LANGUAGES = ("en", "zh")


@runtime_checkable
class Localised(Protocol):
    """A value of a message that is a sentence itself."""

    def in_language(self, language: str) -> str:
        """The sentence in a language."""


@cache
def load_messages(package: str) -> dict[str, dict[str, str]]:
    """All messages of a package: key -> language -> template. Raises FileNotFoundError without messages.toml."""
    text = (resources.files(package) / "messages.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def render_message(package: str, key: str, language: str = "en", /, **values: object) -> str:
    """The message `key` of `package` in `language`, with its placeholders filled. Raises KeyError if unknown."""
    templates = load_messages(package)[key]
    template = templates[language]
    if values.get("count") == 1:
        template = templates.get(f"{language}_one", template)
    texts = {
        name: value.in_language(language) if isinstance(value, Localised) else value for name, value in values.items()
    }
    return printable(template.format(**texts))


def local_time(moment: datetime, zone: tzinfo, timespec: str = "minutes") -> str:
    """An aware time for people: day, time and name of the zone, such as 2026-11-22 09:00 CST."""
    local = moment.astimezone(zone)
    return f"{local.replace(tzinfo=None).isoformat(' ', timespec)} {local.tzname()}"
