"""Files that ``torch.save`` and TorchScript wrote, read without torch and without running anything of them.

:func:`read_state_dict` reads the zip that torch writes since 1.6 (:mod:`.archive`) and the format before it
(:mod:`.legacy`). Both have pickles in them, which :mod:`.pickles` reads without calling anything that the file names;
:mod:`.values` says what may be in them.
"""

from .state import read_state_dict
from .values import TorchFileError, in_step, widen_bfloat16

__all__ = ["TorchFileError", "in_step", "read_state_dict", "widen_bfloat16"]
