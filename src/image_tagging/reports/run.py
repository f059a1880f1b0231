"""What a training learned, of all tags: ``reports.json`` for programs, and the page of it for people."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from typing import Any, Optional

from ..datasets import Advice, Background, NotedImages, TaggedEmbeddings
from ..records import EncoderSpec, ImportedEmbedding
from ..text import encodable, short_path, shortened
from ..training import Aim, LearnedModel, TagIndex
from ..writing import new_text, require_ours
from .page.content import pictures_of
from .page.page import PAGE_MARK, PAGE_NAME, write_report_page
from .thumbnails import ShownImage, draw_thumbnails

REPORTS_JSON = "reports.json"
_FORMAT = 1

#: What the file holds near its beginning.
REPORTS_MARK = re.compile(rb'"program": "image-tagging-tools"')

#: Characters of a path, as long as systems have them, and of the name of a file or a tag; and the tags of an example.
#: A stranger's metadata may hold longer ones, and each is written once for every model.
_LONGEST_NAME, _MOST_TAGS = 255, 20

_SORTS = ("hits", "misses", "label_errors")


def require_reports_ours(folder: str) -> None:
    """Raise OutputError, before any work, where a file in ``folder`` has the name of a report and is not ours."""
    require_ours(os.path.join(folder, REPORTS_JSON), REPORTS_MARK)
    require_ours(os.path.join(folder, PAGE_NAME), PAGE_MARK)


class RunReport:
    """The models of a run, gathered while they are learned, and written when all are."""

    def __init__(
        self,
        data: TaggedEmbeddings,
        encoder: EncoderSpec,
        *,
        seed: int,
        aim: Aim,
        background: Optional[Background] = None,
    ) -> None:
        self._data = data
        self._background = background
        self._encoder = encoder
        self._seed = seed
        self._aim = aim
        self._models: list[LearnedModel] = []

    def add(self, model: LearnedModel) -> None:
        """Take one model: its entry in ``reports.json``, and the images that are shown of it."""
        self._models.append(replace(model, estimator=None))

    def write(
        self,
        folder: str,
        images: NotedImages,
        advice: Sequence[Advice],
        skipped: Sequence[tuple[str, str]],
    ) -> tuple[str, str]:
        """Write both files; return the paths of ``reports.json`` and of the page.

        ``images`` are those of the metadata: the paths and addresses of what is shown are in there.

        Raises
        ------
        OutputError
            A file cannot be written.
        """
        paths, images_shown = self._images_shown(images, advice)
        run = self._run(paths, advice, skipped)
        file = os.path.join(folder, REPORTS_JSON)
        with new_text(file, REPORTS_MARK) as out:
            json.dump(run, out, ensure_ascii=False, indent=1, allow_nan=False)
            out.write("\n")
        shown = {path: images_shown[path] for path in pictures_of(run) if path in images_shown}
        return file, write_report_page(folder, run, draw_thumbnails(shown))

    def _rows_shown(self, advice: Sequence[Advice]) -> Iterator[int]:
        """Yield the rows that are shown; some more than once."""
        for each in advice:
            yield from each.rows
        for sort in _SORTS:
            for model in self._models:
                yield from (row for row, _ in model.examples[sort])

    def _mountain_shown(self) -> dict[int, ImportedEmbedding]:
        """Return the pictures of the background that are shown, by their rows in it."""
        if self._background is None:
            return {}
        shown = (row for model in self._models for rows in model.on_mountain.values() for row, _ in rows)
        return {row: self._background.pictures[row] for row in shown}

    def _images_shown(
        self, images: NotedImages, advice: Sequence[Advice]
    ) -> tuple[dict[int, str], dict[str, ShownImage]]:
        """Return the path of each row that is shown, and the image of each path that is that of one image alone."""
        paths: dict[int, str] = {}
        shown: dict[str, Optional[ShownImage]] = {}
        for row, image in images.find(self._rows_shown(advice)).items():
            paths[row] = path = _path_of(image)
            shown[path] = None if path in shown else ShownImage.of(image)
        for image in self._mountain_shown().values():
            path = _path_of(image)
            shown[path] = None if path in shown else ShownImage.of(image)
        return paths, {path: image for path, image in shown.items() if image}

    def _run(
        self, paths: Mapping[int, str], advice: Sequence[Advice], skipped: Sequence[tuple[str, str]]
    ) -> dict[str, Any]:
        labelled = {tag: self._data.labelled(tag) for tag in self._data.tags}
        tag_index = TagIndex({**self._data.rows, **labelled})
        on_mountain = {row: _path_of(picture) for row, picture in self._mountain_shown().items()}
        tags_of = {row: tag_index.of(row) for row in paths}  # once: many models may show one image of many tags
        return {
            "program": "image-tagging-tools",
            "version": _FORMAT,
            "encoder": asdict(self._encoder),
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "images": len(self._data.embeddings),
            "seed": self._seed,
            "threshold_for": str(self._aim),
            "mountain": self._background and {"pictures": len(self._background), "read": self._background.read},
            "advice": [
                {
                    "code": each.code,
                    "tags": list(each.tags),
                    "images": [paths[row] for row in each.rows if row in paths],
                    "sentence": each.sentence,
                }
                for each in advice
            ],
            "skipped": [{"tag": tag, "reason": reason} for tag, reason in skipped],
            "models": [
                {
                    **model.entry,
                    "confused_with": [{**each, "tag": _short(each["tag"])} for each in model.entry["confused_with"]],
                    **{sort: _shown(model.examples[sort], model.entry["tag"], paths, tags_of) for sort in _SORTS},
                    "mountain": _mountain_of(model, on_mountain),
                }
                for model in self._models
            ],
        }


def _mountain_of(model: LearnedModel, paths: Mapping[int, str]) -> Optional[dict[str, Any]]:
    """Return what is known of a model on the mountain, with the pictures that show it."""
    if model.entry["mountain"] is None:
        return None
    shown = {sort: _shown(rows, "", paths, {}) for sort, rows in model.on_mountain.items()}
    return {**model.entry["mountain"], **shown}


def _path_of(image: ImportedEmbedding) -> str:
    return short_path(encodable(image.file_path))


def _shown(
    examples: Iterable[tuple[int, float]], tag: str, paths: Mapping[int, str], tags_of: Mapping[int, list[str]]
) -> list[dict[str, Any]]:
    return [
        {
            "file_path": paths[row],
            "file_name": _short(os.path.basename(paths[row])),
            "probability": probability,
            "tags": _first_tags(tags_of.get(row, []), tag),
        }
        for row, probability in examples
        if row in paths
    ]


def _first_tags(tags: list[str], own: str) -> list[str]:
    """Return the first tags of an image, among them that of the model if it has it: the page asks for this one."""
    first = tags[:_MOST_TAGS]
    return [*map(_short, first[:-1]), own if own in tags[_MOST_TAGS:] else _short(first[-1])] if first else []


def _short(name: str) -> str:
    return shortened(name, _LONGEST_NAME)
