"""Every sentence exists in both languages, with the same placeholders, and every sentence that code asks for exists."""

from __future__ import annotations

import re
import string

import pytest

from crawler.errors import BadInput, Problem, printable
from crawler.messages import LANGUAGES, load_messages, render_message
from tests.conftest import ROOT

PACKAGES = ("desk", "desk.cli", "matchers", "registry")


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("package", PACKAGES)
def test_both_languages_say_the_same(package: str) -> None:
    for key, templates in load_messages(package).items():
        assert set(templates) - {"en_one"} == set(LANGUAGES), key
        assert placeholders(templates["en"]) == placeholders(templates["zh"]), key
        assert placeholders(templates.get("en_one", "")) <= placeholders(templates["en"]), key
        assert "en_one" not in templates or "count" in placeholders(templates["en"]), key


def test_one_is_not_said_like_many() -> None:
    assert render_message("matchers", "title_shared", "en", count=1).startswith("Another registered work has")
    assert render_message("matchers", "title_shared", "en", count=2).startswith("2 other registered works have")
    assert render_message("matchers", "title_shared", "zh", count=1).startswith("另有 1 部")


def test_every_sentence_that_commands_ask_for_exists() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "desk").rglob("*.py"))
    used_keys = set(re.findall(r'\.(?:say|message)\(\s*"(\w+)"', code)) | set(
        re.findall(r'render_message\(\s*"desk\.cli", "(\w+)"', code)
    )
    assert used_keys
    assert used_keys <= set(load_messages("desk.cli"))


def test_an_unknown_sentence_is_an_error() -> None:
    with pytest.raises(KeyError):
        render_message("desk.cli", "no_such_sentence")


def test_what_a_file_holds_never_acts_on_the_terminal() -> None:
    title, colour = "\x1b]0;x\x07", "\x9b31m"
    problem = Problem(file=f"{title}a\nb.warc", field=f"record 1 {colour}", message=f"no record {title}\ud800")
    message = render_message("desk.cli", "archive_skipped", file=title, count=2, why=colour, places="\u202eba")
    for text in (str(problem), str(BadInput(problem)), message):
        assert text.isprintable()
    assert printable("one\n\ttwo") == "one\n\ttwo"
