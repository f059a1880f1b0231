"""Learn tags from folders of example images, then score and sort mountains of untagged ones.

The public names are those of ``__all__``; each is imported from its module when it is first used, so that
``import image_tagging`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as in typing, whose import would take longer than all that comes before Ctrl-C is answered
if TYPE_CHECKING:
    from .console import classify_main, list_models
    from .encoders import Encoder, load_encoder
    from .errors import ImageTaggingError
    from .file_cache import FileCache
    from .pipeline import (
        ClassifyConfig,
        ProcessConfig,
        TrainConfig,
        classify_images,
        process_dataset,
        train_tag_models,
    )
    from .records import EncoderSpec, Failure, ImageRef
    from .summaries import ClassifySummary, ProcessSummary, TrainSummary
    from .tag_models import TagModel, TagModels, generate_model_path, load_tag_models

__version__ = "0.1.0"

_HOMES = {
    "ClassifyConfig": "pipeline",
    "ClassifySummary": "summaries",
    "Encoder": "encoders",
    "EncoderSpec": "records",
    "Failure": "records",
    "FileCache": "file_cache",
    "ImageRef": "records",
    "ImageTaggingError": "errors",
    "ProcessConfig": "pipeline",
    "ProcessSummary": "summaries",
    "TagModel": "tag_models",
    "TagModels": "tag_models",
    "TrainConfig": "pipeline",
    "TrainSummary": "summaries",
    "classify_images": "pipeline",
    "classify_main": "console",
    "generate_model_path": "tag_models",
    "list_models": "console",
    "load_encoder": "encoders",
    "load_tag_models": "tag_models",
    "process_dataset": "pipeline",
    "train_tag_models": "pipeline",
}

__all__ = [
    "ClassifyConfig",
    "ClassifySummary",
    "Encoder",
    "EncoderSpec",
    "Failure",
    "FileCache",
    "ImageRef",
    "ImageTaggingError",
    "ProcessConfig",
    "ProcessSummary",
    "TagModel",
    "TagModels",
    "TrainConfig",
    "TrainSummary",
    "classify_images",
    "classify_main",
    "generate_model_path",
    "list_models",
    "load_encoder",
    "load_tag_models",
    "process_dataset",
    "train_tag_models",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
