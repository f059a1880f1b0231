"""Whether the names of tags are used in training, and what reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from ..encoders import EncoderChoice
from ..errors import EncoderUnavailableError, InputError
from ..progress import Progress, no_progress
from ..records import EncoderSpec
from ..settings import PRIORS
from ..training import TextPrior

#: Tags that a warning names.
_NAMED = 3


def choose_prior(
    asked: str, weights: Optional[str], encoder: EncoderSpec, tags: Sequence[str], watch: Progress = no_progress
) -> tuple[Optional[TextPrior], tuple[str, ...]]:
    """Return the prior from the names of the tags, and warnings about names that are not used.

    The prior is ``None`` where none is requested, and where the text encoder of the ``encoder`` is not available: then
    tags are learned from images alone, and a warning says so and why.

    Raises
    ------
    InputError
        The prior is unknown, or ``weights`` (a file) are given without a prior that needs them.
    EncoderMismatchError
        The weights are those of another encoder.
    """
    if asked not in PRIORS:
        raise InputError(f"{asked!r} is not a prior: use {' or '.join(PRIORS)}.")
    if asked == "none":
        if weights is not None:
            raise InputError(
                "pretrained names the weights file for --prior=text only. Leave it out, or add --prior=text."
            )
        return None, ()
    try:
        reader = EncoderChoice.by_spec(encoder, weights).load_text()
        prior = TextPrior.of(_counted(tags, watch), reader.embed_texts)
    except EncoderUnavailableError as error:
        why = error.reason.rstrip(".")
        return None, (f"The names of tags are not used (--prior=text), tags are learned from images alone: {why}.",)
    if not prior.without:
        return prior, ()
    unused = ", ".join(tag for tag, _ in prior.without[:_NAMED]) + (" …" if len(prior.without) > _NAMED else "")
    reasons = "; or ".join(dict.fromkeys(reason for _, reason in prior.without))
    return prior, (f"Names that are not used in training their tags: {unused} ({reasons}).",)


def _counted(tags: Sequence[str], watch: Progress) -> Iterator[str]:
    for number, tag in enumerate(tags):
        watch("reading the names of tags", number, len(tags))
        yield tag
