"""What runs in the workers of a Ray cluster."""

from __future__ import annotations

import json
import logging
import os
import pickle
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..errors import ImageTaggingError
from .base import ShardDone

#: So many workers may die at a shard. Machines go at any time, so a death or two means nothing; a shard that needs more
#: memory than any machine has would be begun for ever.
MOST_DEATHS = 5


class BegunShards:
    """Counts how often each shard was begun; one of them serves all workers."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()

    def begin(self, shard: str) -> int:
        """Return how often a shard was begun before."""
        self._times[shard] += 1
        return self._times[shard] - 1

    def end(self, shard: str) -> None:
        """Forget a shard that is done."""
        self._times.pop(shard, None)


class ShardActor:
    """What Ray runs in each worker: the open work, which answers with one line of JSON for each shard.

    ``begun`` is the handle of the :class:`BegunShards` of the run: a shard at which too many workers died is left out.
    """

    def __init__(self, work: bytes, cpus: int, begun: Any) -> None:
        # Before libraries of mathematics are loaded: their threads would wait for those of the other workers.
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(max(1, cpus))
        logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
        logging.getLogger("image_tagging").setLevel(logging.INFO)
        self._work = work
        self._begun = begun
        self._cores = max(1, cpus)
        self._opened: Any = None

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[str]]:
        """Do the shards of a batch."""
        return {"answer": [json.dumps(self._answer(str(shard))) for shard in batch["item"]]}

    def _answer(self, shard: str) -> dict[str, Any]:
        """Return the shard that is done or left out, or the error that ends the run."""
        deaths = self._begun.begin.remote(shard).future().result()
        if deaths >= MOST_DEATHS:
            return {"shard": shard, "deaths": deaths}
        try:
            if self._opened is None:
                self._opened = pickle.loads(self._work).open(self._cores)  # noqa: S301  the program's own
            done: ShardDone = self._opened(shard)
        except ImageTaggingError as error:
            return {"error": type(error).__name__, "reason": str(error)}
        self._begun.end.remote(shard)
        return done._asdict()
