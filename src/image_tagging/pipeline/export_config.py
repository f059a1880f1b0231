"""The settings of an export. Nothing heavy is imported, since ``--help`` needs it."""

from __future__ import annotations

from typing import Optional

from ..errors import InputError
from ..settings import PLACES, setting, settings

#: The formats, by the names that the command line has for them.
FORMATS = ("txt", "xmp", "csv", "jsonl", "parquet", "imagefolder", "webdataset", "coco", "label-studio", "fiftyone")

#: Those of them that hold images: of a mountain most belong to no tag, and are no part of a data set by default.
DATA_SETS = FORMATS[5:]

#: What stands between tags of a caption file, by a word that no shell changes.
_SEPARATORS = {"comma": ", ", "newline": "\n", "space": " ", "semicolon": "; "}


def _probability(value: object) -> float:
    try:
        probability = float(str(value))
    except ValueError:
        probability = -1.0
    if 0 <= probability <= 1:
        return probability
    raise InputError(f"min_probability is {str(value)!r:.100}; it must be a number from 0 to 1.")


def _separator(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"separator is {value!r:.100}; give comma, newline, space, semicolon or a text.")
    return _SEPARATORS.get(value, value)


@settings
class ExportConfig:
    """Settings of :func:`export_results`."""

    format: str = setting(
        help=f"What to write: {', '.join(FORMATS)}.", metavar="FORMAT", choices=FORMATS, is_argument=True
    )
    output: str = setting(default="./output", help="The output folder whose results are exported.", is_path=True)
    to: Optional[str] = setting(
        default=None, help="Where files are written, in place of export/FORMAT in the output folder.", is_path=True
    )
    beside: bool = setting(default=False, help="Write each file next to its image (txt, xmp).")
    min_probability: Optional[float] = setting(
        default=None,
        help="Give pictures the tags from this probability on, instead of from the thresholds on.",
        metavar="NUMBER",
        check=_probability,
        is_text=True,
    )
    untagged: bool = setting(
        default=False, help=f"Take pictures without a tag too, which a data set leaves out ({', '.join(DATA_SETS)})."
    )
    hide_repeats: bool = setting(default=False, help="Leave out pictures that repeat another one, which is kept.")
    dry_run: bool = setting(default=False, help="Say how many files would be written, and write none.")
    replace: bool = setting(default=False, help="Replace files of others that have the names of those to write.")
    separator: str = setting(
        default="comma",
        help="What stands between tags (txt): comma, newline, space, semicolon, or a text.",
        metavar="TEXT",
        check=_separator,
        is_text=True,
    )
    prefix: Optional[str] = setting(default=None, help="The first tag of every file (txt).", metavar="TEXT")
    spaces: str = setting(
        default="keep",
        help="What spaces and underscores in tags become (txt).",
        choices=("keep", "space", "underscore"),
    )
    sidecar_name: str = setting(
        default="auto",
        help="How files are named: stem gives a.txt for a.png, full a.png.txt (txt: stem; xmp: full).",
        choices=("auto", "stem", "full"),
    )
    place: str = setting(
        default="copy",
        help="How images come into a data set (imagefolder, coco, label-studio, fiftyone); none leaves them out.",
        choices=PLACES,
    )
    by_tag: bool = setting(default=False, help="Write a folder for each tag, without probabilities (imagefolder).")
    shard_size: int = setting(default=1000, help="The images in one tar (webdataset).", least=1)
