"""`swordnet site`: sites that no spider knows; look at one, write its section, try its pages."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from crawler.config import CONFIG_FILE_NAME
from crawler.errors import BadInput, NothingToDo, Problem, StoreError, UnhealthyRun
from crawler.platform_settings import SITE_KINDS
from desk.cli._options import CommandContext, ConfigFile, Json, Now, Quiet, command_context, print_json, typed_urls

if TYPE_CHECKING:
    from crawler.items import Listing
    from crawler.page import Page
    from crawler.page.site_profile import SiteProfile
    from desk.page_trial import PageTrial
    from desk.site_survey import Visit

MAX_SHOWN_CHARS = 300  # of a text on the terminal
MAX_SHOWN_ROWS = 30
MAX_SHOWN_PARTS = 20  # of what was left out
MAX_SHOWN_PROBLEMS = 5
MAX_SEARCHED_NIGHTS = 60  # for the last one that asked a site
Address = Annotated[str, typer.Argument(help="Its address, with http:// or https://.", metavar="URL")]
Replay = Annotated[
    Path | None,
    typer.Option(help="Answer every request from this HAR, WARC, WACZ or folder.", envvar="SWORDNET_REPLAY"),
]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    site = typer.Typer(no_args_is_help=True, help="Sites that no spider knows.")
    site.command("add", epilog="Example: swordnet site add https://board.example/")(add_site)
    site.command("try", epilog="Example: swordnet site try https://board.example/topic/17/")(try_site)
    site.command("list", epilog="Example: swordnet site list")(list_sites)
    app.add_typer(site, name="site")


def add_site(
    url: Address,
    name: Annotated[str | None, typer.Option(help="Name of the site (default: its host).")] = None,
    kind: Annotated[str | None, typer.Option(help=f"{', '.join(SITE_KINDS)}; default: guessed from its pages.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the section; write nothing.")] = False,
    replay: Replay = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Look at a site (some 25 pages, politely) and add its section to swordnet.toml."""
    from attrs import evolve

    from crawler.platform_settings import site_name
    from desk.site_survey import survey_section, survey_site

    ctx = command_context(config, quiet or json, now)
    file = _config_file(config)
    (address,) = typed_urls(ctx, "URL", [url])
    site = name or site_name(address)
    own_sections = _own_sections(file)
    known = next((key for key, other in own_sections.items() if site_name(other) == site_name(address)), None)
    if known is not None:
        if json:
            print_json({"name": known, "added": False})
        ctx.say("site_known", name=known, file=file)
        return
    _check_new_site(ctx, address, site, kind, own_sections)
    survey, visit = survey_site(ctx.config, site, address, now=ctx.now, replay=replay)
    if survey is None:
        raise UnhealthyRun(_visit_failure(ctx, address, visit))
    survey = evolve(survey, kind=kind) if kind else survey
    section = survey_section(survey, site, ctx.now().astimezone(ctx.config.zone).date(), ctx.config.language)
    if not dry_run:
        append_section(file, section)
    if json:
        rows = sum(len(reading.rows) for reading in survey.lists)
        values = {"name": site, "added": not dry_run, "kind": survey.kind, "section": section}
        search = survey.search.to_json() if survey.search else None
        print_json(values | {"search": search, "rows": rows, "listings": len(survey.listings)})
        return
    typer.echo(section, nl=False)
    ctx.say("site_dry" if dry_run else "site_added", name=site, file=file)


def _config_file(given: Path | None) -> Path:
    environment = os.environ.get("SWORDNET_CONFIG")
    return given or (Path(environment) if environment else Path(CONFIG_FILE_NAME))


