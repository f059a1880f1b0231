"""CLIP encoders against open_clip itself. No weights are downloaded: seeded random ones stand in for them."""

from __future__ import annotations

import gc
import hashlib
import logging
import pickle
import shutil
import socket
import warnings
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

open_clip = pytest.importorskip("open_clip", reason="needs the extra torch: pip install 'image-tagging-tools[torch]'")
torch = pytest.importorskip("torch")

from open_clip.transform import PreprocessCfg, image_transform_v2  # noqa: E402

from clip_models import random_clip, saved_clip  # noqa: E402
from image_tagging.encoders import load_encoder  # noqa: E402
from image_tagging.encoders.clip import download as clip_download  # noqa: E402
from image_tagging.encoders.clip import weights as clip_weights  # noqa: E402
from image_tagging.encoders.clip.encoder import ClipEncoder  # noqa: E402
from image_tagging.encoders.clip.preprocess import ClipPreprocess  # noqa: E402
from image_tagging.encoders.registry import encoder_identity  # noqa: E402
from image_tagging.errors import DeviceUnavailableError, EncoderUnavailableError  # noqa: E402
from image_tagging.records import EncoderSpec  # noqa: E402

pytestmark = [pytest.mark.clip, pytest.mark.slow, pytest.mark.xdist_group("clip")]

NAME = "ViT-B-32"
SMALL = "ViT-S-32-alt"  # a third of the time where any model will do


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


PICTURES = [noise(1, 1), noise(300, 20), noise(224, 224), noise(640, 480)]


