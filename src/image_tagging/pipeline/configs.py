"""The settings of the use-cases, named like the flags of the command line.

This module imports nothing heavy, since ``--help`` needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from ..encoders import DEFAULT_MODEL, DEFAULT_PRETRAINED
from ..settings import (
    MAX_BINS,
    METADATA_FORMATS,
    PLACED,
    PLACES,
    PRECISIONS,
    PRIORS,
    RESULTS_FORMATS,
    TAG_LEVELS,
    ImageLimits,
    setting,
    settings,
)
from ..text import name_encoding


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


def _aim(value: Any) -> Any:
    """Return the aim of a threshold; raise InputError of anything else."""
    from ..training import parse_aim

    parse_aim(value if isinstance(value, str) else repr(value))
    return value


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
        default=None, help="Where to compute: cpu, cuda, cuda:1.  [default: cuda if there, else cpu]", metavar="NAME"
    )
    precision: str = setting(
        default="auto",
        help="The precision of CLIP; auto: the fastest with the results of fp32.",
        choices=PRECISIONS,
    )
    archive_encoding: Optional[str] = setting(
        default=None,
        help="The encoding of names in archives that do not say it: cp437, cp932, gbk, big5, cp949 or another.  "
        "[default: chosen for each archive]",
        metavar="NAME",
        check=name_encoding,
    )


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


@settings
class ProcessConfig(EmbeddingConfig):
    """Settings of :func:`process_dataset`."""

    input_folder: str = setting(
        help="The folder (one sub-folder per tag) or the archive (.zip, .tar, .tar.gz) to read.",
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
    clip_model: str = setting(
        default=DEFAULT_MODEL, help="A model of open_clip, or builtin, which needs no download.", metavar="NAME"
    )
    pretrained: str = setting(
        default=DEFAULT_PRETRAINED,
        help="A pretrained tag of open_clip, or a weights file.",
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
class TrainConfig:
    """Settings of :func:`train_tag_models`.

    With ``prior`` ``text`` the names of tags are used in training where the encoder reads text, and a tag without an
    image is learned from its name alone; ``pretrained`` says where its weights are, for an encoder whose weights are a
    local file.
    """

    metadata_json: str = setting(help="The metadata file of stage 1.", metavar="FILE", is_path=True)
    tag_to_hash_json: str = setting(help="The tag-to-hash file of stage 1.", metavar="FILE", is_path=True)
    output: str = _results_folder()
    test_per: float = setting(
        default=0.1,
        help="The share of the images held back for validation.",
        metavar="SHARE",
        least=0.0,
        most=0.9,
    )
    background: Sequence[str] = setting(
        default=(),
        help="Metadata of unlabelled images of the mountain (JSON or Parquet): what each tag is distinguished from, "
        "too. Probabilities and thresholds are then those of the mountain. May be given several times.",
        metavar="FILE",
        is_path=True,
        is_list=True,
    )
    threshold_for: str = setting(
        default="f1",
        help="The aim of each model's threshold: f1, balanced, precision=0.9 or recall=0.9 (any share).",
        metavar="AIM",
        check=_aim,
    )
    seed: int = setting(default=0, help="What random draws begin with.", least=0, most=(1 << 32) - 1, only_python=True)
    prior: str = setting(
        default="none",
        help="text: with CLIP, the name of a tag is used in training its models, where cross-validation finds that it "
        "helps; for tags of few images. A tag without an image is learned from its name alone.",
        choices=PRIORS,
    )
    pretrained: Optional[str] = setting(
        default=None,
        help="The weights file, for the prior text with an encoder whose weights are a local file.",
        metavar="FILE",
        may_be_path=True,
    )


@settings
class ClassifyConfig(EmbeddingConfig):
    """Settings of :func:`classify_images`.

    ``archives`` chooses the stage: ``False`` scores images in folders (stage 3), ``True`` those in archives (stage 4).
    ``pretrained`` says where the weights are, for an encoder whose weights are a local file; the encoder itself follows
    from the metadata and the models.
    """

    directory: str = setting(help="The folder of images, or one image.", metavar="PATH", is_path=True)
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
    results_format: str = setting(
        default="json",
        help="The format of the scores; csv: output.csv too, a row per image and a column per tag.",
        choices=RESULTS_FORMATS,
    )
    pretrained: Optional[str] = setting(
        default=None,
        help="The weights file, if the encoder of the tag models is a local one.",
        metavar="FILE",
        may_be_path=True,
    )
