"""What every test module may use: the shared real data, and small pictures drawn on the spot."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; tests that need it skip, and say so, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the shared real data is not here: {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def published(shared_data: Path) -> Path:
    """What the original's authors published: images, metadata, models, and what they score."""
    return shared_data / "published"
