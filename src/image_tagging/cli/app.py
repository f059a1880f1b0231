"""The command line: parse the flags, call one use-case, show its summary, return an exit code."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

import inspect
import io
import os
import sys
import warnings
from typing import Annotated, Any, Callable, Optional

import typer

from ..pipeline import ClassifyConfig, ExportConfig, ListConfig, ProcessConfig, SortConfig, TrainConfig
from ..web import ReviewConfig
from . import duplicates_command, export_command, search_command, tag_commands
from .completion import join_words
from .doctor_command import doctor
from .flags import parameters, path
from .input_command import inputs
from .usage import Commands
from .verdict_commands import verdicts
from .versions import Version

#: The exit code of an interrupted command, as in shells after Ctrl-C.
INTERRUPTED = 130

app = typer.Typer(
    name="image-tagging",
    cls=Commands,
    help="Learn tags from folders of example images, then score and sort large collections of untagged ones.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={
        "help_option_names": ["--help", "-h"],
        # Every flag may be written with - or with _, as the documented commands do.
        "token_normalize_func": lambda token: token.replace("_", "-"),
    },
)

#: Of a system without shared memory; nothing here is shared between processes.
_SERIAL = ".*joblib will operate in serial mode"

_VERSION = inspect.Parameter("version", inspect.Parameter.KEYWORD_ONLY, annotation=Version, default=False)


@app.callback()
def _program(version: Version = False) -> None:
    """Take the options that stand before the command."""


def _add_stage(
    name: str,
    config: type[Any],
    work: Callable[[Any], None],
    helps: Optional[dict[str, str]] = None,
    **fixed: Any,
) -> None:
    """Add a command whose flags are the settings of a config, all but those that are ``fixed``."""

    def command(version: bool, **given: Any) -> None:
        from ..pipeline import at_hand
        from .console import say

        with at_hand(config(**given, **fixed), say) as here:
            work(here)

    flags = [*parameters(config, helps or {}), _VERSION]
    command.__signature__ = inspect.Signature(flags)  # type: ignore[attr-defined]  # what typer reads flags from
    command.__annotations__ = {flag.name: flag.annotation for flag in flags}
    app.command(name=name, help=work.__doc__)(command)


def _sort(config: SortConfig) -> None:
    """The whole job: learn tags from EXAMPLES, a folder per tag, and sort the images of MOUNTAIN by them."""
    from .. import pipeline
    from . import console, sort_summaries
    from .log import log_in

    pipeline.require_sortable(config)
    encoder = pipeline.choose_encoder(config)
    with log_in(config.output) as log:
        console.say(encoder.sentence)
        with warnings.catch_warnings(), pipeline.progress_bar(of_steps=True) as watch:
            warnings.filterwarnings("ignore", _SERIAL)
            summary = pipeline.sort_images(config, watch, encoder, say=console.say)
        sort_summaries.show_sort(summary, log)


def _process(config: ProcessConfig) -> None:
    """Stage 1: compute the metadata and the embedding of every image."""
    from .. import pipeline
    from . import console, summaries
    from .log import log_in

    _require(config.input_folder or config.manifest, "--input_folder or --manifest")
    encoder = pipeline.choose_encoder(config)  # a name that is misspelt makes no folder
    with log_in(config.output) as log:
        if encoder.is_news:
            console.say(encoder.sentence)
        with pipeline.progress_bar() as watch:
            summary = pipeline.process_dataset(config, watch, encoder=encoder, say=console.say)
        summaries.show_process(summary, log)


def _require(given: Optional[str], names: str) -> None:
    """Raise the error of wrong usage where a flag of several is missing."""
    if given is None:
        raise typer.BadParameter(f"there is nothing to read: give {names}")


def _list(config: ListConfig) -> None:
    """List everything at SOURCE in a manifest, a Parquet table that process and classify take in place of SOURCE."""
    from .. import pipeline
    from . import list_screen

    with pipeline.progress_bar() as watch:
        summary = pipeline.list_images(config, watch)
    list_screen.show_list(summary)


def _train(config: TrainConfig) -> None:
    """Stage 2: learn tag models of every tag."""
    from .. import pipeline
    from . import summaries

    with warnings.catch_warnings(), pipeline.progress_bar() as watch:
        warnings.filterwarnings("ignore", _SERIAL)
        summary = pipeline.train_tag_models(config, watch)
    summaries.show_train(summary)


def _classify(config: ClassifyConfig) -> None:
    """Stage 3: score the images of a folder by all tag models and place them in bins."""
    from .. import pipeline
    from . import console, summaries
    from .log import log_in

    _require(config.directory or config.manifest, "--directory or --manifest")
    with log_in(config.output) as log:
        with pipeline.progress_bar() as watch:
            summary = pipeline.classify_images(config, watch, say=console.say)
        summaries.show_classify(summary, log)


def _classify_zip(config: ClassifyConfig) -> None:
    """Stage 4: score the images inside archives, nested ones too, by all tag models and place them in bins."""
    _classify(config)


def _review(config: ReviewConfig) -> None:
    """Show the pictures of an output folder in the browser, to judge them by keyboard and learn again."""
    from ..web import serve_review
    from . import console

    serve_review(config, console.say)


_add_stage("sort", SortConfig, _sort)
_add_stage("process", ProcessConfig, _process)
_add_stage("train", TrainConfig, _train)
_add_stage("classify", ClassifyConfig, _classify, archives=False)
_add_stage(
    "classify-zip",
    ClassifyConfig,
    _classify_zip,
    {"directory": "An archive (.zip, .tar, .tar.gz), or a folder that holds archives."},
    archives=True,
)
_add_stage("list", ListConfig, _list)
_add_stage("review", ReviewConfig, _review)
_add_stage("export", ExportConfig, export_command.export)


app.command(cls=search_command.SearchCommand, context_settings=search_command.SETTINGS)(search_command.search)
app.command()(duplicates_command.duplicates)
app.command()(tag_commands.models)
app.command()(tag_commands.threshold)
app.command()(tag_commands.forget)


@app.command()
def demo(
    output: Annotated[
        str, typer.Option(parser=path, metavar="FOLDER", help="Where results go; created if needed.")
    ] = "./demo-output",
    version: Version = False,
) -> None:
    """Draw examples and a mountain of pictures, sort it by the embedded encoder, and say how right it is."""
    from .. import pipeline
    from ..demo import run_demo
    from ..files import absolute
    from . import console, sort_summaries
    from .log import log_in

    with log_in(output):
        with pipeline.progress_bar(of_steps=True) as watch:
            summary = run_demo(absolute(output), watch, say=console.say)
        sort_summaries.show_demo(summary)


app.command()(inputs)
app.command()(doctor)
app.add_typer(verdicts)


def main(arguments: Optional[list[str]] = None) -> int:
    """Run a command; return its exit code: 0 done, 1 nothing could be done, 2 wrong usage, 130 interrupted.

    The program runs it from ``__main__``, which also handles SIGTERM and SIGHUP.
    """
    from ..errors import ImageTaggingError

    try:
        _prepare_streams()
        join_words(os.environ)
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
    """Print that the command was interrupted, and return its exit code.

    This imports nothing, since an import may be what was interrupted.
    """
    if sys.stderr:  # none where it is closed, before the streams are prepared
        sys.stderr.write(
            "image-tagging: interrupted. What was done so far is kept; run the same command again to go on.\n"
        )
    return INTERRUPTED


def _prepare_streams() -> None:
    """Print names outside the terminal's encoding with escapes, and replace closed streams by the null device."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  for as long as the program runs
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
