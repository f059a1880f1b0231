"""The registry: one place that knows the encoders; another encoder needs one call and no change in the package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from image_tagging import ClassifyConfig, ProcessConfig, TrainConfig, classify_images, process_dataset, train_tag_models
from image_tagging.encoders import BUILTIN, EncoderChoice, EncoderFamily, register_encoder, require_this_version
from image_tagging.encoders.builtin.encoder import BuiltinEncoder
from image_tagging.encoders.registry import (
    encoder_identity,
    family_of,
    load_encoder,
    load_text_encoder,
    require_likely_name,
)
from image_tagging.errors import EncoderMismatchError, EncoderUnavailableError
from image_tagging.records import EncoderSpec

KINDS = ("isometric", "sprites", "tiles")


def mean_grid(picture: Image.Image) -> NDArray[np.float32]:
    """Return the mean colour of each quarter of a picture: (12,) float32."""
    return np.asarray(picture.resize((2, 2), Image.Resampling.BOX), dtype=np.float32).ravel() / 255


class MeanGrid:
    """The whole of an encoder, as somebody else may write it."""

    spec = EncoderSpec("mean-grid", "v1", 12, "quarters")
    device = "cpu"
    precision = "fp32"
    preprocess = staticmethod(mean_grid)

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return (N, 12) float32."""
        return np.array(batch, dtype=np.float32).reshape(len(batch), 12)


def load_mean_grid(_name: str, _pretrained: str, _device: Optional[str], _precision: str) -> MeanGrid:
    return MeanGrid()


FAMILY = EncoderFamily("mean-grid", load_mean_grid, "the grid of mean colours", version="v1")


@pytest.fixture(scope="module")
def registered() -> None:
    register_encoder(FAMILY)


