"""The flags of the command line: how their values are read, and what ``--help`` says of them."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

import os
from typing import Annotated, Any, Optional

import typer

#: What a bug report should name: these distributions decide what is decoded, computed and learned.
_REPORTED = ("Pillow", "numpy", "scikit-learn", "opencv-python-headless", "onnxruntime", "torch", "open_clip_torch")

#: As in ``encoders``, ``bins`` and ``prior_choice``, which ``--help`` must not import (a test compares them).
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
PLACES = ("copy", "hardlink", "symlink", "none")
METADATA_FORMATS = ("json", "parquet", "both")
PRIORS = ("none", "text")

_QUOTES = {"‘": "’", "“": "”", "'": "'", '"': '"'}


def path(value: str) -> str:
    """A path as it was meant: pages show typographic quotes around paths, and they get copied along."""
    if not value:
        raise typer.BadParameter("it is empty; give a path")
    if len(value) > 1 and _QUOTES.get(value[0]) == value[-1] and not os.path.exists(value):
        return value[1:-1]
    return value


def boolean(value: str) -> bool:
    """True or False, in any case; the documented flag takes it as a word."""
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if value.lower() not in known:
        raise typer.BadParameter(f"{value!r} is neither True nor False", param_hint="'--tagged-dataset'")
    return known[value.lower()]


def show_versions(context: typer.Context, wanted: bool) -> None:
    """Print the versions of the program (``context.obj``), Python, and the installed libraries, and end the command.

    The libraries are looked up and not imported: that takes no time, and names one that cannot be loaded, too.
    """
    if not wanted:
        return
    import platform
    from importlib.metadata import PackageNotFoundError, version

    typer.echo(f"image-tagging {context.obj}")
    typer.echo(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in _REPORTED:
        try:
            typer.echo(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    raise typer.Exit


def word(choices: tuple[str, ...], explained: str) -> Any:
    """A flag that takes one of a few words."""

    def parse(value: str) -> str:
        if value not in choices:
            raise typer.BadParameter(f"{value!r} is none of {', '.join(choices)}")
        return value

    return typer.Option(parser=parse, metavar="|".join(choices), help=explained)


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=show_versions, is_eager=True, help="Show the versions a bug report should name."
    ),
]
Threads = Annotated[
    int,
    typer.Option(min=1, metavar="NUMBER", help="Threads that read images and have them decoded ahead of the encoder."),
]
Batch = Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Images that the encoder takes at a time.")]
Device = Annotated[
    Optional[str],
    typer.Option(metavar="NAME", help="Where to compute: cpu, cuda, cuda:1.  [default: cuda if there, else cpu]"),
]
Models = Annotated[str, typer.Option(parser=path, metavar="PATH", help="A folder of .pkl tag models, or one of them.")]
Known = Annotated[
    Optional[str],
    typer.Option(parser=path, metavar="FILE", help="The metadata file of stage 1; what it lacks is computed."),
]
Bins = Annotated[
    int, typer.Option(min=1, max=1000, metavar="NUMBER", help="How many bins the scores of a model fall into.")
]
Precision = Annotated[str, word(PRECISIONS, "What CLIP computes in; auto: the fastest that gives what fp32 gives.")]
Retry = Annotated[
    bool, typer.Option("--retry-failures", help="Try images again that could not be decoded and have not changed.")
]
Place = Annotated[
    str,
    word(
        PLACES,
        "How images get into their bins; hardlink: no further room, same file system; symlink: not for images in zips; "
        "none: scores only.",
    ),
]
Results = Annotated[str, typer.Option(parser=path, metavar="FOLDER", help="Where results go; made if needed.")]
Weights = Annotated[
    Optional[str],
    typer.Option(help="The weights file, where the encoder of the tag models is a local one.", metavar="FILE"),
]
Megapixels = Annotated[
    float,
    typer.Option(
        min=0.001, metavar="NUMBER", help="Images of more millions of pixels are skipped, before memory is taken."
    ),
]
Seconds = Annotated[
    float, typer.Option(min=0.001, metavar="NUMBER", help="Seconds that one image may take, else it is skipped.")
]
Truncated = Annotated[
    bool, typer.Option("--use-truncated", help="Use images that are cut short as far as they go, else skipped.")
]
Input = Annotated[
    str, typer.Option(parser=path, metavar="PATH", help="The folder (one sub-folder per tag) or the .zip to read.")
]
Tagged = Annotated[
    str,
    typer.Option(metavar="True|False", help="Whether folders are tags; if not, results go to <output>/clip-cache."),
]
ClipModel = Annotated[
    str, typer.Option(metavar="NAME", help="A model of open_clip, or builtin, which needs no download.")
]
Pretrained = Annotated[str, typer.Option(metavar="NAME|FILE", help="A pretrained tag of open_clip, or a weights file.")]
MetadataFormat = Annotated[
    str, word(METADATA_FORMATS, "The form of the metadata file; parquet is small and quick for many images.")
]
Prior = Annotated[
    str,
    word(
        PRIORS,
        "text: with CLIP, the name of a tag has a say in its models, where cross-validation finds that it helps; for "
        "tags of few images. A tag without an image is learned from its name alone.",
    ),
]
PriorWeights = Annotated[
    Optional[str],
    typer.Option(
        help="The weights file, for the prior text with an encoder whose weights are a local file.", metavar="FILE"
    ),
]
