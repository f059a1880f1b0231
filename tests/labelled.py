"""Labelled embeddings, and what a model is worth on some: small ones that the tests make up."""

from __future__ import annotations

import numpy as np

from image_tagging.datasets import HashList
from image_tagging.training.evaluation.validation import validate

DIM = 24


def tag_lists(lists):
    """``{tag: [hash_id, …]}`` as it is read from a file."""
    return {tag: HashList(hashes) for tag, hashes in lists.items()}


def examples(positives=30, negatives=50, seed=0, scale=10.0):
    """Embeddings (N, D) float32 of two clouds that overlap, not normalised, and the truth."""
    random = np.random.default_rng(seed)
    is_tag = np.arange(positives + negatives) < positives
    x = random.normal(size=(len(is_tag), DIM)) + 2.0
    x[is_tag, :4] += 1.5
    return (x * scale / 8).astype(np.float32), is_tag


def report(probabilities=(0.9, 0.8, 0.3, 0.6, 0.1, 0.0, 1.0), truth=(1, 1, 1, 0, 0, 0, 0), **changes):
    named = {"kind": "ovr-svm", "tag": "cat", "training_tag": 10, "training_other": 20, **changes}
    return validate(probabilities=np.array(probabilities, float), is_tag=np.array(truth, bool), **named)
