"""Loads swordnet.toml and the environment into one validated Config; no other module reads the settings in either.

Every setting is declared below with its default and its meaning; docs/configuration.md lists the same keys, and a
test keeps the two equal. SWORDNET_CONFIG names the file; SWORDNET_DATABASE and SWORDNET_PROXY keep passwords out of
it, and so do the other variables below.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, available_timezones

from attrs import Attribute, Factory, evolve, fields, frozen, has

from crawler.errors import BadInput, Problem
from crawler.messages import LANGUAGES
from crawler.platform_settings import (
    RECIPE_KEYS,
    PlatformConfig,
    Recipe,
    SiteConfig,
    setting,
    short_form_site,
    site_name,
)
from crawler.redaction import has_password, is_readable_by_others, read_secret

CONFIG_FILE_NAME = "swordnet.toml"
SITES_PLATFORM = "shop"  # whose setting `sites` is the short form of [sites.NAME]
_TIME_RE = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_SECRET_VARIABLES = (
    ("SWORDNET_DATABASE", "store", "url"),
    ("SWORDNET_PROXY", "crawl", "proxy"),
    ("SWORDNET_SMTP_PASSWORD", "tell", "password"),
    ("SWORDNET_WEBHOOK", "tell", "webhook"),
    ("SWORDNET_WEBHOOK_SECRET", "tell", "webhook_secret"),
)
_ENVIRONMENT_ONLY_KEYS = ("webhook_secret",)
WEBHOOK_SERVICES = ("json", "slack", "feishu", "wecom", "dingtalk")  # desk/nightly/chat_services.toml has their formats
_UNPROTECTED_MESSAGE = "holds a password and others may read the file: chmod 600"


@frozen(kw_only=True)
class StoreConfig:
    """[store] Where works, units and hits are kept."""

    url: str = setting("sqlite:///swordnet.db", "database: sqlite:///FILE, or postgresql+psycopg://USER@HOST/NAME")
    blobs: str = setting("blobs", "folder for the bytes of pages and pictures behind hits, or s3://BUCKET/PREFIX")
    blobs_endpoint: str = setting("", "address of an S3-compatible service; empty: what the environment says, else AWS")


@frozen(kw_only=True)
class CrawlConfig:
    """[crawl] How requests to the web are made."""

    contact: str = setting("", "mail address or URL in the user agent; the live web is refused without it")
    delay: float = setting(2.0, "seconds between two requests to one host", at_least=0)
    concurrency: int = setting(2, "requests to one host at the same time", at_least=1)
    patience: float = setting(
        60.0, "seconds a crawl waits for a host that asks for it; longer: the unit waits", at_least=0
    )
    backoff: float = setting(2.0, "seconds a host is left alone after a failure; doubled for each in a row", at_least=0)
    timeout: int = setting(60, "seconds one answer may take", at_least=1)
    page_limit: int = setting(16_777_216, "largest body in bytes, after decompression", at_least=1024)
    read_deadline: float = setting(20.0, "seconds a large or suspicious page may be read", at_least=1)
    pages_per_question: int = setting(2, "result pages read for one question", at_least=1)
    details_per_platform: int = setting(500, "listing pages of candidates opened in one run", at_least=0)
    unit_size: int = setting(20, "addresses in one unit of work", at_least=1)
    attempts: int = setting(3, "times a failed unit is tried", at_least=1)
    platforms_at_once: int = setting(4, "platforms crawled at the same time by one worker", at_least=1)
    lease: int = setting(300, "seconds after which a silent worker loses its unit", at_least=5)
    loopback: tuple[str, ...] = setting((), "HOST:PORT pairs on this machine that may be asked (tests, own servers)")
    ports: tuple[int, ...] = setting((80, 443, 8080, 8443), "ports that may be asked")
    dns: str = setting("", "name server as HOST:PORT; empty: the system's")
    proxy: str = setting("", "outgoing proxy as http://HOST:PORT; user and password go into SWORDNET_PROXY instead")


@frozen(kw_only=True)
class LimitsConfig:
    """[limits] What one page, one host and one response may cost; the report counts cut-offs by the limit."""

    ratio: int = setting(200, "times a compressed body may grow, counted above 1 MiB", at_least=2)
    codings: int = setting(3, "layers of compression", at_least=1)
    head: int = setting(2_097_152, "bytes of all headers of one answer", at_least=16_384)
    header: int = setting(65_536, "bytes of one header; longer ones are ignored", at_least=1024)
    interim: int = setting(20, "interim answers (1xx) before the real one", at_least=0)
    cookies: int = setting(50, "cookies kept of one host and port", at_least=0)
    cookie: int = setting(4096, "bytes of one cookie; longer ones are ignored", at_least=64)
    redirects: int = setting(10, "redirects in a row, meta refresh included", at_least=0)
    address: int = setting(4096, "characters of an address", at_least=100)
    seconds: float = setting(180.0, "seconds for one address, redirects and repetitions included", at_least=1)
    depth: int = setting(5, "links followed in a row from an asked address", at_least=1)
    host_pages: int = setting(1000, "pages of one host in one unit of work", at_least=1)
    template_pages: int = setting(200, "pages of one host whose addresses differ in values only", at_least=1)
    links: int = setting(200, "links followed from one page", at_least=1)
    sitemap: int = setting(1000, "addresses followed from one sitemap", at_least=1)
    memory: int = setting(1024, "MiB that a process reading pages or pictures may take", at_least=256)
    browser_requests: int = setting(200, "requests of one page in the browser", at_least=1)
    frames: int = setting(2, "frames of one page in the browser; only the page itself is read", at_least=0)
    browser_memory: int = setting(1024, "MiB that one process of the browser may take", at_least=256)


@frozen(kw_only=True)
class PicturesConfig:
    """[pictures] Pictures of listings."""

    per_listing: int = setting(2, "pictures fetched of one listing", at_least=0)
    limit: int = setting(8_388_608, "largest picture in bytes", at_least=1024)
    deadline: float = setting(10.0, "seconds one picture may be decoded", at_least=1)
    workers: int = setting(1, "processes that decode and compare", at_least=1)
    index: str = setting("looks", "folder for what is kept of registered pictures to recognise them")
    embedding: str = setting("", "ONNX model of your own that proposes look-alikes (RGB, 0 to 1); empty: none")
    index_room: int = setting(
        2048, "MiB of key points in it; works of lower priority beyond are found by hashes only", at_least=0
    )


@frozen(kw_only=True)
class BrowserConfig:
    """[browser] Chromium, for platforms whose pages are rendered by JavaScript."""

    executable: str = setting("", "path of Chromium; empty: found on the system, else Playwright's own")
    wait: float = setting(15.0, "seconds to wait for what a spider waits for", at_least=0)
    sandbox: bool = setting(False, "Chromium's own sandbox; needs user namespaces, and not to be root")


@frozen(kw_only=True)
class NightConfig:
    """[night] When nightly runs start, how long they take, and what they keep."""

    at: str = setting("01:30", "when `swordnet schedule` starts a night (HH:MM in time_zone)")
    until: str = setting("", "no unit is begun after this time (HH:MM); empty: a night ends when all is asked")
    catch_up: float = setting(12.0, "hours after which a missed night is not caught up any more", at_least=0)
    reports: str = setting("reports", "folder for the reports of nights; empty: none are written")
    keep_days: int = setting(90, "days for which pages and pictures are kept that no hit needs", at_least=1)
    explore: float = setting(0.1, "part of the questions that tries forms nobody knows enough about", at_least=0)
    new_days: int = setting(60, "days since its release for which a work counts as new and is asked first", at_least=0)
    audit: int = setting(10, "pairs drawn for people to look at, of each: hits, licensed, dropped", at_least=0)
    flood: int = setting(
        200, "new hits of one work in a night from which on it is held for people to look at", at_least=1
    )
    metrics_file: str = setting("", "textfile for Prometheus, written after each unit; empty: none")
    metrics_port: int = setting(0, "port on this machine where Prometheus may ask during a night; 0: none", at_least=0)


@frozen(kw_only=True)
class TellConfig:
    """[tell] Who is notified when a nightly run has ended."""

    always: bool = setting(False, "tell of healthy nights too, not only of those that cannot be trusted")
    full: bool = setting(
        False, "messages name sellers and contacts of new hits too, not only title, work, platform, link"
    )
    webhook: str = setting(
        "", "address that gets the report and the new hits (POST); better given as SWORDNET_WEBHOOK", secret=True
    )
    service: str = setting("json", "what the webhook takes: the report, or a chat message", choices=WEBHOOK_SERVICES)
    smtp_host: str = setting("", "mail server; empty: no mail")
    smtp_port: int = setting(587, "port of the mail server", at_least=1)
    smtp_user: str = setting("", "user name at the mail server; the password is in SWORDNET_SMTP_PASSWORD")
    smtp_tls: bool = setting(True, "encrypt the connection to the mail server (STARTTLS)")
    sender: str = setting("", "address that mails come from")
    to: tuple[str, ...] = setting((), "addresses that mails go to")
    password: str = setting("", "password at the mail server; better given as SWORDNET_SMTP_PASSWORD", secret=True)
    webhook_secret: str = setting("", "", secret=True)  # signs messages to Feishu and DingTalk


@frozen(kw_only=True)
class ClusterConfig:
    """[cluster] Many machines with one PostgreSQL database."""

    hand_out: bool = setting(False, "`swordnet night` only plans and waits; the work is done by `swordnet worker`s")
    beat: float = setting(10.0, "seconds between two signs of life of a worker", at_least=0)
    stale: float = setting(60.0, "seconds of silence after which a worker counts as dead", at_least=1)
    sweep: float = setting(20.0, "seconds between two looks for units of dead workers", at_least=0)
    index: str = setting("index", "folder on each machine for the index of titles, which the first one builds for all")
    patience: float = setting(300.0, "seconds a worker that is told to stop may take to end its units", at_least=0)


_DEFAULT_PLATFORM = PlatformConfig()
NAMED_TABLES: Mapping[str, type[PlatformConfig]] = {"platforms": PlatformConfig, "sites": SiteConfig}


@frozen(kw_only=True)
class Config:
    """All settings."""

    language: str = setting("en", "language of messages and reports", choices=LANGUAGES)
    time_zone: str = setting("UTC", "the night is a date in this time zone")
    store: StoreConfig = Factory(StoreConfig)
    crawl: CrawlConfig = Factory(CrawlConfig)
    limits: LimitsConfig = Factory(LimitsConfig)
    pictures: PicturesConfig = Factory(PicturesConfig)
    browser: BrowserConfig = Factory(BrowserConfig)
    night: NightConfig = Factory(NightConfig)
    tell: TellConfig = Factory(TellConfig)
    cluster: ClusterConfig = Factory(ClusterConfig)
    platforms: Mapping[str, PlatformConfig] = Factory(dict)
    sites: Mapping[str, SiteConfig] = Factory(dict)  # the short form of [platforms.shop] included

    def platform(self, name: str) -> PlatformConfig:
        """The settings of one platform or site, or the defaults where the file has none."""
        if name in self.platforms:
            return self.platforms[name]
        return self.sites.get(name, _DEFAULT_PLATFORM)

    @property
    def zone(self) -> ZoneInfo:
        """The configured time zone."""
        return ZoneInfo(self.time_zone)


def load_config(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """The Config of a file: `path`, else SWORDNET_CONFIG, else swordnet.toml in this folder, else built-in defaults.

    Relative paths in the file are relative to its folder. Raises BadInput listing every wrong key.
    """
    given_path = path or (Path(environ["SWORDNET_CONFIG"]) if environ.get("SWORDNET_CONFIG") else None)
    file = given_path or Path(CONFIG_FILE_NAME)
    if given_path is None and not file.exists():
        data: dict[str, Any] = {}
    else:
        data = _parse_toml(file)
    problems: list[Problem] = []
    problems += _apply_secrets(data, file, environ)
    config = _build_section(Config, data, str(file), "", problems)
    if not problems and config.time_zone not in available_timezones():
        problems.append(Problem(file=str(file), field="time_zone", message=f"no time zone {config.time_zone!r}"))
    for name in ("at", "until"):
        if (
            not problems
            and not _TIME_RE.fullmatch(getattr(config.night, name))
            and (name == "at" or config.night.until)
        ):
            problems.append(Problem(file=str(file), field=f"night.{name}", message="must be a time such as 01:30"))
    if not problems:
        config = _add_sites(config, file, problems)
    if problems:
        raise BadInput(problems)
    resolved_config: Config = _resolve_paths(config, file.parent)
    return resolved_config


def _apply_secrets(data: dict[str, Any], file: Path, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Put secrets from the environment into `data`; yields a problem per password in a file that others may read."""
    for name, table, key in _SECRET_VARIABLES:
        section = data.get(table, {})
        if not isinstance(section, dict):
            continue  # reported by _build_section
        if key in _ENVIRONMENT_ONLY_KEYS and key in section:
            yield Problem(file=str(file), field=f"{table}.{key}", message=f"is kept out of the file: use {name}")
        elif value := read_secret(environ, name):
            data[table] = {**section, key: value}
        elif has_password(section.get(key)) and is_readable_by_others(file):
            yield Problem(file=str(file), field=f"{table}.{key}", message=f"{_UNPROTECTED_MESSAGE}, or use {name}")


