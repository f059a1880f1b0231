"""The file cache, as the README documents it: the same as ``image_tagging.FileCache``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))  # works from a bare checkout

from image_tagging.pipeline.file_cache import FileCache

__all__ = ["FileCache"]
