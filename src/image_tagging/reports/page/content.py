"""What the page embeds of a run: a little of every model for the table, and all of each for when its tag is opened.

The details of a thousand tags are 10 MB. Each model's are a line of their own, which the page reads when it shows it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from itertools import chain, zip_longest
from typing import Any, Optional

from ...tag_models import MountainFigures, OutOfFold, best_kind
from ..mountain_words import mountain_in_words

#: What the table and the plot above it need of a model.
_IN_TABLE = ("tag", "kind", "pictures", "average_precision", "balanced_accuracy", "threshold", "calibration_error")

#: The lists of pictures of a model, the most important first; those of the mountain are in its ``mountain``.
_STRIPS = ("hits", "label_errors", "misses")
_MOUNTAIN_STRIPS = ("at_threshold", "surest", "just_below")


def overview(run: Mapping[str, Any], shown: Container[str]) -> dict[str, Any]:
    """Return the run with little of each model; its ``face`` is the first picture with a thumbnail, among ``shown``."""
    answering = _answering(run)
    models = []
    for model in run["models"]:
        hits = (example["file_path"] for example in model["hits"])
        mountain = MountainFigures.read(model.get("mountain"))
        models.append(
            {
                **{name: model[name] for name in _IN_TABLE},
                "warnings": len({*model["warnings"], *(mountain.warnings if mountain else ())}),
                "share": mountain.prevalence if mountain else None,
                "right": mountain.precision if mountain and not mountain.warnings else None,
                "face": next((path for path in hits if path in shown), None),
                "answers": answering[model["tag"]] == model["kind"],
            }
        )
    return {**run, "models": models}


def details(run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all of each model, in their order, with what is known of the mountain in sentences."""
    whole = (run.get("mountain") or {}).get("read")
    for model in run["models"]:
        mountain = MountainFigures.read(model.get("mountain"))
        said = {**model["mountain"], "sentences": list(mountain_in_words(mountain, whole))} if mountain else None
        yield {**model, "mountain": said}


def pictures_of(run: Mapping[str, Any]) -> list[str]:
    """Return the ``file_path`` of every image that the page shows, each once, the most important first.

    First come those of the advice; then the first of each list of each model, then the second …, so that each tag has
    some thumbnails where not all images can have one.
    """
    advised = chain.from_iterable(advice["images"] for advice in run["advice"])
    lists = [model[name] for name in _STRIPS[:1] for model in run["models"]]
    lists += [(model.get("mountain") or {}).get(name, ()) for name in _MOUNTAIN_STRIPS for model in run["models"]]
    lists += [model[name] for name in _STRIPS[1:] for model in run["models"]]
    by_rank = chain.from_iterable(zip_longest(*lists))
    return list(dict.fromkeys(chain(advised, (example["file_path"] for example in by_rank if example))))


def _answering(run: Mapping[str, Any]) -> dict[str, str]:
    """Return the kind that answers for each tag."""
    figures: dict[str, dict[str, OutOfFold]] = {}
    for model in run["models"]:
        on_mountain: Optional[float] = (model.get("mountain") or {}).get("average_precision")
        figures.setdefault(model["tag"], {})[model["kind"]] = OutOfFold(
            on_mountain, model["among_examples"]["average_precision"]
        )
    return {tag: best_kind(kinds) for tag, kinds in figures.items()}
