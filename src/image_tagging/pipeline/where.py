"""Where the work of a use-case runs: by its settings, or by a runner that a program gives."""

from __future__ import annotations

from typing import Optional, Union

from ..progress import Say, say_nothing
from ..runners import RayRunner, Runner, ShardRunner
from ..storage import storage_at
from .configs import ClassifyConfig, ProcessConfig
from .embedder import LOCAL
from .sharded import Sharding

#: Pictures that a GPU takes at a time at least, where it has memory for them: else it takes them in parts.
_GPU_BATCH = 256

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
        batch_size = max(config.batch_size, _GPU_BATCH) if config.num_gpus else config.batch_size
        return Sharding(runner, storage_at(config.output), config.shard_images, batch_size)
    return LOCAL if runner is None else runner
