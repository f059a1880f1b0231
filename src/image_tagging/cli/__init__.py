"""The command line: it reads flags, makes one call of a use-case, and shows what was done.

Names are imported from their modules when they are first used, so that ``--help`` loads nothing heavy.
"""

from __future__ import annotations

from .. import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .app import interrupted, main
    from .console import classify_main, list_models

__all__ = ["classify_main", "interrupted", "list_models", "main"]

__getattr__ = lazy_names(__name__, app="interrupted main", console="classify_main list_models")
