"""Do shards of work on the machines of a Ray cluster. This is the only module that imports ray.

Ray Data hands the ids of shards, one at a time, to a pool of actors, of which each keeps the work open. It starts
actors again that die, on other machines where theirs is gone, and gives them what they had begun. What an actor answers
is a line of text, so nothing large passes through Ray's store of objects.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import re
import sys
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, NamedTuple, Optional

from ..errors import InputError, LibraryMissingError, RunnerError, error_named
from ..progress import Say, say_nothing
from .base import ShardDone, ShardWork
from .ray_cluster import connected
from .ray_workers import BegunShards, ShardActor

log = logging.getLogger(__name__)

#: The most blocks that Ray Data is given: it holds some memory for each. More shards share them.
_MOST_BLOCKS = 20_000

#: Shards that wait in front of a busy actor, so that it need not wait for the next; of these none is begun.
_IN_FLIGHT = 2

#: How the names of the threads of Ray Data begin that hold its objects, and how many seconds they may take to end.
_THREADS = ("StreamingExecutor", "map_tp_", "iter_threaded")
_END_SECONDS = 20.0

#: The line of a report by Ray that names an error.
_CAUSE = re.compile(r"[\w.]*(Error|Exception)\b.*: ")

#: What Ray reads when it is imported: it reports its use to its makers, warns of what it will change, logs on screen
#: what it repairs by itself, and gives way to all other programs of this machine in a cluster that is started here.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_worker_niceness": "0",
}


class Places(NamedTuple):
    """How many actors a cluster has room for now, and what each of them takes."""

    actors: int
    cpus: float
    gpus: float


class RayRunner:
    """Does shards on a Ray cluster: see :class:`.base.ShardRunner`.

    ``address`` is that of the cluster, ``HOST:PORT`` or ``auto``; without it, it is the cluster that this machine is
    part of, else a local one that is started for the run and stopped after it. A cluster that was there before is never
    stopped. ``num_gpus`` is how many GPUs each worker takes; ``say`` is called with where the work runs.

    Raises
    ------
    LibraryMissingError
        Ray is not installed.
    InputError
        The address is one of Ray Client, by which results are slow and get lost.
    """

    def __init__(self, address: Optional[str] = None, *, num_gpus: float = 0.0, say: Say = say_nothing) -> None:
        if address and "://" in address:
            raise InputError(
                f"--ray_address is {address}; give HOST:PORT of a cluster that this machine is part of, or auto. To "
                "use another, submit this command to it as a job (ray job submit)."
            )
        imported_ray()
        self._address = address
        self._num_gpus = num_gpus
        self._say = say

    def run_shards(self, work: ShardWork, shards: Sequence[str]) -> Generator[ShardDone, None, None]:
        """Yield each shard once it is done, in any order: see :class:`.base.ShardRunner`."""
        ray = imported_ray()
        with connected(ray, self._address, self._say):
            machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
            places = places_in(machines, self._num_gpus, len(shards))
            if self._num_gpus and not any(each.get("GPU", 0) >= self._num_gpus for each in machines):
                self._say(f"No machine of the cluster has {self._num_gpus:g} GPUs now: the work waits for one.")
            log.info("Ray %s: %d workers of %g CPUs and %g GPUs", ray.__version__, *places)
            answers = _answers(ray, pickle.dumps(work), shards, places)
            with quiet_data(ray), _errors_in_words(ray), closing(answers):
                for answer in answers:
                    if answer.get("deaths"):
                        log.warning(
                            "shard %s: left out, as %d workers that began it died", answer["shard"], answer["deaths"]
                        )
                    else:
                        yield _done(answer)


def imported_ray() -> Any:
    """Return Ray, which says nothing on the screen and to its makers; raise LibraryMissingError without it."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError as error:
        if sys.version_info < (3, 10):
            version = ".".join(map(str, sys.version_info[:2]))
            raise LibraryMissingError(
                f"--runner ray needs Python 3.10 or later, and this is {version}: use another, or --runner local."
            ) from error
        raise LibraryMissingError(
            f"--runner ray needs an extra ({error}): pip install 'image-tagging-tools[ray]'; or use --runner local."
        ) from error
    return ray


