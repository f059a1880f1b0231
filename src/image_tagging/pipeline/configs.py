"""The settings of the use-cases, named like the flags of the command line.

This module imports nothing heavy, since ``--help`` needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

from ..encoders import DEFAULT_MODEL, DEFAULT_PRETRAINED
from ..errors import InputError
from ..settings import (
    MAX_BINS,
    METADATA_FORMATS,
    PLACED,
    PLACES,
    PRECISIONS,
    PRIORS,
    TAG_LEVELS,
    ImageLimits,
    setting,
    settings,
)
from ..text import name_encoding

#: The aim of thresholds where none is given.
DEFAULT_AIM = "f1"


def _results_folder() -> Any:
    """Return the setting that each use-case has for the folder of its results."""
    return setting(default="./output", help="Where results go; created if needed.", metavar="FOLDER", is_path=True)


def _pattern(value: Any) -> Any:
    """Return a pattern of paths that means something; raise InputError of any other."""
    from ..sources import require_patterns

    require_patterns([value])
    return value


@settings
class EmbeddingConfig(ImageLimits):
    """The settings of embedding, which stages 1, 3 and 4 share."""

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
    archive_encoding: Optional[str] = setting(
        default=None,
        help="The encoding of names in archives that do not say it: cp437, cp932, gbk, big5, cp949 or another.  "
        "[default: chosen for each archive]",
        metavar="NAME",
        check=name_encoding,
    )

    fresh: bool = setting(
        default=False,
        help="Start without the inputs that the output folder has from earlier runs, instead of adding to them.",
    )

    def __post_init__(self) -> None:
        ImageLimits.__post_init__(self)
        for name in ("batch_size", "num_threads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 1 or more.")


@settings
class ProcessConfig(EmbeddingConfig):
    """Settings of :func:`process_dataset`."""

    input_folder: str = setting(
        help="The folder (one sub-folder per tag) or the archive (.zip, .tar, .tar.gz) to read.",
        metavar="PATH",
        is_path=True,
    )
    output_folder: str = _results_folder()
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


@settings
class TrainConfig:
    """Settings of :func:`train_tag_models`.

    ``output`` is the folder of ``metadata_json`` where it is not given. ``threshold_for`` may be a mapping, from a tag
    to its aim or its threshold; tags that it does not name have the default aim.

    With ``prior`` ``text`` the names of tags are used in training where the encoder reads text, and a tag without an
    image is learned from its name alone; ``pretrained`` says where its weights are, for an encoder whose weights are a
    local file. ``test_per`` ``None`` holds back a tenth, and nothing of a tag of fewer than 30 images, whose average
    precision is measured out of fold like any other's.
    """

    metadata_json: str = setting(help="The metadata file of stage 1.", metavar="FILE", is_path=True)
    tag_to_hash_json: str = setting(help="The tag-to-hash file of stage 1.", metavar="FILE", is_path=True)
    output: str = setting(
        default=None,
        help="Where results go; created if needed.  [default: the folder of the metadata]",
        metavar="FOLDER",
        is_path=True,
    )
    test_per: Optional[float] = setting(
        default=None,
        help="The share of the images held back for validation, for tags of any size.  [default: 0.1, and nothing of a "
        "tag of fewer than 30 images]",
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
    threshold_for: Union[str, Mapping[str, Union[str, float]]] = setting(
        default=DEFAULT_AIM,
        help="The aim of each model's threshold: f1, balanced, precision=0.9 or recall=0.9 (any share).",
        metavar="AIM",
        is_text=True,
    )
    seed: int = 0
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

    def __post_init__(self) -> None:
        if self.test_per is not None and not 0 <= self.test_per < 1:
            raise InputError(f"test_per is {self.test_per}; it is a share of the images, from 0 to less than 1.")


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
    archives: bool = False
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
    pretrained: Optional[str] = setting(
        default=None,
        help="The weights file, if the encoder of the tag models is a local one.",
        metavar="FILE",
        may_be_path=True,
    )

    def __post_init__(self) -> None:
        EmbeddingConfig.__post_init__(self)
        if not 1 <= self.output_bins <= MAX_BINS:
            raise InputError(f"output_bins is {self.output_bins}; it must lie between 1 and {MAX_BINS}.")
        if self.placed not in PLACED:
            raise InputError(f"placed is {self.placed!r}; it must be one of {', '.join(PLACED)}.")
