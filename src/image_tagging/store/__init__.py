"""The working store: one SQLite file in each output folder that remembers what is known of every image.

It holds the images of all inputs, their facts, embeddings and failures, so that nothing is computed twice and an
interrupted run continues where it stopped. Results are written from it.

:class:`StoreFile` is the open database, and with :mod:`.schema` the only one that knows SQLite. :class:`WorkingStore`
is composed of parts that are given it: the inputs, the listing, the embeddings, the failures, the encoders, the
pictures, what is finished, and from which inputs files were written.

:class:`Verdicts` is what people said of pictures, in a file of its own that outlives the store.
"""

from __future__ import annotations

from .array_file import (
    EMBEDDINGS_NAME,
    GROUPS_NAME,
    LENGTHS_NAME,
    NAMES_NAME,
    REPEATS_NAME,
    open_array,
    stamp_of_array,
    write_array,
)
from .collection import CollectedFile, CollectedPicture
from .finished import ENCODER, PLACING, TRAINING, UNFINISHED_PLACING
from .found import FoundSummary
from .inputs import KnownInput, Role
from .pictures import Pictures
from .placed import PlacedFile, PlacedFiles
from .run_lock import is_run_at_work, one_run_at_a_time
from .sources import WrittenFrom
from .store_file import STORE_NAME, StoreFile
from .verdict import CHECK, NO, UNSURE, YES, InForce, Verdict, in_force
from .verdict_file import VERDICTS_NAME, is_database
from .verdict_lines import VerdictLines, verdict_lines
from .verdicts import VerdictCounts, Verdicts, count_verdicts, read_verdicts
from .working_store import WorkingStore

__all__ = [
    "CHECK",
    "EMBEDDINGS_NAME",
    "ENCODER",
    "GROUPS_NAME",
    "LENGTHS_NAME",
    "NAMES_NAME",
    "NO",
    "PLACING",
    "REPEATS_NAME",
    "STORE_NAME",
    "TRAINING",
    "UNFINISHED_PLACING",
    "UNSURE",
    "VERDICTS_NAME",
    "YES",
    "CollectedFile",
    "CollectedPicture",
    "FoundSummary",
    "InForce",
    "KnownInput",
    "Pictures",
    "PlacedFile",
    "PlacedFiles",
    "Role",
    "StoreFile",
    "Verdict",
    "VerdictCounts",
    "VerdictLines",
    "Verdicts",
    "WorkingStore",
    "WrittenFrom",
    "count_verdicts",
    "in_force",
    "is_database",
    "is_run_at_work",
    "one_run_at_a_time",
    "open_array",
    "read_verdicts",
    "stamp_of_array",
    "verdict_lines",
    "write_array",
]
