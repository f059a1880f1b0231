"""The working store: what is known of every image, so that nothing is done twice.

It remembers which file holds which picture, the embedding of every picture by every encoder, and what failed
and why. Results are written from it at the end, in the order in which the images were found, so that a run
that was interrupted and resumed gives the same files as one that was not.
"""

from __future__ import annotations

from typing_extensions import Self

from .collection import Collection
from .embeddings import Embeddings
from .encoders import Encoders
from .failures import Failures
from .finished import FinishedWork
from .imported import Imported
from .inputs import Inputs
from .known import KnownPictures
from .listing import Listing
from .moved import MovedInputs
from .picture_names import PictureNames
from .pictures import Pictures
from .placed import PlacedFiles
from .sources import Sources
from .store_file import StoreFile


class WorkingStore:
    """The store of one output folder, held by this process alone until it is closed.

    ``inputs`` says which images are chosen, ``listing`` holds these, ``moved`` gives
    an input another path, ``embeddings`` what was computed of images,
    ``imported`` what the metadata file of a run holds of them, ``failures`` what failed, ``encoders`` those that
    embeddings come from, ``finished`` what need not be done again, ``sources`` from which input metadata of stage 1
    is, ``placed`` which files in bins are ours; ``names`` says what results call the
    pictures, ``pictures`` gives what they are written from, ``known`` finds some by their names, and
    ``collection`` gives those of all roles together. ``decoder`` names what decides which images can be decoded, limits
    included: see ``ImageLimits``.

    Raises
    ------
    OutputError
        It cannot be opened or written, another run holds it, or the file is something else.
    """

    def __init__(self, folder: str, decoder: str = "") -> None:
        self._file = StoreFile(folder)
        self.path = self._file.path
        self.decoder = decoder
        self.finished = FinishedWork(self._file)
        self.inputs = Inputs(self._file)
        self.sources = Sources(self._file)
        self.placed = PlacedFiles(self._file)
        self.encoders = Encoders(self._file)
        self.imported = Imported(self._file, self.encoders, self.finished)
        self.failures = Failures(self._file, self.inputs, self.finished, decoder)
        self.listing = Listing(self._file, self.inputs, self.encoders, self.failures, self.finished, self.imported)
        self.moved = MovedInputs(self._file, self.inputs, self.finished)
        self.embeddings = Embeddings(self._file, self.encoders, self.failures, self.imported)
        self.names = PictureNames(self._file, self.inputs, self.encoders, self.imported)
        self.pictures = Pictures(self._file, self.inputs, self.encoders, self.imported)
        self.known = KnownPictures(self._file, self.encoders)
        self.collection = Collection(self._file, self.encoders)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._file.__exit__(*exc_info)
