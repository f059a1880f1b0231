"""Scores of a picture as a run has them, and what writes them, for tests of results."""

from __future__ import annotations

import math

import numpy as np

from image_tagging.exporters import PictureScores, Placing, ResultFormats, Scoring, results
from image_tagging.records import EncoderSpec, ImageRecord
from image_tagging.tag_models import TagModel, TagModels
from image_tagging.tag_models.scorers import LinearScorer

ENCODER = EncoderSpec("builtin", "test", 2, "")


def record(ref, hash_id="h", embedding=(0.0, 0.0)):
    """A picture as the store gives it."""
    facts = {"hash_id": hash_id, "picture_hash": hash_id, "format": "PNG", "size_bytes": 1, "width": 1, "height": 1}
    return ImageRecord(ref=ref, tags=(), embedding=np.array(embedding, np.float32), encoder=ENCODER, **facts)


def scores_of(given):
    """The scores of one picture, given by kind, tag, probability and whether it has the tag."""
    scorer = LinearScorer(np.zeros(2), 0.0, normalise=False)
    scoring = Scoring(TagModels([TagModel(tag, kind, ENCODER, scorer) for kind, tag, *_ in given]), bins=10)
    return PictureScores(scoring, np.array([each[2] for each in given]), np.array([each[3] for each in given]))


def results_of(folder, scores, archives=None, place="copy", formats="json", **more):
    """What writes the results of pictures with scores by these models."""
    models = {(kind, tag): probability if tagged else math.inf for kind, tag, probability, tagged in scores}
    chosen = ResultFormats.of(formats, str(folder))
    return results(str(folder), models, formats=chosen, archives=archives, bins=10, placing=Placing(place), **more)
