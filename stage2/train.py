"""Stage 2, as the README documents it: the same as ``image-tagging train``."""

import os
import sys

sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../src")))  # uninstalled

from image_tagging.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