def _parse_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(Problem(file=str(file), message="no such file")) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(Problem(file=str(file), message=str(error))) from None


def _build_section(kind: type[Any], table: Any, file: str, name: str, problems: list[Problem]) -> Any:
    """The values of a table with defaults for the rest; everything wrong is added to `problems` in the file's order.

    Not by cattrs: its errors come in the order of the class, they need the same checks of types, bounds and names
    before and a walk over them after, and making its functions takes every command 15 ms longer to start (2026-11).
    """
    if not isinstance(table, dict):
        problems.append(Problem(file=file, field=name, message="must be a table"))
        return kind()
    attributes = {attribute.name: attribute for attribute in fields(kind)}
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        dotted_name = f"{name}.{key}" if name else key
        if key not in attributes:
            nearest = difflib.get_close_matches(key, attributes, n=1, cutoff=0.5)
            hint = f"; did you mean {dotted_name.removesuffix(key)}{nearest[0]}?" if nearest else ""
            problems.append(Problem(file=file, field=dotted_name, message=f"unknown setting{hint}"))
        elif kind is Config and key in NAMED_TABLES:
            values[key] = _build_named_tables(key, value, file, problems)
        elif has(hints[key]):
            values[key] = _build_section(hints[key], value, file, dotted_name, problems)
        elif (type_problem := _value_problem(value, hints[key], attributes[key])) is not None:
            problems.append(Problem(file=file, field=dotted_name, message=type_problem))
        else:
            values[key] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def _build_named_tables(key: str, tables: Any, file: str, problems: list[Problem]) -> dict[str, Any]:
    if not isinstance(tables, dict):
        problems.append(Problem(file=file, field=key, message="must be a table"))
        return {}
    return {
        name: _build_section(NAMED_TABLES[key], table, file, f"{key}.{name}", problems)
        for name, table in tables.items()
    }


