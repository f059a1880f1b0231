"""Stage 1, as the README documents it: the same as ``image-tagging process``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))  # works from a bare checkout

from image_tagging.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["process", *sys.argv[1:]]))
