"""Mountains with known truth, of pictures that lie beside the project: examples of some tags, and pictures to sort."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from image_tagging import ProcessConfig, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.datasets import read_embeddings

#: Sources of drawn pictures that resemble the examples, and labels of the same things as the examples show.
DRAWN = ("crawl", "superpowers", "freedoom", "raylib")
SAME_THINGS = (
    *("airplanes", "butterfly", "cardboard", "grand_piano", "Motorbikes", "pizza", "rose", "roses", "sunflower"),
    *("sunflowers", "dandelion", "glass", "leopards", "Leopards", "watch"),
)
#: Sources whose labels are chapters of a book: what a picture of one shows is anything.
_WEAKLY_LABELLED = "openstax"
#: Examples of a tag, and pictures of the corpus in the mountain.
EXAMPLES, DEV_OTHERS, PIX_OTHERS = 20, 3_500, 6_000


@dataclass(frozen=True, eq=False)
class Pictures:
    """Embeddings ``x`` (n, D) with their ``hashes`` (n,), the ``label`` (n,) of each and its ``source`` (n,)."""

    x: np.ndarray
    hashes: np.ndarray
    label: np.ndarray
    source: np.ndarray

    def of(self, rows: np.ndarray) -> Pictures:
        return Pictures(self.x[rows], self.hashes[rows], self.label[rows], self.source[rows])

    def blocks(self, dim: int) -> Pictures:
        """The pictures by the first values of their embeddings alone."""
        return Pictures(self.x[:, :dim], self.hashes, self.label, self.source)


@dataclass(frozen=True, eq=False)
class Scenario:
    """``examples`` with their tags as labels, and a ``mountain`` whose labels are the truth, empty where of no tag."""

    examples: Pictures
    mountain: Pictures


def embedded(folder: Path, cache: Path) -> Pictures:
    """Return the pictures of a folder, embedded by stage 1 with the embedded encoder; a second run finds them again."""
    output = cache / folder.name
    process_dataset(
        ProcessConfig(
            input_folder=str(folder), output_folder=str(output), clip_model="builtin", metadata_format="parquet"
        )
    )
    images = list(read_embeddings(str(output / "input-metadata.parquet"))[1])
    places = [_place(image.address) for image in images if image.address]
    return Pictures(
        np.array([image.embedding for image in images]),
        np.array([image.hash_id for image in images]),
        np.array([label for label, _ in places]),
        np.array([source for _, source in places]),
    )


def _place(address: ImageRef) -> tuple[str, str]:
    """The label of a picture, which is the name of its folder, and its source, the folder of that."""
    folder = os.path.dirname(address.members[-1] if address.members else address.file)
    return os.path.basename(folder), os.path.basename(os.path.dirname(folder))


def cache_folder(given: str | None) -> Path:
    return Path(given) if given else Path(tempfile.gettempdir()) / "image-tagging-mountain"


def photos(kinds: Pictures, corpus: Pictures, seed: int, *, own: bool = True) -> Scenario:
    """The kinds of photos, and a mountain of their further pictures among those of the corpus of other things."""
    is_other = ~np.isin(corpus.source, DRAWN) & ~np.isin(corpus.label, SAME_THINGS)
    return _with_others(kinds, corpus.of(np.flatnonzero(is_other)), DEV_OTHERS, seed, own)


def pixel_art(kinds: Pictures, corpus: Pictures, seed: int, *, own: bool = True) -> Scenario:
    """The kinds of sprites and tiles, likewise."""
    return _with_others(kinds, corpus.of(np.flatnonzero(~np.isin(corpus.source, DRAWN))), PIX_OTHERS, seed, own)


def _with_others(kinds: Pictures, others: Pictures, count: int, seed: int, own: bool) -> Scenario:
    random = np.random.default_rng(seed)
    drawn = [random.permutation(np.flatnonzero(kinds.label == label)) for label in np.unique(kinds.label)]
    examples = np.concatenate([rows[:EXAMPLES] for rows in drawn])
    rest = np.concatenate([rows[EXAMPLES:] for rows in drawn])
    rows = random.permutation(np.flatnonzero(~np.isin(others.hashes, kinds.hashes)))[:count]
    unlabelled = _unlabelled(others.of(rows))
    return Scenario(kinds.of(examples), joined([kinds.of(rest), unlabelled] if own else [unlabelled]))


def half_of_labels(corpus: Pictures, seed: int, *, labels: int = 300, fewest: int = 8, most: int = 60) -> Scenario:
    """Half of the pictures of each of many labels, at most so many, as examples; all others are the mountain."""
    random = np.random.default_rng(seed)
    names, counts = np.unique(corpus.label, return_counts=True)
    chosen = random.permutation(names[counts >= fewest])[:labels]
    parts = []
    for label in chosen:
        rows = random.permutation(np.flatnonzero(corpus.label == label))
        parts.append(rows[: min(most, len(rows) // 2)])
    examples = np.concatenate(parts)
    rest = corpus.of(np.setdiff1d(np.arange(len(corpus.x)), examples))
    label = np.where(np.isin(rest.label, chosen), rest.label, "")
    return Scenario(corpus.of(examples), Pictures(rest.x, rest.hashes, label, rest.source))


def dense(corpus: Pictures, share: float, seed: int, *, labels: int = 12, size: int = 4_000) -> Iterator[Scenario]:
    """Yield for each of some labels a mountain of which it is a given share, with examples of all of them."""
    random = np.random.default_rng(seed)
    names, counts = np.unique(corpus.label, return_counts=True)
    weak = np.unique(corpus.label[np.char.startswith(corpus.source, _WEAKLY_LABELLED)])
    chosen = random.permutation(names[(counts >= 80) & (counts <= 700) & ~np.isin(names, weak)])[:labels]
    drawn = {label: random.permutation(np.flatnonzero(corpus.label == label)) for label in chosen}
    examples = corpus.of(np.concatenate([drawn[label][:EXAMPLES] for label in chosen]))
    others = random.permutation(np.flatnonzero(~np.isin(corpus.label, chosen)))
    for label in chosen:
        own = drawn[label][EXAMPLES:]
        count = min(size, int(len(own) / share)) if share else size
        own = own[: round(count * share)] if share else own[:0]
        parts = [corpus.of(own), _unlabelled(corpus.of(others[: count - len(own)]))]
        yield Scenario(examples, joined(parts))


def contaminated(scenario: Scenario, seed: int, *, share: float = 0.2) -> Scenario:
    """The same with some examples exchanged for pictures of the mountain that have no tag: wrong labels."""
    random = np.random.default_rng(seed)
    wrong = np.flatnonzero(random.random(len(scenario.examples.x)) < share)
    others = random.permutation(np.flatnonzero(scenario.mountain.label == ""))[: len(wrong)]
    x, hashes = scenario.examples.x.copy(), scenario.examples.hashes.copy()
    x[wrong], hashes[wrong] = scenario.mountain.x[others], scenario.mountain.hashes[others]
    kept = np.setdiff1d(np.arange(len(scenario.mountain.x)), others)
    examples = Pictures(x, hashes, scenario.examples.label, scenario.examples.source)
    return Scenario(examples, scenario.mountain.of(kept))


def within_and_outside(pictures: Pictures, random: np.random.Generator) -> tuple[Pictures, Pictures, Pictures]:
    """Return examples of some labels, further pictures of these, and a mountain mostly of others."""
    names, counts = np.unique(pictures.label, return_counts=True)
    frequent = names[counts >= 36]
    if random.random() < 0.5:  # labels of one source, which are alike
        of_source = np.unique(pictures.label[pictures.source == random.choice(pictures.source)])
        alike = frequent[np.isin(frequent, of_source)]
        frequent = alike if len(alike) >= 3 else frequent
    labels = random.permutation(frequent)[: random.choice([3, 4, 6, 8, 12, 20])]
    rows = [random.permutation(np.flatnonzero(pictures.label == label)) for label in labels]
    count, size = random.choice([8, 20, 40]), random.choice([100, 400, 1500])
    examples = [each[: min(count, len(each) // 2)] for each in rows]
    rest = [each[len(own) :] for each, own in zip(rows, examples)]
    shares = random.dirichlet(np.ones(len(labels)))
    within = np.concatenate([random.choice(each, max(1, int(share * size))) for each, share in zip(rest, shares)])
    others = np.flatnonzero(~np.isin(pictures.label, labels))
    outside = random.choice(others, int(size * random.choice([0.6, 0.8, 0.95, 1.0])))
    known = random.choice(np.concatenate(rest), max(1, size - len(outside)))
    return (
        pictures.of(random.permutation(np.concatenate(examples))),
        pictures.of(within),
        pictures.of(np.concatenate([outside, known])),
    )


def _unlabelled(pictures: Pictures) -> Pictures:
    return Pictures(pictures.x, pictures.hashes, np.full(len(pictures.x), ""), pictures.source)


def joined(parts: Iterable[Pictures]) -> Pictures:
    parts = list(parts)
    return Pictures(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "hashes", "label", "source"))
    )
