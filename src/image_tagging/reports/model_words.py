"""One tag model in words, for someone who wants to know whether to trust it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..tag_models import (
    DEFAULT_THRESHOLD,
    MOUNTAIN,
    YOU,
    AveragePrecision,
    ImageCounts,
    ListedModel,
    ModelCard,
    kind_named,
)
from ..text import counted
from .mountain_words import mountain_in_words, precision_in_words

#: What a threshold was chosen for, as `image-tagging train` names it.
_AIMS = {
    "balanced": "chosen for the best balanced accuracy",
    "f1": "chosen for the best F1: few images missed and few tagged wrongly, both weighed alike",
    "precision": "chosen so that of the images it tags a share of {share} has the tag",
    "recall": "chosen so that of the images of the tag it finds a share of {share}",
    "reject-others": "above all the other images that it learned from, since too few images can serve no aim",
}

#: By which images a threshold was chosen.
_ON = {"mountain": ", estimated on the mountain", "examples": ", measured on its examples"}

#: Said of a card that leaves something out.
_UNSAID = "its card does not say"


def explain(model: ListedModel) -> Iterator[tuple[str, str]]:
    """What there is to say of a model, as pairs of a heading and sentences; names in it are as strangers wrote them."""
    yield "Model", model.file
    yield "Recognises", f"images of the tag {model.tag}; it is {kind_named(model.kind).description} ({model.kind})"
    if model.card is None:
        yield from _without_card(model)
    else:
        yield from _by_card(model, model.card)


def _without_card(model: ListedModel) -> Iterator[tuple[str, str]]:
    yield "Card", "none, as models published with the original: what it learned from and how well it does are not known"
    yield "Threshold", f"{DEFAULT_THRESHOLD:g}, as no card says otherwise; {_counts_from(DEFAULT_THRESHOLD)}"
    yield "Encoder", f"not named; it scores embeddings of any encoder that gives {model.dim} numbers an image"
    yield "File", "it loads; without a card there is no SHA-256 to compare it with"


def _by_card(model: ListedModel, card: ModelCard) -> Iterator[tuple[str, str]]:
    yield "Learned from", _learned_from(card.training) if card.training else _UNSAID
    yield from _measured(card)
    yield "Threshold", f"{card.threshold:.4g}, {_why(card)}; {_counts_from(card.threshold)}"
    if card.mountain:
        known = " ".join(mountain_in_words(card.mountain))
        yield "On the mountain", known or "how many of its pictures have the tag is not known"
        for warning in card.mountain.warnings:
            yield "Warning", warning
    if card.recipe:
        yield "Recipe", card.recipe
    yield (
        "Encoder",
        (
            f"{card.encoder.label} ({card.encoder.dim} numbers an image); it scores embeddings of no other"
            if card.encoder
            else f"{_UNSAID}; it takes embeddings of {model.dim} numbers"
        ),
    )
    yield "Made", _time(card)
    yield "File", "sound: it loads, and its SHA-256 is the one on its card"
    for mark in card.marks:
        yield "Note", mark


def _measured(card: ModelCard) -> Iterator[tuple[str, str]]:
    """Yield the one figure of the model, and what was measured on the images held back."""
    if card.precision is None:
        yield (
            "Average precision",
            "not known: there are too few images to ask a model about ones that it has not learned",
        )
    else:
        yield "Average precision", _average_precision(card, card.precision)
    counts = card.validation
    if counts is None or not sum(counts):
        yield "Held back", "nothing: it learned from all" if counts else _UNSAID
        return
    yield "Held back", f"{_images(counts)}, from none of which it learned"
    if card.balanced_accuracy is not None:
        yield (
            "Balanced accuracy",
            f"{card.balanced_accuracy:.2f} of 1, of those held back: the share it gets right, the mean of images of "
            "the tag and of others; a guess gets 0.50",
        )


def _average_precision(card: ModelCard, precision: AveragePrecision) -> str:
    figure = f"{precision.value:.2f} of 1"
    if precision.interval:
        low, high = precision.interval
        figure += f" (95 % interval {low:.2f} to {high:.2f})"
    chance = _chance(card, precision)
    guess = "" if chance is None else f"; a guess gets {chance:.2g}"
    return f"{figure}, {precision_in_words(precision)}: how far it puts images of the tag before all others{guess}"


def _chance(card: ModelCard, precision: AveragePrecision) -> Optional[float]:
    """Return the average precision of an order by chance, which is the share of the tag."""
    if card.mountain and precision.measured_on == MOUNTAIN:
        return card.mountain.prevalence
    return card.training.tag / sum(card.training) if card.training and sum(card.training) else None


def _learned_from(counts: ImageCounts) -> str:
    if counts.tag:
        return _images(counts)
    return f"its name alone, set against {counted(counts.other, 'other')}"


def _images(counts: ImageCounts) -> str:
    return f"{counted(counts.tag, 'image')} of the tag and {counted(counts.other, 'other')}"


def _why(card: ModelCard) -> str:
    by_whom = "" if card.threshold_set is None else ", as you have set it" if card.threshold_for != YOU else ""
    return f"{_what_for(card)}{by_whom}"


def _what_for(card: ModelCard) -> str:
    if card.threshold_for == YOU:
        return "set by you, kept until image-tagging threshold TAG auto"
    aim, _, share = (card.threshold_for or "").partition("=")
    on = _ON.get(card.threshold_on or "", "")
    if aim in _AIMS:
        return _AIMS[aim].format(share=share) + on
    if aim:
        return f"chosen for {card.threshold_for}{on}"
    if card.threshold == DEFAULT_THRESHOLD:
        return "where having the tag and not having it are as likely"
    return "as its training set it"


def _counts_from(threshold: float) -> str:
    return f"an image with a probability of {threshold:.4g} or more counts as having the tag"


def _time(card: ModelCard) -> str:
    return card.created.isoformat(" ", "minutes").replace("+00:00", " UTC") if card.created else _UNSAID
