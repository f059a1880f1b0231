"""Stage 1 with CLIP: what comes through the pipeline is what open_clip computes alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clip_models import saved_clip
from image_tagging import ProcessConfig, process_dataset
from image_tagging.demo import draw
from image_tagging.errors import EncoderUnavailableError

open_clip = pytest.importorskip("open_clip", reason="the clip extra is not installed")
torch = pytest.importorskip("torch", reason="the clip extra is not installed")

pytestmark = [pytest.mark.clip, pytest.mark.slow, pytest.mark.xdist_group("pipeline clip")]

KINDS = ("sprites", "gradients", "charts")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local checkpoint of ViT-B-32 with seeded random weights."""
    return saved_clip(tmp_path_factory.mktemp("weights") / "random.pt", "ViT-B-32", seed=7)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for kind in KINDS:
        (folder / kind).mkdir()
        for number in range(3):
            picture = draw(kind, number).convert("RGB")
            picture.info.clear()  # opaque: open_clip does not look at the transparency that a PNG may state
            picture.save(folder / kind / f"{kind}-{number}.png")
    return folder


def alone(weights: Path, path: str) -> np.ndarray:
    """The embedding of one file by open_clip's own model and preprocessing."""
    model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32", pretrained=str(weights))
    with torch.inference_mode():
        return model.eval().encode_image(preprocess(Image.open(path)).unsqueeze(0))[0].numpy()


def process(images: Path, output: Path, pretrained: str, precision: str = "fp32") -> None:
    process_dataset(
        ProcessConfig(
            input_folder=str(images),
            output_folder=str(output),
            clip_model="ViT-B-32",
            pretrained=pretrained,
            batch_size=4,
            precision=precision,
        )
    )


@pytest.fixture(scope="module")
def metadata(images: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    output = tmp_path_factory.mktemp("output")
    process(images, output, str(weights))
    return json.loads((output / "input-metadata.json").read_text())


def test_embeddings_are_those_of_open_clip_alone(metadata: dict, weights: Path) -> None:
    for record in list(metadata.values())[::3]:
        ours, theirs = np.array(record["embeddings_vector"]), alone(weights, record["file_path"])
        cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
        assert cosine >= 0.99999
        assert np.linalg.norm(ours) == pytest.approx(np.linalg.norm(theirs), rel=1e-4)


def test_records_name_the_encoder_and_a_local_file_by_its_checksum(metadata: dict) -> None:
    for record in metadata.values():
        assert record["embeddings_type"] == "CLIP"
        assert record["model"] == "ViT-B-32"
        assert record["pretrained"].startswith("random.pt@")
        assert len(record["embeddings_vector"]) == 512


def test_weights_that_cannot_be_had_are_named_and_nothing_else_is_used(images: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailableError, match="no_such_tag"):
        process(images, tmp_path, "no_such_tag")
    assert not (tmp_path / "input-metadata.json").exists()
