"""What to do next: each command ends with a line to paste, or with what to look at."""

from __future__ import annotations

import os
from functools import partial
from importlib.util import find_spec

from ..datasets import HASH_TO_TAGS, TAG_TO_HASHES
from ..pipeline import ClassifySummary, ProcessSummary, TagAnswer, TrainSummary
from ..store import STORE_NAME
from ..text import command_line, tag_in_words

#: The page of the reports, below the output folder.
_PAGE = os.path.join("reports", "index.html")

#: What the extra ``review`` installs.
_OF_REVIEW = ("uvicorn", "starlette", "jinja2")

#: A tag that more than this share of all pictures gets is seldom right, where it was not distinguished from them.
_MUCH = 0.25


def after_process(summary: ProcessSummary) -> str:
    """Return the command after stage 1: learn the tags, or sort the untagged images by examples."""
    named = {os.path.basename(file): file for file in summary.files}
    lists = named.get(TAG_TO_HASHES)
    if not lists:
        return f"Next, with a folder of EXAMPLES: {command_line('sort', 'EXAMPLES', summary.source)}"
    metadata = next(file for file in summary.files if os.path.basename(file) not in {HASH_TO_TAGS, TAG_TO_HASHES})
    flags = ("--metadata_json", metadata, "--tag_to_hash_json", lists, "--output", os.path.dirname(lists))
    return f"Next: {command_line('train', *flags)}"


def after_train(summary: TrainSummary) -> str:
    """Return the command after stage 2: score the images of the mountain, or else those that were learned from."""
    if not summary.directory:
        flags = ("--directory", "FOLDER", "--model", summary.models, "--output", os.path.dirname(summary.models))
        return f"Next, with a FOLDER of images: {command_line('classify', *flags, '--placed', 'tagged')}"
    stage = "classify-zip" if summary.in_archives else "classify"
    flags = ("--directory", summary.directory, "--metadata_json", summary.metadata, "--model", summary.models)
    output = ("--output", os.path.dirname(summary.models), "--placed", "tagged")
    other = "" if summary.background else " (or another --directory)"
    return f"Next{other}: {command_line(stage, *flags, *output)}"


def after_classify(summary: ClassifySummary, page: str) -> str:
    """Return what to look at after stage 3 or 4: the folder of the best tag, and the page where it is not said yet.

    ``page`` is that of the whole job, which says it.
    """
    found = [answer for answer in summary.answers if answer.best and answer.tagged]
    reports = os.path.join(summary.folder, _PAGE)
    then = f"; {reports} shows how good the tags are" if not page and os.path.isfile(reports) else ""
    if not found:
        return f"Look at {reports}" if then else ""
    answer = max(found, key=partial(_promise, summary.embedding.pictures))
    folder = os.path.join(summary.folder, answer.best)
    how = "the best first" if summary.by_tag else "its highest bin"
    return f"Look at {folder} first ({tag_in_words(answer.tag)}, {how}){then}"


def to_review(folder: str) -> str:
    """Return the command that shows an output folder for correction; empty where its libraries are not installed."""
    if not all(map(find_spec, _OF_REVIEW)) or not os.path.isfile(os.path.join(folder, STORE_NAME)):
        return ""
    return f"To correct what was found, and learn from that: {command_line('review', folder)}"


def _promise(pictures: int, answer: TagAnswer) -> tuple[bool, bool, float, int]:
    """Order by how much a person is going to find: tags to distrust come last.

    So do those that are given to much of the images, where nothing says how many of them are right.
    """
    is_likely = answer.right is not None or answer.tagged <= _MUCH * pictures
    return not answer.warnings, is_likely, answer.tagged if answer.right is None else answer.right, answer.placed
