"""Images in parts that are alike, for cross-validation: of both classes as many in each, near-duplicates together."""

from __future__ import annotations

from typing import Optional

import numpy as np
from numpy.typing import NDArray

#: As many parts as are usual: every fit learns from four fifths.
MOST_FOLDS = 5


def stratified_folds(
    is_tag: NDArray[np.bool_], groups: NDArray[np.int64], seed: int, *, most: int = MOST_FOLDS
) -> Optional[NDArray[np.int64]]:
    """The fold (n,) of each image; images of one group share theirs.

    There are as many folds as the class with fewer groups has groups, at most ``most``; ``None`` where that is one.
    A group goes to the fold that has the fewest images of its class so far, in an order drawn by the seed. The images
    outside of any fold are of both classes.
    """
    names, index = np.unique(groups, return_inverse=True)
    tagged = np.bincount(index, weights=is_tag, minlength=len(names)).astype(np.int64)
    sizes = np.bincount(index, minlength=len(names))
    folds = min(most, int((tagged > 0).sum()), int((tagged < sizes).sum()))
    if folds < 2:
        return None
    held = [[0] * folds, [0] * folds]  # others, and images of the tag, so far
    total = [0] * folds
    fold_of = np.empty(len(names), dtype=np.int64)
    order = np.random.default_rng(seed).permutation(len(names))
    # Groups of both classes first, so that two of them are never in one fold while another has none of their others.
    mixed = (tagged > 0) & (tagged < sizes)
    order = order[np.lexsort((-tagged[order], ~mixed[order]))]
    for group, own, size in zip(order.tolist(), tagged[order].tolist(), sizes[order].tolist()):
        mine = held[own > 0]
        fold = min(range(folds), key=lambda each: (mine[each], total[each]))
        fold_of[group] = fold
        held[0][fold] += size - own
        held[1][fold] += own
        total[fold] += size
    chosen: NDArray[np.int64] = fold_of[index.ravel()]
    return chosen
