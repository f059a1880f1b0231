"""The command line: parse, one call of the pipeline, one summary, an exit code."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Optional

import typer

LOG_NAME = "image-tagging.log"

#: The exit code of a command that was stopped with Ctrl-C, as shells have it.
INTERRUPTED = 130

#: As in ``encoders`` and ``bins``, which ``--help`` must not import (a test compares them).
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
PLACES = ("copy", "hardlink", "symlink", "none")
METADATA_FORMATS = ("json", "parquet", "both")

_QUOTES = {"‘": "’", "“": "”", "'": "'", '"': '"'}

app = typer.Typer(
    name="image-tagging",
    help="Learn tags from folders of example images, then score and sort mountains of untagged ones.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    # Every flag may be written with - or with _, as the documented commands do.
    context_settings={"token_normalize_func": lambda token: token.replace("_", "-")},
)


def _path(value: str) -> str:
    """A path as it was meant: pages show typographic quotes around paths, and they get copied along."""
    if not value:
        raise typer.BadParameter("it is empty; give a path")
    if len(value) > 1 and _QUOTES.get(value[0]) == value[-1] and not os.path.exists(value):
        return value[1:-1]
    return value


def _boolean(value: str) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if value.lower() not in known:
        raise typer.BadParameter(f"{value!r} is neither True nor False", param_hint="'--tagged-dataset'")
    return known[value.lower()]


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise typer.BadParameter(f"{value!r} is none of {', '.join(choices)}")
        return value

    return parse


Threads = Annotated[
    int, typer.Option(min=1, metavar="NUMBER", help="Threads that read and decode images ahead of the encoder.")
]
Batch = Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Images that the encoder takes at a time.")]
Device = Annotated[
    Optional[str],
    typer.Option(metavar="NAME", help="Where to compute: cpu, cuda, cuda:1.  [default: cuda if there, else cpu]"),
]
Models = Annotated[str, typer.Option(parser=_path, metavar="PATH", help="A folder of .pkl tag models, or one of them.")]
Known = Annotated[
    Optional[str],
    typer.Option(parser=_path, metavar="FILE", help="The metadata file of stage 1; what it lacks is computed."),
]
Bins = Annotated[
    int, typer.Option(min=1, max=1000, metavar="NUMBER", help="How many bins the scores of a model fall into.")
]
Precision = Annotated[
    str,
    typer.Option(
        parser=_one_of(PRECISIONS),
        metavar="|".join(PRECISIONS),
        help="What CLIP computes in; auto: the fastest that gives what fp32 gives.",
    ),
]
Retry = Annotated[
    bool, typer.Option("--retry-failures", help="Try images again that could not be decoded and have not changed.")
]
Place = Annotated[
    str,
    typer.Option(
        parser=_one_of(PLACES),
        metavar="|".join(PLACES),
        help="How images get into their bins; hardlink: no further room, same file system; symlink: not for images in "
        "zips; none: scores only.",
    ),
]
Results = Annotated[str, typer.Option(parser=_path, metavar="FOLDER", help="Where results go; made if needed.")]
Weights = Annotated[
    Optional[str],
    typer.Option(help="The weights file, where the encoder of the tag models is a local one.", metavar="FILE"),
]


@app.command()
def process(
    input_folder: Annotated[
        str, typer.Option(parser=_path, metavar="PATH", help="The folder (one sub-folder per tag) or the .zip to read.")
    ],
    output_folder: Results = "./output",
    tagged_dataset: Annotated[
        str,
        typer.Option(metavar="True|False", help="Whether folders are tags; if not, results go to <output>/clip-cache."),
    ] = "True",
    clip_model: Annotated[
        str, typer.Option(metavar="NAME", help="A model of open_clip, or builtin, which needs no download.")
    ] = "ViT-B-32",
    pretrained: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="A pretrained tag of open_clip, or a weights file.")
    ] = "openai",
    batch_size: Batch = 32,
    num_threads: Threads = 4,
    device: Device = None,
    precision: Precision = "auto",
    metadata_format: Annotated[
        str,
        typer.Option(
            parser=_one_of(METADATA_FORMATS),
            metavar="|".join(METADATA_FORMATS),
            help="The form of the metadata file; parquet is small and quick for many images.",
        ),
    ] = "json",
    retry_failures: Retry = False,
) -> None:
    """Stage 1: compute the metadata and the embedding of every image."""
    tagged = _boolean(tagged_dataset)
    from . import console, pipeline

    config = pipeline.ProcessConfig(
        input_folder=input_folder,
        output_folder=output_folder,
        tagged_dataset=tagged,
        clip_model=clip_model,
        pretrained=pretrained,
        batch_size=batch_size,
        num_threads=num_threads,
        device=device,
        precision=precision,
        metadata_format=metadata_format,
        retry_failures=retry_failures,
    )
    with _log_in(output_folder) as log:
        with console.progress() as watch:
            summary = pipeline.process_dataset(config, watch)
        console.show_process(summary, log)


@app.command()
def train(
    metadata_json: Annotated[str, typer.Option(parser=_path, metavar="FILE", help="The metadata file of stage 1.")],
    tag_to_hash_json: Annotated[
        str, typer.Option(parser=_path, metavar="FILE", help="The tag-to-hash file of stage 1.")
    ],
    output: Results = "./output",
    test_per: Annotated[
        float,
        typer.Option(
            min=0.0, max=0.9, metavar="SHARE", help="The share of the images that is held back to measure on."
        ),
    ] = 0.1,
) -> None:
    """Stage 2: learn two tag models for every tag."""
    from . import console, pipeline

    config = pipeline.TrainConfig(
        metadata_json=metadata_json, tag_to_hash_json=tag_to_hash_json, output=output, test_per=test_per
    )
    with console.progress() as watch:
        summary = pipeline.train_tag_models(config, watch)
    console.show_train(summary)


def _add_classify(name: str, *, archives: bool, takes: str, does: str) -> None:
    """Stages 3 and 4 are one command over different sources."""

    @app.command(name=name, help=does)
    def classify(
        directory: Annotated[str, typer.Option(parser=_path, metavar="PATH", help=takes)],
        metadata_json: Known = None,
        output: Results = "./output",
        model: Models = "./output/models",
        output_bins: Bins = 10,
        place: Place = "copy",
        pretrained: Weights = None,
        batch_size: Batch = 32,
        num_threads: Threads = 4,
        device: Device = None,
        precision: Precision = "auto",
        retry_failures: Retry = False,
    ) -> None:
        _classify(**{**locals(), "archives": archives})


_add_classify(
    "classify",
    archives=False,
    takes="The folder of images, or one image.",
    does="Stage 3: score the images of a folder by all tag models and place them in bins.",
)
_add_classify(
    "classify-zip",
    archives=True,
    takes="A .zip, or a folder that holds zips.",
    does="Stage 4: score the images inside zips, nested ones included, by all tag models and place them in bins.",
)


def _classify(**settings: Any) -> None:
    from . import console, pipeline

    config = pipeline.ClassifyConfig(**settings)
    with _log_in(config.output) as log:
        with console.progress() as watch:
            summary = pipeline.classify_images(config, watch)
        console.show_classify(summary, log)


@app.command()
def demo(output: Results = "./demo-output") -> None:
    """Draw a small tagged data set, run stages 1 to 4 on it with the embedded encoder, and say where to look."""
    from . import console
    from .demo import run_demo

    with _log_in(output):
        with console.progress() as watch:
            summary = run_demo(os.path.abspath(output), watch)
        console.show_demo(summary)


@contextmanager
def _log_in(folder: str) -> Iterator[str]:
    """Write the log, and what libraries warn of, to a file in the output folder instead of the screen."""
    from .files import make_folder

    path = os.path.join(make_folder(folder), LOG_NAME)
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    loggers = [logging.getLogger("image_tagging"), logging.getLogger("py.warnings")]
    logging.captureWarnings(True)
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield path
    finally:
        logging.captureWarnings(False)
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
        handler.close()


def main(arguments: Optional[list[str]] = None) -> int:
    """Run a command; return its exit code: 0 done, 1 nothing could be done, 2 wrong usage, 130 interrupted."""
    from .errors import ImageTaggingError

    _show_any_name()
    try:
        app(args=arguments, standalone_mode=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except ImageTaggingError as error:
        _complain(str(error))
        code = 1
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:
        _complain("interrupted. What was done so far is kept; run the same command again to go on.")
    return code


def _complain(message: str) -> None:
    from .console import complain

    complain(message)


def _show_any_name() -> None:
    """Let a name that the screen's encoding does not have be spelt with escapes, instead of ending the run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
