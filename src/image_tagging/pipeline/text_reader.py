"""What a text says about pictures: the direction in which they lie, by the text side of an output folder's encoder."""

from __future__ import annotations

import os
import threading
from typing import Optional, Union

from ..encoders import EncoderChoice, TextEncoder
from ..errors import EncoderError, EncoderUnavailableError, InputError, OutputError
from ..records import EncoderSpec
from ..tag_models import Floats
from ..training import TextPrior
from .settings_of_sort import remembered_sort

_NOT_BY_WORDS = "Pictures cannot be found by what they show: "


class TextReader:
    """Reads texts by the text side of ``encoder``, which is loaded when it is first needed; on any thread.

    ``then`` is what a person does when the encoder is there, as a sentence that ends the errors. ``pretrained`` is the
    file of the weights, where the folder does not say it.
    """

    def __init__(self, folder: str, encoder: EncoderSpec, then: str, pretrained: str = "") -> None:
        self.encoder = encoder
        self._folder = folder
        self._then = then
        self._pretrained = pretrained
        self._lock = threading.Lock()  # held while the text encoder is loaded, and while it reads: one at a time
        self._reader: Optional[Union[TextEncoder, str]] = None  # what reads texts, or why nothing does

    def direction(self, text: str) -> Floats:
        """Return where pictures lie that a text is about, (D,) of length 1.

        Raises
        ------
        InputError
            The encoder of the folder reads no text, or is not here to read it, or the text says nothing to it.
        """
        with self._lock:
            try:
                prior = TextPrior.of([text], self._text_encoder().embed_texts)
            except EncoderError as error:  # it stays so: nothing is loaded again in vain for each search
                self._reader = self._why_not(error)
                raise InputError(self._reader) from error
            except OutputError as error:  # another run works in the folder: that passes
                raise InputError(f"{_NOT_BY_WORDS}{error}") from error
        direction = prior.direction_of(text)
        if direction is None:
            raise InputError(f"{_NOT_BY_WORDS}{prior.why_without(text)}.")
        return direction

    def _text_encoder(self) -> TextEncoder:
        if self._reader is None:
            self._reader = self._loaded()
        if isinstance(self._reader, str):
            raise InputError(self._reader)
        return self._reader

    def _loaded(self) -> TextEncoder:
        given = self._pretrained or weights_of(self._folder)
        if os.path.isabs(given) and not os.path.isfile(given):
            whose = f"the weights of {self.encoder.label}"
            raise EncoderUnavailableError(f"{given}, the file that sort took {whose} from, is not there: put it back")
        return EncoderChoice.by_spec(self.encoder, given if os.path.isfile(given) else None).load_text()

    def _why_not(self, error: EncoderError) -> str:
        """Return why no text is read, and what to do, in words for people who may not use the command line."""
        reason = getattr(error, "reason", str(error)).rstrip(".")
        why, _, remedy = reason.rpartition(": ")
        if "--" not in remedy:  # what to do has nothing to do with the flags of a command
            return f"{_NOT_BY_WORDS}{reason}. {self._then}"
        if not self.encoder.reads_text:
            by_clip = "A CLIP model does: sort the pictures by one (--clip_model) into another folder."
            return f"{_NOT_BY_WORDS}{why}. {by_clip}"
        return (
            f"{_NOT_BY_WORDS}{why}. Put the weights there, or let this machine fetch them, or run sort again with the "
            f"file (--pretrained). {self._then}"
        )


def weights_of(folder: str) -> str:
    """Return what ``sort`` was given as ``--pretrained`` last in an output folder; empty where that is not known."""
    of_sort = remembered_sort(folder)
    return str(of_sort.pretrained) if of_sort else ""
