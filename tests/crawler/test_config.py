from __future__ import annotations

from pathlib import Path

import pytest

from crawler.config import Config, load_config
from crawler.config_text import iter_settings, render_config
from crawler.errors import BadInput
from tests import ROOT


def write_settings(folder: Path, text: str) -> Path:
    path = folder / "swordnet.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_the_commented_file_says_is_the_default(tmp_path: Path) -> None:
    config = load_config(write_settings(tmp_path, render_config()), {})
    assert config.crawl == Config().crawl
    assert config.store.url == f"sqlite:///{tmp_path}/swordnet.db"


def test_unknown_keys_are_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    path = write_settings(tmp_path, 'langauge = "en"\n[crawl]\ndelai = 1\n[platforms.kongfz]\nenable = true\n')
    with pytest.raises(BadInput) as refused:
        load_config(path, {})
    suggestions = [(problem.field, problem.message.rpartition("mean ")[2]) for problem in refused.value.problems]
    assert suggestions == [
        ("langauge", "language?"),
        ("crawl.delai", "crawl.delay?"),
        ("platforms.kongfz.enable", "platforms.kongfz.enabled?"),
    ]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('language = "fr"', "language"),
        ("[crawl]\ndelay = -1", "crawl.delay"),
        ('[crawl]\ndelay = "2"', "crawl.delay"),
        ("[crawl]\nconcurrency = true", "crawl.concurrency"),
        ("[crawl]\nloopback = [1]", "crawl.loopback"),
        ("crawl = 3", "crawl"),
        ("platforms = 3", "platforms"),
        ("[platforms]\nkongfz = 3", "platforms.kongfz"),
        ('time_zone = "Mars/Olympus"', "time_zone"),
    ],
)
def test_wrong_values_are_refused_by_name(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        load_config(write_settings(tmp_path, text), {})
    assert [problem.field for problem in refused.value.problems] == [field]


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"swordnet\.toml"):
        load_config(write_settings(tmp_path, "a = = 1"), {})


def test_a_missing_named_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        load_config(tmp_path / "none.toml", {})


def test_the_environment_names_file_and_database(tmp_path: Path) -> None:
    path = write_settings(tmp_path, "[crawl]\ndelay = 7")
    config = load_config(None, {"SWORDNET_CONFIG": str(path), "SWORDNET_DATABASE": "postgresql+psycopg://a@b/c"})
    assert (config.crawl.delay, config.store.url) == (7, "postgresql+psycopg://a@b/c")


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    documented = {row[1].strip().strip("`"): (row[2].strip(), row[3].strip()) for row in rows}
    expected = {
        name: (f"`{attribute.default!r}`", attribute.metadata["meaning"]) for name, attribute in iter_settings()
    }
    assert documented == expected


def test_secrets_of_messages_come_from_the_environment(tmp_path: Path) -> None:
    secret_file = tmp_path / "secret"
    secret_file.write_text("SECabc\n", encoding="utf-8")
    secret_file.chmod(0o600)
    environ = {
        "SWORDNET_SMTP_PASSWORD": "p4ss",
        "SWORDNET_WEBHOOK": "https://a.example/t0ken",
        "SWORDNET_WEBHOOK_SECRET_FILE": str(secret_file),
    }
    config = load_config(write_settings(tmp_path, "[tell]\nalways = true"), environ)
    assert (config.tell.password, config.tell.webhook) == ("p4ss", "https://a.example/t0ken")
    assert (config.tell.always, config.tell.webhook_secret) == (True, "SECabc")
    for secret in ("p4ss", "t0ken", "SECabc"):
        assert secret not in repr(config)


def test_a_signing_secret_is_no_setting_of_the_file(tmp_path: Path) -> None:
    assert "webhook_secret" not in render_config()
    with pytest.raises(BadInput, match="SWORDNET_WEBHOOK_SECRET"):
        load_config(write_settings(tmp_path, '[tell]\nwebhook_secret = "x"'), {})


def test_a_section_that_is_no_table_is_refused_whatever_the_environment_says(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="tell: must be a table"):
        load_config(write_settings(tmp_path, "tell = 1"), {"SWORDNET_SMTP_PASSWORD": "x"})


def test_the_short_form_makes_a_site_of_each_address_with_what_is_said_of_all(tmp_path: Path) -> None:
    text = """[platforms.shop]
sites = ["https://www.attic.example/", "http://127.0.0.1:8801", "http://127.0.0.1:8802/shop/", "https://pots.example"]
questions = 7
[sites.pots]
address = "https://pots.example/"
charset = "gb2312"
"""
    config = load_config(write_settings(tmp_path, text), {})
    assert list(config.sites) == ["pots", "attic.example", "127.0.0.1:8801", "127.0.0.1:8802"]
    assert config.sites["127.0.0.1:8802"].address == "http://127.0.0.1:8802/shop/"
    assert [site.questions for site in config.sites.values()] == [200, 7, 7, 7]
    assert config.platform("attic.example") == config.sites["attic.example"]
    assert config.platform("pots").charset == "gb2312"


def test_what_a_site_says_wins_over_its_recipe(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text('row = "tr.r"\ntitle = "h2"\n', encoding="utf-8")
    text = '[sites.attic]\naddress = "https://attic.example/"\nrecipe = "board.toml"\ntitle = "h1"\n'
    site = load_config(write_settings(tmp_path, text), {}).sites["attic"]
    assert (site.row, site.title) == ("tr.r", "h1")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ('address = "attic.example"', "sites.attic.address"),
        ("depth = 2", "sites.attic.address"),
        ('address = "https://attic.example/"\nkind = "kiosk"', "sites.attic.kind"),
        ('address = "https://attic.example/"\nfollow = "(item"', "sites.attic.follow"),
        ('address = "https://attic.example/"\nsearch = "https://attic.example/find?q="', "sites.attic.search"),
        ('address = "https://attic.example/"\ncharset = "idna"', "sites.attic.charset"),
        ('address = "https://attic.example/"\nrow = "tr[["', "sites.attic.row"),
        ('address = "https://attic.example/"\nbrowse = -1', "sites.attic.browse"),
        ('address = "https://attic.example/"\n[sites.b]\naddress = "http://www.attic.example/b"', "sites.b.address"),
        ('address = "https://attic.example/"\n[platforms.shop]\nsites = ["pots.example"]', "platforms.shop.sites"),
    ],
)
def test_a_site_that_cannot_be_asked_is_refused_by_name(tmp_path: Path, settings: str, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_config(write_settings(tmp_path, f"[sites.attic]\n{settings}\n"), {})
    assert [problem.field for problem in caught.value.problems] == [field]


def test_a_recipe_that_is_missing_or_wrong_is_refused(tmp_path: Path) -> None:
    text = '[sites.attic]\naddress = "https://attic.example/"\nrecipe = "board.toml"\n'
    with pytest.raises(BadInput, match=r"board\.toml"):
        load_config(write_settings(tmp_path, text), {})
    (tmp_path / "board.toml").write_text('rows = "tr"\n', encoding="utf-8")
    with pytest.raises(BadInput, match="rows"):
        load_config(write_settings(tmp_path, text), {})
