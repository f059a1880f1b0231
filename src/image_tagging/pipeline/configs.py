"""The settings of the use-cases, named like the flags of the command line.

This module imports nothing heavy, since ``--help`` needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Optional, Union

from ..encoders import DEFAULT_MODEL, DEFAULT_PRETRAINED, ComputeOptions
from ..errors import InputError
from ..settings import (
    ALL_SCORES,
    CLIP_BACKENDS,
    MAX_BINS,
    METADATA_FORMATS,
    PLACED,
    PLACES,
    PRECISIONS,
    RESULTS_FORMATS,
    TAG_LEVELS,
    TAGGED_SCORES,
    ImageLimits,
    same_setting,
    setting,
    settings,
)
from ..text import name_encoding, shortened
from .manifest_config import ManifestConfig
from .runner_config import RunnerConfig


def _results_folder(*former: str) -> Any:
    """Return the setting that each use-case has for the folder of its results, which ``former`` names stand for too."""
    return setting(
        default="./output", help="Where results go; created if needed.", metavar="FOLDER", is_path=True, former=former
    )


def _pattern(value: Any) -> Any:
    """Return a pattern of paths that means something; raise InputError of any other."""
    from ..sources import require_patterns

    require_patterns([value])
    return value


def _scores(value: Any) -> Union[str, float]:
    """Return which scores are written, a word or the least probability; raise InputError where it is neither."""
    if isinstance(value, str) and value in {ALL_SCORES, TAGGED_SCORES}:
        return value
    with suppress(ValueError, TypeError):
        if not isinstance(value, bool) and 0 <= float(value) <= 1:
            return float(value)
    raise InputError(
        f"scores is {shortened(repr(value), 100)}; it must be {ALL_SCORES}, {TAGGED_SCORES}, or a probability between "
        "0 and 1."
    )


@settings
class ComputeConfig(ImageLimits):
    """The settings of turning images into embeddings, wherever the images come from."""

    batch_size: int = setting(default=32, help="Images that the encoder takes at a time.", metavar="NUMBER", least=1)
    num_threads: int = setting(
        default=4,
        help="Threads that read images and have them decoded ahead of the encoder.",
        metavar="NUMBER",
        least=1,
    )
    device: Optional[str] = setting(
        default=None,
        help="Where to compute: cpu, cuda, cuda:1, mps, directml, coreml or openvino.  "
        "[default: a GPU that PyTorch knows, else the CPU]",
        metavar="NAME",
    )
    precision: str = setting(
        default="auto",
        help="The precision of CLIP; auto: the fastest with the results of fp32. int8 is another encoder.",
        choices=PRECISIONS,
    )
    clip_backend: str = setting(
        default="auto",
        help="What computes CLIP: PyTorch or onnxruntime; auto: PyTorch where it is installed and faster.",
        choices=CLIP_BACKENDS,
    )
    archive_encoding: Optional[str] = setting(
        default=None,
        help="The encoding of names in archives that do not say it: cp437, cp932, gbk, big5, cp949 or another.  "
        "[default: chosen for each archive]",
        metavar="NAME",
        check=name_encoding,
    )

    @property
    def only_listed(self) -> bool:
        """Whether an image that has changed since it was listed is a failure."""
        return False

    @property
    def compute(self) -> ComputeOptions:
        """How the encoder is to compute."""
        return ComputeOptions(self.device, self.precision, self.clip_backend)


@settings
class EmbeddingConfig(ComputeConfig):
    """The settings of embedding, which stages 1, 3 and 4 share."""

    retry_failures: bool = setting(default=False, help="Try unchanged images again that could not be decoded before.")
    follow_links: bool = setting(
        default=False,
        help="Follow links that lead out of the folder that is read; they are skipped otherwise, since the folder may "
        "be a stranger's.",
    )
    exclude: Sequence[str] = setting(
        default=(),
        help="Leave out what a pattern as in a .gitignore file matches below the input, in archives too: drafts/, "
        "*.gif. May be given several times.",
        metavar="PATTERN",
        is_list=True,
        check=_pattern,
    )
    archive_encoding: Optional[str] = same_setting(ComputeConfig, "archive_encoding", default=None)
    fresh: bool = setting(
        default=False,
        help="Start without the inputs that the output folder has from earlier runs, instead of adding to them.",
    )


@settings
class ProcessConfig(ManifestConfig, RunnerConfig, EmbeddingConfig):
    """Settings of :func:`process_dataset`."""

    input_folder: Optional[str] = setting(
        default=None,
        help="The folder (one sub-folder per tag), archive (.zip, .tar, .tar.gz, .parquet) or list of paths to read.",
        metavar="PATH",
        is_path=True,
    )
    output: str = _results_folder("output_folder")
    tagged_dataset: bool = setting(
        default=True,
        help="Whether folders are tags; if not, results go to <output>/clip-cache.",
        metavar="True|False",
        is_word=True,
    )
    tag_level: str = setting(
        default="parent",
        help="Which folder is the tag of an image; parent: the one that holds it; top: the first below the input.",
        choices=TAG_LEVELS,
    )
    clip_model: Optional[str] = setting(
        default=None,
        help="A model of open_clip, or builtin, which needs no download.  [default: the encoder that the output folder "
        f"has; in a new one {DEFAULT_MODEL}]",
        metavar="NAME",
    )
    pretrained: Optional[str] = setting(
        default=None,
        help=f"A pretrained tag of open_clip, or a weights file.  [default: {DEFAULT_PRETRAINED}]",
        metavar="NAME|FILE",
        may_be_path=True,
    )
    metadata_format: str = setting(
        default="json",
        help="The format of the metadata file; parquet is small and quick for many images.",
        choices=METADATA_FORMATS,
    )

    @property
    def output_folder(self) -> str:
        """The former name of ``output``, which scripts have."""
        return self.output


@settings
class ClassifyConfig(ManifestConfig, RunnerConfig, EmbeddingConfig):
    """Settings of :func:`classify_images`.

    ``archives`` chooses the stage: ``False`` scores images in folders (stage 3), ``True`` those in archives (stage 4).
    ``pretrained`` says where the weights are, for an encoder whose weights are a local file; the encoder itself follows
    from the metadata and the models.
    """

    directory: Optional[str] = setting(
        default=None, help="The folder of images, one image, or a list of paths.", metavar="PATH", is_path=True
    )
    metadata_json: Optional[str] = setting(
        default=None,
        help="The metadata file of stage 1; missing embeddings are computed.",
        metavar="FILE",
        is_path=True,
    )
    output: str = _results_folder()
    model: str = setting(
        default="./output/models", help="A folder of .pkl tag models, or one of them.", metavar="PATH", is_path=True
    )
    output_bins: int = setting(
        default=10, help="How many bins the scores of a model fall into.", metavar="NUMBER", least=1, most=MAX_BINS
    )
    archives: bool = setting(default=False, help="Whether to score the images in archives (stage 4).", only_python=True)
    place: str = setting(
        default="copy",
        help="How images get into their bins; hardlink: takes no space, same file system only; symlink: not for images "
        "in archives; none: scores only.",
        choices=PLACES,
    )
    placed: str = setting(
        default="all",
        help="Which images are placed in the bins of a tag; tagged: those whose probability reaches the threshold of "
        "the model, so that a large mountain is not copied once for each model.",
        choices=PLACED,
    )
    name_with_score: bool = setting(
        default=False,
        help="Whether images are placed in one folder per tag, by the one answer for the tag, with their scores in "
        "front of their names (best first) and without the examples; if not, in the bins of every model.",
        metavar="True|False",
        is_word=True,
    )
    results_format: str = setting(
        default="json",
        help="The format of the scores; csv: output.csv too, a row per image and a column per tag; parquet: "
        "output.parquet in place of output.json; both: these two; none: the table alone.",
        choices=RESULTS_FORMATS,
    )
    scores: Union[str, float] = setting(
        default=ALL_SCORES,
        help="Which scores are written: all; tagged: those that reach the threshold of the model; or those of at least "
        "a probability, such as 0.05.",
        metavar="all|tagged|NUMBER",
        is_text=True,
        check=_scores,
    )
    pretrained: Optional[str] = setting(
        default=None,
        help="The weights file, if the encoder of the tag models is a local one.",
        metavar="FILE",
        may_be_path=True,
    )
