"""Every error that this package raises on purpose.

All of them say what is wrong, why, and what to do, in one line.

ImageTaggingError
├── InputError            a folder, file or archive that was named cannot be used
│   └── NoImagesError     it can be read, and holds no image
├── PictureError          one image cannot be used; becomes a ``Failure``, never stops a run
│   ├── ReadError         its bytes cannot be had (step ``read``)
│   └── DecodeError       its bytes are not a usable picture (step ``decode``)
├── DecoderError          the processes in which images are decoded cannot be had
├── EncoderError          pictures cannot be turned into embeddings as asked
│   ├── EncoderUnavailableError   a library or the weights are not here
│   ├── DeviceUnavailableError    the device that was asked for is not here
│   └── EncoderMismatchError      embeddings or models of another encoder
├── MetadataError         a metadata file of stage 1 is malformed, foreign, or needs a library that is not here
├── ModelError            a tag model cannot be used
│   ├── NoModelsError     there is no tag model where one was looked for
│   └── UnsafeModelError  the file asks for code that no tag model needs
├── TrainingError         the images and tags given cannot train anything
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
    """The bytes of one image cannot be had."""


class DecodeError(PictureError):
    """The bytes of one image are not a picture that can be used."""


class DecoderError(ImageTaggingError):
    """The processes in which images are decoded cannot be had."""


class EncoderError(ImageTaggingError):
    """Pictures cannot be turned into embeddings as asked."""


class EncoderUnavailableError(EncoderError):
    """A library or the weights that the encoder needs are not here.

    ``reason`` says that, and how to get them; ``instead`` another encoder, which helps only where one is chosen.
    """

    def __init__(self, reason: str, instead: str = "") -> None:
        super().__init__(f"{reason}, or {instead}" if instead else reason)
        self.reason = reason


class DeviceUnavailableError(EncoderError):
    """The device that was asked for is not here."""


class EncoderMismatchError(EncoderError):
    """Embeddings or tag models belong to another encoder."""


class MetadataError(ImageTaggingError):
    """A metadata file of stage 1 is malformed, foreign, or needs a library that is not here."""


class ModelError(ImageTaggingError):
    """A tag model cannot be used."""


class NoModelsError(ModelError):
    """There is no tag model where one was looked for."""


class UnsafeModelError(ModelError):
    """A model file asks for code that no tag model needs."""


class TrainingError(ImageTaggingError):
    """The images and tags given cannot train anything."""


class OutputError(ImageTaggingError):
    """Results cannot be written where they should go."""
