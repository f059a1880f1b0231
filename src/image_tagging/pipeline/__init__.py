"""The use-cases, in the order in which a user meets them. Read this first.

:func:`process_dataset` (stage 1) finds images, adds their embeddings to the working store and writes the metadata.
:func:`train_tag_models` (stage 2) learns tag models from it. :func:`classify_images` (stages 3 and 4, which differ in
where images come from and in their table) embeds further images, scores them by all models and places them in bins.
:class:`FileCache` lists images by their content hash in a table for other programs.

Names are imported from their modules on first use: the command line needs only the configs.
"""

from __future__ import annotations

from .. import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .classify import classify_images
    from .configs import ClassifyConfig, EmbeddingConfig, ProcessConfig, TrainConfig
    from .file_cache import FileCache
    from .process import process_dataset
    from .summaries import ClassifySummary, EmbeddingSummary, ProcessSummary, TagAnswer, TrainSummary
    from .train import train_tag_models

__all__ = [
    "ClassifyConfig",
    "ClassifySummary",
    "EmbeddingConfig",
    "EmbeddingSummary",
    "FileCache",
    "ProcessConfig",
    "ProcessSummary",
    "TagAnswer",
    "TrainConfig",
    "TrainSummary",
    "classify_images",
    "process_dataset",
    "train_tag_models",
]

__getattr__ = lazy_names(
    __name__,
    classify="classify_images",
    configs="ClassifyConfig EmbeddingConfig ProcessConfig TrainConfig",
    file_cache="FileCache",
    process="process_dataset",
    summaries="ClassifySummary EmbeddingSummary ProcessSummary TagAnswer TrainSummary",
    train="train_tag_models",
)
