"""CLIP's encoders on onnxruntime: from a file of weights to embeddings, as PyTorch gives them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from image_tagging.encoders import ComputeOptions, EncoderChoice, load_encoder
from image_tagging.encoders.clip.architectures import ARCHITECTURES
from image_tagging.encoders.clip.onnx import random_tensors
from image_tagging.encoders.clip.onnx.encoder import OnnxClipEncoder
from image_tagging.encoders.clip.onnx.text_encoder import OnnxTextEncoder
from image_tagging.encoders.clip.precision import drawn_pictures
from image_tagging.encoders.registry import encoder_identity, load_text_encoder
from image_tagging.errors import EncoderMismatchError, EncoderUnavailableError

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("clip on onnxruntime")]

NAME = "ViT-B-32"
TEXTS = ["a photo of a cat.", "pixel art of a space ship with two cats in it.", "猫", "", "word " * 200]


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    return random_tensors(ARCHITECTURES[NAME], 0)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, np.ndarray]) -> Path:
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    return saved(path, {**tensors, "logit_scale": np.float32(4.6)})


def saved(path: Path, tensors: Mapping[str, Any]) -> Path:
    """Write a ``.safetensors`` file, tensor after tensor."""
    header, end = {}, 0
    for name, values in tensors.items():
        size = np.asarray(values).nbytes
        header[name] = {"dtype": "F32", "shape": np.shape(values), "data_offsets": [end, end + size]}
        end += size
    with path.open("wb") as stream:
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        stream.write(len(text).to_bytes(8, "little") + text)
        for values in tensors.values():
            stream.write(np.ascontiguousarray(values, np.float32).data)
    return path


def cosines(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    return (rows.astype(np.float64) * others).sum(axis=1) / lengths


def test_a_file_gives_the_embeddings_of_its_weights(weights: Path) -> None:
    encoder = load_encoder(NAME, weights, "cpu", clip_backend="onnx")
    pictures = [encoder.preprocess(picture) for picture in drawn_pictures()]
    rows = encoder.embed(pictures)
    assert rows.shape == (3, 512)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, OnnxClipEncoder.with_random_weights(NAME, 0, "cpu").embed(pictures))
    assert encoder.embed([]).shape == (0, 512)
    assert (encoder.spec.name, encoder.spec.preprocess) == (NAME, "bicubic-shortest-224")
    assert encoder.spec.pretrained.startswith("mine.safetensors@")
    assert (encoder.device, encoder.precision, encoder.library) == ("cpu", "fp32", "onnxruntime")


def test_the_name_of_another_model_is_refused(weights: Path) -> None:
    with pytest.raises(EncoderUnavailableError, match=r"does not fit ViT-B-16 .*name the model") as raised:
        load_encoder("ViT-B-16", weights, clip_backend="onnx")
    assert "\n" not in str(raised.value)


def test_an_unknown_tag_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(EncoderUnavailableError, match=r"neither pretrained weights of ViT-B-32 nor a file: .*openai"):
        load_encoder(NAME, "no_such_tag", clip_backend="onnx")


@pytest.mark.clip
def test_both_backends_are_one_encoder(weights: Path) -> None:
    """The same identity, the same embeddings of pictures but for rounding, and the same of texts."""
    pytest.importorskip("open_clip", reason="needs the extra torch: pip install 'image-tagging-tools[torch]'")
    ours, theirs = (load_encoder(NAME, weights, "cpu", "fp32", clip_backend=backend) for backend in ("onnx", "torch"))
    assert ours.spec == theirs.spec
    assert ours.preprocess == theirs.preprocess
    pictures = [ours.preprocess(picture) for picture in drawn_pictures()]
    rows, others = ours.embed(pictures), theirs.embed(pictures)
    assert cosines(rows, others).min() > 0.9999
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), np.linalg.norm(others, axis=1), rtol=1e-3)

    ours, theirs = (load_text_encoder(NAME, str(weights), "cpu", backend) for backend in ("onnx", "torch"))
    assert ours.dim == theirs.dim == 512
    rows, others = ours.embed_texts(TEXTS), theirs.embed_texts(TEXTS)
    assert cosines(rows, others).min() > 0.9999
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), np.linalg.norm(others, axis=1), rtol=1e-3)


def test_8_bits_are_another_encoder(weights: Path, vocabulary: Path, tmp_path: Path) -> None:
    """Named so, computed so again without being asked for, and never mixed."""
    weights = shutil.copy(weights, tmp_path)
    vocabulary.rename(tmp_path / "tokenizer.json")
    asked = ComputeOptions("cpu", "int8")
    choice = EncoderChoice.by_name(NAME, str(weights), asked)
    spec = choice.load().spec
    assert spec.pretrained == f"{encoder_identity(NAME, str(weights))[1]}+int8" == choice.pretrained
    again = EncoderChoice.by_spec(spec, str(weights))
    assert again.load().precision == "int8"
    assert again.load_text().dim == 512
    # At once, and not when the encoder is loaded: where all embeddings are known it never is.
    with pytest.raises(EncoderMismatchError, match="--precision=fp32 gives others, which do not mix with them"):
        EncoderChoice.by_spec(spec, str(weights), ComputeOptions("cpu", "fp32"))
    exact = replace(spec, pretrained=spec.pretrained[: -len("+int8")])
    with pytest.raises(EncoderMismatchError, match="--precision=int8 gives others"):
        EncoderChoice.by_spec(exact, str(weights), asked)


def test_texts_without_a_tokenizer_say_where_to_put_one(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("image_tagging.encoders.clip.tokenizer._merges_of_open_clip", lambda: None)
    monkeypatch.setattr("image_tagging.encoders.clip.onnx.text_encoder.tokenizer_file", lambda *_: None)
    with pytest.raises(EncoderUnavailableError, match=r"put the tokenizer.json that is published .* next to") as raised:
        OnnxTextEncoder(NAME, str(weights))
    assert "\n" not in str(raised.value)


def test_damaged_weights_of_texts_are_refused(tmp_path: Path, tensors: dict[str, np.ndarray], vocabulary: Path) -> None:
    damaged = {**tensors, "ln_final.weight": np.full_like(tensors["ln_final.weight"], np.nan)}
    path = tmp_path / "damaged.safetensors"
    saved(path, damaged)
    (tmp_path / "tokenizer.json").write_bytes(vocabulary.read_bytes())
    with pytest.raises(EncoderUnavailableError, match="values that are not finite: its weights are damaged"):
        OnnxTextEncoder(NAME, str(path)).embed_texts(["a cat"])


@pytest.fixture
def vocabulary(tmp_path: Path) -> Path:
    """A ``tokenizer.json`` with as many tokens as CLIP's, most of which no sentence has."""
    letters = [*map(chr, range(33, 127)), *map(chr, range(161, 173)), *map(chr, range(174, 324))]
    tokens = [*letters, *(f"{one}</w>" for one in letters)]
    tokens += [f"{{{number}}}" for number in range(49_406 - len(tokens))] + ["<|startoftext|>", "<|endoftext|>"]
    numbers = {token: number for number, token in enumerate(tokens)}
    path = tmp_path / "vocabulary.json"
    path.write_text(json.dumps({"added_tokens": [], "model": {"vocab": numbers, "merges": []}}), encoding="utf-8")
    return path


