"""The settings of the use-cases, by the names of the flags of the command line.

This module loads nothing heavy: ``--help`` reads it.
"""

from __future__ import annotations

from typing import Optional

from ..encoders import DEFAULT_MODEL, DEFAULT_PRETRAINED
from ..errors import InputError
from ..settings import MAX_BINS, METADATA_FORMATS, PLACES, PRECISIONS, PRIORS, ImageLimits, setting, settings


@settings
class EmbeddingConfig(ImageLimits):
    """How images are embedded: what stages 1, 3 and 4 share."""

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
        default="auto", help="What CLIP computes in; auto: the fastest that gives what fp32 gives.", choices=PRECISIONS
    )
    retry_failures: bool = setting(
        default=False, help="Try images again that could not be decoded and have not changed."
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
        help="The folder (one sub-folder per tag) or the .zip to read.", metavar="PATH", is_path=True
    )
    output_folder: str = setting(
        default="./output", help="Where results go; made if needed.", metavar="FOLDER", is_path=True
    )
    tagged_dataset: bool = setting(
        default=True,
        help="Whether folders are tags; if not, results go to <output>/clip-cache.",
        metavar="True|False",
        is_word=True,
    )
    clip_model: str = setting(
        default=DEFAULT_MODEL, help="A model of open_clip, or builtin, which needs no download.", metavar="NAME"
    )
    pretrained: str = setting(
        default=DEFAULT_PRETRAINED, help="A pretrained tag of open_clip, or a weights file.", metavar="NAME|FILE"
    )
    metadata_format: str = setting(
        default="json",
        help="The form of the metadata file; parquet is small and quick for many images.",
        choices=METADATA_FORMATS,
    )


@settings
class TrainConfig:
    """Settings of :func:`train_tag_models`.

    With ``prior`` ``text`` the names of tags are used in training where the encoder reads text, and a tag without an
    image is learned from its name alone; ``pretrained`` says where its weights are, for an encoder whose weights are a
    local file.
    """

    metadata_json: str = setting(help="The metadata file of stage 1.", metavar="FILE", is_path=True)
    tag_to_hash_json: str = setting(help="The tag-to-hash file of stage 1.", metavar="FILE", is_path=True)
    output: str = setting(default="./output", help="Where results go; made if needed.", metavar="FOLDER", is_path=True)
    test_per: float = setting(
        default=0.1,
        help="The share of the images that is held back to measure on.",
        metavar="SHARE",
        least=0.0,
        most=0.9,
    )
    threshold_for: str = setting(
        default="balanced",
        help="What the threshold of a model is chosen for: balanced, f1, precision=0.9 or recall=0.9 (any share).",
        metavar="AIM",
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
    )

    def __post_init__(self) -> None:
        if not 0 <= self.test_per < 1:
            raise InputError(f"test_per is {self.test_per}; it is a share of the images: 0 or more, and less than 1.")


@settings
class ClassifyConfig(EmbeddingConfig):
    """Settings of :func:`classify_images`.

    ``archives`` decides between the two stages: without it images in folders are scored (stage 3), with it those in
    archives (stage 4). ``pretrained`` says where the weights are, for an encoder whose weights are a local file; the
    encoder itself follows from the metadata and the models.
    """

    directory: str = setting(help="The folder of images, or one image.", metavar="PATH", is_path=True)
    metadata_json: Optional[str] = setting(
        default=None, help="The metadata file of stage 1; what it lacks is computed.", metavar="FILE", is_path=True
    )
    output: str = setting(default="./output", help="Where results go; made if needed.", metavar="FOLDER", is_path=True)
    model: str = setting(
        default="./output/models", help="A folder of .pkl tag models, or one of them.", metavar="PATH", is_path=True
    )
    output_bins: int = setting(
        default=10, help="How many bins the scores of a model fall into.", metavar="NUMBER", least=1, most=MAX_BINS
    )
    archives: bool = False
    place: str = setting(
        default="copy",
        help="How images get into their bins; hardlink: no further room, same file system; symlink: not for images in "
        "zips; none: scores only.",
        choices=PLACES,
    )
    pretrained: Optional[str] = setting(
        default=None, help="The weights file, where the encoder of the tag models is a local one.", metavar="FILE"
    )

    def __post_init__(self) -> None:
        EmbeddingConfig.__post_init__(self)
        if not 1 <= self.output_bins <= MAX_BINS:
            raise InputError(f"output_bins is {self.output_bins}; it must lie between 1 and {MAX_BINS}.")
