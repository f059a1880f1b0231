"""The background of stage 2: unlabelled pictures of the mountain, for tags to be distinguished from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from ..datasets import Background, TaggedEmbeddings, read_background
from ..errors import TrainingError
from ..progress import Progress
from ..records import EncoderSpec
from ..text import counted

#: The background of ``sort`` in its output folder: the first where pyarrow is installed, else the second.
BACKGROUND_FILES = "background-metadata.parquet", "background-metadata.json"


def background_of(
    paths: Sequence[str], encoder: EncoderSpec, data: TaggedEmbeddings, watch: Progress, mountain: Optional[int] = None
) -> Optional[Background]:
    """Return the background that tags are distinguished from too, ``None`` where none is given.

    ``mountain`` is how many pictures the mountain has, where the files hold a sample of it.

    Raises
    ------
    TrainingError
        It holds no picture but images of the data set.
    """
    if not paths:
        return None
    watch("reading the background", 0, None)
    background = read_background(paths, encoder, data.hashes)
    if not len(background):
        raise TrainingError(
            f"the background ({', '.join(paths)}) holds no picture but {counted(background.read, 'example')}: nothing "
            "to distinguish tags from. Give the metadata of the mountain, or leave --background out."
        )
    return background if mountain is None else replace(background, read=mountain)
