"""A user's own ONNX model proposes look-alikes; blocks decide about them as about all others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from crawler.config import load
from crawler.items import Work
from desk.looking import index
from matchers.looks import engine, registering
from matchers.looks.embedding import Model, embed_all, embedded
from matchers.looks.index import Index
from matchers.looks.looker import RegistryLooker, looker_of
from matchers.looks.shelf import Shelf
from tests.drawing import cover, picture_bytes, saved


def tiny_model(path: Path, side: int = 32) -> Model:
    """Means of 4 x 4 cells, less the mean of all: a very small picture as a vector."""
    nodes = [
        helper.make_node("AveragePool", ["picture"], ["cells"], kernel_shape=[side // 4] * 2, strides=[side // 4] * 2),
        helper.make_node("GlobalAveragePool", ["picture"], ["mean"]),
        helper.make_node("Sub", ["cells", "mean"], ["told"]),
        helper.make_node("Flatten", ["told"], ["vector"]),
    ]
    asked = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, side, side])
    given = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 48])
    made = helper.make_model(
        helper.make_graph(nodes, "cells", [asked], [given]), opset_imports=[helper.make_opsetid("", 13)]
    )
    made.ir_version = 8
    onnx.save(made, str(path))
    return Model(path)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("looks")
    sketch = registering.Sketcher(folder)
    works = [
        Work(id=str(number), title="x", images=(sketch(picture_bytes(f"drawn {number}"), "x"),)) for number in range(5)
    ]
    registering.index_all(folder, registering.owners_of(works), 1 << 30)
    return folder


def test_the_model_alone_finds_a_copy_and_the_blocks_confirm_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(tmp_path / "cells.onnx")
    embed_all(root, model)
    for stage in ("_by_whole", "_by_views", "_by_points"):
        monkeypatch.setattr(engine.Engine, stage, lambda *_: ())
    data = saved(cover(3).resize((210, 300)), quality=50)
    assert look(looker_of(root), data) == []
    assert look(looker_of(root, model), data) == [("copy", "points")]
    assert look(looker_of(root, model), picture_bytes("drawn 77")) == []


def look(eyes: RegistryLooker, data: bytes) -> list[tuple[str, str]]:
    return [(each.verdict, each.how) for each in eyes.look(data, "theirs").picture.sightings]


def test_vectors_are_made_once_and_never_mixed(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, other = tiny_model(tmp_path / "one.onnx", 32), tiny_model(tmp_path / "other.onnx", 64)
    embed_all(root, model)
    opened = Index(Shelf(root).folder / "index")
    vectors = embedded(opened.folder, model, opened.digests).vectors
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert not len(embedded(opened.folder, other, opened.digests).vectors)
    monkeypatch.setattr(Model, "vector", None)
    embed_all(root, model)
    assert looker_of(root, model).mark != looker_of(root, other).mark != looker_of(root).mark


def test_the_model_is_named_in_the_settings(root: Path, tmp_path: Path) -> None:
    tiny_model(tmp_path / "cells.onnx")
    settings = tmp_path / "swordnet.toml"
    settings.write_text(f'[pictures]\nindex = "{root}"\nembedding = "cells.onnx"\n', encoding="utf-8")
    config = load(settings)
    picture = registering.Sketcher(root)(picture_bytes("drawn 1"), "x")
    looker = index([Work(id="1", title="x", images=(picture,))], config.pictures)
    assert isinstance(looker, RegistryLooker)
    assert looker.model == Model(tmp_path / "cells.onnx")