def _add_sites(config: Config, file: Path, problems: list[Problem]) -> Config:
    """`config` with every site: those of [sites.NAME] with their recipes, and those of the short form.

    A site in both is the one of [sites.NAME].
    """
    if config.sites:  # else the readers of pages need not be loaded
        from crawler.page.recipes import site_problems
    sites: dict[str, SiteConfig] = {}
    for name, site in config.sites.items():
        if not site_name(site.address):
            problems.append(
                Problem(
                    file=str(file), field=f"sites.{name}.address", message=f"not an http(s) address: {site.address!r}"
                )
            )
        elif site_name(site.address) in map(site_name, (other.address for other in sites.values())):
            problems.append(
                Problem(file=str(file), field=f"sites.{name}.address", message="another site has this host")
            )
        else:
            sites[name] = site = _with_recipe(site, f"sites.{name}", file, problems)
            problems += [
                Problem(file=str(file), field=f"sites.{name}.{key}", message=message)
                for key, message in site_problems(site)
            ]
    shop = config.platform(SITES_PLATFORM)
    known_places = {site_name(site.address) for site in sites.values()}
    for address in shop.sites:
        name = site_name(address)
        if not name:
            message = f"not an http(s) address: {address!r}"
            problems.append(Problem(file=str(file), field=f"platforms.{SITES_PLATFORM}.sites", message=message))
        elif name not in known_places:
            sites.setdefault(name, short_form_site(address, shop))
    return evolve(config, sites=sites)


