"""The working store: one SQLite file in each output folder that remembers what is known of every image.

It holds the images of all inputs, their facts, embeddings and failures, so that nothing is computed twice and an
interrupted run continues where it stopped. Results are written from it.

:class:`StoreFile` is the open database, and with :mod:`.schema` the only one that knows SQLite. :class:`WorkingStore`
is composed of parts that are given it: the inputs, the listing, the embeddings, the failures, the encoders, the
pictures, what is finished, and from which inputs files were written.
"""

from __future__ import annotations

from .finished import ENCODER, PLACING, TRAINING, UNFINISHED_PLACING
from .found import FoundSummary
from .inputs import KnownInput, Role
from .pictures import Pictures
from .placed import PlacedFile, PlacedFiles
from .run_lock import one_run_at_a_time
from .sources import WrittenFrom
from .store_file import STORE_NAME, StoreFile
from .working_store import WorkingStore

__all__ = [
    "ENCODER",
    "PLACING",
    "STORE_NAME",
    "TRAINING",
    "UNFINISHED_PLACING",
    "FoundSummary",
    "KnownInput",
    "Pictures",
    "PlacedFile",
    "PlacedFiles",
    "Role",
    "StoreFile",
    "WorkingStore",
    "WrittenFrom",
    "one_run_at_a_time",
]
