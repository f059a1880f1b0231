"""The use-cases, in the order in which a user meets them. Read this first.

:func:`sort_images` is the whole job, by the use-cases that follow.

:func:`process_dataset` (stage 1) finds images, adds their embeddings to the working store and writes the metadata.
:func:`train_tag_models` (stage 2) learns tag models from it. :func:`classify_images` (stages 3 and 4, which differ in
where images come from and in their table) embeds further images, scores them by all models and places them in bins.
:class:`FileCache` lists images by their content hash in a table for other programs.

An output folder is a collection of inputs: :func:`list_inputs`, :func:`forget_input` and :func:`move_input`.

Names are imported from their modules on first use: the command line needs only the configs.
"""

from __future__ import annotations

from .. import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .classify import classify_images
    from .configs import ClassifyConfig, EmbeddingConfig, ProcessConfig, TrainConfig
    from .file_cache import FileCache
    from .inputs import ChangedInputs, OutputInput, forget_input, list_inputs, move_input
    from .process import process_dataset
    from .sort import require_sortable, sort_images
    from .sort_config import SortConfig
    from .sort_encoder import choose_encoder
    from .sort_training import LEAST_BACKGROUND
    from .summaries import (
        ClassifySummary,
        EmbeddingSummary,
        InputImages,
        ProcessSummary,
        SortSummary,
        TagAnswer,
        TrainSummary,
    )
    from .train import train_tag_models

__all__ = [
    "LEAST_BACKGROUND",
    "ChangedInputs",
    "ClassifyConfig",
    "ClassifySummary",
    "EmbeddingConfig",
    "EmbeddingSummary",
    "FileCache",
    "InputImages",
    "OutputInput",
    "ProcessConfig",
    "ProcessSummary",
    "SortConfig",
    "SortSummary",
    "TagAnswer",
    "TrainConfig",
    "TrainSummary",
    "choose_encoder",
    "classify_images",
    "forget_input",
    "list_inputs",
    "move_input",
    "process_dataset",
    "require_sortable",
    "sort_images",
    "train_tag_models",
]

__getattr__ = lazy_names(
    __name__,
    classify="classify_images",
    configs="ClassifyConfig EmbeddingConfig ProcessConfig TrainConfig",
    file_cache="FileCache",
    inputs="ChangedInputs OutputInput forget_input list_inputs move_input",
    process="process_dataset",
    sort="require_sortable sort_images",
    sort_config="SortConfig",
    sort_encoder="choose_encoder",
    sort_training="LEAST_BACKGROUND",
    summaries="ClassifySummary EmbeddingSummary InputImages ProcessSummary SortSummary TagAnswer TrainSummary",
    train="train_tag_models",
)
