"""A frozen, keyword-only class of settings, on every Python that is supported."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, TypeVar

from typing_extensions import dataclass_transform

Settings = TypeVar("Settings")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def settings(cls: type[Settings]) -> type[Settings]:
    """A frozen dataclass that takes keywords only (Python 3.9 has no such option: there it is not enforced)."""
    options: dict[str, Any] = {"kw_only": True} if sys.version_info >= (3, 10) else {}
    return dataclass(frozen=True, **options)(cls)
