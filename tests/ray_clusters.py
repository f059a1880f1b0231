"""A Ray cluster of two nodes in this machine, and what its workers logged."""

from __future__ import annotations

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ray.cluster_utils import Cluster

_BEGUN = re.compile(r"shard (\w+) begun by process (\d+)")


class TwoNodes:
    """A head node and another one, of one core each; nodes, workers and drivers can be ended by a real SIGKILL.

    Each node has an address of its own, and programs are given that of the head: of two with one address Ray 2.51
    connects a program to either, and the program ends with the node that it is connected to.
    """

    def __init__(self) -> None:
        with _modules_of_tests():
            self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        self.address = self._cluster.address
        self._session = Path(self._cluster.head_node.get_session_dir_path())
        self._other = None
        self.add_node()
        self._seen: Counter[tuple[str, int]] = Counter()

    def add_node(self) -> None:
        """Add the second node, where it is not there."""
        self._other = self._other or self._added("127.0.0.2", num_cpus=1)

    def _added(self, address: str, **has: int):
        with _modules_of_tests():
            node = self._cluster.add_node(node_ip_address=address, **has)
        self._cluster.wait_for_nodes()
        given = {"node_ip_address": self.address.rpartition(":")[0]}  # Ray 2.51 writes the last node's; 2.60 reads none
        (self._session / "node_ip_address.json").write_text(json.dumps(given))
        return node

    def kill_node(self) -> None:
        """End the second node and its workers, with SIGKILL."""
        node, self._other = self._other, None
        self._cluster.remove_node(node, allow_graceful=False)

    def add_gpu_node(self):
        """Add a third node that has a GPU in name."""
        return self._added("127.0.0.3", num_cpus=2, num_gpus=1)

    def remove(self, node) -> None:
        """End a node that was added."""
        self._cluster.remove_node(node)

    def workers(self) -> set[int]:
        """The processes that began shards since the last :meth:`forget`."""
        return {pid for _, pid in self._lines() - self._seen}

    def begun(self) -> Counter[str]:
        """How often each shard was begun since the last :meth:`forget`."""
        return Counter(shard for shard, _ in (self._lines() - self._seen).elements())

    def forget(self) -> None:
        """Leave what was begun so far out of later counts."""
        self._seen = self._lines()

    def kill_worker(self) -> None:
        """End one of the workers at work, with SIGKILL."""
        alive = [pid for _, pid in self._lines() - self._seen if _is_alive(pid)]
        os.kill(alive[-1], signal.SIGKILL)

    def _lines(self) -> Counter[tuple[str, int]]:
        said = "".join(path.read_text(errors="replace") for path in (self._session / "logs").glob("worker-*.err"))
        return Counter((shard, int(pid)) for shard, pid in _BEGUN.findall(said))

    def stop(self) -> None:
        """End all of it."""
        self._cluster.shutdown()


@contextmanager
def _modules_of_tests() -> Iterator[None]:
    """Let the workers of a node that is started find the modules of the tests, as work may be one of them."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parent), before]))
    try:
        yield
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
