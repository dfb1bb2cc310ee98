"""`swordnet links`: rows in, rows out in the same order; a wrong line stops everything before anything is written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, Swordnet, jsonl

TEXT = "夸克 https://pan.quark.cn/s/0a1b2c3d4e5f 提取码 x9k2"


def test_rows_come_back_in_order_with_their_links(swordnet: Swordnet, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(jsonl({"id": "b", "text": "nothing"}, {"id": 7, "text": TEXT}), "utf-8")
    result = swordnet("links", "in.jsonl")
    assert (result.returncode, result.stderr) == (0, "")
    first, second = map(json.loads, result.stdout.splitlines())
    assert first == {"id": "b", "links": []}
    assert second == {
        "id": 7,
        "links": [
            {
                "platform": "quark",
                "share_id": "0a1b2c3d4e5f",
                "url": "https://pan.quark.cn/s/0a1b2c3d4e5f",
                "code": "x9k2",
                "code_kind": "label",
                "span": [3, 38],
                "tricks": [],
            }
        ],
    }


def test_standard_input_and_an_output_file(tmp_path: Path) -> None:
    rows = b"\xef\xbb\xbf" + jsonl({"id": "a", "text": TEXT}).encode() + b'{"id": "\\ud800", "text": ""}\n'
    command = [sys.executable, "-m", "desk.cli", "links", "-", "-o", str(tmp_path / "out.jsonl")]
    result = subprocess.run(command, cwd=ROOT, input=rows, capture_output=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    out_rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [row["id"] for row in out_rows] == ["a", "\ud800"]
    assert out_rows[0]["links"][0]["code"] == "x9k2"


def test_every_wrong_line_is_named_and_nothing_is_written(swordnet: Swordnet, tmp_path: Path) -> None:
    lines = jsonl({"id": "a", "text": TEXT}, {"id": "b"}, ["c"], {"id": True, "text": 5}) + "{\n"
    (tmp_path / "in.jsonl").write_text(lines, "utf-8")
    result = swordnet("links", "in.jsonl", "-o", "out.jsonl")
    assert result.returncode == 2
    named_lines = [line.split(": ")[1] for line in result.stderr.splitlines()]
    assert named_lines == ["in.jsonl:2", "in.jsonl:3", "in.jsonl:4", "in.jsonl:4", "in.jsonl:5"]
    assert not (tmp_path / "out.jsonl").exists()


def test_a_missing_file_and_a_place_that_cannot_be_written(swordnet: Swordnet, tmp_path: Path) -> None:
    assert swordnet("links", "none.jsonl").returncode == 2
    (tmp_path / "in.jsonl").write_text(jsonl({"id": "a", "text": TEXT}), "utf-8")
    result = swordnet("links", "in.jsonl", "-o", "no/such/folder.jsonl")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
