"""Where the work of a use-case runs: by its settings, or by a runner that a program gives."""

from __future__ import annotations

from typing import Optional, Union

from ..progress import Say, say_nothing
from ..runners import RayRunner, Runner, ShardRunner
from ..storage import storage_at
from .configs import ClassifyConfig, ProcessConfig
from .embedder import LOCAL
from .sharded import Sharding

#: A runner as a program may give it.
AnyRunner = Union[Runner, ShardRunner]


def chosen_runner(
    config: Union[ProcessConfig, ClassifyConfig], given: Optional[AnyRunner], say: Say = say_nothing
) -> Union[Runner, Sharding]:
    """Return where a use-case runs: on the runner that is ``given``, else on that of the settings.

    Raises
    ------
    LibraryMissingError
        The library of that runner is not installed.
    """
    runner = given
    if runner is None and config.runner == "ray":
        runner = RayRunner(config.ray_address, num_gpus=config.num_gpus, say=say)
    if isinstance(runner, ShardRunner):
        return Sharding(runner, storage_at(config.output), config.shard_images, config.batch_size, config.num_threads)
    return LOCAL if runner is None else runner
