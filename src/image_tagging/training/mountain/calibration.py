"""Margins -> probabilities that are true on the mountain, from examples, a background and the share that has the tag.

The background's labels are not known, so they are estimated with the sigmoid, by turns: EM for presence-only data
(Ward, Hastie, Barry, Elith and Leathwick 2009, "Presence-only data and the EM algorithm"). The examples count as many
as the mountain has pictures of the tag (King and Zeng 2001, "Logistic regression in rare events data").
"""

from __future__ import annotations

from typing import Optional

import numpy as np

from ...tag_models import Floats, sigmoid
from ..fitting.calibration import Sigmoid, most_likely

#: After as many rounds nothing moves that a threshold could notice.
_ROUNDS = 15


def fit_mountain_sigmoid(examples: Floats, background: Floats, share: float) -> Optional[tuple[Sigmoid, Floats]]:
    """Return the sigmoid of margins of examples (n,) and background (m,), and how far each of the latter has the tag.

    The weights (m,) of the latter sum to ``share`` m at most. ``None`` where the margins say nothing: they do not rise
    from the background to the examples.
    """
    centre, spread = float(background.mean()), float(background.std())
    if not spread > 0:
        return None
    n, m = len(examples), len(background)
    f = (np.concatenate([examples, background]) - centre) / spread
    target = np.concatenate([np.full(n, (n + 1) / (n + 2)), np.full(m, 1 / (m + 2))])  # Platt's, as in `fit_sigmoid`
    has_tag = np.zeros(m)
    slope, offset = 1.0, float(np.log(share / (1 - share))) if share < 1 else 0.0
    for _ in range(_ROUNDS):
        weights = np.concatenate([np.full(n, share / n), (1 - has_tag) / m])
        slope, offset = most_likely(f, target, weights, slope, offset)
        has_tag = sigmoid(slope * f[n:] + offset)
        has_tag *= min(1.0, share * m / max(float(has_tag.sum()), np.finfo(np.float64).tiny))
    if not slope > 0:
        return None
    return Sigmoid(slope / spread, offset - slope * centre / spread), has_tag
