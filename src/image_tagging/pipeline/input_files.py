"""The files of an output folder after one of its inputs was taken away or moved."""

from __future__ import annotations

import os

from ..addresses import ImageRef
from ..datasets import METADATA_ENDING, RECORDS_MARK
from ..exporters import (
    OUTPUT_CSV,
    OUTPUT_JSON,
    DatasetFiles,
    InputFiles,
    has_csv,
    has_results,
    remove_results,
    rewrite_results,
    take_out_images,
    write_csv,
)
from ..store import KnownInput, Role, WorkingStore
from ..tag_models import MODELS_FOLDER, list_folder
from ..writing import remove_below
from .configs import ClassifyConfig
from .embedding import named_by
from .examples import examples_among
from .places import stage_name
from .process import empty_tags
from .stage_results import earlier_results


def rewrite_files(store: WorkingStore, before: KnownInput) -> list[str]:
    """Write the files of the role that is chosen again, from what the store holds; return their paths.

    ``before`` is the input in it that was another. Files of a role without an image are removed.
    """
    if before.role == Role.TAGGED:
        return _tagged(store)
    if before.role == Role.UNTAGGED:
        return _untagged(store, before)
    if before.role == Role.MOUNTAIN or not has_results(_folder(store)):
        return []
    with earlier_results(store, before.role, _folder(store)) as earlier:
        examples = examples_among(store.pictures, _folder(store))
        of_archives = before.role == Role.ARCHIVE
        files = rewrite_results(_folder(store), store, earlier, examples, of_archives=of_archives)
    return [*files, *_rewrite_csv(_folder(store))]


def _rewrite_csv(folder: str) -> list[str]:
    """Write ``output.csv`` again, where there is one, from ``output.json`` and the cards of the models next to it."""
    if not has_csv(folder):
        return []
    if not os.path.exists(os.path.join(folder, OUTPUT_JSON)):
        remove_below(folder, "", OUTPUT_CSV)
        return []
    models = os.path.join(folder, MODELS_FOLDER)
    return [write_csv(folder, list_folder(models).models if os.path.isdir(models) else (), has_others=True)]


def empty_stage(store: WorkingStore, stage: ClassifyConfig) -> None:
    """Take all inputs out of a stage that a fresh run has no image for: out of its files, and out of the bins."""
    role = Role.ARCHIVE if stage.archives else Role.FOLDER
    store.inputs.choose(role)
    for before in store.inputs.of(role)[:1]:
        store.listing.forget(all_inputs=True)
        rewrite_files(store, before)
        if stage.place != "none":
            gone = map(ImageRef.of_key, store.placed.unlisted(stage_name(stage)))
            take_out_images(_folder(store), store.placed, gone)


def _folder(store: WorkingStore) -> str:
    return os.path.dirname(store.path)


def _tagged(store: WorkingStore) -> list[str]:
    """Write the metadata, in each format that is there, the table and the lists."""
    formats = [
        each
        for each in ("json", "parquet")
        if os.path.exists(os.path.join(_folder(store), f"input{METADATA_ENDING}.{each}"))
    ]
    encoder = named_by(store)
    if not formats or encoder is None:
        return []
    files = DatasetFiles.of(
        store.inputs.source, _folder(store), tagged=True, metadata_format="both" if formats[1:] else formats[0]
    )
    if not store.inputs.of(Role.TAGGED):
        remove_results(files.paths, files.marks)
        return []
    tags = store.pictures.count_tags()
    empty = empty_tags(store.inputs.folders(), tags)
    return list(files.write(store, encoder, digest=store.inputs.digest(), empty_tags=empty))


def _untagged(store: WorkingStore, before: KnownInput) -> list[str]:
    """Remove the metadata of the input, and write it again where the input is there by another path."""
    known = [file for file in store.sources.files_of(before.source) if METADATA_ENDING in file]
    paths = [os.path.join(_folder(store), *file.split("/")) for file in known]
    if not paths:
        return []
    remove_results(paths, [RECORDS_MARK] * len(paths))
    store.sources.forget(known)
    endings = sorted({os.path.splitext(path)[1].lstrip(".") for path in paths})
    files = DatasetFiles.of(
        store.inputs.source, _folder(store), tagged=False, metadata_format="both" if endings[1:] else endings[0]
    )
    left, encoder = store.inputs.of(Role.UNTAGGED), named_by(store)
    if not left:
        remove_results([files.table], files.marks[-3:])
        return []
    if encoder is None or all(each.number != before.number for each in left):
        files.write_table(store)
        return [files.table]
    written = InputFiles(files, store, store.inputs.source)
    paths = list(written.files.write(store, encoder, digest=store.inputs.digest()))
    written.remember(store.pictures.count()[1])
    return paths