def _with_recipe(site: SiteConfig, name: str, file: Path, problems: list[Problem]) -> SiteConfig:
    """A site with the selectors of its recipe's file where its own section has none."""
    if not site.recipe:
        return site
    recipe_file = file.parent / site.recipe
    try:
        table = _parse_toml(recipe_file)
    except BadInput as error:
        problems += error.problems
        return site
    from crawler.page.recipes import selector_problems

    recipe = _build_section(Recipe, table, str(recipe_file), "", problems)
    wrong = dict(selector_problems(recipe))
    problems += [Problem(file=str(recipe_file), field=key, message=message) for key, message in wrong.items()]
    recipe = evolve(recipe, **dict.fromkeys(wrong, ""))
    return evolve(site, **{key: getattr(site, key) or getattr(recipe, key) for key in RECIPE_KEYS})


def _value_problem(value: Any, hint: Any, attribute: Attribute[Any]) -> str | None:
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if get_origin(hint) is tuple:
        kind = get_args(hint)[0]
        is_valid = isinstance(value, list) and all(type(part) is kind for part in value)
        return None if is_valid else f"must be a list of {'texts' if kind is str else 'numbers'}"
    accepted = (int, float) if float in kinds else kinds
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in kinds):
        return f"must be of type {' or '.join(kind.__name__ for kind in kinds)}, not {value!r}"
    minimum, choices = attribute.metadata["at_least"], attribute.metadata["choices"]
    if minimum is not None and value < minimum:
        return f"must be at least {minimum}"
    if choices and value not in choices:
        return f"must be one of {', '.join(choices)}"
    return None


def _resolve_paths(config: Config, folder: Path) -> Config:
    """`config` with relative paths resolved against `folder`."""
    url = config.store.url
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/") and url != prefix + ":memory:":
        url = prefix + str(folder / url.removeprefix(prefix))
    reports = str(folder / config.night.reports) if config.night.reports else ""
    blobs = config.store.blobs
    store = evolve(config.store, url=url, blobs=blobs if "://" in blobs else str(folder / blobs))
    model = str(folder / config.pictures.embedding) if config.pictures.embedding else ""
    pictures = evolve(config.pictures, index=str(folder / config.pictures.index), embedding=model)
    cluster = evolve(config.cluster, index=str(folder / config.cluster.index))
    night = evolve(config.night, reports=reports)
    return evolve(config, store=store, pictures=pictures, night=night, cluster=cluster)
