"""A graph at work on OpenVINO, which computes in 16 bits on CPUs that have them: AMX, or AVX512-BF16 where it pays.

OpenVINO (Intel, Apache-2.0) is not installed with the program. Its ONNX reader takes no weights from memory, so that
they are inputs of the graph that is read, and become constants of OpenVINO's model.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable

import numpy as np

from ....errors import DeviceUnavailableError, EncoderUnavailableError
from ..weights import one_line
from .sessions import Inputs, count_cores, count_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The device, and OpenVINO's names for the precisions.
OPENVINO, HINTS = "openvino", {"fp32": "f32", "bf16": "bf16"}

#: How often a graph is timed in each precision, and how much faster 16 bits must be.
_TIMES, _CLEARLY = 2, 1.2


class OpenVinoGraph:
    """A serialised graph whose weights are inputs, with these weights; :meth:`session` makes it ready to compute.

    Raises
    ------
    DeviceUnavailableError
        OpenVINO is not installed, or does not load.
    """

    device = OPENVINO

    def __init__(self, graph: bytes, weights: Mapping[str, NDArray[Any]]) -> None:
        self._openvino = _import()
        self._core = self._openvino.Core()
        self._model = self._core.read_model(graph)
        self._weights: list[NDArray[Any]] = []  # whose memory the constants share
        for parameter in self._model.get_parameters():
            values = weights.get(parameter.get_friendly_name())
            if values is not None:
                # It shares memory that may be written to alone: what is mapped from a file is copied.
                self._weights.append(np.require(values, requirements=["C", "W"]))
                constant = self._openvino.op.Constant(self._weights[-1], shared_memory=True)
                for target in parameter.output(0).get_target_inputs():
                    target.replace_source_output(constant.output(0))
                self._model.remove_parameter(parameter)

    @property
    def precisions(self) -> tuple[str, ...]:
        """The precisions that this CPU has instructions for, the one with fewer bits first."""
        return _precisions(self._core)

    def session(self, precision: str) -> OpenVinoSession:
        """Return the graph in a precision of ``HINTS``."""
        cores = count_cores()
        options = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "NUM_STREAMS": cores,
            "INFERENCE_NUM_THREADS": cores,
            "INFERENCE_PRECISION_HINT": HINTS[precision],
        }
        compiled = self._core.compile_model(self._model, "CPU", options)
        return OpenVinoSession(self._openvino.AsyncInferQueue(compiled, cores), cores)


class OpenVinoSession:
    """A graph that computes: parts of a batch at once, each on one core, as a session of onnxruntime here does."""

    def __init__(self, queue: Any, cores: int) -> None:
        self._queue, self._cores = queue, cores
        queue.set_callback(_keep)

    def run(self, count: int, inputs_of: Callable[[slice], Inputs]) -> NDArray[np.float32]:
        """Return the rows (N, D) of ``count`` pictures or texts, at least one; ``inputs_of`` gives those of a part.

        Raises
        ------
        EncoderUnavailableError
            OpenVINO fails.
        """
        parts = count_parts(count, self._cores)
        rows: dict[int, NDArray[np.float32]] = {}
        try:
            for number, part in enumerate(parts):
                self._queue.start_async(dict(inputs_of(part)), (rows, number))
            self._queue.wait_all()
        except RuntimeError as error:
            raise EncoderUnavailableError(f"OpenVINO fails ({one_line(error)}): take --device=cpu") from error
        return np.concatenate([rows[number] for number in range(len(parts))])

    def seconds(self, count: int, inputs_of: Callable[[slice], Inputs]) -> float:
        """Return the least of the seconds that a few runs take."""
        best = float("inf")
        for _ in range(_TIMES):
            started = time.perf_counter()
            self.run(count, inputs_of)
            best = min(best, time.perf_counter() - started)
        return best


def pays(half: OpenVinoSession, full: OpenVinoSession, count: int, inputs_of: Callable[[slice], Inputs]) -> bool:
    """Return whether a session in 16 bits is clearly faster than one in float32."""
    return half.seconds(count, inputs_of) * _CLEARLY < full.seconds(count, inputs_of)


def precisions_here() -> tuple[str, ...]:
    """Return the precisions that this CPU has instructions for; DeviceUnavailableError where OpenVINO does not load."""
    return _precisions(_import().Core())


def _precisions(core: Any) -> tuple[str, ...]:
    has_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ("bf16",) * has_bf16 + ("fp32",)


def _keep(request: Any, into: tuple[dict[int, NDArray[np.float32]], int]) -> None:
    """Copy the result of a part, whose memory is used again for the next."""
    rows, number = into
    rows[number] = np.array(request.get_output_tensor(0).data)


def _import() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise DeviceUnavailableError(
            f"the device 'openvino' was asked for and OpenVINO does not load here ({one_line(error, 120)}): take "
            "--device=cpu, or pip install 'image-tagging-tools[openvino]'"
        ) from error
    return openvino
