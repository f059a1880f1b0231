"""What does holding a tenth of a tag's images back cost, and what are figures on it worth, by the number of images?

    python benchmarks/held_back.py METADATA_JSON TAG_TO_HASH_JSON [--images 5,10,20,30,40,60] [--draws 3]

Of each tag with enough images this many are drawn; half of the others (those of ``other-training`` where there are any)
are drawn with them, and the rest of both is the truth. Models are learned twice: from all that was drawn, and with a
tenth of either class held back, at least one image of the tag. Shown are means over the tags, the draws and both kinds
of model: the average precision on the rest, of the models that learned from all and of the others, the standard error
of the difference, and how far off (in the mean, and as a standard deviation over tags and draws) two estimates of it
are: out of fold of the former, and on the images held back of the latter. The rest is weighted so that the tag has its
share of the images drawn.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from image_tagging.datasets import TaggedEmbeddings, gather, read_embeddings, read_tag_lists
from image_tagging.datasets.tagged_embeddings import OTHER_TRAINING
from image_tagging.training import one_thread_a_product
from image_tagging.training.evaluation.ranking import Ranking
from image_tagging.training.fitting.fit import FittedModel, fit_models

#: Images of a tag that are needed in addition to those drawn.
_FEWEST_LEFT = 15


class Task(NamedTuple):
    """A draw: rows of the tag and of others that are learned from, and those that the truth is measured on."""

    data: TaggedEmbeddings
    own: np.ndarray
    others: np.ndarray
    own_left: np.ndarray
    others_left: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metadata_json")
    parser.add_argument("tag_to_hash_json")
    parser.add_argument("--images", default="5,10,15,20,25,30,40,60")
    parser.add_argument("--draws", type=int, default=3)
    given = parser.parse_args()
    data = gather(read_embeddings(given.metadata_json)[1], read_tag_lists(given.tag_to_hash_json))
    heads = ("AP of all", "of 9/10", "+-", "out of fold: off", "by", "held back: off", "by")
    print("images  draws  " + "  ".join(heads))
    for count in map(int, given.images.split(",")):
        with one_thread_a_product(), ThreadPoolExecutor(2) as pool:
            values = [value for found in pool.map(measure, tasks(data, count, given.draws)) for value in found]
        whole, part, out_of_fold, held = np.array(values).T
        error = np.std(whole - part) / np.sqrt(len(values))
        off = (out_of_fold - whole, held - part)
        figures = (whole.mean(), part.mean(), error, *(f(each) for each in off for f in (np.nanmean, np.nanstd)))
        widths = (9, 7, 5, 16, 5, 14, 5)
        shown = "  ".join(f"{figure:{width}.3f}" for figure, width in zip(figures, widths))
        print(f"{count:6}  {len(values) // 2:5}  {shown}", flush=True)


def tasks(data: TaggedEmbeddings, count: int, draws: int) -> Iterator[Task]:
    for tag in data.tags:
        rows = np.unique(data.rows[tag])
        if len(rows) < count + _FEWEST_LEFT:
            continue
        others = np.setdiff1d(data.rows.get(OTHER_TRAINING, np.arange(len(data.embeddings))), rows)
        for draw in range(draws):
            random = np.random.default_rng(draw)
            own, other = random.permutation(rows), random.permutation(others)
            half = len(other) // 2
            yield Task(data, own[:count], other[:half], own[count:], other[half:])


def measure(task: Task) -> list[tuple[float, float, float, float]]:
    """The four figures of each kind of model."""
    count, half = len(task.own), len(task.others)
    held, held_others = max(1, round(count * 0.1)), round(half * 0.1)
    whole = learned(task, task.own, task.others)
    part = learned(task, task.own[held:], task.others[held_others:])
    found = []
    for kind, model in whole.items():
        is_tag = model.rows < count
        out_of_fold = precision(model.out_of_fold[is_tag], model.out_of_fold[~is_tag], count, half)
        of_held = [asked(part[kind], task, rows) for rows in (task.own[:held], task.others[:held_others])]
        found.append((truth(model, task), truth(part[kind], task), out_of_fold, precision(*of_held, count, half)))
    return found


def learned(task: Task, own: np.ndarray, others: np.ndarray) -> dict[str, FittedModel]:
    rows = np.concatenate([own, others])
    is_tag = np.arange(len(rows)) < len(own)
    return fit_models(task.data.embeddings[rows], is_tag, groups=task.data.groups[rows])


def asked(model: FittedModel, task: Task, rows: np.ndarray) -> np.ndarray:
    return model.estimator.predict_proba(task.data.embeddings[rows].astype(np.float64))[:, 0]


def truth(model: FittedModel, task: Task) -> float:
    own, others = asked(model, task, task.own_left), asked(model, task, task.others_left)
    return precision(own, others, len(task.own), len(task.others))


def precision(own: np.ndarray, others: np.ndarray, count: int, other_count: int) -> float:
    """The average precision where the tag has ``count`` of so many images."""
    if not len(own) or not len(others):
        return np.nan
    weights = np.concatenate([np.full(len(own), count / len(own)), np.full(len(others), other_count / len(others))])
    p = np.concatenate([own, others])
    ranking = Ranking.of(p, np.arange(len(p)) < len(own), weights)
    return ranking.average_precision if ranking else np.nan


if __name__ == "__main__":
    main()
