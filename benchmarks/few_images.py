"""How many images without a tag does a tag of very few images take, and how many of its own does it find?

    python benchmarks/few_images.py METADATA_JSON TAG_TO_HASH_JSON [--few 1,2,3,4]

Each tag is learned from this many of its images against half of the others, and asked about its further images and the
other half. The baseline for the same models is the threshold for ``balanced``: the share that the tag has among the
images learned from. All figures are means over the tags and both kinds of model.
"""

from __future__ import annotations

import argparse

import numpy as np

from image_tagging.datasets import read_embeddings, read_tag_lists
from image_tagging.datasets.tagged_embeddings import gather
from image_tagging.training.evaluation.thresholds import reject_others
from image_tagging.training.fitting.fit import fit_models

#: Images of a tag that are needed in addition to those learned from.
_FEWEST_ASKED = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metadata_json")
    parser.add_argument("tag_to_hash_json")
    parser.add_argument("--few", default="1,2,3,4")
    given = parser.parse_args()
    data = gather(read_embeddings(given.metadata_json)[1], read_tag_lists(given.tag_to_hash_json))
    print("images  tags  found / taken wrongly above all others   for balanced")
    for count in map(int, given.few.split(",")):
        measured = [
            result
            for tag, rows in data.rows.items()
            if len(rows) >= count + _FEWEST_ASKED and not tag.startswith("other-")
            for result in measure(data.embeddings, np.unique(rows), count)
        ]
        above, balanced = np.mean(measured, axis=0).reshape(2, 2)
        line = f"{above[0]:.3f} / {above[1]:.3f}{'':26}{balanced[0]:.3f} / {balanced[1]:.3f}"
        print(f"{count:6}{len(measured) // 2:6}  {line}")


def measure(embeddings: np.ndarray, rows: np.ndarray, count: int) -> list[list[float]]:
    """The shares of the tag's images and of others that both thresholds take, for each kind of model."""
    random = np.random.default_rng(0)
    own, others = random.permutation(rows), random.permutation(np.setdiff1d(np.arange(len(embeddings)), rows))
    half = len(others) // 2
    learned, is_tag = np.concatenate([own[:count], others[:half]]), np.arange(count + half) < count
    results = []
    for model in fit_models(embeddings[learned], is_tag).values():
        asked = [
            model.estimator.predict_proba(embeddings[part])[:, 0] for part in (learned, own[count:], others[half:])
        ]
        seen = np.concatenate([asked[0], model.out_of_fold])
        above = reject_others(seen, np.concatenate([is_tag, is_tag[model.rows]]))
        results.append([float((p >= threshold).mean()) for threshold in (above, is_tag.mean()) for p in asked[1:]])
    return results


if __name__ == "__main__":
    main()
