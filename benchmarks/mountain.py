"""Are tags right on a mountain in which most pictures have none, and are the probabilities true there?

Usage: python benchmarks/mountain.py SHARED [--cache FOLDER] [--seeds 3] [--only dev pix …] [--no-before]

SHARED is the folder with ``data/photos``, ``data/pixelart`` and ``encoder-corpus``. It builds mountains with known
truth (mountain_scenarios.py), learns tags from 20 examples each and scores the whole mountain: by the recipe before,
with the threshold for balanced accuracy; with the background as ``other-training``; and by ``--background``, with that
threshold and with the one for F1. Bars stand beside their figures; the exit code is 1 where one is missed. ``blocks``
are the blocks of the embedded encoder that its version learned-1 had.

Figures are means over tags, then over seeds. ``ln pi`` is the mean of |ln(estimate / truth)| of the share of the
mountain that has the tag, ``right`` the expected number of rightly tagged pictures over the true one, in total where no
warning stands; ``ECE`` the calibration error.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import mountain_scenarios as scenarios
import numpy as np
from sklearn.metrics import average_precision_score

from image_tagging import EncoderSpec
from image_tagging.datasets import HashList, TaggedEmbeddings, gather
from image_tagging.datasets.background import MOST_KEPT, Background, BackgroundSample
from image_tagging.pipeline.summaries import MOSTLY_OUTSIDE
from image_tagging.records import ImportedEmbedding
from image_tagging.tag_models import Coverage, TagModel, TagModels, scorer_of
from image_tagging.training import Aim, TagLearner, Training, one_thread_a_product, parse_aim
from image_tagging.training.evaluation.metrics import calibration_error, log_losses

Pictures, Scenario = scenarios.Pictures, scenarios.Scenario

#: The cosine of near-duplicates by the embedded encoder.
_NEARLY_THE_SAME = 0.93

#: The least or most of each figure: ``--background`` must reach it in these scenarios, by both kinds of model.
BARS: dict[str, dict[str, tuple[Optional[float], Optional[float]]]] = {
    "dev": {
        **{"AP": (0.91, None), "precision": (0.84, None), "recall": (0.75, None), "F1": (0.80, None)},
        **{"log-loss": (None, 0.009), "ln pi": (None, 0.35), "tags": (None, 0.075), "right": (0.7, 1.4)},
    },
    "dev-blocks": {
        **{"AP": (0.72, None), "precision": (0.75, None), "recall": (0.52, None), "F1": (0.60, None)},
        **{"log-loss": (None, 0.019), "ln pi": (None, 0.85), "tags": (None, 0.075), "right": (0.7, 1.4)},
    },
    "pix": {
        **{"AP": (0.80, None), "precision": (0.70, None), "recall": (0.75, None), "F1": (0.74, None)},
        **{"log-loss": (None, 0.006), "ln pi": (None, 0.50), "tags": (None, 0.035), "right": (0.7, 1.4)},
    },
    "half300": {"F1": (0.25, None), "tags": (None, 1.5)},
    "empty-dev": {"tags": (None, 0.025)},
    "empty-pix": {"tags": (None, 0.01)},
}
BARS["pix-blocks"], BARS["half300-blocks"] = BARS["pix"], BARS["half300"]
BARS["empty-dev-blocks"], BARS["empty-pix-blocks"] = BARS["empty-dev"], BARS["empty-pix"]

#: By how much the support vector machine's average precision may lie below a bar.
_SVM_MAY_LOSE = 0.02

#: The first blocks of an embedding are those that learned-1 had.
_BLOCKS_BEFORE = 512

#: Of many tags the recipe before learns some: it compares ten recipes for each.
_MOST_BEFORE = 30

#: Mountains of either sort that the notice is tried on.
MOUNTAINS = 300

SHARES = (0.0, 0.001, 0.005, 0.02, 0.05, 0.2, 0.5, 0.9, 1.0)


@dataclass(frozen=True)
class Recipe:
    """How tags are learned: with the background as such, or as ``other-training``, or without; and the aim."""

    name: str
    background: bool
    as_others: bool
    aim: Aim


BEFORE = Recipe("balanced, no background", False, False, parse_aim("balanced"))
AS_OTHERS = Recipe("balanced, other-training", False, True, parse_aim("balanced"))
BALANCED = Recipe("--background, balanced", True, False, parse_aim("balanced"))
NOW = Recipe("--background", True, False, parse_aim("f1"))


def main() -> None:
    options = _options()
    shared, cache = Path(options.shared), scenarios.cache_folder(options.cache)
    pictures = {
        name: scenarios.embedded(shared / place, cache)
        for name, place in (("photos", "data/photos"), ("pixelart", "data/pixelart"), ("corpus", "encoder-corpus"))
    }
    missed: list[str] = []
    with one_thread_a_product():
        for suffix, dim in (("", None), ("-blocks", _BLOCKS_BEFORE)):
            parts = {name: each.blocks(dim) if dim else each for name, each in pictures.items()}
            for name, build in _builders(parts).items():
                if not options.only or name + suffix in options.only:
                    missed += _run(name + suffix, build, options)
        if not options.only or "dense" in options.only:
            _run_dense(pictures["corpus"])
        if not options.only or "notice" in options.only:
            missed += _run_notice(pictures["corpus"])
    for line in missed:
        print(f"MISSED {line}")
    sys.exit(1 if missed else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", metavar="SHARED")
    parser.add_argument("--cache", metavar="FOLDER", help="where embeddings are kept for the next run")
    parser.add_argument("--seeds", type=int, default=3, help="draws of examples and mountains")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these scenarios alone")
    parser.add_argument("--no-before", action="store_true", help="without the two recipes before")
    return parser.parse_args()


def _builders(parts: dict[str, Pictures]) -> dict[str, Callable[[int], Scenario]]:
    photos, pixel_art, corpus = parts["photos"], parts["pixelart"], parts["corpus"]
    return {
        "dev": lambda seed: scenarios.photos(photos, corpus, seed),
        "pix": lambda seed: scenarios.pixel_art(pixel_art, corpus, seed),
        "half300": lambda seed: scenarios.half_of_labels(corpus, seed),
        "contaminated": lambda seed: scenarios.contaminated(scenarios.photos(photos, corpus, seed), seed),
        "empty-dev": lambda seed: scenarios.photos(photos, corpus, seed, own=False),
        "empty-pix": lambda seed: scenarios.pixel_art(pixel_art, corpus, seed, own=False),
    }


def _run(name: str, build: Callable[[int], Scenario], options: argparse.Namespace) -> list[str]:
    """Print the figures of a scenario, and return those that miss a bar."""
    seeds = range(1 if "half" in name else options.seeds)
    recipes = [NOW] if options.no_before or "blocks" in name else [BEFORE, AS_OTHERS, BALANCED, NOW]
    missed = []
    for recipe in recipes:
        started, rows = time.perf_counter(), []
        for seed in seeds:
            rows += figures(build(seed), recipe)
        for kind in dict.fromkeys(row["kind"] for row in rows):
            of_kind = [row for row in rows if row["kind"] == kind]
            means = summary(of_kind, len(seeds))
            bars = BARS.get(name, {}) if recipe is NOW else {}
            shown = [_shown(what, value, *_bar(bars, what, kind)) for what, value in means.items()]
            missed += [f"{name} {kind}: {text}" for text, is_met in shown if not is_met]
            print(f"{name}, {recipe.name}, {kind}: {', '.join(text for text, _ in shown)}", flush=True)
        print(f"    {time.perf_counter() - started:.0f} s", flush=True)
    return missed


def _bar(bars: dict[str, tuple], what: str, kind: str) -> tuple[Optional[float], Optional[float]]:
    least, most = bars.get(what, (None, None))
    if least is not None and what == "AP" and kind == "ovr-svm":
        least -= _SVM_MAY_LOSE
    return least, most


def _shown(what: str, value: float, least: Optional[float], most: Optional[float]) -> tuple[str, bool]:
    bar = " to ".join(f"{limit:.3g}" for limit in (least, most) if limit is not None)
    sign = (
        "" if least is None and most is None else f" (bar {'' if most else '>= '}{'<= ' if least is None else ''}{bar})"
    )
    is_met = np.isnan(value) or ((least is None or value >= least) and (most is None or value <= most))
    return f"{what} {value:.4f}{sign}" if what == "log-loss" else f"{what} {value:.3f}{sign}", bool(is_met)


def figures(scenario: Scenario, recipe: Recipe, tags: Sequence[str] = ()) -> list[dict[str, object]]:
    """Learn the tags of a scenario, score its mountain, and return a row of figures for each model."""
    mountain = scenario.mountain
    known = set(scenario.examples.hashes)
    sample = BackgroundSample(HashList(known), MOST_KEPT)
    sample.add(ImportedEmbedding(*each) for each in zip(mountain.hashes, [""] * len(mountain.x), mountain.x))
    background = sample.finish(mountain.x.shape[1])
    data = _data(scenario.examples, background if recipe.as_others else None)
    encoder = EncoderSpec("builtin", "benchmark", mountain.x.shape[1], "")
    learner = TagLearner(data, encoder, seed=0, aim=recipe.aim, background=background if recipe.background else None)
    asked = list(tags) or data.tags
    if not recipe.background and len(asked) > _MOST_BEFORE:
        asked = sorted(np.random.default_rng(0).permutation(asked)[:_MOST_BEFORE])
    data.__dict__["tags"] = asked
    rows: list[dict[str, object]] = []
    for learned in Training(data, learner, test_share=0).run():
        kinds = TagModels(
            [TagModel(learned.tag, each.report.kind, encoder, scorer_of(each.estimator)) for each in learned.models]
        )
        p = kinds.probabilities(mountain.x)
        for column, model in zip(p.T, learned.models):
            rows.append(
                {
                    "kind": model.report.kind,
                    "scale": len(set(scenario.examples.label)) / len(asked),
                    **_of_model(column, mountain.label == learned.tag, model.card),
                }
            )
    return rows


def _data(examples: Pictures, others: Optional[Background]) -> TaggedEmbeddings:
    images = [ImportedEmbedding(*each) for each in zip(examples.hashes, [""] * len(examples.x), examples.x)]
    lists = {str(tag): HashList(examples.hashes[examples.label == tag]) for tag in np.unique(examples.label)}
    if others is not None:
        images += others.pictures
        lists["other-training"] = HashList(picture.hash_id for picture in others.pictures)
    return gather(images, lists, nearly_the_same=_NEARLY_THE_SAME)


def _of_model(p: np.ndarray, truth: np.ndarray, card: dict) -> dict[str, object]:
    said = p >= card["threshold"]
    right, tagged, own = int((said & truth).sum()), int(said.sum()), int(truth.sum())
    on_mountain = card.get("mountain") or {}
    prevalence, interval = on_mountain.get("prevalence"), on_mountain.get("prevalence_interval")
    true_share = max(own, 0.5) / len(p)
    return {
        "AP": average_precision_score(truth, p) if own else np.nan,
        "precision": right / tagged if tagged else (0.0 if own else np.nan),
        "recall": right / own if own else np.nan,
        "F1": 2 * right / (tagged + own) if tagged + own else 1.0,
        "log-loss": float(log_losses(p, truth).mean()),
        "ECE": calibration_error(p, truth, np.ones(len(p))),
        "ln pi": abs(np.log(prevalence / true_share)) if prevalence else np.nan,
        "covered": float(interval[0] <= own / len(p) <= interval[1]) if interval else np.nan,
        "tags": tagged / len(p),
        "warned": float(bool(on_mountain.get("warnings"))),
        "expected": float(p[said].sum()) if not on_mountain.get("warnings") else 0.0,
        "true": right if not on_mountain.get("warnings") else 0,
        "prevalence": prevalence if prevalence else np.nan,
    }


def summary(rows: Sequence[dict], seeds: int) -> dict[str, float]:
    """The means of a scenario's figures over its tags; tags of a picture are the sum of theirs."""
    names = ("AP", "precision", "recall", "F1", "log-loss", "ECE", "ln pi", "covered", "warned")
    means = {name: _mean(row[name] for row in rows) for name in names}
    means["tags"] = sum(row["tags"] * row["scale"] for row in rows) / seeds
    true = sum(row["true"] for row in rows)
    means["right"] = sum(row["expected"] for row in rows) / true if true else float("nan")
    return means


