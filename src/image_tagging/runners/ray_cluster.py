"""The Ray cluster that a run uses: one that is there, which stays, or a local one for the run."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Optional

from ..errors import RunnerError
from ..progress import Say
from ..text import counted

#: Seconds until a machine that does not answer counts as absent.
_ANSWER_SECONDS = 5.0

_STDERR = 2


@contextmanager
def connected(ray: Any, address: Optional[str], say: Say) -> Iterator[None]:
    """Connect ``ray``, the module, to the cluster at an address; a program that is connected already stays so.

    Raises
    ------
    RunnerError
        There is no cluster at the address, or it is of another version.
    """
    if ray.is_initialized():
        yield
        return
    _connect(ray, address, say)
    try:
        yield
    finally:
        ray.shutdown()  # which stops a cluster only where it was started here


def _connect(ray: Any, address: Optional[str], say: Say) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address and ":" in address:
        _require_answer(address)
    try:
        with _without_stderr():
            ray.init(address=address or "auto", **quiet)
    except ConnectionError as error:
        if address:
            raise RunnerError(
                f"there is no Ray cluster at {address} that this machine is part of: start one (ray start --head), or "
                "leave out --ray_address for a local one."
            ) from error
        with _without_stderr():
            ray.init(address="local", include_dashboard=False, **quiet)
        cpus = int(ray.cluster_resources().get("CPU", 0))
        say(f"No Ray cluster is here, so a local one of {counted(cpus, 'core')} runs for this command.")
        return
    except (RuntimeError, ValueError) as error:
        why = " ".join(str(error).split())[:300]
        raise RunnerError(f"the Ray cluster at {address or 'this machine'} cannot be used ({why}).") from error
    there = ray.cluster_resources()
    nodes = sum(bool(node["Alive"]) for node in ray.nodes())
    cpus, gpus = (int(there.get(name, 0)) for name in ("CPU", "GPU"))
    say(f"Ray cluster of {counted(nodes, 'machine')}: {counted(cpus, 'core')}, {counted(gpus, 'GPU')}.")


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Keep what Ray's C++ parts write when they start off the screen: no setting of theirs does."""
    kept, nowhere = os.dup(_STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    try:
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(nowhere)


def _require_answer(address: str) -> None:
    """Raise RunnerError where nothing answers at an address: Ray itself would wait for a minute, and say little."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _ANSWER_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise RunnerError(
            f"no Ray cluster answers at {address} ({error}): give the address that ray start --head showed, or leave "
            "out --ray_address."
        ) from error
