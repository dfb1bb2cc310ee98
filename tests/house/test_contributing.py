"""What CONTRIBUTING.md promises: a platform is one file and one saved page, a matcher one file, sentences and pairs.

Each test copies the project, adds nothing but these, and asks the copy in processes of its own. The files are the
examples of CONTRIBUTING.md as they are printed there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests import ROOT

LEFT_OUT = (".*", "bench", "deploy", "night", "chain", "offers", "*.egg-info", "dist")

TOY_PAIRS = """\
work_title,work_kind,title,expected,reason
轨道纪元,book,轨道纪元 玩具 火车,against,a toy by its own words
Night Ferry,book,Night Ferry toy boat,against,the same in English
Night Ferry,book,Night Ferry paperback,none,a book
"""
TOY_CHECK = """
from datetime import UTC, datetime

import matchers
from crawler.items import Listing, ListingKind, Work
from matchers.assessor import Assessor
from matchers.decision import offence_terms
from matchers.findings import finding_sentence
from matchers.matcher import Context
from matchers.weights import default_weights

assert matchers.__file__.startswith(ROOT), matchers.__file__
listing = Listing(platform="x", kind=ListingKind.OFFER, url="x", title="轨道纪元 玩具 火车")
context = Context(now=datetime(2026, 3, 1, tzinfo=UTC))
(assessment,) = Assessor([Work(id="work", title="轨道纪元")]).assess(listing, context)
(finding,) = (finding for finding in assessment.findings if finding.matcher == "toy")
assert finding_sentence(finding, "en") == "Described as a toy (“玩具”)"
assert finding_sentence(finding, "zh") == "自称玩具（“玩具”）"
weights = {term.ground: term.weight for term in offence_terms(assessment.findings, "offer", default_weights())}
assert weights["toy_stated"] == -2.0, weights
"""
TOYSHOP_HEAD = '''"""Toyshop. Built from a saved page, 2026-11. Quirks: none."""

from collections.abc import Iterator
from urllib.parse import urlencode

from spiders import PAGE, Listing, Page, Platform, Proof, Request


'''
TOYSHOP_PAGE = """<!DOCTYPE html><html><body><ul>
<li class="item"><a class="title" href="/1">Orbit Age, wooden train</a></li>
<li class="item"><a class="title" href="/2">Night Ferry, tin boat</a></li>
</ul></body></html>
"""
TOYSHOP_CHECK = """
import spiders
from desk.platforms import platforms_markdown
from spiders.catalogue import platform_for, platforms

assert spiders.__file__.startswith(ROOT), spiders.__file__
assert platforms()["toyshop"].name == "toyshop"
assert platform_for("https://www.toyshop.example/1").name == "toyshop"
assert platforms()["toyshop"]().search("night ferry").url == "https://toyshop.example/search?q=night+ferry"
assert "## toyshop" in platforms_markdown()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project without what no test here needs."""
    return Path(shutil.copytree(ROOT, tmp_path / "project", ignore=shutil.ignore_patterns(*LEFT_OUT)))


def example(heading: str, language: str = "python") -> str:
    """The block of code below a heading of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(rf"^## {heading}.*?^ *```{language}\n(.*?)^ *```$", text, re.S | re.M)
    assert block, heading
    return textwrap.dedent(block[1])


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy, with the copy's packages."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=project, env=env | {"PYTHONPATH": str(project)}, capture_output=True, text=True, check=False
    )


def run_check(project: Path, check: str) -> None:
    """Run the statements of a check, which know the folder of the copy."""
    done = run(project, "-c", f"ROOT = {str(project)!r}\n{check}")
    assert done.returncode == 0, done.stderr


def run_tests(project: Path, name: str, keyword: str) -> str:
    """What pytest prints of the tests in a file of this name whose ids hold the keyword."""
    (file,) = (project / "tests").rglob(name)
    done = run(project, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", str(file), "-k", keyword)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_matcher_is_one_file_its_sentences_and_one_table(project: Path) -> None:
    (project / "matchers" / "offence" / "toy.py").write_text(example("Add a matcher"), encoding="utf-8")
    with (project / "matchers" / "messages.toml").open("a", encoding="utf-8") as messages:
        messages.write("\n" + example("Add a matcher", "toml"))
    (project / "fixtures" / "pairs" / "toy.csv").write_text(TOY_PAIRS, encoding="utf-8")
    run_check(project, TOY_CHECK)
    printed = run_tests(project, "test_pairs.py", "toy")
    assert len(re.findall(r"^PASSED .*test_a_pair_gives_the_expected_finding\[toy: ", printed, re.M)) == 3, printed
    assert "test_every_matcher_has_a_table_that_can_fail[toy]" in printed
    assert "failed" not in printed, printed
    assert run(project, "-m", "desk.matcher_tables", "docs/matchers.md").returncode == 0
    tables = (project / "docs" / "matchers.md").read_text(encoding="utf-8")
    assert (
        "| `toy` | The offer calls itself a toy: a plaything is sold, not the work | `toy_stated` -2.00 |\n" in tables
    )


@pytest.mark.slow
def test_a_platform_is_one_file_and_one_saved_page(project: Path) -> None:
    code = TOYSHOP_HEAD + example("Add a platform").replace("Bookshop", "Toyshop").replace("bookshop", "toyshop")
    (project / "spiders" / "toyshop.py").write_text(code, encoding="utf-8")
    case = project / "fixtures" / "pages" / "toyshop" / "list"
    case.mkdir(parents=True)
    (case / "page.html").write_text(TOYSHOP_PAGE, encoding="utf-8")
    (case / "request.json").write_text(json.dumps({"url": "https://toyshop.example/search?q=a"}), encoding="utf-8")
    printed = run_tests(project, "test_saved_pages.py", "test_saved_page and toyshop")
    assert "was written: review it" in printed, printed
    listings = json.loads((case / "expected.json").read_text(encoding="utf-8"))["listings"]
    assert [(listing["url"], listing["title"]) for listing in listings] == [
        ("https://toyshop.example/1", "Orbit Age, wooden train"),
        ("https://toyshop.example/2", "Night Ferry, tin boat"),
    ]
    printed = run_tests(project, "test_saved_pages.py", "test_saved_page and toyshop")
    assert re.search(r"^PASSED .*test_saved_page\[toyshop/list\]", printed, re.M), printed
    run_check(project, TOYSHOP_CHECK)
