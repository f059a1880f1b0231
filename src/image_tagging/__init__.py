"""Learn tags from folders of example images, then score and sort mountains of untagged ones.

The public names are those of ``__all__``; each is imported from its module when it is first used, so that
``import image_tagging`` costs nothing. It imports no other module, not even ``__future__``: a command has not yet left
the current folder out of the search for modules (:mod:`.__main__`), and Ctrl-C is not yet answered.
"""

TYPE_CHECKING = False  # as in typing
if TYPE_CHECKING:
    from collections.abc import Callable

    from .addresses import ImageRef
    from .cli import classify_main, list_models
    from .encoders import Encoder, load_encoder
    from .errors import ImageTaggingError
    from .exporters import scores_frame
    from .pipeline import (
        ClassifyConfig,
        ClassifySummary,
        FileCache,
        ImageEmbeddings,
        ImageScores,
        ProcessConfig,
        ProcessSummary,
        SortConfig,
        SortSummary,
        TrainConfig,
        TrainSummary,
        classify_images,
        embed_images,
        export_verdicts,
        forget_input,
        forget_tag,
        import_verdicts,
        list_inputs,
        list_verdicts,
        move_input,
        process_dataset,
        score_images,
        set_threshold,
        sort_images,
        train_tag_models,
    )
    from .progress import Progress
    from .records import EncoderSpec, Failure
    from .tag_models import TagModel, TagModels, generate_model_path, load_tag_models

    __version__: str

__all__ = [
    "ClassifyConfig",
    "ClassifySummary",
    "Encoder",
    "EncoderSpec",
    "Failure",
    "FileCache",
    "ImageEmbeddings",
    "ImageRef",
    "ImageScores",
    "ImageTaggingError",
    "ProcessConfig",
    "ProcessSummary",
    "Progress",
    "SortConfig",
    "SortSummary",
    "TagModel",
    "TagModels",
    "TrainConfig",
    "TrainSummary",
    "classify_images",
    "classify_main",
    "embed_images",
    "export_verdicts",
    "forget_input",
    "forget_tag",
    "generate_model_path",
    "import_verdicts",
    "list_inputs",
    "list_models",
    "list_verdicts",
    "load_encoder",
    "load_tag_models",
    "move_input",
    "process_dataset",
    "score_images",
    "scores_frame",
    "set_threshold",
    "sort_images",
    "train_tag_models",
]


def lazy_names(package: str, **homes: str) -> "Callable[[str], object]":
    """Return the ``__getattr__`` of a package that imports a name from its module when it is first used.

    ``homes`` gives for each module of the package the names that it is the home of, parted by spaces.
    """
    module_of = {name: module for module, names in homes.items() for name in names.split()}

    def get(name: str) -> object:
        from importlib import import_module

        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f".{module_of[name]}", package), name)

    return get


_get = lazy_names(
    __name__,
    cli="classify_main list_models",
    encoders="Encoder load_encoder",
    errors="ImageTaggingError",
    exporters="scores_frame",
    pipeline="ClassifyConfig ClassifySummary FileCache ImageEmbeddings ImageScores ProcessConfig ProcessSummary "
    "SortConfig SortSummary TrainConfig TrainSummary classify_images embed_images export_verdicts forget_input "
    "forget_tag import_verdicts list_inputs list_verdicts move_input process_dataset score_images set_threshold "
    "sort_images train_tag_models",
    progress="Progress",
    addresses="ImageRef",
    records="EncoderSpec Failure",
    tag_models="TagModel TagModels generate_model_path load_tag_models",
)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from .pipeline.doctor.versions import program_version

        return program_version()
    return _get(name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