def _own_sections(file: Path) -> dict[str, str]:
    """The addresses of the sections [sites.NAME] of a file that was loaded already, by name."""
    if not file.exists():
        return {}
    sites: Mapping[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")).get("sites", {})
    return {name: str(table.get("address", "")) for name, table in sites.items()}


def _check_new_site(
    ctx: CommandContext, address: str, name: str, kind: str | None, own_sections: Mapping[str, str]
) -> None:
    """Raise for a site that a spider reads already, for a name that is taken, and for an unknown kind."""
    from spiders.catalogue import FALLBACK_PLATFORM, platform_for, platforms

    owner = platform_for(address).name
    if owner != FALLBACK_PLATFORM:
        raise NothingToDo(ctx.message("site_has_spider", url=address, platform=owner))
    if name in platforms() or name in own_sections or not name.strip() or not name.isprintable():
        raise BadInput(Problem(file="--name", message=ctx.message("site_name_taken", name=name)))
    if kind is not None and kind not in SITE_KINDS:
        raise BadInput(Problem(file="--kind", message=ctx.message("site_kind_bad", kinds=", ".join(SITE_KINDS))))


def _visit_failure(ctx: CommandContext, address: str, visit: Visit) -> str:
    """Why a site could not be looked at, in sentences."""
    worst = next((name for name in _FAILURE_KEYS if visit.outcomes.get(name)), "error")
    lines = [ctx.message(_FAILURE_KEYS[worst], url=address), *visit.problems[:MAX_SHOWN_PROBLEMS]]
    return "\n".join(lines)


_FAILURE_KEYS = {  # by outcome, the plainest reason first
    "disallowed": "site_disallowed",
    "refused": "site_refused",
    "challenged": "site_walled",
    "blocked": "site_walled",
    "missing": "site_missing",
    "gone": "site_gone",
    "partial": "site_unreachable",
    "error": "site_unreachable",
}


def append_section(file: Path, section: str) -> None:
    """Append a section to a configuration; the rest of the file and its permissions stay as they are.

    Raises BadInput if the file would be none any more, or cannot be written.
    """
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            before = stream.read()
        addition = ("" if not before or before.endswith("\n") else "\n") + "\n" + section
        addition = addition.replace("\n", "\r\n") if "\r\n" in before else addition
        tomllib.loads(before + addition)
        with file.open("a", encoding="utf-8", newline="") as stream:
            stream.write(addition)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(Problem(file=str(file), message=str(error))) from None


def try_site(
    url: Annotated[
        str | None, typer.Argument(help="A listing's page or a list; with --file the page's address.", metavar="URL")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Read this saved page; nothing is requested.")] = None,
    address: Annotated[str | None, typer.Option("--url", help="The same as URL.", metavar="URL")] = None,
    question: Annotated[str, typer.Option("--query", help="The question that the list answers.")] = "",
    replay: Replay = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Show what is read from a page, which reader read it, and what would be decided; nothing is stored."""
    from attrs import evolve

    from desk.page_trial import decide, trial_json, trial_platform, try_page

    ctx = command_context(config, quiet or json, now)
    if not (url or address) or (url and address):
        raise BadInput(Problem(file="URL", message=ctx.message("site_try_url")))
    (page_url,) = typed_urls(ctx, "URL", [url or address or ""])
    trial_config, platform = trial_platform(ctx.config, page_url)
    trial_context = evolve(ctx, config=trial_config)
    page, profile = (
        _saved_page(trial_context, file, page_url, platform)
        if file
        else _visited_page(trial_context, page_url, platform, replay)
    )
    trial = try_page(trial_config, platform, page, profile, question)
    try:
        with ctx.store() as store:
            trial = decide(trial, store, ctx.now)
    except StoreError as error:
        ctx.warn("site_no_works", why=error)
    if json:
        print_json(trial_json(trial, ctx.config.language))
    else:
        _print_trial(ctx, trial)
    if trial.reading.listing is None and not trial.reading.rows:
        raise NothingToDo(ctx.message("site_nothing_read", url=page.url))


def _stored_profile(ctx: CommandContext, name: str) -> SiteProfile | None:
    """What nights have learned of a site; None where there is no database yet."""
    from crawler.web.site_learning import load_profile

    try:
        with ctx.store() as store:
            return load_profile(store, name)
    except StoreError:
        return None


def _saved_page(ctx: CommandContext, file: Path, url: str, platform: str) -> tuple[Page, SiteProfile | None]:
    from crawler.page import Page

    try:
        body = file.read_bytes()
    except OSError as error:
        raise BadInput(Problem(file=str(file), message=str(error))) from None
    return Page(url=url, body=body), _stored_profile(ctx, platform)


def _visited_page(ctx: CommandContext, url: str, platform: str, replay: Path | None) -> tuple[Page, SiteProfile | None]:
    from crawler.items import Ask, UnitKind
    from crawler.urls import canonicalize_url
    from desk.site_survey import visit_site

    asks = {UnitKind.DETAILS: [Ask(url=url)]}
    known = _stored_profile(ctx, platform)
    visit = visit_site(ctx.config, platform, asks, now=ctx.now, replay=replay, profile=known)
    own = [page for page in visit.pages if canonicalize_url(page.url) == canonicalize_url(url)]
    if not own and not visit.pages:
        raise UnhealthyRun(_visit_failure(ctx, url, visit))
    return (own or list(visit.pages))[-1], visit.profile


def _print_trial(ctx: CommandContext, trial: PageTrial) -> None:
    from crawler.urls import readable_url

    reading = trial.reading
    fields = ", ".join(trial.recipe_fields)
    reader = ctx.message(f"reader_{trial.reader.value}", platform=trial.platform, fields=fields)
    _print_line(ctx, "try_page", readable_url(reading.page.url))
    _print_line(ctx, "try_reader", reader)
    if reading.listing is not None:
        _print_listing(ctx, reading.listing, trial.recipe_fields)
        for why, text in trial.left_out[:MAX_SHOWN_PARTS]:
            _print_line(ctx, "try_left_out", f"[{why}] {text}")
        if len(trial.left_out) > MAX_SHOWN_PARTS:
            _print_line(ctx, "try_left_out", ctx.message("try_more", count=len(trial.left_out) - MAX_SHOWN_PARTS))
    elif reading.rows:
        _print_line(ctx, "try_rows", str(len(reading.rows)))
        for number, row in enumerate(reading.rows[:MAX_SHOWN_ROWS], start=1):
            facts = [row.title, _price(row), row.seller or "", readable_url(row.url)]
            ctx.console.print(escape(f"  {number:3} {'  '.join(filter(None, facts))}"), soft_wrap=True, highlight=False)
        _print_line(ctx, "try_next", readable_url(reading.next_address) if reading.next_address else "-")
    _print_decisions(ctx, trial)


def _print_listing(ctx: CommandContext, listing: Listing, recipe_fields: Sequence[str]) -> None:
    from desk.page_trial import share_links

    sources = {**listing.sources, **dict.fromkeys(recipe_fields, "recipe")}
    for name, value in (("title", listing.title), ("seller", listing.seller), ("price", _price(listing))):
        source = f"  ({sources[name]})" if value and name in sources else ""
        _print_line(ctx, f"try_{name}", f"{value or '-'}{source}")
    for line in listing.text.splitlines() or ["-"]:
        _print_line(ctx, "try_text", line)
    for picture in listing.pictures:
        _print_line(ctx, "try_picture", picture.url)
    for link in share_links(listing):
        _print_line(ctx, "try_link", f"{link.url}  {ctx.message('try_code', code=link.code or '-')}")


def _print_decisions(ctx: CommandContext, trial: PageTrial) -> None:
    from crawler.items import Polarity
    from desk.page_trial import is_opened, shown_assessments, shown_findings
    from matchers.findings import finding_sentence

    if not trial.has_works:
        ctx.say("try_no_registry")
        return
    named = [(entry, shown_assessments(entry)) for entry in trial.assessed]
    if not any(assessments for _, assessments in named):
        ctx.say("try_no_work")
    for entry, assessments in named:
        if assessments and trial.reading.listing is None:
            opened = ctx.message("try_opened" if is_opened(entry) else "try_not_opened")
            ctx.console.print(escape(f"{entry.listing.title}: {opened}"), soft_wrap=True, highlight=False)
        for assessment in assessments:
            work = trial.works.get(assessment.work_id)
            decision = ctx.message(f"decision_{assessment.decision.value}")
            values = {"identity": f"{assessment.identity:.2f}", "offence": f"{assessment.offence:.2f}"}
            title = work.title if work else assessment.work_id
            line = ctx.message("try_decision", decision=decision, work=title, id=assessment.work_id, **values)
            ctx.console.print(escape(line), soft_wrap=True, highlight=False)
            for finding in shown_findings(assessment) if trial.reading.listing is not None else ():
                sign = "+" if finding.polarity is Polarity.FOR else "-"
                ctx.console.print(
                    escape(f"    {sign} {finding_sentence(finding, ctx.config.language)}"),
                    soft_wrap=True,
                    highlight=False,
                )


def _print_line(ctx: CommandContext, key: str, value: str) -> None:
    """One line of a trial: what it is, and its value, cut and without what could deceive the eye."""
    from crawler.urls import reveal_invisible

    text = reveal_invisible(value)
    text = text if len(text) <= MAX_SHOWN_CHARS else text[:MAX_SHOWN_CHARS] + "…"
    ctx.console.print(escape(f"{ctx.message(key)}  {text}"), soft_wrap=True, highlight=False)


def _price(listing: Listing) -> str:
    return "" if listing.price is None else f"{listing.price:f} {listing.currency or ''}".strip()


def list_sites(config: ConfigFile = None, quiet: Quiet = False, json: Json = False) -> None:
    """The sites of the configuration, how each is searched, and what the last night brought."""
    ctx = command_context(config, quiet)
    if not ctx.config.sites:
        if json:
            print_json([])
            return
        raise NothingToDo(ctx.message("site_none"))
    rows = _site_rows(ctx)
    if json:
        print_json(rows)
        return
    table = Table(*(ctx.message(f"site_column_{name}") for name in ("name", "kind", "search", "night")))
    for row in rows:
        night = ctx.message("site_night", **row["night"]) if row["night"] else "-"
        table.add_row(escape(row["name"]), row["kind"] or "-", escape(row["search"] or "-"), escape(night))
    ctx.console.print(table)


def _site_rows(ctx: CommandContext) -> list[dict[str, Any]]:
    """Each site with its search, as configured or as learned, and the figures of the last night that asked it."""
    from contextlib import ExitStack

    from crawler.store import NIGHT_RUN
    from crawler.web.site_learning import load_profile

    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        try:
            store = stack.enter_context(ctx.store())
        except StoreError:
            store = None  # nothing was asked yet
        nights = store.runs.latest_runs(limit=MAX_SEARCHED_NIGHTS, kind=NIGHT_RUN) if store is not None else []
        for name, site in sorted(ctx.config.sites.items()):
            profile = load_profile(store, name) if store is not None else None
            learned = profile.form.address if profile and profile.form else ""
            night = next((run for run in nights if name in run.counts), None)
            counts = night.counts[name] if night is not None else {}
            figures = {"night": night.night, "complaint": counts.get("complaint") or ""} if night is not None else None
            if figures is not None:
                figures |= {key: counts.get(key, 0) for key in ("asked", "listings", "hits", "new")}
                figures["pages"] = sum(counts.get("pages", {}).values())
            search = (site.search or learned) if site.searched else ""
            rows.append({"name": name, "address": site.address, "kind": site.kind, "search": search, "night": figures})
    return rows