def _mean(values: Iterable[object]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _run_notice(corpus: Pictures) -> list[str]:
    """Print how often a mountain is rightly taken for one of other things, or of the same; return what misses a bar."""
    random, right = np.random.default_rng(0), {"within": 0, "outside": 0}
    for _ in range(MOUNTAINS):
        examples, within, outside = scenarios.within_and_outside(corpus, random)
        coverage = Coverage.of(examples.x)
        if coverage is None:
            raise AssertionError("every draw has enough examples")
        right["within"] += coverage.is_outside(within.x).mean() <= MOSTLY_OUTSIDE
        right["outside"] += coverage.is_outside(outside.x).mean() > MOSTLY_OUTSIDE
    shown = {name: _shown(f"notice, {name}", count / MOUNTAINS, 0.9, None) for name, count in right.items()}
    print(", ".join(text for text, _ in shown.values()), f"of {MOUNTAINS} mountains each judged rightly")
    return [text for text, is_met in shown.values() if not is_met]


def _run_dense(corpus: Pictures) -> None:
    """Print the estimated share of a tag by its true share, and F1."""
    for share in SHARES:
        rows = []
        for scenario in scenarios.dense(corpus, share, 0):
            label = next((each for each in np.unique(scenario.mountain.label) if each), scenario.examples.label[0])
            rows += figures(scenario, NOW, [str(label)])
        for kind in dict.fromkeys(row["kind"] for row in rows):
            of_kind = [row for row in rows if row["kind"] == kind]
            said = {name: _mean(row[name] for row in of_kind) for name in ("prevalence", "F1", "precision", "recall")}
            print(f"dense {share:.1%}, {kind}: " + ", ".join(f"{name} {value:.3f}" for name, value in said.items()))


if __name__ == "__main__":
    main()
