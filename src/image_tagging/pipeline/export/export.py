"""The use-case: results of an output folder in a form that other programs read."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass

from ...errors import InputError
from ...files import absolute, below
from ...interchange import ExportOptions, folder_format, sidecar_format
from ...progress import Progress, Say, no_progress, say_nothing
from ...records import Failure
from ...store import WorkingStore
from ...writing import make_folder, remove_leftovers
from ..collected_embeddings import require_output
from ..export_config import DATA_SETS, ExportConfig
from ..repeats import hidden_repeats
from .counts import Counts
from .folders import FolderExport
from .ledger import NEXT_TO_IMAGES, Ledger
from .names import MirrorNames
from .pictures import ResultPictures
from .planned import PlannedFiles
from .sidecars import SidecarExport

#: The folder of exports in an output folder.
EXPORT_FOLDER = "export"


@dataclass(frozen=True)
class ExportSummary:
    """What an export wrote, or would write (``is_dry``), below ``folder``, which is empty for files next to images.

    ``changed_tags`` are those that the format cannot hold as they are, ``failures`` images that could not be
    read, and are left out. ``is_data_set`` says that the format holds images.
    """

    format: str
    folder: str
    counts: Counts
    changed_tags: tuple[str, ...]
    is_dry: bool
    failures: tuple[Failure, ...] = ()
    is_data_set: bool = False


def export_results(config: ExportConfig, watch: Progress = no_progress, *, say: Say = say_nothing) -> ExportSummary:
    """Write the results of an output folder in the form of another program; return what was written.

    A second export writes the same bytes, replaces its own files alone, and removes those no longer wanted.

    Raises
    ------
    InputError
        It is no output folder, two images want one file, or an existing file cannot be merged.
    OutputError
        A file of others is in the way, or something cannot be written.
    VerdictsError
        The verdicts are damaged.
    """
    output = absolute(config.output)
    require_output(output)
    if config.beside and config.to is not None:
        raise InputError("give --beside or --to, not both: files go next to their images or into a folder.")
    folder = "" if config.beside else absolute(config.to or os.path.join(output, EXPORT_FOLDER, config.format))
    options = _options(config)
    form = sidecar_format(config.format, options)
    _require_possible(config, is_sidecar=form is not None)
    hidden = hidden_repeats(output, say) if config.hide_repeats else frozenset()  # it opens the store itself
    with WorkingStore(output) as store, closing(Ledger(output, _place(config.format, folder, output))) as ledger:
        pictures, names = ResultPictures(store, config.min_probability, hidden), MirrorNames(store)
        if form is None:
            tagged_only = config.format in DATA_SETS and not config.untagged
            job = FolderExport(folder, folder_format(config.format, options), names, ledger, tagged_only=tagged_only)
            return _export_folder(config, job, pictures, watch)
        sidecars = SidecarExport(folder, form, names, ledger)
        if config.dry_run:
            counts = sidecars.plan(pictures, watch, None, replace=config.replace)
        else:
            with closing(PlannedFiles()) as planned:
                counts = sidecars.plan(pictures, watch, planned, replace=config.replace)
                if folder:
                    remove_leftovers(make_folder(folder))
                sidecars.run(planned, watch)
        return ExportSummary(config.format, folder, counts, tuple(form.changed_tags(pictures.tags)), config.dry_run)


def _require_possible(config: ExportConfig, *, is_sidecar: bool) -> None:
    if config.beside and not is_sidecar:
        raise InputError(f"{config.format} has no file for each image, so none can go next to it: leave out --beside.")
    if config.untagged and config.format not in DATA_SETS:
        raise InputError(
            f"--untagged is about data sets, and {config.format} is none: tables have every picture, caption files and "
            "sidecars are written where there is something to say."
        )
    if config.by_tag and config.place == "none":
        raise InputError(
            "folders for tags hold images: leave out --by_tag, or place them by copy, hardlink or symlink."
        )


def _export_folder(config: ExportConfig, job: FolderExport, pictures: ResultPictures, watch: Progress) -> ExportSummary:
    counts = job.plan(pictures, watch, replace=config.replace, is_dry=config.dry_run)
    if not config.dry_run:
        remove_leftovers(make_folder(job.root))
        counts = job.write(pictures, watch)
    is_data_set = config.format in DATA_SETS
    return ExportSummary(config.format, job.root, counts, (), config.dry_run, tuple(job.failures), is_data_set)


def _options(config: ExportConfig) -> ExportOptions:
    name = "" if config.sidecar_name == "auto" else config.sidecar_name
    return ExportOptions(
        config.separator,
        config.prefix or "",
        config.spaces,
        name,
        config.place,
        config.by_tag,
        config.shard_size,
    )


def _place(form: str, folder: str, output: str) -> str:
    """Return what the ledger calls a place: a folder in the output folder by its name there, which may be moved."""
    if not folder:
        return f"{form}{NEXT_TO_IMAGES}"
    inside = os.path.relpath(folder, output) if below(folder).startswith(below(output)) else folder
    return f"{form}:{inside.replace(os.sep, '/')}"
