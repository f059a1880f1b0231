"""The data set of the plain loop that ``clip_way.py`` measures, in a module that its workers can import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image


class Photos(torch.utils.data.Dataset):
    """The pictures of files, as open_clip's own transform gives them."""

    def __init__(self, files: list[Path], transform: Any) -> None:
        self.files = files
        self.transform = transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> Any:
        with Image.open(self.files[number]) as image:
            return self.transform(image.convert("RGB"))
