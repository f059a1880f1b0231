"""Train the encoder to reproduce the embeddings of its teacher.

Usage: python -m distillation.train CORPUS VIEWS OUT [--steps 3600] [--seed 0]

``CORPUS`` is the ``train`` folder that ``distillation.corpus`` wrote, ``VIEWS`` what ``distillation.precompute`` wrote,
``OUT`` a folder for ``weights-<step>.pt`` (the moving average) and ``log.jsonl``. Uses a GPU where there is one.

The loss of a batch of pairs of views of one image is the sum of

* distance: 1 - cosine between the teacher's embedding and a linear layer's output on the student's;
* relations: how similar each view is to the others of the batch, for the teacher and for the student (Kullback-Leibler
  divergence of the softmax of cosines; after Fang et al. 2021, "SEED", within a batch);
* pairs: finding the other view of the image in the batch (Chen et al. 2020, "SimCLR"), mainly for drawn pictures, whose
  style the teacher was not trained on;
* labels: cross-entropy with a small weight, where labels say what a picture shows.

The teacher's embedding is square-rooted and standardised first: otherwise a few large values would dominate.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from .corpus import Corpus, load
from .network import LEARNED, Network
from .options import parser_of
from .views import render

#: Pixels of a side: small pictures first, which is faster, then those that the network is to know best.
_SIDES, _SMALL_STEPS = (96, 112), 0.6
_PAIRS = 128
_LEARNING_RATE, _DECAY, _WARM_UP = 1.5e-3, 0.05, 200
_MOVING = 0.998
_TEMPERATURE = 0.1
_RELATIONS = 0.5
#: Weights of the losses of photographs, and of drawn pictures.
_DISTANCE, _PAIRED, _LABELLED = (1.0, 0.5), (0.05, 0.2), (0.1, 0.3)
_SAVED_EVERY = 500


def main() -> None:
    options = _options()
    torch.manual_seed(options.seed)
    corpus = load(options.corpus)
    stored = np.load(options.views)
    views, seen = stored["views"], np.sqrt(stored["teacher"].astype(np.float32))
    seen = ((seen - seen.mean(0)) / (seen.std(0) + 1e-3)).astype(np.float16)
    drawn = Batches(corpus, views, seen, options.seed, small=int(options.steps * _SMALL_STEPS))
    batches = DataLoader(drawn, batch_size=None, num_workers=1, prefetch_factor=4)
    options.out.mkdir(parents=True, exist_ok=True)
    with open(options.out / "log.jsonl", "a", encoding="utf-8") as log:
        run = Run(labels=int(corpus.labels.max()) + 1, teacher=seen.shape[1], steps=options.steps)
        for said in run.steps_of(iter(batches), options.out):
            print(json.dumps(said), file=log, flush=True)
            print(said, flush=True)


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__, "corpus", "views", "out")
    parser.add_argument("--steps", type=int, default=3600)
    return parser.parse_args()


class Batches(IterableDataset[dict[str, Tensor]]):
    """Endless batches of pairs of views of one image, rendered in a separate process on one thread.

    If they were rendered on the threads of the training, both would wait for each other most of the time.
    """

    def __init__(
        self, corpus: Corpus, views: NDArray[np.void], seen: NDArray[np.float16], seed: int, *, small: int
    ) -> None:
        self._corpus = corpus
        self._views = views
        self._seen = seen
        self._seed = seed
        self._small = small

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        cv2.setNumThreads(0)
        torch.set_num_threads(1)
        random = np.random.default_rng(self._seed)
        of_image = self._views["crop"]["image"]
        starts = np.searchsorted(of_image, np.arange(len(self._corpus.images) + 1))
        count = 0
        while True:
            # By views and not by images: photographs have more of them.
            firsts = random.permutation(len(self._views))
            for part in np.array_split(firsts, len(firsts) // _PAIRS):
                images = of_image[part]
                seconds = random.integers(starts[images], starts[images + 1])
                yield self._batch(np.concatenate([part, seconds]), _SIDES[int(count >= self._small)], random)
                count += 1

    def _batch(self, rows: NDArray[np.int64], side: int, random: np.random.Generator) -> dict[str, Tensor]:
        pictures = np.stack([altered(render(self._views[row], self._corpus.images, side), random) for row in rows])
        images = self._views["crop"]["image"][rows]
        blended = self._views["share"][rows] < 1
        return {
            "pictures": torch.from_numpy(pictures),
            "seen": torch.from_numpy(self._seen[rows]),
            "drawn": torch.from_numpy(self._corpus.drawn[images]),
            "labels": torch.from_numpy(np.where(blended, -1, self._corpus.labels[images])),
        }


def altered(picture: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Augment a view for the student: random mirroring, small changes of light and colour, and a hole."""
    if random.random() < 0.5:
        picture = picture[:, ::-1]
    if random.random() < 0.6:
        gain, offset = random.uniform(0.75, 1.25) * random.uniform(0.9, 1.1, 3), random.uniform(-20, 20, 3)
        tones = np.arange(256)[:, np.newaxis] * gain + offset
        picture = cv2.LUT(np.ascontiguousarray(picture), np.clip(tones, 0, 255).astype(np.uint8)[np.newaxis])
    if random.random() < 0.05:
        picture = np.repeat(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)[..., np.newaxis], 3, axis=2)
    if random.random() < 0.2:
        side = int(random.integers(len(picture) // 6, len(picture) // 3))
        top, left = random.integers(0, len(picture) - side, 2)
        picture = picture.copy()
        picture[top : top + side, left : left + side] = random.integers(0, 256, 3)
    return np.ascontiguousarray(picture)


class Heads(nn.Module):
    """The layers that only training needs; they are not shipped."""

    def __init__(self, labels: int, teacher: int) -> None:
        super().__init__()
        self.standardised = nn.BatchNorm1d(LEARNED, affine=False)
        self.seen = nn.Linear(LEARNED, teacher)
        self.paired = nn.Linear(LEARNED, 128)
        self.labels = nn.Linear(LEARNED, labels)


class Run:
    """One training run: network, heads, optimiser and moving average."""

    def __init__(self, labels: int, teacher: int, steps: int) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network = Network().to(self._device, memory_format=torch.channels_last)
        self._heads = Heads(labels, teacher).to(self._device)
        self._average = copy.deepcopy(self._network).eval()
        self._steps = steps
        decayed = [p for m in (self._network, self._heads) for p in m.parameters() if p.ndim > 1]
        others = [p for m in (self._network, self._heads) for p in m.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": _DECAY}, {"params": others, "weight_decay": 0.0}]
        self._optimiser = torch.optim.AdamW(groups, lr=_LEARNING_RATE, fused=True)

    def steps_of(self, batches: Iterator[dict[str, Tensor]], out: Path) -> Iterator[dict[str, float]]:
        """Take all steps; yield at intervals the mean losses since the last, weighted as in their sum."""
        began, sums = time.monotonic(), {}
        for step in range(1, self._steps + 1):
            for name, value in self._step(next(batches), step).items():
                sums[name] = sums.get(name, 0.0) + value
            if step % 50 == 0:
                yield {"step": step, "seconds": round(time.monotonic() - began), **_rounded(sums, 50)}
                sums = {}
            if step % _SAVED_EVERY == 0 or step == self._steps:
                torch.save(self._average.state_dict(), out / f"weights-{step}.pt")

    def _step(self, batch: dict[str, Tensor], step: int) -> dict[str, float]:
        for group in self._optimiser.param_groups:
            group["lr"] = _LEARNING_RATE * _scheduled(step, self._steps)
        batch = {name: value.to(self._device, non_blocking=True) for name, value in batch.items()}
        pictures = batch["pictures"].permute(0, 3, 1, 2).float()  # channels last, as they lie
        with torch.autocast(self._device.type, torch.bfloat16):
            embeddings = self._network(pictures)
        losses = self._losses(embeddings.float(), batch)
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), 2.0)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self._follow(min(_MOVING, (1 + step) / (10 + step)))
        return {name: float(value.detach()) for name, value in losses.items()}

    def _losses(self, embeddings: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        seen, drawn, labels = batch["seen"].float(), batch["drawn"], batch["labels"]
        distance = 1 - functional.cosine_similarity(self._heads.seen(embeddings), seen)
        relations = functional.kl_div(
            _likeness(self._heads.standardised(embeddings)), _likeness(seen), reduction="none", log_target=True
        ).sum(1)
        log_odds = _likeness(self._heads.paired(embeddings))
        half = len(embeddings) // 2
        partner = (torch.arange(len(embeddings), device=self._device) + half) % len(embeddings)
        labelled = functional.cross_entropy(self._heads.labels(embeddings), labels, ignore_index=-1, reduction="none")
        return {
            "distance": (distance * _weights(drawn, _DISTANCE)).mean(),
            "relations": (relations * _weights(drawn, _DISTANCE)).mean() * _RELATIONS,
            "pairs": (functional.nll_loss(log_odds, partner, reduction="none") * _weights(drawn, _PAIRED)).mean(),
            "labels": (labelled * _weights(drawn, _LABELLED)).mean(),
        }

    @torch.no_grad()
    def _follow(self, moving: float) -> None:
        for mean, now in zip(self._average.state_dict().values(), self._network.state_dict().values()):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - moving)
            else:
                mean.copy_(now)


def _likeness(vectors: Tensor) -> Tensor:
    """Return the log-softmax (N, N) of the cosines of each to the others, without itself."""
    unit = functional.normalize(vectors)
    cosines = (unit @ unit.T / _TEMPERATURE).fill_diagonal_(-1e4)
    return functional.log_softmax(cosines, dim=1)


def _weights(drawn: Tensor, of: tuple[float, float]) -> Tensor:
    return torch.where(drawn, of[1], of[0])


def _scheduled(step: int, steps: int) -> float:
    return min(1.0, step / _WARM_UP) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def _rounded(sums: dict[str, float], count: int) -> dict[str, float]:
    return {name: round(value / count, 4) for name, value in sums.items()}


if __name__ == "__main__":
    main()
