"""The settings of the whole job in one command: its own, and those of the stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Optional, TypeVar, Union

from ..settings import same_setting, setting, settings
from .configs import ClassifyConfig, EmbeddingConfig, ProcessConfig
from .train_config import TrainConfig

Config = TypeVar("Config", ProcessConfig, TrainConfig, ClassifyConfig)

#: The encoder of ``sort`` unless another is named: CLIP where it is available, else the embedded one.
AUTO = "auto"


@settings
class SortConfig(EmbeddingConfig):
    """Settings of :func:`sort_images`; those of the stages mean what they mean there.

    ``pretrained`` without ``clip_model`` are the weights of the encoder that the output folder has, or of the default
    model of CLIP.
    """

    examples: str = setting(
        help="The examples: a folder with one sub-folder per tag, or an archive of one.",
        metavar="EXAMPLES",
        is_path=True,
        is_argument=True,
    )
    mountain: str = setting(
        help="The images to sort: a folder, an archive (.zip, .tar, .tar.gz), or one image.",
        metavar="MOUNTAIN",
        is_path=True,
        is_argument=True,
    )
    output: str = same_setting(ClassifyConfig, "output", default="./sorted")
    clip_model: str = setting(
        default=AUTO,
        help="auto: the encoder that the output folder has; in a new one the default of CLIP where that is available, "
        "else builtin. Or a model of open_clip, or builtin.",
        metavar="NAME",
    )
    pretrained: Optional[str] = setting(
        default=None,
        help="A pretrained tag of open_clip, or a weights file.  [default: openai]",
        metavar="NAME|FILE",
        may_be_path=True,
    )
    tag_level: str = same_setting(ProcessConfig, "tag_level", default=ProcessConfig.tag_level)
    metadata_format: str = same_setting(ProcessConfig, "metadata_format", default=ProcessConfig.metadata_format)
    test_per: Optional[float] = same_setting(TrainConfig, "test_per", default=TrainConfig.test_per)
    threshold_for: Union[str, Mapping[str, Union[str, float]]] = same_setting(
        TrainConfig, "threshold_for", default=TrainConfig.threshold_for
    )
    verdicts: Optional[str] = same_setting(TrainConfig, "verdicts", default=None)
    no_verdicts: bool = same_setting(TrainConfig, "no_verdicts", default=False)
    prior: str = same_setting(TrainConfig, "prior", default=TrainConfig.prior)
    output_bins: int = same_setting(ClassifyConfig, "output_bins", default=ClassifyConfig.output_bins)
    place: str = same_setting(ClassifyConfig, "place", default=ClassifyConfig.place)
    placed: str = same_setting(ClassifyConfig, "placed", default="tagged")
    name_with_score: bool = same_setting(ClassifyConfig, "name_with_score", default=True)
    results_format: str = same_setting(ClassifyConfig, "results_format", default=ClassifyConfig.results_format)
    scores: Union[str, float] = same_setting(ClassifyConfig, "scores", default=ClassifyConfig.scores)

    def of_stage(self, config: type[Config], **given: Any) -> Config:
        """Return the config of a stage with the settings that it shares with this one, and with those ``given``."""
        shared = {each.name for each in fields(config) if each.init} & {each.name for each in fields(self)}
        return config(**{**{name: getattr(self, name) for name in shared}, **given})

    @property
    def sources(self) -> Sequence[str]:
        """The two inputs."""
        return self.examples, self.mountain
