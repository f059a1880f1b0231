"""What a runner is asked for, so that work can run on threads here, in other processes, or on other machines."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Protocol, TypeVar, Union

from ..records import Failure

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)
Prepared = TypeVar("Prepared")
Prepared_co = TypeVar("Prepared_co", covariant=True)
Result = TypeVar("Result")

#: What the one worker does: N prepared items -> N results, in their order.
Worker = Callable[[list[Prepared]], Sequence[Union[Result, Failure]]]


class Preparer(Protocol[Item_contra, Prepared_co]):
    """Work that is open in one process: it holds what preparing needs, and may be called from several threads."""

    def __call__(self, item: Item_contra, /) -> Union[Prepared_co, Failure]:
        """Return the prepared item, or why it cannot be used."""

    def stop(self) -> None:
        """End what a call may be waiting for, so that calls return soon."""

    def close(self) -> None:
        """Let go of what preparing needed; no call is going on any more."""


class Work(Protocol[Item_contra, Prepared_co]):
    """What is to be done to each item, as plain values: it can be pickled, unless its runner ``shares_memory``."""

    def open(self) -> Preparer[Item_contra, Prepared_co]:
        """Make it ready, once in each process that it runs in."""


class Runner(Protocol):
    """Prepares items somewhere, and works on batches of them here."""

    @property
    def shares_memory(self) -> bool:
        """Whether items are prepared in this process: then the work may hold what cannot be pickled."""

    def run(
        self,
        work: Work[Item, Prepared],
        make_worker: Callable[[], Worker[Prepared, Result]],
        items: Iterable[Item],
        *,
        batch_size: int,
        threads: int,
    ) -> Generator[Union[Result, Failure], None, None]:
        """Yield one result an item, in the order of the items.

        ``make_worker`` is called once, in this process, when there is work for it; the worker takes up to
        ``batch_size`` prepared items and gives as many results, in their order. An item whose preparation gave a
        ``Failure`` keeps its place among the results and never reaches the worker. ``items`` is drawn from as needed,
        at most a few batches ahead. ``threads`` is how many items are prepared at a time.

        An exception of the work or of the worker ends the run: what may fail for one item alone must be a ``Failure``
        by then. Who takes results and may fail too closes the run (``contextlib.closing``): then nothing outlives it.
        """
