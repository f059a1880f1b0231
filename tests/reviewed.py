"""Mountains of embeddings with a few kinds of pictures in them, which tests review."""

from __future__ import annotations

import numpy as np

from image_tagging.training.active import (
    Candidates,
    Labels,
    Pool,
    QuickLearner,
    next_page,
    open_rows,
    top_share_of,
)

DIM = 32


def mountain(count=1200, tagged=60, seed=0, noise=0.6):
    """Embeddings (count, DIM) float16 of twelve kinds, and which of them are of the first, the tag."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(12, DIM))
    tagged = min(tagged, count // 2)
    kind = np.concatenate([np.zeros(tagged, dtype=int), random.integers(1, 12, count - tagged)])
    x = centres[kind] + noise * random.normal(size=(count, DIM)) * 1.5
    order = random.permutation(count)
    return x[order].astype(np.float16), kind[order] == 0


class Reviewer:
    """Judges the pages of a tag by the truth, from one example on; ``choose`` returns the rows of a page."""

    def __init__(self, x, is_tag, seed=0, groups=None):
        self.pool, self.truth, self.seed = Pool(x, groups), is_tag, seed
        self.learner = QuickLearner(self.pool, seed=seed)
        self.rows = [int(np.flatnonzero(is_tag)[seed])]
        self.pages, self.flips, self.fit, self.share = [], [], None, None
        self.refit()

    def refit(self):
        labels = self.labels
        self.fit = self.learner.fit(labels, self.fit)
        self.margins = self.pool.margins(self.fit.model)
        self.is_open = open_rows(self.pool, labels.rows)

    @property
    def labels(self):
        rows = np.array(self.rows)
        return Labels(rows, self.truth[rows], len(rows) - 1)

    @property
    def candidates(self):
        return Candidates(self.pool, self.margins, self.is_open, np.array(self.rows))

    def judge(self, choose=None):
        if choose is None:
            page = next_page(self.candidates, self.share, self.seed + len(self.pages))
            rows = page.rows
            share = top_share_of(page, self.truth[rows])
            self.share = self.share if share is None else share
            self.flips.append(int((page.is_marked != self.truth[rows]).sum()))
            self.pages.append((page.margins, self.truth[rows]))
        else:
            rows = choose(self)
        self.rows += rows.tolist()
        self.refit()

    def average_precision(self, x, is_tag):
        hits = is_tag[np.argsort(-Pool(x).margins(self.fit.model), kind="stable")]
        return float((np.cumsum(hits)[hits] / (np.flatnonzero(hits) + 1)).mean())
