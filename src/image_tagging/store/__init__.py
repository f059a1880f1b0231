"""The working store: one SQLite file in each output folder that remembers what is known of every image.

It holds the images of the latest run, their facts, embeddings and failures, so that nothing is computed twice and an
interrupted run continues where it stopped. Results are written from it.
"""

from __future__ import annotations

from .listing import Listing
from .store_file import PLACING, StoreFile
from .working_store import WorkingStore

__all__ = ["PLACING", "Listing", "StoreFile", "WorkingStore"]