def places_in(machines: Sequence[Mapping[str, float]], gpus: float, shards: int) -> Places:
    """Return how many actors find room on machines of these resources, one at least: more machines may come.

    Without GPUs each takes one CPU. With them each takes as many as a machine has for its share of the GPUs, since it
    is to decode as fast as a GPU embeds.
    """
    if not gpus:
        return Places(max(1, min(sum(int(each.get("CPU", 0)) for each in machines), shards)), 1.0, 0.0)
    rooms = [(int(each.get("GPU", 0) / gpus), int(each.get("CPU", 0))) for each in machines]
    cpus = min((cores // actors for actors, cores in rooms if actors), default=1)
    return Places(max(1, min(sum(actors for actors, _ in rooms), shards)), float(max(1, cpus)), gpus)


def _answers(ray: Any, work: bytes, shards: Sequence[str], places: Places) -> Generator[dict[str, Any], None, None]:
    """Yield what actors answer, as it comes."""
    begun = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(BegunShards).remote()
    data = ray.data.from_items(list(shards), override_num_blocks=min(len(shards), _MOST_BLOCKS))
    answers = data.map_batches(
        ShardActor,
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(
            min_size=places.actors, max_size=len(shards), max_tasks_in_flight_per_actor=_IN_FLIGHT
        ),
        num_cpus=places.cpus,
        num_gpus=places.gpus or None,
        fn_constructor_kwargs={"work": work, "cpus": int(places.cpus), "begun": begun},
    )
    batches = iter(answers.iter_batches(batch_size=None, prefetch_batches=0))
    try:
        for batch in batches:
            yield from map(json.loads, batch["answer"])
    finally:
        _end(answers, batches)


def _end(answers: Any, batches: Any) -> None:
    """End the threads of Ray Data: where one drops an object after ``ray.shutdown``, Ray 2.51 exits without a word."""
    if hasattr(batches, "close"):
        batches.close()
    executor = getattr(answers, "_current_executor", None)  # no other way reaches it
    if executor is not None:
        executor.shutdown(force=True)
    for thread in threading.enumerate():
        if thread.name.startswith(_THREADS):
            thread.join(_END_SECONDS)


def _done(answer: dict[str, Any]) -> ShardDone:
    """Return the shard that is done; raise what the work raised."""
    if "error" in answer:
        raise error_named(answer["error"])(answer["reason"])
    return ShardDone(**answer)


@contextmanager
def _errors_in_words(ray: Any) -> Iterator[None]:
    """Raise RunnerError for what Ray raises of the workers."""
    try:
        yield
    except ray.exceptions.RayError as error:
        raise RunnerError(in_words(str(error))) from error


def in_words(said: str) -> str:
    """Return in one line what Ray says of a failure of workers."""
    if "No module named 'image_tagging" in said:
        return (
            "a worker of the Ray cluster does not have this program: install image-tagging-tools[ray] on all machines, "
            'or give it to the job (--runtime-env-json \'{"pip": ["image-tagging-tools[ray]"]}\' of ray job submit).'
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    causes = [line for line in lines if _CAUSE.match(line)] or lines or ["no reason is given"]
    return f"the workers of the Ray cluster cannot go on ({causes[-1][:300]}). Run again: what is done is kept."


@contextmanager
def quiet_data(ray: Any) -> Iterator[None]:
    """Keep the progress bars and the log of Ray Data off the screen."""
    context = ray.data.DataContext.get_current()
    bars = context.enable_progress_bars
    context.enable_progress_bars = False
    quiet = [logging.getLogger(name) for name in ("ray", "ray.data")]
    levels = [logger.level for logger in quiet]
    for logger in quiet:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        context.enable_progress_bars = bars
        for logger, level in zip(quiet, levels):
            logger.setLevel(level)
