"""Find pictures of an output folder: by words, by pictures, by what is known of them.

:mod:`.found` is the use-case, :mod:`.table` opens the mapped embeddings, :mod:`.vectors` makes terms vectors,
:mod:`.filters` says which pictures pass, :mod:`.copying` copies what was found, and :mod:`.shown` makes a page of it.
"""

from __future__ import annotations

from .copying import copy_found
from .found import FoundPicture, FoundPictures, find_rows, search_pictures
from .shown import thumbnails_of_found, write_found_page
from .table import PictureTable, open_table
from .vectors import QueryVectors

__all__ = [
    "FoundPicture",
    "FoundPictures",
    "PictureTable",
    "QueryVectors",
    "copy_found",
    "find_rows",
    "open_table",
    "search_pictures",
    "thumbnails_of_found",
    "write_found_page",
]
