"""What the towers give: order, company, parts of batches, precisions; the canonical embeddings of each architecture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from image_tagging.encoders.clip.architectures import ARCHITECTURES
from image_tagging.encoders.clip.onnx import OnnxImageTower, OnnxTextTower, random_tensors, sessions
from image_tagging.errors import EncoderUnavailableError
from onnx_clip import TINY, cosines, drawn, drawn_tokens


@pytest.fixture(scope="module")
def images() -> OnnxImageTower:
    return OnnxImageTower(TINY, random_tensors(TINY, 1))


@pytest.fixture(scope="module")
def texts() -> OnnxTextTower:
    return OnnxTextTower(TINY, random_tensors(TINY, 1))


def test_a_picture_alone_and_in_a_batch_has_the_same_embedding(images: OnnxImageTower) -> None:
    pictures = drawn(TINY, 33)
    together = images.embed(pictures)
    assert together.shape == (33, 32)
    alone = np.concatenate([images.embed([picture]) for picture in pictures])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)
    assert cosines(together, np.roll(together, 1, axis=0)).max() < 0.9999  # each has its own


def test_a_text_alone_and_next_to_longer_ones_has_the_same_embedding(texts: OnnxTextTower) -> None:
    tokens = drawn_tokens(TINY, tuple(range(2, 78)))
    together = texts.embed_tokens(tokens)
    assert together.shape == (76, 32)
    alone = np.concatenate([texts.embed_tokens(row[np.newaxis]) for row in tokens])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)


def test_what_stands_behind_the_end_of_a_text_counts_for_nothing(texts: OnnxTextTower) -> None:
    tokens = drawn_tokens(TINY)
    padded = tokens.copy()
    padded[0, 2:] = 5  # below the end of the text, which is the largest
    np.testing.assert_allclose(texts.embed_tokens(padded), texts.embed_tokens(tokens), rtol=0, atol=1e-5)


def test_nothing_gives_no_rows(images: OnnxImageTower, texts: OnnxTextTower) -> None:
    for rows in (images.embed([]), texts.embed_tokens(np.empty((0, 77), np.int64))):
        assert (rows.shape, rows.dtype) == ((0, 32), np.float32)


def test_pictures_of_another_float_are_taken(images: OnnxImageTower) -> None:
    pictures = [picture.astype(np.float64) for picture in drawn(TINY)]
    np.testing.assert_array_equal(images.embed(pictures), images.embed(drawn(TINY)))


def test_several_threads_may_embed_at_once(images: OnnxImageTower) -> None:
    pictures = drawn(TINY, 20)
    expected = images.embed(pictures)
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(images.embed, [pictures] * 12):
            np.testing.assert_allclose(rows, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2, 3, 16])
def test_the_number_of_threads_does_not_change_embeddings(
    threads: int, images: OnnxImageTower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "count_cores", lambda: threads)
    pictures = drawn(TINY, 21)
    rows = OnnxImageTower(TINY, random_tensors(TINY, 1)).embed(pictures)
    np.testing.assert_allclose(rows, images.embed(pictures), rtol=0, atol=1e-5)


def test_other_precisions_are_refused() -> None:
    tensors = random_tensors(TINY, 1)
    for precision in ("fp32", "auto"):
        assert OnnxImageTower(TINY, tensors, precision=precision).precision == "fp32"
    for precision in ("bf16", "fp16", "", "fp64"):
        with pytest.raises(EncoderUnavailableError, match=f"and not in {precision!r} on 'cpu': take --precision=auto"):
            OnnxImageTower(TINY, tensors, precision=precision)


#: The first three values of a picture's and of a text's embedding, by weights of seed 0.
CANONICAL: dict[str, tuple[list[float], list[float]]] = {
    "ViT-B-32": ([-0.28960, 0.18812, 1.01539], [1.51913, 0.14579, 0.69744]),
    "ViT-B-32-256": ([-0.68847, 0.27028, 0.91780], [1.51913, 0.14579, 0.69744]),
    "ViT-B-16": ([-0.80055, 0.87721, 1.31683], [1.51913, 0.14579, 0.69744]),
    "ViT-L-14": ([1.89184, 2.24304, -0.40609], [-0.22198, -0.09192, 0.55399]),
    "ViT-L-14-336": ([1.76866, 2.62120, -0.27820], [-0.22198, -0.09192, 0.55399]),
    "ViT-B-32-quickgelu": ([-0.27558, 0.18592, 1.00778], [1.52786, 0.14768, 0.69305]),
    "ViT-B-16-quickgelu": ([-0.79037, 0.86953, 1.31419], [1.52786, 0.14768, 0.69305]),
    "ViT-L-14-quickgelu": ([1.87518, 2.25441, -0.42135], [-0.21188, -0.09845, 0.53308]),
    "ViT-L-14-336-quickgelu": ([1.76288, 2.63154, -0.29270], [-0.21188, -0.09845, 0.53308]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_embeddings_are_the_canonical_ones(name: str) -> None:
    architecture = ARCHITECTURES[name]
    tensors = random_tensors(architecture, 0)
    picture = OnnxImageTower(architecture, tensors).embed(drawn(architecture, 1))[0, :3]
    text = OnnxTextTower(architecture, tensors).embed_tokens(drawn_tokens(architecture, (9,)))[0, :3]
    np.testing.assert_allclose([picture, text], CANONICAL[name], rtol=0, atol=1e-4)
