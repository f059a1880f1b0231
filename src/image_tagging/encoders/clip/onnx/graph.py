"""An ONNX graph, written node by node, and the weights that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from . import protobuf

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Versions that the oldest onnxruntime for Python 3.9 reads: 1.17. The second domain is of onnxruntime's own operators.
_OPSETS, _IR = {"": 17, "com.microsoft": 1}, 8

#: Sizes of an input or output; a name where a size may be any.
Shape = Sequence[Union[int, str]]

#: The dtype and shape of inputs or outputs by name.
Side = Mapping[str, "tuple[str, Shape]"]


class Graph:
    """Nodes in the order in which they compute. ``weights`` are the tensors to hand over with the graph, by name.

    They are initializers without values, or with ``weights_as_inputs`` inputs of the graph, for OpenVINO.
    """

    def __init__(self, *, weights_as_inputs: bool = False) -> None:
        self._weights_as_inputs = weights_as_inputs
        self.weights: dict[str, NDArray[Any]] = {}
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []
        self._domains = {""}

    def add(self, operator: str, *inputs: str, name: str = "", domain: str = "", **attributes: protobuf.Value) -> str:
        """Add a node, of a standard operator if no domain is given; return the name of its output."""
        self._domains.add(domain)
        name = name or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(protobuf.node(operator, inputs, name, domain, attributes))
        return name

    def constant(self, values: Any, dtype: type = np.int64) -> str:
        """Add a few values that lie in the graph; return their name."""
        name = f"constant_{len(self._tensors)}"
        self._tensors.append(protobuf.tensor(name, np.asarray(values, dtype=dtype)))
        return name

    def weight(self, name: str, values: NDArray[Any]) -> str:
        """Add a weight that is handed over when the graph is loaded; return the name of its values, float16 as float32.

        float16 is handed over as it is: onnxruntime converts it, and packs it at once, so that no copy of it stays.
        """
        self.weights[name] = values
        if not self._weights_as_inputs:
            self._tensors.append(protobuf.external_tensor(name, values))
        return self.add("Cast", name, to=protobuf.FLOAT) if values.dtype == np.float16 else name

    def model(self, inputs: Side, outputs: Side) -> bytes:
        """Return the graph as a serialised ModelProto."""
        if self._weights_as_inputs:
            inputs = {**inputs, **{name: (values.dtype.name, values.shape) for name, values in self.weights.items()}}
        sides = [[protobuf.value(name, *of) for name, of in side.items()] for side in (inputs, outputs)]
        opsets = {domain: version for domain, version in _OPSETS.items() if domain in self._domains}
        return protobuf.model(protobuf.graph(self._nodes, self._tensors, *sides), _IR, opsets)
