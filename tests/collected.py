"""Two small inputs, and the stages that are run on them into one output folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from image_tagging import ClassifyConfig, ProcessConfig, classify_images, process_dataset
from image_tagging.progress import no_progress, say_nothing
from samples import png, written

PICTURES = {"a/cat/0.png": 0, "a/cat/1.png": 1, "a/dog/2.png": 2, "b/cat/2.png": 2, "b/cow/3.png": 3}


class Collected:
    """The folders ``a`` (three pictures of two tags) and ``b`` (two, one of them in ``a`` too), and their archives."""

    def __init__(self, folder: Path, models: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self._models = models
        for name, number in PICTURES.items():
            written(folder / name, png(number))
        for name in ("a", "b"):
            shutil.make_archive(str(folder / name), "zip", folder / name)

    def process(self, source, watch=no_progress, **settings):
        """Run stage 1."""
        settings = {"clip_model": "builtin", "output_folder": str(self.out), **settings}
        return process_dataset(ProcessConfig(input_folder=str(self.folder / source), **settings), watch)

    def classify(self, source, say=say_nothing, **settings):
        """Run stage 3 on a folder, stage 4 on an archive."""
        settings = {"output": str(self.out), "model": str(self._models), **settings}
        settings = {"archives": source.endswith(".zip"), **settings}
        return classify_images(ClassifyConfig(directory=str(self.folder / source), **settings), say=say)

    def files(self, out=None):
        """Every file of results with its bytes."""
        out = out or self.out
        return {
            str(path.relative_to(out)): path.read_bytes()
            for path in sorted(out.rglob("*"))
            if path.is_file() and not path.name.startswith("image-tagging.")
        }
