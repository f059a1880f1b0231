"""Batches in parts over threads of torch."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra torch: pip install 'image-tagging-tools[torch]'")

from image_tagging.encoders.clip.batch_parts import BatchParts, count_parts  # noqa: E402

pytestmark = pytest.mark.clip


@pytest.fixture
def four_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OMP_PROC_BIND", "GOMP_CPU_AFFINITY", "KMP_AFFINITY"):
        monkeypatch.delenv(name, raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("pictures", "threads", "parts"),
    [(32, 1, 1), (32, 2, 2), (15, 2, 1), (16, 2, 2), (32, 4, 4), (16, 4, 2), (32, 6, 3), (32, 16, 4), (1, 8, 1)],
)
def test_parts_share_the_threads_evenly_and_have_eight_pictures_or_more(
    pictures: int, threads: int, parts: int
) -> None:
    assert count_parts(pictures, threads) == parts


@pytest.mark.usefixtures("four_threads")
def test_the_parts_come_back_in_their_order_and_none_is_lost() -> None:
    together = threading.Barrier(4)

    def work(part: Sequence[int]) -> list[int]:
        together.wait()  # passed only by four that are at work at the same time
        return list(part)

    parts = BatchParts(torch).run(work, range(35))
    assert [len(part) for part in parts] == [8, 9, 9, 9]
    assert [number for part in parts for number in part] == list(range(35))


@pytest.mark.usefixtures("four_threads")
def test_each_part_has_its_share_of_torchs_threads_and_the_program_keeps_its_own() -> None:
    def work(_part: Any) -> tuple[str, int]:
        return threading.current_thread().name.partition("_")[0], torch.get_num_threads()

    parts = BatchParts(torch)
    assert parts.run(work, range(32)) == [("embed", 1)] * 4
    assert parts.run(work, range(16)) == [("embed", 2)] * 2
    assert parts.run(work, range(3)) == [("MainThread", 4)]
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert (torch.get_num_threads(), later) == (4, [4])


@pytest.mark.usefixtures("four_threads")
def test_threads_bound_to_cores_are_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_PROC_BIND", "true")
    assert BatchParts(torch).run(len, range(64)) == [64]


@pytest.mark.usefixtures("four_threads")
def test_what_fails_in_a_part_fails_here() -> None:
    def work(part: Sequence[int]) -> None:
        if 31 in part:
            raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        BatchParts(torch).run(work, range(32))
