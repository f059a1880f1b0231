"""The models that the original's authors published score as they did in the original's own environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from image_tagging.tag_models.files import load_tag_models, model_names

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def golden(published: Path):
    with open(published / "golden-scores.json", encoding="utf-8") as file:
        return json.load(file)


@pytest.fixture(scope="module")
def embeddings(published: Path, golden):
    with open(published / "input-metadata.json", encoding="utf-8") as file:
        records = json.load(file)
    return np.array([np.ravel(records[hash_id]["embeddings_vector"]) for hash_id in golden])


def test_every_golden_score(published: Path, golden, embeddings):
    models = load_tag_models(str(published / "models"))
    expected = np.array([[image["scores"][f"{kind}|{tag}"] for kind, tag in models.names] for image in golden.values()])
    assert expected.shape == (24, 40)
    assert np.abs(models.probabilities(embeddings) - expected).max() < 1e-6


def test_they_say_no_encoder_and_512_numbers(published: Path):
    models = load_tag_models(str(published / "models"))
    assert models.encoder is None
    assert models.dim == 512
    assert models.names == model_names(str(published / "models"))
    assert {model.threshold for model in models.models} == {0.5}


def test_each_file_alone(published: Path, embeddings):
    together = load_tag_models(str(published / "models"))
    whole = together.probabilities(embeddings)
    for column, model in enumerate(together.models):
        alone = load_tag_models(model.file).probabilities(embeddings)
        assert np.abs(alone[:, 0] - whole[:, column]).max() < 1e-12


def test_loading_and_scoring_need_no_scikit_learn_and_warn_of_nothing(published: Path):
    program = """
import sys, numpy
from image_tagging.tag_models.files import load_tag_models
models = load_tag_models(sys.argv[1])
models.probabilities(numpy.ones((3, models.dim)))
print([name for name in sys.modules if name.partition(".")[0] in ("sklearn", "joblib", "scipy")])
"""
    command = [sys.executable, "-W", "error", "-c", program, str(published / "models")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
