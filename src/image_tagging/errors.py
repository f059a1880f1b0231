"""Every error that this package raises on purpose.

All of them say what is wrong, why, and what to do, in one line.

ImageTaggingError
├── InputError            a folder, file or archive that was named cannot be used
│   └── NoImagesError     it can be read, and holds no image
├── PictureError          one image cannot be used; becomes a ``Failure``, never stops a run
│   ├── ReadError         its bytes cannot be read (step ``read``)
│   └── DecodeError       its bytes are not a usable picture (step ``decode``)
├── DecoderError          the processes in which images are decoded cannot be started
├── EncoderError          pictures cannot be turned into embeddings as requested
│   ├── EncoderUnavailableError   a library or the weights are missing
│   ├── DeviceUnavailableError    the requested device is not available
│   └── EncoderMismatchError      embeddings or models of another encoder
├── MetadataError         a metadata file of stage 1 is malformed, of another program, or needs a missing library
├── ModelError            a tag model cannot be used
│   ├── NoModelsError     there is no tag model where one was looked for
│   │   └── UnknownTagError   models do not have this tag, or not of this kind; also a ``KeyError``
│   └── UnsafeModelError  the file would run code that no tag model needs
├── LibraryMissingError   a library that this call needs is not installed
├── TrainingError         the given images and tags cannot train a model
├── VerdictsError         a file of verdicts cannot be used: malformed, damaged, of another program or version
├── RunnerError           the cluster on which the work is to run, or one of its workers, cannot be used
├── StorageError          a file of a storage, local or in a bucket, cannot be listed, read or written
└── OutputError           results cannot be written where they should go
"""

from __future__ import annotations


class ImageTaggingError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(ImageTaggingError):
    """A folder, file or archive that was named cannot be used."""


class NoImagesError(InputError):
    """The folder or archive can be read, and holds no image."""


class PictureError(ImageTaggingError):
    """One image cannot be used. ``code`` is stable and short, the message is a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ReadError(PictureError):
    """The bytes of one image cannot be read."""


class DecodeError(PictureError):
    """The bytes of one image are not a picture that can be used."""


class DecoderError(ImageTaggingError):
    """The processes in which images are decoded cannot be started."""


class EncoderError(ImageTaggingError):
    """Pictures cannot be turned into embeddings as requested."""


class EncoderUnavailableError(EncoderError):
    """A library or the weights that the encoder needs are missing.

    ``reason`` says which, and how to get them; ``instead`` names another encoder, for callers that can choose one.
    ``message`` is the sentence where it is another.
    """

    def __init__(self, reason: str, instead: str = "", *, message: str = "") -> None:
        super().__init__(message or (f"{reason}, or {instead}" if instead else reason))
        self.reason = reason


class DeviceUnavailableError(EncoderError):
    """The requested device is not available."""


class EncoderMismatchError(EncoderError):
    """Embeddings or tag models belong to another encoder."""


class MetadataError(ImageTaggingError):
    """A metadata file of stage 1 is malformed, of another program, or needs a missing library."""


class ModelError(ImageTaggingError):
    """A tag model cannot be used."""


class NoModelsError(ModelError):
    """A folder of tag models holds none."""


class UnknownTagError(NoModelsError, KeyError):
    """There is no model of this tag, or none of this kind; a ``KeyError`` too, since tag models are indexed by tag."""

    __str__ = Exception.__str__  # a KeyError shows its message in quotes


class UnsafeModelError(ModelError):
    """A model file would run code that no tag model needs."""


class LibraryMissingError(ImageTaggingError):
    """A library that this call needs is not installed."""


class TrainingError(ImageTaggingError):
    """The given images and tags cannot train a model."""


class VerdictsError(ImageTaggingError):
    """A file of verdicts cannot be used: it is malformed, damaged, or of another program or version."""


class OutputError(ImageTaggingError):
    """Results cannot be written where they should go."""


class RunnerError(ImageTaggingError):
    """The cluster on which the work is to run, or one of its workers, cannot be used."""


class StorageError(ImageTaggingError):
    """A file of a storage, local or in a bucket, cannot be listed, read or written.

    ``reason`` says why without naming the file, for those who name it themselves; ``code`` is stable and short.
    """

    def __init__(self, message: str, code: str = "unreadable", reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason or message


def error_named(name: str) -> type[ImageTaggingError]:
    """Return the error of this name, which came from another process, ``ImageTaggingError`` where there is none."""
    found = globals().get(name)
    is_error = isinstance(found, type) and issubclass(found, ImageTaggingError)
    return found if is_error and found is not None else ImageTaggingError
