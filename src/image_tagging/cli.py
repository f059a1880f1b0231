"""The command line: parse, one call of the pipeline, one summary, an exit code."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

import io
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, Optional

import typer

#: The exit code of a command that was told to end, as shells have it for Ctrl-C.
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
    from .run_log import log_in

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
    with log_in(output_folder) as log:
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
    from .run_log import log_in

    config = pipeline.ClassifyConfig(**settings)
    with log_in(config.output) as log:
        with console.progress() as watch:
            summary = pipeline.classify_images(config, watch)
        console.show_classify(summary, log)


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


if __name__ == "__main__":
    from image_tagging.__main__ import main as run_and_answer_signals

    sys.exit(run_and_answer_signals())
