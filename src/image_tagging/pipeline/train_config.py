"""The settings of stage 2."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

from ..settings import PRIORS, setting, settings

#: The aim of thresholds where none is given.
DEFAULT_AIM = "f1"


def _aim(value: Any) -> Any:
    """Return the aim of all thresholds, or those of tags by name; raise InputError of anything else."""
    from ..training import as_aim, parse_aim

    if isinstance(value, Mapping):
        for aim in value.values():
            as_aim(aim)
    else:
        parse_aim(value if isinstance(value, str) else repr(value))
    return value


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
    verdicts: Optional[str] = setting(
        default=None,
        help="The verdicts of people on pictures, which count more than folders: a database of the review, or its "
        "exported JSON Lines.  [default: verdicts.db in the output folder, if there]",
        metavar="FILE",
        is_path=True,
    )
    no_verdicts: bool = setting(default=False, help="Leave the verdicts of the output folder out.")
    threshold_for: Union[str, Mapping[str, Union[str, float]]] = setting(
        default=DEFAULT_AIM,
        help="The aim of each model's threshold: f1, balanced, precision=0.9 or recall=0.9 (any share).",
        metavar="AIM",
        is_text=True,
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

    def __post_init__(self) -> None:
        if self.output is None:
            object.__setattr__(self, "output", os.path.dirname(self.metadata_json) or os.curdir)
