"""Published weights are fetched once, from a hub on this machine, and without open_clip."""

from __future__ import annotations

import io
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hub_server import HubServer, local_hub
from image_tagging.encoders.clip import download, hub, published
from image_tagging.encoders.clip.weights import Weights
from image_tagging.errors import EncoderUnavailableError

REPOSITORY = "timm/vit_base_patch32_clip_224.openai"
SAFE, PLAIN = f"{REPOSITORY}/open_clip_model.safetensors", f"{REPOSITORY}/open_clip_pytorch_model.bin"
WEIGHTS = Weights("ViT-B-32", "openai", "openai", "")
CONTENT = np.random.default_rng(0).bytes(3 << 20)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with local_hub(monkeypatch, str(tmp_path / "cache")) as running:
        yield running


def fetch() -> str:
    return download.fetch(published, WEIGHTS)


def refusal() -> str:
    with pytest.raises(EncoderUnavailableError) as refused:
        fetch()
    message = str(refused.value)
    assert "\n" not in message
    assert "--pretrained=/path/to/file" in message
    return message


def test_weights_are_fetched_once(server):
    server.files = {SAFE: CONTENT, PLAIN: b"not this one"}
    path = fetch()
    assert Path(path).read_bytes() == CONTENT
    assert os.path.basename(path) == "open_clip_model.safetensors"
    server.asked.clear()
    assert fetch() == path
    assert server.asked == []


def test_where_there_is_no_safetensors_file_it_is_the_other(server):
    server.files = {PLAIN: CONTENT}
    path = fetch()
    assert (os.path.basename(path), Path(path).read_bytes()) == ("open_clip_pytorch_model.bin", CONTENT)


@pytest.mark.slow
def test_it_is_the_file_that_open_clip_takes(monkeypatch, tmp_path):
    open_clip = pytest.importorskip("open_clip", reason="the clip extra is not installed")
    config = open_clip.get_pretrained_cfg("ViT-B-32", "openai")
    with local_hub(monkeypatch, str(tmp_path / "cache")) as server:
        server.files = {SAFE: CONTENT, PLAIN: b"not this one"}
        theirs = open_clip.pretrained.download_pretrained(config, cache_dir=str(tmp_path / "cache"))
        server.asked.clear()
        assert hub.download(published.get_pretrained_cfg("ViT-B-32", "openai")) == theirs
        assert server.asked == []


def test_a_download_that_breaks_goes_on_where_it_broke(server, monkeypatch):
    from huggingface_hub import constants, file_download

    for module in (constants, file_download):
        monkeypatch.setattr(module, "DOWNLOAD_CHUNK_SIZE", 1 << 16, raising=False)
    server.files = {SAFE: CONTENT}
    server.breaks_at = [1 << 20]
    assert Path(fetch()).read_bytes() == CONTENT
    ranges = [asked.partition("bytes=")[2] for asked in server.asked if "bytes=" in asked]
    assert ranges
    assert 0 < int(ranges[0].rstrip("-")) <= 1 << 20


def test_another_content_than_the_hub_says_is_refused_and_removed(server):
    server.files, server.wrong = {SAFE: CONTENT}, {SAFE}
    assert "another SHA-256 than the hub says" in refusal()
    server.wrong = set()
    assert Path(fetch()).read_bytes() == CONTENT


def test_the_digest_of_new_weights_is_logged(server, caplog):
    server.files = {SAFE: CONTENT}
    with caplog.at_level(logging.INFO):
        fetch()
    assert f"{SAFE} has the SHA-256 " in caplog.text


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_drawn_on_a_terminal(server, monkeypatch, capsys):
    server.files = {SAFE: CONTENT}
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    fetch()
    assert "open_clip_model.safetensors: 100%" in terminal.getvalue()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("files", [{}, {f"{REPOSITORY}/README.md": b"nothing else"}], ids=["none", "no weights"])
def test_a_hub_without_the_weights_is_said_in_a_line(server, files):
    server.files = files
    assert f"nor available from {server.address}/{REPOSITORY}" in refusal()


def test_a_hub_that_does_not_answer_is_said_in_seconds(server, monkeypatch):
    from huggingface_hub import constants

    with socket.socket() as closed:  # bound and not listening: whoever connects is refused at once
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
        begin = time.monotonic()
        assert "neither in" in refusal()
        assert time.monotonic() - begin < 60  # retries take minutes


def test_where_fetching_is_forbidden_no_server_is_asked(server, monkeypatch):
    from huggingface_hub import constants

    server.files = {SAFE: CONTENT}
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refusal()
    assert "HF_HUB_OFFLINE forbids to fetch them" in hub.why_unavailable("ViT-B-32", "openai")
    assert server.asked == []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    fetch()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert Path(fetch()).read_bytes() == CONTENT


def test_why_the_default_is_not_available_is_known_without_open_clip(server):
    assert "does not give them" in hub.why_unavailable("ViT-B-32", "openai")
    server.files = {SAFE: CONTENT}
    assert hub.why_unavailable("ViT-B-32", "openai") == ""
    fetch()
    server.files = {}
    assert hub.why_unavailable("ViT-B-32", "openai") == ""
    assert "no weights 'x' of ViT-B-32" in hub.why_unavailable("ViT-B-32", "x")


def test_the_tokenizer_next_to_the_weights_is_the_first(server, tmp_path):
    beside = tmp_path / "tokenizer.json"
    beside.write_text("{}")
    assert hub.local_tokenizer(str(tmp_path / "weights.pt")) == str(beside)
    assert server.asked == []


def test_the_tokenizer_is_fetched_once_from_where_the_weights_are(server):
    server.files = {SAFE: CONTENT, f"{REPOSITORY}/tokenizer.json": b'{"version": "1.0"}'}
    fetch()
    path = hub.tokenizer_file("ViT-B-32", "openai")
    assert Path(path).read_bytes() == b'{"version": "1.0"}'
    server.asked.clear()
    assert hub.tokenizer_file("ViT-B-32", "openai") == path
    assert hub.tokenizer_file("ViT-B-16", "dfn2b") == path  # all have one vocabulary
    assert hub.tokenizer_file("ViT-L-14", "") == path
    assert server.asked == []


def test_without_a_tokenizer_there_is_none_and_the_log_says_why(server, caplog):
    server.files = {SAFE: CONTENT}
    assert hub.tokenizer_file("ViT-B-32", "openai") is None
    assert "has no tokenizer.json" in caplog.text
