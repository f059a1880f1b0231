"""The commands on the tags of an output folder: which there are, the threshold of one, and its end."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

import os
from glob import escape, glob
from typing import Annotated, Optional

import typer

from .completion import among, tags_in, tags_of_argument
from .flags import path
from .versions import Version

_Tag = Annotated[
    str, typer.Argument(metavar="TAG", help="The tag.", show_default=False, autocompletion=tags_in("output"))
]
_Output = Annotated[
    str, typer.Option(parser=path, metavar="FOLDER", help="The output folder that holds the models of the tag.")
]


def models(
    model: Annotated[
        str,
        typer.Argument(
            parser=path, metavar="PATH", help="A folder of .pkl tag models, one of them, or the output folder of a run."
        ),
    ] = "./output/models",
    tag: Annotated[
        Optional[str],
        typer.Option(
            metavar="NAME",
            help="Only the models of this tag, each explained in words.",
            autocompletion=tags_of_argument("model"),
        ),
    ] = None,
    version: Version = False,
) -> None:
    """Show the tag models of a folder: their training images, their validation, their encoder."""
    from ..tag_models import MODELS_FOLDER, examine, list_folder
    from . import model_screen

    if os.path.isdir(inner := os.path.join(model, MODELS_FOLDER)) and not glob(os.path.join(escape(model), "*.pkl")):
        model = inner  # the output folder was named, as for other commands
    if tag is None and not os.path.isfile(model):
        model_screen.show_model_list(list_folder(model))
    else:
        model_screen.show_examined(examine(model, tag))


def threshold(
    tag: _Tag,
    threshold: Annotated[
        str,
        typer.Argument(
            metavar="THRESHOLD",
            help="From which probability up an image has the tag: a number from 0 to 1, or an aim: f1, balanced, "
            "precision=0.9 or recall=0.9 (any share). auto: as training chooses it.",
            show_default=False,
            autocompletion=among(lambda _: ("auto", "f1", "balanced", "precision=", "recall=")),
        ),
    ],
    output: _Output = "./output",
    version: Version = False,
) -> None:
    """Set the threshold of a tag, which the next training keeps; auto gives the choice back to it."""
    from ..pipeline import set_threshold
    from .tag_screen import show_threshold

    show_threshold(set_threshold(tag, threshold, output))


def forget(tag: _Tag, output: _Output = "./output", version: Version = False) -> None:
    """Take a tag away: its models, their cards and reports, and the images that were placed for it."""
    from ..pipeline import forget_tag
    from .tag_screen import show_forgotten

    show_forgotten(forget_tag(tag, output))
