"""Files by name in one folder, which may lie on this machine, on a shared disk or in a bucket.

:mod:`.base` is the protocol, :mod:`.local` a folder of the file system. What is written here is written whole, or not
at all, and the same content gives the same file.
"""

from __future__ import annotations

from .base import Storage
from .local import LocalStorage
from .open import storage_at

__all__ = ["LocalStorage", "Storage", "storage_at"]