def test_the_whole_job_runs_where_torch_cannot_be_imported(tmp_path: Path, weights: Path, vocabulary: Path) -> None:
    """Stages 1 to 4 with texts, by the command line, in a process in which ``import torch`` and open_clip raise."""
    weights = shutil.copy(weights, tmp_path)
    vocabulary.rename(tmp_path / "tokenizer.json")
    draw = np.random.default_rng(0)
    for tag, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
        for number in range(6):
            path = tmp_path / "images" / tag / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = draw.integers(-30, 30, (40, 40, 3))
            Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)).save(path)
    output, images = tmp_path / "out", tmp_path / "images"
    stages = [
        ["process", f"--input_folder={images}", f"--output_folder={output}", f"--pretrained={weights}", "--device=cpu"],
        [
            "train",
            f"--metadata_json={output / 'input-metadata.json'}",
            f"--tag_to_hash_json={output / 'input-tag-to-image-hash-list.json'}",
            f"--output={output}",
            "--prior=text",
            f"--pretrained={weights}",
        ],
        [
            "classify",
            f"--directory={images}",
            f"--model={output / 'models'}",
            f"--output={output / 'scored'}",
            f"--pretrained={weights}",
            "--device=cpu",
        ],
    ]
    absent = tmp_path / "absent"
    absent.mkdir()
    for library in ("torch", "torchvision", "open_clip"):
        (absent / f"{library}.py").write_text(f"raise ModuleNotFoundError('No module named {library}')")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(absent), *sys.path])}
    said = []
    for stage in stages:
        done = subprocess.run(
            [sys.executable, "-m", "image_tagging", *stage],
            capture_output=True,
            encoding="utf-8",
            check=False,
            env=environment,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(done.stdout + done.stderr)
    assert "12 embeddings computed, on cpu in fp32 by onnxruntime" in " ".join(said[0].split())
    assert "names of tags are not used" not in said[1]
    assert "on cpu in fp32 by onnxruntime" in " ".join(said[2].split())
    assert (output / "scored" / "output.json").exists()


def test_a_path_to_nothing_and_a_folder_are_named_without_a_list_of_tags(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailableError, match=r"there is no weights file .*gone\.pt': check --pretrained"):
        load_encoder(NAME, tmp_path / "gone.pt", clip_backend="onnx")
    with pytest.raises(EncoderUnavailableError, match="is a folder: name the weights file in it"):
        load_encoder(NAME, tmp_path, clip_backend="onnx")
