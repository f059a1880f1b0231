"""One tag and its split -> a model of each kind, measured on images that they never saw."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ..datasets import Background, Rows, Split, TaggedEmbeddings
from ..errors import TrainingError
from ..records import EncoderSpec
from ..tag_models import Coverage, Floats, TagModel, TagModels, scorer_of, unit_rows
from .described import LearnedModel, Measured, describe, out_of_fold_of
from .evaluation.out_of_fold import TagIndex
from .evaluation.thresholds import FEWEST_FOR_AIM, USUAL_AIMS, Aim
from .fitting.decorrelation import Moments
from .fitting.fit import FittedModel, fit_models
from .mountain.figures import OnMountain
from .mountain.learn import OfTag, learn_on_mountain
from .mountain.sample import MountainSample
from .text_prior.prior import TextPrior
from .threshold_choice import examples_choice, mountain_choice

#: Images measured at a time: scoring works in float64, on copies.
_MEASURED = 8192

#: Images, and pictures of the background, of which cards keep a summary.
_COVERED = 2000

#: Images of other tags, neither learned from nor held out, that are asked which of them look like the tag.
_OTHER_SAMPLE = 1000


class TagLearner:
    """Learns one tag after the other of a data set, in any order.

    ``aim`` is that of thresholds, and ``aims`` has those of single tags that have another.
    """

    def __init__(  # noqa: PLR0913 - what training depends on, each by its name
        self,
        data: TaggedEmbeddings,
        encoder: EncoderSpec,
        *,
        seed: int,
        aim: Aim,
        prior: Optional[TextPrior] = None,
        background: Optional[Background] = None,
        aims: Optional[Mapping[str, Aim]] = None,
    ) -> None:
        self._aims = aims or {}
        self._data = data
        self.encoder = encoder
        self.seed = seed
        self._aim = aim
        self._prior = prior
        self._background = background
        self._sample = MountainSample.of(background, data) if background is not None else None
        self._moments = Moments.of(data.embeddings)
        self._coverage = self._covered()
        self._tag_index = TagIndex({tag: data.labelled(tag) for tag in data.tags})
        self._order = data.shuffled(np.arange(len(data.embeddings)), seed)

    @property
    def has_background(self) -> bool:
        """Whether tags are distinguished from a background too."""
        return self._sample is not None

    def learn(self, tag: str, split: Split) -> list[LearnedModel]:
        """Return the models of a tag, one of each kind that is learned; may be called from any thread.

        Raises
        ------
        TrainingError
            The tag has no image, and cannot be learned from its name alone.
        """
        direction = self._prior.direction_of(tag) if self._prior else None
        if direction is None and not split.is_tag.any():
            raise TrainingError(f"it has no image with an embedding{self._why_not_by_name(tag)}")
        learned = self._fit(tag, split, direction)
        models = TagModels(
            [TagModel(tag, kind, self.encoder, scorer_of(model.fitted.estimator)) for kind, model in learned.items()]
        )
        others_asked = self._other_sample(tag, split)
        seen = split.training if _serves_no_aim(split, learned.values()) else split.training[:0]
        asked = (split.validation, others_asked, seen)
        probabilities = measure(models, self._data, np.concatenate(asked))
        bounds = np.cumsum([len(rows) for rows in asked])[:-1]
        return [
            self._model(tag, kind, model, split, others_asked, np.split(column, bounds))
            for (kind, model), column in zip(learned.items(), probabilities.T)
        ]

    def _fit(self, tag: str, split: Split, direction: Optional[Floats]) -> dict[str, _Learned]:
        """Fit the models of a tag; a tag without an image is learned from its name, and not from a background."""
        if self._sample is not None and split.is_tag.any():
            sample, is_apart = self._sample.of_tag(tag, self._data)
            of_tag = OfTag(
                self._data.table[split.training],
                split.is_tag,
                sample.example_groups[split.training],
                sample.is_like(self._data.labelled(tag)),
                split.weights,
                direction,
                is_apart,
                split.is_kept,
            )
            found = learn_on_mountain(of_tag, sample, self._aims_of(tag), self.seed)
            return {kind: _Learned(*model) for kind, model in found.items()}
        fitted = fit_models(
            self._data.table,
            split.is_tag,
            moments=self._moments_of(split),
            groups=split.groups,
            weights=split.weights,
            direction=direction,
            rows=split.training,
            is_kept=split.is_kept,
            seed=self.seed,
        )
        return {kind: _Learned(model) for kind, model in fitted.items()}

    def _moments_of(self, split: Split) -> Moments:
        """Return the moments of the data set and of what else a tag is learned from, without what is held back."""
        moments, count = self._moments, len(self._data.embeddings)
        for part in _parts(split.validation[split.validation < count]):  # a tenth of a million would be gigabytes
            moments = moments.without(unit_rows(self._data.table[part].astype(np.float64)))
        for part in _parts(split.training[split.training >= count]):
            moments = moments.joined(unit_rows(self._data.table[part].astype(np.float64)))
        return moments

    def _aims_of(self, tag: str) -> tuple[Aim, ...]:
        """Return the aim of a tag, that of all tags, and those that cards have thresholds for."""
        return (self._aims.get(tag, self._aim), self._aim, *USUAL_AIMS)

    def _covered(self) -> Optional[Coverage]:
        """Return the summary of the images, and the background: some thousand, of near-duplicates one."""
        order = self._data.shuffled(np.arange(len(self._data.embeddings)), 0)
        _, first = np.unique(self._data.groups[order], return_index=True)
        embeddings = self._data.embeddings[order[np.sort(first)[:_COVERED]]]
        if self._background is not None:
            embeddings = np.concatenate([embeddings, self._background.embeddings[:_COVERED]])
        return Coverage.of(embeddings)

    def _why_not_by_name(self, tag: str) -> str:
        """The end of a sentence about a tag without an image: why its name does not stand in."""
        if self._prior:
            return f", and {self._prior.why_without(tag)}"
        return "; --prior=text can learn it from its name alone" if self.encoder.reads_text else ""

    def _other_sample(self, tag: str, split: Split) -> NDArray[np.int64]:
        """Images without the tag that it is neither learned from nor measured on."""
        is_other = np.ones(len(self._order), dtype=bool)
        judged = self._data.verdicts_of(tag).rows
        for rows in (split.training, split.validation, self._data.rows_of(tag), judged):
            is_other[rows[rows < len(is_other)]] = False
        return self._order[is_other[self._order]][:_OTHER_SAMPLE]

    def _model(
        self, tag: str, kind: str, learned: _Learned, split: Split, others_asked: Rows, probabilities: list[Floats]
    ) -> LearnedModel:
        """What is written of a model; ``probabilities`` are of the held-out images, of others_asked, of those learned.

        The last are none where the threshold does not depend on them.
        """
        out_of_fold = out_of_fold_of(learned.fitted, split)
        held, other, seen = probabilities
        if learned.mountain:
            threshold = mountain_choice(learned.mountain, self._aims_of(tag))
        else:
            threshold = examples_choice(out_of_fold, split, self._aims_of(tag), seen)
        is_other = ~out_of_fold.is_tag
        confused = self._tag_index.confused_with(
            np.concatenate([out_of_fold.rows[is_other], others_asked]),
            np.concatenate([out_of_fold.probabilities[is_other], other]),
            threshold.probability,
        )
        model = Measured(tag, kind, learned.fitted, learned.mountain, split, threshold, held, confused)
        return describe(model, self.encoder, self.seed, self._coverage)


class _Learned(NamedTuple):
    """A model as it was fitted, and what is to be expected of it on the mountain where a background was given."""

    fitted: FittedModel
    mountain: Optional[OnMountain] = None


def _serves_no_aim(split: Split, learned: Collection[_Learned]) -> bool:
    """Whether there are too few images to measure what a threshold does, so that no aim can be served.

    With a background the threshold rests on that.
    """
    tagged = int(split.is_tag.sum())
    fewest = min(tagged, len(split.is_tag) - tagged)
    is_few = fewest < FEWEST_FOR_AIM or not all(len(model.fitted.rows) for model in learned)
    return tagged > 0 and is_few and not any(model.mountain for model in learned)


def measure(models: TagModels, data: TaggedEmbeddings, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probabilities (n, M) that the models give the images of ``rows`` (n,), some thousand at a time."""
    probabilities = (models.probabilities(data.table[part]) for part in _parts(rows))
    return np.concatenate([np.empty((0, len(models))), *probabilities])


def _parts(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the rows (n,) in parts that may become float64."""
    return [rows[start : start + _MEASURED] for start in range(0, len(rows), _MEASURED)]
