"""CLIP's plain vision transformers on onnxruntime, without PyTorch: ``OnnxImageTower`` and ``OnnxTextTower``.

:mod:`.vision` and :mod:`.texts` write the graph of a tower, from the blocks of :mod:`.transformer`, with weights that
:mod:`.weights` has checked. :mod:`.sessions` runs it on one of :mod:`.devices`. Nothing is approximated: the embeddings
mix with those of PyTorch in float32. :mod:`.int8` is another encoder, for those who ask for it.
"""

from .int8 import int8_problem as int8_problem
from .random_weights import random_tensors as random_tensors
from .towers import OnnxImageTower as OnnxImageTower
from .towers import OnnxTextTower as OnnxTextTower
from .weights import require_weights as require_weights
