"""`swordnet links`: finds share links and access codes in texts. All input is checked before any row is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import frozen

from crawler.errors import BadInput, Problem
from crawler.messages import render_message
from desk.cli._options import ConfigFile, Quiet, command_context


@frozen(kw_only=True)
class TextRow:
    """One row of the input."""

    id: str | int
    text: str


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet links posts.jsonl -o links.jsonl")(links)


def links(
    file: Annotated[str, typer.Argument(help='JSON Lines of {"id", "text"}; - is standard input.', metavar="FILE")],
    output: Annotated[
        Path | None, typer.Option("-o", help="Write here, else to standard output.", metavar="OUT")
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Find share links and their access codes in texts."""
    import json
    import sys

    from registry.input_files import decode_text, read_bytes

    language = command_context(config, quiet).config.language
    data = sys.stdin.buffer.read() if file == "-" else read_bytes(Path(file), packed=False, language=language)
    rows = read_texts(decode_text(data, file, language).text, file, language)
    try:
        with output.open("wb") if output else nullcontext(sys.stdout.buffer) as out:
            for row in rows:
                line = json.dumps(links_row(row), ensure_ascii=False) + "\n"
                # A lone surrogate of the input becomes \udXXX again, which is how JSON writes it.
                out.write(line.encode("utf-8", "backslashreplace"))
            out.flush()
    except OSError as error:
        message = render_message("desk", "cannot_write", language, reason=error.strerror)
        raise BadInput(Problem(file=str(output or "-"), message=message)) from None


def read_texts(content: str, file: str, language: str = "en") -> list[TextRow]:
    """The rows of the input. Raises BadInput with every invalid line."""
    problems: list[Problem] = []
    rows = [row for row in _parse_rows(content, file, language, problems) if row]
    if problems:
        raise BadInput(problems)
    return rows


def links_row(row: TextRow) -> dict[str, Any]:
    """The output row for one text."""
    from crawler.shares import extract_links
    from crawler.shares.link_rules import load_grammar

    skipped_platforms = {rule.name for rule in load_grammar().rules if rule.is_batch_excluded}
    return {
        "id": row.id,
        "links": [
            {
                "platform": link.platform,
                "share_id": link.share_id,
                "url": link.url,
                "code": link.code,
                "code_kind": link.code_kind,
                "span": list(link.span),
                "tricks": list(link.tricks),
            }
            for link in extract_links(row.text)
            if link.platform not in skipped_platforms
        ],
    }


def _parse_rows(content: str, file: str, language: str, problems: list[Problem]) -> Iterator[TextRow | None]:
    import json

    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            problems.append(_problem(file, number, None, "bad_json", language, reason=error))
            continue
        yield _parse_text(row, file, number, language, problems)


def _parse_text(row: object, file: str, line: int, language: str, problems: list[Problem]) -> TextRow | None:
    if not isinstance(row, dict):
        problems.append(_problem(file, line, None, "not_an_object", language))
        return None
    problem_count = len(problems)
    for name, kinds in (("id", (str, int)), ("text", (str,))):
        value = row.get(name)
        if value is None:
            problems.append(_problem(file, line, name, "missing", language))
        elif not isinstance(value, kinds) or isinstance(value, bool):
            problems.append(_problem(file, line, name, "bad_text", language, value=value))
    return TextRow(id=row["id"], text=row["text"]) if len(problems) == problem_count else None


def _problem(file: str, line: int, field: str | None, key: str, language: str, **values: object) -> Problem:
    return Problem(file=file, line=line, field=field, message=render_message("registry", key, language, **values))
