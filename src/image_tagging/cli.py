"""The command line: parse, one call of the pipeline, one summary, an exit code."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

import io
import os
import sys
from typing import Annotated, Any, Optional

import typer

from . import __version__
from .flags import (
    Batch,
    Bins,
    ClipModel,
    Device,
    Input,
    Known,
    Megapixels,
    MetadataFormat,
    Models,
    Place,
    Precision,
    Pretrained,
    Prior,
    PriorWeights,
    Results,
    Retry,
    Seconds,
    Tagged,
    Threads,
    Truncated,
    Version,
    Weights,
    boolean,
    path,
)

#: The exit code of a command that was told to end, as shells have it for Ctrl-C.
INTERRUPTED = 130

app = typer.Typer(
    name="image-tagging",
    help="Learn tags from folders of example images, then score and sort mountains of untagged ones.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={
        "help_option_names": ["--help", "-h"],
        "obj": __version__,  # for --version
        # Every flag may be written with - or with _, as the documented commands do.
        "token_normalize_func": lambda token: token.replace("_", "-"),
    },
)


@app.callback()
def program(version: Version = False) -> None:
    """Take the options that stand before the command."""


@app.command()
def process(
    input_folder: Input,
    output_folder: Results = "./output",
    tagged_dataset: Tagged = "True",
    clip_model: ClipModel = "ViT-B-32",
    pretrained: Pretrained = "openai",
    batch_size: Batch = 32,
    num_threads: Threads = 4,
    device: Device = None,
    precision: Precision = "auto",
    metadata_format: MetadataFormat = "json",
    max_megapixels: Megapixels = 180.0,
    image_seconds: Seconds = 60.0,
    use_truncated: Truncated = False,
    retry_failures: Retry = False,
) -> None:
    """Stage 1: compute the metadata and the embedding of every image."""
    given = {**locals(), "tagged_dataset": boolean(tagged_dataset)}
    from . import console, pipeline
    from .run_log import log_in

    config = pipeline.ProcessConfig(**given)
    with log_in(output_folder) as log:
        with console.progress() as watch:
            summary = pipeline.process_dataset(config, watch)
        console.show_process(summary, log)


@app.command()
def train(
    metadata_json: Annotated[str, typer.Option(parser=path, metavar="FILE", help="The metadata file of stage 1.")],
    tag_to_hash_json: Annotated[
        str, typer.Option(parser=path, metavar="FILE", help="The tag-to-hash file of stage 1.")
    ],
    output: Results = "./output",
    test_per: Annotated[
        float,
        typer.Option(
            min=0.0, max=0.9, metavar="SHARE", help="The share of the images that is held back to measure on."
        ),
    ] = 0.1,
    threshold_for: Annotated[
        str,
        typer.Option(
            metavar="AIM",
            help="What the threshold of a model is chosen for: balanced, f1, precision=0.9 or recall=0.9 (any share).",
        ),
    ] = "balanced",
    prior: Prior = "none",
    pretrained: PriorWeights = None,
) -> None:
    """Stage 2: learn two tag models for every tag."""
    from . import console, pipeline

    config = pipeline.TrainConfig(
        metadata_json=metadata_json,
        tag_to_hash_json=tag_to_hash_json,
        output=output,
        test_per=test_per,
        threshold_for=threshold_for,
        prior=prior,
        pretrained=pretrained,
    )
    with console.progress() as watch:
        summary = pipeline.train_tag_models(config, watch)
    console.show_train(summary)


def _add_classify(name: str, *, archives: bool, takes: str, does: str) -> None:
    """Stages 3 and 4 are one command over different sources."""

    @app.command(name=name, help=does)
    def classify(
        directory: Annotated[str, typer.Option(parser=path, metavar="PATH", help=takes)],
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
        max_megapixels: Megapixels = 180.0,
        image_seconds: Seconds = 60.0,
        use_truncated: Truncated = False,
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
    from .run_log import log_in

    config = pipeline.ClassifyConfig(**settings)
    with log_in(config.output) as log:
        with console.progress() as watch:
            summary = pipeline.classify_images(config, watch)
        console.show_classify(summary, log)


@app.command()
def models(
    model: Annotated[
        str,
        typer.Argument(parser=path, metavar="PATH", help="A folder of .pkl tag models, or one of them."),
    ] = "./output/models",
    tag: Annotated[
        Optional[str], typer.Option(metavar="NAME", help="Only the models of this tag, each explained in words.")
    ] = None,
) -> None:
    """Show the tag models of a folder: what they learned from, how well they do, what they go with."""
    from . import model_list, model_screen

    if tag is None and not os.path.isfile(model):
        model_screen.show_model_list(model_list.list_folder(model))
    else:
        model_screen.show_examined(model_list.examine(model, tag))


@app.command()
def demo(output: Results = "./demo-output") -> None:
    """Draw a small tagged data set, run stages 1 to 4 on it with the embedded encoder, and say where to look."""
    from . import console
    from .demo import run_demo
    from .run_log import log_in

    with log_in(output):
        with console.progress() as watch:
            summary = run_demo(os.path.abspath(output), watch)
        console.show_demo(summary)


def main(arguments: Optional[list[str]] = None) -> int:
    """Run a command; return its exit code: 0 done, 1 nothing could be done, 2 wrong usage, 130 interrupted.

    As a program it is run by ``__main__``, which also answers SIGTERM and SIGHUP.
    """
    from .errors import ImageTaggingError

    try:
        _prepare_streams()
        app(args=arguments, standalone_mode=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except ImageTaggingError as error:
        from .console import complain

        complain(str(error))
        code = 1
    except KeyboardInterrupt:
        code = INTERRUPTED
    return interrupted() if code == INTERRUPTED else code


def interrupted() -> int:
    """Say that the command was told to end; its exit code. Loads nothing: that may be what was interrupted."""
    sys.stderr.write("image-tagging: interrupted. What was done so far is kept; run the same command again to go on.\n")
    return INTERRUPTED


def _prepare_streams() -> None:
    """Let a name that the screen's encoding lacks be spelt with escapes, and a stream that was closed be nowhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  for as long as the program runs
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
