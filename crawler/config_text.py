"""The settings as text: the list of all of them, and a commented swordnet.toml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_type_hints

from attrs import Attribute, AttrsInstance, fields, has

from crawler.config import NAMED_TABLES, Config
from crawler.platform_settings import PlatformConfig, SiteConfig


def iter_settings(kind: type[AttrsInstance] = Config, prefix: str = "") -> Iterator[tuple[str, Attribute[Any]]]:
    """Yield every setting as (dotted name, attribute).

    A platform's keys begin with `platforms.NAME`, those that only a site has with `sites.NAME`.
    """
    common_names = {attribute.name for attribute in fields(PlatformConfig)} if kind is SiteConfig else ()
    for attribute in fields(kind):
        if attribute.name in common_names:
            continue
        if kind is Config and attribute.name in NAMED_TABLES:
            kind_of_table = NAMED_TABLES[attribute.name]
            yield from iter_settings(kind_of_table, f"{attribute.name}.NAME.")
        elif has(hint := get_type_hints(kind)[attribute.name]):
            yield from iter_settings(hint, f"{prefix}{attribute.name}.")
        elif attribute.metadata["meaning"]:
            yield prefix + attribute.name, attribute


def render_config(config: Config | None = None) -> str:
    """The text of a swordnet.toml with every setting, its meaning and its value in `config`."""
    lines: list[str] = ["# SwordNet. Every setting, with its default. docs/configuration.md tells more."]
    section = ""
    for name, attribute in iter_settings():
        table, _, key = name.rpartition(".")
        if table != section:
            section = table
            heading = f"[{table.replace('NAME', 'kongfz')}]"
            lines += ["", "# [sites.NAME]" if table == "sites.NAME" else heading]
        value = _setting_value(config or Config(), name, attribute)
        is_example = value is None or name.startswith("sites.")  # a section of a site needs its address
        assignment = f"{'# ' * is_example}{key} = {_toml_literal(True if value is None else value)}"
        lines += [f"# {attribute.metadata['meaning']}", assignment]
    return "\n".join(lines) + "\n"


def _setting_value(config: Config, name: str, attribute: Attribute[Any]) -> Any:
    if name.startswith(("platforms.", "sites.")):
        return attribute.default
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _toml_literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml_literal(part) for part in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
