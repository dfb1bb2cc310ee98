from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blobs import BlobStore, open_blobs
from crawler.config import StoreConfig, load_config
from crawler.errors import StoreError


@given(data=st.binary(max_size=200))
def test_bytes_come_back_under_their_digest(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    blobs = BlobStore(tmp_path_factory.getbasetemp() / "blobs")
    assert blobs.get(blobs.put(data)) == data


def test_equal_bytes_are_kept_once(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    assert blobs.put(b"a") == blobs.put(b"a")
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "", "ab" * 31])
def test_only_digests_name_a_blob(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        BlobStore(tmp_path).get(name)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        BlobStore(tmp_path / "file" / "blobs").put(b"a")


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A server that speaks S3, with a bucket; in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in keys.items():
            patch.setenv(name, value)
        try:
            yield create_bucket(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait()


def create_bucket(endpoint: str) -> str:
    import s3fs

    end = time.monotonic() + 60
    while True:
        try:
            s3fs.S3FileSystem(endpoint_url=endpoint).mkdir("bytes")
            return endpoint
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)


@pytest.mark.slow
def test_object_storage_keeps_bytes_as_a_folder_does(s3: str) -> None:
    blobs = open_blobs(StoreConfig(blobs="s3://bytes/night", blobs_endpoint=s3))
    first, second = blobs.put(b"page"), blobs.put(b"picture")
    assert blobs.put(b"page") == first
    assert (blobs.get(first), blobs.get(second), blobs.get("0" * 64)) == (b"page", b"picture", None)
    assert open_blobs(StoreConfig(blobs="s3://bytes/other", blobs_endpoint=s3)).get(first) is None
    assert blobs.collect_garbage({second}, time.time() - 60) == 0, "they are young"
    assert blobs.collect_garbage({second}, time.time() + 60) == 1
    assert blobs.get(first) is None
    assert (blobs.remove(second), blobs.remove(second)) == (True, False)


@pytest.mark.slow
def test_object_storage_that_cannot_be_reached_is_reported(s3: str) -> None:
    with pytest.raises(StoreError, match="keeping bytes in s3://nowhere/x"):
        BlobStore("s3://nowhere/x", s3).put(b"a")


def test_an_address_that_nothing_here_reaches_is_reported() -> None:
    with pytest.raises(StoreError, match=r"store\.blobs = 'nonsense://x'"):
        BlobStore("nonsense://x")


def test_an_address_of_blobs_is_not_taken_for_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "swordnet.toml"
    file.write_text('[store]\nblobs = "s3://bytes/night"\n')
    assert load_config(file, {}).store.blobs == "s3://bytes/night"
    file.write_text('[store]\nblobs = "kept"\n')
    assert load_config(file, {}).store.blobs == str(tmp_path / "kept")


@pytest.mark.parametrize("backend", ["folder", pytest.param("s3", marks=pytest.mark.slow)])
def test_files_are_kept_by_version(tmp_path: Path, request: pytest.FixtureRequest, backend: str) -> None:
    in_folder = backend == "folder"
    blobs = (
        BlobStore(tmp_path / "blobs") if in_folder else BlobStore("s3://bytes/versions", request.getfixturevalue("s3"))
    )
    source, target = tmp_path / "made", tmp_path / "fetched"
    source.mkdir()
    target.mkdir()
    (source / "a.npy").write_bytes(b"1")
    (source / "b.json").write_bytes(b"{}")
    assert not blobs.get_version("titles", "v1", target)
    blobs.put_version("titles", "v1", source)
    assert blobs.get_version("titles", "v1", target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {"a.npy": b"1", "b.json": b"{}"}
    (source / "a.npy").write_bytes(b"2")
    blobs.put_version("titles", "v2", source)
    assert not blobs.get_version("titles", "v1", target)
    assert blobs.collect_garbage(blobs.version_digests(), time.time() + 60) == 1, (
        "the file that only the first version had"
    )
    assert blobs.get_version("titles", "v2", target)
