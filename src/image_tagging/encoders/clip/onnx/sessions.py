"""A graph at work: a session of onnxruntime on a device, and batches in parts on threads.

onnxruntime itself divides every operation among its threads, which meet after it, hundreds of times a batch. Where
other threads want the same cores, as those that decode the next pictures do, all wait at each meeting for the one that
was interrupted. So a session computes on the thread that calls it, and several threads call it, each with a part of
the batch.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar

import numpy as np

from ....errors import EncoderUnavailableError
from ....processors import allowed_processors, within_quota
from .devices import CPU, Device, find_device, not_usable, require_used
from .int8 import sums_probe

if TYPE_CHECKING:
    from numpy.typing import NDArray

Inputs = Mapping[str, "NDArray[Any]"]
_Result = TypeVar("_Result")

#: Rows of a part: enough that reading the weights does not count, few enough that its values stay in the cache.
_PART = 8

_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


class Session:
    """A serialised graph and its weights, on a device. ``device`` is where it computes.

    Raises
    ------
    EncoderUnavailableError
        onnxruntime does not load, or does not take the graph.
    DeviceUnavailableError
        The device is unknown, not in this onnxruntime, or not usable.
    """

    def __init__(self, graph: bytes, weights: Mapping[str, NDArray[Any]], device: str) -> None:
        onnxruntime = import_onnxruntime()
        self._device = find_device(device, onnxruntime.get_available_providers(), onnxruntime.__version__)
        # onnxruntime reads them where they are, for as long as the session lives.
        self._weights = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(values))
            for name, values in weights.items()
        }
        options = _options(onnxruntime, self._device)
        if any(values.dtype == np.int8 for values in weights.values()) and not adds_exactly(onnxruntime):
            options.add_session_config_entry("session.x64quantprecision", "1")  # exact, and half as fast
        options.add_external_initializers(list(self._weights), list(self._weights.values()))
        self._errors = _errors(onnxruntime)
        try:
            self._session = onnxruntime.InferenceSession(
                graph, options, providers=self._device.providers, enable_fallback=0
            )
        except self._errors as error:
            if self._device.is_cpu:
                raise EncoderUnavailableError(
                    f"onnxruntime {onnxruntime.__version__} does not take the graph ({_one_line(error)}): install it "
                    "again (pip install --force-reinstall onnxruntime)"
                ) from error
            raise not_usable(self._device, _one_line(error)) from error
        require_used(self._device, self._session.get_providers())
        self._parts = Parts(count_cores() if self._device.is_cpu else 1)

    @property
    def device(self) -> str:
        """Where it computes."""
        return self._device.name

    def run(self, count: int, inputs_of: Callable[[slice], Inputs]) -> NDArray[np.float32]:
        """Return the rows (N, D) of ``count`` pictures or texts, at least one; ``inputs_of`` gives those of a part.

        Raises
        ------
        EncoderUnavailableError
            The device fails, as where its memory is too small for the batch.
        """
        try:
            parts = self._parts.run(count, lambda part: self._session.run(None, dict(inputs_of(part)))[0])
        except self._errors as error:
            raise EncoderUnavailableError(
                f"onnxruntime fails on the device {self.device!r} ({_one_line(error)}): take smaller batches "
                "(--batch_size), or another device"
            ) from error
        return np.concatenate(parts)


class Parts:
    """Threads that compute parts of a batch; they start with the first batch that has more than one part."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool: Optional[ThreadPoolExecutor] = None
        self._starting = threading.Lock()

    def run(self, count: int, work: Callable[[slice], _Result]) -> list[_Result]:
        """Return the results of ``work`` for the parts of ``count`` rows, in order."""
        parts = count_parts(count, self._threads)
        if len(parts) == 1:
            return [work(parts[0])]
        with self._starting:
            self._pool = self._pool or ThreadPoolExecutor(self._threads, thread_name_prefix="embed")
        return list(self._pool.map(work, parts))


def count_parts(count: int, threads: int) -> list[slice]:
    """Return the parts of ``count`` rows, equal ones, as many for each of ``threads``; one part for one thread."""
    if threads == 1:
        return [slice(0, count)]
    rounds = max(1, round(count / (_PART * threads)))
    parts = min(count, rounds * threads)
    edges = [count * part // parts for part in range(parts + 1)]
    return [slice(start, end) for start, end in zip(edges, edges[1:])]


def count_cores() -> int:
    """Return the cores that this process may use, and its quota of time pays for.

    Those that run two threads count once where the system says so. ``OMP_NUM_THREADS``, by which people limit other
    libraries of this kind, limits this one too.
    """
    cores = within_quota(len({_siblings(number) for number in allowed_processors()}))
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(limit)) if re.fullmatch(r"[1-9][0-9]{0,3}", limit) else cores


def _siblings(number: int) -> str:
    """Return what the threads of one core have in common, or for an unknown one its number."""
    try:
        return Path(_SIBLINGS.format(number)).read_text(encoding="ascii")
    except (OSError, ValueError):
        return str(number)


def import_onnxruntime() -> Any:
    """Return the module onnxruntime; EncoderUnavailableError where it does not load."""
    # Read as the library is imported. Its releases report their use to their maker, and keep a number of this machine.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise EncoderUnavailableError(
            f"CLIP without PyTorch needs onnxruntime, which does not load here ({_one_line(error)}): install it again "
            "(pip install --force-reinstall onnxruntime)"
        ) from error
    return onnxruntime


def _options(onnxruntime: Any, device: Device) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if device.provider == "DmlExecutionProvider":
        options.enable_mem_pattern = False  # which it does not support
    return options


def adds_exactly(onnxruntime: Any) -> bool:
    """Return whether this processor adds products of eight bits without overflow."""
    graph, inputs, exact = sums_probe()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    (sums,) = onnxruntime.InferenceSession(graph, options, providers=[CPU]).run(None, inputs)
    return bool((sums == exact).all())


def _errors(onnxruntime: Any) -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises: classes of its own, which have no common one."""
    state = onnxruntime.capi.onnxruntime_pybind11_state
    own = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*own, RuntimeError, ValueError)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
