"""A user's own ONNX model proposes look-alikes; blocks decide about them as about all others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from crawler.config import load_config
from crawler.items import Work
from matchers.images import cascade, indexing
from matchers.images.descriptors import DescriptorStore
from matchers.images.embeddings import EmbeddingModel, embed_all, load_embeddings
from matchers.images.image_index import ImageIndex
from matchers.images.image_matcher import ImageMatcher, open_image_matcher
from screening.picture_screening import index_pictures
from tests.cover_pictures import cover, encode_picture, picture_bytes


def tiny_model(path: Path, side: int = 32) -> EmbeddingModel:
    """Means of 4 x 4 cells, less the mean of all: a very small picture as a vector."""
    nodes = [
        helper.make_node("AveragePool", ["picture"], ["cells"], kernel_shape=[side // 4] * 2, strides=[side // 4] * 2),
        helper.make_node("GlobalAveragePool", ["picture"], ["mean"]),
        helper.make_node("Sub", ["cells", "mean"], ["told"]),
        helper.make_node("Flatten", ["told"], ["embed"]),
    ]
    input_info = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, side, side])
    output_info = helper.make_tensor_value_info("embed", TensorProto.FLOAT, [1, 48])
    onnx_model = helper.make_model(
        helper.make_graph(nodes, "cells", [input_info], [output_info]), opset_imports=[helper.make_opsetid("", 13)]
    )
    onnx_model.ir_version = 8
    onnx.save(onnx_model, str(path))
    return EmbeddingModel(path)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("looks")
    extractor = indexing.DescriptorExtractor(folder)
    works = [
        Work(id=str(number), title="x", images=(extractor(picture_bytes(f"drawn {number}"), "x"),))
        for number in range(5)
    ]
    indexing.index_pictures(folder, indexing.owners_by_digest(works), 1 << 30)
    return folder


def test_the_model_alone_finds_a_copy_and_the_blocks_confirm_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(tmp_path / "cells.onnx")
    embed_all(root, model)
    for stage in ("_match_whole", "_match_regions", "_match_keypoints"):
        monkeypatch.setattr(cascade.MatchCascade, stage, lambda *_: ())
    data = encode_picture(cover(3).resize((210, 300)), quality=50)
    assert list_sightings(open_image_matcher(root), data) == []
    assert list_sightings(open_image_matcher(root, model), data) == [("copy", "points")]
    assert list_sightings(open_image_matcher(root, model), picture_bytes("drawn 77")) == []


def list_sightings(matcher: ImageMatcher, data: bytes) -> list[tuple[str, str]]:
    return [(sighting.verdict, sighting.how) for sighting in matcher.inspect(data, "theirs").picture.sightings]


def test_vectors_are_made_once_and_never_mixed(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, other = tiny_model(tmp_path / "one.onnx", 32), tiny_model(tmp_path / "other.onnx", 64)
    embed_all(root, model)
    index = ImageIndex(DescriptorStore(root).folder / "index")
    vectors = load_embeddings(index.folder, model, index.digests).vectors
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert not len(load_embeddings(index.folder, other, index.digests).vectors)
    monkeypatch.setattr(EmbeddingModel, "embed", None)
    embed_all(root, model)
    assert (
        open_image_matcher(root, model).index_version
        != open_image_matcher(root, other).index_version
        != open_image_matcher(root).index_version
    )


def test_the_model_is_named_in_the_settings(root: Path, tmp_path: Path) -> None:
    tiny_model(tmp_path / "cells.onnx")
    settings = tmp_path / "swordnet.toml"
    settings.write_text(f'[pictures]\nindex = "{root}"\nembedding = "cells.onnx"\n', encoding="utf-8")
    config = load_config(settings)
    picture = indexing.DescriptorExtractor(root)(picture_bytes("drawn 1"), "x")
    matcher = index_pictures([Work(id="1", title="x", images=(picture,))], config.pictures)
    assert isinstance(matcher, ImageMatcher)
    assert matcher.model == EmbeddingModel(tmp_path / "cells.onnx")
