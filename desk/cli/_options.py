"""Options that many commands share, the context they open (settings, clock, store, messages), the acting user, and
the one hit that an id prefix names.
"""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from attrs import frozen
from rich.console import Console

from crawler.config import Config, load_config
from crawler.errors import BadInput, DatabaseMissing, Problem, StoreError
from crawler.items import Hit
from crawler.messages import local_time, render_message
from crawler.store import Store
from crawler.urls import complete_url


def typed_urls(ctx: CommandContext, option: str, texts: Iterable[str]) -> list[str]:
    """The addresses given by an option, with https:// where they begin with a host name. Raises BadInput with all that
    are none.
    """
    urls = [(text, complete_url(text)) for text in texts]
    wrong = [text for text, url in urls if url is None]
    if wrong:
        raise BadInput([Problem(file=option, message=ctx.message("no_address", text=text)) for text in wrong])
    return [url for _, url in urls if url is not None]


def named_platform(name: str | None) -> str | None:
    """The platform that an option names, also by what people call it: 闲鱼 is goofish."""
    from registry.headings import platform_name

    return platform_name(name) if name else name


def named_platforms(names: list[str] | None) -> list[str] | None:
    """Like `named_platform`, for an option that may be repeated."""
    return [named_platform(name) or name for name in names] if names else names


T = TypeVar("T")
SHOWN_ID_CHARS = 8  # of an id in lists; a command takes no shorter beginning
MAX_NAMED_MATCHES = 20  # of an id's beginning, in an error
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings file (default: swordnet.toml here).", metavar="FILE")
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", help="Of the file, such as big5; else it is told by evidence.", metavar="NAME"),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but results and errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Now = Annotated[
    str | None, typer.Option("--now", help="Pretend it is this time (ISO 8601), for tests and replays.", metavar="TIME")
]


@frozen(kw_only=True)
class CommandContext:
    """What every command needs: settings, clock, store, messages."""

    config: Config
    quiet: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def console(self) -> Console:
        """The console that results are printed on."""
        return Console(soft_wrap=not Console().is_terminal)

    def say(self, key: str, **values: object) -> None:
        """Print a message of desk/cli/messages.toml, unless --quiet."""
        if not self.quiet:
            typer.echo(render_message("desk.cli", key, self.config.language, **values))

    def tell(self, sentence: str) -> None:
        """Print a sentence that is written already, unless --quiet."""
        if not self.quiet:
            typer.echo(sentence)

    def tell_aside(self, sentence: str) -> None:
        """The same on standard error, where standard output has results."""
        if not self.quiet:
            typer.echo(sentence, err=True)

    def warn(self, key: str, **values: object) -> None:
        """Print a message of desk/cli/messages.toml on standard error, also with --quiet and --json."""
        typer.echo(f"swordnet: {self.message(key, **values)}", err=True)

    def message(self, key: str, **values: object) -> str:
        """A message of desk/cli/messages.toml in the configured language."""
        return render_message("desk.cli", key, self.config.language, **values)

    def local_time(self, moment: datetime, timespec: str = "minutes") -> str:
        """A time for people, in the configured time zone."""
        return local_time(moment, self.config.zone, timespec)

    def local_day(self, moment: datetime) -> str:
        """The day of a time in the configured time zone."""
        return f"{moment.astimezone(self.config.zone):%Y-%m-%d}"

    def store(self) -> Store:
        """Open the configured database. Raises StoreError if there is none: a command that reads creates nothing."""
        try:
            return Store.open(self.config.store.url, create=False)
        except DatabaseMissing as error:
            raise StoreError(self.message("no_database", place=error.place)) from None

    def new_store(self) -> Store:
        """Open the configured database; it is created where there is none."""
        return Store.open(self.config.store.url)


def command_context(config: Path | None, quiet: bool = False, now: str | None = None) -> CommandContext:
    """The context of a command: settings read from `config`, clock fixed at `now` if given. Raises BadInput."""
    if now is None:
        return CommandContext(config=load_config(config), quiet=quiet)
    try:
        fixed = datetime.fromisoformat(now)
    except ValueError:
        raise BadInput(Problem(file="--now", message=f"not an ISO 8601 time: {now!r}")) from None
    fixed = fixed if fixed.tzinfo else fixed.replace(tzinfo=UTC)
    return CommandContext(config=load_config(config), quiet=quiet, now=lambda: fixed)


# JSON escapes the control characters of ASCII; these it leaves, and a terminal acts on them or cannot show them.
_UNSHOWN_RE = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def print_json(value: Any) -> None:
    """Print a result as one JSON document; times are ISO 8601 in UTC."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_json_text)
    typer.echo(_UNSHOWN_RE.sub(lambda match: f"\\u{ord(match.group()):04x}", text))


def _json_text(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


By = Annotated[
    str | None, typer.Option("--by", help="Your name (default: the one you are logged in with).", envvar="SWORDNET_BY")
]


def acting_user(by: str | None) -> str:
    """The name given, else the login name, else "unknown"."""
    if by and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def find_hit(ctx: CommandContext, store: Store, id_prefix: str) -> Hit:
    """The hit whose id begins with `id_prefix`. Raises BadInput as `only_match`."""
    found = {hit.id: hit for hit in store.hits.find_by_id_prefix(id_prefix)} if id_prefix else {}
    return only_match(ctx, "hit", id_prefix, found, lambda hit: f"{hit.listing.title}  {hit.listing.url}")


def only_match(
    ctx: CommandContext, kind: str, id_prefix: str, found: Mapping[str, T], describe: Callable[[T], str]
) -> T:
    """The only value in `found` (by id). Raises BadInput if there is none, if there are several, which it names, or if
    `id_prefix` is shorter than the ids that lists show.
    """
    if len(id_prefix) < SHOWN_ID_CHARS:
        lines = [ctx.message("short_id", id=id_prefix, least=SHOWN_ID_CHARS)]
    elif not found:
        lines = [ctx.message(f"no_{kind}", id=id_prefix)]
    else:
        lines = [ctx.message(f"many_{kind}s", id=id_prefix, count=len(found))]
        lines += [f"{match_id}  {describe(match)}" for match_id, match in sorted(found.items())[:MAX_NAMED_MATCHES]]
    if len(found) != 1 or len(id_prefix) < SHOWN_ID_CHARS:
        raise BadInput([Problem(file=f"{kind}s", field="id", message=line) for line in lines])
    (match,) = found.values()
    return match
