"""Building a model for a file of weights without drawing random ones first, which took most of that time.

torch is handed in, as in ``precision``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Callable, Optional

_Torch = Any


def undrawn(torch: _Torch) -> AbstractContextManager[Any]:
    """A context in which what is to be filled with random numbers on this thread is filled with NaN instead.

    For models whose every weight is then read from a file. Should one be left out after all, its NaN reach the
    embeddings, which are refused, where a random weight would only make them wrong.
    """
    init, tensor = torch.nn.init, torch.Tensor
    draws = {tensor.normal_, tensor.uniform_, init.normal_, init.uniform_, init.kaiming_uniform_, init.kaiming_normal_}

    class Undrawn(torch.overrides.TorchFunctionMode):  # type: ignore[misc]  # torch is handed in: Any
        def __torch_function__(
            self,
            function: Callable[..., Any],
            types: Sequence[type],
            args: Sequence[Any] = (),
            kwargs: Optional[dict[str, Any]] = None,
        ) -> Any:
            named = dict(kwargs or {})
            if function not in draws:
                return function(*args, **named)
            with torch.no_grad():  # the functions of torch.nn.init come with all their arguments by name
                return (args[0] if args else named["tensor"]).fill_(torch.nan)

    mode: AbstractContextManager[Any] = Undrawn()
    return mode
