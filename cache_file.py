"""The file cache, as the README documents it: the same as ``image_tagging.FileCache``."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "src"))  # works where nothing is installed

from image_tagging.pipeline.file_cache import FileCache

__all__ = ["FileCache"]
