"""Order is kept, look-ahead is bounded, and an exception ends the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.records import Failure
from image_tagging.runners import local


class Counting:
    """Numbers from 0, and how many of them were drawn."""

    def __init__(self, end: int) -> None:
        self.drawn = 0
        self._end = end

    def __iter__(self) -> Iterator[int]:
        for number in range(self._end):
            self.drawn += 1
            yield number


def failure(number):
    return Failure(ImageRef(f"{number}.png"), "decode", "damaged", "it is damaged")


def double(batch):
    return [number * 2 for number in batch]


def run(prepare, items, *, worker=double, batch_size=4, threads=3):
    return local.run(prepare, lambda: worker, items, batch_size=batch_size, threads=threads)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 100])
@pytest.mark.parametrize("threads", [1, 4])
def test_results_come_in_the_order_of_the_items_however_long_each_takes(batch_size, threads):
    def prepare(number):
        time.sleep(0.002 if number % 5 == 0 else 0)
        return number

    assert list(run(prepare, range(40), batch_size=batch_size, threads=threads)) == [n * 2 for n in range(40)]


def test_no_items_give_no_results():
    assert list(run(lambda number: number, [])) == []


def test_a_failure_keeps_its_place_and_never_reaches_the_worker():
    seen = []

    def worker(batch):
        seen.extend(batch)
        return double(batch)

    results = list(run(lambda n: failure(n) if n % 3 == 0 else n, range(11), worker=worker))
    assert results == [failure(n) if n % 3 == 0 else n * 2 for n in range(11)]
    assert seen == [n for n in range(11) if n % 3]


def test_a_failure_of_the_worker_keeps_its_place():
    def worker(batch):
        return [failure(n) if n == 5 else n for n in batch]

    assert list(run(lambda n: n, range(8), worker=worker)) == [*range(5), failure(5), 6, 7]


def test_batches_are_no_larger_than_asked_for():
    sizes = []

    def worker(batch):
        sizes.append(len(batch))
        return batch

    list(run(lambda n: n, range(10), worker=worker, batch_size=4))
    assert sizes == [4, 4, 2]


def test_the_worker_is_made_once_and_only_where_there_is_work():
    made = []

    def make_worker():
        made.append(threading.current_thread())
        return double

    list(local.run(failure, make_worker, range(20), batch_size=4, threads=2))
    assert made == []
    list(local.run(lambda n: n, make_worker, range(20), batch_size=4, threads=2))
    assert made == [threading.current_thread()]


def test_items_are_drawn_at_most_two_batches_and_a_thread_each_ahead():
    items = Counting(200)
    for taken, _ in enumerate(run(lambda n: n, items, batch_size=4, threads=3)):
        in_this_batch = taken // 4 * 4
        assert items.drawn <= in_this_batch + 2 * 4 + 3
    assert items.drawn == 200


def test_prepared_items_do_not_pile_up():
    """However slow the consumer is, what is prepared and not yet given out stays bounded."""
    lock = threading.Lock()
    prepared = [0]

    def prepare(number):
        with lock:
            prepared[0] += 1
        return number

    for taken, _ in enumerate(run(prepare, range(100), batch_size=5, threads=2), start=1):
        time.sleep(0.001)
        assert prepared[0] - taken <= 2 * 5 + 2


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_exception_while_preparing_ends_the_run_after_the_batches_before_it(error):
    items = Counting(1000)

    def prepare(number):
        if number == 9:
            raise error
        return number

    results = run(prepare, items, batch_size=4, threads=2)
    assert [next(results) for _ in range(8)] == [n * 2 for n in range(8)]
    with pytest.raises(type(error)):
        next(results)
    assert items.drawn < 50
    assert no_threads_left()


def test_an_exception_of_the_worker_ends_the_run_and_cancels_what_was_ahead():
    begun = []
    may_go_on = threading.Event()

    def prepare(number):
        if number >= 2:
            may_go_on.wait(10)
        begun.append(number)
        return number

    def worker(batch):
        may_go_on.set()
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        list(run(prepare, range(1000), worker=worker, batch_size=2, threads=1))
    assert len(begun) < 10
    assert no_threads_left()


def test_results_that_nobody_wants_any_more_are_not_made():
    items = Counting(1000)
    results = run(lambda n: n, items)
    assert next(results) == 0
    results.close()
    assert items.drawn < 20
    assert no_threads_left()


def test_an_exception_of_the_source_ends_the_run():
    def source():
        yield from range(3)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(run(lambda n: n, source()))
    assert no_threads_left()


def no_threads_left():
    return not [thread for thread in threading.enumerate() if thread.name.startswith("prepare")]