@pytest.fixture(scope="module")
def trained(registered: None, drawing: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stages 1 and 2 with the encoder, in ``out``; images of no tag in ``new``, in a folder and in a zip."""
    root = tmp_path_factory.mktemp("mean-grid")
    for kind in KINDS:
        for number in range(6):
            drawing(root / "images" / kind / f"{number}.png", kind, number)
        drawing(root / "new" / f"{kind}.png", kind, 100)
    with zipfile.ZipFile(root / "new.zip", "w") as archive:
        for path in (root / "new").iterdir():
            archive.write(path, path.name)
    process_dataset(
        ProcessConfig(input_folder=str(root / "images"), output_folder=str(root / "out"), clip_model="mean-grid")
    )
    train_tag_models(
        TrainConfig(
            metadata_json=str(root / "out" / "input-metadata.json"),
            tag_to_hash_json=str(root / "out" / "input-tag-to-image-hash-list.json"),
            output=str(root / "out"),
        )
    )
    return root


def test_stage_1_writes_what_the_registered_encoder_computes(trained: Path) -> None:
    records = json.loads((trained / "out" / "input-metadata.json").read_text()).values()
    assert len(records) == 18
    for record in records:
        assert (record["embeddings_type"], record["model"], record["pretrained"]) == ("mean-grid", "mean-grid", "v1")
        with Image.open(record["file_path"]) as picture:
            np.testing.assert_array_equal(np.float32(record["embeddings_vector"]), mean_grid(picture.convert("RGB")))


def test_stage_2_stamps_its_models_with_the_registered_encoder(trained: Path) -> None:
    cards = [json.loads(path.read_text()) for path in (trained / "out" / "models").rglob("*.json")]
    assert len(cards) == 6
    assert all("mean-grid" in json.dumps(card) for card in cards)


@pytest.mark.parametrize(("images", "archives"), [("new", False), ("new.zip", True)])
def test_stages_3_and_4_score_with_the_registered_encoder(
    images: str, archives: bool, trained: Path, tmp_path: Path
) -> None:
    summary = classify_images(
        ClassifyConfig(
            directory=str(trained / images),
            model=str(trained / "out" / "models"),
            output=str(tmp_path),
            archives=archives,
        )
    )
    assert summary.embedding.encoder == MeanGrid.spec
    assert summary.embedding.computed == len(KINDS)
    assert len(json.loads(Path(summary.folder, "output.json").read_text())) == len(KINDS)


@pytest.mark.usefixtures("registered")
def test_the_versions_of_a_registered_encoder_do_not_mix() -> None:
    assert encoder_identity("mean-grid", "openai") == encoder_identity("mean-grid", "v1") == ("mean-grid", "v1")
    with pytest.raises(EncoderUnavailableError, match="the grid of mean colours is mean-grid/v1; there is no"):
        EncoderChoice.by_name("mean-grid", "v0")
    require_this_version(MeanGrid.spec)
    with pytest.raises(EncoderMismatchError, match="another version of the grid of mean colours"):
        require_this_version(EncoderSpec("mean-grid", "v0", 12, ""))


@pytest.mark.usefixtures("registered")
def test_an_encoder_without_a_text_side_says_so_and_what_to_do() -> None:
    assert not MeanGrid.spec.reads_text
    with pytest.raises(EncoderUnavailableError, match="the grid of mean colours reads no text: compute the metadata"):
        EncoderChoice.by_spec(MeanGrid.spec, None).load_text()


def test_a_family_may_serve_several_names_choose_weights_and_read_text() -> None:
    seen: list[tuple[Any, ...]] = []
    load = lambda *asked: seen.append(asked)  # noqa: E731
    register_encoder(
        EncoderFamily("grids", load, "grids", models=("grid-2", "grid-3"), identify=lambda *_: _, load_text=load)
    )
    load_encoder("grid-2", "w.pt", "cpu", "fp32")
    load_text_encoder("grid-3", "w.pt", "cpu")
    assert seen == [("grid-2", "w.pt", "cpu", "fp32"), ("grid-3", "w.pt", "cpu")]
    assert encoder_identity("grid-3", "w.pt") == ("grid-3", "w.pt")
    spec = EncoderSpec("grid-3", "w.pt", 27, "")
    require_this_version(spec)
    assert (spec.family, spec.reads_text) == ("grids", True)
    assert asdict(spec) == {"name": "grid-3", "pretrained": "w.pt", "dim": 27, "preprocess": ""}


def test_a_name_belongs_to_one_family() -> None:
    register_encoder(FAMILY)
    register_encoder(FAMILY)
    with pytest.raises(ValueError, match="the encoder 'builtin' is registered already, by the family 'builtin'"):
        register_encoder(EncoderFamily("mine", load_mean_grid, "mine", models=("mine", "builtin")))
    assert family_of("mine").name == "CLIP"  # nothing of it was added


def test_the_encoder_of_the_documentation_works() -> None:
    page = Path(__file__).parents[2] / "docs" / "encoders.md"
    (program,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    exec(program, {"__name__": "documentation"})
    encoder = load_encoder(*encoder_identity("mean-colour", "openai"))
    rows = encoder.embed([encoder.preprocess(Image.new("RGB", (5, 7), (1, 2, 3)))])
    np.testing.assert_array_equal(rows, [[1, 2, 3]])
    assert encoder.spec.family == "mean-colour"


@pytest.mark.parametrize("name", [BUILTIN, "ViT-B-32", "no such model"])
def test_a_spec_agrees_with_the_registry(name: str) -> None:
    spec, family = EncoderSpec(name, "x", 8, ""), family_of(name)
    assert (spec.family, spec.reads_text) == (family.name, family.load_text is not None)


def test_the_identity_of_builtin_is_that_of_its_spec() -> None:
    assert encoder_identity(BUILTIN, "openai") == (BuiltinEncoder.spec.name, BuiltinEncoder.spec.pretrained)


def test_the_package_imports_no_library() -> None:
    heavy = "{'numpy', 'cv2', 'torch', 'open_clip', 'onnxruntime', 'PIL'}"
    script = (
        f"import sys; from image_tagging import encoders as e; print({heavy} & set(sys.modules)); "
        f"e.EncoderChoice.by_name('builtin', 'openai'); print({heavy} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, encoding="utf-8")
    assert done.stdout.split() == ["set()", "set()"]


def test_a_model_that_may_exist_is_not_said_to_be_none_without_open_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("image_tagging.encoders.clip.knows_all_names", lambda: False)
    monkeypatch.setattr("image_tagging.encoders.clip.model_names", lambda: ["ViT-B-32", "ViT-L-14"])
    with pytest.raises(EncoderUnavailableError, match=r"no encoder ViT-H-14 is known without PyTorch: did .* ViT-L-14"):
        require_likely_name("ViT-H-14")
