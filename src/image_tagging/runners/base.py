"""The protocol of runners: work can run on threads here, in other processes, or on other machines."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar, Union, runtime_checkable

from ..records import Failure

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)
Prepared = TypeVar("Prepared")
Prepared_co = TypeVar("Prepared_co", covariant=True)
Result = TypeVar("Result")

#: The one worker: N prepared items -> N results, in their order.
Worker = Callable[[list[Prepared]], Sequence[Union[Result, Failure]]]


class Preparer(Protocol[Item_contra, Prepared_co]):
    """Work that is open in one process, with the resources that preparing needs; several threads may call it."""

    def __call__(self, item: Item_contra, /) -> Union[Prepared_co, Failure]:
        """Return the prepared item, or why it cannot be used."""

    def stop(self) -> None:
        """End what calls may be waiting for, so that they return soon."""

    def close(self) -> None:
        """Release the resources; called when no call is running."""


class Work(Protocol[Item_contra, Prepared_co]):
    """What to do to each item, as plain values: it must be picklable unless the runner ``shares_memory``."""

    def open(self) -> Preparer[Item_contra, Prepared_co]:
        """Return the open work; called once in each process that it runs in."""


class Runner(Protocol):
    """Prepares items somewhere, and works on batches of them here."""

    @property
    def shares_memory(self) -> bool:
        """Whether items are prepared in this process: then the work need not be picklable."""

    def run(
        self,
        work: Work[Item, Prepared],
        make_worker: Callable[[], Worker[Prepared, Result]],
        items: Iterable[Item],
        *,
        batch_size: int,
        threads: int,
    ) -> Generator[Union[Result, Failure], None, None]:
        """Yield one result per item, in the order of the items.

        ``make_worker`` is called once, in this process, before the first batch; the worker takes up to ``batch_size``
        prepared items and returns as many results, in their order. An item whose preparation returned a ``Failure``
        keeps its place among the results and never reaches the worker. ``items`` is read as needed, at most a few
        batches ahead. ``threads`` is how many items are prepared at a time.

        An exception of the work or of the worker ends the run, so the failure of a single item must be returned as a
        ``Failure``. Wrap the generator in ``contextlib.closing``, so that its threads end also when the caller fails.
        """


class ShardDone(NamedTuple):
    """One shard of work that is done: its id, the name of the file that holds its results, how many items these are.

    ``where`` names the worker, ``seconds`` is how long it took there; both are for the log alone.
    """

    shard: str
    file: str
    items: int
    where: str
    seconds: float


class OpenShards(Protocol):
    """Work on shards that is open in one process; one thread calls it."""

    def __call__(self, shard: str, /) -> ShardDone:
        """Do one shard and write its results. An exception ends the run: what fails of an item is part of results."""

    def close(self) -> None:
        """Release the resources."""


class ShardWork(Protocol):
    """Work that is done a shard at a time, and that writes its results itself: plain values, always picklable."""

    def open(self, cores: int) -> OpenShards:
        """Return the open work, which may keep so many cores busy; called once in each process that it runs in."""


@runtime_checkable
class ShardRunner(Protocol):
    """Does whole shards of work elsewhere, as on other machines: only the ids of shards pass between here and there."""

    def run_shards(self, work: ShardWork, shards: Sequence[str]) -> Generator[ShardDone, None, None]:
        """Yield each shard once it is done, in any order.

        A shard may be done more than once, where a worker or its machine dies: its results are the same. One at which
        workers die again and again, as it needs more memory than they have, may be left out. Wrap the
        generator in ``contextlib.closing``, so that its workers end also when the caller fails.

        Raises
        ------
        RunnerError
            The workers cannot be reached or started, or do not have what the work needs.
        ImageTaggingError
            The work raised it.
        """
