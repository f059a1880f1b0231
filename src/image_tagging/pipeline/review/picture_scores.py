"""What the models of the last results say of one picture: the scores of all tags, from the tables of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import OutputError
from ...exporters import ModelScore, scores_of_picture
from .review import Review

_NONE = "The tables of results have no score of it: run image-tagging sort or classify, or train on a page (r)."


@dataclass(frozen=True)
class ScoresOfPicture:
    """The scores of a picture by tag and kind of model, the highest first; ``note`` says why there are none."""

    kinds: Sequence[str]
    by_tag: Mapping[str, Mapping[str, ModelScore]]
    note: str = ""


def picture_scores(review: Review, hash_id: str) -> ScoresOfPicture:
    """Return the scores of a picture.

    Raises
    ------
    InputError
        The folder has no picture of such a name.
    """
    review.picture(hash_id)
    try:
        found = scores_of_picture(review.folder, hash_id)
    except OutputError as error:  # of a damaged table one page says so, and all others go on
        return ScoresOfPicture((), {}, str(error))
    by_tag: dict[str, dict[str, ModelScore]] = {}
    for each in sorted(found, key=lambda each: (-each.probability, each.tag)):
        by_tag.setdefault(each.tag, {})[each.kind] = each
    return ScoresOfPicture(sorted({each.kind for each in found}), by_tag, "" if found else _NONE)
