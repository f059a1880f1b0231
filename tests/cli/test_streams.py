"""Standard streams as windowed programs, services and notebooks have them: none, closed, or objects of their own."""

from __future__ import annotations

import io
import shutil
import sys

import pytest

from image_tagging import (
    FileCache,
    ProcessConfig,
    TrainConfig,
    classify_main,
    list_models,
    process_dataset,
    train_tag_models,
)
from image_tagging.encoders.clip import download
from image_tagging.encoders.clip.weights import Weights


class OnlyWrite:
    """As a logger that a program puts in the place of a stream."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


class WithoutIsatty(OnlyWrite):
    def flush(self):
        pass


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def closed_file():
    with open(__file__, encoding="utf-8") as stream:
        return stream


def detached():
    stream = io.TextIOWrapper(io.BytesIO())
    stream.detach()
    return stream


STREAMS = {
    "none": lambda: None,
    "only write": OnlyWrite,
    "without isatty": WithoutIsatty,
    "no stream": object,
    "closed": closed,
    "closed file": closed_file,
    "detached": detached,
}


@pytest.fixture(params=STREAMS)
def stream(request):
    return STREAMS[request.param]()


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_classifying_works_with_any_standard_stream(trained, tmp_path, monkeypatch, *, name, stream):
    monkeypatch.setattr(sys, name, stream)
    classify_main(str(trained.images / "tiles"), str(tmp_path / "out"), None, 10, str(trained.models))
    list_models(str(trained.models))
    monkeypatch.undo()
    assert (tmp_path / "out" / "output.json").exists()
    if isinstance(stream, OnlyWrite):
        assert ("8 pictures" in stream.text, "model-type" in stream.text) == (name == "stdout",) * 2


def test_an_archive_is_classified_where_there_is_no_stream_at_all(trained, tmp_path, monkeypatch):
    archive = shutil.make_archive(str(tmp_path / "images"), "zip", trained.images)
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    classify_main(archive, str(tmp_path / "out"), None, 10, str(trained.models))
    monkeypatch.undo()
    assert (tmp_path / "out" / "output.json").exists()


def test_the_use_cases_need_no_stream(trained, tmp_path, monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    out = tmp_path / "out"
    process_dataset(ProcessConfig(input_folder=str(trained.images), output_folder=str(out), clip_model="builtin"))
    lists = str(out / "input-tag-to-image-hash-list.json")
    train_tag_models(
        TrainConfig(metadata_json=str(out / "input-metadata.json"), tag_to_hash_json=lists, output=str(out))
    )
    FileCache().add_folder_to_file_cache(trained.images, out)
    monkeypatch.undo()
    assert list((out / "models").iterdir())


class Hub:
    """As open_clip, whose download draws a bar on standard error."""

    @staticmethod
    def get_pretrained_cfg(name, tag):
        return {"url": ""}

    @staticmethod
    def download_pretrained(config):
        sys.stderr.write("100 %")
        return "/weights"


def test_weights_are_downloaded_where_there_is_no_standard_error(monkeypatch):
    pytest.importorskip("huggingface_hub", reason="the clip extra is not installed")
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(download, "_require_answer", lambda address: None)
    path = download.fetch(Hub, Weights("ViT-B-32", "openai", "", ""))
    monkeypatch.undo()
    assert path == "/weights"
