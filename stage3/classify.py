"""Stage 3, as the README documents it: the same as ``image-tagging classify``."""

import os
import sys

sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../src")))  # uninstalled

if __name__ == "__main__":  # first, so that Ctrl-C is answered before the imports below, which take a while
    from image_tagging.__main__ import main

    sys.exit(main(["classify", *sys.argv[1:]]))

from image_tagging.cli.console import classify_main, list_models
from image_tagging.tag_models.names import generate_model_path

__all__ = ["classify_main", "generate_model_path", "list_models"]
