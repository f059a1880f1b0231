"""Stage 3, as the README documents it: the same as ``image-tagging classify``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))  # works from a bare checkout

if __name__ == "__main__":  # first, so that Ctrl-C is answered before the imports below, which take a while
    from image_tagging.__main__ import main

    sys.exit(main(["classify", *sys.argv[1:]]))

from image_tagging.cli.console import classify_main, list_models
from image_tagging.tag_models.names import generate_model_path

__all__ = ["classify_main", "generate_model_path", "list_models"]
