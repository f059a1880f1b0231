"""In which order should a person judge pictures so that a tag is learned with the least work, and when is it enough?

Usage: python benchmarks/review_order.py SHARED [--cache FOLDER] [--results FILE] [--quick] [--curves FILE.svg]
       python benchmarks/review_order.py --drawn [--results FILE] [--quick]

SHARED is the folder with ``data/photos``, ``data/pixelart`` and ``encoder-corpus``. Simulated persons, whose answers
are the folders of the pictures, judge page after page in the order of this project and in others (review_rivals.py).
Tags are of four bands by their share of the pool: from the corpus, from photos and pixel art among others of it, and
from photos and pixel art alone. A tag is learned when it has 95 % of the average precision, on pictures held back, that
the same learner has with the whole pool labelled. An action is a page or a flip, and effort is 0.4 s a picture and 1 s
an action.

Each review is a line of --results: a run that is stopped goes on where it was. The time left stands on the screen.
--quick takes a few tags of each band, one start and one seed. --drawn plays on embeddings drawn at random: it shows
that all of it works, and its figures mean nothing. Goals stand beside their figures, met or missed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import mountain_scenarios as scenarios
import numpy as np
from review_learners import OURS, learner_of
from review_rivals import ORDERS
from review_simulation import Review, Run
from review_tables import draw_curves, print_tables
from review_worlds import BANDS, DataSet, World, drawn, split

from image_tagging.training import one_thread_a_product

#: Labels that say little of what a picture shows: chapters of books, blocks of code points; and those of Crawl's older
#: tiles, which show what other labels show.
_WEAK, _WEAK_WORDS = ("openstax", "noto-emoji"), ("BACKGROUND", "other", "misc", "Oct-5-2010", "UNUSED")
#: The values of the embedded encoder that its ImageNet block has.
_IMAGENET = slice(512, 1024)

#: Pictures of the corpus among photos and pixel art, so that each kind of these is about 2.5 % of all.
_AMONG = 1_300


def main() -> None:
    options = _options()
    results = Path(options.results)
    done = read_results(results)
    with one_thread_a_product():
        play(options, results, done)
    records = [record for record in read_results(results).values() if _is_wanted(record, options)]
    print_tables(records)
    if options.curves:
        Path(options.curves).write_text(draw_curves(records), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", metavar="SHARED", nargs="?")
    parser.add_argument("--drawn", action="store_true", help="embeddings drawn at random in place of SHARED")
    parser.add_argument("--cache", metavar="FOLDER", help="where embeddings are kept for the next run")
    parser.add_argument("--results", default="review-order.jsonl", metavar="FILE", help="a line for each review")
    parser.add_argument("--curves", metavar="FILE.svg", help="draw average precision by labels")
    parser.add_argument("--quick", action="store_true", help="less than ten minutes")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--starts", type=int, nargs="+", default=[1, 5, 10], help="examples that a tag starts with")
    parser.add_argument("--tags", type=int, default=16, help="of each band and world")
    parser.add_argument("--orders", nargs="+", default=list(ORDERS), metavar="NAME")
    parser.add_argument(
        "--wrong", type=float, nargs="+", default=[0.0, 0.03], help="shares of wrong verdicts, ours alone"
    )
    parser.add_argument("--encoders", nargs="+", default=["builtin", "imagenet"])
    parser.add_argument("--pages", type=int, nargs=2, default=(8, 20), help="the fewest and most of a review")
    options = parser.parse_args()
    if (options.shared is None) != options.drawn:
        parser.error("give either SHARED or --drawn")
    if options.quick:
        options.seeds, options.starts, options.tags = [0], [5], min(options.tags, 3)
        options.wrong, options.encoders, options.pages = [0.0], ["builtin"], (6, 12)
    return options


def read_results(path: Path) -> dict[str, dict]:
    """Return the reviews that were played, and what was learned fully, by key; a line that was cut off is left out."""
    records = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        records[record["key"]] = record
    return records


def play(options: argparse.Namespace, results: Path, done: dict[str, dict]) -> None:
    """Play the reviews that are not done, and keep each as a line."""
    plan = list(_plan(options))
    left = sum(run.key not in done for _, runs in plan for run in runs)
    print(f"{sum(len(runs) for _, runs in plan)} reviews, {left} to play", flush=True)
    played, started = 0, time.perf_counter()
    with results.open("a", encoding="utf-8") as file:
        file.write("\n")  # after a line that was cut off
        for world, runs in plan:
            wanted = [run for run in runs if run.key not in done]
            for record in learn_fully(world, wanted, done):
                _append(file, record)
            for number, run in enumerate(wanted, 1):
                review = Review(world, run, ORDERS[run.order], fewest=options.pages[0], most=options.pages[1])
                _append(file, review.play())
                played += 1
                if number % 50 == 0 or number == len(wanted):
                    hours = (time.perf_counter() - started) / played * (left - played) / 3600
                    print(f"  {world.name}: {played} of {left} played, {hours:.2f} h left", flush=True)
            world.learners.clear()


def learn_fully(world: World, runs: Sequence[Run], done: dict[str, dict]) -> Iterator[dict]:
    """Set what the tags have with the whole pool labelled, by the learners that they need; yield what was not done."""
    for learner in sorted({OURS, *(ORDERS[run.order].learner for run in runs)}):
        of_learner = [run for run in runs if learner in (OURS, ORDERS[run.order].learner)]
        keys = {run.tag: run.full_key(learner) for run in of_learner}
        world.full.update({(learner, tag): done[key]["full"] for tag, key in keys.items() if key in done})
        missing = sorted(tag for tag in keys if (learner, tag) not in world.full)
        # Ours fits all tags at once; the others take one after the other, and each is kept.
        for tags in ([missing] if learner == OURS else [[tag] for tag in missing]) if missing else []:
            for tag, precision in zip(tags, learner_of(world, learner).full(tags)):
                world.full[learner, tag] = precision
                yield {"key": keys[tag], "full": precision}


def _append(file: TextIO, record: dict) -> None:
    file.write(json.dumps(record) + "\n")
    file.flush()


def _plan(options: argparse.Namespace) -> Iterator[tuple[World, list[Run]]]:
    """Yield for each encoder, seed and data set its world, and its reviews, tag by tag."""
    if options.drawn:
        for seed in options.seeds:
            world = split(drawn(seed), seed)
            yield world, list(_runs(options, "builtin", world, _tags(world, options.tags, seed), seed))
        return
    shared, cache = Path(options.shared), scenarios.cache_folder(options.cache)
    corpus = _named(scenarios.embedded(shared / "encoder-corpus", cache))
    kinds = scenarios.joined(
        _named(scenarios.embedded(shared / "data" / name, cache)) for name in ("photos", "pixelart")
    )
    for encoder in options.encoders:
        values = slice(None) if encoder == "builtin" else _IMAGENET
        of_kinds = DataSet.of("kinds", _of(kinds, values), cache)
        of_corpus = DataSet.of("corpus", _of(corpus, values), cache)
        for seed in options.seeds:
            among = DataSet.of("among", _of(_among(corpus, kinds, seed), values), cache)
            for data in (of_kinds, among, of_corpus):  # the quick ones first
                world = split(data, seed)
                yield world, list(_runs(options, encoder, world, _tags(world, options.tags, seed), seed))


def _runs(options: argparse.Namespace, encoder: str, world: World, tags: Sequence[str], seed: int) -> Iterator[Run]:
    for tag in tags:
        for start in options.starts:
            for order in options.orders:
                for wrong in options.wrong if order == "this" else [0.0]:
                    yield Run(world.name, tag, seed, start, order, wrong, encoder)


def _tags(world: World, count: int, seed: int) -> list[str]:
    """Return so many tags of each band that the world is for, in an order drawn by the seed."""
    names, counts = np.unique(world.of_pool, return_counts=True)
    usable = [not name.startswith(_WEAK) and not any(word in name for word in _WEAK_WORDS) for name in names]
    in_test = np.array([(world.of_test == name).sum() for name in names])
    random = np.random.default_rng(seed)
    chosen: list[str] = []
    for low, high in BANDS.values():
        share = counts / len(world.of_pool)
        fits = (share >= low) & (share < high) & np.array(usable) & (in_test >= 5) & (counts >= 11)
        if world.name in ("kinds", "among"):
            fits &= [name.startswith(("photos/", "pixelart/")) for name in names]
        chosen += random.permutation(names[fits])[:count].tolist()
    return [str(tag) for tag in random.permutation(chosen)]


def _among(corpus: scenarios.Pictures, kinds: scenarios.Pictures, seed: int) -> scenarios.Pictures:
    """The kinds of photos and pixel art among pictures of the corpus of other things."""
    is_other = ~np.isin(corpus.source, scenarios.DRAWN)
    is_other &= ~np.isin([label.split("/")[-1] for label in corpus.label], scenarios.SAME_THINGS)
    return scenarios.joined(
        [kinds, corpus.of(np.random.default_rng(seed).permutation(np.flatnonzero(is_other))[:_AMONG])]
    )


def _named(pictures: scenarios.Pictures) -> scenarios.Pictures:
    """The pictures with their source in their labels: two sources may have one name for unlike things."""
    labels = np.array([f"{source}/{label}" for source, label in zip(pictures.source, pictures.label)])
    return scenarios.Pictures(pictures.x, pictures.hashes, labels, pictures.source)


def _of(pictures: scenarios.Pictures, values: slice) -> scenarios.Pictures:
    return scenarios.Pictures(pictures.x[:, values], pictures.hashes, pictures.label, pictures.source)


def _is_wanted(record: dict, options: argparse.Namespace) -> bool:
    """Whether it is a review, of those that were asked for where the run is quick."""
    if "order" not in record or not options.quick:
        return "order" in record
    return record["seed"] in options.seeds and record["start"] in options.starts and record["encoder"] == "builtin"


if __name__ == "__main__":
    main()
