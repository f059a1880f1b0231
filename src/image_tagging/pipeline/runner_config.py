"""The settings of where the work of a use-case runs. Nothing heavy is imported, since ``--help`` needs it."""

from __future__ import annotations

from typing import Optional

from ..settings import setting, settings

#: Where the work of a use-case can run.
RUNNERS = ("local", "ray")


@settings
class RunnerConfig:
    """The settings that choose where images are turned into embeddings."""

    runner: str = setting(
        default="local",
        help="Where images become embeddings; ray: on all machines of a Ray cluster, with the same results.",
        choices=RUNNERS,
    )
    ray_address: Optional[str] = setting(
        default=None,
        help="The Ray cluster, as HOST:PORT or auto.  [default: that which this machine is part of, else a local one "
        "that is started for the run]",
        metavar="ADDRESS",
    )
    num_gpus: float = setting(
        default=0.0, help="With the runner ray: GPUs of each worker, 0.5 for two on one.", metavar="NUMBER", least=0
    )
    shard_images: int = setting(
        default=256,
        help="With the runner ray: images that a worker does at a time, on average; each such shard is a file.",
        metavar="NUMBER",
        least=1,
    )
