"""Whether the names of tags have a say in what is learned of them: as asked for, where the encoder reads text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from .encoders import EncoderChoice
from .errors import EncoderUnavailableError, InputError
from .records import EncoderSpec
from .summaries import Watch, unwatched
from .text_prior import TextPrior

PRIORS = ("none", "text")

#: Tags named in a sentence; of more it says how many there are.
_NAMED = 3


def choose_prior(
    asked: str, weights: Optional[str], encoder: EncoderSpec, tags: Sequence[str], watch: Watch = unwatched
) -> tuple[Optional[TextPrior], tuple[str, ...]]:
    """What the names of the tags say, and sentences for the summary about where they say nothing.

    Parameters
    ----------
    asked:
        One of ``PRIORS``.
    weights:
        Where the weights of the encoder are, if they are a local file.
    encoder:
        That of the embeddings to learn from.
    tags:
        Those to be learned.

    Returns
    -------
    The prior, and no or a few sentences. It is ``None`` where none is asked for, and where the encoder's text side is
    not to be had: then tags are learned from images alone, and a sentence says so and why.

    Raises
    ------
    InputError
        There is no such prior, or ``weights`` are given and none is asked for.
    EncoderMismatchError
        ``weights`` are those of another encoder.
    """
    if asked not in PRIORS:
        raise InputError(f"{asked!r} is no prior: take {' or '.join(PRIORS)}.")
    if asked == "none":
        if weights is not None:
            raise InputError(
                "pretrained is where --prior=text finds the weights, which is not asked for: leave it out."
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
    named = ", ".join(tag for tag, _ in prior.without[:_NAMED]) + (" …" if len(prior.without) > _NAMED else "")
    reasons = "; or ".join(dict.fromkeys(reason for _, reason in prior.without))
    return prior, (f"Names that have no say in what is learned of their tags: {named} ({reasons}).",)


def _counted(tags: Sequence[str], watch: Watch) -> Iterator[str]:
    for number, tag in enumerate(tags):
        watch("reading the names of tags", number, len(tags))
        yield tag
