"""The recipe of the embedded encoder's weights (``distillation/``): what it learns from, and what is shipped."""

from __future__ import annotations

import io
import tarfile

import cv2
import numpy as np
import onnxruntime
import pytest
from distillation.corpus import load, picture_of, unpack
from distillation.efficientnet import ranges_of
from distillation.graph import INPUT, OUTPUT, Graph, leading_to
from distillation.project import encoder_of, projection
from distillation.views import VIEWS, draw_views, render
from onnx import TensorProto

from image_tagging.encoders.builtin.blocks import session_of
from image_tagging.encoders.builtin.classical import DIM
from image_tagging.encoders.builtin.letterbox import LARGER_SIDE, SIDE


def encoded(pixels, suffix=".webp"):
    return cv2.imencode(suffix, pixels, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()


def noise(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def archive(path, names):
    with tarfile.open(path, "w:gz") as members:
        for name in names:
            data = encoded(noise(8, 8))
            member = tarfile.TarInfo(name)
            member.size = len(data)
            members.addfile(member, io.BytesIO(data))


@pytest.fixture
def corpus(tmp_path):
    """A photograph of 60 x 80, a drawn picture of 8 x 8 with four colours, and a page of a book."""
    four = np.repeat(np.repeat(noise(2, 2, seed=1), 4, axis=0), 4, axis=1)
    for name, pixels in (("caltech101/cup/0", noise(60, 80)), ("crawl/mon/0", four), ("openstax-physics/ch01/0", four)):
        path = tmp_path / f"{name}.webp"
        path.parent.mkdir(parents=True)
        path.write_bytes(encoded(pixels))
    return load(tmp_path)


# --- the corpus -------------------------------------------------------------------------------------------------


def test_kinds_to_judge_by_are_kept_apart_and_what_is_too_near_goes_nowhere(tmp_path):
    kept = ["caltech101/cup/0.webp", "crawl/dngn-floor/7.webp"]
    unseen = ["caltech101/ewer/0.webp", "groceries/Kiwi/1.webp"]
    left_out = ["caltech101/sunflower/0.webp", "crawl/dngn-floor/6.webp"]
    archive(tmp_path / "some.tar.gz", [*kept, *unseen, *left_out, "SOURCES.md"])
    assert list(unpack(tmp_path, tmp_path / "out")) == [("some.tar.gz", 4)]
    written = {path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.glob("out/**/*.*")}
    assert written == {f"train/{name}" for name in kept} | {f"unseen/{name}" for name in unseen}


def test_no_archive_writes_outside_its_folder(tmp_path):
    (tmp_path / "in").mkdir()
    archive(tmp_path / "in" / "evil.tar.gz", ["../../evil.webp", "/tmp/evil/evil.webp", "a/../evil.webp"])
    assert list(unpack(tmp_path / "in", tmp_path / "in" / "out")) == [("evil.tar.gz", 0)]
    assert [path.name for path in tmp_path.rglob("*.webp")] == []


def test_chapters_of_books_are_no_labels_and_drawn_sources_are_known(corpus):
    assert corpus.labels.tolist() == [0, 1, -1]
    assert corpus.drawn.tolist() == [False, True, False]


def test_transparency_is_over_white(tmp_path):
    pixels = noise(4, 4, channels=4)
    pixels[:2, :, 3] = 0
    pixels[2:, :, 3] = 255
    (tmp_path / "some.png").write_bytes(encoded(pixels, ".png"))
    seen = np.asarray(picture_of(tmp_path / "some.png"))
    assert (seen[:2] == 255).all()
    np.testing.assert_array_equal(seen[2:], pixels[2:, :, 2::-1])  # OpenCV keeps blue first


# --- views ------------------------------------------------------------------------------------------------------


def test_the_seed_draws_the_views_and_photographs_get_more(corpus):
    views = draw_views(corpus, 0)
    np.testing.assert_array_equal(views, draw_views(corpus, 0))
    assert (views != draw_views(corpus, 1)).any()
    assert np.bincount(views["crop"]["image"]).tolist() == [VIEWS[0], VIEWS[1], VIEWS[0]]


def test_the_first_view_squeezes_the_picture_and_the_second_fits_it_in(corpus):
    first, second = (render(view, corpus.images, 40) for view in draw_views(corpus, 0)[:2])
    assert first.shape == second.shape == (40, 40, 3)
    assert (second[[0, -1]] == 255).all()
    assert not (first[[0, -1]] == 255).all()
    np.testing.assert_array_equal(second[5:35].shape, (30, 40, 3))


def test_drawn_pictures_get_no_colours_that_they_have_not(corpus):
    views = draw_views(corpus, 0)
    whole = views[views["crop"]["image"] == 1][0]
    assert len(np.unique(render(whole, corpus.images, 112).reshape(-1, 3), axis=0)) == 4


# --- what is shipped --------------------------------------------------------------------------------------------


@pytest.mark.clip
def test_the_graph_computes_what_the_network_does():
    torch = pytest.importorskip("torch", reason="the network is written in torch, of the clip extra")
    from distillation.export import graph_of
    from distillation.network import LEARNED, Network

    torch.manual_seed(0)
    network = Network()
    pictures = noise(3 * 64, 64).reshape(3, 64, 64, 3)
    tensor = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        network(tensor)  # moves the means of the normalisation away from 0
        expected = network.eval()(tensor).numpy()
    session = onnxruntime.InferenceSession(
        graph_of(network, 64).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (computed,) = session.run(None, {INPUT: pictures})
    assert computed.shape == (3, LEARNED)
    assert expected.std() > 1e-3
    np.testing.assert_allclose(computed, expected, atol=1e-5)


@pytest.mark.clip
def test_the_learning_curve_has_a_line_for_each_step(tmp_path, monkeypatch, capsys):
    torch = pytest.importorskip("torch", reason="the network is written in torch, of the clip extra")
    from distillation import evaluate
    from distillation.network import Network

    for kind, level in (("dark", 40), ("light", 215)):
        (tmp_path / "kinds" / kind).mkdir(parents=True)
        for number in range(4):
            pixels = noise(20, 30, seed=number) // 8 + np.uint8(level)
            (tmp_path / "kinds" / kind / f"{number}.png").write_bytes(encoded(pixels, ".png"))
    for step in (500, 1000):
        torch.save(Network().state_dict(), tmp_path / f"weights-{step}.pt")
    monkeypatch.setattr("sys.argv", ["evaluate", str(tmp_path), str(tmp_path / "kinds"), "--train=2"])
    evaluate.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  2 per kind")[0].split() for line in lines] == [["step", "500"], ["step", "1000"]]


def test_a_projection_keeps_distances_and_every_value_varies():
    random = np.random.default_rng(0)
    block = random.normal(size=(500, 6)).astype(np.float32) @ random.normal(size=(6, 20)).astype(np.float32)
    mean, matrix = projection(block, 6, seed=0)
    projected = (block - mean) @ matrix
    pairs = random.integers(0, 500, (2, 100))
    np.testing.assert_allclose(
        np.linalg.norm(projected[pairs[0]] - projected[pairs[1]], axis=1),
        np.linalg.norm(block[pairs[0]] - block[pairs[1]], axis=1),
        rtol=1e-3,
    )
    spread = projected.std(axis=0)
    assert spread.max() < 4 * spread.min()


def small_network():
    """A stand-in for the project's own network: the mean of each channel."""
    graph = Graph()
    value = graph.add("Transpose", [graph.add("Cast", [INPUT], to=TensorProto.FLOAT)], perm=[0, 3, 1, 2])
    graph.add("Flatten", [graph.add("GlobalAveragePool", [value])], name=OUTPUT)
    inputs = {INPUT: (TensorProto.UINT8, ["N", SIDE, SIDE, 3])}
    return graph.model(inputs, {OUTPUT: (TensorProto.FLOAT, ["N", 3])})


def test_a_new_projection_takes_the_network_out_of_an_earlier_encoder():
    random = np.random.default_rng(0)
    ranges = ranges_of(iter(noise(LARGER_SIDE, LARGER_SIDE)[np.newaxis]))
    sizes = {"own": 3, "classical": DIM, "imagenet": 1280}
    projections = {
        name: (np.zeros(size, np.float32), random.normal(size=(size, 2)).astype(np.float32))
        for name, size in sizes.items()
    }
    first = encoder_of(leading_to(small_network(), OUTPUT), ranges, projections)
    again = encoder_of(leading_to(first, OUTPUT), ranges, projections)
    inputs = {
        INPUT: noise(SIDE, SIDE)[np.newaxis],
        "larger": noise(LARGER_SIDE, LARGER_SIDE)[np.newaxis],
        "features": random.normal(size=(1, DIM)).astype(np.float32),
    }
    outputs = [session_of(model.SerializeToString()).run(None, inputs) for model in (first, again)]
    assert len(outputs[0]) == 3
    for one, other in zip(*outputs):
        np.testing.assert_array_equal(one, other)
    own = np.sqrt(inputs[INPUT].mean(axis=(1, 2))) @ projections["own"][1]
    np.testing.assert_allclose(outputs[0][0], own, rtol=1e-2)