def cosines(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    return (rows * others).sum(1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(others, axis=1)


def activations(encoder: ClipEncoder) -> set[str]:
    return {type(module).__name__ for module in encoder._tower._vision.modules()} & {"GELU", "QuickGELU"}


def open_clip_alone(model: Any) -> np.ndarray:
    """The embeddings of PICTURES by open_clip's own transform and model."""
    transform = image_transform_v2(PreprocessCfg(**model.visual.preprocess_cfg), is_train=False)
    with torch.inference_mode():
        return model.eval().encode_image(torch.stack([transform(picture) for picture in PICTURES])).numpy()


def embedded(encoder: ClipEncoder) -> np.ndarray:
    return encoder.embed([encoder.preprocess(picture) for picture in PICTURES])


@pytest.fixture(scope="module")
def encoder() -> ClipEncoder:
    return ClipEncoder.with_random_weights(NAME, seed=1, device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state dict of seeded random weights of the whole model, as a training run would save it."""
    return saved_clip(tmp_path_factory.mktemp("weights") / "mine.pt", NAME, seed=1)


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch, weights_file: Path) -> None:
    """Only the download is replaced: every tag's weights are the random ones, found at once."""
    monkeypatch.setattr(clip_download, "_require_answer", lambda _address: None)
    monkeypatch.setattr(open_clip, "download_pretrained", lambda _config: str(weights_file))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: "x".join(map(str, picture.size)))
@pytest.mark.parametrize("resize_mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_preprocessing_is_that_of_open_clip(picture: Image.Image, resize_mode: str, interpolation: str) -> None:
    config = {"size": 224, "resize_mode": resize_mode, "interpolation": interpolation, "fill_color": 9}
    theirs = image_transform_v2(PreprocessCfg(**config), is_train=False)(picture).numpy()
    np.testing.assert_allclose(ClipPreprocess.from_config(config)(picture), theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "tag"), [(NAME, "openai"), ("ViT-B-16-SigLIP", "webli"), ("MobileCLIP-B", "datacompdr")]
)
def test_preprocessing_settings_are_those_of_the_tag(model: str, tag: str) -> None:
    config = open_clip.get_pretrained_cfg(model, tag)
    made = ClipPreprocess.from_config(clip_weights.preprocess_settings(open_clip, model, tag))
    assert (made.mean, made.std) == (tuple(config["mean"]), tuple(config["std"]))
    assert (made.interpolation, made.resize_mode) == (config["interpolation"], config["resize_mode"])


def test_it_gives_what_open_clip_gives_alone(encoder: ClipEncoder, weights_file: Path) -> None:
    rows = embedded(encoder)
    assert rows.shape == (len(PICTURES), 512)
    assert rows.dtype == np.float32
    alone = open_clip_alone(open_clip.create_model(NAME, pretrained=str(weights_file)))
    assert cosines(rows, alone).min() >= 0.99999
    np.testing.assert_allclose(rows, alone, rtol=1e-4, atol=1e-4)  # the length too: not normalised


def test_a_local_file_gives_the_same_and_is_named_by_its_digest(encoder: ClipEncoder, weights_file: Path) -> None:
    loaded = load_encoder(NAME, str(weights_file), "cpu", "fp32", "torch")
    digest = hashlib.sha256(weights_file.read_bytes()).hexdigest()
    assert loaded.spec == EncoderSpec(NAME, f"mine.pt@{digest[:12]}", 512, "bicubic-shortest-224")
    assert encoder_identity(NAME, str(weights_file)) == (loaded.spec.name, loaded.spec.pretrained)
    assert loaded.device == "cpu"
    np.testing.assert_allclose(embedded(loaded), embedded(encoder), rtol=0, atol=1e-6)


def test_safetensors_files_are_loaded_too(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    random = ClipEncoder.with_random_weights(SMALL, seed=2, device="cpu", precision="fp32")
    save_file(random_clip(SMALL, seed=2).state_dict(), tmp_path / "mine.safetensors")
    loaded = ClipEncoder(SMALL, str(tmp_path / "mine.safetensors"), device="cpu", precision="fp32")
    np.testing.assert_allclose(embedded(loaded), embedded(random), rtol=0, atol=1e-6)


def test_seeds_make_different_encoders_and_leave_the_generator_alone(encoder: ClipEncoder) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    other = ClipEncoder.with_random_weights(NAME, seed=2, device="cpu", precision="fp32")
    assert torch.equal(torch.rand(3), expected)
    assert not other.spec.matches(encoder.spec)
    assert cosines(embedded(other), embedded(encoder)).max() < 0.9


@pytest.mark.usefixtures("downloads")
@pytest.mark.parametrize(
    ("name", "tag", "activation"),
    [
        (NAME, "openai", "QuickGELU"),
        (f"{NAME}-quickgelu", "openai", "QuickGELU"),
        (NAME, "metaclip_400m", "QuickGELU"),
        (NAME, "laion2b_s34b_b79k", "GELU"),
    ],
)
def test_the_activation_is_that_of_the_tag(name: str, tag: str, activation: str, weights_file: Path) -> None:
    """Everything but the download is real; no warning may occur on the way (all warnings are errors here)."""
    made = ClipEncoder(name, tag, device="cpu", precision="fp32")
    assert activations(made) == {activation}
    assert (made.spec.name, made.spec.pretrained) == (name, tag)
    twin = f"{NAME}-quickgelu" if activation == "QuickGELU" else NAME
    alone = open_clip_alone(open_clip.create_model(twin, pretrained=str(weights_file)))
    np.testing.assert_allclose(embedded(made), alone, rtol=1e-4, atol=1e-4)


def test_a_local_file_has_the_activation_of_the_name(weights_file: Path, encoder: ClipEncoder) -> None:
    quick = ClipEncoder(f"{NAME}-quickgelu", str(weights_file), device="cpu", precision="fp32")
    assert activations(quick) == {"QuickGELU"}
    assert activations(encoder) == {"GELU"}
    assert cosines(embedded(quick), embedded(encoder)).max() < 0.99999


def test_every_published_tag_is_built_as_its_config_says() -> None:
    for name, tag in open_clip.list_pretrained():
        quick = clip_weights.activation_for(open_clip, name, tag)
        if open_clip.get_pretrained_cfg(name, tag).get("quick_gelu") or name.endswith("-quickgelu"):
            assert quick, (name, tag)
        elif not (open_clip.get_model_config(name) or {}).get("quick_gelu"):
            assert not quick, (name, tag)


def test_a_model_built_with_the_wrong_activation_is_refused(monkeypatch: pytest.MonkeyPatch, downloads: None) -> None:
    build = open_clip.create_model
    monkeypatch.setattr(open_clip, "create_model", lambda *a, **k: build(*a, **{**k, "force_quick_gelu": False}))
    with pytest.raises(EncoderUnavailableError, match="with GELU where the weights 'openai' need QuickGELU"):
        ClipEncoder(NAME, "openai", device="cpu")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Path]:
    """A TorchScript archive such as OpenAI published: the whole model as a program."""
    path = tmp_path / "ViT.pt"
    model = random_clip(SMALL, seed=3, force_quick_gelu=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        open_clip.convert_weights_to_fp16(model)
        torch.jit.script(Holder(model)).save(str(path))
    return path


class Holder(torch.nn.Module):
    """The weights of a model without its buffers, which OpenAI's archives do not have either."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        for name, part in (*model.named_children(), *model.named_parameters(recurse=False)):
            setattr(self, name, part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def publish(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let open_clip publish the file as its tag ``openai`` of SMALL, in an address as those of OpenAI."""
    from open_clip import pretrained

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    config = {**open_clip.get_pretrained_cfg(NAME, "openai"), "url": f"https://openai.example/{digest}/ViT.pt"}
    monkeypatch.setitem(pretrained._PRETRAINED, SMALL, {"openai": config})
    monkeypatch.setattr(clip_weights, "may_be_published", lambda _digest: True)


def test_openais_own_archive_is_its_tag_wherever_it_lies(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, archive)
    renamed = archive.with_name("downloaded (1).pt")
    shutil.move(archive, renamed)
    made = ClipEncoder(SMALL, str(renamed), device="cpu", precision="fp32")
    assert (made.spec.name, made.spec.pretrained) == (SMALL, "openai")
    assert encoder_identity(SMALL, str(renamed)) == (SMALL, "openai")
    assert activations(made) == {"QuickGELU"}
    alone = open_clip_alone(random_clip(SMALL, seed=3, force_quick_gelu=True))
    assert cosines(embedded(made), alone).min() > 0.9999  # the archive holds half precision


def test_the_program_of_an_archive_is_not_run(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's archive is tensors too: it is computed as its model's name says, under its checksum."""
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("the program was loaded"))
    made = ClipEncoder(SMALL, str(archive), device="cpu", precision="fp32")
    assert made.spec.pretrained.startswith(f"{archive.name}@")
    assert activations(made) == {"GELU"}
    with pytest.raises(EncoderUnavailableError, match=r"does not fit ViT-B-32 .*name the model it belongs to"):
        ClipEncoder(NAME, str(archive), device="cpu")


def test_the_digests_of_openai_are_found_in_the_source_of_open_clip() -> None:
    address = open_clip.get_pretrained_cfg(NAME, "openai")["url"]
    digest = address.split("/")[-2]
    assert clip_weights.may_be_published(digest)
    assert clip_weights.published_pairs(open_clip, digest) == [(NAME, "openai"), (f"{NAME}-quickgelu", "openai")]


def one_line_of(*arguments: str, error: type[Exception] = EncoderUnavailableError, device: str = "cpu") -> str:
    with pytest.raises(error) as raised:
        ClipEncoder(*arguments, device=device)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_weights_that_cannot_be_downloaded_name_the_remedies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with socket.socket() as closed:  # bound and not listening: whoever connects is refused at once
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
        message = one_line_of(NAME, "openai")
    for part in ("'openai'", NAME, str(tmp_path), "127.0.0.1", "--pretrained=/path/to/file", "--clip_model=builtin"):
        assert part in message


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("urllib.request.getproxies", dict)


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(clip_download, "_PROBE_SECONDS", 0.2)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{mute.getsockname()[1]}")
        assert "timed out" in one_line_of(NAME, "openai")


@pytest.mark.parametrize("error", [FileNotFoundError("no such thing"), RuntimeError("checksum"), ValueError("url")])
def test_a_download_that_breaks_is_told_in_one_line(
    error: Exception, downloads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_config: object) -> str:
        raise error

    monkeypatch.setattr(open_clip, "download_pretrained", broken)
    assert str(error) in one_line_of(NAME, "openai")


def test_unknown_models_and_tags() -> None:
    assert "did you mean ViT-B-32" in one_line_of("ViT-B-23", "openai")
    message = one_line_of(NAME, "opnai")
    assert "'opnai' is neither" in message
    assert "openai|" in message
    assert "laion2b_s34b_b79k" in message
    assert "neither" in one_line_of(NAME, "")  # never random weights


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_is_refused_where_there_is_none() -> None:
    assert "'cuda'" in one_line_of(NAME, "openai", error=DeviceUnavailableError, device="cuda")
    assert ClipEncoder.with_random_weights(SMALL).device == "cpu"


@pytest.mark.parametrize("device", ["", "nonsense", "cuda:99", "cpu:7", "meta"])
def test_devices_that_are_none_are_refused(device: str) -> None:
    assert repr(device) in one_line_of(NAME, "openai", error=DeviceUnavailableError, device=device)


class Hostile:
    """Unpickled, it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_pickle_that_needs_more_than_weights_is_refused(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    for name, save in (
        ("plain.pt", lambda path: path.write_bytes(pickle.dumps({"state_dict": Hostile(trap)}))),
        ("zipped.pt", lambda path: torch.save({"state_dict": Hostile(trap)}, path)),
    ):
        save(tmp_path / name)
        assert "no weights file that can be loaded safely" in one_line_of(SMALL, str(tmp_path / name))
    assert not trap.exists()


@pytest.mark.parametrize("name", ["wrong.pt", "wrong.safetensors", "wrong.bin"])
@pytest.mark.parametrize("content", [b"", b"hello" * 100, b"PK\x03\x04 half a zip"])
def test_a_file_without_weights_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert "no weights file" in one_line_of(SMALL, str(tmp_path / name))


@pytest.mark.parametrize("content", [{}, [1, 2], torch.zeros(3)], ids=["empty", "list", "tensor"])
def test_a_saved_object_without_weights_is_refused(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pt")
    assert "without weights" in one_line_of(SMALL, str(tmp_path / "w.pt"))


def test_weights_of_another_model_are_refused(weights_file: Path) -> None:
    message = one_line_of(SMALL, str(weights_file))
    assert f"mine.pt does not fit {SMALL}" in message
    assert len(message) < 500


def test_a_file_that_lacks_a_weight_is_refused(tmp_path: Path) -> None:
    weights = random_clip(SMALL).state_dict()
    del weights["visual.transformer.resblocks.1.mlp.c_fc.weight"]
    torch.save(weights, tmp_path / "part.pt")
    assert f"part.pt does not fit {SMALL}" in one_line_of(SMALL, str(tmp_path / "part.pt"))


def test_loading_a_file_leaves_the_random_numbers_of_a_program_alone(weights_file: Path) -> None:
    before = torch.random.get_rng_state()
    ClipEncoder(NAME, str(weights_file), device="cpu", precision="fp32")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_batch_gives_what_single_pictures_give(encoder: ClipEncoder) -> None:
    arrays = [encoder.preprocess(picture) for picture in PICTURES]
    singly = np.concatenate([encoder.embed([array]) for array in arrays])
    np.testing.assert_allclose(encoder.embed(arrays), singly, rtol=0, atol=1e-4)
    assert encoder.embed([]).shape == (0, encoder.spec.dim)


def test_a_resnet_has_neither_activation_and_is_accepted() -> None:
    resnet = ClipEncoder.with_random_weights("RN50-quickgelu", device="cpu")
    assert activations(resnet) == set()
    assert embedded(resnet).shape == (len(PICTURES), resnet.spec.dim) == (len(PICTURES), 1024)


def test_coca_gives_its_embedding_without_the_tokens() -> None:
    coca = ClipEncoder.with_random_weights("coca_ViT-B-32", device="cpu")
    assert embedded(coca).shape == (len(PICTURES), coca.spec.dim)


def test_only_the_weights_of_the_vision_tower_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    build = open_clip.create_model

    def watched(*names: Any, **options: Any) -> Any:
        model = build(*names, **options)
        made.extend(weakref.ref(part) for part in (model, model.visual, model.transformer))
        return model

    monkeypatch.setattr(open_clip, "create_model", watched)
    encoder = ClipEncoder.with_random_weights(SMALL, device="cpu", precision="fp32")
    gc.collect()
    assert [part() is encoder._tower._vision for part in made] == [False, True, False]
    assert [made[0](), made[2]()] == [None, None]
    assert not encoder._tower._vision(torch.zeros(1, 3, 224, 224)).requires_grad


def test_preprocess_may_run_on_threads(encoder: ClipEncoder) -> None:
    pictures = [noise(50 + i, 250 - i, seed=i) for i in range(32)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(encoder.preprocess, pictures))
    for picture, array in zip(pictures, together):
        np.testing.assert_array_equal(array, encoder.preprocess(picture))


def test_the_root_logger_is_left_alone(encoder: ClipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    ClipEncoder.with_random_weights(SMALL, device="cpu")
    assert root.handlers == []
