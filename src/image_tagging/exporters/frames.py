"""The scores of an output folder as a DataFrame of pandas, which is imported here alone."""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, Any, Optional

from ..errors import LibraryMissingError, NoModelsError
from ..files import StrPath, user_path
from ..tag_models import CardedModel, list_folder
from .reading import ResultScore, ScoredPicture, read_results, read_scores
from .tag_answers import FILE_PATH, HASH_ID, TagAnswers, column_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas

_MODELS = "models"


def scores_frame(
    output: StrPath, *, kind: Optional[str] = None, models: Optional[StrPath] = None, wide: bool = True
) -> pandas.DataFrame:
    """Return the scores of stages 3 and 4 as a DataFrame: a row per picture, a column per tag.

    The index is ``hash_id`` and the first column ``file_path``, the first file of the picture. A column holds the
    probability by the kind that answers for the tag, NaN where a picture has no score of it; a tag that is itself
    called ``file_path`` has the column ``tag:file_path``. The file is read as a stream: memory holds the frame.

    Parameters
    ----------
    output : path
        The output folder, whose tables are read where it has no ``output.json``, or that file.
    kind : str, optional
        The kind of the models, such as ``ovr-svm``, in place of the one that answers.
    models : path, optional
        The folder of the tag models, whose cards say which kind answers; without it ``models`` in the output folder.
    wide : bool
        ``False`` gives a row per picture, tag and kind, with the columns ``hash_id``, ``file_path``, ``tag``, ``kind``,
        ``probability`` and ``tagged``.

    Raises
    ------
    LibraryMissingError
        pandas is not installed.
    InputError
        There are no results, they are damaged, or it has no score of the kind; or a tag has scores of two kinds,
        and the models are not found.
    """
    library = _import_pandas()
    path = user_path(output, "output")
    is_folder = os.path.isdir(path)
    pictures = read_scores(path) if is_folder else read_results(path)
    if not wide:
        return _long(library, pictures, kind)
    answers = TagAnswers(None if kind else _cards(path if is_folder else os.path.dirname(path), models), kind)
    frame = _wide(library, pictures, answers)
    answers.require_kind()
    return frame


def _import_pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise LibraryMissingError(
            f"scores_frame needs pandas, which cannot be imported ({error}). Install it: pip install pandas."
        ) from error
    return pandas


def _cards(folder: str, models: Optional[StrPath]) -> Optional[Sequence[CardedModel]]:
    """Return the models that have made the results, with their cards; ``None`` where they are not found."""
    if models is not None:
        return list_folder(models).models
    try:
        return list_folder(os.path.join(folder, _MODELS)).models
    except NoModelsError:
        return None


def _wide(library: Any, pictures: Iterator[ScoredPicture], answers: TagAnswers) -> Any:
    hashes: list[str] = []
    paths: list[str] = []
    columns: dict[str, array[float]] = {}
    for number, picture in enumerate(pictures):
        hashes.append(picture.hash_id)
        paths.append(picture.file_paths[0] if picture.file_paths else "")
        for score in answers.of(picture.scores):
            column = columns.get(score.tag)
            if column is None:
                column = columns[score.tag] = array("d", [float("nan")]) * number
            column.append(score.probability)
        for column in columns.values():
            if len(column) == number:
                column.append(float("nan"))
    frame = {FILE_PATH: paths, **{column_of(tag): columns[tag] for tag in sorted(columns)}}
    return library.DataFrame(frame, index=library.Index(hashes, name=HASH_ID, dtype=object if not hashes else None))


def _long(library: Any, pictures: Iterator[ScoredPicture], kind: Optional[str]) -> Any:
    rows = ((picture, score) for picture in pictures for score in picture.scores if kind in {None, score.kind})
    texts: dict[str, dict[str, int]] = {name: {} for name in (HASH_ID, FILE_PATH, "tag", "kind")}
    codes = {name: array("i") for name in texts}
    probabilities, tagged = array("d"), []
    for picture, score in rows:
        for name, text in zip(texts, _texts(picture, score)):
            codes[name].append(texts[name].setdefault(text, len(texts[name])))
        probabilities.append(score.probability)
        tagged.append(score.tagged)
    columns = {name: library.Categorical.from_codes(codes[name], list(known)) for name, known in texts.items()}
    return library.DataFrame(
        {**columns, "probability": probabilities, "tagged": library.array(tagged, dtype="boolean")}
    )


def _texts(picture: ScoredPicture, score: ResultScore) -> tuple[str, str, str, str]:
    return picture.hash_id, picture.file_paths[0] if picture.file_paths else "", score.tag, score.kind
