"""Whether names of tags are used: as asked for, or told why not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clip_models import saved_clip
from image_tagging.errors import EncoderMismatchError, InputError
from image_tagging.pipeline.prior_choice import choose_prior
from image_tagging.records import EncoderSpec

BUILTIN = EncoderSpec("builtin", "learned-2", 1024, "")
SMALL = "ViT-S-32-alt"


def test_none_is_none_and_loads_nothing() -> None:
    assert choose_prior("none", None, EncoderSpec("no such", "thing", 4, ""), ["cat"]) == (None, ())


@pytest.mark.parametrize("asked", ["", "Text", "names"])
def test_a_prior_that_is_none_of_them_is_refused(asked: str) -> None:
    with pytest.raises(InputError, match="use none or text"):
        choose_prior(asked, None, BUILTIN, ["cat"])


def test_weights_that_nothing_would_read_are_refused() -> None:
    with pytest.raises(InputError, match="Leave it out"):
        choose_prior("none", "/weights.pt", BUILTIN, ["cat"])


def test_an_encoder_that_reads_no_text_is_told_in_a_line_and_training_goes_on() -> None:
    prior, (sentence,) = choose_prior("text", None, BUILTIN, ["cat"])
    assert prior is None
    assert "images alone" in sentence
    assert "reads no text" in sentence
    assert "\n" not in sentence


def test_what_is_missing_is_told_without_naming_an_encoder_that_reads_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    prior, (sentence,) = choose_prior("text", None, EncoderSpec("RN50", "openai", 1024, ""), ["cat"])
    assert prior is None
    assert "pip install 'image-tagging-tools[torch]'" in sentence
    assert "builtin" not in sentence


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local checkpoint of random weights."""
    return saved_clip(tmp_path_factory.mktemp("weights") / "random.pt", SMALL, seed=7)


def spec_of(weights: Path) -> EncoderSpec:
    from image_tagging.encoders.registry import encoder_identity

    return EncoderSpec(*encoder_identity(SMALL, str(weights)), 256, "")


@pytest.mark.clip
@pytest.mark.slow
def test_names_give_directions_in_the_space_of_the_encoder(weights: Path) -> None:
    told: list[tuple[Any, ...]] = []
    tags = ["cat", "not-cat", "pos-pixel-art"]
    prior, sentences = choose_prior("text", str(weights), spec_of(weights), tags, lambda *step: told.append(step))
    assert prior is not None
    cat, art = prior.direction_of("cat"), prior.direction_of("pos-pixel-art")
    assert cat is not None
    assert art is not None
    assert cat.shape == art.shape == (256,)
    assert np.linalg.norm(cat) == pytest.approx(1)
    assert abs(cat @ art) < 0.999
    assert prior.direction_of("not-cat") is None
    assert len(sentences) == 1
    assert "not-cat" in sentences[0]
    assert [step[1:] for step in told] == [(0, 3), (1, 3), (2, 3)]
    alone, _ = choose_prior("text", str(weights), spec_of(weights), ["cat"])
    assert alone is not None
    np.testing.assert_array_equal(alone.direction_of("cat"), cat)


@pytest.mark.clip
def test_weights_that_are_not_here_are_told_and_those_of_another_encoder_refused(weights: Path) -> None:
    spec = spec_of(weights)
    prior, (sentence,) = choose_prior("text", None, spec, ["cat"])  # nobody said where the file is
    assert prior is None
    assert spec.pretrained in sentence
    assert "\n" not in sentence
    with pytest.raises(EncoderMismatchError, match="holds other weights"):
        choose_prior("text", "/no/such/file.pt", spec, ["cat"])
