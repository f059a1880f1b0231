"""Put the three blocks of the embedded encoder together: both networks, and the projection of each block.

Usage: python -m distillation.project NETWORK CORPUS OUT [--seed 0]

``NETWORK`` is what ``distillation.export`` wrote, or an earlier ``OUT``, whose network is then used again; ``CORPUS``
is the ``train`` folder, ``OUT`` the .onnx to write. The package ships it, and ``products.onnx``, written next to it.

A projection keeps the directions in which a block varies most over the corpus, its principal components, and then
rotates them at random: every value then varies as much as the others, and a classifier that scales each value
separately does not amplify values that hardly vary.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto
from PIL import Image

from image_tagging.encoders.builtin import blocks
from image_tagging.encoders.builtin.classical import DIM
from image_tagging.encoders.builtin.encoder import prepared
from image_tagging.encoders.builtin.letterbox import LARGER_SIDE, SIDE

from .corpus import Corpus, load
from .efficientnet import INPUT as LARGER
from .efficientnet import Ranges, add_efficientnet, ranges_of
from .graph import INPUT, OUTPUT, Graph, leading_to
from .options import parser_of

Projection = tuple[NDArray[np.float32], NDArray[np.float32]]

#: What each block is projected from: nodes of the graph, and the input of the classical features.
_PROJECTED = {"own": "own_scaled", "classical": "features", "imagenet": "imagenet_scaled"}
_SHORTEST = 1e-6
_CALIBRATED = 512


def main() -> None:
    options = parser_of(__doc__, "network", "corpus", "out").parse_args()
    network = leading_to(onnx.load(options.network), OUTPUT)
    corpus = load(options.corpus)
    ranges = ranges_of(_some_pictures(corpus, options.seed))
    values = values_of(corpus, encoder_of(network, ranges, {}))
    projections = {
        name: projection(values[name], count, options.seed, standardised=name == "own")
        for name, count in blocks.BLOCKS.items()
    }
    onnx.save(encoder_of(network, ranges, projections), options.out)
    onnx.save(probe(), options.out.with_name("products.onnx"))
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


def _some_pictures(corpus: Corpus, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Yield some pictures of the corpus, stretched to the larger square."""
    for row in np.random.default_rng(seed).choice(len(corpus.images), _CALIBRATED, replace=False):
        yield prepared(Image.fromarray(corpus.images[row]))[LARGER]


def values_of(corpus: Corpus, encoder: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    """Return what each block is projected from, (n, d) by name, for every image of the corpus."""
    session = blocks.session_of(encoder.SerializeToString())

    def values(image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        inputs = prepared(Image.fromarray(image))
        squares = {name: inputs[name][np.newaxis] for name in (INPUT, LARGER)}
        own, imagenet = session.run([_PROJECTED["own"], _PROJECTED["imagenet"]], squares)
        return [own[0], inputs["features"], imagenet[0]]

    cv2.setNumThreads(1)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        columns = zip(*pool.map(values, corpus.images))
    return {name: np.stack(column) for name, column in zip(_PROJECTED, columns)}


def projection(block: NDArray[np.float32], count: int, seed: int, *, standardised: bool = False) -> Projection:
    """Return the mean (d,) of a block (n, d), and its randomly rotated principal components (d, count)."""
    mean = block.mean(axis=0)
    spread = block.std(axis=0) + 1e-3 if standardised else np.ones_like(mean)
    _, _, components = np.linalg.svd((block - mean) / spread, full_matrices=False)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(count, count)))
    return mean, (components[:count].T / spread[:, np.newaxis] @ turn).astype(np.float32)


def probe() -> onnx.ModelProto:
    """Return one layer in eight bits whose sum is 200, and less where two products overflow sixteen bits."""
    graph = Graph()
    weights = [graph.weight(np.full((64, 64, 1, 1), 127), np.int8), graph.weight(1.0), graph.weight(0, np.int8)]
    steps = [graph.weight(64 * 255 * 127 / 200), graph.weight(0, np.uint8)]
    values = ["values", graph.weight(1.0), graph.weight(0, np.uint8)]
    graph.add("QLinearConv", [*values, *weights, *steps], name="sums")
    shape = (TensorProto.UINT8, [1, 64, 8, 8])
    return graph.model({"values": shape}, {"sums": shape})


def encoder_of(network: onnx.GraphProto, ranges: Ranges, projections: dict[str, Projection]) -> onnx.ModelProto:
    """Return the graph whose outputs are the projected blocks; without projections, what would be projected.

    The values of both networks are 0 or more, and enter by their square roots. Those of EfficientNet-Lite0 are then
    centred and brought to length 1, picture by picture.
    """
    graph = Graph("blocks_", network)
    graph.add("Sqrt", [OUTPUT], name=_PROJECTED["own"])
    root = graph.add("Sqrt", [add_efficientnet(graph, ranges)])
    centred = graph.add("Sub", [root, graph.add("ReduceMean", [root], axes=[1])])
    length = graph.add("Max", [graph.add("ReduceL2", [centred], axes=[1]), graph.weight(_SHORTEST)])
    graph.add("Div", [centred, length], name=_PROJECTED["imagenet"])
    for name, (mean, matrix) in projections.items():
        graph.projection(_PROJECTED[name], mean, matrix, name=name)
    inputs = {
        INPUT: (TensorProto.UINT8, ["N", SIDE, SIDE, 3]),
        LARGER: (TensorProto.UINT8, ["N", LARGER_SIDE, LARGER_SIDE, 3]),
        **({"features": (TensorProto.FLOAT, ["N", DIM])} if projections else {}),
    }
    names = projections or (_PROJECTED["own"], _PROJECTED["imagenet"])
    return graph.model(inputs, {name: (TensorProto.FLOAT, ["N", None]) for name in names})


if __name__ == "__main__":
    main()
